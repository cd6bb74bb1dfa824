"""Many accounts, invoices and payments at once, by IDs and numbers: all of them or none, and safe to repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from accounts.services import ledger
from accounts.services.bulk import accounts as account_rows
from accounts.services.bulk import invoices as invoice_rows
from accounts.services.bulk import payments as payment_rows
from accounts.services.bulk.records import AccountRecord, Counts, Errors, ImportRefused, InvoiceRecord, PaymentRecord
from portal.models import Firm


@dataclass(frozen=True)
class Imported:
    """What an import came to, kind by kind."""

    accounts: Counts
    invoices: Counts
    payments: Counts


@transaction.atomic
def books_import(
    *,
    firm: Firm,
    accounts: Sequence[AccountRecord] = (),
    invoices: Sequence[InvoiceRecord] = (),
    payments: Sequence[PaymentRecord] = (),
) -> Imported:
    """Add what is new, change what differs, leave the rest; announce the accounts concerned once.

    Each ID and number occurs in one record only. Totals, ``paid``, balances and revisions come out as if each record
    had been entered by a person. Made for 100,000 records: the statements are in bulk.

    Raises:
        ImportRefused: anything is wrong with any record; the books are as before.
    """
    codes = {record.code for record in accounts}
    codes |= {record.account for record in invoices} | {record.account for record in payments}
    ledger.lock_accounts([account.pk for account in account_rows.accounts_by_code(firm, codes).values()])
    ledger.lock_firm(firm.pk)
    errors = Errors()

    account_changes = account_rows.compare(firm, accounts, errors)
    _refuse(errors)
    touched = account_rows.write(firm, account_changes)
    invoice_changes = invoice_rows.compare(firm, invoices, errors)
    _refuse(errors)
    touched |= invoice_rows.write(firm, invoice_changes)
    payment_changes = payment_rows.compare(firm, payments, errors)
    _refuse(errors)
    touched |= payment_rows.write(firm, payment_changes)

    if touched:
        ledger.settle_accounts(touched)
        ledger.announce(firm.pk, sorted(touched))
    return Imported(account_changes.counts, invoice_changes.counts, payment_changes.counts)


def _refuse(errors: Errors) -> None:
    if errors:
        raise ImportRefused(errors.kept, errors.count)

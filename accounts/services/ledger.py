"""Keeps the sums of the books right under concurrency: locks accounts, and derives ``paid`` and ``balance_due``.

Locks are always taken in this order: accounts by primary key, then the firm. So two people never wait for each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

from django.db import connection

from accounts.models import Account
from accounts.services.errors import refuse
from accounts.signals import books_changed
from portal.models import Firm

CHUNK = 5000  # rows in one statement
T = TypeVar("T")


def chunks(rows: Collection[T]) -> Iterator[Sequence[T]]:
    """Yield the rows in portions that one statement takes well."""
    everything = list(rows)
    for start in range(0, len(everything), CHUNK):
        yield everything[start : start + CHUNK]


def lock_account(account_id: int) -> Account:
    """Return the account as it is now, locked until the transaction ends.

    Whoever changes an account's documents holds this lock, so that balances are read and written by one at a time.
    It is FOR NO KEY UPDATE, which lets others insert rows that refer to the account.

    Raises:
        BooksError: there is no such account any more.
    """
    account = Account.objects.select_for_update(no_key=True).filter(pk=account_id).first()
    if account is None:
        raise refuse("This account does not exist any more.")
    return account


def lock_accounts(account_ids: Collection[int]) -> None:
    """Lock many accounts, in the order in which everybody does."""
    for chunk in chunks(sorted(set(account_ids))):
        list(
            Account.objects.select_for_update(no_key=True)
            .filter(pk__in=chunk)
            .order_by("pk")
            .values_list("pk")
            .iterator()
        )


def lock_firm(firm_id: int) -> None:
    """Lock what is unique in a firm (IDs and numbers). Taken after the locks of accounts, never before."""
    Firm.objects.select_for_update(no_key=True).get(pk=firm_id)


def settle_invoices(invoice_ids: Collection[int]) -> None:
    """Derive ``paid`` of these invoices: the sum of what payments that are not void have allocated to them."""
    # One grouped join, not a subquery for each invoice: on tables filled in this very transaction, of which
    # PostgreSQL has no statistics yet, it plans the latter as a scan of all payments for each invoice.
    statement = """
        UPDATE accounts_invoice AS invoice SET paid = COALESCE(sums.allocated, 0)
        FROM unnest(%(ids)s::bigint[]) AS wanted (id)
        LEFT JOIN (
            SELECT allocation.invoice_id, SUM(allocation.amount) AS allocated
            FROM accounts_allocation AS allocation
            JOIN accounts_payment AS payment ON payment.id = allocation.payment_id
            WHERE payment.voided_at IS NULL AND allocation.invoice_id = ANY(%(ids)s)
            GROUP BY allocation.invoice_id
        ) AS sums ON sums.invoice_id = wanted.id
        WHERE invoice.id = wanted.id
    """
    if invoice_ids:
        with connection.cursor() as cursor:
            cursor.execute(statement, {"ids": sorted(set(invoice_ids))})


def settle_accounts(account_ids: Collection[int]) -> None:
    """Derive ``balance_due`` of these accounts: what is open on invoices, less the credit not applied to any.

    Void documents, and so deleted ones, count for nothing. Open is total - paid of the invoices; credit is the amount
    of the payments less their allocations. As the allocations are exactly what was paid, that comes to all totals less
    all payments; it is negative where credit is left over.
    """
    # Grouped joins for the reason that ``settle_invoices`` has: subqueries for each account went through all documents.
    statement = """
        UPDATE accounts_account AS account SET balance_due = COALESCE(billed.sum, 0) - COALESCE(received.sum, 0)
        FROM unnest(%(ids)s::bigint[]) AS wanted (id)
        LEFT JOIN (
            SELECT account_id, SUM(total) AS sum FROM accounts_invoice
            WHERE voided_at IS NULL AND account_id = ANY(%(ids)s) GROUP BY account_id
        ) AS billed ON billed.account_id = wanted.id
        LEFT JOIN (
            SELECT account_id, SUM(amount) AS sum FROM accounts_payment
            WHERE voided_at IS NULL AND account_id = ANY(%(ids)s) GROUP BY account_id
        ) AS received ON received.account_id = wanted.id
        WHERE account.id = wanted.id
    """
    for chunk in chunks(sorted(set(account_ids))):
        with connection.cursor() as cursor:
            cursor.execute(statement, {"ids": list(chunk)})


def announce(firm_id: int, account_ids: Collection[int]) -> None:
    """Tell whoever listens, inside this transaction, that these accounts of the firm changed."""
    books_changed.send(sender=Account, firm_id=firm_id, account_ids=list(account_ids))


def close(account: Account, invoice_ids: Collection[int] = ()) -> None:
    """End a change of one account's documents: derive the sums that follow from it, then announce it."""
    settle_invoices(invoice_ids)
    settle_accounts([account.pk])
    announce(account.firm_id, [account.pk])

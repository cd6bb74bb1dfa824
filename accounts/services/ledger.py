"""Keeps the sums of the books right under concurrency: locks accounts, and derives ``paid`` and ``balance_due``.

Locks are always taken in this order: accounts by primary key, then the firm. So two people never wait for each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.fields import DecimalField
from django.db.models.functions import Coalesce

from accounts.models import ZERO, Account, Allocation, Invoice, Payment
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
    allocated = (
        Allocation.objects.filter(invoice=OuterRef("pk"), payment__voided_at=None)
        .order_by()
        .values("invoice")
        .annotate(sum=Sum("amount"))
        .values("sum")
    )
    for chunk in chunks(invoice_ids):
        Invoice.objects.filter(pk__in=chunk).update(paid=Coalesce(Subquery(allocated), ZERO))


def settle_accounts(account_ids: Collection[int]) -> None:
    """Derive ``balance_due`` of these accounts.

    It is the sum of (total - paid) over the invoices that are not void, less the unapplied credit: the sum of the
    amounts of the payments that are not void, less what they have allocated. Negative where credit is left over.
    """
    mine = {"account": OuterRef("pk"), "voided_at": None}
    open_invoices = _sum(Invoice.objects.filter(**mine), "account", F("total") - F("paid"))
    received = _sum(Payment.objects.filter(**mine), "account", F("amount"))
    applied = _sum(
        Allocation.objects.filter(payment__account=OuterRef("pk"), payment__voided_at=None),
        "payment__account",
        F("amount"),
    )
    for chunk in chunks(account_ids):
        Account.objects.filter(pk__in=chunk).update(balance_due=open_invoices - received + applied)


def announce(firm_id: int, account_ids: Collection[int]) -> None:
    """Tell whoever listens, inside this transaction, that these accounts of the firm changed."""
    books_changed.send(sender=Account, firm_id=firm_id, account_ids=list(account_ids))


def close(account: Account, invoice_ids: Collection[int] = ()) -> None:
    """End a change of one account's documents: derive the sums that follow from it, then announce it."""
    settle_invoices(invoice_ids)
    settle_accounts([account.pk])
    announce(account.firm_id, [account.pk])


def _sum(rows: QuerySet, by: str, amount: object) -> Coalesce:
    sums = rows.order_by().values(by).annotate(sum=Sum(amount)).values("sum")
    return Coalesce(Subquery(sums, output_field=DecimalField(max_digits=14, decimal_places=2)), ZERO)

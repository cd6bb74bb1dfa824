"""Reads the firm's side of a comparison: the documents of linked accounts, as far as the sync goes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from accounts.models import Account, Invoice, Payment
from qbsync.models import AccountSync, Connection, InvoiceSync, PaymentSync, PushIntent
from qbsync.reconciliation.comparing import ZERO, Kind, Ours
from qbsync.states import DocumentStatus

_ROWS_AT_ONCE = 2000


def linked_customers(connection: Connection, account: Account | None) -> dict[str, int]:
    """Return the account that each customer (by QuickBooks' id) is linked to; of one account, or of all."""
    links = AccountSync.objects.filter(connection=connection, customer__isnull=False)
    if account is not None:
        links = links.filter(account=account)
    return dict(links.values_list("customer__qbo_id", "account_id"))


def ids_in_quickbooks(connection: Connection, accounts: Collection[int] | None) -> dict[Kind, set[str]]:
    """Return QuickBooks' ids of the copies of our documents; of these accounts, or of all."""
    found: dict[Kind, set[str]] = {}
    for kind, model in ((Kind.INVOICE, InvoiceSync), (Kind.PAYMENT, PaymentSync)):
        rows: QuerySet[Any] = model._default_manager.filter(connection=connection).exclude(qbo_id="")
        if accounts is not None:
            rows = rows.filter(account__in=accounts)
        found[kind] = set(rows.values_list("qbo_id", flat=True))
    return found


def moving_accounts(connection: Connection, since: datetime) -> set[int]:
    """Return the accounts whose documents have been, or may have been, written to QuickBooks since a moment."""
    open_intents = PushIntent.objects.filter(connection=connection, outcome=PushIntent.Outcome.OPEN)
    moving = set(open_intents.values_list("account_sync__account_id", flat=True))
    for model in (InvoiceSync, PaymentSync):
        pushed: QuerySet[Any] = model._default_manager.filter(connection=connection, pushed_at__gte=since)
        moving.update(pushed.values_list("account_id", flat=True))
    return moving


def documents_of(connection: Connection, customers: dict[str, int], *, without: Collection[int]) -> Iterator[Ours]:
    """Yield the documents of the linked accounts that the sync is to bring to QuickBooks or has brought there.

    Args:
        connection: whose sync date bounds them; what was sent counts whatever its date.
        customers: as :func:`linked_customers` returns them.
        without: accounts to leave out.
    """
    customer_of = {account: customer for customer, account in customers.items() if account not in without}
    for invoice in _reached(Invoice.with_deleted.all(), connection, customer_of):
        yield _ours(Kind.INVOICE, invoice, invoice["total"], invoice["total"] - invoice["paid"], customer_of)
    allocated = Coalesce(
        Sum("allocations__amount"), Value(ZERO), output_field=DecimalField(max_digits=14, decimal_places=2)
    )
    for payment in _reached(Payment.with_deleted.annotate(allocated=allocated), connection, customer_of):
        credit = payment["amount"] - payment["allocated"]
        yield _ours(Kind.PAYMENT, payment, payment["amount"], -credit, customer_of)


_COMMON = (
    "pk", "account_id", "number", "date", "voided_at",
    "quickbooks__qbo_id", "quickbooks__qbo_customer_id", "quickbooks__status",
)  # fmt: skip
_OF_INVOICES = ("total", "paid")
_OF_PAYMENTS = ("amount", "allocated", "sync_to_quickbooks")


def _reached(documents: QuerySet[Any], connection: Connection, accounts: Collection[int]) -> Iterator[dict[str, Any]]:
    sent = Q(quickbooks__isnull=False) & ~Q(quickbooks__qbo_id="")
    dated = Q() if connection.sync_date is None else Q(date__gte=connection.sync_date)
    wanted = sent | (dated | Q(quickbooks__asked=True)) & Q(voided_at=None)
    fields = _OF_INVOICES if documents.model is Invoice else _OF_PAYMENTS
    ordered = sorted(accounts)
    for start in range(0, len(ordered), _ROWS_AT_ONCE):
        some = documents.filter(wanted, account__in=ordered[start : start + _ROWS_AT_ONCE]).order_by()
        yield from some.values(*_COMMON, *fields).iterator(chunk_size=_ROWS_AT_ONCE)


def _ours(kind: Kind, row: dict[str, Any], amount: Decimal, left: Decimal, customer_of: dict[int, str]) -> Ours:
    has_ended = row["voided_at"] is not None
    day: date = row["date"]
    return Ours(
        kind=kind,
        key=row["pk"],
        account_id=row["account_id"],
        number=row["number"],
        day=day,
        amount=ZERO if has_ended else amount,
        open=ZERO if has_ended else left,
        qbo_id=row["quickbooks__qbo_id"] or "",
        customer_id=row["quickbooks__qbo_customer_id"] or customer_of[row["account_id"]],
        has_ended=has_ended,
        is_left_out=row["quickbooks__status"] == DocumentStatus.SKIPPED or not row.get("sync_to_quickbooks", True),
    )

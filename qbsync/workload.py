"""Loads what is due of claimed, linked accounts: each with its invoices and payments and the operation each needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet

from accounts.models import Allocation, Invoice, InvoiceLine, Payment
from qbsync import clock
from qbsync.models import AccountSync, Connection, InvoiceSync, PaymentSync, PushIntent
from qbsync.plan import ENDS, Copies, Operation, PaidInvoice, operation_for, payment_waits_for
from qbsync.states import DocumentReason, DocumentStatus

DocumentRow = InvoiceSync | PaymentSync


@dataclass(eq=False)
class Item:
    """One document and what is to be done with it."""

    work: AccountWork
    document: Invoice | Payment
    row: DocumentRow
    operation: Operation

    @property
    def entity(self) -> str:
        """QuickBooks' name of the document's type."""
        return "Invoice" if isinstance(self.document, Invoice) else "Payment"

    @property
    def queue(self) -> list[Item]:
        """The queue of its account that it stands in."""
        if isinstance(self.document, Payment):
            return self.work.payments
        return self.work.voided_invoices if self.operation in ENDS else self.work.invoices


@dataclass(eq=False)
class AccountWork:
    """A claimed account and what is due for it: invoices, then payments, then invoices to be voided or deleted, as
    the payments have to let go of them first."""

    account: AccountSync
    invoices: list[Item] = field(default_factory=list)
    payments: list[Item] = field(default_factory=list)
    voided_invoices: list[Item] = field(default_factory=list)
    invoice_ids: dict[int, str] = field(default_factory=dict)  # QuickBooks' id of each invoice that a payment names
    invoice_customers: dict[int, str] = field(default_factory=dict)  # and the customer that it is of there
    is_loaded: bool = False  # decided on, and what is due is known
    in_flight: int = 0
    next_try: list[datetime] = field(default_factory=list)  # when something that waits is to be tried again

    def know(self, invoice_pk: int, copy: InvoiceSync | None) -> None:
        """Remember where an invoice is in QuickBooks, for the payments that name it."""
        self.invoice_ids[invoice_pk] = copy.qbo_id if copy else ""
        self.invoice_customers[invoice_pk] = copy.qbo_customer_id if copy else ""

    def ready(self) -> list[Item]:
        """What can be sent now: nothing while something is under way."""
        return [] if self.in_flight else self.invoices or self.payments or self.voided_invoices

    def items(self) -> list[Item]:
        """Everything that is due."""
        return [*self.invoices, *self.payments, *self.voided_invoices]

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to send."""
        return self.is_loaded and not (self.in_flight or self.items())


def load(connection: Connection, accounts: Sequence[AccountSync]) -> tuple[list[AccountWork], list[DocumentRow]]:
    """Return the accounts' due work, and the rows that were settled without sending anything (not saved yet)."""
    works = {row.account_id: AccountWork(row) for row in accounts}
    settled: list[DocumentRow] = []
    lines = Prefetch("lines", InvoiceLine.objects.select_related("service"))
    for invoice in _due(Invoice.with_deleted.all(), connection, works).prefetch_related(lines):
        work = works[invoice.account_id]
        row = getattr(invoice, "quickbooks", None) or _new(InvoiceSync, connection, invoice)
        _plan(work, invoice, row, settled)
    allocations = Prefetch("allocations", Allocation.objects.select_related("invoice__quickbooks"))
    payments = _due(Payment.with_deleted.all(), connection, works).filter(
        Q(sync_to_quickbooks=True) | Q(quickbooks__qbo_id__gt="") | Q(quickbooks__asked=True)
    )
    for payment in payments.prefetch_related(allocations):
        work = works[payment.account_id]
        row = getattr(payment, "quickbooks", None) or _new(PaymentSync, connection, payment)
        for allocation in payment.allocations.all():
            if allocation.invoice_id not in work.invoice_ids:
                work.know(allocation.invoice_id, getattr(allocation.invoice, "quickbooks", None))
        _plan(work, payment, row, settled)
    for account, moment in _waits(works):
        works[account].next_try.append(moment)
    for work in works.values():
        work.is_loaded = True
    return list(works.values()), settled


def hold_back(connection: Connection, work: AccountWork) -> list[DocumentRow]:
    """Take out the payments that have to wait for an invoice; return their rows with the reason (not saved yet)."""
    held: list[DocumentRow] = []
    going: list[Item] = []
    for item in work.payments:
        if item.operation in ENDS:
            going.append(item)
            continue
        paid = [
            PaidInvoice(
                number=allocation.invoice.number,
                qbo_id=work.invoice_ids.get(allocation.invoice_id, ""),
                in_scope=in_scope(connection, allocation.invoice),
            )
            for allocation in item.document.allocations.all()
        ]
        waits = payment_waits_for(paid)
        if waits is None:
            going.append(item)
        elif (item.row.reason, item.row.detail) != (waits[0], waits[1]):
            item.row.status, item.row.reason, item.row.detail = DocumentStatus.WAITING, waits[0], waits[1]
            item.row.changed_at = clock.about_now()
            held.append(item.row)
    work.payments = going
    return held


def in_scope(connection: Connection, document: Invoice | Payment) -> bool:
    """Whether the sync date lets the document go by itself."""
    return connection.sync_date is None or document.date >= connection.sync_date


def _due(documents: QuerySet[Any], connection: Connection, accounts: Iterable[int]) -> QuerySet[Any]:
    """The documents of these accounts that differ from what was settled and need not wait, oldest first."""
    new = Q(quickbooks=None, voided_at=None)
    changed = Q(quickbooks__settled_revision__lt=F("revision")) & ~Q(quickbooks__status=DocumentStatus.SKIPPED)
    # Whose outcome is not known is nobody's to send: see ``recovery``.
    under_way = Exists(
        PushIntent.objects.filter(**{f"{_sync_of(documents.model)}__document": OuterRef("pk")}, outcome="open")
    )
    dated = Q() if connection.sync_date is None else Q(date__gte=connection.sync_date)
    reached = dated | Q(quickbooks__asked=True) | Q(quickbooks__qbo_id__gt="")
    waited = Q(quickbooks__next_try_at=None) | Q(quickbooks__next_try_at__lte=clock.about_now())
    return (
        documents.filter(reached, new | changed & waited & ~under_way, account__in=accounts)
        .select_related("quickbooks")
        .order_by("date", "pk")
    )


def _waits(accounts: Iterable[int]) -> Iterator[tuple[int, datetime]]:
    """When the documents of these accounts that wait for their retry are due: accounts' keys and moments."""
    models: tuple[Any, ...] = (InvoiceSync, PaymentSync)
    for model in models:
        waiting = model.objects.filter(account__in=accounts, status=DocumentStatus.WAITING)
        yield from waiting.filter(next_try_at__gt=clock.about_now()).values_list("account", "next_try_at")


def _sync_of(model: type[Any]) -> str:
    return "invoice_sync" if model is Invoice else "payment_sync"


def _new(model: type[Any], connection: Connection, document: Invoice | Payment) -> Any:
    return model(document=document, changed_at=clock.about_now(), **model.beginning(connection.pk, document))


def _plan(work: AccountWork, document: Any, row: DocumentRow, settled: list[DocumentRow]) -> None:
    copies = Copies(
        revision=document.revision,
        settled_revision=row.settled_revision,
        is_void=document.is_void,
        is_deleted=document.is_deleted,
        in_quickbooks=bool(row.qbo_id),
        is_void_there=row.is_void_there,
    )
    operation = operation_for(copies)
    if operation is not None:
        item = Item(work, document, row, operation)
        item.queue.append(item)
        return
    row.settled_revision, row.changed_at = document.revision, clock.about_now()
    if not row.qbo_id:
        row.status, row.reason = DocumentStatus.NOT_SYNCED, DocumentReason.VOID_BEFORE_SENT
    settled.append(row)

"""Reads which of an account's documents in QuickBooks are of other customers, and which of them could be moved.

It says what is known here; QuickBooks alone knows which payments are in a bank deposit. It never writes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Q

from accounts.models import ZERO, Account
from qbsync.models.connection import Connection
from qbsync.models.links import DocumentSync, InvoiceSync, PaymentSync
from qbsync.models.mirror import Customer
from qbsync.moving.plan import FAILED, NOT_SYNCED, Copy, Key, groups, why_it_stays
from qbsync.states import DocumentStatus

CLOSED = "Its date lies in a period that is closed in QuickBooks."


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """One document in QuickBooks, the customer it is of there, and why it stays, where that is known."""

    kind: str  # invoice or payment
    document: Any
    customer: str
    stays: str
    is_moving: bool

    @property
    def amount(self) -> Decimal:
        """What it is about, in the firm's currency."""
        return Decimal(self.document.total if self.kind == "invoice" else self.document.amount)


@dataclass(frozen=True, slots=True)
class Moves:
    """Documents in QuickBooks that a change of customer concerns."""

    documents: list[Elsewhere] = field(default_factory=list)

    @property
    def staying(self) -> list[Elsewhere]:
        """Those that cannot be moved, or were not."""
        return [one for one in self.documents if one.stays]

    def count(self, kind: str) -> int:
        """How many invoices or payments can be moved."""
        return sum(one.kind == kind and not one.stays for one in self.documents)

    def total(self, kind: str) -> Decimal:
        """What they come to, in the firm's currency."""
        return sum((one.amount for one in self.documents if one.kind == kind and not one.stays), ZERO)

    @property
    def invoices(self) -> int:
        """How many invoices can be moved."""
        return self.count("invoice")

    @property
    def invoices_total(self) -> Decimal:
        """What they come to."""
        return self.total("invoice")

    @property
    def payments(self) -> int:
        """How many payments can be moved."""
        return self.count("payment")

    @property
    def payments_total(self) -> Decimal:
        """What they come to."""
        return self.total("payment")


def copies_in_quickbooks(account: Account, connection: Connection, *, but_of: str | None = None) -> Moves:
    """Return the account's documents in QuickBooks, but those of the customer of this id. Five statements at most."""
    rows: dict[Key, DocumentSync] = {}
    there = Q(account=account, connection=connection, is_void_there=False) & ~Q(qbo_id="")
    invoices = InvoiceSync.objects.filter(there).select_related("document").order_by("document__date", "pk")
    payments = PaymentSync.objects.filter(there).select_related("document").order_by("document__date", "pk")
    rows |= {("Invoice", row.qbo_id): row for row in invoices}
    for row in payments.prefetch_related("document__allocations__invoice__quickbooks"):
        rows["Payment", row.qbo_id] = row
    reasons: dict[Key, str] = {}
    for group in groups([_copy(key, row, connection) for key, row in rows.items()]):
        reasons |= why_it_stays(group)
    customers = Customer.objects.filter(
        connection=connection, qbo_id__in={row.qbo_customer_id for row in rows.values()}
    )
    names = {customer.qbo_id: str(customer) for customer in customers}
    return Moves(
        [
            Elsewhere(
                kind=key[0].lower(),
                document=row.document,  # type: ignore[attr-defined]
                customer=names.get(row.qbo_customer_id, ""),
                stays=reasons.get(key, "") or str(row.detail.get("stays", "")),
                is_moving=bool(row.move_to),
            )
            for key, row in rows.items()
            if row.qbo_customer_id != but_of
        ]
    )


def count_elsewhere(account: Account, customer: Customer) -> int:
    """Return how many of the account's documents are of another customer in QuickBooks. Two statements."""
    models: tuple[Any, ...] = (InvoiceSync, PaymentSync)
    return sum(
        model.objects.filter(account=account, connection=customer.connection_id, is_void_there=False)
        .exclude(Q(qbo_id="") | Q(qbo_customer_id="") | Q(qbo_customer_id=customer.qbo_id))
        .count()
        for model in models
    )


def _copy(key: Key, row: DocumentSync, connection: Connection) -> Copy:
    document: Any = row.document  # type: ignore[attr-defined]
    allocations = document.allocations.all() if key[0] == "Payment" and not document.is_void else ()
    paid = (getattr(one.invoice, "quickbooks", None) for one in allocations)
    obstacle = ""
    if connection.books_closed_on and document.date <= connection.books_closed_on:
        obstacle = CLOSED
    elif row.status in (DocumentStatus.SKIPPED, DocumentStatus.FAILED):
        obstacle = NOT_SYNCED if row.status == DocumentStatus.SKIPPED else FAILED
    return Copy(
        *key,
        label=str(document),
        customer=row.qbo_customer_id,
        allocated=frozenset(copy.qbo_id for copy in paid if copy and copy.qbo_id),
        obstacle=obstacle,
    )

"""Which documents need what: the operation for one document, and what a payment has to wait for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from qbsync.states import DocumentReason

BATCH_SIZE = 30  # Intuit's limit of payloads in a batch


class Operation(StrEnum):
    """What to ask of QuickBooks for a document."""

    CREATE = "create"
    UPDATE = "update"
    VOID = "void"
    DELETE = "delete"


ENDS = frozenset({Operation.VOID, Operation.DELETE})
"""The operations after which a document counts for nothing in QuickBooks."""


@dataclass(frozen=True)
class Copies:
    """A document here, and what is known of its copy in QuickBooks."""

    revision: int
    settled_revision: int
    is_void: bool
    is_deleted: bool
    in_quickbooks: bool
    is_void_there: bool


def operation_for(copies: Copies) -> Operation | None:
    """Return what brings QuickBooks up to date, or None where nothing does: settled, or void and never sent."""
    if copies.settled_revision >= copies.revision:
        return None
    if copies.is_deleted:
        return Operation.DELETE if copies.in_quickbooks else None
    if copies.is_void and copies.is_void_there:
        return None
    if copies.is_void:
        return Operation.VOID if copies.in_quickbooks else None
    if copies.is_void_there:
        return None  # QuickBooks cannot un-void
    return Operation.UPDATE if copies.in_quickbooks else Operation.CREATE


@dataclass(frozen=True)
class PaidInvoice:
    """An invoice that a payment is allocated to, as the payment's plan needs it."""

    number: str
    qbo_id: str
    in_scope: bool


def payment_waits_for(invoices: Iterable[PaidInvoice]) -> tuple[DocumentReason, dict[str, Any]] | None:
    """Return why a payment has to wait, or None when it can go.

    It is never sent without its lines: QuickBooks would book it as a credit without a word.
    """
    missing = [invoice for invoice in invoices if not invoice.qbo_id]
    if not missing:
        return None
    before = [invoice for invoice in missing if not invoice.in_scope]
    first = (before or missing)[0]
    reason = DocumentReason.INVOICE_BEFORE_SYNC_DATE if before else DocumentReason.WAITS_FOR_INVOICE
    return reason, {"invoice": first.number}


def share_out(ready: Sequence[Sequence[Any]], size: int = BATCH_SIZE) -> list[Any]:
    """Return up to ``size`` items for one batch, taken in order from the accounts' queues, each as whole as it fits.

    An account's documents are never in two batches at once, so a batch takes of an account what fits and the rest waits
    for the next.
    """
    chosen: list[Any] = []
    for queue in ready:
        chosen.extend(queue[: size - len(chosen)])
        if len(chosen) >= size:
            break
    return chosen

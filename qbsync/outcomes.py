"""What can become of a document's row: adopted, failed, or waiting. Changes it in memory; saves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.models import Invoice, Payment
from qbsync.gateway.faults import Fault, FaultKind
from qbsync.models import InvoiceSync, PaymentSync
from qbsync.states import DocumentReason, DocumentStatus

Remote = Mapping[str, Any]
"""A document as QuickBooks answers it."""


def customer_id_of(remote: Remote) -> str:
    """Return the id of the customer that a document of QuickBooks is of."""
    return str((remote.get("CustomerRef") or {}).get("value") or "")


def is_void_copy(remote: Remote) -> bool:
    """Return whether QuickBooks' document is void: it keeps no amount and says so in its note."""
    note = str(remote.get("PrivateNote") or "")
    return Decimal(str(remote.get("TotalAmt", 0))) == 0 and note.startswith("Voided")


def adopt(row: InvoiceSync | PaymentSync, remote: Remote, revision: int) -> None:
    """Take QuickBooks' copy as this document's, at the revision of ours that it shows."""
    row.qbo_id, row.sync_token = str(remote["Id"]), str(remote.get("SyncToken", "0"))
    row.qbo_number = str(remote.get("DocNumber") or remote.get("PaymentRefNum") or "")[:40]
    row.qbo_customer_id = customer_id_of(remote)
    row.pushed_revision = row.settled_revision = revision
    row.status, row.reason, row.detail = DocumentStatus.SYNCED, DocumentReason.NONE, {}
    row.pushed_at = row.changed_at = timezone.now()
    row.next_try_at, row.attempts = None, 0


def end(row: InvoiceSync | PaymentSync, revision: int) -> None:
    """Note that the copy in QuickBooks counts for nothing any more: it is void or deleted, as ours is."""
    row.is_void_there, row.settled_revision, row.pushed_revision = True, revision, revision
    row.status, row.reason, row.detail = DocumentStatus.SYNCED, DocumentReason.NONE, {}
    row.pushed_at = row.changed_at = timezone.now()
    row.next_try_at, row.attempts = None, 0


def forget_copy(row: InvoiceSync | PaymentSync) -> None:
    """Note that the copy in QuickBooks was deleted there: what is sent next is a new document."""
    row.qbo_id = row.sync_token = row.qbo_number = row.qbo_customer_id = ""
    row.pushed_revision, row.pushed_at, row.is_void_there = 0, None, False


def fail(
    row: InvoiceSync | PaymentSync, document: Invoice | Payment, reason: DocumentReason, detail: dict[str, Any]
) -> None:
    """Park the document with its reason until it changes or a person asks for it again."""
    row.status, row.reason, row.detail = DocumentStatus.FAILED, reason, detail
    row.settled_revision, row.changed_at = document.revision, timezone.now()
    row.next_try_at, row.attempts = None, 0


def wait(row: InvoiceSync | PaymentSync, reason: DocumentReason, *, until: datetime | None) -> None:
    """Have the document wait, and be looked at again at that moment (None: when something else moves it)."""
    row.status, row.reason, row.detail = DocumentStatus.WAITING, reason, {}
    row.next_try_at, row.changed_at = until, timezone.now()


_VAGUE = frozenset({FaultKind.REFUSED, FaultKind.UNKNOWN, FaultKind.TEXT_INVALID, FaultKind.TEXT_TOO_LONG})


def explained(fault: Fault) -> dict[str, Any]:
    """Return what a row keeps of a refusal: our sentence and remedy, QuickBooks' own words, and its code."""
    theirs = fault.detail or fault.message
    sentence = fault.rule.sentence
    message = f"{sentence} It says: {theirs}" if fault.kind in _VAGUE and theirs else sentence
    return {"message": message[:600], "remedy": fault.rule.remedy, "answer": theirs[:600], "code": fault.code}

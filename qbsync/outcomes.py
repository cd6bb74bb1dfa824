"""What can become of a document's row: adopted, failed, or waiting. Changes it in memory; saves nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import Invoice, Payment
from qbsync import clock
from qbsync.copies import Remote, customer_id_of, number_of, summary
from qbsync.gateway.faults import Fault, FaultKind
from qbsync.models import InvoiceSync, PaymentSync
from qbsync.payloads import money
from qbsync.states import DocumentReason, DocumentStatus


def adopt(row: InvoiceSync | PaymentSync, remote: Remote, revision: int) -> None:
    """Take QuickBooks' copy as this document's, at the revision of ours that it shows. Its total has to be ours."""
    row.qbo_id, row.sync_token = str(remote["Id"]), str(remote.get("SyncToken", "0"))
    row.qbo_number, row.qbo_customer_id = number_of(remote)[:40], customer_id_of(remote)
    row.seen = summary(remote, is_payment=isinstance(row, PaymentSync))
    row.pushed_revision = row.settled_revision = revision
    row.status, row.reason, row.detail = DocumentStatus.SYNCED, DocumentReason.NONE, {}
    row.pushed_at = row.changed_at = clock.about_now()
    row.next_try_at, row.attempts = None, 0
    if isinstance(row, InvoiceSync) and row.document.revision == revision:
        _compare(row, row.document, remote)


def _compare(row: InvoiceSync, invoice: Invoice, remote: Remote) -> None:
    """Fail the invoice whose copy comes to another amount: QuickBooks computes sales tax by rules of its own.

    The copy does not show our revision then, so that a retry sends it once more.
    """
    if "TotalAmt" not in remote or money(remote["TotalAmt"]) == invoice.total:
        return
    amounts = {"ours": invoice.total, "theirs": money(remote["TotalAmt"]), "tax": invoice.tax}
    row.pushed_revision -= 1
    fail(row, invoice, DocumentReason.TOTAL_DIFFERS, {name: f"{value:,.2f}" for name, value in amounts.items()})


def take_over(row: InvoiceSync | PaymentSync) -> None:
    """Have what QuickBooks now has count as what is there; the document here is left as it is."""
    theirs: dict[str, Any] = row.theirs or {}
    row.sync_token, row.qbo_number = str(theirs["token"]), theirs["number"][:40]
    row.qbo_customer_id = theirs["customer"]
    row.seen = {name: value for name, value in theirs.items() if name not in ("id", "token", "deleted")}
    row.theirs, row.theirs_is_news = None, False


def end(row: InvoiceSync | PaymentSync, revision: int) -> None:
    """Note that the copy in QuickBooks counts for nothing any more: it is void or deleted, as ours is."""
    row.is_void_there, row.settled_revision, row.pushed_revision = True, revision, revision
    row.status, row.reason, row.detail = DocumentStatus.SYNCED, DocumentReason.NONE, {}
    row.pushed_at = row.changed_at = clock.about_now()
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
    row.settled_revision, row.changed_at = document.revision, clock.about_now()
    row.next_try_at, row.attempts = None, 0


def wait(row: InvoiceSync | PaymentSync, reason: DocumentReason, *, until: datetime | None) -> None:
    """Have the document wait, and be looked at again at that moment (None: when something else moves it)."""
    row.status, row.reason, row.detail = DocumentStatus.WAITING, reason, {}
    row.next_try_at, row.changed_at = until, clock.about_now()


_VAGUE = frozenset({FaultKind.REFUSED, FaultKind.UNKNOWN, FaultKind.TEXT_INVALID, FaultKind.TEXT_TOO_LONG})


def explained(fault: Fault) -> dict[str, Any]:
    """Return what a row keeps of a refusal: our sentence and remedy, QuickBooks' own words, and its code."""
    theirs = fault.detail or fault.message
    sentence = fault.rule.sentence
    message = f"{sentence} It says: {theirs}" if fault.kind in _VAGUE and theirs else sentence
    return {"message": message[:600], "remedy": fault.rule.remedy, "answer": theirs[:600], "code": fault.code}

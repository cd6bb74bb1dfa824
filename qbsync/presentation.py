"""Puts a standing into what people read: label, tooltip, message. Reads no database; the menus are in ``menus``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from accounts.models import Invoice, Payment
from portal.models import Firm
from qbsync import clock
from qbsync.models.links import AccountSync
from qbsync.selectors import DocumentStanding, Standing
from qbsync.selectors.errors import MOST_COUNTED
from qbsync.states import LOST_REASONS, Ask, DocumentReason, DocumentStatus, Reason, Status
from qbsync.wording import explain, explain_document

LABELS = {
    Status.SYNCED: "Synced",
    Status.NOT_SYNCED: "Not synced",
    Status.SKIPPED: "Skipped",
    Status.FAILED: "Failed",
    Status.SYNCING: "Syncing",
}
DOCUMENT_LABELS = {
    DocumentStatus.SYNCED: "Synced",
    DocumentStatus.WAITING: "Waiting",
    DocumentStatus.FAILED: "Failed",
    DocumentStatus.SKIPPED: "Skipped",
    DocumentStatus.NOT_SYNCED: "Not synced",
}
REASON_LABELS = {
    Reason.NO_MATCH: "No exact match",
    Reason.SEVERAL_MATCHES: "Several matches",
    Reason.NAMESAKE_ACCOUNT: "Two accounts of the same name",
    Reason.NAMESAKE_LINKED: "A namesake is linked",
    Reason.CUSTOMER_TAKEN: "Customer linked to another account",
    Reason.HELD_BY_VENDOR: "Name used by a vendor",
    Reason.HELD_BY_EMPLOYEE: "Name used by an employee",
    Reason.HELD_BY_CUSTOMER: "Name used by a sub-customer",
    Reason.HELD_BY_INACTIVE: "Customer is inactive",
    Reason.NAME_INVALID: "Name that QuickBooks cannot hold",
    Reason.CUSTOMER_GONE: "Chosen customer is gone",
    Reason.INACTIVE_NAME_TAKEN: "Name of an inactive customer taken",
    Reason.REFUSED: "Refused by QuickBooks",
    Reason.CONNECTION: "Connection refused",
    Reason.UNAVAILABLE: "QuickBooks does not answer",
    Reason.NO_WORKER: "No worker is running",
    Reason.CUSTOMER_INACTIVE: "Customer deleted in QuickBooks",
    Reason.CUSTOMER_MERGED: "Customer merged in QuickBooks",
}
"""Each reason in a few words, for filters and counts; the sentences are in ``qbsync.wording``."""

ENDPOINTS = {
    "query": "Queries",
    "cdc": "Changes since the last look",
    "batch": "Batches of documents",
    "read": "Single records",
    "create": "Created one by one",
    "update": "Changed one by one",
    "void": "Voided one by one",
    "delete": "Deleted one by one",
    "companyinfo": "The company’s name",
    "preferences": "The company’s preferences",
}
"""What is asked at each endpoint of QuickBooks, for counts."""
_ACCEPTED = {
    DocumentReason.DELETED_THERE: "It was deleted in QuickBooks, and that was accepted.",
    DocumentReason.VOIDED_THERE: "It was voided in QuickBooks, and that was accepted.",
}
_ASKED = {
    Ask.MATCH: "Looking for the QuickBooks customer of the same name.",
    Ask.LINK: "Linking it to the customer that was chosen.",
    Ask.ACTIVATE: "Making the customer active in QuickBooks again.",
    Ask.CREATE: "Creating a customer in QuickBooks.",
    Ask.RESUME: "Sending what has changed since the last time.",
}


def moment(at: datetime, firm: Firm) -> str:
    """Return a time as the firm's people read it, in the firm's time zone: “Nov 23, 2026 at 4:05 PM”."""
    local = timezone.localtime(at, ZoneInfo(firm.time_zone))
    return f"{date_format(local, 'M j, Y')} at {date_format(local, 'g:i A')}"


def counted(number: int, noun: str) -> str:
    """Return “1 invoice”, “2,300 invoices”."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Need:
    """So many of something that a person has to look at, and where they are listed."""

    kind: str
    text: str
    address: str


_NEEDS = {
    "failed_accounts": ("account", "failed", "quickbooks_errors", "tab=accounts"),
    "failed_invoices": ("invoice", "failed", "quickbooks_errors", "tab=invoices"),
    "failed_payments": ("payment", "failed", "quickbooks_errors", "tab=payments"),
    "held_up_payments": ("payment", "waiting for an invoice", "payment_list", "quickbooks=waiting"),
}


def needs(connection: Any) -> list[Need]:
    """Return what of the connection needs a person, as ``selectors.errors.attention`` has counted it."""
    found = []
    for kind, (noun, what, page, query) in _NEEDS.items():
        number = getattr(connection, kind)
        if number:
            most = f"more than {MOST_COUNTED:,} {noun}s" if number > MOST_COUNTED else counted(number, noun)
            found.append(Need(kind, f"{most} {what}", f"{reverse(page)}?{query}"))
    return found


@dataclass(frozen=True, slots=True)
class Message:
    """What is said of an account or a document: the sentence of its status, the particulars, what to do, since when."""

    headline: str
    lines: list[str] = field(default_factory=list)
    remedy: str = ""
    since: str = ""


def _synced(standing: Standing, firm: Firm) -> Message:
    lines = []
    if standing.sync and standing.sync.customer:
        since = f" since {moment(standing.sync.linked_at, firm)}" if standing.sync.linked_at else ""
        lines.append(f"Linked to the customer “{standing.sync.customer}”{since}.")
    if standing.waiting:
        lines.append(f"{counted(standing.waiting, 'document')} waiting to be sent.")
    if standing.failed:
        lines.append(f"{counted(standing.failed, 'document')} failed.")
    return Message("This account is successfully synced", lines)


def _not_synced(standing: Standing, firm: Firm, where: str) -> Message:
    detail = standing.sync.detail if standing.sync else {}
    sentence, remedy = explain(standing.reason, detail)
    lines = [sentence] if sentence else []
    if detail.get("active_again"):
        lines.append("It is active there again: the link can be resumed.")
    if standing.reason in LOST_REASONS and standing.since:
        lines.append(f"Noticed on {moment(standing.since, firm)}.")
    if standing.reason == Reason.NOT_CONNECTED:
        return Message("This account is not synced", lines, remedy)
    return Message(f"This account is not synced; you can sync it from {where}", lines, remedy)


def _skipped(standing: Standing, firm: Firm, where: str) -> Message:
    lines = []
    if standing.since:
        who = standing.sync.changed_by if standing.sync and standing.sync.changed_by else None
        lines.append(f"Skipped{f' by {who}' if who else ''} on {moment(standing.since, firm)}.")
    return Message(f"You skipped sync for this account; resync it from {where} if needed", lines)


def _failed(standing: Standing, firm: Firm) -> Message:
    sentence, remedy = explain(standing.reason, standing.sync.detail if standing.sync else {})
    since = f"Since {moment(standing.since, firm)}." if standing.since else ""
    return Message("There is a sync issue with this account", [sentence], remedy, since)


def _syncing(sync: AccountSync | None, firm: Firm) -> Message:
    lines = []
    if sync:
        lines.append(_ASKED.get(Ask(sync.ask), ""))
        if sync.due_at and sync.due_at > clock.about_now():
            lines.append(f"Next try on {moment(sync.due_at, firm)}.")
    return Message("This account is being synced; this takes time", [line for line in lines if line])


def message(standing: Standing, firm: Firm, *, where: str = "the Info tab") -> Message:
    """Return what the tooltip (or, with another ``where``, the Info panel) says of the account."""
    match standing.status:
        case Status.SYNCED:
            return _synced(standing, firm)
        case Status.NOT_SYNCED:
            return _not_synced(standing, firm, where)
        case Status.SKIPPED:
            return _skipped(standing, firm, where)
        case Status.FAILED:
            return _failed(standing, firm)
        case Status.SYNCING:
            return _syncing(standing.sync, firm)


def document_message(standing: DocumentStanding, document: Invoice | Payment) -> Message:
    """Return what the tooltip says of an invoice or payment."""
    noun = "invoice" if isinstance(document, Invoice) else "payment"
    sync = standing.sync
    if standing.status == DocumentStatus.SYNCED:
        there = [f"In QuickBooks as number {sync.qbo_number}."] if sync and sync.qbo_number else []
        sent = [f"Last sent on {moment(sync.pushed_at, document.firm)}."] if sync and sync.pushed_at else []
        return Message(f"This {noun} is successfully synced", there + sent)
    if standing.status == DocumentStatus.SKIPPED:
        gone = _ACCEPTED.get(standing.reason)
        return Message(f"This {noun} is not to be synced; sync it from its menu if needed", [gone] if gone else [])
    if standing.reason == DocumentReason.ACCOUNT_NOT_SYNCED and standing.account_reason == Reason.NOT_CONNECTED:
        sentence, remedy = explain(standing.account_reason, {})
    else:
        sentence, remedy = explain_document(standing.reason, sync.detail if sync else {})
    headline = {
        DocumentStatus.WAITING: f"This {noun} is waiting to be sent to QuickBooks",
        DocumentStatus.FAILED: f"There is a sync issue with this {noun}",
        DocumentStatus.NOT_SYNCED: f"This {noun} is not synced",
    }[standing.status]
    kept = standing.status == DocumentStatus.NOT_SYNCED and standing.qbo_id
    stays = ["What was sent before is still in QuickBooks."] if kept else []
    later = (
        [f"Next try on {moment(sync.next_try_at, document.firm)}."]
        if sync and sync.next_try_at and sync.next_try_at > clock.about_now()
        else []
    )
    return Message(headline, [line for line in (sentence, *stays, *later) if line], remedy)

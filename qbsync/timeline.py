"""Puts entries of the history into sentences for the Activity tab. Reads no database."""

from __future__ import annotations

from dataclasses import dataclass

from portal.models import Firm
from qbsync.models.history import HistoryEntry
from qbsync.presentation import DOCUMENT_LABELS, LABELS, moment
from qbsync.states import Ask, DocumentStatus, Event, Status
from qbsync.wording import explain, explain_document

_EVENTS = {
    Event.ENTERED_SCOPE: "Came into scope",
    Event.UNSYNCED: "Unsynced",
    Event.LINKED: "Linked to {customer}",
    Event.REFUSED: "Not linked",
    "move": "Asked to move its documents to {customer}",
    Event.FOLLOWED: "Followed the merge into {customer}",
    Event.LINK_LOST: "Link to {customer} lost",
    "archived": "Link to {customer} archived: the firm left {company} for another company",
    "taken_up": "Link to {customer} taken up again with {company}",
    Event.JUDGED_AGAIN: "Looked up again, because a name changed or QuickBooks answers again",
}
_ASKS = {
    Ask.MATCH: "Asked to sync",
    Ask.LINK: "Asked to link to {customer}",
    Ask.ACTIVATE: "Asked to make {customer} active again, and to link to it",
    Ask.CREATE: "Asked to create a customer in QuickBooks",
    Ask.RESUME: "Asked to sync now",
}
_DOCUMENT_EVENTS = {
    "asked": "{kind} {subject}: asked to sync",
    "skipped": "{kind} {subject}: not to be synced",
    "sent": "{kind} {subject} sent to QuickBooks",
    "updated": "{kind} {subject} updated in QuickBooks",
    "moved": "{kind} {subject} moved to the account’s customer in QuickBooks",
    "stays": "{kind} {subject} stays with the customer it has in QuickBooks",
    "voided": "{kind} {subject} voided in QuickBooks",
    "deleted": "{kind} {subject} deleted in QuickBooks",
    "adopted": "{kind} {subject} found in QuickBooks and linked",
    "refused": "{kind} {subject} not taken by QuickBooks",
    "number_taken": "{kind} {subject} not sent: its number is taken in QuickBooks",
    "edited_there": "{kind} {subject} edited in QuickBooks by somebody else",
    "voided_there": "{kind} {subject} voided in QuickBooks by somebody else",
    "deleted_there": "{kind} {subject} deleted in QuickBooks by somebody else",
    "put_back_there": "{kind} {subject} in QuickBooks is as it is here again",
    "accepted": "{kind} {subject}: what QuickBooks has was accepted",
    "answer_lost": "{kind} {subject} sent, but the answer was lost",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the timeline: what happened, who did it, before and after, what QuickBooks answered."""

    title: str
    who: str
    when: str
    before: str
    after: str
    after_status: str
    explanation: str
    fault_code: str
    intuit_tid: str


class _Lenient(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


def told(entry: HistoryEntry, firm: Firm) -> Told:
    """Return the entry as it is shown; times are in the firm's time zone."""
    is_account = entry.kind == HistoryEntry.Kind.ACCOUNT
    labels = {str(key): label for key, label in (LABELS if is_account else DOCUMENT_LABELS).items()}
    explain_it = explain if is_account else explain_document
    sentence = explain_it(entry.reason, entry.detail)[0] if entry.reason else str(entry.detail.get("stays", ""))
    return Told(
        title=_title(entry, is_account),
        who=str(entry.actor) if entry.actor else "Sync",
        when=moment(entry.at, firm),
        before=labels.get(entry.before, ""),
        after=labels.get(entry.after, ""),
        after_status=entry.after if entry.after in {*Status, *DocumentStatus} else "",
        explanation=sentence,
        fault_code=entry.fault_code,
        intuit_tid=entry.intuit_tid,
    )


def _title(entry: HistoryEntry, is_account: bool) -> str:
    values = _Lenient({key: str(value) for key, value in entry.detail.items()})
    values |= {"kind": entry.get_kind_display(), "subject": entry.subject}
    if is_account:
        ask = entry.detail.get("ask", Ask.MATCH)
        template = _ASKS.get(ask) if entry.event == Event.ASKED else _EVENTS.get(entry.event)
    else:
        template = _DOCUMENT_EVENTS.get(entry.event)
    return (template or entry.event.replace("_", " ").capitalize()).format_map(values)

"""What the pages for whoever runs the workers say. Reads only what it is given; names no client and no amount."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from qbsync.health import Notice
from qbsync.models import Connection, HistoryEntry, SyncRun
from qbsync.presentation import counted
from qbsync.selectors.ops import Open, Row, State
from qbsync.states import Ask, DocumentReason

STATES = {
    State.ATTENTION: "Needs attention",
    State.RESTING: "Resting",
    State.WORKING: "Working now",
    State.IDLE: "Idle",
    State.DISCONNECTED: "Disconnected",
}
_ASKS = {
    str(Ask.MATCH): "to be matched by name",
    str(Ask.LINK): "to be linked to the chosen customer",
    str(Ask.ACTIVATE): "for a customer to be made active",
    str(Ask.CREATE): "for a customer to be created",
    str(Ask.RESUME): "to be synced again",
}
_REASONS = {
    str(DocumentReason.NONE): "in line to be sent",
    str(DocumentReason.WAITS_FOR_INVOICE): "for the invoice to be sent first",
    str(DocumentReason.INVOICE_BEFORE_SYNC_DATE): "for an invoice from before the sync date, which a person decides",
    str(DocumentReason.WAITS_FOR_ANSWER): "for an answer that was lost: it is looked up first",
    str(DocumentReason.WAITS_FOR_NUMBER): "for a number that another document has for now",
    str(DocumentReason.MOVING): "to be moved to another customer",
    str(DocumentReason.UNAVAILABLE): "for QuickBooks to answer",
}
_EVENTS = {
    "connected": "Connected",
    "reconnected": "Reconnected",
    "set_up": "Set up; the first sync began",
    "settings": "Settings changed",
    "resumed": "Went on after a reconnect",
    "broken": "QuickBooks refused the connection",
    "disconnected": "Disconnected",
    "company_left": "Company left for another one, its links archived",
    "taken_up": "Connected to a company that was left; its links were taken up again",
    "ops_woken": "Workers woken from the admin site",
    "ops_try_again": "Rest ended from the admin site",
    "ops_look": "Look at QuickBooks asked for in the admin site",
    "ops_retry": "Retry asked for in the admin site",
}


def span(length: timedelta) -> str:
    """Return a length of time in one or two units: “40 s”, “12 min”, “3 h 5 min”, “4 days”."""
    seconds = int(abs(length).total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86400:
        hours, minutes = seconds // 3600, seconds % 3600 // 60
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return counted(seconds // 86400, "day")


def moment(at: datetime | None, now: datetime) -> SafeString | str:
    """Return when something was or will be, as HTML: “12 min ago”, with the time in UTC beside it for the pointer."""
    if at is None:
        return ""
    utc = timezone.localtime(at, timezone.get_default_timezone())
    text = f"{span(now - at)} ago" if at <= now else f"in {span(at - now)}"
    exact = f"{date_format(utc, 'M j, Y, H:i:s')} {settings.TIME_ZONE}"
    return format_html('<time datetime="{}" title="{}">{}</time>', utc.isoformat(timespec="seconds"), exact, text)


CELLS = ("Work due", "Claims", "Message queued", "Open run", "Accounts", "Next look due", "Left this minute")
"""The columns of the list after firm and state."""


def cells(row: Row, quota: tuple[int, int] | None, now: datetime) -> list[tuple[str, SafeString | str]]:
    """Return label and content of a connection's columns, those of ``CELLS``; empty where there is nothing to say.

    Args:
        quota: how many requests and batches the company's minute has left, where that is known.
    """
    one = row.connection
    contents = (
        due(row, now),
        _claims(row, now),
        moment(one.queued_at, now),
        format_html("began {}: {}", moment(row.run.started_at, now), run_in_numbers(row.run)) if row.run else "",
        _accounts(row),
        moment(one.poll_due_at, now) if one.is_ready else "",
        left(quota),
    )
    return list(zip(CELLS, contents, strict=True))


def left(quota: tuple[int, int] | None) -> str:
    """Return how many requests and batches a company's minute has left; empty where that is not known."""
    if quota is None:
        return ""
    requests, batches = quota
    return f"{counted(requests, 'request')}, {batches} batch{'' if batches == 1 else 'es'}"


def due(row: Row, now: datetime) -> SafeString | str:
    """Return how many accounts have work due and since when, as HTML; empty where none has."""
    if not row.due:
        return ""
    return format_html("{}, the oldest {}", counted(row.due, "account"), moment(row.oldest_due, now))


def _claims(row: Row, now: datetime) -> SafeString | str:
    until = row.connection.working_until
    if row.held:
        return format_html("{} held, to the end {}", counted(row.held, "account"), moment(row.held_until, now))
    return format_html("worker at it, to the end {}", moment(until, now)) if until and until > now else ""


def _accounts(row: Row) -> SafeString | str:
    failed = format_html('<span class="ops-alarm">{} failed</span>', f"{row.failed:,}") if row.failed else ""
    waiting = f"{row.waiting:,} waiting" if row.waiting else ""
    return format_html("{}{}{}", failed, ", " if failed and waiting else "", waiting)


def why(row: Row, notices: Sequence[Notice], now: datetime) -> list[str]:
    """Return in sentences why the connection is in its state; the gravest first."""
    connection = row.connection
    said = [notice.headline for notice in notices]
    if row.state == State.RESTING and connection.rests_until:
        said.append(f"It is left alone for another {span(connection.rests_until - now)}.")
    elif row.state == State.DISCONNECTED:
        said.append("The firm has disconnected QuickBooks; its links are kept.")
    elif row.state == State.WORKING:
        said += _at_work(connection, now) if not said else []
    elif row.oldest_due and connection.is_ready:
        late = row.state == State.ATTENTION
        said.append(
            "Work is due and nobody is at it." if late else "Work is due; a worker takes it up within a minute."
        )
    return said or ["Nothing is due."]


def _at_work(connection: Connection, now: datetime) -> list[str]:
    if connection.paused_until and connection.paused_until > now:
        return [f"The worker waits for quota; it goes on in {span(connection.paused_until - now)}."]
    return ["A worker is at it."]


def run_in_numbers(run: SyncRun) -> str:
    """Return what a run has done so far, or did, in numbers."""
    parts = [
        f"{run.accounts_linked:,} linked",
        f"{run.accounts_failed:,} failed" if run.accounts_failed else "",
        f"{counted(run.invoices_sent, 'invoice')} and {counted(run.payments_sent, 'payment')} sent",
        f"{counted(run.documents_failed, 'document')} failed" if run.documents_failed else "",
        counted(run.requests, "request"),
    ]
    return ", ".join(part for part in parts if part)


def waits(one: Open) -> str:
    """Return what so many accounts or documents wait for: “12 payments wait for QuickBooks to answer”."""
    what = _ASKS.get(one.reason) if one.kind == "accounts" else _REASONS.get(one.reason)
    noun = one.kind.removesuffix("s")
    verb = "waits" if one.count == 1 else "wait"
    return f"{counted(one.count, noun)} {verb} {what or one.reason.replace('_', ' ')}"


def event(entry: HistoryEntry) -> str:
    """Return what happened to the connection; of the details only numbers, which name nobody."""
    title = _EVENTS.get(entry.event) or entry.event.replace("_", " ").capitalize()
    count = entry.detail.get("count")
    return f"{title}: {count:,}" if isinstance(count, int) else title

"""Says what is in a digest: what is wrong with the connection, and what failed. It never writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from portal.models import Firm
from qbsync import clock, health
from qbsync.causes import cause_label
from qbsync.digest import links
from qbsync.gateway.faults import FaultKind
from qbsync.models import Connection
from qbsync.presentation import counted
from qbsync.selectors.errors import KINDS, causes_of, errors_of
from qbsync.states import WAITING_REASONS, Reason

_NAMED = 5
_CAUSES = 6
_LASTING = timedelta(hours=1)  # a shorter outage is over before the digest is read
_NOUNS = {"accounts": "account", "invoices": "invoice", "payments": "payment"}
_STAGES = (1, 3, 7, 14, 30)  # days before the end of the connection at which it is said again
_REMINDED_EVERY = timedelta(days=7)
_BY_ITSELF = [*WAITING_REASONS, Reason.NO_WORKER]


@dataclass(frozen=True, slots=True)
class Line:
    """So many failures of one cause, and the list of exactly these."""

    count: int
    label: str
    address: str


@dataclass(frozen=True, slots=True)
class Section:
    """The failures of one kind: how many, how many of them new, the newest by name, and their causes."""

    title: str
    new: int
    names: Sequence[str]
    more: int
    lines: Sequence[Line]
    address: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a digest says, and whether anything of it is new since the one before."""

    notices: Sequence[health.Notice]
    sections: Sequence[Section]
    keys: Sequence[str]
    is_new: bool


def content_of(connection: Connection, firm: Firm, *, since: datetime | None, told: Sequence[str]) -> Content:
    """Return what needs attention.

    Args:
        connection: a live one that is set up.
        firm: whose connection it is.
        since: when the last digest that was sent looked; None where there was none, and then everything is new.
        told: the keys of the notices in it.
    """
    notices = [one for one in health.notices(connection, firm, silent_queues=()) if _lasts(connection, one)]
    keys = [_key(connection, one) for one in notices]
    sections = [section for kind in KINDS if (section := _section(connection, kind, since))]
    is_new = any(section.new for section in sections) or not set(keys) <= set(told)
    return Content(notices, sections, keys, is_new)


def _section(connection: Connection, kind: str, since: datetime | None) -> Section | None:
    rows: QuerySet[Any] = errors_of(connection, kind).exclude(quickbooks_reason__in=_BY_ITSELF)
    causes = causes_of(rows)
    total = sum(cause.count for cause in causes)
    if not total:
        return None
    new = rows.filter(quickbooks__changed_at__gt=since).count() if since else total
    newest = rows if kind == "accounts" else rows.select_related("account")
    names = [_name(kind, row) for row in newest[:_NAMED]]
    lines = [
        Line(one.count, cause_label(one), links.page("quickbooks_errors", f"tab={kind}&cause={one.key}"))
        for one in causes[:_CAUSES]
    ]
    return Section(
        title=f"{counted(total, _NOUNS[kind])} could not be synced",
        new=new,
        names=names,
        more=total - len(names),
        lines=lines,
        address=links.page("quickbooks_errors", f"tab={kind}"),
    )


def _name(kind: str, row: Any) -> str:
    return str(row.name) if kind == "accounts" else f"{row.number} ({row.account.name})"


def _lasts(connection: Connection, notice: health.Notice) -> bool:
    """Whether it is worth an e-mail: an outage of some minutes is not."""
    if notice.kind == FaultKind.UNAVAILABLE and connection.outage_since:
        return clock.about_now() - connection.outage_since >= _LASTING
    return notice.stands_still or notice.kind == "ending"


def _key(connection: Connection, notice: health.Notice) -> str:
    """What changes when a notice is to be said again: the end comes near, or a trouble has lasted another week."""
    now = clock.about_now()
    if notice.kind == "ending":
        left = ((health.ends_at(connection) or now) - now).days
        return f"ending:{next((days for days in _STAGES if left <= days), _STAGES[-1])}"
    since = connection.outage_since or connection.status_changed_at
    return f"{notice.kind}:{since:%Y%m%d%H%M}:{(now - since) // _REMINDED_EVERY}"

"""Says what is wrong with a connection: why, what happens meanwhile, and what to do. Reads only what it is given.

The statuses of single accounts and documents have their sentences in ``wording``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format

from portal.models import Firm
from qbsync import clock
from qbsync.gateway.faults import RULES, FaultKind
from qbsync.models.connection import Connection, ConnectionStatus

WARNED_BEFORE = timedelta(days=30)
"""How long before it ends for good a connection is to be renewed."""

TOLD_AFTER = timedelta(seconds=15)
"""How long QuickBooks may fail to answer before anybody is told: a shorter outage is nobody's business."""

READS_USED_UP_AFTER = timedelta(minutes=15)
"""A throttle ends when one waits for a minute. One that lasts longer is the month's quota of reads, which is
answered in the same way (https://developer.intuit.com/app/developer/qbo/docs/learn/limits-and-throttles)."""


class Remedy(StrEnum):
    """What a button beside the notice does."""

    NONE = ""
    RECONNECT = "reconnect"
    TRY_AGAIN = "try_again"
    SET_UP = "set_up"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that is wrong: a headline, why, what happens meanwhile, what to do; whether syncing stands still."""

    kind: str
    headline: str
    why: str
    meanwhile: str
    remedy: str
    button: Remedy = Remedy.NONE
    stands_still: bool = True


_KEPT = "Nothing is being synced; nothing is lost. All links, settings and waiting documents are kept."
_BY_ITSELF = "Nothing is being synced; nothing is lost."
_READS_USED_UP = (
    "QuickBooks answers none of our reads, as it does when the month’s reads are used up.",
    "Intuit allows them again on the 1st of the month. It is tried again every hour, and everything goes on by itself.",
)
_TOKENS_REFUSED = (
    "QuickBooks refuses the connection’s access again and again, although it has just been renewed.",
    "The owner reconnects QuickBooks in Settings; everything is kept.",
)
_HEADLINES = {
    FaultKind.NOT_ADMIN: "The person who connected QuickBooks may no longer do so.",
    FaultKind.COMPANY_SUSPENDED: "The QuickBooks subscription has lapsed.",
    FaultKind.THROTTLED: "QuickBooks’ reads of this month are used up.",
    FaultKind.UNAVAILABLE: "QuickBooks does not answer at the moment.",
    FaultKind.APP_REFUSED: "QuickBooks does not accept the portal’s own keys.",
}


def explain_trouble(kind: str) -> tuple[str, str]:
    """Return why nothing can be sent, and what to do, for the kind of fault that keeps a connection from working."""
    if kind == FaultKind.THROTTLED:
        return _READS_USED_UP
    if kind == FaultKind.TOKEN_REFUSED:
        return _TOKENS_REFUSED
    rule = RULES[FaultKind(kind)]
    return rule.sentence, rule.remedy


def notices(
    connection: Connection, firm: Firm, *, silent_queues: Sequence[str], is_stalled: bool = False
) -> list[Notice]:
    """Return what is wrong with a live connection, the gravest first.

    Args:
        connection: active or broken.
        firm: whose connection it is; times are said in its time zone.
        silent_queues: the queues that no worker takes from, as ``portal.workers`` knows it.
        is_stalled: whether accounts have been Syncing for two minutes with nobody at work on them.
    """
    if connection.status == ConnectionStatus.BROKEN:
        return [_broken(connection)]
    found = []
    if connection.set_up_at is None:
        found.append(_not_set_up())
    elif silent_queues:
        found.append(_no_worker(silent_queues))
    if connection.restored_to is not None:
        found.append(_restored(connection.restored_to, firm))
    if _is_told(connection):
        found.append(_trouble(connection, firm))
    elif connection.trouble == FaultKind.THROTTLED:
        found.append(_paused())
    elif is_stalled and not silent_queues:
        found.append(_behind())
    return found + _ending(connection, firm)


def ends_at(connection: Connection) -> datetime | None:
    """Return when the connection ends unless it is renewed: the earlier of its rolling and its hard end."""
    return min(filter(None, (connection.refresh_expires_at, connection.hard_expires_at)), default=None)


def _is_told(connection: Connection) -> bool:
    if connection.outage_since is None:
        return False
    lasted = clock.about_now() - connection.outage_since
    if connection.trouble == FaultKind.THROTTLED:
        return lasted >= READS_USED_UP_AFTER
    return lasted >= TOLD_AFTER or connection.rests_until is not None


def _broken(connection: Connection) -> Notice:
    kind = FaultKind(connection.broken_reason or FaultKind.GRANT_REVOKED)
    why, remedy = explain_trouble(kind)
    headline = _HEADLINES.get(kind, "QuickBooks refuses the connection.")
    if kind == FaultKind.GRANT_REVOKED:
        headline, why = _ended(connection)
    if kind == FaultKind.NOT_ADMIN and connection.connected_by:
        why = f"{why} That was {connection.connected_by}."
    return Notice(kind, headline, why, _KEPT, remedy, Remedy.RECONNECT)


def _ended(connection: Connection) -> tuple[str, str]:
    """Why QuickBooks takes the refresh token no more: one of its two ends has come, or somebody ended it."""
    noticed, hard, rolling = connection.status_changed_at, connection.hard_expires_at, connection.refresh_expires_at
    if hard and hard <= noticed:
        return "The QuickBooks connection has expired.", "Intuit lets no connection last longer than five years."
    if rolling and rolling <= noticed:
        return "The QuickBooks connection has expired.", "It was not used for more than 100 days."
    return "The QuickBooks connection was ended.", "It was disconnected in QuickBooks or by Intuit."


def _trouble(connection: Connection, firm: Firm) -> Notice:
    kind = FaultKind(connection.trouble or FaultKind.UNAVAILABLE)
    why, remedy = explain_trouble(kind)
    since = f" Since {_day_and_time(connection.outage_since, firm)}." if connection.outage_since else ""
    button = Remedy.TRY_AGAIN if connection.rests_until else Remedy.NONE
    headline = _HEADLINES.get(kind, "QuickBooks refuses the connection.")
    return Notice(kind, headline, f"{why}{since}", _BY_ITSELF, remedy, button)


def _paused() -> Notice:
    return Notice(
        "paused",
        "QuickBooks asked us to wait.",
        "More was asked of it within a minute than it allows; other programs that use the company count, too.",
        "What is waiting goes on in a minute or so.",
        "Nothing to do: it goes on by itself.",
        stands_still=False,
    )


def _no_worker(queues: Sequence[str]) -> Notice:
    which = "" if len(queues) > 1 else f" for the queue “{queues[0]}”"
    return Notice(
        "no_worker",
        f"No worker is running{which}.",
        "The Celery workers, which do the syncing, say nothing.",
        "Nothing is being synced; nothing is lost, and it goes on by itself once one runs.",
        "Ask whoever runs the portal to start the Celery workers.",
    )


def _behind() -> Notice:
    return Notice(
        "behind",
        "The workers are behind.",
        "Some accounts have been waiting for more than two minutes.",
        "Nothing is lost; they are synced as soon as a worker is free.",
        "If it lasts, ask whoever runs the portal to start more workers.",
        stands_still=False,
    )


def _restored(moment: datetime, firm: Firm) -> Notice:
    return Notice(
        "restored",
        f"The portal was restored to what it was on {_day_and_time(moment, firm)}.",
        "What was sent to QuickBooks since is looked up first, so that nothing is sent twice.",
        "Nothing is sent before that. What was entered here after that moment is gone here, and still in QuickBooks.",
        "It goes on by itself. Then Reconciliation lists what is there alone.",
    )


def _not_set_up() -> Notice:
    return Notice(
        "not_set_up",
        "One step is left before QuickBooks starts to sync.",
        "QuickBooks is connected, but the income account and the service item have not been chosen.",
        "Nothing is sent before that.",
        "The owner finishes connecting.",
        Remedy.SET_UP,
    )


def _ending(connection: Connection, firm: Firm) -> list[Notice]:
    end = ends_at(connection)
    if end is None or end - clock.about_now() > WARNED_BEFORE:
        return []
    if end == connection.hard_expires_at:
        why = "Intuit lets no connection last longer than five years, however often it is used."
    else:
        why = "It has not been used for a long time, and QuickBooks ends what is not used for 100 days."
    return [
        Notice(
            "ending",
            f"The QuickBooks connection ends on {_day(end, firm)}.",
            why,
            "Until then everything is synced as usual.",
            "The owner reconnects before that day, which takes a minute; everything is kept.",
            Remedy.RECONNECT,
            stands_still=False,
        )
    ]


def _day(at: datetime, firm: Firm) -> str:
    return date_format(timezone.localtime(at, ZoneInfo(firm.time_zone)), "M j, Y")


def _day_and_time(at: datetime, firm: Firm) -> str:
    local = timezone.localtime(at, ZoneInfo(firm.time_zone))
    return f"{date_format(local, 'M j, Y')} at {date_format(local, 'g:i A')}"

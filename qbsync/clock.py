"""The time that all processes share: PostgreSQL's. Judges nothing by itself.

Workers run on several hosts, and a host's clock may be off by minutes. Whoever decided by its own would take over
claims that are held, or take for lost what was sent a moment ago and send it again. What one process writes and another
one compares with the present (claims, leases, the ages of intents, moments at which something is due) is told by this
clock alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

_NOTED_FOR_S = 10.0

shift: Callable[[], timedelta] = timedelta
"""How far tests have moved time, so that both clocks move. It is nothing elsewhere."""

_noted: tuple[datetime, float] | None = None


def now() -> datetime:
    """Return PostgreSQL's time, in UTC; one statement. For whatever decides who may send, and what was sent."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (moment,) = cursor.fetchone()
    return _note(moment)


def about_now() -> datetime:
    """Return PostgreSQL's time as it was noted within the last seconds, plus what has gone by since on this host.

    For what people read, and for when something is due: no statement is spent on it where a page promises how many it
    takes. It is wrong only after the whole machine was stopped, and soon right again. It is behind by the milliseconds
    that an answer of PostgreSQL takes, so whoever acts on a message about what has just become due asks ``now``.
    """
    if _noted is not None and (gone_by := time.monotonic() - _noted[1]) < _NOTED_FOR_S:
        return _noted[0] + timedelta(seconds=gone_by) + shift()
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (moment,) = cursor.fetchone()
    return _note(moment)


def _note(moment: datetime) -> datetime:
    global _noted
    _noted = moment.astimezone(UTC), time.monotonic()
    return _noted[0] + shift()


def this_host_is_ahead_by() -> timedelta:
    """Return by how much this host's clock is ahead of PostgreSQL's; negative where it is behind. One statement."""
    shared = now()
    return timezone.now() - shared


class Stopwatch:
    """How long ago something was, by whichever of this host's clocks says more. Needs no database, in any thread."""

    def __init__(self) -> None:
        """Start it."""
        self.started = timezone.now(), time.monotonic()

    def seconds(self) -> float:
        """Return the seconds since it was started. A clock that was set back meanwhile hides none."""
        on_the_wall, steady = self.started
        return max((timezone.now() - on_the_wall).total_seconds(), time.monotonic() - steady)

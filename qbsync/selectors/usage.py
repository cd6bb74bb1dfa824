"""Counts what a connection asked of QuickBooks this month, and what of it Intuit meters. It never writes.

Reads are metered ("CorePlus"), writes are free, in production alone. What a plan includes is for all companies of the
portal together: https://developer.intuit.com/app/developer/qbo/docs/get-started/app-partner-program
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.core.cache import cache
from django.db.models import Sum
from django.utils import timezone

from qbsync.models.connection import Connection, RequestCount

WARNED_FROM = 0.8
"""The share of the included reads from which people are warned."""

_KEPT_FOR_S = 300  # the sum over all firms is read at most every five minutes


@dataclass(frozen=True, slots=True)
class Requests:
    """How many requests of one day, or of one kind, are metered reads, and how many are free."""

    name: date | str
    metered: int
    free: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What a connection asked for since the month began (UTC), the newest day first."""

    days: Sequence[Requests]
    endpoints: Sequence[Requests]
    metered: int
    free: int
    quota: Quota


@dataclass(frozen=True, slots=True)
class Quota:
    """The reads that the portal's plan with Intuit includes a month, and what share of them all firms have used."""

    included: int
    share: float

    @property
    def percent(self) -> int:
        """The share in whole per cent, rounded down: 100 is said only when they are used up."""
        return int(self.share * 100)

    @property
    def is_scarce(self) -> bool:
        """Whether people are to be warned."""
        return self.share >= WARNED_FROM


def usage(connection: Connection) -> Usage:
    """Return what the connection asked for this month, by day and by endpoint. One statement, and one for the quota."""
    rows = RequestCount.objects.filter(connection=connection, day__gte=_month_began())
    by_day: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    by_endpoint: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for day, endpoint, metered, count in rows.values_list("day", "endpoint", "metered", "count"):
        for counted in (by_day[day], by_endpoint[endpoint]):
            counted[0 if metered else 1] += count
    return Usage(
        days=[Requests(day, *by_day[day]) for day in sorted(by_day, reverse=True)],
        endpoints=[Requests(name, *counts) for name, counts in sorted(by_endpoint.items(), key=lambda kv: -sum(kv[1]))],
        metered=sum(metered for metered, _ in by_day.values()),
        free=sum(free for _, free in by_day.values()),
        quota=quota(),
    )


def quota() -> Quota:
    """Return how much of the portal's included reads is used this month; up to five minutes old."""
    month = _month_began()
    key = f"metered-reads:{month}"
    used = cache.get(key)
    if used is None:
        used = RequestCount.objects.filter(day__gte=month, metered=True).aggregate(n=Sum("count"))["n"] or 0
        cache.set(key, used, timeout=_KEPT_FOR_S)
    included = settings.QBO_INCLUDED_READS
    return Quota(included, used / included if included else 0.0)


def _month_began() -> date:
    return timezone.now().date().replace(day=1)

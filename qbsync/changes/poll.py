"""Looks at what changed in a QuickBooks company, and decides when to look again. Writes nothing to QuickBooks.

One request asks for all that is watched. The cursors are QuickBooks' own time, and move only once everything that the
answer held is committed, so that a look that failed, or was killed, is repeated in whole; each step may be.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.dateparse import parse_datetime

from qbsync import clock, mirror, troubles, wake
from qbsync.bulk import in_parts
from qbsync.changes import documents, links, webhooks
from qbsync.gateway.company import Changes, Company
from qbsync.gateway.faults import Fault, FaultKind
from qbsync.gateway.limiter import Priority, QuotaWait
from qbsync.metering import Session
from qbsync.models import Connection, ConnectionStatus

EVERY = timedelta(hours=1)
WITH_WEBHOOKS = timedelta(days=1)
_WATCHED = (*mirror.NAMES, *documents.KINDS)
_ECHO_WITHIN = timedelta(minutes=5)
_BUSY_S = 2.0  # another worker reads the company; it is soon done, or dead


def run(connection_id: int, *, priority: Priority = Priority.BACKGROUND) -> float | None:
    """Look at what changed, if that is due.

    Returns:
        the seconds after which to call again, or None where the schedule takes care of it.
    """
    connection = Connection.objects.select_related("firm").get(pk=connection_id)
    due = connection.poll_due_at
    now = clock.now()
    if not connection.is_ready or due is None or due > now or (connection.rests_until or now) > now:
        return None
    if priority is Priority.BACKGROUND and (pause := troubles.pause_left(connection)) is not None:
        _next(connection, due, after=timedelta(seconds=pause))
        return None
    session = Session(connection, priority, is_sync=False)
    try:
        with mirror.reading(connection) as is_mine:
            if not is_mine:
                return _BUSY_S
            _look(connection, session.company)
    except QuotaWait as quota:
        return quota.seconds
    except Fault as fault:
        wait = troubles.of_connection(connection, session, fault)
        if wait is not None:
            _next(connection, due, after=timedelta(seconds=wait))
        return wait
    finally:
        session.close()
    troubles.over(connection)
    now = clock.about_now()
    Connection.objects.filter(pk=connection.pk).update(polled_at=now)
    _next(connection, due, after=_interval(connection))
    # Whatever was told of while we looked may have happened after QuickBooks had answered.
    return None if _scheduled(connection) > now else 0.0


def sweep() -> None:
    """Wake the workers for connections that are due, and give new ones their place in the hour."""
    now = clock.about_now()
    resting = Q(rests_until__gt=now)
    ready = Connection.objects.filter(~resting, status=ConnectionStatus.ACTIVE, set_up_at__isnull=False)
    for pk in ready.filter(poll_due_at=None).values_list("pk", flat=True):
        first = now + random.random() * EVERY  # noqa: S311 - spreads the firms, guards nothing
        Connection.objects.filter(pk=pk, poll_due_at=None).update(poll_due_at=first)
    read = Q(mirror_leased_until=None) | Q(mirror_leased_until__lt=now)
    for pk in ready.filter(read, poll_due_at__lte=now).values_list("pk", flat=True):
        wake.poll(pk)


def _look(connection: Connection, company: Company) -> None:
    """Apply what changed since the older of the two cursors, then move both."""
    cursors = [parse_datetime(one) if one else None for one in (connection.mirror_cursor, connection.documents_cursor)]
    known = [one for one in cursors if one is not None and clock.about_now() - one <= mirror.LOOK_BACK]
    if len(known) < len(cursors):
        _compare_all(connection, company)
        return
    since = (min(known) - mirror.OVERLAP).isoformat(timespec="seconds")
    try:
        changes = company.cdc(_WATCHED, since=since)
    except Fault as fault:
        if fault.kind is not FaultKind.REQUEST_INVALID:
            raise
        connection.mirror_cursor = ""  # to QuickBooks' clock it is too old
        _compare_all(connection, company)
        return
    if changes.is_complete:
        _apply(connection, company, changes.entities)
    else:
        _look_one_by_one(connection, company, since)
    _move_cursors(connection, changes.time)


def _look_one_by_one(connection: Connection, company: Company, since: str) -> None:
    """Ask for each kind by itself; where one alone fills an answer, ask QuickBooks for the rest in pages."""
    for kind in _WATCHED:
        changes: Changes = company.cdc([kind], since=since)
        if changes.is_complete:
            _apply(connection, company, changes.entities)
        elif kind in documents.KINDS:
            # What was deleted is found by comparing ids alone, and whoever does that has read all there is to know.
            documents.compare(connection, company, kind)
        else:
            where = f"Active IN (true, false) AND MetaData.LastUpdatedTime >= '{since}'"
            for page in in_parts(company.query_all(kind, where)):
                mirror.keep(connection, kind, page)
                mirror.renew_lease(connection)


def _compare_all(connection: Connection, company: Company) -> None:
    """Read all names, and all our copies: the changes cannot be told any more, or nobody has looked yet."""
    if not mirror.read_changes(connection, company):
        mirror.read_all(connection, company)
    connection.refresh_from_db(fields=["mirror_cursor"])
    links.follow(connection, company)
    for kind in documents.KINDS:
        documents.compare(connection, company, kind)
    _move_cursors(connection, connection.mirror_cursor)


def _apply(connection: Connection, company: Company, entities: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Take over what changed: names first, as documents are judged by them."""
    for kind in mirror.NAMES:
        mirror.keep(connection, kind, entities.get(kind, []))
    links.follow(connection, company)
    for kind in documents.KINDS:
        documents.note(connection, kind, entities.get(kind, []))
    documents.judge(connection)


def _move_cursors(connection: Connection, time: str) -> None:
    cursor = mirror.sane(time)
    Connection.objects.filter(pk=connection.pk).update(
        mirror_cursor=cursor, mirror_read_at=clock.about_now(), documents_cursor=cursor
    )


def _interval(connection: Connection) -> timedelta:
    """How long until the next look. The firms spread over the hour, as each takes a little longer by chance."""
    every = WITH_WEBHOOKS if webhooks_work(connection) else EVERY
    return every * random.uniform(1.0, 1.02)  # noqa: S311 - spreads the firms, guards nothing


def webhooks_work(connection: Connection) -> bool:
    """Whether QuickBooks tells us by itself: a push of ours has echoed, and none since has stayed without an echo.

    Silence proves nothing. A push without an echo counts once a day has passed.
    """
    webhooks.prove(connection)
    connection.refresh_from_db(fields=["webhooks_proven_at"])
    proven = connection.webhooks_proven_at
    if proven is None:
        return False
    unanswered = {"pushed_at__gt": proven + _ECHO_WITHIN, "pushed_at__lt": clock.about_now() - WITH_WEBHOOKS}
    return not any(
        model.objects.filter(connection=connection, **unanswered).exists() for model in documents.KINDS.values()
    )


def _next(connection: Connection, due: datetime, *, after: timedelta) -> None:
    """Look again after so long, unless something has asked for it since this look was begun."""
    Connection.objects.filter(pk=connection.pk, poll_due_at=due).update(poll_due_at=clock.about_now() + after)


def _scheduled(connection: Connection) -> datetime:
    connection.refresh_from_db(fields=["poll_due_at"])
    return connection.poll_due_at or clock.about_now()

"""Claims on accounts: who may send for an account, until when. Knows nothing of QuickBooks.

A claim is one conditional UPDATE that gives the account a fencing number higher than any before. It ends by itself, so
that any worker may take over from one that died; whoever sends checks first that the number is still its own. A claim
that has ended stays ended, even where nobody else has taken the account: what its worker left out for that is due.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection as database
from django.db.models import F, Min
from django.db.models.functions import Greatest

from qbsync import clock
from qbsync.models import AccountSync, Connection
from qbsync.states import Status


@dataclass(frozen=True)
class Claim:
    """Accounts taken at one moment under one number."""

    number: int
    rows: list[AccountSync]


_TAKE = """
    UPDATE qbsync_accountsync SET claim = %(number)s, claimed_until = %(until)s
    WHERE id IN (
        SELECT id FROM qbsync_accountsync
        WHERE connection_id = %(connection)s AND due_at <= %(now)s AND status IN ('syncing', 'synced')
          AND (claimed_until IS NULL OR claimed_until < %(now)s)
          AND (%(only)s::bigint[] IS NULL OR id = ANY(%(only)s))
        ORDER BY status DESC, due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING id
"""  # "syncing" sorts before "synced" in descending order: whoever waits for a link goes first


def take(connection_id: int, *, limit: int, only: Sequence[int] | None = None) -> Claim:
    """Claim up to ``limit`` accounts with work due (of these only, if given); the rows come with what is needed."""
    now = clock.now()
    Connection.objects.filter(pk=connection_id).update(claim_number=F("claim_number") + 1)
    number = Connection.objects.values_list("claim_number", flat=True).get(pk=connection_id)
    with database.cursor() as cursor:
        cursor.execute(
            _TAKE,
            {
                "number": number, "until": _until(now), "connection": connection_id, "now": now, "limit": limit,
                "only": list(only) if only is not None else None,
            },
        )  # fmt: skip
        keys = [key for (key,) in cursor.fetchall()]
    rows = AccountSync.objects.filter(pk__in=keys, claim=number).select_related(
        "account", "connection", "customer", "asked_customer"
    )
    return Claim(number, sorted(rows, key=lambda row: (row.status == Status.SYNCED, row.due_at or now, row.pk)))


# Rows are locked in the order of their keys, as everywhere, so that nobody waits for each other.
_KEEP = """
    WITH mine AS MATERIALIZED (
        SELECT id FROM qbsync_accountsync WHERE id = ANY(%(keys)s) AND claim = %(number)s AND claimed_until > %(now)s
        ORDER BY id FOR NO KEY UPDATE)
    UPDATE qbsync_accountsync AS row SET claimed_until = %(until)s FROM mine WHERE row.id = mine.id
"""


def keep(connection_id: int, rows: Iterable[AccountSync]) -> None:
    """Renew the claims and tell that a worker is at it, so that neither ends while QuickBooks takes its time.

    A claim that has ended is not renewed: something may have been left undone for it since (see :func:`release`).
    """
    now = clock.now()
    by_number: dict[int, list[int]] = {}
    for row in rows:
        by_number.setdefault(row.claim, []).append(row.pk)
    for number, keys in by_number.items():
        with database.cursor() as cursor:
            cursor.execute(_KEEP, {"number": number, "keys": keys, "until": _until(now), "now": now})
    Connection.objects.filter(pk=connection_id).update(working_until=_until(now))


def pause(connection_id: int, seconds: float) -> None:
    """Tell that work goes on after so many seconds, so that the silence until then is not taken for a dead worker."""
    until = clock.now() + timedelta(seconds=seconds)
    Connection.objects.filter(pk=connection_id).update(paused_until=until)


_RELEASE = """
    WITH mine AS MATERIALIZED (
        SELECT id FROM qbsync_accountsync WHERE id = ANY(%(keys)s) AND claim = %(number)s
        ORDER BY id FOR NO KEY UPDATE)
    UPDATE qbsync_accountsync AS row SET
        due_at = CASE WHEN row.due_at IS NOT DISTINCT FROM given.seen AND row.claimed_until > %(now)s
            THEN given.due ELSE row.due_at END,
        claimed_until = NULL
    FROM mine JOIN unnest(%(keys)s::bigint[], %(seen)s::timestamptz[], %(due)s::timestamptz[])
        AS given(id, seen, due) USING (id)
    WHERE row.id = mine.id
"""


def release(claim: Claim, next_due: Mapping[int, datetime | None]) -> None:
    """Give accounts back, by key, with the moment at which work is due again (None: nothing is).

    What fell due after the claim was taken stays due: it was not looked at. That is told by the value, not by the
    time: a change that was being committed bears a time from before the claim. What was claimed stays due as well where
    the claim has ended by now: nothing was linked or sent from that moment on, whatever the worker makes of it.
    """
    seen = {row.pk: row.due_at for row in claim.rows}
    with database.cursor() as cursor:
        cursor.execute(
            _RELEASE,
            {
                "number": claim.number, "keys": list(next_due), "due": list(next_due.values()),
                "seen": [seen[key] for key in next_due], "now": clock.now(),
            },
        )  # fmt: skip


def next_due(connection_id: int, only: Sequence[int] | None = None) -> datetime | None:
    """Return when work is due next on the connection (or for these accounts); None when none is.

    What another worker has claimed is that worker's, and due for others when its claim ends. Whoever asks for certain
    accounts waits for them, and is told when they are due.
    """
    rows = AccountSync.objects.filter(connection_id=connection_id, status__in=[Status.SYNCING, Status.SYNCED])
    if only is not None:
        rows = rows.filter(pk__in=only)
    rows = rows.exclude(due_at=None)
    moment = F("due_at") if only is not None else Greatest("due_at", "claimed_until")
    due: datetime | None = rows.aggregate(due=Min(moment))["due"]
    return due


def held(rows: Iterable[AccountSync]) -> dict[int, AccountSync]:
    """Lock these accounts and return those whose claim is still the one in the row given, by key."""
    given = {row.pk: row.claim for row in rows}
    now = clock.now()
    locked = AccountSync.objects.filter(pk__in=given, claimed_until__gt=now).order_by("pk")
    found = locked.select_for_update(of=("self",)).select_related("account", "connection", "customer", "asked_customer")
    return {row.pk: row for row in found if row.claim == given[row.pk]}


def not_passed_on(rows: Iterable[AccountSync]) -> dict[int, AccountSync]:
    """Lock these accounts and return those that no other worker has claimed since, by their account's key.

    The claim may have ended. Whoever takes an account over looks at what was left of it, and decides from then on.
    """
    given = {row.pk: row for row in rows}
    locked = AccountSync.objects.filter(pk__in=given).order_by("pk").select_for_update(no_key=True)
    return {
        given[pk].account_id: given[pk] for pk, claim in locked.values_list("pk", "claim") if claim == given[pk].claim
    }


def _until(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.SYNC_LEASE_S)

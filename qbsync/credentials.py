"""Gives out access tokens and keeps the stored pair fresh: one caller at a time, and stored before it is used.

No lock and no transaction is held while Intuit is asked. Whoever refreshes holds a lease on the connection's row that
ends by itself; ``token_version`` tells which pair a decision was made on, so that a raced one changes nothing.
Never makes or ends a connection: that is ``qbsync.connecting``.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import transaction
from django.db.models import F, Q, QuerySet

from portal import logs
from qbsync import clock, history
from qbsync.gateway import oauth
from qbsync.gateway.faults import Fault, FaultKind
from qbsync.gateway.limiter import QuotaWait
from qbsync.models import Connection, ConnectionStatus
from qbsync.models.connection import LIVE

logger = logging.getLogger(__name__)

VALID_FOR = timedelta(minutes=5)
"""How long a token that is given out is valid at least, unless it cannot be refreshed just now."""

_LAST_RESORT = timedelta(minutes=1)  # while another caller refreshes, or Intuit is away, a token is good until then
_LEASE = timedelta(seconds=oauth.LONGEST_S + 2)  # for one request; the next one renews it
_WAIT_FOR_ANOTHER_S = 2.0
_RENEWED_EVERY = timedelta(days=7)
_ASKED_EVERY_S = 3600
_LOOK_EVERY_S = 0.05
_STORED = ("firm", "status", "broken_reason", "access_token", "refresh_token", "access_expires_at", "token_version")


@dataclass(frozen=True)
class Token:
    """An access token, and the version of the stored pair that it belongs to."""

    value: str = field(repr=False)
    version: int


class ConnectionBroken(Fault):
    """The connection cannot be used until the owner reconnects; its ``kind`` says why."""


def access_token(connection_id: int, *, refuse: str | None = None) -> Token:
    """Return a token of the connection that is valid for five minutes at least.

    Args:
        connection_id: of a Connection.
        refuse: the value of a token that QuickBooks has answered 401; it is not given out again.

    Raises:
        ConnectionBroken: it is disconnected, or Intuit no longer takes its refresh token (it is BROKEN then).
        QuotaWait: another caller refreshes and takes its time; come again.
        Fault: Intuit does not answer (UNAVAILABLE), or asks to wait.
        RuntimeError: called within a transaction, which would keep the new pair from being stored before it is used.
    """
    logs.add(connection=connection_id)
    waits_until = time.monotonic() + _WAIT_FOR_ANOTHER_S
    enough = VALID_FOR
    while True:
        row = _read(connection_id)
        valid_for = row.access_expires_at - clock.about_now() if row.access_expires_at else timedelta(0)
        if row.access_token == refuse and valid_for > timedelta(0):
            _same_pair(row).update(access_expires_at=clock.about_now())  # nobody is to be given it again
            valid_for = timedelta(0)
        if valid_for >= enough:
            return Token(row.access_token, row.token_version)
        if _take_lease(row):
            try:
                _refresh(row)
                enough = timedelta(microseconds=1)  # Intuit gives no longer one
            except Fault as fault:
                if fault.kind is FaultKind.GRANT_REVOKED or valid_for < _LAST_RESORT:
                    raise
                return Token(row.access_token, row.token_version)
        elif valid_for >= _LAST_RESORT:
            return Token(row.access_token, row.token_version)
        elif time.monotonic() > waits_until:
            raise QuotaWait(_WAIT_FOR_ANOTHER_S)
        else:
            time.sleep(_LOOK_EVERY_S)


def connection_broken(connection_id: int, fault: Fault, *, version: int) -> bool:
    """Mark the connection BROKEN and tell the history; return False where it is not, or no longer, that pair's fault.

    Args:
        fault: what refused the connection; its kind becomes the reason.
        version: of the token that was refused. A pair stored since then has not been refused.
    """
    now = clock.about_now()
    with transaction.atomic():
        rows = Connection.objects.select_for_update().filter(
            pk=connection_id, status=ConnectionStatus.ACTIVE, token_version=version
        )
        connection = rows.first()
        if connection is None:
            return False
        connection.status = ConnectionStatus.BROKEN
        connection.broken_reason = fault.kind
        connection.status_changed_at = now
        connection.refreshing_until = None
        connection.save(update_fields=["status", "broken_reason", "status_changed_at", "refreshing_until"])
        entry = history.of_connection(connection, event="broken", at=now)
        entry.before, entry.reason = ConnectionStatus.ACTIVE, fault.kind
        entry.fault_code, entry.intuit_tid = fault.code, fault.intuit_tid
        entry.save()
    logger.warning("Connection %s is broken: %s", connection_id, fault, extra={"intuit_tid": fault.intuit_tid})
    return True


def unused() -> list[int]:
    """Return the connections whose tokens have not been renewed for a week; each at most once an hour.

    Each refresh begins the refresh token's 100 days anew, so a connection in use never ends by itself. This keeps those
    alive that nobody uses.
    """
    idle_since = clock.about_now() - _RENEWED_EVERY
    found = Connection.objects.filter(status=ConnectionStatus.ACTIVE, access_expires_at__lt=idle_since)
    keys = found.order_by("pk").values_list("pk", flat=True)
    return [pk for pk in keys if cache.add(f"keep-alive:{pk}", 1, timeout=_ASKED_EVERY_S)]


@dataclass(frozen=True)
class Expiry:
    """When the tokens of a grant will have expired, and when its five years end (None where Intuit did not say)."""

    access: datetime
    refresh: datetime
    hard: datetime | None


def expiry(grant: oauth.Grant) -> Expiry:
    """Return when the tokens of a grant that has just come will have expired."""
    now = clock.about_now()
    hard = grant.hard_expires_in_s
    return Expiry(
        access=now + timedelta(seconds=grant.access_expires_in_s),
        refresh=now + timedelta(seconds=grant.refresh_expires_in_s),
        hard=now + timedelta(seconds=hard) if hard is not None else None,
    )


def _read(connection_id: int) -> Connection:
    row = Connection.objects.only(*_STORED).get(pk=connection_id)
    if row.status != ConnectionStatus.ACTIVE:
        raise ConnectionBroken(FaultKind(row.broken_reason or FaultKind.GRANT_REVOKED))
    return row


def _take_lease(row: Connection) -> bool:
    """Whether this caller, and nobody else, is to refresh the pair that it has read."""
    return _lease(row, _same_pair(row).filter(Q(refreshing_until=None) | Q(refreshing_until__lt=clock.now())))


def _lease(row: Connection, free: QuerySet[Connection]) -> bool:
    until = clock.now() + _LEASE
    with transaction.atomic(durable=True):
        taken = free.filter(status=ConnectionStatus.ACTIVE).update(refreshing_until=until)
    row.refreshing_until = until
    return taken == 1


def _refresh(row: Connection) -> None:
    """Replace the stored pair; or leave it to another caller who took over because this one was late."""
    try:
        grant = _ask(row)
    except Fault as fault:
        # Whoever has stored another pair meanwhile has made ours invalid, and nothing is broken.
        if fault.kind is FaultKind.GRANT_REVOKED:
            connection_broken(row.pk, fault, version=row.token_version)
            return
        _held(row).update(refreshing_until=None)
        raise
    if grant is None:
        return
    ends = expiry(grant)
    # It is the same grant: where Intuit does not say when its five years end, what it said before still holds.
    hard = {"hard_expires_at": ends.hard} if ends.hard else {}
    stored = _same_pair(row).update(
        access_token=grant.access_token,
        refresh_token=grant.refresh_token,
        access_expires_at=ends.access,
        refresh_expires_at=ends.refresh,
        token_version=F("token_version") + 1,
        refreshing_until=None,
        **hard,
    )
    if stored:
        _mend(row)
    elif not Connection.objects.filter(pk=row.pk, status__in=LIVE).exists():
        # Disconnected while Intuit was being asked: this pair belongs to nobody.
        oauth.revoke_quietly(grant.refresh_token)


def _mend(row: Connection) -> None:
    """Take back what a caller concluded who took this one for dead, and whose token had been replaced by this one's."""
    now = clock.about_now()
    with transaction.atomic():
        broken = Connection.objects.select_for_update().filter(
            pk=row.pk,
            status=ConnectionStatus.BROKEN,
            broken_reason=FaultKind.GRANT_REVOKED,
            token_version=row.token_version + 1,
        )
        connection = broken.first()
        if connection is not None:
            connection.status, connection.broken_reason = ConnectionStatus.ACTIVE, ""
            connection.status_changed_at = now
            connection.save(update_fields=["status", "broken_reason", "status_changed_at"])
            entry = history.of_connection(connection, event="reconnected", at=now)
            entry.before = ConnectionStatus.BROKEN
            entry.save()


def _ask(row: Connection) -> oauth.Grant | None:
    """Refresh, each request under a lease of its own; None where another caller has taken over meanwhile.

    Where the answer was lost it is asked for once more: Intuit takes the token that it has just replaced for a day.
    """
    oauth.prepare()
    if not _lease(row, _held(row)):
        return None
    try:
        return oauth.refresh(row.refresh_token)
    except Fault as fault:
        if fault.outcome_known:
            raise
    if not _lease(row, _held(row)):
        return None
    logger.warning("The answer to a refresh was lost; asking once more.")
    return oauth.refresh(row.refresh_token)


def _held(row: Connection) -> QuerySet[Connection]:
    return _same_pair(row).filter(refreshing_until=row.refreshing_until)


def _same_pair(row: Connection) -> QuerySet[Connection]:
    return Connection.objects.filter(pk=row.pk, token_version=row.token_version)

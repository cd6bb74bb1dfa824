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

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from qbsync import history
from qbsync.gateway import oauth
from qbsync.gateway.faults import Fault, FaultKind
from qbsync.gateway.limiter import QuotaWait
from qbsync.models import Connection, ConnectionStatus
from qbsync.models.connection import LIVE

logger = logging.getLogger(__name__)

VALID_FOR = timedelta(minutes=5)
"""How long a token that is given out is valid at least, unless it cannot be refreshed just now."""

_LAST_RESORT = timedelta(minutes=1)  # while another caller refreshes, or Intuit is away, a token is good until then
_LEASE = timedelta(seconds=4 * oauth.TIMEOUT_S + 5)  # two tries, each of which may wait for connection and answer
_WAIT_FOR_ANOTHER_S = 2.0
_LOOK_EVERY_S = 0.05
_STORED = ("status", "broken_reason", "access_token", "refresh_token", "access_expires_at", "token_version")


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
    waits_until = time.monotonic() + _WAIT_FOR_ANOTHER_S
    enough = VALID_FOR
    while True:
        row = _read(connection_id)
        valid_for = row.access_expires_at - timezone.now() if row.access_expires_at else timedelta(0)
        if row.access_token == refuse and valid_for > timedelta(0):
            _same_pair(row).update(access_expires_at=timezone.now())  # nobody is to be given it again
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
    now = timezone.now()
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
    logger.warning("Connection %s is broken: %s", connection_id, fault)
    return True


def expiry(grant: oauth.Grant) -> tuple[datetime, datetime]:
    """Return when the access and the refresh token of a grant that has just come will have expired."""
    now = timezone.now()
    return now + timedelta(seconds=grant.access_expires_in_s), now + timedelta(seconds=grant.refresh_expires_in_s)


def _read(connection_id: int) -> Connection:
    row = Connection.objects.only(*_STORED).get(pk=connection_id)
    if row.status != ConnectionStatus.ACTIVE:
        raise ConnectionBroken(FaultKind(row.broken_reason or FaultKind.GRANT_REVOKED))
    return row


def _take_lease(row: Connection) -> bool:
    """Whether this caller, and nobody else, is to refresh the pair that it has read."""
    now = timezone.now()
    with transaction.atomic(durable=True):
        free = Connection.objects.filter(
            Q(refreshing_until=None) | Q(refreshing_until__lt=now),
            pk=row.pk,
            status=ConnectionStatus.ACTIVE,
            token_version=row.token_version,
        )
        return free.update(refreshing_until=now + _LEASE) == 1


def _refresh(row: Connection) -> None:
    """Replace the stored pair. Afterwards the row has another version or another status, whoever made it so."""
    try:
        grant = _ask(row.refresh_token)
    except Fault as fault:
        # Whoever has stored another pair meanwhile has made ours invalid, and nothing is broken.
        if fault.kind is FaultKind.GRANT_REVOKED:
            connection_broken(row.pk, fault, version=row.token_version)
            return
        _same_pair(row).update(refreshing_until=None)
        raise
    access_expires_at, refresh_expires_at = expiry(grant)
    stored = _same_pair(row).update(
        access_token=grant.access_token,
        refresh_token=grant.refresh_token,
        access_expires_at=access_expires_at,
        refresh_expires_at=refresh_expires_at,
        token_version=F("token_version") + 1,
        refreshing_until=None,
    )
    if not stored and not Connection.objects.filter(pk=row.pk, status__in=LIVE).exists():
        # Disconnected while Intuit was being asked: this pair belongs to nobody.
        oauth.revoke_quietly(grant.refresh_token)


def _ask(refresh_token: str) -> oauth.Grant:
    """Refresh; where the answer was lost, ask once more: Intuit takes the token that it has just replaced for a day."""
    try:
        return oauth.refresh(refresh_token)
    except Fault as fault:
        if fault.outcome_known:
            raise
        logger.warning("The answer to a refresh was lost; asking once more.")
        return oauth.refresh(refresh_token)


def _same_pair(row: Connection) -> QuerySet[Connection]:
    return Connection.objects.filter(pk=row.pk, token_version=row.token_version)

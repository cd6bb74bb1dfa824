"""What follows from a fault that concerns the whole connection: when to come back, and what people are told."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.utils import timezone

from qbsync import wake
from qbsync.credentials import ConnectionBroken
from qbsync.gateway.faults import Fault, Retry
from qbsync.gateway.limiter import QuotaWait
from qbsync.metering import Session
from qbsync.models import Connection, ConnectionStatus, SyncRun
from qbsync.services.connections import waiting_failed, waiting_resumed
from qbsync.states import Reason

logger = logging.getLogger(__name__)

_SOONEST, _LATEST = timedelta(seconds=5), timedelta(seconds=60)
_TOLD_AFTER = timedelta(seconds=15)  # a shorter outage is nobody's business


def of_connection(connection: Connection, session: Session, fault: Fault) -> float | None:
    """Take note of the fault; return the seconds after which to try again, or None when a person has to act first."""
    logger.warning("connection=%s %s", connection.pk, fault)
    retry = fault.rule.retry
    if retry == Retry.WAIT_FOR_QUOTA:
        return fault.retry_after_s or _LATEST.total_seconds()
    if retry == Retry.REFRESH_TOKEN and not isinstance(fault, ConnectionBroken):
        return _token_refused(connection, session, fault)
    if retry == Retry.STOP_CONNECTION or isinstance(fault, ConnectionBroken):
        session.broken(fault)
        _tell_stopped(connection, fault)
        return None
    return _outage(connection)


def _token_refused(connection: Connection, session: Session, fault: Fault) -> float | None:
    try:
        session.token_refused(fault)
    except QuotaWait as wait:
        return wait.seconds
    except Fault as trouble:
        if trouble.rule.retry == Retry.REFRESH_TOKEN and not isinstance(trouble, ConnectionBroken):
            return _outage(connection)
        return of_connection(connection, session, trouble)
    return 0.0


def _tell_stopped(connection: Connection, fault: Fault) -> None:
    """What was asked for becomes Failed with the reason; it goes on by itself after a reconnect."""
    connection.refresh_from_db()
    if connection.status != ConnectionStatus.ACTIVE:
        waiting_failed(connection, reason=Reason.CONNECTION, message=fault.rule.sentence)


def _outage(connection: Connection) -> float:
    """QuickBooks does not answer: remember since when, tell after a while, and try again ever less often."""
    now = timezone.now()
    Connection.objects.filter(pk=connection.pk, outage_since=None).update(outage_since=now)
    connection.refresh_from_db(fields=["outage_since"])
    lasted = now - (connection.outage_since or now)
    if lasted >= _TOLD_AFTER:
        waiting_failed(connection, reason=Reason.UNAVAILABLE, message="")
    return max(_SOONEST, min(lasted, _LATEST)).total_seconds()


def over(connection: Connection) -> None:
    """QuickBooks has answered: what failed because it did not goes on by itself.

    Rows are looked for even where no outage is known: another worker may have failed them after the last one ended.
    """
    resumed = waiting_resumed(connection)
    if connection.outage_since is not None:
        Connection.objects.filter(pk=connection.pk).update(outage_since=None)
    if resumed or connection.outage_since is not None:
        wake.in_background(connection.pk)


def run_over(connection: Connection) -> None:
    """Nothing is due any more: end the run that is open."""
    SyncRun.objects.filter(connection=connection, ended_at=None).update(ended_at=timezone.now())

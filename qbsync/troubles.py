"""What follows from a fault that concerns the whole connection: when to come back, and what people are told."""

from __future__ import annotations

import logging
from datetime import timedelta

from qbsync import claims, clock, wake
from qbsync.credentials import ConnectionBroken
from qbsync.gateway.faults import Fault, FaultKind, Retry
from qbsync.gateway.limiter import QuotaWait
from qbsync.health import READS_USED_UP_AFTER, TOLD_AFTER, explain_trouble
from qbsync.metering import Session
from qbsync.models import Connection, ConnectionStatus, SyncRun
from qbsync.services.connections import waiting_failed, waiting_resumed
from qbsync.states import Reason

logger = logging.getLogger(__name__)

_SOONEST, _LATEST = timedelta(seconds=5), timedelta(seconds=60)
_NEARLY_S = 1.0  # a message that comes this much too early is let through: processes do not tell time alike
_RESTS = {FaultKind.COMPANY_SUSPENDED: timedelta(hours=6), FaultKind.THROTTLED: timedelta(hours=1)}


def of_connection(connection: Connection, session: Session, fault: Fault) -> float | None:
    """Take note of the fault; return the seconds after which to try again, or None when a person has to act first."""
    logger.warning("QuickBooks refused: %s", fault, extra={"intuit_tid": fault.intuit_tid})
    retry = fault.rule.retry
    if retry == Retry.WAIT_FOR_QUOTA:
        return _throttled(connection, fault)
    if retry == Retry.REFRESH_TOKEN and not isinstance(fault, ConnectionBroken):
        return _token_refused(connection, session, fault)
    if retry == Retry.STOP_CONNECTION or isinstance(fault, ConnectionBroken):
        session.broken(fault)
        _tell_stopped(connection, fault)
        return None
    if retry == Retry.TRY_RARELY:
        _begin(connection, fault.kind)
        _rest(connection)
        return None
    return _outage(connection, fault)


def _token_refused(connection: Connection, session: Session, fault: Fault) -> float | None:
    try:
        session.token_refused(fault)
    except QuotaWait as wait:
        return wait.seconds
    except Fault as trouble:
        if trouble.rule.retry == Retry.REFRESH_TOKEN and not isinstance(trouble, ConnectionBroken):
            return _outage(connection, trouble)
        return of_connection(connection, session, trouble)
    return 0.0


def _tell_stopped(connection: Connection, fault: Fault) -> None:
    """What was asked for becomes Failed with the reason; it goes on by itself after a reconnect."""
    connection.refresh_from_db()
    if connection.status != ConnectionStatus.ACTIVE:
        rule = fault.rule
        waiting_failed(connection, reason=Reason.CONNECTION, message=rule.sentence, remedy=rule.remedy)


def rests(connection: Connection) -> bool:
    """Whether QuickBooks is left alone for now; what was asked for meanwhile becomes Failed with the reason."""
    if connection.rests_until is None or connection.rests_until <= clock.about_now():
        return False
    _tell_trouble(connection)
    return True


def pause_left(connection: Connection) -> float | None:
    """Return the seconds for which QuickBooks, which does not answer, is asked nothing unasked; None where it may be.

    Messages come for many reasons while it is away; the first of them after the pause tries for all.
    """
    until = connection.paused_until if connection.outage_since else None
    left = (until - clock.about_now()).total_seconds() if until else 0.0
    return left if left > _NEARLY_S else None


def _begin(connection: Connection, kind: FaultKind) -> timedelta:
    """Note what the trouble is; return how long it has lasted, whatever kind it was at first."""
    now = clock.about_now()
    Connection.objects.filter(pk=connection.pk, outage_since=None).update(outage_since=now)
    Connection.objects.filter(pk=connection.pk).update(trouble=kind)
    connection.refresh_from_db(fields=["outage_since", "trouble"])
    return now - (connection.outage_since or now)


def _outage(connection: Connection, fault: Fault) -> float:
    """QuickBooks does not answer: remember since when, tell after a while, and try again ever less often."""
    lasted = _begin(connection, fault.kind)
    if lasted >= TOLD_AFTER:
        _tell_trouble(connection)
    seconds = max(_SOONEST, min(lasted, _LATEST)).total_seconds()
    claims.pause(connection.pk, seconds)
    return seconds


def _throttled(connection: Connection, fault: Fault) -> float | None:
    """QuickBooks asks to wait; where it goes on to, the month's reads are used up, and it is asked once an hour."""
    if connection.trouble not in ("", FaultKind.THROTTLED):
        Connection.objects.filter(pk=connection.pk).update(outage_since=None)
    if _begin(connection, FaultKind.THROTTLED) >= READS_USED_UP_AFTER:
        _rest(connection)
        return None
    seconds = fault.retry_after_s or _LATEST.total_seconds()
    claims.pause(connection.pk, seconds)
    return seconds


def _rest(connection: Connection) -> None:
    """Leave QuickBooks alone for some hours: only time, or a person there, ends this trouble."""
    connection.rests_until = clock.about_now() + _RESTS[FaultKind(connection.trouble)]
    Connection.objects.filter(pk=connection.pk).update(rests_until=connection.rests_until)
    _tell_trouble(connection)
    run_over(connection)


def _tell_trouble(connection: Connection) -> None:
    """What was asked for becomes Failed with the reason; it goes on by itself when the trouble is over."""
    if connection.trouble == FaultKind.UNAVAILABLE:
        waiting_failed(connection, reason=Reason.UNAVAILABLE)
    else:
        sentence, remedy = explain_trouble(connection.trouble)
        waiting_failed(connection, reason=Reason.CONNECTION, message=sentence, remedy=remedy)


def over(connection: Connection) -> None:
    """QuickBooks has answered: what failed because it did not goes on by itself.

    Rows are looked for even where no outage is known: another worker may have failed them after the last one ended.
    """
    resumed = waiting_resumed(connection)
    if connection.outage_since is not None:
        Connection.objects.filter(pk=connection.pk).update(
            outage_since=None, trouble="", rests_until=None, paused_until=None
        )
    if resumed or connection.outage_since is not None:
        wake.in_background(connection.pk)


def run_over(connection: Connection) -> None:
    """Nothing is due any more: end the run that is open."""
    SyncRun.objects.filter(connection=connection, ended_at=None).update(ended_at=clock.about_now())

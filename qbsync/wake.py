"""Wakes the workers: puts a message on a queue once the transaction has committed.

A message is only a hint. What is due stands in the database, and the sweep finds what no message told of. A background
message that was not picked up SYNC_LEASE_S after it was to come counts as lost. The tasks are named, not imported: they
import what wakes them. A broker that has not answered a moment ago is sent nothing: a person may be waiting.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from portal import circuit
from portal.celery import app
from qbsync import clock
from qbsync.models import Connection

logger = logging.getLogger(__name__)

_AS_GOOD_S = 1.0  # a message that comes this much later than another one would: processes do not tell time alike
_NOT_AFTER = "not_after"
_LONGEST_S = 300.0  # well below the broker's visibility time-out, after which it would deliver the message twice


def for_person(account_sync_id: int) -> None:
    """Have the account synced now, on the queue of people's requests."""
    _send("sync_requested", account_sync_id)


def to_reconcile(reconciliation_id: int, *, is_awaited: bool = False) -> None:
    """Have a comparison done; one that somebody waits for goes on the queue of people's requests."""
    _send("reconcile", reconciliation_id, queue="people" if is_awaited else "background")


def to_validate(validation_id: int) -> None:
    """Have all links of a connection validated, on the queue of people's requests: somebody waits for it."""
    _send("validate_links", validation_id, queue="people")


def in_background(connection_id: int, *, after_s: float = 0) -> bool:
    """Have the connection's due work done; nothing is sent while a message that comes no later is on its way.

    A message for much later never holds up what has become due meanwhile. When it comes it finds nothing to do.

    Returns:
        whether a message is sent.
    """
    now = clock.about_now()
    after_s = min(after_s, _LONGEST_S)
    comes = now + timedelta(seconds=after_s)
    lost = Q(queued_at__lt=now - timedelta(seconds=settings.SYNC_LEASE_S))
    free = Connection.objects.filter(
        Q(queued_at=None) | Q(queued_at__gt=comes + timedelta(seconds=_AS_GOOD_S)) | lost,
        pk=connection_id,
        set_up_at__isnull=False,
    )
    if not free.update(queued_at=comes):
        return False
    _send("sync_connection", connection_id, countdown=after_s)
    return True


def poll(connection_id: int, *, at_once: bool = False, after_s: float = 0) -> None:
    """Have it looked what changed in QuickBooks; ``at_once`` where something is known to have, on the queue of people.

    A message that nobody takes is dropped: the sweep sends another one while it is due.
    """
    queue = "people" if at_once else "background"
    _send("poll_changes", connection_id, queue=queue, countdown=after_s, headers=not_after(after_s + 60))


def not_after(seconds: float) -> dict[str, str]:
    """Return the headers of a message that is dropped where nobody has taken it within so many seconds.

    That is judged by the clock that all share. Celery's own ``expires`` is written by one host's clock and read by
    another's: what a slow one sends, a fast one would always drop.
    """
    return {_NOT_AFTER: (clock.about_now() + timedelta(seconds=seconds)).isoformat()}


def is_late(request: Any) -> bool:
    """Whether nobody has taken the message of this task's request in time."""
    until = request.get(_NOT_AFTER)
    return until is not None and clock.now() > datetime.fromisoformat(until)


def _send(task: str, key: int, **options: Any) -> None:
    def send() -> None:
        if circuit.of(settings.REDIS_URL).is_open:
            logger.warning("The broker does not answer; the sweep finds what is due: %s", task)
            return
        app.send_task(f"qbsync.tasks.{task}", (key,), **options)

    transaction.on_commit(send, robust=True)

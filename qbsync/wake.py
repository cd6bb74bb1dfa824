"""Wakes the workers: puts a message on a queue once the transaction has committed.

A message is only a hint. What is due stands in the database, and the sweep finds what no message told of. The tasks are
named, not imported: they import what wakes them.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.celery import app
from qbsync.models import Connection

# A background message that was not picked up within this time counts as lost.
_LOST_AFTER = timedelta(seconds=60)


def for_person(account_sync_id: int) -> None:
    """Have the account synced now, on the queue of people's requests."""
    transaction.on_commit(lambda: app.send_task("qbsync.tasks.sync_requested", (account_sync_id,)), robust=True)


def in_background(connection_id: int, *, after_s: float = 0) -> None:
    """Have the connection's due work done; however often it is called, one message is on its way at a time."""
    now = timezone.now()
    free = Connection.objects.filter(
        Q(queued_at=None) | Q(queued_at__lt=now - _LOST_AFTER), pk=connection_id, set_up_at__isnull=False
    )
    if free.update(queued_at=now + timedelta(seconds=after_s)):
        transaction.on_commit(
            lambda: app.send_task("qbsync.tasks.sync_connection", (connection_id,), countdown=after_s), robust=True
        )

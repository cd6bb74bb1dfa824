"""Wakes the workers: puts a message on a queue once the transaction has committed.

A message is only a hint. What is due stands in the database, and the sweep finds what no message told of. A background
message that was not picked up SYNC_LEASE_S after it was to come counts as lost. The tasks are named, not imported: they
import what wakes them.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.celery import app
from qbsync.models import Connection

_LONGEST_S = 300.0  # well below the broker's visibility time-out, after which it would deliver the message twice


def for_person(account_sync_id: int) -> None:
    """Have the account synced now, on the queue of people's requests."""
    transaction.on_commit(lambda: app.send_task("qbsync.tasks.sync_requested", (account_sync_id,)), robust=True)


def to_reconcile(reconciliation_id: int, *, is_awaited: bool = False) -> None:
    """Have a comparison done; one that somebody waits for goes on the queue of people's requests."""
    queue = "people" if is_awaited else "background"
    transaction.on_commit(
        lambda: app.send_task("qbsync.tasks.reconcile", (reconciliation_id,), queue=queue), robust=True
    )


def to_validate(validation_id: int) -> None:
    """Have all links of a connection validated, on the queue of people's requests: somebody waits for it."""
    transaction.on_commit(
        lambda: app.send_task("qbsync.tasks.validate_links", (validation_id,), queue="people"), robust=True
    )


def in_background(connection_id: int, *, after_s: float = 0) -> None:
    """Have the connection's due work done; nothing is sent while a message that comes no later is on its way.

    A message for much later never holds up what has become due meanwhile. When it comes it finds nothing to do.
    """
    now = timezone.now()
    after_s = min(after_s, _LONGEST_S)
    comes = now + timedelta(seconds=after_s)
    lost = Q(queued_at__lt=now - timedelta(seconds=settings.SYNC_LEASE_S))
    free = Connection.objects.filter(
        Q(queued_at=None) | Q(queued_at__gt=comes) | lost, pk=connection_id, set_up_at__isnull=False
    )
    if free.update(queued_at=comes):
        transaction.on_commit(
            lambda: app.send_task("qbsync.tasks.sync_connection", (connection_id,), countdown=after_s), robust=True
        )


def poll(connection_id: int, *, at_once: bool = False, after_s: float = 0) -> None:
    """Have it looked what changed in QuickBooks; ``at_once`` where something is known to have, on the queue of people.

    A message that nobody takes is dropped: the sweep sends another one while it is due.
    """
    queue = "people" if at_once else "background"
    transaction.on_commit(
        lambda: app.send_task(
            "qbsync.tasks.poll_changes", (connection_id,), queue=queue, countdown=after_s, expires=after_s + 60
        ),
        robust=True,
    )

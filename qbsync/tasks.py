"""The Celery tasks: thin, ids only. What is due stands in the database, so each may run twice or be lost."""

from celery import shared_task
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from qbsync import engine, wake
from qbsync.gateway.limiter import Priority
from qbsync.models import AccountSync, Connection, ConnectionStatus
from qbsync.states import WAITING_REASONS, Status

_PATIENCE_S = 60.0  # nobody waits longer than that before the screen


@shared_task
def sync_requested(account_sync_id: int) -> None:
    """Do what a person asked for on one account, on the queue that is kept free for people."""
    row = AccountSync.objects.filter(pk=account_sync_id).first()
    if row is None:
        return
    again = engine.run(row.connection_id, priority=Priority.PEOPLE, only=[row.pk])
    if again is None:
        return
    if again > _PATIENCE_S:
        wake.in_background(row.connection_id, after_s=again)
    else:
        sync_requested.apply_async((account_sync_id,), countdown=max(again, 1.0))


@shared_task
def sync_connection(connection_id: int) -> None:
    """Do a slice of what is due on a connection, and have the next slice done after everybody else's."""
    Connection.objects.filter(pk=connection_id, queued_at__lte=timezone.now()).update(queued_at=None)
    again = engine.run(connection_id, priority=Priority.BACKGROUND)
    if again is not None:
        wake.in_background(connection_id, after_s=again)


@shared_task
def sweep() -> None:
    """Wake the workers for connections with work due that nobody is at: its message was lost, or its worker died."""
    now = timezone.now()
    due = AccountSync.objects.filter(
        connection=OuterRef("pk"), due_at__lte=now, status__in=[Status.SYNCING, Status.SYNCED]
    )
    failed = AccountSync.objects.filter(connection=OuterRef("pk"), status=Status.FAILED, reason__in=WAITING_REASONS)
    idle = Connection.objects.filter(
        Q(working_until=None) | Q(working_until__lt=now), status=ConnectionStatus.ACTIVE, set_up_at__isnull=False
    )
    for pk in idle.filter(Q(Exists(due)) | Q(Exists(failed)) | Q(outage_since__isnull=False)).values_list(
        "pk", flat=True
    ):
        wake.in_background(pk)

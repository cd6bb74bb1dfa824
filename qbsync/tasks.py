"""The Celery tasks: thin, ids only. What is due stands in the database, so each may run twice or be lost."""

import contextlib
import logging

from celery import Task, shared_task
from django.db.models import Exists, OuterRef, Q

from qbsync import clock, credentials, engine, housekeeping, restoring, wake
from qbsync.changes import poll, validating
from qbsync.digest import schedule
from qbsync.digest.sending import digest_send
from qbsync.gateway.faults import Fault
from qbsync.gateway.limiter import Priority, QuotaWait
from qbsync.models import AccountSync, Connection, ConnectionStatus
from qbsync.reconciliation import reconciling
from qbsync.services.reconciliations import reconciliations_wake
from qbsync.services.validations import validations_wake
from qbsync.states import WAITING_REASONS, Status

logger = logging.getLogger(__name__)

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
    Connection.objects.filter(pk=connection_id, queued_at__lte=clock.now()).update(queued_at=None)
    again = engine.run(connection_id, priority=Priority.BACKGROUND)
    if again is not None:
        wake.in_background(connection_id, after_s=again)


@shared_task(bind=True)
def poll_changes(self: Task, connection_id: int) -> None:
    """Look what changed in QuickBooks, on the queue that the message came by."""
    if wake.is_late(self.request):
        return
    queue = (self.request.delivery_info or {}).get("routing_key") or "background"
    again = poll.run(connection_id, priority=Priority.PEOPLE if queue == "people" else Priority.BACKGROUND)
    if again is not None:
        wait = min(max(again, 1.0), _PATIENCE_S)
        self.apply_async((connection_id,), countdown=wait, queue=queue, headers=wake.not_after(120))


@shared_task
def keep_alive(connection_id: int) -> None:
    """Renew the tokens of a connection that nobody uses, so that it does not end for that."""
    with contextlib.suppress(Fault, QuotaWait):  # it is tried again, or is broken now, and that is told
        credentials.access_token(connection_id)


@shared_task
def send_digests() -> None:
    """Have the digests sent whose time has come, each by a task of its own."""
    for membership_id in schedule.due():
        send_digest.delay(membership_id)


@shared_task
def send_digest(membership_id: int) -> None:
    """Send a person's digest of the day, if that was not done."""
    digest_send(membership_id)


@shared_task
def forget() -> None:
    """Forget what nobody needs any more; what a task that was ended has left is for the next day's."""
    gone = housekeeping.forget()
    logger.info("Forgot %s", ", ".join(f"{count} {kind}" for kind, count in gone.items()))


@shared_task
def reconcile(reconciliation_id: int) -> None:
    """Compare the two sides of an account or a firm; where QuickBooks makes us wait, go on later."""
    again = reconciling.run(reconciliation_id)
    if again is not None:
        reconcile.apply_async((reconciliation_id,), countdown=min(max(again, 1.0), _PATIENCE_S))


@shared_task
def validate_links(validation_id: int) -> None:
    """Ask for all linked customers of a connection; where QuickBooks makes us wait, go on later."""
    again = validating.run(validation_id)
    if again is not None:
        validate_links.apply_async((validation_id,), countdown=min(max(again, 1.0), _PATIENCE_S), queue="people")


@shared_task
def sweep() -> None:
    """Wake the workers for connections with work due that nobody is at: its message was lost, or its worker died."""
    restoring.notice()
    now = clock.about_now()
    due = AccountSync.objects.filter(
        connection=OuterRef("pk"), due_at__lte=now, status__in=[Status.SYNCING, Status.SYNCED]
    )
    failed = AccountSync.objects.filter(connection=OuterRef("pk"), status=Status.FAILED, reason__in=WAITING_REASONS)
    idle = Connection.objects.filter(
        Q(working_until=None) | Q(working_until__lt=now),
        Q(rests_until=None) | Q(rests_until__lte=now),
        Q(outage_since=None) | Q(paused_until=None) | Q(paused_until__lte=now),
        status=ConnectionStatus.ACTIVE,
        set_up_at__isnull=False,
    )
    wanted = Q(Exists(due)) | Q(Exists(failed)) | Q(outage_since__isnull=False) | Q(restored_to__isnull=False)
    for pk in idle.filter(wanted).values_list("pk", flat=True):
        wake.in_background(pk)
    for pk in credentials.unused():
        keep_alive.delay(pk)
    reconciliations_wake()
    validations_wake()
    poll.sweep()

"""What people settle about a connection, and what follows when it ends or comes back."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone

from portal.models import User
from qbsync import history, wake
from qbsync.models import AccountSync, Connection, Scope
from qbsync.services.scope import enrol
from qbsync.services.transitions import Transition, apply, lock
from qbsync.states import WAITING_REASONS, Ask, Event, Reason, Status


def connection_set_up(
    *,
    connection: Connection,
    by: User,
    scope: str,
    sync_date: date | None,
    income_account: tuple[str, str],
    service_item: tuple[str, str],
    sync_manual_payments: bool,
) -> None:
    """Finish the four steps: keep the choices, turn the accounts in scope to Syncing, and start the first sync.

    Args:
        scope: a value of ``Scope``.
        sync_date: documents dated before it are not sent; None sends all.
        income_account: QuickBooks' id and name of the account that income is booked to.
        service_item: id and name of the product or service that invoice lines refer to.
        sync_manual_payments: whether payments typed in are sent unless unticked.
    """
    with transaction.atomic():
        connection.scope, connection.sync_date = Scope(scope), sync_date
        connection.income_account_id, connection.income_account_name = income_account
        connection.service_item_id, connection.service_item_name = service_item
        connection.sync_manual_payments = sync_manual_payments
        connection.set_up_at = timezone.now()
        connection.save(
            update_fields=[
                "scope", "sync_date", "income_account_id", "income_account_name", "service_item_id",
                "service_item_name", "sync_manual_payments", "set_up_at",
            ]
        )  # fmt: skip
        history.of_connection(connection, event="set_up", at=connection.set_up_at, by=by).save()
        enrol(connection)
        wake.in_background(connection.pk)


def connection_settings_update(
    *, connection: Connection, by: User, scope: str, sync_date: date | None, sync_manual_payments: bool
) -> None:
    """Change which accounts and documents are synced. Leaving the scope unlinks nothing; Skipped stays Skipped."""
    with transaction.atomic():
        connection.scope, connection.sync_date = Scope(scope), sync_date
        connection.sync_manual_payments = sync_manual_payments
        connection.save(update_fields=["scope", "sync_date", "sync_manual_payments"])
        history.of_connection(
            connection, event="settings", at=timezone.now(), by=by,
            scope=scope, sync_date=str(sync_date or ""),
        ).save()  # fmt: skip
        enrol(connection)
        AccountSync.objects.filter(connection=connection, status=Status.SYNCED).update(due_at=timezone.now())
        wake.in_background(connection.pk)


def connection_resumed(connection: Connection, by: User | None) -> None:
    """Go on where the connection ended: what failed for it, or was waiting, is taken up again by itself."""
    with transaction.atomic():
        history.of_connection(connection, event="resumed", at=timezone.now(), by=by).save()
        waiting_resumed(connection)
        AccountSync.objects.filter(connection=connection, status=Status.SYNCED).update(due_at=timezone.now())
        if connection.set_up_at:
            enrol(connection)
        wake.in_background(connection.pk)


def waiting_failed(connection: Connection, *, reason: Reason, message: str) -> int:
    """Turn what is Syncing to Failed because QuickBooks cannot be reached; it goes on by itself later.

    Synced rows stay Synced: the banner tells. Returns how many rows changed.
    """
    with transaction.atomic():
        rows = lock(AccountSync.objects.filter(connection=connection, status=Status.SYNCING))
        detail = {"message": message}
        return len(apply([Transition(r, Event.REFUSED, reason=reason, detail=detail) for r in rows.values()]))


def waiting_resumed(connection: Connection) -> int:
    """Turn what failed because QuickBooks could not be reached to Syncing again; return how many rows changed."""
    with transaction.atomic():
        failed = AccountSync.objects.filter(connection=connection, status=Status.FAILED, reason__in=WAITING_REASONS)
        rows = [row for row in lock(failed).values() if row.reason in WAITING_REASONS]
        return len(
            apply(
                [
                    Transition(r, Event.JUDGED_AGAIN, ask=Ask(r.ask) or Ask.MATCH, customer=r.asked_customer)
                    for r in rows
                ]
            )
        )

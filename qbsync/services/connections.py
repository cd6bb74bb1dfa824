"""What people settle about a connection, and what follows when it ends or comes back."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from accounts.models import Invoice
from portal.models import User
from qbsync import clock, history, wake
from qbsync.models import AccountSync, Connection, Scope
from qbsync.services.refusal import Refused
from qbsync.services.retries import documents_retry
from qbsync.services.scope import enrol
from qbsync.services.transitions import Transition, apply, lock
from qbsync.states import WAITING_REASONS, Ask, DocumentReason, Event, Reason, Status


def connection_set_up(
    *,
    connection: Connection,
    by: User,
    scope: str,
    sync_date: date | None,
    income_account: tuple[str, str],
    service_item: tuple[str, str],
    sync_manual_payments: bool,
    taxable_code: tuple[str, str] = ("", ""),
    exempt_code: tuple[str, str] = ("", ""),
) -> None:
    """Finish the four steps: keep the choices, turn the accounts in scope to Syncing, and start the first sync.

    Args:
        scope: a value of ``Scope``.
        sync_date: documents dated before it are not sent; None sends all.
        income_account: QuickBooks' id and name of the account that income is booked to.
        service_item: id and name of the product or service that invoice lines refer to.
        sync_manual_payments: whether payments typed in are sent unless unticked.
        taxable_code, exempt_code: id and name of the tax codes for lines, where the company asks for them.
    """
    with transaction.atomic():
        connection.scope, connection.sync_date = Scope(scope), sync_date
        connection.income_account_id, connection.income_account_name = income_account
        connection.service_item_id, connection.service_item_name = service_item
        connection.sync_manual_payments = sync_manual_payments
        connection.taxable_code_id, connection.taxable_code_name = taxable_code
        connection.exempt_code_id, connection.exempt_code_name = exempt_code
        connection.set_up_at = clock.about_now()
        connection.save(
            update_fields=[
                "scope", "sync_date", "income_account_id", "income_account_name", "service_item_id",
                "service_item_name", "sync_manual_payments", "set_up_at", "taxable_code_id", "taxable_code_name",
                "exempt_code_id", "exempt_code_name",
            ]
        )  # fmt: skip
        history.of_connection(connection, event="set_up", at=connection.set_up_at, by=by).save()
        enrol(connection, by=by)
        wake.in_background(connection.pk)


def connection_settings_update(
    *,
    connection: Connection,
    by: User,
    scope: str,
    sync_date: date | None,
    sync_manual_payments: bool,
    expected: tuple[str, date | None],
    taxable_code: tuple[str, str] | None = None,
    exempt_code: tuple[str, str] | None = None,
) -> None:
    """Change which accounts and documents are synced. Leaving the scope unlinks nothing; Skipped stays Skipped.

    Args:
        expected: scope and sync date as the person saw them before the change.
        taxable_code, exempt_code: QuickBooks' id and name of the tax code for lines that are taxable, and for the
            others; None leaves it. Invoices that failed for want of one are taken up again.

    Raises:
        Refused: somebody has changed scope or sync date meanwhile.
    """
    with transaction.atomic():
        now = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        if (now.scope, now.sync_date) != expected:
            raise Refused("These settings were changed meanwhile. Look at what follows now, and save again.")
        connection.scope, connection.sync_date = Scope(scope), sync_date
        connection.sync_manual_payments = sync_manual_payments
        if taxable_code is not None:
            connection.taxable_code_id, connection.taxable_code_name = taxable_code
        if exempt_code is not None:
            connection.exempt_code_id, connection.exempt_code_name = exempt_code
        connection.save(
            update_fields=[
                "scope", "sync_date", "sync_manual_payments", "taxable_code_id", "taxable_code_name",
                "exempt_code_id", "exempt_code_name",
            ]
        )  # fmt: skip
        if (taxable_code or exempt_code) and connection.is_ready:
            waiting = Invoice.objects.filter(
                quickbooks__connection=connection, quickbooks__reason=DocumentReason.TAX_CODE_MISSING
            )
            documents_retry(connection=connection, documents=waiting, by=by)
        history.of_connection(
            connection, event="settings", at=clock.about_now(), by=by,
            scope=scope, sync_date=str(sync_date or ""),
        ).save()  # fmt: skip
        enrol(connection, by=by)
        AccountSync.objects.filter(connection=connection, status=Status.SYNCED).update(due_at=clock.about_now())
        wake.in_background(connection.pk)


def connection_resumed(connection: Connection, by: User | None) -> None:
    """Go on where the connection ended: what failed for it, or was waiting, is taken up again by itself."""
    with transaction.atomic():
        history.of_connection(connection, event="resumed", at=clock.about_now(), by=by).save()
        waiting_resumed(connection)
        AccountSync.objects.filter(connection=connection, status=Status.SYNCED).update(due_at=clock.about_now())
        if connection.set_up_at:
            enrol(connection, by=by)
        wake.in_background(connection.pk)


def connection_try_again(connection: Connection) -> None:
    """Have QuickBooks asked now, although it was to be left alone for some time yet."""
    Connection.objects.filter(pk=connection.pk).update(rests_until=None)
    wake.in_background(connection.pk)


def waiting_failed(connection: Connection, *, reason: Reason, message: str = "", remedy: str = "") -> int:
    """Turn what is Syncing to Failed because QuickBooks cannot be reached; it goes on by itself later.

    Synced rows stay Synced: the banner tells. Returns how many rows changed.
    """
    with transaction.atomic():
        rows = lock(AccountSync.objects.filter(connection=connection, status=Status.SYNCING))
        detail = {"message": message, "remedy": remedy}
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

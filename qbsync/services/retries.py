"""Asks for everything that failed for one cause to be tried again, in as many statements for 500 rows as for one.

Each account or document is asked for as its own button does it, with its line in the history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Account, Invoice
from portal.models import User
from qbsync import clock, wake
from qbsync.bulk import update_rows
from qbsync.models import AccountSync, Connection, HistoryEntry, InvoiceSync, PaymentSync
from qbsync.services.documents import accept, ask, is_drifted
from qbsync.services.refusal import Refused
from qbsync.services.transitions import Transition, apply, lock
from qbsync.states import NAME_REASONS, Ask, DocumentReason, DocumentStatus, Event, Reason, Status

RETRIED_REASONS = NAME_REASONS | {Reason.CUSTOMER_GONE, Reason.REFUSED}
"""Failures of accounts that a retry may end. Others end by themselves, or wait for a person's choice of a customer."""

_AT_ONCE = 500
_WRITTEN = (
    "status", "reason", "detail", "changed_at", "asked", "settled_revision", "pushed_revision", "next_try_at",
    "attempts", "sync_token", "qbo_number", "qbo_customer_id", "seen", "theirs", "theirs_is_news",
)  # fmt: skip


def is_retried(kind: str, reason: str) -> bool:
    """Return whether a failure of this reason may be retried together with others; ``kind`` as ``errors.KINDS``."""
    if kind == "accounts":
        return reason in RETRIED_REASONS
    return reason not in (DocumentReason.VOIDED_THERE, DocumentReason.INVOICE_BEFORE_SYNC_DATE)


def accounts_retry(*, connection: Connection, accounts: QuerySet[Account], by: User) -> int:
    """Ask for these accounts to be synced again; those that are no longer Failed are left alone.

    Returns:
        how many turned to Syncing.

    Raises:
        Refused: the connection cannot be used now.
    """
    _refuse_unless_ready(connection)
    keys = list(accounts.order_by("pk").values_list("quickbooks__pk", flat=True))
    moved = 0
    for chunk in _chunks(keys):
        with transaction.atomic():
            rows = lock(AccountSync.objects.filter(pk__in=chunk, connection=connection)).values()
            failed = [row for row in rows if row.status == Status.FAILED and row.reason in RETRIED_REASONS]
            moved += len(apply([Transition(row, Event.ASKED, by=by, ask=_what(row)) for row in failed]))
    if moved:
        wake.in_background(connection.pk)
    return moved


def documents_retry(*, connection: Connection, documents: QuerySet[Any], by: User) -> int:
    """Have these invoices or payments (of one model) sent again; those that have not failed are left alone.

    Returns:
        how many are due now.

    Raises:
        Refused: the connection cannot be used now.
    """
    _refuse_unless_ready(connection)

    def asked(row: Any) -> bool:
        if row.reason == DocumentReason.VOIDED_THERE:
            return False
        ask(row, row.document)
        return True

    moved = _in_chunks(connection, documents, by, asked, "asked")
    if moved:
        wake.in_background(connection.pk)
    return moved


def documents_accept(*, connection: Connection, documents: QuerySet[Any], by: User) -> int:
    """Accept what QuickBooks has of these drifted invoices or payments (of one model), as ``document_accept`` does.

    Returns:
        how many were accepted.

    Raises:
        Refused: the connection cannot be used now.
    """
    _refuse_unless_ready(connection)

    def accepted(row: Any) -> bool:
        if not is_drifted(row):
            return False
        accept(row)
        return True

    return _in_chunks(connection, documents, by, accepted, "accepted")


def _in_chunks(
    connection: Connection, documents: QuerySet[Any], by: User, change: Callable[[Any], bool], event: str
) -> int:
    model: Any = InvoiceSync if documents.model is Invoice else PaymentSync
    keys = list(documents.order_by("account", "pk").values_list("quickbooks__pk", flat=True))
    return sum(_change(connection, model, chunk, by, change, event) for chunk in _chunks(keys))


def _change(
    connection: Connection, model: Any, keys: Sequence[int], by: User, change: Callable[[Any], bool], event: str
) -> int:
    """Change those of the failed documents that are still to be changed; ``change`` says whether it did."""
    now = clock.about_now()
    with transaction.atomic():
        # The accounts' rows are locked before their documents' rows, as everywhere.
        linked = AccountSync.objects.filter(
            connection=connection,
            customer__isnull=False,
            status__in=[Status.SYNCED, Status.SYNCING],
            account__in=model.objects.filter(pk__in=keys).values("account"),
        )
        locked = linked.order_by("pk").select_for_update(no_key=True, of=("self",))
        accounts: dict[int, int] = dict(locked.values_list("account", "pk"))
        failed = model.objects.filter(pk__in=keys, account__in=accounts, status=DocumentStatus.FAILED)
        found = failed.order_by("pk").select_for_update(of=("self",)).select_related("document")
        rows = [row for row in found if change(row)]
        for row in rows:
            row.changed_at = now
        update_rows(rows, _WRITTEN)
        HistoryEntry.objects.bulk_create(_entry(connection, row, by, event) for row in rows)
        AccountSync.objects.filter(pk__in={accounts[row.account_id] for row in rows}).update(due_at=now)
    return len(rows)


def _entry(connection: Connection, row: Any, by: User, event: str) -> HistoryEntry:
    return HistoryEntry(
        firm_id=connection.firm_id,
        account_id=row.account_id,
        at=row.changed_at,
        actor=by,
        kind=HistoryEntry.Kind.INVOICE if isinstance(row, InvoiceSync) else HistoryEntry.Kind.PAYMENT,
        subject=row.document.number,
        event=event,
        before=DocumentStatus.FAILED,
        after=row.status,
    )


def _what(row: AccountSync) -> Ask:
    return Ask.RESUME if row.customer_id is not None else Ask.MATCH


def _refuse_unless_ready(connection: Connection) -> None:
    if not connection.is_ready:
        raise Refused("The connection to QuickBooks needs attention; reconnect it first.")


def _chunks(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    return (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))

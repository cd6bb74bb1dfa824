"""Intents and outcomes: commits what is about to be sent before it is sent, and what became of it after.

Never sends anything itself. Between the two commits no transaction is open.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Invoice, Payment
from qbsync import claims, clock
from qbsync.bulk import update_rows
from qbsync.documents import payload_of
from qbsync.models import AccountSync, Connection, HistoryEntry, InvoiceSync, PaymentSync, PushIntent
from qbsync.outcomes import fail
from qbsync.states import DocumentReason, DocumentStatus, Status
from qbsync.workload import DocumentRow, Item

_SAVED = [
    "status", "reason", "detail", "changed_at", "settled_revision", "next_try_at", "attempts", "qbo_id", "sync_token",
    "qbo_number", "qbo_customer_id", "pushed_revision", "pushed_at", "is_void_there",
    "seen",
]  # fmt: skip


@dataclass
class Shipment:
    """The intents of one request, by item id; committed, and about to be sent."""

    request_id: str
    since: clock.Stopwatch  # no later than the moment that the intents bear
    items: dict[str, Item] = field(default_factory=dict)
    intents: dict[str, PushIntent] = field(default_factory=dict)

    @property
    def accounts(self) -> list[AccountSync]:
        """The claimed accounts that its documents are of."""
        return list({item.work.account.pk: item.work.account for item in self.items.values()}.values())


@dataclass
class Change:
    """What became of one document: its row as changed in memory, for the history and the database."""

    document: Invoice | Payment
    row: DocumentRow
    before: str
    event: str
    fault_code: str = ""
    intuit_tid: str = ""


def record(connection: Connection, items: Sequence[Item]) -> Shipment | None:
    """Commit the intents of these documents; None when none of them may be sent any more.

    An account whose claim has passed to another worker, or which is no longer Synced, drops out here: after Unsync
    nothing further is sent.
    """
    since, now = clock.Stopwatch(), clock.now()
    accounts = list({item.work.account.pk: item.work.account for item in items}.values())
    with transaction.atomic():
        ours = {key for key, row in claims.held(accounts).items() if row.status == Status.SYNCED}
        left_out = _left_out([item.row for item in items if item.row.pk is not None])
        _make_rows([item.row for item in items if item.work.account.pk in ours])
        shipment = Shipment(request_id=str(uuid.uuid4()), since=since)
        unfit: list[Change] = []
        for item in items:
            if item.work.account.pk in ours and (type(item.row), item.row.pk) not in left_out:
                try:
                    _add(shipment, connection, item, now)
                except ValueError as problem:
                    unfit.append(_unfit(item, problem))
        PushIntent.objects.bulk_create(shipment.intents.values())
    settle(connection, accounts, unfit, [])
    return shipment if shipment.items else None


def settle(
    connection: Connection, accounts: Iterable[AccountSync], changes: Sequence[Change], intents: Sequence[PushIntent]
) -> None:
    """Commit what became of these documents and intents of claimed accounts, with the history.

    Where the claim has passed to another worker nothing is written: that one has found the intents open, and asks
    QuickBooks itself. What we remember of the rows is older than what it has written.
    """
    if not changes and not intents:
        return
    now = clock.about_now()
    with transaction.atomic():
        ours = claims.not_passed_on(accounts)
        keys = {row.pk for row in ours.values()}
        changes = [change for change in changes if change.row.account_id in ours]
        intents = [intent for intent in intents if intent.account_sync_id in keys]
        for intent in intents:
            intent.settled_at = now
        _save([change.row for change in changes])
        entries = [_entry(connection, change, now) for change in changes if change.before != change.row.status]
        update_rows(intents, ["outcome", "settled_at", "qbo_id", "fault_code", "intuit_tid"])
        HistoryEntry.objects.bulk_create(entries)


def save_rows(accounts: Iterable[AccountSync], rows: Sequence[DocumentRow]) -> None:
    """Write the rows of claimed accounts, where the claim has not passed to another worker."""
    if rows:
        with transaction.atomic():
            ours = claims.not_passed_on(accounts)
            _save([row for row in rows if row.account_id in ours])


def _save(rows: Sequence[DocumentRow]) -> None:
    """Write the rows' outcome, and those rows that are not stored yet. What a person left out meanwhile stays so."""
    stored = [row for row in rows if row.pk is not None]
    _make_rows(rows)
    left_out = _left_out(stored)
    for row in stored:
        if (type(row), row.pk) in left_out:
            row.status, row.reason, row.detail = DocumentStatus.SKIPPED, "", {}
    update_rows((row for row in stored if isinstance(row, InvoiceSync)), _SAVED)
    update_rows((row for row in stored if isinstance(row, PaymentSync)), _SAVED)


def _add(shipment: Shipment, connection: Connection, item: Item, now: datetime) -> None:
    payload = payload_of(connection, item)
    key = str(len(shipment.items) + 1)
    shipment.items[key] = item
    shipment.intents[key] = PushIntent(
        connection=connection,
        account_sync=item.work.account,
        invoice_sync=item.row if isinstance(item.row, InvoiceSync) else None,
        payment_sync=item.row if isinstance(item.row, PaymentSync) else None,
        operation=item.operation,
        request_id=shipment.request_id,
        item_id=key,
        revision=item.document.revision,
        payload=payload,
        claim=item.work.account.claim,
        sent_at=now,
    )


def _unfit(item: Item, problem: ValueError) -> Change:
    """QuickBooks cannot hold the document; that is said without asking it."""
    before = item.row.status
    detail = {"message": str(problem), "remedy": "Change it, and it is sent by itself."}
    fail(item.row, item.document, DocumentReason.REFUSED, detail)
    return Change(item.document, item.row, before, "refused")


def _make_rows(rows: Sequence[DocumentRow]) -> None:
    """Store rows that are new, each once, however much became of it. No other worker can have made them: the account's
    claim is ours."""
    new = list({id(row): row for row in rows if row.pk is None}.values())
    InvoiceSync.objects.bulk_create([row for row in new if isinstance(row, InvoiceSync)])
    PaymentSync.objects.bulk_create([row for row in new if isinstance(row, PaymentSync)])


def _left_out(rows: Sequence[DocumentRow]) -> set[tuple[Any, int]]:
    """The document rows that a person chose to leave out since they were loaded. They are locked until the commit."""
    found: set[tuple[Any, int]] = set()
    for model in (InvoiceSync, PaymentSync):
        keys = [row.pk for row in rows if isinstance(row, model)]
        if not keys:
            continue
        locked = model.objects.filter(pk__in=keys).order_by("pk").select_for_update()
        found |= {(model, pk) for pk, status in locked.values_list("pk", "status") if status == DocumentStatus.SKIPPED}
    return found


def _entry(connection: Connection, change: Change, now: datetime) -> HistoryEntry:
    row = change.row
    detail: Mapping[str, Any] = row.detail or {"qbo_id": row.qbo_id, "number": row.qbo_number}
    return HistoryEntry(
        firm_id=connection.firm_id,
        account_id=row.account_id,
        at=now,
        kind=HistoryEntry.Kind.INVOICE if isinstance(row, InvoiceSync) else HistoryEntry.Kind.PAYMENT,
        subject=change.document.number,
        event=change.event,
        before=change.before,
        after=row.status,
        reason=row.reason,
        detail=dict(detail),
        fault_code=change.fault_code,
        intuit_tid=change.intuit_tid,
    )

"""The one place where an account's sync status is written, always with its history row in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from portal.models import User
from qbsync import clock, history
from qbsync.bulk import update_rows
from qbsync.models import AccountSync, Customer, HistoryEntry
from qbsync.states import WAITING_REASONS, Ask, Event, Reason, Status, next_status

_WRITTEN = (
    "status", "reason", "detail", "changed_at", "changed_by", "customer", "remembered_customer", "linked_at",
    "ask", "asked_customer", "asked_at", "judged_name", "folded_name", "due_at",
)  # fmt: skip


@dataclass
class Transition:
    """An event that befalls one account, with what it brings along."""

    row: AccountSync
    event: Event
    by: User | None = None
    reason: Reason = Reason.NONE
    detail: dict[str, Any] = field(default_factory=dict)
    ask: Ask = Ask.NOTHING  # for events that lead to Syncing
    customer: Customer | None = None  # the one linked (LINKED) or chosen (ask is LINK)
    fault_code: str = ""
    intuit_tid: str = ""


def lock(rows: Iterable[AccountSync]) -> dict[int, AccountSync]:
    """Lock these rows, in the order of their keys, and return them as they now are, by key. Needs a transaction."""
    keys = [row.pk for row in rows]
    locked = AccountSync.objects.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",))
    joined = locked.select_related("account", "connection", "customer", "remembered_customer", "asked_customer")
    return {row.pk: row for row in joined}


def apply(transitions: Sequence[Transition], *, now: datetime | None = None) -> list[AccountSync]:
    """Write those transitions that the state machine allows; return their rows. The rows are locked by the caller.

    Raises:
        django.db.IntegrityError: a customer was linked by somebody else in the same moment.
    """
    now = now or clock.about_now()
    moved: list[AccountSync] = []
    entries: list[HistoryEntry] = []
    for one in transitions:
        before = Status(one.row.status)
        after = next_status(before, one.event)
        if after is None:
            continue
        _change(one, after, now)
        moved.append(one.row)
        entries.append(
            history.of_account(
                one.row,
                event=one.event,
                before=before,
                at=now,
                by=one.by,
                detail=_told(one),
                fault_code=one.fault_code,
                intuit_tid=one.intuit_tid,
            )
        )
    with transaction.atomic():
        update_rows(moved, _WRITTEN)
        HistoryEntry.objects.bulk_create(entries, batch_size=1000)
    return moved


def _change(one: Transition, after: Status, now: datetime) -> None:
    row = one.row
    row.status, row.reason, row.detail = after, one.reason, one.detail
    row.changed_at, row.changed_by = now, one.by
    if after == Status.SYNCING:
        row.ask, row.asked_customer, row.asked_at, row.due_at = one.ask, one.customer, now, now
        return
    asked, chosen = row.ask, row.asked_customer_id
    row.ask, row.asked_customer = Ask.NOTHING, None
    if after == Status.SYNCED:
        if row.customer != one.customer or row.linked_at is None:
            row.linked_at = now
        row.customer, row.remembered_customer, row.due_at = one.customer, None, row.due_at or now
    elif after == Status.FAILED:
        row.due_at = None
        if one.reason in WAITING_REASONS:
            row.ask, row.asked_customer_id = asked, chosen  # it goes on by itself
    else:
        row.remembered_customer = row.customer or row.remembered_customer
        row.customer, row.linked_at, row.due_at = None, None, None


def _told(one: Transition) -> dict[str, Any]:
    """What the timeline shows beside the statuses: the customer by name, and what was asked for."""
    told = dict(one.detail)
    if one.customer is not None:
        told.setdefault("customer", one.customer.full_name or one.customer.display_name)
        told.setdefault("customer_id", one.customer.qbo_id)
    if one.ask:
        told["ask"] = one.ask
    return told

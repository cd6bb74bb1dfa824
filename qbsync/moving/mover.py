"""Moves documents that are in QuickBooks to the customer that their account was given, as a person asked for it.

What to write next is read from QuickBooks each time (``plan``), so that a worker that dies leaves nothing that
another cannot finish. Every write carries the token that was read: a late one is refused. While documents of an account
are being moved, nothing else is sent for it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q

from qbsync import claims, clock, customer_intents, outbox, payloads
from qbsync.copies import customer_id_of
from qbsync.gateway.batch import BatchItem
from qbsync.gateway.faults import Fault, Retry
from qbsync.gateway.limiter import QuotaWait
from qbsync.metering import Session
from qbsync.models import AccountSync, Connection, InvoiceSync, PaymentSync, PushIntent
from qbsync.moving.plan import Copy, Key, Step, follows, goal_of, groups, is_untouched, next_step, why_it_stays
from qbsync.moving.reading import Holdings, book_close_date, read_holdings
from qbsync.outbox import Change
from qbsync.plan import BATCH_SIZE
from qbsync.states import DocumentReason, DocumentStatus, Status
from qbsync.workload import DocumentRow

_BUDGET_S = 10.0  # for one account; what is left is done when it is claimed again
_LOOK_AFTER = timedelta(seconds=3)
_MOST_ATTEMPTS = 5
_IDS_A_QUERY = 500
_ELSEWHERE = "It was given to another customer in QuickBooks."
_FOREIGN = "In QuickBooks it belongs together with a document that was entered there."


@dataclass
class Moved:
    """What became of the accounts whose documents are to be moved."""

    busy: set[int] = field(default_factory=set)  # not done yet, by key: nothing else is sent for them
    come_back: dict[int, datetime] = field(default_factory=dict)


def move(connection: Connection, session: Session, accounts: Sequence[AccountSync], unknown: Container[int]) -> Moved:
    """Bring the documents of these claimed, linked accounts to where they are to go, as far as the time allows.

    Args:
        connection, session: of the company.
        accounts: the claimed rows.
        unknown: keys of those that have writes of unknown outcome; they are looked at again by ``recovery``.

    Raises:
        Fault, QuotaWait: what concerns the whole connection; what was under way is found again.
    """
    moved = Moved()
    asked = _asked(accounts)
    for account in accounts:
        if account.account_id not in asked:
            continue
        again = None if account.pk in unknown else _Mover(connection, session, account).run()
        if again is not None or account.pk in unknown:
            moved.busy.add(account.pk)
        if again is not None:
            moved.come_back[account.pk] = again
    return moved


def _asked(accounts: Sequence[AccountSync]) -> set[int]:
    """The accounts that have documents to be moved."""
    keys = [account.account_id for account in accounts]
    models: tuple[Any, ...] = (InvoiceSync, PaymentSync)
    asked = (model.objects.filter(account__in=keys, move_to__gt="") for model in models)
    return {key for some in asked for key in some.values_list("account", flat=True)}


class _Mover:
    """The moving of one account's documents."""

    def __init__(self, connection: Connection, session: Session, account: AccountSync) -> None:
        self.connection = connection
        self.session = session
        self.account = account
        self.customer = account.customer.qbo_id if account.customer else ""
        self.holdings = Holdings()

    def run(self) -> datetime | None:
        """Write step by step; return when to go on, or None when all is where it is to be."""
        until = time.monotonic() + _BUDGET_S
        closed_on = book_close_date(self.session.company)
        while time.monotonic() < until:
            self.holdings = read_holdings(self.session.company, self.account)
            steps: dict[Step, list[tuple[Copy, str]]] = {step: [] for step in Step}
            again: list[datetime] = []
            for group in groups(list(self.holdings.copies(closed_on))):
                wanted = next((row.move_to for copy in group if (row := self.holdings.rows[copy.key]).move_to), "")
                if not wanted:
                    continue
                goal = goal_of(group, wanted, self.customer)
                reasons = why_it_stays(group) if is_untouched(group) and group[0].customer != goal else {}
                step, chosen = (Step.DONE, []) if reasons else next_step(group, goal)
                steps[step] += [(copy, goal) for copy in chosen]
                is_left = bool(reasons) or goal != self.customer
                if step == Step.DONE and is_left and (busy_until := self._may_still_be_executed(group)):
                    again.append(busy_until)
                elif step == Step.DONE:
                    self._finish(group, goal, reasons)
            step = Step.DETACH if steps[Step.DETACH] else Step.MOVE
            if not steps[step]:
                self._drop_the_rest()
                return min(again, default=None)
            if (later := self._write(step, steps[step][:BATCH_SIZE])) is not None:
                return later
            claims.keep(self.connection.pk, [self.account])
        return clock.about_now()

    def _may_still_be_executed(self, group: Sequence[Copy]) -> datetime | None:
        """Until when a write of unknown outcome may still change one of these; None where there is none."""
        since = clock.now() - timedelta(seconds=settings.QBO_EXECUTION_WINDOW_S)
        mine = [self.holdings.rows[copy.key] for copy in group]
        sent = PushIntent.objects.filter(
            Q(invoice_sync__in=[row for row in mine if isinstance(row, InvoiceSync)])
            | Q(payment_sync__in=[row for row in mine if isinstance(row, PaymentSync)]),
            operation=PushIntent.Operation.UPDATE,
            outcome=PushIntent.Outcome.NOT_EXECUTED,
            sent_at__gt=since,
        ).aggregate(last=Max("sent_at"))["last"]
        return sent + timedelta(seconds=settings.QBO_EXECUTION_WINDOW_S) if sent else None

    # Writing

    def _write(self, step: Step, chosen: Sequence[tuple[Copy, str]]) -> datetime | None:
        """Send one batch; return when to look again where something has to be waited for."""
        intents = self._record(step, chosen)
        if not intents:
            return clock.about_now() + _LOOK_AFTER  # unsynced, or claimed by another worker, in this moment
        items = [
            BatchItem(key, intent.operation, self._key(intent)[0], intent.payload) for key, intent in intents.items()
        ]
        try:
            answer = self.session.company.batch(items, request_id=next(iter(intents.values())).request_id)
        except (Fault, QuotaWait) as stopped:
            if isinstance(stopped, QuotaWait) or stopped.outcome_known:
                customer_intents.forget(list(intents.values()))
            raise
        changes: list[Change] = []
        settled: list[PushIntent] = []
        refused: list[tuple[Copy, Fault]] = []
        again: list[datetime] = []
        trouble: Fault | None = None
        copies = {copy.key: copy for copy, _ in chosen}
        for item, intent in intents.items():
            outcome, row = answer.items[item], self.holdings.rows[self._key(intent)]
            if isinstance(outcome, Fault) and not outcome.outcome_known:
                again.append(clock.about_now() + _LOOK_AFTER)
            elif isinstance(outcome, Fault) and outcome.rule.retry in _OF_THE_CONNECTION:
                customer_intents.forget([intent])
                trouble = outcome
            elif isinstance(outcome, Fault):
                intent.outcome, intent.fault_code = PushIntent.Outcome.REFUSED, outcome.code
                settled.append(intent)
                if outcome.rule.retry != Retry.PARK and row.attempts < _MOST_ATTEMPTS:
                    row.attempts += 1
                    changes.append(Change(row.document, row, row.status, "refused", fault_code=outcome.code))
                    again.append(clock.about_now() + timedelta(seconds=row.attempts))
                else:
                    refused.append((copies[self._key(intent)], outcome))
            else:
                assert isinstance(outcome, dict)  # noqa: S101 – a write is never answered by rows
                intent.outcome, intent.qbo_id = PushIntent.Outcome.DONE, row.qbo_id
                intent.intuit_tid = answer.intuit_tid
                settled.append(intent)
                row.qbo_customer_id = customer_id_of(outcome)
                changes.append(Change(row.document, row, row.status, "moved"))
        outbox.settle(self.connection, [self.account], changes, settled)
        for copy, fault in refused:
            self._turn_back(copy, fault)
        if trouble is not None:
            raise trouble
        return min(again, default=None)

    def _record(self, step: Step, chosen: Sequence[tuple[Copy, str]]) -> dict[str, PushIntent]:
        """Commit the intents, by item id. A payment that lets go of its invoices is due from then on: the ordinary
        update gives it its lines again, wherever its invoices are by then."""
        now, request_id = clock.now(), str(uuid.uuid4())
        intents: dict[str, PushIntent] = {}
        with transaction.atomic():
            ours = claims.held([self.account])
            if not any(row.status == Status.SYNCED for row in ours.values()):
                return {}
            for number, (copy, goal) in enumerate(chosen, start=1):
                row = self.holdings.rows[copy.key]
                intents[str(number)] = PushIntent(
                    connection=self.connection,
                    account_sync=self.account,
                    invoice_sync=row if isinstance(row, InvoiceSync) else None,
                    payment_sync=row if isinstance(row, PaymentSync) else None,
                    operation=PushIntent.Operation.UPDATE,
                    request_id=request_id,
                    item_id=str(number),
                    revision=row.settled_revision,
                    payload=self._payload(step, copy, goal),
                    claim=self.account.claim,
                    sent_at=now,
                )
                if step == Step.DETACH:
                    _be_sent_again(row)
            PushIntent.objects.bulk_create(intents.values())
        return intents

    def _payload(self, step: Step, copy: Copy, goal: str) -> dict[str, Any]:
        remote = self.holdings.remote[copy.key]
        return payloads.given_to(
            customer_id=copy.customer if step == Step.DETACH else goal,
            qbo_id=copy.qbo_id,
            sync_token=str(remote.get("SyncToken", "0")),
            total=payloads.money(remote.get("TotalAmt")) if copy.kind == "Payment" else None,
            without_lines=step == Step.DETACH,
        )

    def _key(self, intent: PushIntent) -> Key:
        return ("Invoice" if intent.invoice_sync_id else "Payment"), str(intent.payload["Id"])

    def _turn_back(self, copy: Copy, fault: Fault) -> None:
        """QuickBooks does not let one of a group move: all of it goes back to where that one is.

        Where it refuses that too, each is left where it is, and the payments say what is wrong.
        """
        for group in groups(list(self.holdings.copies(""))):
            if copy.key not in {one.key for one in group}:
                continue
            why = why_it_stays([_hindered(one, fault) if one.key == copy.key else one for one in group])
            is_second = any("stays" in self.holdings.rows[one.key].detail for one in group)
            for one in group:
                values = {"move_to": "" if is_second else copy.customer, "detail": {"stays": why[one.key]}}
                type(self.holdings.rows[one.key])._default_manager.filter(pk=self.holdings.rows[one.key].pk).update(
                    **values
                )

    # The end

    def _finish(self, group: Sequence[Copy], goal: str, reasons: Mapping[Key, str]) -> None:
        """Note that a group is where it is to be; its payments follow their invoices by the ordinary update."""
        changes: list[Change] = []
        for copy in group:
            row = self.holdings.rows[copy.key]
            before = row.status
            # Nothing else of the copy is taken over, its token neither: what somebody edited there is still to be seen.
            row.qbo_customer_id = copy.customer
            row.seen = {**row.seen, "customer": copy.customer} if row.seen else row.seen
            stays = reasons.get(copy.key) or row.detail.get("stays", "")
            if copy.kind == "Payment" and not reasons and copy.allocated and follows(copy, goal):
                _be_sent_again(row)
            if before not in (DocumentStatus.SKIPPED, DocumentStatus.FAILED):
                is_settled = row.settled_revision >= row.document.revision
                row.status = DocumentStatus.SYNCED if is_settled else DocumentStatus.WAITING
                row.reason, row.detail, row.attempts = DocumentReason.NONE, {"stays": stays} if stays else {}, 0
                row.changed_at = clock.about_now()
            changes.append(
                Change(row.document, row, before, "moved" if goal == self.customer and not stays else "stays")
            )
        outbox.settle(self.connection, [self.account], changes, [])
        for copy in group:
            row = self.holdings.rows[copy.key]
            type(row)._default_manager.filter(pk=row.pk, move_to=row.move_to).update(move_to="")

    def _drop_the_rest(self) -> None:
        """What has no copy in QuickBooks any more, or a void one, has nothing to be moved."""
        models: tuple[Any, ...] = (InvoiceSync, PaymentSync)
        for kind, model in zip(("Invoice", "Payment"), models, strict=True):
            for row in model.objects.filter(account=self.account.account_id, move_to__gt="").select_related("document"):
                if (kind, row.qbo_id) in self.holdings.remote:
                    continue
                if row.reason == DocumentReason.MOVING:
                    is_settled = row.qbo_id and row.settled_revision >= row.document.revision
                    row.status = DocumentStatus.SYNCED if is_settled else DocumentStatus.WAITING
                    row.reason = DocumentReason.NONE
                row.move_to = ""
                row.save(update_fields=["status", "reason", "move_to"])


_OF_THE_CONNECTION = (Retry.WAIT_FOR_QUOTA, Retry.STOP_CONNECTION, Retry.REFRESH_TOKEN)


def _be_sent_again(row: DocumentRow) -> None:
    """Make the document due, so that its update is sent even if this worker dies."""
    last = min(row.settled_revision, row.document.revision - 1)
    row.settled_revision, row.pushed_revision = last, min(row.pushed_revision, last)
    type(row)._default_manager.filter(pk=row.pk).update(settled_revision=last, pushed_revision=row.pushed_revision)


def _hindered(copy: Copy, fault: Fault) -> Copy:
    return Copy(
        copy.kind, copy.qbo_id, copy.label, copy.customer, copy.pays, copy.allocated, obstacle=fault.rule.sentence
    )

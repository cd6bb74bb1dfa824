"""Sends one batch of documents and settles its answer, item by item: one refused record never holds up the rest."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

from qbsync import clock, mirror, outbox, upstream
from qbsync.gateway.batch import BatchAnswer, BatchItem
from qbsync.gateway.company import Company
from qbsync.gateway.faults import Fault, FaultKind, Retry
from qbsync.gateway.limiter import Priority, QuotaWait
from qbsync.metering import Session
from qbsync.models import AccountSync, Connection, InvoiceSync, PushIntent
from qbsync.outbox import Change, Shipment
from qbsync.outcomes import adopt, end, explained, fail, wait
from qbsync.plan import ENDS, Operation
from qbsync.shipping import ship
from qbsync.states import DocumentReason, DocumentStatus, Status
from qbsync.workload import Item

_EVENTS = {
    Operation.CREATE: "sent",
    Operation.UPDATE: "updated",
    Operation.VOID: "voided",
    Operation.DELETE: "deleted",
}
_MOST_ATTEMPTS = 5
_LOOK_AFTER = timedelta(seconds=3)


def send(company: Company, shipment: Shipment, priority: Priority) -> BatchAnswer:
    """Send the shipment's intents. Runs in a thread of its own; raises as ``shipping.ship``."""
    items = [
        BatchItem(key, intent.operation, shipment.items[key].entity, intent.payload)
        for key, intent in shipment.intents.items()
    ]
    return ship(company, items, request_id=shipment.request_id, age_s=shipment.since.seconds, priority=priority)


def land(connection: Connection, session: Session, shipment: Shipment, flight: Future[BatchAnswer]) -> None:
    """Commit what became of a batch. What was certainly not executed goes back to its account's queue.

    Raises:
        Fault, QuotaWait: what concerns the whole connection; the shipment has been settled all the same.
    """
    try:
        answer = flight.result()
    except QuotaWait:
        _back(shipment, list(shipment.items))
        raise
    except Fault as fault:
        if fault.outcome_known:
            _back(shipment, list(shipment.items))
        else:
            lost = [_answer_lost(item) for item in shipment.items.values()]
            outbox.settle(connection, shipment.accounts, lost, [])
        raise
    _Landing(connection, session, shipment, answer).settle()


def _back(shipment: Shipment, keys: Sequence[str]) -> None:
    """Put items back at the head of their queues, and forget their intents: they were not executed."""
    PushIntent.objects.filter(pk__in=[shipment.intents[key].pk for key in keys]).delete()
    for key in reversed(keys):
        item = shipment.items[key]
        item.queue.insert(0, item)


def _answer_lost(item: Item) -> Change:
    """It may have been executed: its intent stays open, and QuickBooks is asked in a moment."""
    before, until = item.row.status, clock.about_now() + _LOOK_AFTER
    wait(item.row, DocumentReason.WAITS_FOR_ANSWER, until=until)
    item.work.next_try.append(until)
    return Change(item.document, item.row, before, "answer_lost")


class _Landing:
    """The settling of one answered batch."""

    def __init__(self, connection: Connection, session: Session, shipment: Shipment, answer: BatchAnswer) -> None:
        self.connection = connection
        self.session = session
        self.shipment = shipment
        self.answer = answer
        self.changes: list[Change] = []
        self.settled: list[PushIntent] = []
        self.not_sent: list[str] = []
        self.number_taken: list[Item] = []
        self.reference_dead: list[tuple[Item, Fault]] = []
        self.trouble: Fault | None = None

    def settle(self) -> None:
        """Commit every item's outcome; then look closer at those that need it."""
        for key, outcome in self.answer.items.items():
            if isinstance(outcome, Fault):
                self._refused(key, outcome)
            else:
                assert isinstance(outcome, dict)  # noqa: S101 – a write is never answered by rows
                self._delivered(key, outcome)
        _back(self.shipment, self.not_sent)
        outbox.settle(self.connection, self.shipment.accounts, self.changes, self.settled)
        self._count()
        try:
            self._look_closer()
        except (Fault, QuotaWait):
            for item in [*self.number_taken, *(item for item, _ in self.reference_dead)]:
                item.work.next_try.append(clock.about_now())  # not judged yet, so it is still due
            raise
        if self.trouble is not None:
            raise self.trouble

    def _delivered(self, key: str, remote: dict[str, Any]) -> None:
        item, intent = self.shipment.items[key], self.shipment.intents[key]
        before, customer = item.row.status, item.row.qbo_customer_id
        if item.operation in ENDS:
            end(item.row, intent.revision)
            item.row.sync_token = str(remote.get("SyncToken", item.row.sync_token))
        else:
            adopt(item.row, remote, intent.revision)
        if isinstance(item.row, InvoiceSync):
            item.work.know(item.document.pk, item.row)
        self._done(intent, PushIntent.Outcome.DONE, qbo_id=item.row.qbo_id)
        is_moved = bool(customer) and customer != item.row.qbo_customer_id
        event = "moved" if is_moved else _EVENTS[item.operation]
        self.changes.append(Change(item.document, item.row, before, event, intuit_tid=self.answer.intuit_tid))

    def _refused(self, key: str, fault: Fault) -> None:
        item, intent = self.shipment.items[key], self.shipment.intents[key]
        if not fault.outcome_known:
            self.changes.append(_answer_lost(item))
            return
        retry = fault.rule.retry
        if retry in (Retry.WAIT_FOR_QUOTA, Retry.STOP_CONNECTION, Retry.REFRESH_TOKEN):
            self.not_sent.append(key)
            self.trouble = fault
            return
        self._done(intent, PushIntent.Outcome.REFUSED, fault_code=fault.code)
        before = item.row.status
        if fault.kind is FaultKind.NUMBER_TAKEN:
            self.number_taken.append(item)
        elif fault.kind in (FaultKind.REFERENCE_INACTIVE, FaultKind.NOT_FOUND):
            self.reference_dead.append((item, fault))
        elif retry != Retry.PARK and item.row.attempts < _MOST_ATTEMPTS:
            self._try_again(item, fault)
        else:
            _park(item, fault)
        self.changes.append(
            Change(item.document, item.row, before, "refused", fault_code=fault.code, intuit_tid=fault.intuit_tid)
        )

    def _try_again(self, item: Item, fault: Fault) -> None:
        """The token was stale, or QuickBooks stumbled: once more, at first at once, then ever later."""
        stale, attempts = fault.kind is FaultKind.STALE, item.row.attempts
        reason = DocumentReason.CHANGED_IN_QUICKBOOKS if stale else DocumentReason.UNAVAILABLE
        until = clock.about_now() + timedelta(seconds=0 if stale and not attempts else 5 * 4**attempts)
        wait(item.row, reason, until=until)
        item.row.attempts += 1
        item.work.next_try.append(until)

    def _number_not_free_yet(self, item: Item) -> None:
        """Another document of ours has the number there until it is deleted or renumbered as it is here."""
        attempts = item.row.attempts
        if attempts >= _MOST_ATTEMPTS:
            _park(item, Fault(FaultKind.NUMBER_TAKEN, code="6140"))
            return
        until = clock.about_now() + timedelta(seconds=2 * 3**attempts)
        wait(item.row, DocumentReason.WAITS_FOR_NUMBER, until=until)
        item.row.attempts += 1
        item.work.next_try.append(until)

    def _done(self, intent: PushIntent, outcome: str, *, qbo_id: str = "", fault_code: str = "") -> None:
        intent.outcome, intent.qbo_id, intent.fault_code = outcome, qbo_id, fault_code
        intent.intuit_tid = self.answer.intuit_tid
        self.settled.append(intent)

    def _look_closer(self) -> None:
        """Ask QuickBooks about numbers that are taken and customers that are not there any more."""
        if self.number_taken:
            changes = upstream.look_again(self.connection, self.session.company, self.number_taken)
            judged = {id(change.row) for change in changes}
            for item in self.number_taken:
                if id(item.row) not in judged:
                    changes.append(Change(item.document, item.row, item.row.status, "refused", fault_code="6140"))
                    self._number_not_free_yet(item)
            outbox.settle(self.connection, self.shipment.accounts, changes, [])
        if self.reference_dead:
            mirror.refresh(self.connection, self.session.company, max_age=timedelta(0))
            keys = [item.work.account.pk for item, _ in self.reference_dead]
            still = set(AccountSync.objects.filter(pk__in=keys, status=Status.SYNCED).values_list("pk", flat=True))
            # Where the customer is gone the account tells, and its documents wait for another link.
            alive = [(item, fault) for item, fault in self.reference_dead if item.work.account.pk in still]
            changes = [
                Change(item.document, item.row, item.row.status, "refused", fault_code=fault.code)
                for item, fault in alive
            ]
            for item, fault in alive:
                _park(item, fault)
            outbox.settle(self.connection, self.shipment.accounts, changes, [])

    def _count(self) -> None:
        sent = [c for c in self.changes if c.row.status == DocumentStatus.SYNCED]
        invoices = sum(isinstance(change.row, InvoiceSync) for change in sent)
        failed = sum(change.row.status == DocumentStatus.FAILED for change in self.changes)
        self.session.note(invoices_sent=invoices, payments_sent=len(sent) - invoices, documents_failed=failed)


def _park(item: Item, fault: Fault) -> None:
    fail(item.row, item.document, DocumentReason.REFUSED, explained(fault))

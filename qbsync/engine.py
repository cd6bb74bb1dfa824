"""One sync of one connection, from claim to release: the one file to read to understand a sync.

    mirror   the customers of the QuickBooks company are brought up to date
    restored a database that was restored from a backup first learns what was sent since
    claim    accounts with work due are taken; whoever waits for a link goes first
    match    each is linked, failed with a reason, or gets its customer created or made active again
    look     lost answers and numbers that QuickBooks has already are looked up there, and adopted
    guard    documents that the company cannot take, for their tax or currency, are failed with the reason
    move     documents that were sent under another customer follow their account, where a person asked for it
    waves    invoices, then payments, in batches of up to 30, several under way at a time:
             intents are committed -> HTTP without a transaction -> outcomes are committed
    release  the accounts are given back, with the moment at which work is due again

HTTP runs in threads; everything else, the database included, in the thread that called :func:`run`.
"""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from qbsync import (
    claims,
    clock,
    creating,
    delivery,
    guard,
    linking,
    mirror,
    moving,
    outbox,
    reactivating,
    recovery,
    restoring,
    shipping,
    troubles,
    upstream,
    workload,
)
from qbsync.changes import documents as changes
from qbsync.gateway.batch import BatchAnswer
from qbsync.gateway.faults import Fault
from qbsync.gateway.limiter import Priority, QuotaWait
from qbsync.metering import Session
from qbsync.models import AccountSync, Connection
from qbsync.outbox import Shipment
from qbsync.plan import BATCH_SIZE, share_out
from qbsync.states import Ask, Status
from qbsync.workload import AccountWork

CLAIM = 150  # accounts taken at a time: enough to fill batches, few enough to be given back soon
_IN_FLIGHT = {Priority.BACKGROUND: 6, Priority.PEOPLE: 2}
_MIRROR_AGE = {Priority.BACKGROUND: timedelta(minutes=10), Priority.PEOPLE: timedelta(seconds=10)}
_RENEW_EVERY_S = 10.0
_WHOLE_SECOND_S = 1.2  # after this, all requests of a second are free again, not only the one that was waited for
_EARLY_S = shipping.LONGEST_WAIT_S * 0.75  # when quota is free again, the next documents are to be loaded already


def run(
    connection_id: int, *, priority: Priority, only: Sequence[int] | None = None, budget_s: float = 20.0
) -> float | None:
    """Do the work that is due on a connection, for about ``budget_s`` seconds.

    Args:
        connection_id: of a Connection.
        priority: whose quota is used, and how fresh the mirror has to be.
        only: keys of AccountSync rows; None for all that is due.

    Returns:
        the seconds after which to call again, or None when nothing is due.
    """
    restoring.notice()
    connection = Connection.objects.select_related("firm").get(pk=connection_id)
    if not connection.is_ready:
        return None
    if priority is Priority.BACKGROUND:
        if troubles.rests(connection):
            return None
        if (pause := troubles.pause_left(connection)) is not None:
            return pause
    sync = _Sync(connection, priority, only)
    try:
        sync.work(until=time.monotonic() + budget_s)
    except QuotaWait as quota:
        claims.pause(connection.pk, quota.seconds)
        # A short wait is for the requests of this second, which coming back early would use up again, for ever.
        return quota.seconds - _EARLY_S if quota.seconds > 2 * _EARLY_S else max(quota.seconds, _WHOLE_SECOND_S)
    except mirror.MirrorBusy:
        return 2.0
    except Fault as fault:
        return troubles.of_connection(connection, sync.session, fault)
    finally:
        sync.close()
    changes.judge(connection)
    troubles.over(connection)
    return _next_due(connection, only)


class _Sync:
    """The state of one run: what is claimed, what is under way, and whether to stop."""

    def __init__(self, connection: Connection, priority: Priority, only: Sequence[int] | None) -> None:
        self.connection = connection
        self.priority = priority
        self.only = only
        self.session = Session(connection, priority)
        self.claims: dict[int, claims.Claim] = {}
        self.works: dict[int, AccountWork] = {}
        self.flights: dict[Future[BatchAnswer], Shipment] = {}
        self.exhausted = False
        self.trouble: Exception | None = None
        self.renewed_at = time.monotonic()

    def work(self, *, until: float) -> None:
        """Claim, match and push until nothing is due or the time is over; land everything that is under way.

        Raises:
            Fault, QuotaWait, MirrorBusy: what made it stop; everything under way has been landed before.
        """
        claims.keep(self.connection.pk, [])
        age = timedelta(0) if self.connection.outage_since else _MIRROR_AGE[self.priority]
        mirror.refresh(self.connection, self.session.company, max_age=age)
        if self.connection.restored_to:
            restoring.look_through(self.connection, self.session.company)
        with ThreadPoolExecutor(_IN_FLIGHT[self.priority]) as pool:
            while True:
                going_on = self.trouble is None and time.monotonic() < until
                if going_on:
                    self._attempt(self._take_more)
                    self._attempt(self._send, pool)
                if not self.flights and (not going_on or self.trouble or (self.exhausted and not self._ready())):
                    break
                self._land()
                self._renew()
        if self.trouble is not None:
            raise self.trouble

    def close(self) -> None:
        """Give back what is still claimed, as due now, and keep the counts."""
        self._release(self.works.values(), dict.fromkeys(self.works, clock.about_now()))
        self.works.clear()
        self.session.close()

    def _attempt(self, step: Callable[..., None], *given: object) -> None:
        """Do a step; a trouble in it lets what is under way land first."""
        try:
            step(*given)
        except (Fault, QuotaWait, mirror.MirrorBusy) as trouble:
            self.trouble = trouble

    def _ready(self) -> list[list[workload.Item]]:
        """What can be sent now, account by account. Invoices go first: they open the way for payments, so that
        no account is left whose payments need a batch of their own at the end."""
        ready = [items for work in self.works.values() if (items := work.ready())]
        return sorted(ready, key=lambda items: items[0].entity != "Invoice")

    def _take_more(self) -> None:
        """Claim accounts until the next batches can be filled."""
        while not self.exhausted and sum(map(len, self._ready())) < BATCH_SIZE * _IN_FLIGHT[self.priority]:
            claim = claims.take(self.connection.pk, limit=CLAIM, only=self.only)
            self.exhausted = len(claim.rows) < CLAIM
            if not claim.rows:
                return
            self.claims[claim.number] = claim
            self.works |= {row.account_id: AccountWork(row) for row in claim.rows}
            self._match(claim)

    def _match(self, claim: claims.Claim) -> None:
        """Decide on the links, create customers that were asked for, and load the documents of what is linked."""
        self.session.asked_by(next((row.changed_by_id for row in claim.rows if row.status == Status.SYNCING), None))
        linked, wanted = linking.decide(self.connection, claim.rows)
        self._count(claim, linked, wanted)
        asked = {ask: [row for row in wanted if row.ask == ask] for ask in (Ask.CREATE, Ask.ACTIVATE)}
        created = creating.create(self.connection, self.session, asked[Ask.CREATE])
        active = reactivating.reactivate(self.connection, self.session, asked[Ask.ACTIVATE])
        self.session.note(accounts_linked=len(created.linked) + len(active.linked))
        linked += created.linked + active.linked
        look_again = (
            created.come_back | active.come_back | recovery.recover(self.connection, self.session.company, linked)
        )
        moved = moving.move(self.connection, self.session, linked, look_again.keys())
        look_again |= moved.come_back
        linked = [row for row in linked if row.pk not in moved.busy]
        works, settled = workload.load(self.connection, linked)
        outbox.save_rows(linked, settled)
        upstream.reconcile(self.connection, self.session.company, works)
        guard.keep_back(self.connection, self.session.company, works)
        self.works |= {work.account.account_id: work for work in works}
        for row in claim.rows:
            work = self.works[row.account_id]
            work.is_loaded = True
            work.next_try += filter(None, [look_again.get(row.pk)])
            self._open_payments(work)
        self._release_done()

    def _count(self, claim: claims.Claim, linked: Sequence[AccountSync], wanted: Sequence[AccountSync]) -> None:
        """Note for the run's history how many accounts were decided on."""
        undecided = {row.pk for row in claim.rows if row.status == Status.SYNCING} - {row.pk for row in wanted}
        now_linked = undecided & {row.pk for row in linked}
        self.session.note(accounts_linked=len(now_linked), accounts_failed=len(undecided - now_linked))

    def _open_payments(self, work: AccountWork) -> None:
        """Once an account's invoices are through, hold back the payments whose invoice is not in QuickBooks."""
        if not work.invoices and not work.in_flight:
            outbox.save_rows([work.account], workload.hold_back(self.connection, work))

    def _open_endings(self, works: Sequence[AccountWork]) -> None:
        """Once an account's payments are through, its invoices can be voided or deleted, with the tokens of now."""
        ending = [work for work in works if work.voided_invoices and work.ready() == work.voided_invoices]
        if ending:
            upstream.renew_tokens(self.connection, self.session.company, ending)

    def _send(self, pool: ThreadPoolExecutor) -> None:
        """Send batches while there is room. A last, part-filled one waits for what is under way: more may come."""
        while len(self.flights) < _IN_FLIGHT[self.priority]:
            chosen = share_out(self._ready())
            if not chosen or (len(chosen) < BATCH_SIZE and self.flights and self.priority == Priority.BACKGROUND):
                return
            shipment = outbox.record(self.connection, chosen)
            sent = set(map(id, shipment.items.values())) if shipment else set()
            for item in chosen:
                item.queue.remove(item)
                item.work.in_flight += id(item) in sent
            if shipment:
                self.flights[self._submit(pool, shipment)] = shipment
            self._release_done()

    def _submit(self, pool: ThreadPoolExecutor, shipment: Shipment) -> Future[BatchAnswer]:
        """Send in a thread, whose lines of the log are of this run as well."""
        within = contextvars.copy_context()
        return pool.submit(within.run, delivery.send, self.session.company, shipment, self.priority)

    def _land(self) -> None:
        """Settle the batches whose answers are there; what an answer makes ready joins the queues."""
        landed, _ = wait(self.flights, timeout=_RENEW_EVERY_S / 2, return_when=FIRST_COMPLETED)
        for future in landed:
            shipment = self.flights.pop(future)
            works = {id(item.work): item.work for item in shipment.items.values()}
            for item in shipment.items.values():
                item.work.in_flight -= 1
            try:
                delivery.land(self.connection, self.session, shipment, future)
            except (Fault, QuotaWait) as trouble:
                self.trouble = self.trouble or trouble
            for work in works.values():
                self._open_payments(work)
            if any(item.entity == "Payment" for item in shipment.items.values()):
                self._attempt(self._open_endings, list(works.values()))
        self.session.save()
        self._release_done()

    def _release_done(self) -> None:
        done = {key: work for key, work in self.works.items() if work.is_done}
        self._release(done.values(), {key: min(work.next_try, default=None) for key, work in done.items()})
        for key in done:
            del self.works[key]

    def _release(self, works: Iterable[AccountWork], next_due: Mapping[int, datetime | None]) -> None:
        """Give accounts back, claim by claim; ``next_due`` is by the account's key."""
        by_claim: dict[int, dict[int, datetime | None]] = {}
        for work in works:
            by_claim.setdefault(work.account.claim, {})[work.account.pk] = next_due[work.account.account_id]
        for number, due in by_claim.items():
            claims.release(self.claims[number], due)

    def _renew(self) -> None:
        if time.monotonic() - self.renewed_at > _RENEW_EVERY_S:
            self.renewed_at = time.monotonic()
            claims.keep(self.connection.pk, [work.account for work in self.works.values()])


def _next_due(connection: Connection, only: Sequence[int] | None) -> float | None:
    """The seconds until work is due again; None when none is, and the run is then over."""
    due = claims.next_due(connection.pk, only)
    if due is None:
        if only is None:
            troubles.run_over(connection)
        return None
    return max(0.0, (due - clock.about_now()).total_seconds())

"""Workers on hosts whose clocks are off: what is held stays held, and nothing is booked twice for that."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from portal.celery import app
from qbsync import claims, clock, engine, traces, wake
from qbsync.gateway.limiter import Priority
from qbsync.metering import Session
from qbsync.models import AccountSync, Connection, PaymentSync, PushIntent
from tests.qbsync.conftest import Office
from tests.workers import Worker

pytestmark = pytest.mark.django_db(transaction=True)

FAST_AND_SLOW = pytest.mark.parametrize("minutes", [10, -10], ids=["ten minutes fast", "ten minutes slow"])
Host = Callable[[int], None]


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """Set the clock of this host alone, in minutes from the true one; PostgreSQL keeps its own."""
    monkeypatch.setattr(clock, "shift", timedelta)
    travels: list[time_machine.travel] = []

    def set_to(minutes: int) -> None:
        travels.append(time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes), tick=True))
        travels[-1].start()

    yield set_to
    for travel in travels:
        travel.stop()


@FAST_AND_SLOW
def test_the_shared_time_is_postgresqls_whatever_the_hosts_clock_says(host: Host, minutes: int) -> None:
    true = timezone.now()
    host(minutes)
    for read in (clock.now, clock.about_now):
        assert abs(read() - true) < timedelta(minutes=1)
    assert abs(clock.this_host_is_ahead_by() - timedelta(minutes=minutes)) < timedelta(minutes=1)


def test_a_page_spends_no_statement_on_the_time() -> None:
    with CaptureQueriesContext(database) as statements:
        moments = [clock.about_now() for _ in range(3)]
    assert (len(statements), moments == sorted(moments)) == (0, True)


def test_a_stopwatch_goes_on_where_the_clock_is_set_back(host: Host) -> None:
    watch = clock.Stopwatch()
    host(-10)
    assert 0 <= watch.seconds() < 60
    host(20)
    assert watch.seconds() > 60


def test_a_fast_host_takes_over_no_claim_that_is_held(office: Office, host: Host) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    held = claims.take(office.connection.pk, limit=10)
    host(10)
    assert claims.take(office.connection.pk, limit=10).rows == []
    assert office.row(acme).claim == held.number


def test_a_slow_host_takes_over_what_a_dead_worker_left_and_what_is_due(office: Office, host: Host) -> None:
    office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    claims.take(office.connection.pk, limit=10)
    AccountSync.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    host(-10)
    assert len(claims.take(office.connection.pk, limit=10).rows) == 1


def lose_a_payment(office: Office) -> None:
    """Have a payment executed in QuickBooks and its answer lost; then somebody there hides where it was sent to."""
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    office.sync()
    office.payment(acme, acme.invoices.get())
    planned = {"match": {"endpoint": "batch", "entity": "Payment"}, "kind": "drop_after_commit"}
    office.simulator.faults(office.realm, planned)
    engine.run(office.connection.pk, priority=Priority.BACKGROUND)
    assert PushIntent.objects.filter(outcome="open").exists()
    (sent,) = office.remote("Payment")
    office.simulator.change(office.realm, "Payment", sent["Id"], TxnDate="2026-02-01")


@FAST_AND_SLOW
def test_what_was_created_is_looked_for_when_it_was_sent_by_a_host_whose_clock_is_off(
    office: Office, host: Host, minutes: int
) -> None:
    lose_a_payment(office)
    host(minutes)
    (intent,) = PushIntent.objects.filter(outcome="open").select_related("payment_sync")
    company = Session(office.connection, Priority.BACKGROUND).company
    company.query("SELECT * FROM CompanyInfo")
    late = (intent, intent.sent_at + timedelta(seconds=4))
    assert intent.payment_sync is not None
    assert set(traces.created_around(office.connection, company, [late])) == {intent.payment_sync.mark}


@FAST_AND_SLOW
def test_a_lost_payment_is_adopted_and_never_sent_again_by_a_host_whose_clock_is_off(
    office: Office, host: Host, minutes: int
) -> None:
    lose_a_payment(office)
    host(minutes)
    office.sync(patience_s=40)
    (there,) = office.remote("Payment")
    row = PaymentSync.objects.get()
    assert (row.qbo_id, row.reason) == (there["Id"], "edited_there"), "it is adopted, and the edit is told"


@pytest.mark.processes
@FAST_AND_SLOW
def test_a_payment_that_one_worker_is_sending_is_not_sent_by_another_whose_clock_is_off(
    office: Office,
    start_worker: Callable[..., Worker],
    eventually: Callable[..., None],
    settings: Settings,
    minutes: int,
) -> None:
    settings.SYNC_LEASE_S = 12.0
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    office.sync()
    slow = {"match": {"endpoint": "batch", "entity": "Payment"}, "kind": "late_execution", "seconds": 5}
    office.simulator.faults(office.realm, slow)
    start_worker(
        include="tests.qbsync.skewed",
        HOST_CLOCK_AHEAD_S=minutes * 60,
        QBO_EXECUTION_WINDOW_S=8,
        QBO_TIMEOUT_S=3,
        SYNC_LEASE_S=12,
    )
    Connection.objects.update(queued_at=None)
    office.payment(acme, acme.invoices.get())  # the worker is woken
    from qbsync.tasks import sweep, sync_connection

    for _ in range(3):
        sync_connection(office.connection.pk)  # another worker, whose clock is right
        time.sleep(0.5)

    def settled() -> bool:
        Connection.objects.update(working_until=None)
        sweep()
        return PaymentSync.objects.filter(status="synced").exists()

    eventually(settled, within_s=60)
    assert len(office.remote("Payment")) == 1


@pytest.mark.processes
def test_what_a_slow_host_sends_a_fast_worker_takes(
    office: Office, host: Host, start_worker: Callable[..., Worker], eventually: Callable[..., None], settings: Settings
) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    start_worker(include="tests.qbsync.skewed", HOST_CLOCK_AHEAD_S=600)
    host(-10)
    for regular in settings.CELERY_BEAT_SCHEDULE.values():
        app.send_task(regular["task"], **regular["options"])
    eventually(lambda: office.row(acme).status == "synced")
    Connection.objects.update(poll_due_at=timezone.now(), polled_at=None)
    wake.poll(office.connection.pk)
    eventually(lambda: Connection.objects.get().polled_at is not None)


def test_a_message_is_late_by_the_shared_clock(host: Host) -> None:
    for minutes in (10, -10):
        host(minutes)
        assert not wake.is_late(wake.not_after(60))
        assert wake.is_late(wake.not_after(-1))
    assert not wake.is_late({}), "one without an end never is"

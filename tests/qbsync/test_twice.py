"""Messages come twice, beat runs on two machines, a slice is taken up by two workers: each document arrives once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import redis
from django.conf import settings
from django.db import connection as database

from qbsync import clock, wake
from qbsync.changes import poll
from qbsync.models import Connection, InvoiceSync, PaymentSync, RequestCount
from qbsync.tasks import sweep, sync_connection
from tests.qbsync.conftest import Office

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(times: int, task: Callable[[], None]) -> None:
    """Carry the task out in so many threads at the same time."""

    def carry_out(_: int) -> None:
        try:
            task()
        finally:
            database.close()

    with ThreadPoolExecutor(times) as pool:
        list(pool.map(carry_out, range(times)))


def test_sweeps_that_run_at_once_wake_a_connection_once(office: Office, broker: redis.Redis) -> None:
    office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    waiting = f"{settings.CELERY_BROKER_TRANSPORT_OPTIONS['global_keyprefix']}background"
    broker.delete(waiting)
    Connection.objects.update(queued_at=None)
    at_once(4, sweep)
    sweep()
    assert broker.llen(waiting) == 1


def test_sweeps_that_tell_time_some_milliseconds_apart_wake_a_connection_once(
    office: Office, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    waiting = f"{settings.CELERY_BROKER_TRANSPORT_OPTIONS['global_keyprefix']}background"
    broker.delete(waiting)
    Connection.objects.update(queued_at=None)
    about_now = clock.about_now
    for behind_ms in (0, 40):
        moment = about_now() - timedelta(milliseconds=behind_ms)
        monkeypatch.setattr(clock, "about_now", lambda moment=moment: moment)
        wake.in_background(office.connection.pk)
    assert broker.llen(waiting) == 1


def test_a_look_that_is_asked_for_by_one_process_is_due_to_another_whose_time_is_behind(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.connect(Customer=[{"DisplayName": "Acme"}])
    about_now = clock.about_now
    Connection.objects.update(polled_at=None, poll_due_at=about_now())
    monkeypatch.setattr(clock, "about_now", lambda: about_now() - timedelta(milliseconds=500))
    assert poll.run(office.connection.pk) is None
    assert Connection.objects.get(pk=office.connection.pk).polled_at is not None


def test_a_slice_that_several_workers_take_up_at_once_books_each_document_once(office: Office) -> None:
    names = [f"Client {number}" for number in range(12)]
    for name in names:
        office.account(name, invoices=2, payments=1)
    office.connect(Customer=[{"DisplayName": name} for name in names])
    at_once(3, lambda: sync_connection(office.connection.pk))
    office.sync()
    assert (len(office.remote("Invoice")), len(office.remote("Payment"))) == (24, 12)
    assert set(InvoiceSync.objects.values_list("status", flat=True)) == {"synced"}
    assert set(PaymentSync.objects.values_list("status", flat=True)) == {"synced"}


def test_every_request_is_counted_and_reads_as_what_intuit_meters(office: Office) -> None:
    acme = office.account("Acme", invoices=2, payments=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    office.sync()
    Connection.objects.update(mirror_read_at=None)  # so that the changes are asked for
    office.invoice(acme)
    office.sync()
    counted: Counter[str] = Counter()
    metered: Counter[str] = Counter()
    for one in RequestCount.objects.filter(connection=office.connection):
        counted[one.endpoint] += one.count
        metered[one.endpoint] += one.count * one.metered
    assert counted == office.requests()
    assert metered == {"batch": 1, "query": counted["query"], "cdc": 1}, "of the batches only the one that reads"

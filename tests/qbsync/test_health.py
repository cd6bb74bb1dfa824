"""What is wrong with a connection: told apart, said honestly, and over by itself where it can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from portal.workers import queues_without_worker
from qbsync import connecting, credentials, engine, services
from qbsync.changes import poll
from qbsync.gateway.limiter import Priority
from qbsync.models import Connection, ConnectionStatus
from qbsync.tasks import keep_alive, sweep
from tests.qbsync.conftest import Office
from tests.qbsync.test_connecting import sign_in
from tests.workers import Worker

SETTINGS = "/settings/integrations/quickbooks/"
Travel = Callable[[timedelta], None]


@pytest.fixture
def travel(office: Office) -> Iterator[Travel]:
    """Set the portal's clock and QuickBooks' this far from the true one."""
    travelled: list[Any] = []

    def to(distance: timedelta) -> None:
        for one in travelled:
            one.stop()
        travelled[:] = [time_machine.travel(timezone.now() + distance, tick=True)]
        office.simulator.clock(distance.total_seconds())
        travelled[0].start()
        cache.delete(f"keep-alive:{office.connection.pk}")

    yield to
    for one in travelled:
        one.stop()


def page(office: Office, address: str = SETTINGS) -> str:
    """The page as Alice, the owner, reads it."""
    browser = Client()
    browser.force_login(office.alice)
    return " ".join(unescape(browser.get(address).content.decode()).split())


def stored(office: Office) -> Connection:
    """The connection as it now is."""
    return Connection.objects.get(pk=office.connection.pk)


def renew(office: Office) -> None:
    """Do what the sweep does for connections that nobody uses."""
    for pk in credentials.unused():
        keep_alive(pk)


def asked(office: Office) -> int:
    """How many requests QuickBooks has been sent."""
    return sum(office.requests().values())


def test_a_month_before_its_hard_end_the_connection_asks_to_be_renewed_and_a_reconnect_renews_it(
    office: Office, travel: Travel
) -> None:
    office.connect()
    office.simulator.options(office.realm, grant_lifetime_s=60 * 86_400)
    travel(timedelta(days=29))
    renew(office)
    assert "connection ends on" not in page(office)

    travel(timedelta(days=40))
    renew(office)
    ends = stored(office).hard_expires_at
    assert ends is not None and timedelta(days=19) < ends - timezone.now() < timedelta(days=21)
    said = page(office)
    assert said.count("The QuickBooks connection ends on") == 1  # the page says it, and needs no banner
    assert "Intuit lets no connection last longer than five years" in said and f'action="{SETTINGS}reconnect/"' in said
    assert "The QuickBooks connection ends on" in page(office, "/clients/accounts/")

    connecting.connection_complete(firm=office.firm, by=office.alice, scope="all", sync_date=None, **back(office))
    assert "connection ends on" not in page(office)
    ends = stored(office).hard_expires_at
    assert ends is not None and ends - timezone.now() > timedelta(days=59)


def back(office: Office) -> dict[str, str]:
    """Sign in at QuickBooks once more, as a browser does."""
    return sign_in(office.firm, office.realm)


def test_a_refresh_that_does_not_say_when_the_five_years_end_keeps_what_was_said(office: Office) -> None:
    office.connect()
    end = timezone.now() + timedelta(days=400)
    Connection.objects.update(hard_expires_at=end)
    body = '{"access_token": "a", "refresh_token": "r", "expires_in": 3600, "x_refresh_token_expires_in": 8726400}'
    silent = {"match": {"endpoint": "token"}, "kind": "http", "status": 200, "text": body}
    office.simulator.faults(office.realm, silent)
    credentials.access_token(office.connection.pk, refuse=office.connection.access_token)
    assert (stored(office).refresh_token, stored(office).hard_expires_at) == ("r", end)


def test_a_firm_that_is_not_used_for_months_stays_connected(office: Office, travel: Travel) -> None:
    office.connect()
    for week in range(1, 30):
        travel(timedelta(days=7 * week, hours=2 * week))
        renew(office)
    assert stored(office).is_active and stored(office).token_version == 30
    office.account("Acme", invoices=1)
    office.connection.refresh_from_db()
    office.sync()
    assert len(office.remote("Customer")) == 0 and "does not answer" not in page(office)


def test_a_connection_in_use_is_not_renewed_besides(office: Office, travel: Travel) -> None:
    office.connect()
    travel(timedelta(days=6))
    assert credentials.unused() == []
    travel(timedelta(days=8))
    assert credentials.unused() == [office.connection.pk]
    assert credentials.unused() == []  # asked for within the hour


def test_a_connection_that_expired_unused_says_so(office: Office, travel: Travel) -> None:
    office.connect()
    travel(timedelta(days=150))
    renew(office)
    assert stored(office).status == ConnectionStatus.BROKEN
    assert "It was not used for more than 100 days." in page(office)


def test_a_lapsed_subscription_is_tried_rarely_and_ends_by_itself(office: Office, travel: Travel) -> None:
    acme, zed = office.account("Acme", invoices=1), office.account("Zed")
    office.connect(Customer=[{"DisplayName": "Acme"}, {"DisplayName": "Zed"}])
    office.simulator.options(office.realm, billing_lapsed=True)
    office.sync()
    assert (office.row(acme).status, office.row(acme).reason) == ("failed", "connection")
    assert "subscription has ended" in office.row(acme).detail["message"]
    assert stored(office).is_active and asked(office) == 1
    said = page(office)
    assert "The QuickBooks subscription has lapsed." in said and "Try again now" in said

    travel(timedelta(hours=5))
    sweep()
    office.invoice(zed)  # comes into scope
    office.sync()
    assert asked(office) == 1
    assert (office.row(zed).status, office.row(zed).reason) == ("failed", "connection")

    travel(timedelta(hours=7))
    office.sync()
    assert asked(office) == 2

    office.simulator.options(office.realm, billing_lapsed=False)
    travel(timedelta(hours=14))
    office.sync()
    office.sync()
    assert [office.row(one).status for one in (acme, zed)] == ["synced", "synced"]
    assert stored(office).trouble == "" and stored(office).rests_until is None
    assert "has lapsed" not in page(office)


def test_a_press_asks_at_once_although_quickbooks_is_left_alone(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    office.simulator.options(office.realm, billing_lapsed=True)
    office.sync()
    office.simulator.options(office.realm, billing_lapsed=False)
    browser = Client()
    browser.force_login(office.alice)
    assert browser.post(f"{SETTINGS}try-again/")["Location"] == SETTINGS
    office.sync()
    office.sync()
    assert office.row(acme).status == "synced"


def test_who_lost_the_rights_in_quickbooks_is_not_taken_for_a_revoked_token(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect()
    denied = {"match": {}, "kind": "fault", "code": "120", "status": 403, "type": "AuthorizationFault"}
    office.simulator.faults(office.realm, {**denied, "message": "Authorization Failure", "detail": "-11014"})
    assert engine.run(office.connection.pk, priority=Priority.BACKGROUND) is None
    assert stored(office).broken_reason == "not_admin"
    assert office.row(acme).detail["message"].startswith("The person who connected QuickBooks has left")
    said = page(office)
    assert "The person who connected QuickBooks may no longer do so." in said and "That was Alice Archer." in said


def test_reads_that_are_used_up_are_told_from_a_throttle_by_lasting(office: Office, travel: Travel) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    throttled = {"match": {}, "times": 0, "kind": "http", "status": 429}
    office.simulator.faults(office.realm, throttled)
    run(office)
    assert office.row(acme).status == "syncing"
    assert "QuickBooks asked us to wait." in page(office)

    travel(timedelta(minutes=16))
    run(office)
    assert (office.row(acme).status, office.row(acme).reason) == ("failed", "connection")
    said = page(office)
    assert "QuickBooks’ reads of this month are used up." in said and "on the 1st of the month" in said
    before = asked(office)
    assert engine.run(office.connection.pk, priority=Priority.BACKGROUND) is None
    assert asked(office) == before

    office.simulator.faults(office.realm)
    travel(timedelta(minutes=80))
    forget_pause()
    office.sync()
    office.sync()
    assert office.row(acme).status == "synced" and "used up" not in page(office)


def run(office: Office) -> None:
    """One run, after the pause that a throttle asks for."""
    forget_pause()
    engine.run(office.connection.pk, priority=Priority.BACKGROUND)


def forget_pause() -> None:
    """End the pause that a throttle has left in Redis, whose clock does not travel."""
    for key in cache._cache.get_client().scan_iter(match="quota:*:pause"):  # type: ignore[attr-defined]
        cache._cache.get_client().delete(key)  # type: ignore[attr-defined]


def test_keys_that_quickbooks_does_not_accept_are_not_called_an_outage(office: Office, settings: Any) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect()
    Connection.objects.update(access_expires_at=timezone.now(), outage_since=timezone.now() - timedelta(minutes=1))
    settings.QBO_CLIENT_SECRET = "wrong"
    engine.run(office.connection.pk, priority=Priority.BACKGROUND)
    assert stored(office).trouble == "app_refused"
    assert "does not accept the portal's own keys" in office.row(acme).detail["message"]
    assert "QuickBooks does not accept the portal’s own keys." in page(office)


def test_a_worker_says_which_queues_it_takes_from(
    office: Office, start_worker: Callable[..., Worker], eventually: Callable[..., None]
) -> None:
    cache.delete_many(["worker-takes-from:people", "worker-takes-from:background"])
    assert queues_without_worker() == ["people", "background"]
    start_worker(queues=("people",), concurrency=1)
    eventually(lambda: queues_without_worker() == ["background"])
    office.connect()
    assert "No worker is running for the queue “background”." in page(office)


def test_the_run_says_who_started_it(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    office.sync()
    office.invoice(acme)
    office.sync()
    services.account_unsync(account=acme, by=office.alice)
    services.account_sync(account=acme, by=office.alice)
    office.sync()
    runs = office.connection.runs.order_by("pk")
    assert [run.started_by for run in runs] == [office.alice, None, office.alice]
    assert "Alice Archer" in page(office, f"{SETTINGS}runs/")


def test_while_quickbooks_does_not_answer_it_is_asked_once_a_pause_whatever_wakes(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    office.simulator.faults(office.realm, {"match": {}, "times": 0, "kind": "http", "status": 503})
    engine.run(office.connection.pk, priority=Priority.BACKGROUND)
    assert asked(office) == 1
    for _ in range(3):
        Connection.objects.update(poll_due_at=timezone.now(), queued_at=None, working_until=None)
        sweep()
        assert stored(office).queued_at is None
        assert engine.run(office.connection.pk, priority=Priority.BACKGROUND) is not None
        assert poll.run(office.connection.pk) is None
    assert asked(office) == 1

    assert engine.run(office.connection.pk, priority=Priority.PEOPLE, only=[office.row(acme).pk]) is not None
    assert asked(office) == 2, "a press asks at once"
    office.simulator.faults(office.realm)
    Connection.objects.update(paused_until=timezone.now())
    office.sync()
    assert (office.row(acme).status, stored(office).paused_until) == ("synced", None)

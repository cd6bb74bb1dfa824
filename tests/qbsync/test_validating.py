"""Validating all links on demand: what it finds, what it costs, who may ask, and what a failure leaves."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from qbsync import services
from qbsync.changes import validating
from qbsync.models import Connection, Customer, LinkValidation
from qbsync.services.validations import validations_wake
from qbsync.states import Status
from tests.bench import firms
from tests.qbsync.conftest import Office
from tests.qbsync.desk import Desk
from tests.workers import Worker

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/settings/integrations/quickbooks/"
LINKS = "/settings/integrations/quickbooks/links/"
HTMX = {"HX-Request": "true"}
NAMES = ("Acme", "Birch", "Cedar", "Dove")


def _validate(office: Office) -> LinkValidation:
    one = services.links_validate(connection=office.connection, by=office.alice)
    for _ in range(20):
        if (again := validating.run(one.pk)) is None:
            break
        time.sleep(min(again, 5.0))
    one.refresh_from_db()
    assert one.ended_at is not None
    return one


def _ids(office: Office) -> dict[str, str]:
    return {one["DisplayName"]: one["Id"] for one in office.remote("Customer")}


def _standing(office: Office, name: str) -> tuple[str, str, str]:
    row = office.row(office.firm.accounts.get(name=name))
    return row.status, row.reason, str(row.customer or "")


@pytest.fixture
def linked(office: Office) -> Office:
    """Four accounts with an invoice each, all in QuickBooks, and a customer Elm that nobody is linked to."""
    for name in NAMES:
        office.account(name, invoices=1)
    office.connect(Customer=[{"DisplayName": name} for name in (*NAMES, "Elm")])
    office.sync()
    return office


def test_links_that_hold_are_checked_in_one_request_and_none_has_changed(linked: Office) -> None:
    before = linked.requests()
    one = _validate(linked)
    assert (one.checked, one.changed, one.problem) == (4, 0, "")
    after = linked.requests()
    assert {name: n - before.get(name, 0) for name, n in after.items() if n != before.get(name, 0)} == {"batch": 1}


@pytest.mark.parametrize("merged_read", ["inactive", "gone"])
def test_what_was_done_to_customers_is_found_and_followed(linked: Office, merged_read: str) -> None:
    ids, simulator, realm = _ids(linked), linked.simulator, linked.realm
    simulator.options(realm, merged_read=merged_read)
    simulator.change(realm, "Customer", ids["Acme"], Active=False)
    simulator.change(realm, "Customer", ids["Birch"], DisplayName="Birch & Daughters")
    simulator.merge(realm, "Customer", gone=ids["Cedar"], into=ids["Elm"])
    one = _validate(linked)
    assert (one.checked, one.changed, one.problem) == (4, 3, "")
    assert _standing(linked, "Acme")[:2] == (Status.NOT_SYNCED, "customer_inactive")
    assert _standing(linked, "Birch") == (Status.SYNCED, "", "Birch & Daughters")
    assert _standing(linked, "Cedar") == (Status.SYNCED, "", "Elm")
    assert _standing(linked, "Dove") == (Status.SYNCED, "", "Dove")


def test_a_customer_that_quickbooks_shows_no_more_is_lost(linked: Office) -> None:
    Customer.objects.filter(display_name="Dove").update(qbo_id="987654")
    one = _validate(linked)
    assert (one.checked, one.changed) == (4, 1)
    assert _standing(linked, "Dove")[:2] == (Status.NOT_SYNCED, "customer_inactive")


def test_a_page_that_quickbooks_cuts_short_loses_no_link(linked: Office) -> None:
    cut = {"match": {"endpoint": "batch_item"}, "kind": "short_page", "rows": 1, "times": 1}
    linked.simulator.faults(linked.realm, cut)
    one = _validate(linked)
    assert (one.checked, one.changed) == (4, 0)
    assert linked.simulator.planned(linked.realm)[0]["seen"] == 1


def test_a_lost_customer_that_is_active_again_is_offered(linked: Office) -> None:
    acme = _ids(linked)["Acme"]
    linked.simulator.change(linked.realm, "Customer", acme, Active=False)
    _validate(linked)
    linked.simulator.change(linked.realm, "Customer", acme, Active=True)
    one = _validate(linked)
    assert (one.checked, one.changed) == (4, 1)
    row = linked.row(linked.firm.accounts.get(name="Acme"))
    assert (row.status, row.detail["active_again"]) == (Status.NOT_SYNCED, True)


def test_twelve_hundred_links_cost_one_request(office: Office) -> None:
    clients = firms.names(1200)
    firms.books(office.firm, clients, invoices=0, payments=0)
    office.connect(scope="all", Customer=firms.customers(clients))
    office.sync(patience_s=120)
    before = office.requests()
    one = _validate(office)
    assert (one.checked, one.changed, one.problem) == (1200, 0, "")
    after = office.requests()
    assert {name: n - before.get(name, 0) for name, n in after.items() if n != before.get(name, 0)} == {"batch": 1}


def test_a_validation_goes_on_where_it_was_left_off(linked: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validating, "IDS_A_QUERY", 1)
    monkeypatch.setattr(validating, "MOST_ITEMS", 2)
    linked.simulator.change(linked.realm, "Customer", _ids(linked)["Acme"], DisplayName="Acme Anew")
    failing = {"match": {"endpoint": "batch"}, "kind": "http", "status": 503, "after": 1, "times": 1}
    linked.simulator.faults(linked.realm, failing)
    one = services.links_validate(connection=linked.connection, by=linked.alice)
    assert validating.run(one.pk) is not None
    one.refresh_from_db()
    assert (one.checked, one.changed, one.ended_at) == (2, 1, None)
    LinkValidation.objects.update(due_at=timezone.now())
    assert validating.run(one.pk) is None
    one.refresh_from_db()
    assert (one.checked, one.changed, one.problem) == (4, 1, "")


def test_who_fails_to_read_says_why_and_loses_no_link(linked: Office) -> None:
    fault = {
        "match": {"endpoint": "batch"}, "kind": "fault", "status": 400, "code": "6190",
        "message": "Invalid Company Status", "detail": "Subscription period has ended or canceled",
    }  # fmt: skip
    linked.simulator.faults(linked.realm, fault)
    one = _validate(linked)
    assert (one.checked, one.changed) == (0, 0)
    assert "subscription" in one.problem
    assert Customer.objects.filter(active=False).count() == 0


def test_a_worker_that_comes_while_another_reads_the_company_comes_back(linked: Office) -> None:
    one = services.links_validate(connection=linked.connection, by=linked.alice)
    Connection.objects.update(mirror_leased_until=timezone.now() + timedelta(seconds=30))
    assert validating.run(one.pk) == 2.0
    one.refresh_from_db()
    assert (one.checked, one.ended_at) == (0, None)


def test_pressed_twice_it_is_one_validation(desk: Desk) -> None:
    browser = desk.sign_in(desk.adam)
    for _ in range(2):
        assert browser.post(LINKS)["Location"] == PAGE
    one = LinkValidation.objects.get()
    assert (one.asked_by, one.connection) == (desk.adam.user, desk.connection)


def test_an_employee_may_not_ask(desk: Desk) -> None:
    erin = desk.sign_in(desk.erin)
    assert (erin.get(LINKS).status_code, erin.post(LINKS).status_code) == (403, 403)
    assert not LinkValidation.objects.exists()


def test_the_panel_asks_for_itself_until_it_ends_and_then_says_what_came_of_it(desk: Desk) -> None:
    browser = desk.sign_in(desk.olivia)
    assert "Validate all links" in browser.get(PAGE).content.decode()
    asked = browser.post(LINKS, headers=HTMX).content.decode()
    assert "every 2s" in asked and "<html" not in asked
    LinkValidation.objects.update(ended_at=timezone.now(), checked=1200, changed=3)
    ended = browser.get(LINKS, headers=HTMX).content.decode()
    assert "every 2s" not in ended and "1,200 customers checked" in ended and "3 had changed" in ended
    LinkValidation.objects.update(problem="QuickBooks does not answer.")
    assert "QuickBooks does not answer." in browser.get(PAGE).content.decode()


def test_without_a_usable_connection_it_is_refused_with_a_sentence(desk: Desk) -> None:
    Connection.objects.update(status="disconnected")
    answer: Any = desk.sign_in(desk.adam).post(LINKS, follow=True)
    assert "not connected" in answer.content.decode()
    assert not LinkValidation.objects.exists()


@pytest.mark.processes
@pytest.mark.parametrize("is_lost", [False, True], ids=["asked for", "message lost"])
def test_a_worker_does_it_and_the_sweep_makes_good_a_lost_message(
    linked: Office, start_worker: Callable[..., Worker], eventually: Callable[..., None], is_lost: bool
) -> None:
    start_worker(queues=("people",), concurrency=1)
    if is_lost:
        now = timezone.now()
        LinkValidation.objects.create(connection=linked.connection, asked_at=now, due_at=now)
        validations_wake()
    else:
        services.links_validate(connection=linked.connection, by=linked.alice)
    eventually(lambda: LinkValidation.objects.get().ended_at)
    assert LinkValidation.objects.get().checked == 4

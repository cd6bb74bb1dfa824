"""The ops pages of the admin site: where all connections stand, what is parked, and buttons that harm nobody's work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts import services as books
from portal.models import Firm, User
from qbsync import connecting
from qbsync.models import AccountSync, Connection, HistoryEntry, InvoiceSync, PushIntent
from qbsync.states import Ask, DocumentReason, DocumentStatus, Reason, Status
from qbsync.tasks import poll_changes
from tests.qbsync.desk import Desk
from tests.simulated import Simulator

LIST = "/admin/qbsync/connection/"
VERBS = ("wake", "look", "retry", "try-again")
REFUSED: dict[str, Any] = {
    "status": DocumentStatus.FAILED,
    "reason": DocumentReason.REFUSED,
    "detail": {"message": "The books are closed.", "code": "6210"},
    "settled_revision": 1,
}


def _ops(*permissions: str, name: str = "Oscar Ops") -> Client:
    """A browser of somebody who may use the admin site, with these permissions; with none given, with all."""
    address = f"{name.split()[0].lower()}@portal.test"
    if permissions:
        user = User.objects.create_user(address, "secret", name=name, is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    else:
        user = User.objects.create_superuser(address, "secret", name=name)
    browser = Client(enforce_csrf_checks=False)
    browser.force_login(user)
    return browser


def _at(desk: Desk, verb: str = "") -> str:
    return f"{LIST}{desk.connection.pk}/ops/{verb}{'/' if verb else ''}"


def _put(desk: Desk, **values: Any) -> None:
    Connection.objects.filter(pk=desk.connection.pk).update(**values)


def _said(answer: Any) -> str:
    """The newest message; those of earlier presses wait with it for a page."""
    return str(list(get_messages(answer.wsgi_request))[-1])


def _pressed() -> list[tuple[str, str]]:
    """Who pressed what, as the history has it."""
    entries = HistoryEntry.objects.filter(kind="connection", event__startswith="ops_").order_by("pk")
    return [(entry.event, str(entry.actor)) for entry in entries]


def _messages(broker: redis.Redis, settings: Settings, queue: str) -> int:
    return int(broker.llen(f"{settings.CELERY_BROKER_TRANSPORT_OPTIONS['global_keyprefix']}{queue}"))


def _more_firms(number: int, now: datetime) -> None:
    for each in range(number):
        firm = Firm.objects.create(name=f"Firm {each:03}")
        one = Connection.objects.create(
            firm=firm, realm_id=f"77{each}", company_name=f"Books {each}", status_changed_at=now, access_token="a",
            refresh_token="r", set_up_at=now,
        )  # fmt: skip
        one.runs.create(started_at=now)
        account = books.account_create(firm=firm, name=f"Client {each}")
        AccountSync.objects.create(
            account=account, connection=one, status=Status.SYNCING, ask=Ask.MATCH, asked_at=now, due_at=now,
            changed_at=now,
        )  # fmt: skip


def _in_each_state(now: datetime) -> list[str]:
    """Make a connection in each state, and return their firms' names, the most urgent first."""
    _more_firms(6, now)
    changes: dict[str, dict[str, Any]] = {
        "Firm 005": {},  # its work has been due for an hour and nobody is at it
        "Firm 004": {"status": "broken", "broken_reason": "grant_revoked"},
        "Firm 003": {"rests_until": now + timedelta(hours=1), "trouble": "company_suspended", "outage_since": now},
        "Firm 002": {"working_until": now + timedelta(minutes=1)},
        "Firm 001": {},
        "Firm 000": {"status": "disconnected"},
    }
    for name, values in changes.items():
        Connection.objects.filter(firm__name=name).update(**values)
    AccountSync.objects.filter(connection__firm__name="Firm 005").update(due_at=now - timedelta(hours=1))
    AccountSync.objects.filter(connection__firm__name="Firm 001").update(due_at=None)
    return list(changes)


def test_the_list_has_the_most_urgent_first_and_says_why(db: None) -> None:
    now = timezone.now()
    names = _in_each_state(now)
    page = _ops().get(LIST)
    assert [row["connection"].firm.name for row in page.context["rows"]] == names
    said = [(row["state_label"], " ".join(row["why"])) for row in page.context["rows"]]
    assert said == [
        ("Needs attention", "Work is due and nobody is at it."),
        ("Needs attention", "The QuickBooks connection was ended."),
        ("Resting", "The QuickBooks subscription has lapsed. It is left alone for another 59 min."),
        ("Working now", "A worker is at it."),
        ("Idle", "Nothing is due."),
        ("Disconnected", "The firm has disconnected QuickBooks; its links are kept."),
    ]
    assert "1 account, the oldest" in page.text and "1 h ago" in page.text
    assert "500 requests, 40 batches" in page.text
    assert "no worker takes from it" in page.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=attention", ["Firm 005", "Firm 004"]),
        ("state=resting", ["Firm 003"]),
        ("state=working", ["Firm 002"]),
        ("state=idle", ["Firm 001"]),
        ("state=disconnected", ["Firm 000"]),
        ("q=firm+003", ["Firm 003"]),
        ("q=Books+2", ["Firm 002"]),
        ("q=774", ["Firm 004"]),
        ("q=Books+2&state=idle", []),
        ("state=unheard-of&q=%00firm%20001&p=99", ["Firm 001"]),
        ("q=Client+3", []),
    ],
)
def test_it_is_narrowed_by_state_and_found_by_firm_company_and_company_id(
    db: None, query: str, found: list[str]
) -> None:
    _in_each_state(timezone.now())
    page = _ops().get(f"{LIST}?{query}")
    assert [row["connection"].firm.name for row in page.context["rows"]] == found


def test_a_page_has_fifty_connections_and_the_next_one_the_rest(db: None) -> None:
    _more_firms(53, timezone.now())
    ops = _ops()
    first, second = ops.get(f"{LIST}?state=idle"), ops.get(f"{LIST}?state=idle&p=2")
    shown = [row["connection"].pk for page in (first, second) for row in page.context["rows"]]
    assert (len(first.context["rows"]), len(set(shown))) == (50, 53)
    assert '<a href="?state=idle&amp;p=2" rel="next">' in first.text
    assert "Page 2 of 2, 53 connections" in second.text


def test_it_takes_as_many_statements_for_forty_firms_as_for_two(db: None) -> None:
    now, ops = timezone.now(), _ops()

    def statements(address: str) -> int:
        with CaptureQueriesContext(database) as asked:
            assert ops.get(address).status_code == 200
        return len(asked)

    _more_firms(2, now)
    one = Connection.objects.earliest("pk")
    statements(f"{LIST}{one.pk}/ops/")  # the portal's quota is remembered from here on
    few, few_of_one = statements(LIST), statements(f"{LIST}{one.pk}/ops/")
    Firm.objects.exclude(pk=one.firm_id).filter(name__startswith="Firm ").delete()
    one.firm.delete()
    _more_firms(40, now)
    one = Connection.objects.earliest("pk")
    for each in range(30):
        account = books.account_create(firm=one.firm, name=f"More {each}")
        AccountSync.objects.create(
            account=account, connection=one, status=Status.FAILED, reason=Reason.NO_MATCH, changed_at=now
        )
        one.runs.create(started_at=now, ended_at=now)
        HistoryEntry.objects.create(firm=one.firm, at=now, kind="connection", event="ops_look")
    assert statements(LIST) == few <= 8
    assert statements(f"{LIST}{one.pk}/ops/") == few_of_one <= 20


def test_no_client_and_no_amount_is_on_the_pages(desk: Desk) -> None:
    linked = desk.synced("Linked LLC")
    desk.invoice(linked, **REFUSED)
    desk.failed("Acme Plumbing", Reason.SEVERAL_MATCHES, customers=["Acme Plumbing Inc."])
    ops = _ops()
    for address in (LIST, _at(desk), *(_at(desk, verb) for verb in ("wake", "look", "retry"))):
        page = ops.get(address)
        assert page.status_code == 200
        for secret in ("Acme", "Linked", "100.00", "The books are closed.", "INV-", "access", "refresh-token"):
            assert secret not in page.text.replace("has-access", ""), (address, secret)


def test_the_page_of_one_says_what_holds_it_what_is_parked_and_what_was_done(desk: Desk) -> None:
    now = timezone.now()
    linked = desk.synced("Linked LLC")
    AccountSync.objects.filter(account=linked).update(claim=7, claimed_until=now + timedelta(seconds=50), due_at=now)
    left = desk.syncing("Left", asked_at=now - timedelta(minutes=9), due_at=now)
    AccountSync.objects.filter(account=left).update(claim=6, claimed_until=now - timedelta(minutes=8))
    desk.failed("Acme")
    desk.failed("Bolt")
    invoice = desk.invoice(linked, **REFUSED)
    desk.payment(linked, status=DocumentStatus.WAITING, reason=DocumentReason.WAITS_FOR_INVOICE)
    sync = InvoiceSync.objects.get(document=invoice)
    PushIntent.objects.create(
        connection=desk.connection, account_sync=linked.quickbooks, invoice_sync=sync, operation="create",
        request_id="r", item_id="1", payload={}, claim=7, sent_at=now - timedelta(minutes=4),
    )  # fmt: skip
    desk.connection.runs.create(started_at=now - timedelta(hours=2), started_by=desk.adam.user, accounts_linked=3)
    desk.connection.runs.create(started_at=now - timedelta(days=9), ended_at=now - timedelta(days=9), requests=99)
    desk.connection.request_counts.create(day=now.date(), endpoint="query", metered=True, count=17)
    HistoryEntry.objects.create(firm=desk.firm, at=now, kind="connection", event="set_up", actor=desk.olivia.user)
    _put(desk, mirror_leased_until=now + timedelta(seconds=40), working_until=now + timedelta(seconds=50))
    page = " ".join(_ops().get(_at(desk)).text.split())
    for said in (
        "Working now",
        "<dt>Claim 7</dt> <dd> 1 account, to the end",
        "1 account that nobody has taken over",
        "The customers are read until",
        'No exact match</th> <td data-label="Of">accounts</td> <td data-label="Number">2</td>',
        'Books are closed</th> <td data-label="Of">invoices</td> <td data-label="Number">1</td>',
        "1 payment waits for the invoice to be sent first",
        "1 account waits to be matched by name",
        "1 open intent to create",
        "3 linked, 0 invoices and 0 payments sent, 0 requests",
        "17 metered reads",
        "Set up; the first sync began",
        "Olivia Hartwell",
    ):
        assert said in page, said
    assert "99 requests" not in page


@pytest.mark.parametrize("address", ["", "ops/", "ops/wake/", "ops/look/", "ops/retry/", "ops/try-again/"])
def test_staff_without_the_permission_are_refused_and_nothing_is_done(desk: Desk, address: str) -> None:
    before = list(Connection.objects.values())
    full = f"{LIST}{desk.connection.pk}/{address}" if address else LIST
    without = _ops("view_invoicesync", name="Nora Nothing")
    assert without.get(full).status_code == 403
    sees = _ops("view_connection", name="Sam Sees")
    assert sees.get(full).status_code == (403 if address.count("/") == 2 else 200)
    if address.count("/") == 2:
        assert without.post(full).status_code == sees.post(full).status_code == 403
        assert sees.put(full).status_code == sees.delete(full).status_code == 405
    else:
        assert sees.post(full).status_code == 405
    assert list(Connection.objects.values()) == before
    assert _pressed() == []


def test_who_may_only_see_is_offered_no_button(desk: Desk) -> None:
    desk.failed("Acme")
    assert "/ops/wake/" in _ops().get(_at(desk)).text
    page = _ops("view_connection", name="Sam Sees").get(_at(desk))
    assert page.status_code == 200 and not [verb for verb in VERBS if f"/ops/{verb}/" in page.text]


def test_staff_with_both_permissions_may_press(desk: Desk) -> None:
    ops = _ops("view_connection", "change_connection")
    assert ops.post(_at(desk, "wake")).status_code == 302
    assert _pressed() == [("ops_woken", "Oscar Ops")]


def test_a_search_that_the_database_could_not_be_asked_for_finds_nothing_special(desk: Desk) -> None:
    answer = _ops().get("/admin/qbsync/connection/?q=%00&p=%00&state=%00")
    assert answer.status_code == 200 and desk.connection.company_name in answer.text


def test_the_permissions_are_given_on_the_page_of_the_user(desk: Desk) -> None:
    page = _ops().get(f"/admin/portal/user/{desk.adam.user_id}/change/").text
    assert 'name="user_permissions"' in page
    assert "Can view connection" in page and "Can change connection" in page


def test_a_press_without_a_csrf_token_is_refused(desk: Desk) -> None:
    ops = _ops()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["sessionid"] = ops.cookies["sessionid"].value
    assert strict.post(_at(desk, "wake")).status_code == 403
    assert _pressed() == []


@pytest.mark.parametrize("address", ["unheard-of", "retry/?kind=accounts", "retry/?kind=people&cause=no_match"])
def test_what_there_is_not_is_not_found(desk: Desk, address: str) -> None:
    ops = _ops()
    path = f"{LIST}{desk.connection.pk}/ops/{address}{'' if '?' in address else '/'}"
    assert ops.get(path).status_code == ops.post(path).status_code == 404
    assert ops.get(f"{LIST}{10**30}/ops/").status_code == ops.post(f"{LIST}0/ops/wake/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_waking_sends_one_message_however_often_it_is_pressed(
    desk: Desk, broker: redis.Redis, settings: Settings
) -> None:
    ops = _ops()
    assert "puts a message on the queue" in ops.get(_at(desk, "wake")).text
    assert _messages(broker, settings, "background") == 0
    first, second = ops.post(_at(desk, "wake")), ops.post(_at(desk, "wake"))
    assert first.headers["Location"] == _at(desk)
    assert _said(first).startswith("The workers were told.")
    assert "on its way already" in _said(second)
    assert _messages(broker, settings, "background") == 1
    assert _pressed() == [("ops_woken", "Oscar Ops")] * 2
    assert "Workers woken from the admin site" in ops.get(_at(desk)).text


@pytest.mark.django_db(transaction=True)
def test_trying_again_ends_a_rest_once(desk: Desk, broker: redis.Redis, settings: Settings) -> None:
    _put(
        desk, rests_until=timezone.now() + timedelta(hours=1), trouble="company_suspended", outage_since=timezone.now()
    )
    ops = _ops()
    page = ops.get(_at(desk)).text
    assert "/ops/try-again/" in page and "/ops/wake/" not in page
    for verb in ("wake", "look", "retry"):
        assert "is left alone for now" in _said(ops.post(_at(desk, verb)))
    assert _pressed() == [] and _messages(broker, settings, "background") == 0
    assert "ends the wait" in ops.get(_at(desk, "try-again")).text
    assert "being asked again" in _said(ops.post(_at(desk, "try-again")))
    desk.connection.refresh_from_db()
    assert desk.connection.rests_until is None
    assert "is not left alone any more" in _said(ops.post(_at(desk, "try-again")))
    assert _messages(broker, settings, "background") == 1
    assert _pressed() == [("ops_try_again", "Oscar Ops")]


@pytest.mark.django_db(transaction=True)
def test_a_look_that_was_planned_for_later_is_due_now(
    desk: Desk, broker: redis.Redis, simulator: Simulator, settings: Settings
) -> None:
    desk.join(simulator, "Acme Incorporated")
    _put(desk, poll_due_at=timezone.now() + timedelta(hours=1))
    ops = _ops()
    assert "metered read" in ops.get(_at(desk, "look")).text
    assert "looks now" in _said(ops.post(_at(desk, "look"))) and ops.post(_at(desk, "look")).status_code == 302
    assert _messages(broker, settings, "people") == 2
    assert _pressed() == [("ops_look", "Oscar Ops")] * 2
    poll_changes.apply(args=(desk.connection.pk,))
    once = Connection.objects.get(pk=desk.connection.pk)
    assert once.polled_at is not None and once.poll_due_at is not None and once.poll_due_at > timezone.now()
    poll_changes.apply(args=(desk.connection.pk,))  # the second message finds nothing to do
    assert Connection.objects.get(pk=desk.connection.pk).polled_at == once.polled_at


@pytest.mark.django_db(transaction=True)
def test_a_retry_of_one_cause_leaves_the_others(desk: Desk, broker: redis.Redis) -> None:
    matched, several = desk.failed("Acme"), desk.failed("Twin", Reason.SEVERAL_MATCHES)
    invoice = desk.invoice(desk.synced("Linked LLC"), **REFUSED)
    ops = _ops()
    page = ops.get(_at(desk)).text
    assert f"{_at(desk, 'retry')}?kind=accounts&amp;cause=no_match" in page
    asked = ops.get(f"{_at(desk, 'retry')}?kind=accounts&cause=no_match").text
    assert "1 account that failed for “No exact match”" in asked
    assert _said(ops.post(f"{_at(desk, 'retry')}?kind=accounts&cause=no_match")) == "1 record is being tried again."
    assert _said(ops.post(f"{_at(desk, 'retry')}?kind=accounts&cause=no_match")) == (
        "Nothing was left to be tried again."
    )
    statuses = dict(AccountSync.objects.values_list("account", "status"))
    assert (statuses[matched.pk], statuses[several.pk]) == (Status.SYNCING, Status.FAILED)
    assert InvoiceSync.objects.get(document=invoice).status == DocumentStatus.FAILED
    entry = HistoryEntry.objects.filter(event="ops_retry").earliest("pk")
    assert entry.detail == {"count": 1, "kind": "accounts", "cause": "no_match"}
    asked_by = HistoryEntry.objects.filter(account=matched, event="asked").get()
    assert str(asked_by.actor) == "Oscar Ops"


@pytest.mark.django_db(transaction=True)
def test_a_retry_of_all_takes_what_a_retry_may_end(desk: Desk, broker: redis.Redis) -> None:
    desk.failed("Acme")
    waits = desk.failed("Later", Reason.UNAVAILABLE)
    voided = {**REFUSED, "reason": DocumentReason.VOIDED_THERE, "qbo_id": "9", "pushed_revision": 1}
    linked = desk.synced("Linked LLC")
    desk.invoice(linked, **REFUSED)
    desk.invoice(linked, **voided)
    ops = _ops()
    assert "1 account, 1 invoice that failed" in ops.get(_at(desk, "retry")).text
    assert _said(ops.post(_at(desk, "retry"))) == "2 records are being tried again."
    assert _said(ops.post(_at(desk, "retry"))) == "Nothing was left to be tried again."
    assert AccountSync.objects.get(account=waits).status == Status.FAILED
    assert InvoiceSync.objects.filter(reason=DocumentReason.VOIDED_THERE, status=DocumentStatus.FAILED).count() == 1
    assert "Retry asked for in the admin site: 2" in ops.get(_at(desk)).text


def _disconnect(desk: Desk) -> None:
    connecting.connection_disconnect(connection=desk.connection, by=desk.olivia.user)


def _break(desk: Desk) -> None:
    _put(desk, status="broken", broken_reason="grant_revoked")


def _unfinished(desk: Desk) -> None:
    _put(desk, set_up_at=None)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (_disconnect, "The firm has disconnected QuickBooks. Nothing was changed."),
        (_break, "QuickBooks refuses the connection: the firm’s owner has to reconnect it. Nothing was changed."),
        (_unfinished, "The firm’s owner has not finished connecting QuickBooks. Nothing was changed."),
    ],
)
def test_a_press_on_a_page_that_is_stale_says_so_and_changes_nothing(
    desk: Desk, verb: str, happens: Callable[[Desk], None], said: str, broker: redis.Redis, settings: Settings
) -> None:
    desk.failed("Acme")
    ops = _ops()
    happens(desk)
    before = (list(Connection.objects.values()), list(AccountSync.objects.values()), HistoryEntry.objects.count())
    for answer in (ops.post(_at(desk, verb)), ops.get(_at(desk, verb))):
        assert answer.headers["Location"] == _at(desk)
        assert said in _said(answer)
    after = (list(Connection.objects.values()), list(AccountSync.objects.values()), HistoryEntry.objects.count())
    assert after == before
    page = ops.get(_at(desk)).text
    assert not [verb for verb in VERBS if f"/ops/{verb}/" in page]


def test_no_press_takes_a_claim_from_a_worker(desk: Desk) -> None:
    now = timezone.now()
    linked = desk.synced("Linked LLC")
    leases = {"claim": 7, "claimed_until": now + timedelta(minutes=1), "due_at": now}
    AccountSync.objects.filter(account=linked).update(**leases)
    held = {"working_until": now + timedelta(minutes=1), "mirror_leased_until": now + timedelta(minutes=1)}
    _put(desk, claim_number=7, poll_due_at=now, **held)
    ops = _ops()
    for verb in ("wake", "look", "retry"):
        assert ops.post(_at(desk, verb)).status_code == 302
    assert AccountSync.objects.filter(account=linked, **leases).exists()
    assert Connection.objects.filter(pk=desk.connection.pk, claim_number=7, **held).exists()


def test_without_redis_the_pages_say_so_and_show_the_rest(desk: Desk, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    ops = _ops()
    page = ops.get(LIST)
    assert "Redis does not answer" in page.text and "Hartwell Books" in page.text
    assert ops.get(_at(desk)).status_code == 200

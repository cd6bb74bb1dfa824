"""Bulk actions on the list: who may, what the preview says, what then happens, and the way back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account
from qbsync.bulkrules import Left, Verb
from qbsync.models import AccountSync, Connection, ConnectionStatus, HistoryEntry
from qbsync.selectors.bulk import bulk_preview
from qbsync.services import Refused
from qbsync.services.bulk import FEW, PART, accounts_sync, accounts_unsync
from qbsync.states import Ask, Event, Reason, Status
from tests.qbsync.desk import Desk

HTMX = {"HX-Request": "true"}
LIST = "/clients/accounts/"
VERBS = ["sync", "create", "unsync"]


def url(verb: str) -> str:
    return f"/clients/accounts/quickbooks/bulk/{verb}/"


def press(browser: Client, verb: str, *accounts: Account, **more: Any) -> Any:
    """Press the button of a preview that was shown a moment ago."""
    data = {"account": [one.pk for one in accounts], "seen_at": timezone.now().isoformat(), **more}
    return browser.post(url(verb), data)


def status(account: Account) -> str:
    row = AccountSync.objects.filter(account=account).first()
    return row.status if row else ""


# --- Who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [*VERBS, "undo"])
def test_an_employee_is_refused_also_by_direct_post(desk: Desk, verb: str) -> None:
    account = desk.failed("Acme")
    account.team.add(desk.erin)
    assert press(desk.sign_in(desk.erin), verb, account).status_code == 403
    assert status(account) == Status.FAILED


@pytest.mark.parametrize("verb", VERBS)
def test_another_firms_accounts_are_ignored(desk: Desk, verb: str) -> None:
    Connection.objects.create(
        firm=desk.nadia.firm,
        realm_id="2",
        status_changed_at=timezone.now(),
        refresh_token="r",
        set_up_at=timezone.now(),
    )
    account = desk.failed("Acme")
    assert press(desk.sign_in(desk.nadia), verb, account).status_code == 409
    assert press(desk.sign_in(desk.nadia), verb, all="1").status_code == 409
    assert status(account) == Status.FAILED


@pytest.mark.parametrize("verb", VERBS)
def test_an_anonymous_person_goes_to_sign_in_and_a_post_without_a_token_is_refused(desk: Desk, verb: str) -> None:
    account = desk.failed("Acme")
    assert press(Client(), verb, account)["Location"].startswith("/sign-in/")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(desk.olivia.user)
    assert press(browser, verb, account).status_code == 403
    assert status(account) == Status.FAILED


def test_boxes_are_for_owner_and_admin_while_the_firm_is_connected(desk: Desk) -> None:
    desk.failed("Acme").team.add(desk.erin)
    box = b'name="account"'
    assert box in desk.sign_in(desk.olivia).get(LIST).content
    assert box in desk.sign_in(desk.adam).get(LIST).content
    assert box not in desk.sign_in(desk.erin).get(LIST).content
    Connection.objects.update(status=ConnectionStatus.DISCONNECTED)
    assert box not in desk.sign_in(desk.olivia).get(LIST).content


# --- What the preview says -------------------------------------------------------------------------------------------


def test_the_preview_of_sync_says_who_is_linked_who_resumes_who_will_fail_and_who_is_left_alone(desk: Desk) -> None:
    exact, remembered, unknown = desk.failed("Acme"), desk.skipped("Bright"), desk.failed("Cedar")
    desk.customer("Acme")
    chosen = [exact, remembered, unknown, desk.synced("Delta"), desk.syncing("Elm", asked_at=timezone.now())]
    desk.invoice(exact)
    desk.payment(remembered)
    desk.invoice(unknown)
    preview = bulk_preview(Verb.SYNC, [one.pk for one in chosen], desk.connection)
    assert (preview.chosen, preview.affected) == (5, 3)
    assert (preview.resumed, preview.linked, preview.stuck, preview.created) == (1, 1, 1, 0)
    assert preview.left == {Left.SYNCED: 1, Left.SYNCING: 1}
    assert preview.outcome is not None
    assert (preview.outcome.invoices, preview.outcome.payments) == (1, 1)
    page = desk.sign_in(desk.olivia).get(url("sync"), {"account": [one.pk for one in chosen]}).content.decode()
    assert "Sync 3 accounts?" in page and "1 invoice ($100.00) and 1 payment ($40.00)" in page


def test_the_preview_of_create_tells_new_customers_from_names_that_exist(desk: Desk) -> None:
    desk.customer("Acme")
    chosen = [
        desk.failed("Acme"),
        desk.account("Newcomer"),
        desk.account("With: colon"),
        desk.skipped("Bright"),
        desk.synced("Delta"),
    ]
    preview = bulk_preview(Verb.CREATE, [one.pk for one in chosen], desk.connection)
    assert (preview.affected, preview.linked, preview.created) == (2, 1, 1)
    assert preview.left == {Left.BAD_NAME: 1, Left.SKIPPED: 1, Left.SYNCED: 1}


def test_two_namesakes_are_foreseen_to_fail(desk: Desk) -> None:
    desk.customer("Acme")
    chosen = [desk.account("Acme", code="A1"), desk.account("acme", code="A2")]
    preview = bulk_preview(Verb.SYNC, [one.pk for one in chosen], desk.connection)
    assert (preview.linked, preview.stuck) == (0, 2)


@pytest.mark.parametrize("verb", VERBS)
def test_what_was_previewed_is_what_happens(desk: Desk, verb: str) -> None:
    desk.customer("Acme")
    chosen = [
        desk.failed("Acme"),
        desk.skipped("Bright"),
        desk.synced("Delta"),
        desk.syncing("Elm", asked_at=timezone.now()),
        desk.account("Never seen"),
        desk.account("With: colon"),
    ]
    preview = bulk_preview(Verb(verb), [one.pk for one in chosen], desk.connection)
    before = {one.pk: status(one) for one in chosen}
    press(desk.sign_in(desk.olivia), verb, *chosen)
    changed = [one for one in chosen if status(one) != before[one.pk]]
    assert len(changed) == preview.affected
    assert {status(one) for one in changed} == {Status.SKIPPED if verb == "unsync" else Status.SYNCING}
    assert sum(preview.left.values()) == len(chosen) - len(changed)


# --- What happens ----------------------------------------------------------------------------------------------------


def test_sync_resumes_skipped_accounts_that_a_person_selected(desk: Desk) -> None:
    account = desk.skipped("Bright")
    press(desk.sign_in(desk.adam), "sync", account)
    row = AccountSync.objects.get(account=account)
    assert (row.status, row.ask, row.asked_customer) == (Status.SYNCING, Ask.LINK, row.remembered_customer)
    assert HistoryEntry.objects.get(account=account, event=Event.ASKED).actor == desk.adam.user


def test_create_asks_for_customers_and_leaves_skipped_accounts_alone(desk: Desk) -> None:
    account, skipped = desk.failed("Acme"), desk.skipped("Bright")
    press(desk.sign_in(desk.olivia), "create", account, skipped)
    assert AccountSync.objects.get(account=account).ask == Ask.CREATE
    assert status(skipped) == Status.SKIPPED


def test_all_that_are_filtered_are_taken_from_every_page_and_no_others(desk: Desk) -> None:
    for number in range(60):
        desk.failed(f"Smith {number}")
    other = desk.failed("Jones")
    answer = press(desk.sign_in(desk.olivia), "unsync", all="1", q="smith", quickbooks="failed")
    assert answer["Location"] == f"{LIST}?q=smith&quickbooks=failed"
    assert AccountSync.objects.filter(status=Status.SKIPPED).count() == 60
    assert status(other) == Status.FAILED


def test_a_second_press_changes_nothing_more(desk: Desk) -> None:
    accounts, browser = [desk.failed("Acme"), desk.skipped("Bright")], desk.sign_in(desk.olivia)
    seen_at = timezone.now().isoformat()
    for _ in range(2):
        press(browser, "sync", *accounts, seen_at=seen_at)
    assert HistoryEntry.objects.filter(event=Event.ASKED).count() == 2
    press(browser, "unsync", *accounts, seen_at=seen_at)
    assert {status(one) for one in accounts} == {Status.SYNCING}


def test_what_changed_since_the_preview_is_left_alone_and_counted(desk: Desk) -> None:
    account, touched = desk.failed("Acme"), desk.failed("Bright")
    AccountSync.objects.filter(account=touched).update(changed_at=timezone.now() + timedelta(minutes=1))
    browser = desk.sign_in(desk.olivia)
    press(browser, "unsync", account, touched, expected="2")
    assert (status(account), status(touched)) == (Status.SKIPPED, Status.FAILED)
    page = browser.get(LIST).content.decode()
    assert "1 account will not be synced any more." in page and "1 changed meanwhile and was left alone." in page


def test_the_answer_is_shown_once(desk: Desk) -> None:
    browser = desk.sign_in(desk.olivia)
    press(browser, "sync", desk.failed("Acme"))
    assert b"1 account is being synced." in browser.get(LIST).content
    assert b"being synced." not in browser.get(LIST).content


def test_htmx_is_sent_back_to_the_list(desk: Desk) -> None:
    data = {"account": desk.failed("Acme").pk, "seen_at": timezone.now().isoformat(), "sort": "-name"}
    answer = desk.sign_in(desk.olivia).post(url("sync"), data, headers=HTMX)
    assert answer["HX-Redirect"] == f"{LIST}?sort=-name"


@pytest.mark.parametrize("data", [{}, {"account": "x"}, {"account": "9" * 30}, {"account": "999999"}])
def test_a_choice_of_nothing_is_refused_in_place(desk: Desk, data: dict[str, str]) -> None:
    answer = desk.sign_in(desk.olivia).get(url("sync"), data)
    assert answer.status_code == 409 and b"Select at least one account first." in answer.content


@pytest.mark.parametrize("seen_at", ["", "yesterday", "2026-13-45T00:00:00Z", "2026-01-01T00:00:00"])
def test_a_press_without_a_preview_is_refused(desk: Desk, seen_at: str) -> None:
    account = desk.failed("Acme")
    assert press(desk.sign_in(desk.olivia), "sync", account, seen_at=seen_at).status_code == 409
    assert status(account) == Status.FAILED


def test_without_a_usable_connection_sync_is_refused_and_do_not_sync_is_not(desk: Desk) -> None:
    account = desk.failed("Acme")
    Connection.objects.update(status=ConnectionStatus.BROKEN)
    browser = desk.sign_in(desk.olivia)
    answer = browser.get(url("sync"), {"account": account.pk})
    assert answer.status_code == 409 and b"needs attention; reconnect it first" in answer.content
    press(browser, "unsync", account)
    assert status(account) == Status.SKIPPED


def test_an_unknown_action_is_not_found(desk: Desk) -> None:
    assert desk.sign_in(desk.olivia).get(url("delete")).status_code == 404


def test_names_freed_by_do_not_sync_are_judged_again(desk: Desk) -> None:
    one = desk.failed("Acme", Reason.NAMESAKE_ACCOUNT)
    other = desk.account("ACME", code="A2")
    desk.row(other, Status.FAILED, reason=Reason.NAMESAKE_ACCOUNT, folded_name="acme")
    AccountSync.objects.filter(account=one).update(folded_name="acme")
    press(desk.sign_in(desk.olivia), "unsync", one)
    assert (status(one), status(other)) == (Status.SKIPPED, Status.SYNCING)


# --- Undo ------------------------------------------------------------------------------------------------------------


def _undo(browser: Client) -> None:
    at = browser.session["quickbooks_bulk"]["at"]
    browser.post(url("undo"), {"at": at})


def test_undo_resumes_exactly_what_was_skipped(desk: Desk) -> None:
    synced, failed, never, earlier = (
        desk.synced("Acme"),
        desk.failed("Bright"),
        desk.account("Never seen"),
        desk.skipped("Cedar"),
    )
    customer = AccountSync.objects.get(account=synced).customer
    browser = desk.sign_in(desk.olivia)
    press(browser, "unsync", synced, failed, never, earlier)
    assert browser.session["quickbooks_bulk"]["resumable"] == 2
    _undo(browser)
    row = AccountSync.objects.get(account=synced)
    assert (row.status, row.ask, row.asked_customer) == (Status.SYNCING, Ask.LINK, customer)
    assert status(failed) == Status.SYNCING
    assert (status(never), status(earlier)) == (Status.SKIPPED, Status.SKIPPED)


def test_undo_leaves_alone_what_somebody_touched_meanwhile_and_is_nobody_elses(desk: Desk) -> None:
    mine, touched = desk.failed("Acme"), desk.failed("Bright")
    browser = desk.sign_in(desk.olivia)
    press(browser, "unsync", mine, touched)
    at = browser.session["quickbooks_bulk"]["at"]
    AccountSync.objects.filter(account=touched).update(changed_at=timezone.now(), changed_by=desk.adam.user)
    desk.sign_in(desk.adam).post(url("undo"), {"at": at})
    assert status(mine) == Status.SKIPPED
    _undo(browser)
    assert (status(mine), status(touched)) == (Status.SYNCING, Status.SKIPPED)


# --- What it costs ---------------------------------------------------------------------------------------------------


def _statements(desk: Desk, count: int, verb: Any) -> int:
    ids = [desk.skipped(f"{verb.__name__} {count} {number}").pk for number in range(count)]
    if verb is accounts_unsync:
        AccountSync.objects.filter(account__in=ids).update(
            status=Status.FAILED, reason=Reason.NO_MATCH, folded_name="one name"
        )
    with CaptureQueriesContext(database) as captured:
        done = verb(firm=desk.firm, account_ids=ids, by=desk.olivia.user, seen_at=timezone.now())
    assert done.count == count
    return len(captured)


@pytest.mark.parametrize("verb", [accounts_sync, accounts_unsync])
def test_the_statements_do_not_grow_with_the_accounts_of_a_part(desk: Desk, verb: Any) -> None:
    many = _statements(desk, 60, verb)
    assert many <= _statements(desk, 30, verb) <= 20
    assert PART == 500


@pytest.mark.parametrize("verb", VERBS)
def test_the_preview_costs_the_same_statements_however_many_are_chosen(desk: Desk, verb: str) -> None:
    def cost(count: int) -> int:
        ids = [desk.failed(f"{count} {number}").pk for number in range(count)]
        with CaptureQueriesContext(database) as captured:
            bulk_preview(Verb(verb), ids, desk.connection)
        return len(captured)

    assert cost(40) == cost(4) <= 7


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("count", "people", "background"), [(3, 3, 0), (FEW + 1, 0, 1)])
def test_few_accounts_go_to_the_queue_of_people_and_many_wake_the_firm_once(
    broker: redis.Redis, desk: Desk, count: int, people: int, background: int
) -> None:
    ids = [desk.skipped(f"Smith {number}").pk for number in range(count)]
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    broker.delete(f"{prefix}background")  # making the accounts has woken the firm
    Connection.objects.update(queued_at=None)
    accounts_sync(firm=desk.firm, account_ids=ids, by=desk.olivia.user, seen_at=timezone.now())
    assert [broker.llen(f"{prefix}{queue}") for queue in ("people", "background")] == [people, background]


def test_nothing_is_asked_of_a_firm_without_quickbooks(desk: Desk) -> None:
    with pytest.raises(Refused, match="not connected"):
        accounts_sync(firm=desk.nadia.firm, account_ids=[], by=desk.nadia.user, seen_at=timezone.now())

"""Settings > Integrations > QuickBooks: the four steps of connecting, the connection's health, and its end."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from portal.models import Firm, Membership, Role
from qbsync.models import AccountSync, Connection, ConnectionStatus, Scope
from qbsync.states import Status
from tests.qbsync.desk import Desk
from tests.simulated import Simulator

SETTINGS = "/settings/integrations/quickbooks/"
CALLBACK = "/settings/integrations/quickbooks/callback"
CHOICES = {"scope": "all", "sync_date": "2026-02-01"}


def _said(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def _leave_for_intuit(browser: Client) -> str:
    """Walk steps 1 and 2; return the address of Intuit's page to which the browser is sent."""
    browser.get(f"{SETTINGS}connect/")
    answer = browser.post(f"{SETTINGS}connect/accounts/", CHOICES)
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


def _decide(address: str, realm: str, decision: str = "allow") -> str:
    """Press the button on the simulator's sign-in page; return the path and query to which it sends the browser."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    form = {**asked, "email": "olivia@firm.test", "realm_id": realm, "decision": decision}
    answer = requests.post(address.split("?")[0], data=form, allow_redirects=False, timeout=30)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def _connect(browser: Client, realm: str) -> Any:
    return browser.get(_decide(_leave_for_intuit(browser), realm))


@pytest.fixture
def unconnected(desk: Desk, transactional_db: None) -> Desk:
    """Olivia's firm before it was connected."""
    Connection.objects.all().delete()
    return desk


def test_only_the_owner_connects_disconnects_and_sets_up(desk: Desk) -> None:
    for path in ("connect/", "connect/accounts/", "callback", "setup/", "disconnect/"):
        assert desk.sign_in(desk.adam).get(SETTINGS + path).status_code == 403
    assert desk.sign_in(desk.adam).post(SETTINGS + "reconnect/").status_code == 403
    assert desk.sign_in(desk.adam).post(SETTINGS + "disconnect/").status_code == 403
    assert Connection.objects.get().is_active


def test_owner_and_admin_read_the_settings_and_employees_do_not(desk: Desk) -> None:
    assert desk.sign_in(desk.olivia).get(SETTINGS).status_code == 200
    assert desk.sign_in(desk.adam).get(SETTINGS).status_code == 200
    assert desk.sign_in(desk.erin).get(SETTINGS).status_code == 403
    assert Client().get(SETTINGS).status_code == 302


def test_another_firm_sees_nothing_of_the_connection(desk: Desk) -> None:
    page = desk.sign_in(desk.nadia).get(SETTINGS).content.decode()
    assert "QuickBooks is not connected" in page and "Hartwell Books" not in page


def test_the_settings_show_company_counts_runs_and_requests(desk: Desk) -> None:
    desk.failed("Acme")
    desk.connection.runs.create(
        started_at=timezone.now() - timedelta(minutes=3), ended_at=timezone.now(), invoices_sent=880, requests=74
    )
    today = timezone.now().date()
    desk.connection.request_counts.create(day=today, endpoint="query", metered=True, count=12)
    desk.connection.request_counts.create(day=today, endpoint="batch", metered=False, count=60)
    page = " ".join(desk.sign_in(desk.adam).get(SETTINGS).content.decode().split())
    assert "Hartwell Books" in page and "Jan 1, 2026" in page
    assert 'href="/clients/accounts/?quickbooks=failed"' in page
    assert "880" in page and "72" in page and "12 of them reads" in page
    assert "Disconnect…" not in page


def _seen(answer: Any) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', answer.text)
    assert found
    return html.unescape(found[1])


def test_the_steps_of_connecting_say_how_much_each_choice_means(unconnected: Desk, simulator: Simulator) -> None:
    for name, day in (("Old", date(2025, 12, 1)), ("New", date(2026, 3, 1)), ("Newer", date(2026, 4, 1))):
        unconnected.invoice(unconnected.account(name), day)
    unconnected.account("Without documents")
    browser = unconnected.sign_in(unconnected.olivia)
    step = " ".join(browser.get(f"{SETTINGS}connect/accounts/").text.split())
    assert "yet: 4 today." in step and "3 have one today, of whatever date" in step
    _connect(browser, simulator.company("Newcomer Books"))
    step = " ".join(browser.get(f"{SETTINGS}setup/").text.split())
    assert "4 accounts that were never synced come into scope, and are matched by name" in step
    assert "Up to 2 invoices ($200.00) will be created in QuickBooks, once their accounts are linked" in step


def test_another_scope_says_what_it_will_do(desk: Desk) -> None:
    desk.invoice(desk.account("Never synced"), date(2025, 12, 1))
    linked = desk.synced("Linked")
    for day in (date(2025, 12, 2), date(2024, 1, 1), date(2026, 2, 1)):
        desk.invoice(linked, day)
    desk.invoice(desk.skipped("Skipped"), date(2025, 12, 3))
    browser = desk.sign_in(desk.adam)

    def shown(scope: str, day: str) -> str:
        return " ".join(browser.post(f"{SETTINGS}edit/", {"scope": scope, "sync_date": day}).text.split())

    earlier = shown("with_documents", "2025-06-01")
    assert "1 account that was never synced comes into scope, and is matched by name" in earlier
    assert "Up to 2 invoices ($200.00) will be created in QuickBooks" in earlier
    later = shown("with_documents", "2026-03-01")
    assert "No account comes into scope." in later and "No invoice or payment is sent" in later
    assert "1 document of linked accounts that is not in QuickBooks yet stays here" in later
    connection = Connection.objects.get()
    assert (connection.scope, connection.sync_date) == (Scope.WITH_DOCUMENTS, date(2026, 1, 1))


def test_what_was_seen_is_not_saved_for_other_settings(desk: Desk) -> None:
    browser = desk.sign_in(desk.adam)
    asked = {"scope": "all", "sync_date": "2026-02-01"}
    seen = _seen(browser.post(f"{SETTINGS}edit/", asked))
    other = browser.post(f"{SETTINGS}edit/", asked | {"sync_date": "2020-02-01", "seen": seen})
    assert "not what you were shown any more" in other.text
    Connection.objects.update(sync_date=date(2025, 5, 1))
    assert "not what you were shown any more" in browser.post(f"{SETTINGS}edit/", asked | {"seen": seen}).text
    assert Connection.objects.get().sync_date == date(2025, 5, 1)


def test_an_admin_changes_the_scope_and_what_came_into_it_is_synced(desk: Desk) -> None:
    account, skipped = desk.account("Without documents"), desk.skipped("Acme")
    browser = desk.sign_in(desk.adam)
    assert 'value="2026-01-01"' in browser.get(f"{SETTINGS}edit/").content.decode()
    wrong = browser.post(f"{SETTINGS}edit/", {"scope": "all", "sync_date": "2926-01-01"})
    assert "Choose today or an earlier date" in wrong.content.decode()
    asked = {"scope": "all", "sync_date": "2026-02-01"}
    shown = browser.post(f"{SETTINGS}edit/", asked)
    assert Connection.objects.get().scope == Scope.WITH_DOCUMENTS, "nothing is saved before its consequences were seen"
    answer = browser.post(f"{SETTINGS}edit/", asked | {"seen": _seen(shown)})
    assert answer["Location"] == SETTINGS
    connection = Connection.objects.get()
    assert (connection.scope, connection.sync_date) == (Scope.ALL, date(2026, 2, 1))
    assert not connection.sync_manual_payments
    assert AccountSync.objects.get(account=account).status == Status.SYNCING
    assert AccountSync.objects.get(account=skipped).status == Status.SKIPPED
    assert desk.sign_in(desk.erin).post(f"{SETTINGS}edit/", {"scope": "all"}).status_code == 403


def test_the_progress_ends_with_the_connection(desk: Desk) -> None:
    browser = desk.sign_in(desk.olivia)
    assert b'id="quickbooks-progress"' in browser.get(SETTINGS + "progress/").content
    Connection.objects.update(status=ConnectionStatus.DISCONNECTED, refresh_token="")
    assert browser.get(SETTINGS + "progress/").status_code == 286


def test_a_broken_connection_names_the_reason_and_offers_reconnect_to_the_owner(desk: Desk) -> None:
    Connection.objects.update(status=ConnectionStatus.BROKEN, broken_reason="grant_revoked")
    page = desk.sign_in(desk.olivia).get(SETTINGS).content.decode()
    assert "It was disconnected in QuickBooks or by Intuit." in page
    assert f'action="{SETTINGS}reconnect/"' in page
    assert f'action="{SETTINGS}reconnect/"' not in desk.sign_in(desk.adam).get(SETTINGS).content.decode()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"scope": "all", "sync_date": ""}, "This field is required."),
        ({"scope": "all", "sync_date": "2926-01-01"}, "Choose today or an earlier date"),
        ({"scope": "all", "sync_date": "0026-01-01"}, "Choose a date from 1990 on."),
        ({"scope": "some", "sync_date": "2026-01-01"}, "Select a valid choice."),
    ],
)
def test_a_wrong_scope_or_date_is_said_at_the_field(unconnected: Desk, data: dict[str, str], sentence: str) -> None:
    answer = unconnected.sign_in(unconnected.olivia).post(f"{SETTINGS}connect/accounts/", data)
    assert sentence in answer.content.decode()


def test_a_newcomer_connects_in_four_steps_and_the_first_sync_begins(unconnected: Desk, simulator: Simulator) -> None:
    account = unconnected.account("Bright Dental")
    realm = simulator.company("Newcomer Books")
    browser = unconnected.sign_in(unconnected.olivia)
    answer = _connect(browser, realm)
    assert answer["Location"] == f"{SETTINGS}setup/"
    connection = Connection.objects.get()
    assert (connection.realm_id, connection.company_name, connection.set_up_at) == (realm, "Newcomer Books", None)
    assert (connection.scope, connection.sync_date) == (Scope.ALL, date(2026, 2, 1))
    assert not AccountSync.objects.exists()

    page = browser.get(f"{SETTINGS}setup/").content.decode()
    chosen = dict(re.findall(r'name="(income_account|service_item)".*?value="(\d+)" selected', page, re.DOTALL))
    answer = browser.post(f"{SETTINGS}setup/", {**chosen, "sync_manual_payments": "on"})
    assert answer["Location"] == SETTINGS
    connection.refresh_from_db()
    assert connection.set_up_at is not None and connection.sync_manual_payments
    assert connection.service_item_name == "Services" and connection.income_account_name
    assert AccountSync.objects.get(account=account).status == Status.SYNCING
    again = browser.post(f"{SETTINGS}setup/", {**chosen})
    assert again["Location"] == SETTINGS
    connection.refresh_from_db()
    assert connection.sync_manual_payments


def test_a_company_outside_the_us_is_asked_for_its_tax_codes_at_once(unconnected: Desk, simulator: Simulator) -> None:
    Firm.objects.filter(pk=unconnected.firm.pk).update(currency="GBP")
    preferences = {"TaxPrefs": {"UsingSalesTax": True}, "CurrencyPrefs": {"HomeCurrency": {"value": "GBP"}}}
    codes = [{"Id": "7", "Name": "20.0% S"}, {"Id": "9", "Name": "No VAT"}]
    browser = unconnected.sign_in(unconnected.olivia)
    _connect(browser, simulator.company("British Books", country="GB", Preferences=preferences, TaxCode=codes))
    page = browser.get(f"{SETTINGS}setup/").content.decode()
    assert "Tax code for taxable lines" in page and "Tax code for other lines" in page
    chosen = dict(re.findall(r'name="(income_account|service_item)".*?value="(\d+)" selected', page, re.DOTALL))
    browser.post(f"{SETTINGS}setup/", {**chosen, "taxable_code": "7", "exempt_code": "9"})
    connection = Connection.objects.get()
    assert (connection.taxable_code_name, connection.exempt_code_name) == ("20.0% S", "No VAT")
    assert connection.set_up_at is not None


def test_a_choice_that_the_company_does_not_have_is_said_at_the_field(unconnected: Desk, simulator: Simulator) -> None:
    browser = unconnected.sign_in(unconnected.olivia)
    _connect(browser, simulator.company("Newcomer Books"))
    answer = browser.post(f"{SETTINGS}setup/", {"income_account": "99999", "service_item": ""})
    assert "Select a valid choice" in answer.content.decode()
    assert Connection.objects.get().set_up_at is None


def test_a_wrong_state_changes_nothing(unconnected: Desk, simulator: Simulator) -> None:
    browser = unconnected.sign_in(unconnected.olivia)
    back = _decide(_leave_for_intuit(browser), simulator.company("Newcomer Books"))
    forged = re.sub(r"state=[^&]+", "state=forged", back)
    answer = browser.get(forged)
    assert answer["Location"] == SETTINGS
    assert "does not belong to a sign-in that you began here" in _said(answer)
    assert not Connection.objects.exists()


def test_an_answer_counts_once_and_only_in_the_browser_that_asked(unconnected: Desk, simulator: Simulator) -> None:
    browser = unconnected.sign_in(unconnected.olivia)
    back = _decide(_leave_for_intuit(browser), simulator.company("Newcomer Books"))
    elsewhere = unconnected.sign_in(unconnected.olivia).get(back)
    assert "Nothing was changed" in _said(elsewhere) and not Connection.objects.exists()
    browser.get(back)
    assert Connection.objects.get().is_active
    assert "Nothing was changed" in _said(browser.get(back))


def test_an_answer_for_another_firm_is_refused(unconnected: Desk, simulator: Simulator) -> None:
    second = Membership.objects.create(
        user=unconnected.olivia.user, firm=Firm.objects.create(name="Second Firm"), role=Role.OWNER
    )
    browser = unconnected.sign_in(unconnected.olivia)
    back = _decide(_leave_for_intuit(browser), simulator.company("Newcomer Books"))
    session = browser.session
    session["membership_id"] = second.pk
    session.save()
    assert "Nothing was changed" in _said(browser.get(back))
    assert not Connection.objects.exists()


def test_a_denied_consent_changes_nothing(unconnected: Desk, simulator: Simulator) -> None:
    browser = unconnected.sign_in(unconnected.olivia)
    realm = simulator.company("Newcomer Books")
    answer = browser.get(_decide(_leave_for_intuit(browser), realm, decision="deny"))
    assert "You did not allow the connection in QuickBooks. Nothing was changed." in _said(answer)
    assert not Connection.objects.exists()


def test_a_company_of_another_firm_is_refused(unconnected: Desk, simulator: Simulator) -> None:
    realm = simulator.company("Newcomer Books")
    _connect(unconnected.sign_in(unconnected.nadia), realm)
    answer = _connect(unconnected.sign_in(unconnected.olivia), realm)
    assert "already connected to another firm" in _said(answer)
    assert Connection.objects.get().firm == unconnected.nadia.firm


def test_reconnecting_to_another_company_is_refused_and_to_the_same_one_resumes(
    unconnected: Desk, simulator: Simulator
) -> None:
    realm, other = simulator.company("Newcomer Books"), simulator.company("Other Books")
    browser = unconnected.sign_in(unconnected.olivia)
    _connect(browser, realm)
    Connection.objects.update(set_up_at=timezone.now(), status=ConnectionStatus.BROKEN, broken_reason="grant_revoked")
    away = browser.post(f"{SETTINGS}reconnect/")["Location"]
    refused = browser.get(_decide(away, other))
    assert "linked to another QuickBooks company, Newcomer Books" in _said(refused)
    assert Connection.objects.get().status == ConnectionStatus.BROKEN
    away = browser.post(f"{SETTINGS}reconnect/")["Location"]
    answer = browser.get(_decide(away, realm))
    assert answer["Location"] == SETTINGS and "syncing goes on" in _said(answer)
    assert Connection.objects.get().is_active


def test_disconnect_says_of_how_much_it_is_the_end(desk: Desk) -> None:
    one, _ = desk.synced("Acme"), desk.synced("Birch")
    desk.failed("Cedar")
    desk.invoice(one, status="synced", qbo_id="5", pushed_revision=1, settled_revision=1)
    desk.payment(one)
    asked = " ".join(desk.sign_in(desk.olivia).get(f"{SETTINGS}disconnect/").text.split())
    assert "Nothing more is sent, also not the 1 document that waits now; every account reads Not synced." in asked
    assert "What is in QuickBooks stays there: 1 document of ours." in asked
    assert "The links of 2 accounts are kept: connecting the same company again resumes them" in asked


def test_disconnect_asks_first_revokes_and_keeps_the_links(unconnected: Desk, simulator: Simulator) -> None:
    browser = unconnected.sign_in(unconnected.olivia)
    _connect(browser, simulator.company("Newcomer Books"))
    Connection.objects.update(set_up_at=timezone.now())
    desk, connection = unconnected, Connection.objects.get()
    desk.connection = connection
    account = desk.synced("Acme")
    assert "are kept: connecting the same company again" in browser.get(f"{SETTINGS}disconnect/").content.decode()
    assert Connection.objects.get().is_active
    assert browser.post(f"{SETTINGS}disconnect/")["Location"] == SETTINGS
    connection.refresh_from_db()
    assert (connection.status, connection.refresh_token) == (ConnectionStatus.DISCONNECTED, "")
    assert AccountSync.objects.get(account=account).customer is not None
    assert browser.post(f"{SETTINGS}disconnect/")["Location"] == SETTINGS
    page = browser.get(SETTINGS).content.decode()
    assert "QuickBooks is disconnected" in page and "Connect again" in page
    assert browser.get(f"{SETTINGS}connect/accounts/")["Location"] == SETTINGS
    back = _decide(browser.post(f"{SETTINGS}reconnect/")["Location"], connection.realm_id)
    assert browser.get(back)["Location"] == SETTINGS
    connection.refresh_from_db()
    assert connection.is_ready


def test_an_intuit_that_does_not_answer_is_said_and_nothing_is_changed(
    unconnected: Desk, simulator: Simulator, settings: Settings
) -> None:
    browser = unconnected.sign_in(unconnected.olivia)
    back = _decide(_leave_for_intuit(browser), simulator.company("Newcomer Books"))
    settings.QBO_API_BASE_URL = settings.QBO_OAUTH_BASE_URL = "http://127.0.0.1:9"
    settings.QBO_DISCOVERY_URL = "http://127.0.0.1:9/.well-known/openid_configuration"
    assert "does not answer" in _said(browser.get(back))
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    ("change", "for_owner", "for_admin"),
    [
        ({"set_up_at": None}, "Finish connecting", "The owner finishes connecting"),
        ({"status": ConnectionStatus.BROKEN, "broken_reason": "not_admin"}, "Reconnect", "may no longer do so"),
        ({"status": ConnectionStatus.DISCONNECTED}, "Connect again", "Only the owner"),
    ],
    ids=["not set up", "broken", "disconnected"],
)
def test_a_connection_that_does_not_work_shows_its_settings_and_the_way_on(
    desk: Desk, change: dict[str, Any], for_owner: str, for_admin: str
) -> None:
    desk.failed("Acme")
    desk.invoice(desk.synced("Linked"))
    desk.account("Never asked for")
    Connection.objects.update(**change)
    for member, sentence in ((desk.olivia, for_owner), (desk.adam, for_admin)):
        page = desk.sign_in(member).get(SETTINGS)
        assert page.status_code == 200 and sentence in page.text

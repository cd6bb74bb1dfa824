"""Connecting a firm to a QuickBooks company: through the simulator's real sign-in, refusals included."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.db import connection as database
from django.utils import timezone
from pytest_django import Settings

from portal.models import Firm, Membership, Role, User
from qbsync import connecting, credentials
from qbsync.connecting import ConnectRefused
from qbsync.gateway import oauth
from qbsync.gateway.company import Company
from qbsync.gateway.faults import Fault, FaultKind
from qbsync.models import Connection, ConnectionStatus, HistoryEntry, RequestCount
from qbsync.models.connection import Scope
from tests.gateway.replay import Replay
from tests.simulated import Simulator

pytestmark = pytest.mark.django_db(transaction=True)


def owner_of(name: str, person: str) -> tuple[Firm, User]:
    """A firm and its owner."""
    firm = Firm.objects.create(name=name)
    user = User.objects.create_user(f"{person.lower()}@example.test", name=person)
    Membership.objects.create(user=user, firm=firm, role=Role.OWNER)
    return firm, user


def sign_in(firm: Firm, realm: str) -> dict[str, str]:
    """Allow the connection on Intuit's page, as a browser does; return what the callback is called with."""
    page = connecting.authorize_url(firm=firm, state=connecting.new_state())
    form = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
    answer = requests.post(
        page.partition("?")[0], data={**form, "realm_id": realm, "decision": "allow"}, allow_redirects=False, timeout=10
    )
    assert answer.status_code == 302, answer.text
    back = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
    assert back["state"] == form["state"]
    return {"code": back["code"], "realm_id": back["realmId"]}


def connect(firm: Firm, user: User, realm: str, **changes: Any) -> Connection:
    """Walk the steps until the connection is there."""
    given = {**sign_in(firm, realm), "scope": Scope.ALL, "sync_date": date(2026, 1, 1), **changes}
    return connecting.connection_complete(firm=firm, by=user, **given)


def set_up(connection: Connection) -> None:
    """As after the last step, without a sync that would start now."""
    Connection.objects.filter(pk=connection.pk).update(set_up_at=timezone.now(), service_item_id="1")


def rows() -> list[Any]:
    """Everything that is stored of all connections."""
    return list(Connection.objects.order_by("pk").values())


@pytest.fixture
def granted(monkeypatch: pytest.MonkeyPatch) -> list[oauth.Grant]:
    """The grants that Intuit gave, in order, noted in passing."""
    grants: list[oauth.Grant] = []
    exchange = oauth.exchange

    def noted(code: str) -> oauth.Grant:
        grants.append(exchange(code))
        return grants[-1]

    monkeypatch.setattr(oauth, "exchange", noted)
    return grants


def is_revoked(grant: oauth.Grant) -> bool:
    """Whether Intuit no longer takes the grant's refresh token."""
    try:
        oauth.refresh(grant.refresh_token)
    except Fault as fault:
        return fault.kind is FaultKind.GRANT_REVOKED
    return False


def test_a_firm_connects_and_its_tokens_open_the_company(simulator: Simulator) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    realm = simulator.company("Munro Books")

    connection = connect(firm, alice, realm)

    stored = Connection.objects.get()
    assert connection.pk == stored.pk
    assert (stored.realm_id, stored.company_name, stored.status) == (realm, "Munro Books", ConnectionStatus.ACTIVE)
    assert (stored.scope, stored.sync_date, stored.set_up_at) == (Scope.ALL, date(2026, 1, 1), None)
    assert stored.connected_by == alice
    token = credentials.access_token(stored.pk)
    assert token.value == stored.access_token
    assert Company(realm, token.value).company_info().body["CompanyName"] == "Munro Books"
    entry = HistoryEntry.objects.get()
    assert (entry.event, entry.actor, entry.after) == ("connected", alice, "active")


def test_a_company_in_another_currency_is_refused_and_nothing_is_kept(
    simulator: Simulator, granted: list[oauth.Grant]
) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    realm = simulator.company(
        "Maple Books", country="CA", Preferences={"CurrencyPrefs": {"HomeCurrency": {"value": "CAD"}}}
    )
    with pytest.raises(ConnectRefused, match=r"Maple Books keeps its books in CAD, but .* firm are in USD"):
        connect(firm, alice, realm)
    assert rows() == []
    assert is_revoked(granted[0])
    Firm.objects.update(currency="CAD")
    firm.refresh_from_db()
    assert connect(firm, alice, realm).company_name == "Maple Books"


def test_states_are_never_the_same() -> None:
    states = {connecting.new_state() for _ in range(100)}
    assert len(states) == 100
    assert min(map(len, states)) >= 43


def test_a_company_of_another_firm_is_refused_and_that_firm_stays_connected(
    simulator: Simulator, granted: list[oauth.Grant]
) -> None:
    realm = simulator.company()
    connection = connect(*owner_of("Alice & Partners", "Alice"), realm)
    before = rows()

    with pytest.raises(ConnectRefused, match="another firm"):
        connect(*owner_of("Bob Bookkeeping", "Bob"), realm)

    assert rows() == before
    assert not is_revoked(granted[1]), "a revocation might end what the other firm lives on"
    assert Company(realm, credentials.access_token(connection.pk).value).company_info()


@pytest.mark.parametrize("status", [ConnectionStatus.ACTIVE, ConnectionStatus.BROKEN, ConnectionStatus.DISCONNECTED])
def test_a_reconnect_to_a_different_company_is_refused(
    simulator: Simulator, granted: list[oauth.Grant], status: ConnectionStatus
) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    connection = connect(firm, alice, simulator.company("Munro Books"))
    set_up(connection)
    Connection.objects.update(status=status)
    before = rows()

    with pytest.raises(ConnectRefused, match="Munro Books"):
        connect(firm, alice, simulator.company("Another"))

    assert rows() == before
    assert is_revoked(granted[1])
    assert not is_revoked(granted[0])


def test_a_reconnect_to_the_same_company_keeps_everything_and_resumes(simulator: Simulator) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    realm = simulator.company()
    first = connect(firm, alice, realm)
    set_up(first)
    Connection.objects.update(status=ConnectionStatus.BROKEN, broken_reason="grant_revoked", queued_at=timezone.now())

    again = connect(firm, alice, realm, scope=Scope.WITH_DOCUMENTS, sync_date=date(2020, 5, 5))

    stored = Connection.objects.get()
    assert again.pk == first.pk
    assert (stored.status, stored.broken_reason) == (ConnectionStatus.ACTIVE, "")
    assert (stored.scope, stored.sync_date, stored.service_item_id) == (Scope.ALL, date(2026, 1, 1), "1")
    assert stored.token_version == first.token_version + 1
    assert stored.access_token != first.access_token
    events = list(HistoryEntry.objects.order_by("pk").values_list("event", flat=True))
    assert events == ["connected", "reconnected", "resumed"]


def test_a_disconnected_firm_connects_to_its_company_again(simulator: Simulator) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    realm = simulator.company()
    connection = connect(firm, alice, realm)
    set_up(connection)
    Connection.objects.update(queued_at=timezone.now())
    connecting.connection_disconnect(connection=connection, by=alice)
    assert connect(firm, alice, realm).pk == connection.pk
    assert Connection.objects.get().status == ConnectionStatus.ACTIVE


def test_disconnecting_erases_the_tokens_and_ends_the_grant(simulator: Simulator, granted: list[oauth.Grant]) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    connection = connect(firm, alice, simulator.company())
    set_up(connection)

    connecting.connection_disconnect(connection=connection, by=alice)

    stored = Connection.objects.get()
    assert stored.status == ConnectionStatus.DISCONNECTED
    assert (stored.access_token, stored.refresh_token) == ("", "")
    assert is_revoked(granted[0])
    entry = HistoryEntry.objects.order_by("pk").last()
    assert entry is not None
    assert (entry.event, entry.before, entry.after, entry.actor) == ("disconnected", "active", "disconnected", alice)


def test_disconnecting_does_not_wait_for_intuit(simulator: Simulator, settings: Settings) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    connection = connect(firm, alice, simulator.company())
    set_up(connection)
    silent = Replay()
    silent.close()
    settings.QBO_DISCOVERY_URL = f"{silent.url}/.well-known/openid_configuration"
    connecting.connection_disconnect(connection=connection, by=alice)
    assert Connection.objects.get().status == ConnectionStatus.DISCONNECTED


def test_a_second_disconnect_changes_nothing(simulator: Simulator) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    connection = connect(firm, alice, simulator.company())
    set_up(connection)
    for _ in range(2):
        connecting.connection_disconnect(connection=connection, by=alice)
    assert HistoryEntry.objects.filter(event="disconnected").count() == 1


def test_a_connection_that_was_never_set_up_leaves_the_choice_of_company_open(simulator: Simulator) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    wrong = connect(firm, alice, simulator.company("The wrong one"))
    connecting.connection_disconnect(connection=wrong, by=alice)
    right = simulator.company("The right one")
    assert connect(firm, alice, right).realm_id == right


@pytest.mark.parametrize("code", ["", "invented"])
def test_a_code_that_intuit_does_not_take_is_refused(simulator: Simulator, code: str) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    with pytest.raises(ConnectRefused, match="start again"):
        connect(firm, alice, simulator.company(), code=code)
    assert rows() == []


def test_a_code_is_good_once(simulator: Simulator) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    given = sign_in(firm, simulator.company())
    connect(firm, alice, given["realm_id"], code=given["code"])
    before = rows()
    with pytest.raises(ConnectRefused, match="start again"):
        connect(firm, alice, given["realm_id"], code=given["code"])
    assert rows()[0]["status"] == before[0]["status"]


@pytest.mark.parametrize("realm", ["", "../admin", "12a", "1" * 41, "12\n"])
def test_a_realm_that_is_no_number_is_refused_before_anything_is_asked(simulator: Simulator, realm: str) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    with pytest.raises(ConnectRefused, match="names no company"):
        connect(firm, alice, simulator.company(), realm_id=realm)
    assert rows() == []


def test_a_realm_that_somebody_put_into_the_address_bar_is_not_believed(
    simulator: Simulator, granted: list[oauth.Grant]
) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    mine, somebody_elses = simulator.company(), simulator.company()
    with pytest.raises(ConnectRefused, match="does not let this sign-in"):
        connect(firm, alice, mine, realm_id=somebody_elses)
    assert rows() == []
    assert is_revoked(granted[0])


def test_intuit_down_before_the_sign_in_page(settings: Settings) -> None:
    silent = Replay()
    silent.close()
    settings.QBO_DISCOVERY_URL = f"{silent.url}/.well-known/openid_configuration"
    firm, _ = owner_of("Alice & Partners", "Alice")
    with pytest.raises(ConnectRefused, match="does not answer"):
        connecting.authorize_url(firm=firm, state="state")


def test_intuit_down_after_the_sign_in_changes_nothing(simulator: Simulator, granted: list[oauth.Grant]) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    realm = simulator.company()
    simulator.faults(realm, {"match": {"endpoint": "read"}, "kind": "http", "status": 503})
    with pytest.raises(ConnectRefused, match="does not answer"):
        connect(firm, alice, realm)
    assert rows() == []
    assert is_revoked(granted[0])


def test_two_firms_that_connect_one_company_at_once_are_told_apart_by_the_database(simulator: Simulator) -> None:
    realm = simulator.company()
    owners = [owner_of("Alice & Partners", "Alice"), owner_of("Bob Bookkeeping", "Bob")]
    simulator.latency(realm, request_ms=300)  # both pass the first look before either has stored anything

    def try_it(owner: tuple[Firm, User]) -> str:
        try:
            return connect(*owner, realm).realm_id
        except ConnectRefused as refused:
            return str(refused)
        finally:
            database.close()

    with ThreadPoolExecutor(2) as pool:
        results = sorted(pool.map(try_it, owners))

    assert results[0] == realm
    assert "already connected to another firm" in results[1]
    assert Connection.objects.count() == 1


def test_two_answers_for_one_firm_at_once_leave_one_connection(simulator: Simulator) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    realm = simulator.company()
    simulator.latency(realm, request_ms=300)

    def try_it(_: int) -> str:
        try:
            return connect(firm, alice, realm).realm_id
        except ConnectRefused as refused:
            return str(refused)
        finally:
            database.close()

    with ThreadPoolExecutor(2) as pool:
        results = sorted(pool.map(try_it, range(2)))

    assert results[0] == realm
    assert results[1] == realm or "at the same moment" in results[1]
    connection = Connection.objects.get()
    assert Company(realm, credentials.access_token(connection.pk).value).company_info()


def test_the_last_step_offers_income_accounts_and_service_items(simulator: Simulator) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    realm = simulator.company()
    connection = connect(firm, alice, realm)
    before = simulator.stats(realm)["requests"]

    choices = connecting.choices(connection=connection)

    services = {item["Id"]: item["Name"] for item in simulator.entities(realm, "Item") if item["Type"] == "Service"}
    incomes = [one["Id"] for one in simulator.entities(realm, "Account") if one["AccountType"] == "Income"]
    assert dict(choices.service_items) == services
    assert sorted(id for id, _ in choices.income_accounts) == sorted(incomes)
    assert services[choices.suggested_service_item] == "Services"
    assert choices.suggested_income_account in incomes
    assert simulator.stats(realm)["requests"] == {**before, "batch": 1}


def test_the_last_step_refreshes_a_token_that_quickbooks_refuses(simulator: Simulator) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    realm = simulator.company()
    connection = connect(firm, alice, realm)
    simulator.faults(realm, {"match": {"endpoint": "batch"}, "kind": "expire_token"})
    assert connecting.choices(connection=connection).service_items
    assert Connection.objects.get().token_version == 2


def test_the_last_step_says_when_quickbooks_does_not_answer(simulator: Simulator) -> None:
    firm, alice = owner_of("Alice & Partners", "Alice")
    realm = simulator.company()
    connection = connect(firm, alice, realm)
    simulator.faults(realm, {"match": {"endpoint": "batch"}, "kind": "http", "status": 503})
    with pytest.raises(ConnectRefused, match="does not answer"):
        connecting.choices(connection=connection)


def test_what_connecting_asks_of_quickbooks_is_counted(simulator: Simulator) -> None:
    realm = simulator.company()
    connection = connect(*owner_of("Alice & Partners", "Alice"), realm)
    connecting.choices(connection=connection)
    counted = sum(RequestCount.objects.filter(connection=connection).values_list("count", flat=True))
    assert counted == sum(simulator.stats(realm)["requests"].values())

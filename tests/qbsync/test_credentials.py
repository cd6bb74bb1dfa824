"""Tokens: one refresh for any number of callers, stored before used, and who calls a connection dead."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection as database
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from portal.local.addresses import database_url
from portal.models import Firm
from qbsync import credentials
from qbsync.credentials import ConnectionBroken, Token
from qbsync.gateway import oauth
from qbsync.gateway.company import Company
from qbsync.gateway.faults import Fault, FaultKind
from qbsync.gateway.limiter import QuotaWait
from qbsync.models import Connection, ConnectionStatus, HistoryEntry
from tests.gateway.replay import DROP, Replay, answer
from tests.simulated import Simulator

pytestmark = pytest.mark.django_db(transaction=True)

Start = Callable[..., Replay]
NEW_PAIR = {"access_token": "a2", "refresh_token": "r2", "expires_in": 3600, "x_refresh_token_expires_in": 8726400}
REVOKED = answer(400, {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"})


def connect(realm: str, access: str, refresh: str, *, valid_for: timedelta = timedelta(0)) -> Connection:
    """A firm that is connected with this pair."""
    return Connection.objects.create(
        firm=Firm.objects.create(name="Alice & Partners"),
        realm_id=realm,
        status_changed_at=timezone.now(),
        access_token=access,
        refresh_token=refresh,
        access_expires_at=timezone.now() + valid_for,
        token_version=1,
    )


@pytest.fixture
def connection(simulator: Simulator) -> Connection:
    """A connection to a company of the simulator whose access token has expired."""
    realm = simulator.company()
    pair = simulator.tokens(realm)
    return connect(realm, pair["access_token"], pair["refresh_token"])


@pytest.fixture
def intuit(settings: Settings) -> Iterator[Start]:
    """A server that gives its discovery document, then these answers to refreshes."""
    servers: list[Replay] = []

    def start(*answers: bytes | Callable[[], bytes]) -> Replay:
        server = Replay()
        servers.append(server)
        names = ("authorization_endpoint", "token_endpoint", "revocation_endpoint")
        server.answers = [answer(200, {name: f"{server.url}/{name}" for name in names}), *answers]
        settings.QBO_DISCOVERY_URL = f"{server.url}/.well-known/openid_configuration"
        return server

    yield start
    for server in servers:
        server.close()


def test_a_token_that_is_valid_for_long_is_given_out_as_it_is() -> None:
    connection = connect("1", "a1", "r1", valid_for=timedelta(minutes=6))
    assert credentials.access_token(connection.pk) == Token("a1", 1)


def test_an_expired_token_is_refreshed_and_stored(connection: Connection) -> None:
    token = credentials.access_token(connection.pk)
    stored = Connection.objects.get()
    assert (token.value, token.version) == (stored.access_token, 2)
    assert stored.access_token != connection.access_token
    assert stored.refreshing_until is None
    assert Company(connection.realm_id, token.value).company_info().body["CompanyName"]


def test_tokens_are_encrypted_in_the_database(connection: Connection) -> None:
    token = credentials.access_token(connection.pk)
    with database.cursor() as cursor:
        cursor.execute("SELECT access_token, refresh_token FROM qbsync_connection")
        assert token.value not in "".join(cursor.fetchone())


def test_a_token_that_quickbooks_refused_is_not_given_out_again(simulator: Simulator) -> None:
    realm = simulator.company()
    pair = simulator.tokens(realm)
    connection = connect(realm, pair["access_token"], pair["refresh_token"], valid_for=timedelta(hours=1))
    token = credentials.access_token(connection.pk, refuse=pair["access_token"])
    assert token.value != pair["access_token"]
    assert credentials.access_token(connection.pk, refuse=pair["access_token"]) == token


def test_twenty_threads_with_an_expired_token_cost_one_refresh(intuit: Start) -> None:
    server = intuit(answer(200, NEW_PAIR))
    connection = connect("1", "a1", "r1")

    def ask(_: int) -> Token:
        try:
            return credentials.access_token(connection.pk)
        finally:
            database.close()

    with ThreadPoolExecutor(20) as pool:
        tokens = list(pool.map(ask, range(20)))

    assert set(tokens) == {Token("a2", 2)}
    assert [request.split(" ")[1] for request in server.requests] == [
        "/.well-known/openid_configuration",
        "/token_endpoint",
    ]


_ASK = """
import django, sys
django.setup()
from concurrent.futures import ThreadPoolExecutor
from django.db import connection as database
from qbsync import credentials
def ask(_):
    try:
        return credentials.access_token(int(sys.argv[1])).version
    finally:
        database.close()
with ThreadPoolExecutor(5) as pool:
    print(sorted(set(pool.map(ask, range(5)))))
"""


def test_four_processes_with_an_expired_token_cost_one_refresh(connection: Connection, simulator: Simulator) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": urlsplit(database_url())._replace(path=f"/{database.settings_dict['NAME']}").geturl(),
        "QBO_OAUTH_BASE_URL": simulator.url,
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _ASK, str(connection.pk)],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [output[0].strip() for output in outputs] == ["[2]"] * 4, outputs
    assert Connection.objects.get().token_version == 2


def meanwhile(then: bytes, **changes: object) -> Callable[[], bytes]:
    """An answer before which somebody else changes the connection's row; it hangs if the row is locked."""

    def change() -> bytes:
        Connection.objects.update(**changes)
        database.close()
        return then

    return change


def test_a_revoked_grant_breaks_the_connection_and_the_history_tells(intuit: Start) -> None:
    intuit(REVOKED)
    connection = connect("1", "a1", "r1")

    with pytest.raises(ConnectionBroken) as caught:
        credentials.access_token(connection.pk)

    stored = Connection.objects.get()
    entry = HistoryEntry.objects.get()
    assert caught.value.kind is FaultKind.GRANT_REVOKED
    assert (stored.status, stored.broken_reason) == (ConnectionStatus.BROKEN, "grant_revoked")
    assert stored.status_changed_at > connection.status_changed_at
    assert (entry.kind, entry.event, entry.before, entry.after) == ("connection", "broken", "active", "broken")
    assert (entry.reason, entry.fault_code) == ("grant_revoked", "invalid_grant")


def test_a_connection_that_was_ended_in_quickbooks_is_noticed(connection: Connection, simulator: Simulator) -> None:
    token = credentials.access_token(connection.pk)
    simulator.faults(connection.realm_id, {"match": {"endpoint": "query"}, "kind": "revoke"})
    with pytest.raises(Fault) as refused:
        Company(connection.realm_id, token.value).query("SELECT * FROM Customer")
    assert refused.value.kind is FaultKind.TOKEN_REFUSED
    with pytest.raises(ConnectionBroken):
        credentials.access_token(connection.pk, refuse=token.value)
    assert Connection.objects.get().status == ConnectionStatus.BROKEN


def test_a_broken_connection_is_not_asked_for_again(intuit: Start) -> None:
    server = intuit()
    connection = connect("1", "a1", "r1")
    Connection.objects.update(status=ConnectionStatus.BROKEN, broken_reason=FaultKind.COMPANY_SUSPENDED)
    with pytest.raises(ConnectionBroken) as caught:
        credentials.access_token(connection.pk)
    assert caught.value.kind is FaultKind.COMPANY_SUSPENDED
    assert server.requests == []


def test_a_refusal_after_somebody_else_stored_a_pair_breaks_nothing(intuit: Start) -> None:
    theirs = {
        "access_token": "theirs",
        "access_expires_at": timezone.now() + timedelta(hours=1),
        "token_version": 2,
        "refreshing_until": None,
    }
    intuit(meanwhile(REVOKED, **theirs))
    connection = connect("1", "a1", "r1")
    assert credentials.access_token(connection.pk) == Token("theirs", 2)
    assert Connection.objects.get().status == ConnectionStatus.ACTIVE
    assert not HistoryEntry.objects.exists()


def test_a_pair_that_comes_after_disconnecting_is_revoked_and_not_stored(intuit: Start) -> None:
    ended = {"status": ConnectionStatus.DISCONNECTED, "access_token": "", "refresh_token": "", "token_version": 2}
    server = intuit(meanwhile(answer(200, NEW_PAIR), **ended), answer(200))
    connection = connect("1", "a1", "r1")
    with pytest.raises(ConnectionBroken):
        credentials.access_token(connection.pk)
    assert Connection.objects.get().refresh_token == ""
    assert server.requests[-1].startswith("POST /revocation_endpoint")
    assert server.requests[-1].endswith('{"token": "r2"}')


def test_after_a_lost_answer_the_old_refresh_token_is_tried_once_more(intuit: Start) -> None:
    server = intuit(DROP, answer(200, NEW_PAIR))
    connection = connect("1", "a1", "r1")
    assert credentials.access_token(connection.pk) == Token("a2", 2)
    assert [request.count("refresh_token=r1") for request in server.requests] == [0, 1, 1]


def test_intuit_down_leaves_the_pair_and_frees_the_lease(intuit: Start) -> None:
    intuit(answer(503), answer(503), answer(200, NEW_PAIR))
    connection = connect("1", "a1", "r1")
    with pytest.raises(Fault) as caught:
        credentials.access_token(connection.pk)
    stored = Connection.objects.get()
    assert caught.value.kind is FaultKind.UNAVAILABLE
    assert (stored.status, stored.refresh_token, stored.refreshing_until) == (ConnectionStatus.ACTIVE, "r1", None)
    assert credentials.access_token(connection.pk) == Token("a2", 2)


def test_a_token_that_is_still_good_is_used_while_intuit_is_down(intuit: Start) -> None:
    intuit(answer(503), answer(503))
    connection = connect("1", "a1", "r1", valid_for=timedelta(minutes=2))
    assert credentials.access_token(connection.pk) == Token("a1", 1)


def test_while_another_caller_refreshes_a_token_that_is_still_good_is_used() -> None:
    connection = connect("1", "a1", "r1", valid_for=timedelta(minutes=2))
    Connection.objects.update(refreshing_until=timezone.now() + timedelta(seconds=30))
    assert credentials.access_token(connection.pk) == Token("a1", 1)


def test_while_another_caller_takes_its_time_an_expired_token_is_waited_for_elsewhere() -> None:
    connection = connect("1", "a1", "r1")
    Connection.objects.update(refreshing_until=timezone.now() + timedelta(seconds=30))
    with pytest.raises(QuotaWait):
        credentials.access_token(connection.pk)


def test_a_caller_that_crashed_does_not_hold_up_the_others(intuit: Start) -> None:
    intuit(answer(200, NEW_PAIR))
    connection = connect("1", "a1", "r1")
    Connection.objects.update(refreshing_until=timezone.now() - timedelta(seconds=1))
    assert credentials.access_token(connection.pk) == Token("a2", 2)


def test_a_crashed_callers_lease_is_over_soon_after_its_request_would_have_been() -> None:
    connection = connect("1", "a1", "r1")
    row = Connection.objects.get(pk=connection.pk)
    assert credentials._take_lease(row)
    held = Connection.objects.get().refreshing_until
    assert held is not None
    assert held - timezone.now() < timedelta(seconds=oauth.LONGEST_S + 3)


def test_a_caller_that_was_late_asks_no_second_time_where_another_has_taken_over(intuit: Start) -> None:
    theirs = {"refreshing_until": timezone.now() + timedelta(seconds=30)}
    server = intuit(meanwhile(DROP, **theirs), answer(200, NEW_PAIR))
    connection = connect("1", "a1", "r1")
    with pytest.raises(QuotaWait):
        credentials.access_token(connection.pk)
    assert len(server.requests) == 2
    assert Connection.objects.get().refreshing_until == theirs["refreshing_until"]


def test_a_pair_that_comes_late_takes_back_what_its_successor_concluded(intuit: Start) -> None:
    concluded = {"status": ConnectionStatus.BROKEN, "broken_reason": "grant_revoked", "refreshing_until": None}
    intuit(meanwhile(answer(200, NEW_PAIR), **concluded))
    connection = connect("1", "a1", "r1")
    assert credentials.access_token(connection.pk) == Token("a2", 2)
    entry = HistoryEntry.objects.get()
    assert (Connection.objects.get().status, entry.event) == (ConnectionStatus.ACTIVE, "reconnected")


def test_a_token_of_a_few_minutes_does_not_lead_to_endless_refreshes(intuit: Start) -> None:
    server = intuit(answer(200, {**NEW_PAIR, "expires_in": 120}))
    connection = connect("1", "a1", "r1")
    assert credentials.access_token(connection.pk) == Token("a2", 2)
    assert len(server.requests) == 2


def test_within_a_transaction_nothing_is_refreshed_because_it_could_not_be_stored_first(intuit: Start) -> None:
    server = intuit(answer(200, NEW_PAIR))
    connection = connect("1", "a1", "r1")
    with pytest.raises(RuntimeError), transaction.atomic():
        credentials.access_token(connection.pk)
    assert server.requests == []


def test_a_fault_of_an_older_pair_does_not_break_the_connection() -> None:
    connection = connect("1", "a1", "r1")
    assert not credentials.connection_broken(connection.pk, Fault(FaultKind.NOT_AUTHORIZED), version=0)
    assert credentials.connection_broken(connection.pk, Fault(FaultKind.NOT_AUTHORIZED), version=1)
    assert not credentials.connection_broken(connection.pk, Fault(FaultKind.NOT_AUTHORIZED), version=1)
    assert HistoryEntry.objects.count() == 1

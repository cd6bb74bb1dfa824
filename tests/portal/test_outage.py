"""What people get while PostgreSQL or Redis is away."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.cache import caches
from django.db import InterfaceError, OperationalError, connection, transaction
from django.test import Client
from pytest_django import Settings

from qbsync.models import AccountSync
from qbsync.states import Status
from tests.qbsync.desk import Desk, make_desk

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    """Olivia's firm, committed, so that it outlives the test's connection."""
    return make_desk()


@pytest.fixture
def without_redis(settings: Settings) -> None:
    """A cache at an address where nobody listens."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": NOBODY_LISTENS}}
    assert caches["default"]._servers == [NOBODY_LISTENS]  # type: ignore[attr-defined]


@pytest.fixture
def olivia(desk: Desk) -> Client:
    """The owner's browser, signed in; it shows errors as pages."""
    client = Client(raise_request_exception=False)
    client.force_login(desk.olivia.user)
    return client


def test_without_redis_people_stay_signed_in_and_read(desk: Desk, olivia: Client, without_redis: None) -> None:
    desk.synced("Acme")
    answer = olivia.get("/clients/accounts/")
    assert answer.status_code == 200
    assert "Acme" in answer.text


def test_without_redis_signing_in_says_that_it_cannot_now(desk: Desk, without_redis: None) -> None:
    stranger = Client(raise_request_exception=False)
    answer = stranger.post("/sign-in/", {"login": "olivia@firm.test", "password": "secret"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "try again in half a minute" in answer.text


@contextmanager
def database_away() -> Iterator[None]:
    """Have nobody listen where the database was."""
    connection.close()
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        patched.setitem(connection.settings_dict, "PORT", "1")
        yield
    connection.close()


def test_without_postgresql_a_page_and_a_press_say_that_they_cannot_now(desk: Desk, olivia: Client) -> None:
    account = desk.skipped("Acme")
    with database_away():
        read = olivia.get("/clients/accounts/")
        pressed = olivia.post(f"/clients/accounts/{account.pk}/quickbooks/sync/")
    for answer in (read, pressed):
        assert (answer.status_code, answer["Retry-After"]) == (503, "30")
        assert "Not available now" in answer.text
    assert AccountSync.objects.get().status == Status.SKIPPED
    assert olivia.get("/clients/accounts/").status_code == 200, "it is back by itself"


def test_a_process_that_hangs_in_a_transaction_lets_go_of_its_rows(desk: Desk, settings: Settings) -> None:
    desk.skipped("Acme")
    connection.close()
    settings.SYNC_LEASE_S = 0.3
    other = connection.copy()
    with pytest.raises(InterfaceError), transaction.atomic():
        AccountSync.objects.select_for_update().get()
        with other.cursor() as cursor:
            cursor.execute("SELECT id FROM qbsync_accountsync FOR UPDATE")  # waits, and gets it
        other.close()
        with pytest.raises(OperationalError):
            AccountSync.objects.get()
    connection.close()
    assert AccountSync.objects.get().status == Status.SKIPPED


def test_any_other_error_is_a_500(olivia: Client, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.views.listing.columns_shown", lambda _: 1 / 0)
    answer = olivia.get("/clients/accounts/")
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text
    assert "ZeroDivision" not in answer.text

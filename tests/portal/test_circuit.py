"""What a Redis that takes connections and never answers costs: one time-out in each process."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from django.core.cache import cache, caches
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from portal import circuit
from qbsync import wake
from tests.portal.silencer import Silencer
from tests.qbsync.desk import Desk
from tests.qbsync.desk import desk as desk

TIMEOUT_S = 0.3


@pytest.fixture
def silencer(settings: Settings) -> Iterator[Silencer]:
    """The cache by way of a forwarder that can be made silent."""
    silencer = Silencer(settings.REDIS_URL)
    options = {**settings.CACHES["default"]["OPTIONS"], "socket_timeout": TIMEOUT_S}
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": silencer.url, "OPTIONS": options}}
    settings.REDIS_URL = silencer.url
    yield silencer
    caches["default"].close()
    silencer.close()


def test_only_the_first_of_many_waits(silencer: Silencer, desk: Desk, client: Client) -> None:
    client.force_login(desk.olivia.user)
    desk.synced("Acme")
    silencer.silent = True
    with pytest.raises(redis.TimeoutError):
        cache.get("anything")
    before = silencer.connections
    for _ in range(3):
        with pytest.raises(redis.ConnectionError, match="has not answered a moment ago"):
            cache.get("anything")
    answer = client.get("/clients/accounts/")
    assert (answer.status_code, silencer.connections) == (200, before)
    assert "Acme" in answer.text


def test_it_is_asked_again_by_one_for_all_and_serves_all_once_it_answers(
    silencer: Silencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = circuit.client(silencer.url, timeout_s=TIMEOUT_S)
    silencer.silent = True
    with pytest.raises(redis.RedisError):
        asked.ping()
    monkeypatch.setattr(circuit, "RESTS_S", 30.0)
    circuit.of(silencer.url)._rests_until = 0.0  # the rest is over
    before = silencer.connections

    def ping(_: int) -> str:
        try:
            asked.ping()
        except redis.RedisError as error:
            return type(error).__name__
        return "answered"

    with ThreadPoolExecutor(8) as people:
        assert sorted(people.map(ping, range(8))) == ["ConnectionError"] * 8
    assert silencer.connections == before + 1

    silencer.silent = False
    assert ping(0) == "ConnectionError"
    circuit.of(silencer.url)._rests_until = 0.0
    assert [ping(0), ping(1)] == ["answered"] * 2
    assert not circuit.of(silencer.url).is_open


def test_a_press_is_answered_and_what_is_due_stays_due_while_the_broker_is_silent(
    silencer: Silencer,
    desk: Desk,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = desk.skipped("Acme")
    sent: list[str] = []
    monkeypatch.setattr("qbsync.wake.app.send_task", lambda name, *_, **__: sent.append(name))
    circuit.of(silencer.url).was_silent()
    with django_capture_on_commit_callbacks(execute=True):
        wake.for_person(account.pk)
    assert sent == []
    circuit.of(silencer.url).has_answered()
    with django_capture_on_commit_callbacks(execute=True):
        wake.for_person(account.pk)
    assert sent == ["qbsync.tasks.sync_requested"]


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("redis://host:6379/0", redis.Connection),
        ("rediss://host:6379/0", redis.SSLConnection),
        ("unix:///run/redis.sock?db=0", redis.UnixDomainSocketConnection),
    ],
)
def test_each_kind_of_address_has_its_connection(url: str, base: type) -> None:
    assert issubclass(circuit.Pool.from_url(url).connection_class, base)

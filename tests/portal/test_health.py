"""The probes: up, and ready with database, broker and a live worker."""

from collections.abc import Callable

import pytest
from django.test import Client

from portal.celery import app
from tests.workers import Worker


def test_healthz_answers_without_the_database(client: Client) -> None:
    # No database mark: touching it would fail the test.
    assert client.get("/healthz").json() == {"ok": True}


@pytest.mark.django_db
def test_readyz_says_that_no_worker_is_running(client: Client, broker: object) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ok": False, "database": "ok", "broker": "ok", "worker": "none is running"}


@pytest.mark.django_db
def test_readyz_names_a_broker_that_does_not_answer(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.conf, "broker_url", "redis://127.0.0.1:1/0")
    monkeypatch.setitem(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    monkeypatch.setitem(app.conf, "broker_read_url", "redis://127.0.0.1:1/0")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["broker"] == "does not answer"
    assert answer.json()["worker"] == "cannot be asked without the broker"


@pytest.mark.processes
def test_readyz_is_ok_with_a_live_worker(client: Client, start_worker: Callable[..., Worker]) -> None:
    start_worker()
    answer = client.get("/readyz")
    assert answer.json() == {"ok": True, "database": "ok", "broker": "ok", "worker": "ok"}
    assert answer.status_code == 200

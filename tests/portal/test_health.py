"""The probes: up, and ready with database, broker and a live worker."""

from collections.abc import Callable

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import Settings

from portal.celery import app
from tests.workers import Worker


def test_healthz_answers_without_the_database(client: Client) -> None:
    # No database mark: touching it would fail the test.
    assert client.get("/healthz").json() == {"ok": True}


def test_healthz_answers_in_production_whatever_the_host_and_without_https(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["portal.example.com"]
    assert client.get("/healthz", headers={"host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/sign-in/", headers={"host": "10.0.0.7:8000"}).status_code == 400


@pytest.mark.django_db
def test_readyz_names_the_app_whose_newest_migration_is_not_applied(client: Client, broker: object) -> None:
    newest = MigrationRecorder(connection).migration_qs.filter(app="qbsync").order_by("name").last()
    assert newest is not None
    newest.delete()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["migrations"] == "not applied to qbsync"


@pytest.mark.django_db
def test_readyz_takes_a_database_that_is_ahead_of_this_process(client: Client, broker: object) -> None:
    MigrationRecorder(connection).record_applied("qbsync", "9999_of_the_next_version")
    assert client.get("/readyz").json()["migrations"] == "ok"


@pytest.mark.django_db
def test_readyz_names_a_database_that_does_not_answer(
    client: Client, broker: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("FATAL: password authentication failed for user portal")

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "does not answer"
    assert answer.json()["migrations"] == "cannot be seen without the database"
    assert "password" not in answer.text


@pytest.mark.django_db
def test_readyz_says_that_no_worker_is_running(client: Client, broker: object) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ok": False,
        "database": "ok",
        "migrations": "ok",
        "broker": "ok",
        "worker": "none is running",
    }


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
    assert answer.json() == {"ok": True, "database": "ok", "migrations": "ok", "broker": "ok", "worker": "ok"}
    assert answer.status_code == 200

"""What reaches a Sentry of this machine when a page, a task or a process fails; and what never does."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

import pytest
import sentry_sdk
from django.conf import settings as django_settings
from django.test import Client
from pytest_django import Settings

from portal import sentry
from portal.celery import app
from tests.portal import failing
from tests.portal.failing import AMOUNT, EMAIL, NAME, SECRETS, TOKEN
from tests.portal.people import Office
from tests.portal.test_settings import ROOT
from tests.workers import Worker

TOP = {"event_id", "timestamp", "platform", "level", "logger", "release", "environment", "tags", "exception"}
FRAME = {"module", "function", "lineno", "in_app"}


class Sentry(ThreadingHTTPServer):
    """Takes events over HTTP as Sentry does, and keeps them as they came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Intake)
        self.requests: list[str] = []

    @property
    def dsn(self) -> str:
        """Its DSN."""
        return f"http://public@127.0.0.1:{self.server_address[1]}/1"

    def events(self) -> list[dict[str, Any]]:
        """The events so far. Of an envelope the lines are its header, and a header and a body of each item."""
        lines = [json.loads(line) for request in self.requests for line in request.splitlines() if line[:1] == "{"]
        return [after for before, after in pairwise(lines) if before.get("type") == "event"]

    def everything(self) -> str:
        """All that was sent so far, headers included."""
        return "\n".join(self.requests)


class _Intake(BaseHTTPRequestHandler):
    server: Sentry

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        body = gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body
        self.server.requests.append(f"{self.path}\n{self.headers}{body.decode()}")
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def intake() -> Iterator[Sentry]:
    """A Sentry of this machine."""
    server = Sentry()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def told(intake: Sentry, settings: Settings) -> Iterator[Sentry]:
    """A Sentry that this process tells of errors, and pages that fail."""
    settings.SENTRY_DSN = intake.dsn
    settings.ROOT_URLCONF = failing.__name__
    sentry.start()
    yield intake
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)


def browser(office: Office) -> Client:
    """A browser of the owner's that gets the page of an error as people do."""
    client = Client(raise_request_exception=False)
    client.force_login(office.owner.user)
    client.cookies["remembered"] = TOKEN
    return client


def assert_nothing_personal(intake: Sentry, *more: str) -> None:
    """No secret came, nor anything that is in no list."""
    everything = intake.everything()
    assert {secret for secret in (*SECRETS, *more) if secret in everything} == set()
    for event in intake.events():
        assert set(event) <= TOP | {"logentry"}
        for exception in event.get("exception", {"values": []})["values"]:
            assert set(exception) <= {"type", "module", "stacktrace"}
            assert all(set(frame) <= FRAME for frame in exception["stacktrace"]["frames"])


def test_a_failing_page_is_told_by_type_place_and_firm_and_by_nothing_of_its_books(
    office: Office, told: Sentry
) -> None:
    client = browser(office)
    answer = client.post(
        f"/fail/?token={TOKEN}",
        {"owed": AMOUNT, "name": NAME, "email": EMAIL},
        headers={"Authorization": f"Bearer {TOKEN}", "X-Request-ID": "request-of-the-test-1"},
    )
    assert answer.status_code == 500
    sentry_sdk.flush()

    (event,) = told.events()
    assert [value["type"] for value in event["exception"]["values"]] == [
        "UniqueViolation",
        "IntegrityError",
        "LookupError",
    ]
    place = event["exception"]["values"][-1]["stacktrace"]["frames"][-1]
    assert (place["module"], place["function"]) == ("tests.portal.failing", "_fail")
    assert place["lineno"] > 0
    assert event["tags"] == {"firm": str(office.firm.pk), "request": "request-of-the-test-1"}
    assert (event["logger"], event["level"], event["environment"]) == ("django.request", "error", "simulator")
    cookies = {morsel.value for morsel in client.cookies.values()}
    assert_nothing_personal(
        told, *cookies, office.owner.user.email, office.firm.name, "INSERT", django_settings.SECRET_KEY
    )


def test_an_error_that_is_no_exception_is_told_by_its_place(office: Office, told: Sentry) -> None:
    browser(office).get("/complain/")
    sentry_sdk.flush()
    (event,) = told.events()
    assert event["logger"] == "tests.portal.failing"
    assert event["logentry"]["formatted"].startswith("failing.complain, line ")
    assert set(event["tags"]) == {"request"}, "a name is no key of a firm"
    assert_nothing_personal(told)


def test_an_answer_that_was_meant_and_a_host_that_is_not_ours_are_no_errors(office: Office, told: Sentry) -> None:
    assert browser(office).get("/away/").status_code == 503
    assert browser(office).get("/away/", headers={"Host": "scanner.example"}).status_code == 400
    sentry_sdk.flush()
    assert told.requests == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.processes
def test_a_failing_task_is_told_by_its_worker_with_the_ids_of_its_sync(
    intake: Sentry, start_worker: Callable[..., Worker], eventually: Callable[..., None]
) -> None:
    start_worker(include=failing.__name__, SENTRY_DSN=intake.dsn, SENTRY_RELEASE="portal@7")
    tasks = [app.send_task("tests.fail", (7, AMOUNT, TOKEN)).id for _ in range(4)]
    eventually(lambda: len(intake.events()) == len(tasks))
    for event in intake.events():
        assert event["exception"]["values"][-1]["type"] == "LookupError"
        assert event["release"] == "portal@7"
        ids = {"firm": "7", "connection": str(failing.CONNECTION), "run": str(failing.RUN)}
        assert event["tags"].items() >= {**ids, "intuit_tid": failing.INTUIT_TID}.items()
    assert {event["tags"]["task"] for event in intake.events()} == set(tasks)
    assert_nothing_personal(intake)


def run(program: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program of a few lines with the portal set up."""
    setup = "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'portal.settings'; django.setup()\n"
    command = [sys.executable, "-c", setup + program]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True)


def test_what_ends_a_process_is_told_before_it_is_gone(intake: Sentry) -> None:
    answer = run(f"raise LookupError({NAME!r})", SENTRY_DSN=intake.dsn)
    assert answer.returncode == 1
    (event,) = intake.events()
    assert event["exception"]["values"][0]["type"] == "LookupError"
    assert_nothing_personal(intake)


def test_without_a_dsn_sentrys_package_is_not_even_loaded() -> None:
    assert run("import sys; print('sentry_sdk' in sys.modules)", SENTRY_DSN="").stdout == "False\n"


def test_what_is_no_dsn_is_refused_without_being_shown() -> None:
    answer = run("", SENTRY_DSN="sentry.example.com/secret-key")
    assert "SENTRY_DSN is no DSN" in answer.stderr
    assert "secret-key" not in answer.stderr

"""The log of a whole sync: it says whose lines they are, and holds nobody's name, amount or token."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from portal.logs import AddFields, JsonFormatter
from qbsync.models import AccountSync, Connection, InvoiceSync, PaymentSync, PushIntent, SyncRun
from tests.qbsync.conftest import Office
from tests.workers import Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

NAMES = ["Quillfeather Holdings", "Zubrowka Bäckerei", "Ottoline Thistlewood", "Marmaduke Pennyworth"]


@pytest.fixture
def web_log() -> Iterator[io.StringIO]:
    """What this process, which is the web server here, logs down to DEBUG."""
    handler = logging.StreamHandler(written := io.StringIO())
    handler.setFormatter(JsonFormatter())
    handler.addFilter(AddFields())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


def lines(log: str) -> list[dict[str, Any]]:
    """The lines of a log in JSON; the worker's banner comes before the first."""
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


def secrets_of(office: Office) -> set[str]:
    """What must be in no log: the tokens as they are now, names, addresses and amounts of this run's books."""
    connection = Connection.objects.get()
    amounts = {total for invoice in office.firm.invoices.all() for total in (str(invoice.total), f"{invoice.total:,}")}
    amounts |= {str(payment.amount) for payment in office.firm.payments.all()}
    people = {office.firm.name, office.alice.name, office.alice.email, connection.company_name}
    tokens = {connection.access_token, connection.refresh_token}
    keys = {django_settings.QBO_CLIENT_SECRET, django_settings.SECRET_KEY, *django_settings.TOKEN_ENCRYPTION_KEYS}
    customers = {customer["DisplayName"] for customer in office.remote("Customer")}
    return amounts | people | tokens | keys | customers | set(NAMES)


def test_no_token_name_or_amount_gets_into_any_log_of_a_sync(
    office: Office,
    start_worker: Callable[..., Worker],
    eventually: Callable[..., None],
    web_log: io.StringIO,
    client: Client,
) -> None:
    linked, double, asked, pressed = (
        office.account(name, invoices=2, payments=1, amount=f"{7319 + number}.46") for number, name in enumerate(NAMES)
    )
    customers = [{"DisplayName": linked.name}, {"DisplayName": double.name}, {"DisplayName": asked.name}]
    worker = start_worker(LOG_FORMAT="json", LOG_LEVEL="DEBUG", QBO_TIMEOUT_S="3", QBO_EXECUTION_WINDOW_S="4")
    office.connect(Customer=customers)
    before = secrets_of(office)
    office.simulator.faults(
        office.realm,
        {"match": {"endpoint": "batch"}, "times": 1, "kind": "drop_after_commit"},
        {"match": {"endpoint": "query"}, "times": 1, "kind": "expire_token"},
    )
    eventually(lambda: AccountSync.objects.filter(status="synced").count() == 3, within_s=60)
    eventually(lambda: InvoiceSync.objects.filter(status="synced").count() == 6, within_s=60)
    eventually(lambda: PaymentSync.objects.filter(status="synced").count() == 3, within_s=60)

    client.force_login(office.alice)
    given = "request-of-the-test-1"
    answer = client.post(reverse("quickbooks_create", args=[pressed.pk]), headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] == given
    eventually(lambda: office.row(pressed).status == "synced", within_s=60)
    eventually(lambda: InvoiceSync.objects.filter(status="synced").count() == 8, within_s=60)

    log = worker.log() + web_log.getvalue()
    secret = before | secrets_of(office)
    assert len(secret) > 20
    assert {one for one in secret if one in log} == set()

    told = lines(worker.log())
    sent = [line for line in told if line["logger"] == "qbsync.gateway.transport"]
    connection = Connection.objects.get()
    assert {(line["connection"], line["firm"]) for line in sent} == {(connection.pk, office.firm.pk)}
    runs = {line["run"] for line in sent if "run" in line}
    assert runs and runs <= set(SyncRun.objects.values_list("pk", flat=True))  # a run that has just begun sent nothing
    tids = set(PushIntent.objects.exclude(intuit_tid="").values_list("intuit_tid", flat=True))
    assert tids
    assert tids <= {line.get("intuit_tid") for line in sent}, "each write is found by the id that Intuit gave it"
    assert any(line.get("request") == given for line in sent), "the worker's lines name the press that caused them"
    assert any(line.get("request") == given and line.get("path") for line in lines(web_log.getvalue()))


def test_a_tasks_failure_is_logged_with_its_place_and_without_its_message() -> None:
    handler = logging.StreamHandler(written := io.StringIO())
    handler.setFormatter(JsonFormatter())
    handler.addFilter(AddFields())
    try:
        raise ValueError("Key (name)=(Quillfeather Holdings) already exists")
    except ValueError as error:
        record = logging.LogRecord(
            "celery.app.trace", logging.ERROR, __file__, 1, "Task %(name)s raised: %(exc)s",
            ({"name": "sync", "exc": repr(error)},), (type(error), error, error.__traceback__),
        )  # fmt: skip
        handler.handle(record)
    line = json.loads(written.getvalue())
    assert line["message"] == "Task sync raised: ValueError"
    assert line["exception"][0] == "builtins.ValueError"
    assert "test_logs.py" in line["exception"][1]
    assert "Quillfeather" not in written.getvalue()

"""Only QuickBooks may tell by webhook; what it tells has the company looked at; an echo proves that webhooks work."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from qbsync.changes import poll
from qbsync.models import Connection, ConnectionStatus, Customer
from tests.qbsync.conftest import Office
from tests.qbsync.test_changes import look, row_of, synced

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "/webhooks/quickbooks/"


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """No event was taken before."""
    cache.clear()


def deliver(body: Any, *, signature: str | None = None, token: str = settings.QBO_WEBHOOK_VERIFIER_TOKENS[0]) -> int:
    """Deliver this body as QuickBooks does, signed with this token; return the status that it is answered with."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = base64.b64encode(hmac.new(token.encode(), raw, hashlib.sha256).digest()).decode()
    headers = {"intuit-signature": signed if signature is None else signature}
    answer = Client(enforce_csrf_checks=True).post(ADDRESS, raw, content_type="application/json", headers=headers)
    return int(answer.status_code)


def event(realm: str, entity: str, number: str, verb: str = "updated", *, key: str = "e1", **more: Any) -> Any:
    """A CloudEvent."""
    return {
        "specversion": "1.0", "id": key, "type": f"qbo.{entity}.{verb}.v1", "intuitentityid": number,
        "intuitaccountid": realm, "time": timezone.now().strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z", **more,
    }  # fmt: skip


def legacy(realm: str, name: str, number: str, operation: str, at: str) -> Any:
    """A notification of before 2026."""
    entity = {"name": name, "id": number, "operation": operation, "lastUpdated": at}
    return {"eventNotifications": [{"realmId": realm, "dataChangeEvent": {"entities": [entity]}}]}


def is_due(office: Office) -> bool:
    """Whether the company is to be looked at now, or within seconds."""
    due = Connection.objects.get(pk=office.connection.pk).poll_due_at
    return due is not None and due <= timezone.now() + timedelta(seconds=5)


@pytest.fixture
def quiet(office: Office) -> Office:
    """A firm whose documents went to QuickBooks a while ago, and which is next looked at in an hour."""
    synced(office)
    for model in (Connection,):
        model.objects.update(poll_due_at=timezone.now() + timedelta(hours=1))
    return office


def test_a_change_of_a_customer_has_the_company_looked_at(quiet: Office) -> None:
    assert deliver([event(quiet.realm, "customer", "1")]) == 200
    assert is_due(quiet)


def test_the_older_format_is_understood_too(quiet: Office) -> None:
    assert deliver(legacy(quiet.realm, "Customer", "1", "Update", "2026-10-05T03:07:04.000Z")) == 200
    assert is_due(quiet)


def test_while_the_token_is_replaced_both_are_genuine_and_no_other(quiet: Office, settings: Settings) -> None:
    settings.QBO_WEBHOOK_VERIFIER_TOKENS = ["new", "old"]
    about = [event(quiet.realm, "customer", "1")]
    tokens = ("new", "old", "older", "new,old", "")
    assert [deliver(about, token=token) for token in tokens] == [200, 200, 401, 401, 401]


@pytest.mark.parametrize("signature", ["", "x", "Zm9yZ2Vk", "ÿ"], ids=["none", "short", "forged", "no ASCII"])
def test_what_is_not_signed_by_quickbooks_is_refused(quiet: Office, signature: str) -> None:
    assert deliver([event(quiet.realm, "customer", "1")], signature=signature) == 401
    assert not is_due(quiet)


@pytest.mark.parametrize(
    "body", [b"", b"[", b"{}", b"null", b'"text"', b"\xff\xfe", b"[" * 100_000, b'{"eventNotifications": 7}'],
    ids=["nothing", "truncated", "an object", "null", "a text", "no UTF-8", "deep", "a number"],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_sentence(quiet: Office, body: bytes) -> None:
    assert deliver(body) == 400
    assert not is_due(quiet)


@pytest.mark.parametrize(
    "told", [7, {}, {"type": None}, {"type": "qbo..", "intuitaccountid": "1"}, {"type": "qbo.customer.updated.v1"}],
)  # fmt: skip
def test_events_that_say_nothing_are_passed_over(quiet: Office, told: Any) -> None:
    assert deliver([told, event(quiet.realm, "customer", "1")]) == 200
    assert is_due(quiet)


def test_an_enormous_delivery_is_refused(quiet: Office) -> None:
    assert deliver(b"[" + b" " * 1_000_000 + b"]") == 413


def test_what_is_told_while_a_look_is_under_way_is_looked_at_after_it(quiet: Office) -> None:
    began_at = timezone.now()
    lease = began_at + timedelta(seconds=30)
    Connection.objects.update(poll_due_at=began_at - timedelta(seconds=1), mirror_leased_until=lease)
    assert deliver([event(quiet.realm, "customer", "1")]) == 200
    due = Connection.objects.get(pk=quiet.connection.pk).poll_due_at
    assert due is not None and due >= began_at  # the look that ends now leaves it standing
    assert is_due(quiet)


def test_a_repeated_delivery_wakes_nobody_again(quiet: Office) -> None:
    told = [event(quiet.realm, "customer", "1")]
    deliver(told)
    Connection.objects.update(poll_due_at=timezone.now() + timedelta(hours=1))
    assert deliver(told) == 200
    assert not is_due(quiet)


def test_unknown_and_disconnected_companies_are_passed_over(quiet: Office) -> None:
    assert deliver([event("999", "customer", "1", key="a"), event(quiet.realm, "customer", "1", key="b")]) == 200
    assert is_due(quiet)
    Connection.objects.update(status=ConnectionStatus.DISCONNECTED, poll_due_at=timezone.now() + timedelta(hours=1))
    assert deliver([event(quiet.realm, "customer", "1", key="c")]) == 200
    assert not is_due(quiet)


def test_other_peoples_documents_wake_nobody(quiet: Office) -> None:
    deliver([event(quiet.realm, "invoice", "4711"), event(quiet.realm, "item", "1", key="e2")])
    assert not is_due(quiet)


def test_an_echo_of_our_push_wakes_nobody_but_proves_that_webhooks_work(quiet: Office) -> None:
    invoice = quiet.firm.accounts.get().invoices.get()
    row = row_of(invoice)
    deliver([event(quiet.realm, "invoice", row.qbo_id, "created", time=row.seen["updated"])])
    assert not is_due(quiet)
    connection = Connection.objects.get(pk=quiet.connection.pk)
    assert connection.webhooks_proven_at is not None
    assert poll.webhooks_work(connection)


def test_an_echo_that_comes_before_the_answer_counts_when_the_answer_is_there(quiet: Office) -> None:
    account = quiet.firm.accounts.get()
    invoice = quiet.invoice(account)
    quiet.sync()
    row = row_of(invoice)
    qbo_id, row.qbo_id, row.status = row.qbo_id, "", "waiting"
    row.save()
    deliver([event(quiet.realm, "invoice", qbo_id, "created", time=row.seen["updated"])])
    assert Connection.objects.get(pk=quiet.connection.pk).webhooks_proven_at is None
    row.qbo_id, row.status = qbo_id, "synced"
    row.save()
    assert poll.webhooks_work(Connection.objects.get(pk=quiet.connection.pk))


def test_silence_proves_nothing(quiet: Office) -> None:
    assert not poll.webhooks_work(Connection.objects.get(pk=quiet.connection.pk))


def test_a_push_that_has_not_echoed_for_a_day_has_us_look_every_hour_again(quiet: Office) -> None:
    two_days_ago = timezone.now() - timedelta(days=2)
    Connection.objects.update(webhooks_proven_at=two_days_ago)
    row = row_of(quiet.firm.accounts.get().invoices.get())
    row.pushed_at = two_days_ago + timedelta(hours=1)
    row.save()
    look(quiet)
    due = Connection.objects.get(pk=quiet.connection.pk).poll_due_at
    assert due is not None and due < timezone.now() + timedelta(hours=2)


def test_with_webhooks_that_work_the_company_is_looked_at_once_a_day(quiet: Office) -> None:
    Connection.objects.update(webhooks_proven_at=timezone.now())
    look(quiet)
    due = Connection.objects.get(pk=quiet.connection.pk).poll_due_at
    assert due is not None and due > timezone.now() + timedelta(hours=23)


def test_many_events_are_one_look(quiet: Office) -> None:
    Connection.objects.update(polled_at=timezone.now())
    deliver([event(quiet.realm, "customer", str(number), key=f"e{number}") for number in range(300)])
    due = Connection.objects.get(pk=quiet.connection.pk).poll_due_at
    assert due is not None and due > timezone.now() + timedelta(seconds=1)
    assert is_due(quiet)


def test_a_merge_is_remembered(quiet: Office) -> None:
    deliver([event(quiet.realm, "customer", "77", "merged", data={"deletedid": "1"})])
    assert Customer.objects.get(qbo_id="1").merged_into == "77"

"""Workers that die, stop for a while, or are late: what they leave is finished once, and nothing waits for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection as database
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from accounts import services as books
from accounts.models import Invoice
from qbsync import claims, delivery, engine, outbox, services, wake, workload
from qbsync.gateway.faults import Fault, FaultKind
from qbsync.gateway.limiter import Priority, QuotaWait
from qbsync.metering import Session
from qbsync.models import AccountSync, Connection, InvoiceSync, PaymentSync, PushIntent
from qbsync.services.connections import waiting_failed
from qbsync.states import DocumentReason, Reason
from tests.qbsync.conftest import Office

pytestmark = pytest.mark.django_db(transaction=True)


def acme_customer() -> list[dict[str, str]]:
    return [{"DisplayName": "Acme"}]


def corrected(invoice: Invoice, *, rate: str, number: str = "") -> Invoice:
    """The invoice, corrected by a person."""
    invoice.refresh_from_db()
    return books.invoice_update(
        invoice=invoice, expected_revision=invoice.revision, number=number or invoice.number, date=invoice.date,
        due_date=None, memo="", lines=[books.LineInput(None, "Corrected", Decimal(1), Decimal(rate))],
    )  # fmt: skip


def in_another_worker(office: Office) -> threading.Thread:
    """One run of the engine, under way."""

    def work() -> None:
        try:
            engine.run(office.connection.pk, priority=Priority.BACKGROUND)
        finally:
            database.close()

    worker = threading.Thread(target=work)
    worker.start()
    return worker


# --- Claims -----------------------------------------------------------------------------------------------------------


def test_what_was_being_committed_while_an_account_was_claimed_stays_due(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=acme_customer())
    began = timezone.now()
    claim = claims.take(office.connection.pk, limit=10)
    AccountSync.objects.filter(account=acme).update(due_at=began)  # a transaction that began before the claim
    claims.release(claim, {row.pk: None for row in claim.rows})
    assert office.row(acme).due_at == began
    assert office.row(acme).claimed_until is None


def test_what_was_done_is_due_no_more(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=acme_customer())
    claim = claims.take(office.connection.pk, limit=10)
    claims.release(claim, {row.pk: None for row in claim.rows})
    assert office.row(acme).due_at is None


def test_the_accounts_of_a_dead_worker_are_due_when_its_claim_ends(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=acme_customer())
    claims.take(office.connection.pk, limit=10)
    row = office.row(acme)
    assert claims.next_due(office.connection.pk) == row.claimed_until
    assert claims.next_due(office.connection.pk, [row.pk]) == row.due_at, "a person asks again and again"


def test_only_whoever_claimed_an_account_last_settles_its_documents(office: Office) -> None:
    office.account("Acme", invoices=1)
    office.connect(Customer=acme_customer())
    first = claims.take(office.connection.pk, limit=10)
    AccountSync.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    with transaction.atomic():
        assert set(claims.not_passed_on(first.rows)) == {first.rows[0].account_id}
    second = claims.take(office.connection.pk, limit=10)
    with transaction.atomic():
        assert claims.not_passed_on(first.rows) == {}
        assert set(claims.not_passed_on(second.rows)) == {first.rows[0].account_id}


# --- Messages ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def messages(broker: redis.Redis) -> Callable[[], int]:
    """How many messages wait in the background queue."""
    prefix = django_settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    return lambda: int(broker.llen(f"{prefix}background"))


def test_a_message_for_later_holds_up_nothing_that_is_due_now(office: Office, messages: Callable[[], int]) -> None:
    office.connect()
    Connection.objects.update(queued_at=None)
    before = messages()
    wake.in_background(office.connection.pk, after_s=200)
    wake.in_background(office.connection.pk)
    assert messages() == before + 2


def test_one_message_is_on_its_way_however_often_a_worker_is_woken(office: Office, messages: Callable[[], int]) -> None:
    office.connect()
    Connection.objects.update(queued_at=None)
    before = messages()
    for after_s in (0, 0, 30):
        wake.in_background(office.connection.pk, after_s=after_s)
    assert messages() == before + 1


# --- Retries ----------------------------------------------------------------------------------------------------------


def test_a_document_that_waits_for_its_retry_is_not_forgotten_over_another(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=acme_customer())
    office.sync()
    stale = {"match": {"endpoint": "batch_item", "entity": "Invoice"}, "kind": "fault", "code": "5010", "times": 2}
    office.simulator.faults(office.realm, stale)
    invoice = corrected(acme.invoices.get(), rate="120.00")
    for _ in range(2):
        engine.run(office.connection.pk, priority=Priority.BACKGROUND)
    waiting = InvoiceSync.objects.get(document=invoice)
    assert (waiting.status, waiting.reason) == ("waiting", DocumentReason.CHANGED_IN_QUICKBOOKS)
    office.invoice(acme)
    engine.run(office.connection.pk, priority=Priority.BACKGROUND)
    assert len(office.remote("Invoice")) == 2
    assert office.row(acme).due_at == waiting.next_try_at


def test_a_number_that_is_taken_is_looked_at_again_where_quickbooks_does_not_say_by_whom(office: Office) -> None:
    office.account("Acme", invoices=1)
    office.connect(Customer=acme_customer())
    office.simulator.faults(
        office.realm,
        {"match": {"endpoint": "batch_item", "entity": "Invoice"}, "kind": "fault", "code": "6140"},
        {"match": {"endpoint": "query", "contains": "DocNumber"}, "after": 1, "kind": "http", "status": 503},
    )
    office.sync(patience_s=40)
    assert len(office.remote("Invoice")) == 1
    assert InvoiceSync.objects.get().status == "synced"


def test_a_number_that_passes_from_one_invoice_to_another_is_never_taken_for_the_others_copy(office: Office) -> None:
    acme = office.account("Acme")
    first = office.invoice(acme, number="5")
    office.connect(Customer=acme_customer())
    office.sync()
    corrected(first, rate="100.00", number="6")
    second = office.invoice(acme, number="5")
    office.sync()
    assert sorted(one["DocNumber"] for one in office.remote("Invoice")) == ["5", "6"]
    assert InvoiceSync.objects.get(document=second).qbo_number == "5"
    assert set(InvoiceSync.objects.values_list("status", flat=True)) == {"synced"}


def test_what_was_deleted_in_quickbooks_is_created_anew_when_a_person_asks(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=acme_customer())
    office.sync()
    (there,) = office.remote("Invoice")
    office.simulator.remove(office.realm, "Invoice", there["Id"])
    invoice = acme.invoices.get()
    corrected(invoice, rate="120.00")
    office.sync()
    row = InvoiceSync.objects.get()
    assert (row.status, row.reason) == ("failed", DocumentReason.DELETED_THERE)
    assert office.remote("Invoice") == []
    services.document_sync(document=Invoice.objects.get(), by=office.alice)
    office.sync()
    (anew,) = office.remote("Invoice")
    assert (anew["Id"] != there["Id"], Decimal(str(anew["TotalAmt"]))) == (True, Decimal(120))


# --- Workers that are late --------------------------------------------------------------------------------------------


def test_what_a_stopped_worker_had_committed_to_send_is_not_sent_when_it_goes_on(office: Office) -> None:
    office.account("Acme", invoices=1)
    office.connect(Customer=acme_customer())
    office.simulator.faults(office.realm, {"match": {"endpoint": "batch", "entity": "Invoice"}, "kind": "http"})
    engine.run(office.connection.pk, priority=Priority.BACKGROUND)
    PushIntent.objects.all().delete()
    AccountSync.objects.update(due_at=timezone.now())
    InvoiceSync.objects.update(next_try_at=None)
    claim = claims.take(office.connection.pk, limit=10)
    works, _ = workload.load(office.connection, claim.rows)
    shipment = outbox.record(office.connection, works[0].ready())
    assert shipment is not None
    on_the_wall, steady = shipment.since.started
    shipment.since.started = on_the_wall, steady - 30.0  # so long ago was it committed
    company = Session(office.connection, Priority.BACKGROUND).company
    with pytest.raises(QuotaWait):
        delivery.send(company, shipment, Priority.BACKGROUND)
    assert office.remote("Invoice") == []


@pytest.mark.parametrize("stall_s", [2.5, 4.0], ids=["an answer that comes late", "an answer that never comes"])
def test_a_late_worker_overwrites_nothing_that_its_successor_has_done(
    office: Office, settings: Settings, stall_s: float
) -> None:
    settings.SYNC_LEASE_S, settings.QBO_TIMEOUT_S = 1.0, 3.0
    acme = office.account("Acme", invoices=1, payments=1)
    office.connect(Customer=acme_customer())
    stall = {"match": {"endpoint": "batch", "entity": "Payment"}, "kind": "stall", "at": "after", "seconds": stall_s}
    office.simulator.faults(office.realm, stall)
    late = in_another_worker(office)
    while not office.remote("Payment"):
        time.sleep(0.05)
    time.sleep(1.2)  # its claim has ended
    while not PaymentSync.objects.exclude(qbo_id="").exists():
        engine.run(office.connection.pk, priority=Priority.BACKGROUND)
        time.sleep(0.1)
    late.join()
    office.sync(patience_s=30)
    row = PaymentSync.objects.get()
    assert (row.status, row.qbo_id) == ("synced", office.remote("Payment")[0]["Id"])
    assert len(office.remote("Payment")) == 1
    assert office.row(acme).status == "synced"


def test_a_customer_whose_creation_was_never_answered_is_settled_with_the_link(office: Office) -> None:
    zed = office.account("Zed Ltd", invoices=1)
    office.connect()
    office.sync()
    lost = {"match": {"endpoint": "batch", "entity": "Customer"}, "kind": "drop_after_commit"}
    office.simulator.faults(office.realm, lost)
    services.account_create_customer(account=zed, by=office.alice)
    office.sync(patience_s=40)
    (customer,) = office.remote("Customer")
    intent = PushIntent.objects.get(invoice_sync=None, payment_sync=None)
    assert (intent.outcome, intent.qbo_id or customer["Id"]) == ("done", customer["Id"])
    assert office.row(zed).status == "synced"


def test_a_customer_that_was_created_under_a_former_name_is_the_accounts(office: Office) -> None:
    zed = office.account("Zed Ltd", invoices=1)
    office.connect()
    office.sync()
    lost = {"match": {"endpoint": "batch", "entity": "Customer"}, "kind": "drop_after_commit"}
    office.simulator.faults(office.realm, lost)
    services.account_create_customer(account=zed, by=office.alice)
    engine.run(office.connection.pk, priority=Priority.BACKGROUND)
    books.account_update(account=zed, name="Zed Limited", type=zed.type, tags=[], team=[])
    office.sync(patience_s=40)
    (customer,) = office.remote("Customer")
    row = office.row(zed)
    assert row.customer is not None
    assert (row.status, row.customer.qbo_id) == ("synced", customer["Id"])


# --- What is committed while others look ------------------------------------------------------------------------------


def test_a_document_recorded_while_its_account_is_being_linked_is_due_afterwards(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=acme_customer())
    claim = claims.take(office.connection.pk, limit=10)
    office.invoice(acme)
    claims.release(claim, {row.pk: None for row in claim.rows})
    assert office.row(acme).due_at is not None


def test_what_another_worker_failed_after_the_outage_had_ended_goes_on(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=acme_customer())
    waiting_failed(office.connection, reason=Reason.UNAVAILABLE, message="")
    assert office.row(acme).status == "failed"
    engine.run(office.connection.pk, priority=Priority.BACKGROUND)
    office.sync()
    assert office.row(acme).status == "synced"


# --- Tokens -----------------------------------------------------------------------------------------------------------


def test_a_worker_that_dies_while_it_refreshes_does_not_cost_the_connection(office: Office) -> None:
    office.account("Acme", invoices=1)
    office.connect(Customer=acme_customer())
    office.simulator.faults(office.realm, {"match": {}, "kind": "expire_token"})
    Connection.objects.update(refreshing_until=timezone.now() + timedelta(seconds=12))  # the dead worker's lease
    waits = [engine.run(office.connection.pk, priority=Priority.BACKGROUND) for _ in range(3)]
    assert None not in waits
    assert office.requests() == {"batch": 1}, "a token that was refused is not sent again"
    office.sync(patience_s=30)
    office.connection.refresh_from_db()
    assert (office.connection.status, len(office.remote("Invoice"))) == ("active", 1)


def test_one_token_that_is_refused_to_many_workers_is_refused_once(office: Office) -> None:
    office.connect()
    sessions = [Session(office.connection, Priority.BACKGROUND) for _ in range(8)]
    assert len({session.company.realm_id for session in sessions}) == 1
    for session in sessions:
        session.token_refused(Fault(FaultKind.TOKEN_REFUSED))
    office.connection.refresh_from_db()
    assert (office.connection.status, office.connection.token_version) == ("active", 2)

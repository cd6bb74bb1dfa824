"""What people change while an answer of QuickBooks is lost must neither double a document nor lose one."""

from decimal import Decimal

import pytest

from accounts import services as books
from accounts.models import Account
from qbsync import engine, services
from qbsync.gateway.limiter import Priority
from qbsync.models import Customer, InvoiceSync, PaymentSync, PushIntent
from tests.qbsync.conftest import DAY, Office

pytestmark = pytest.mark.django_db(transaction=True)


def lose_the_answer(office: Office, kind: str) -> None:
    """Have the next batch with this entity executed, its answer lost, and the run ended."""
    planned = {"match": {"endpoint": "batch", "entity": kind}, "kind": "drop_after_commit"}
    office.simulator.faults(office.realm, planned)
    engine.run(office.connection.pk, priority=Priority.BACKGROUND)
    assert PushIntent.objects.filter(outcome="open").exists()


@pytest.fixture
def acme(office: Office) -> Account:
    """Acme, linked to the customer Acme; Beta is free."""
    account = office.account("Acme")
    office.connect(Customer=[{"DisplayName": "Acme"}, {"DisplayName": "Beta"}], scope="all")
    office.sync()
    return account


def test_another_customer_was_chosen_meanwhile(office: Office, acme: Account) -> None:
    office.payment(acme, amount="50.00")
    lose_the_answer(office, "Payment")
    beta = Customer.objects.get(display_name="Beta")
    services.account_change_customer(account=acme, by=office.alice, customer=beta)
    office.sync(patience_s=60)
    (payment,) = office.remote("Payment")
    assert payment["CustomerRef"]["name"] == "Acme"
    assert PaymentSync.objects.get().qbo_id == payment["Id"]


def test_it_was_voided_meanwhile(office: Office, acme: Account) -> None:
    invoice = office.invoice(acme)
    lose_the_answer(office, "Invoice")
    books.invoice_void(invoice=invoice)
    office.sync(patience_s=60)
    (copy,) = office.remote("Invoice")
    assert Decimal(str(copy["TotalAmt"])) == 0
    assert InvoiceSync.objects.get().is_void_there


def test_it_was_renumbered_and_changed_meanwhile(office: Office, acme: Account) -> None:
    invoice = office.invoice(acme)
    lose_the_answer(office, "Invoice")
    line = books.LineInput(None, "More", Decimal(1), Decimal("300.00"))
    books.invoice_update(
        invoice=invoice, expected_revision=1, number="NEW-1", date=DAY, due_date=None, memo="", lines=[line]
    )
    office.sync(patience_s=60)
    (copy,) = office.remote("Invoice")
    assert (copy["DocNumber"], Decimal(str(copy["TotalAmt"]))) == ("NEW-1", Decimal(300))


def test_the_account_was_unsynced_and_synced_again_meanwhile(office: Office, acme: Account) -> None:
    office.payment(acme, amount="50.00")
    lose_the_answer(office, "Payment")
    services.account_unsync(account=acme, by=office.alice)
    office.sync()
    assert len(office.remote("Payment")) == 1
    services.account_sync(account=acme, by=office.alice)
    office.sync(patience_s=60)
    assert len(office.remote("Payment")) == 1
    assert PaymentSync.objects.get().status == "synced"


def test_the_document_was_left_out_meanwhile(office: Office, acme: Account) -> None:
    payment = office.payment(acme, amount="50.00")
    lose_the_answer(office, "Payment")
    services.document_skip(document=payment, by=office.alice)
    office.sync(patience_s=60)
    row = PaymentSync.objects.get()
    assert (row.status, bool(row.qbo_id)) == ("skipped", True)
    assert not PushIntent.objects.filter(outcome="open").exists()
    services.document_sync(document=payment, by=office.alice)
    office.sync()
    assert len(office.remote("Payment")) == 1
    assert PaymentSync.objects.get().status == "synced"


def test_what_never_arrived_and_was_voided_meanwhile_is_not_sent(office: Office, acme: Account) -> None:
    invoice = office.invoice(acme)
    planned = {"match": {"endpoint": "batch", "entity": "Invoice"}, "kind": "drop_before_commit"}
    office.simulator.faults(office.realm, planned)
    engine.run(office.connection.pk, priority=Priority.BACKGROUND)
    books.invoice_void(invoice=invoice)
    office.sync(patience_s=60)
    assert office.remote("Invoice") == []
    assert InvoiceSync.objects.get().status == "not_synced"

"""What people change while an answer of QuickBooks is lost must neither double a document nor lose one."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts import services as books
from accounts.models import Account
from qbsync import engine, mirror, services
from qbsync.changes import documents
from qbsync.gateway.limiter import Priority
from qbsync.metering import Session
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


# --- Changed in QuickBooks before anybody has looked ------------------------------------------------------------------


def only_there(office: Office, kind: str) -> str:
    """The id of the one document of the kind."""
    (one,) = office.remote(kind)
    return str(one["Id"])


def test_its_date_was_edited_there(office: Office, acme: Account) -> None:
    office.payment(acme, amount="50.00")
    lose_the_answer(office, "Payment")
    there = only_there(office, "Payment")
    office.simulator.change(office.realm, "Payment", there, TxnDate="2026-05-05")
    office.sync(patience_s=60)
    assert only_there(office, "Payment") == there
    row = PaymentSync.objects.get()
    assert (row.status, row.reason, row.qbo_id) == ("failed", "edited_there", there)
    assert row.detail["differences"] == [["date", "Mar 2, 2026", "May 5, 2026"]]


def test_what_we_do_not_send_was_edited_there(office: Office, acme: Account) -> None:
    office.payment(acme, office.invoice(acme))
    lose_the_answer(office, "Payment")
    there = only_there(office, "Payment")
    office.simulator.change(office.realm, "Payment", there, PaymentMethodRef={"value": "1"})
    office.sync(patience_s=60)
    row = PaymentSync.objects.get()
    assert (row.status, row.theirs, row.sync_token) == ("synced", None, office.remote("Payment")[0]["SyncToken"])


@pytest.mark.parametrize("kind", ["Invoice", "Payment"])
def test_it_was_voided_there(office: Office, acme: Account, kind: str) -> None:
    office.invoice(acme) if kind == "Invoice" else office.payment(acme, amount="50.00")
    lose_the_answer(office, kind)
    there = only_there(office, kind)
    office.simulator.remove(office.realm, kind, there, operation="void")
    office.sync(patience_s=60)
    row = documents.KINDS[kind].objects.get()
    assert (row.status, row.reason, row.qbo_id) == ("failed", "voided_there", there)


def test_its_date_was_edited_there_and_the_clocks_differ(office: Office, acme: Account) -> None:
    office.simulator.clock(1500)
    office.payment(acme, amount="50.00")
    lose_the_answer(office, "Payment")
    there = only_there(office, "Payment")
    office.simulator.change(office.realm, "Payment", there, TxnDate="2026-05-05")
    office.sync(patience_s=60)
    assert only_there(office, "Payment") == there


def test_its_customer_was_merged_there(office: Office, acme: Account) -> None:
    office.payment(acme, amount="50.00")
    lose_the_answer(office, "Payment")
    there = only_there(office, "Payment")
    gone, into = (one["Id"] for one in office.remote("Customer"))
    office.simulator.merge(office.realm, "Customer", gone=gone, into=into)
    office.sync(patience_s=60)
    mirror.refresh(office.connection, Session(office.connection, Priority.PEOPLE).company, max_age=timedelta(0))
    assert office.row(acme).status == "not_synced"
    beta = Customer.objects.get(display_name="Beta")
    services.account_sync(account=acme, by=office.alice, customer=beta)
    office.sync(patience_s=60)
    assert only_there(office, "Payment") == there
    assert (PaymentSync.objects.get().qbo_id, PaymentSync.objects.get().qbo_customer_id) == (there, beta.qbo_id)


def test_its_note_was_emptied_and_its_date_edited_there(office: Office, acme: Account) -> None:
    office.payment(acme, amount="50.00")
    lose_the_answer(office, "Payment")
    there = only_there(office, "Payment")
    office.simulator.change(office.realm, "Payment", there, TxnDate="2026-05-05", PrivateNote="cash")
    office.sync(patience_s=60)
    assert only_there(office, "Payment") == there


def test_an_equal_payment_that_is_anothers_copy_is_never_adopted(office: Office, acme: Account) -> None:
    first = office.payment(acme, amount="50.00")
    office.sync()
    there = only_there(office, "Payment")
    second = office.payment(acme, amount="50.00")
    office.simulator.change(office.realm, "Payment", there, PaymentRefNum=second.number, PrivateNote="")
    planned = {"match": {"endpoint": "batch", "entity": "Payment"}, "kind": "drop_before_commit"}
    office.simulator.faults(office.realm, planned)
    office.sync(patience_s=60)
    assert len(office.remote("Payment")) == 2
    assert PaymentSync.objects.get(document=first).qbo_id == there


def test_an_invoice_that_quickbooks_numbers_was_dated_anew_there(office: Office) -> None:
    acme = office.account("Acme")
    office.connect(
        Customer=[{"DisplayName": "Acme"}], Preferences={"SalesFormsPrefs": {"CustomTxnNumbers": False}}, scope="all"
    )
    office.sync()
    office.invoice(acme)
    lose_the_answer(office, "Invoice")
    there = only_there(office, "Invoice")
    office.simulator.change(office.realm, "Invoice", there, TxnDate="2026-05-05")
    office.sync(patience_s=60)
    assert only_there(office, "Invoice") == there
    assert (InvoiceSync.objects.get().reason, InvoiceSync.objects.get().qbo_id) == ("edited_there", there)


def test_an_invoice_was_renumbered_there(office: Office, acme: Account) -> None:
    office.invoice(acme)
    lose_the_answer(office, "Invoice")
    there = only_there(office, "Invoice")
    office.simulator.change(office.realm, "Invoice", there, DocNumber="X-1")
    office.sync(patience_s=60)
    assert only_there(office, "Invoice") == there
    assert (InvoiceSync.objects.get().reason, InvoiceSync.objects.get().qbo_id) == ("edited_there", there)

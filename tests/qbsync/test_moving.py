"""Change customer with Move them: documents in QuickBooks follow their account, and no payment is ever on another's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from accounts import services as books
from accounts.models import Account
from qbsync import engine, services
from qbsync.gateway.limiter import Priority
from qbsync.models import Customer, HistoryEntry, InvoiceSync, PaymentSync, PushIntent
from qbsync.services import Refused
from qbsync.services.connections import waiting_failed, waiting_resumed
from qbsync.states import Reason
from tests.qbsync.conftest import DAY, Office

pytestmark = pytest.mark.django_db(transaction=True)

CUSTOMERS = [{"DisplayName": "Acme"}, {"DisplayName": "Beta"}, {"DisplayName": "Gamma"}]


@pytest.fixture
def acme(office: Office) -> Account:
    """Acme with an invoice that is paid, one that is open, and a credit, all in QuickBooks."""
    account = office.account("Acme", invoices=2, payments=1)
    office.payment(account, amount="25.00")
    office.connect(Customer=CUSTOMERS)
    office.sync()
    return account


def change(office: Office, account: Account, name: str, *, move: bool = True) -> None:
    """Press Change customer, with or without Move them."""
    customer = Customer.objects.get(display_name=name)
    services.account_change_customer(account=account, by=office.alice, customer=customer, move=move)


def of(office: Office, kind: str) -> list[str]:
    """The customers of the documents of this kind, by name."""
    return sorted(one["CustomerRef"]["name"] for one in office.remote(kind))


def applied(office: Office) -> Decimal:
    """How much of the payments is applied to invoices in QuickBooks."""
    return sum((Decimal(str(line["Amount"])) for one in office.remote("Payment") for line in one["Line"]), Decimal(0))


def nothing_crosses(office: Office) -> None:
    """No payment pays an invoice of another customer, and nothing is there twice."""
    customers = {one["Id"]: one["CustomerRef"]["value"] for one in office.remote("Invoice")}
    for payment in office.remote("Payment"):
        for line in payment["Line"]:
            assert customers[line["LinkedTxn"][0]["TxnId"]] == payment["CustomerRef"]["value"]
    assert (len(office.remote("Invoice")), len(office.remote("Payment"))) == (2, 2)


def at_rest() -> None:
    """Nothing is left to be moved, and nothing is open."""
    for model in (InvoiceSync, PaymentSync):
        assert not model.objects.exclude(move_to="").exists()
        assert set(model.objects.values_list("status", flat=True)) == {"synced"}
    assert not PushIntent.objects.filter(outcome="open").exists()


def events(name: str) -> int:
    """How many documents the timeline tells this of."""
    return HistoryEntry.objects.filter(event=name, kind__in=["invoice", "payment"]).count()


def test_all_documents_follow_the_account_with_what_pays_what(office: Office, acme: Account) -> None:
    change(office, acme, "Beta")
    assert set(InvoiceSync.objects.values_list("status", "reason")) == {("waiting", "moving")}
    office.sync()
    assert (of(office, "Invoice"), of(office, "Payment")) == (["Beta"] * 2, ["Beta"] * 2)
    assert applied(office) == Decimal(100)
    nothing_crosses(office)
    at_rest()
    assert events("moved") == 4


def test_without_it_they_stay_and_a_new_payment_goes_where_its_invoice_is(office: Office, acme: Account) -> None:
    change(office, acme, "Beta", move=False)
    office.sync()
    assert of(office, "Invoice") == ["Acme"] * 2
    open_invoice = acme.invoices.get(paid=0)
    office.payment(acme, open_invoice)
    office.sync()
    assert of(office, "Payment") == ["Acme"] * 3
    assert PaymentSync.objects.filter(status="synced").count() == 3


def test_a_payment_of_invoices_of_two_customers_is_not_sent_and_says_why(office: Office, acme: Account) -> None:
    change(office, acme, "Beta", move=False)
    newer = office.invoice(acme)
    office.sync()
    office.payment(acme, acme.invoices.get(paid=0, pk__lt=newer.pk), newer)
    office.sync()
    row = PaymentSync.objects.get(status="failed")
    assert "different customers" in row.detail["message"]
    assert len(office.remote("Payment")) == 2


@pytest.mark.parametrize("kind", ["drop_after_commit", "drop_before_commit"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_an_answer_that_is_lost_at_any_step_is_made_good(office: Office, acme: Account, kind: str, after: int) -> None:
    planned = {"match": {"endpoint": "batch"}, "after": after, "times": 1, "kind": kind}
    office.simulator.faults(office.realm, planned)
    change(office, acme, "Beta")
    engine.run(office.connection.pk, priority=Priority.BACKGROUND)
    nothing_crosses(office)
    office.sync(patience_s=60)
    assert (of(office, "Invoice"), of(office, "Payment")) == (["Beta"] * 2, ["Beta"] * 2)
    assert applied(office) == Decimal(100)
    nothing_crosses(office)
    at_rest()


def test_a_deposited_payment_stays_with_its_invoice_and_says_why(office: Office, acme: Account) -> None:
    paid = next(one for one in office.remote("Payment") if one["Line"])
    deposit = {"Amount": 100, "LinkedTxn": [{"TxnId": paid["Id"], "TxnType": "Payment", "TxnLineId": "0"}]}
    bank = next(one for one in office.remote("Account") if one["AccountType"] in ("Bank", "Other Current Asset"))
    office.simulator.create(office.realm, "Deposit", DepositToAccountRef={"value": bank["Id"]}, Line=[deposit])
    change(office, acme, "Beta")
    office.sync()
    assert (of(office, "Invoice"), of(office, "Payment")) == (["Acme", "Beta"], ["Acme", "Beta"])
    nothing_crosses(office)
    at_rest()
    stays = PaymentSync.objects.get(qbo_id=paid["Id"])
    assert "bank deposit" in stays.detail["stays"]
    invoice = InvoiceSync.objects.get(document=stays.document.allocations.get().invoice)
    assert invoice.detail["stays"].startswith(f"It stays with {stays.document}: ")
    assert events("stays") == 2


def test_what_lies_in_a_closed_period_stays(office: Office, acme: Account) -> None:
    later = office.invoice(acme, day=DAY.replace(month=6))
    office.sync()
    office.simulator.change(
        office.realm, "Preferences", "1", AccountingInfoPrefs={"BookCloseDate": DAY.replace(month=4).isoformat()}
    )
    change(office, acme, "Beta")
    office.sync()
    moved = InvoiceSync.objects.get(document=later)
    assert of(office, "Invoice") == ["Acme", "Acme", "Beta"]
    assert (moved.detail, InvoiceSync.objects.filter(detail__has_key="stays").count()) == ({}, 2)


def test_one_that_quickbooks_refuses_on_the_way_takes_its_group_back(office: Office, acme: Account) -> None:
    fault = {"match": {"endpoint": "batch_item", "entity": "Invoice"}, "times": 1, "kind": "fault", "code": "6210"}
    office.simulator.faults(office.realm, fault)
    change(office, acme, "Beta")
    office.sync(patience_s=40)
    nothing_crosses(office)
    at_rest()
    assert applied(office) == Decimal(100)
    assert sorted(of(office, "Invoice")) == ["Acme", "Beta"]


def test_a_payment_entered_in_quickbooks_keeps_its_invoice_where_it_is(office: Office, acme: Account) -> None:
    unpaid = InvoiceSync.objects.get(document__paid=0)
    line = {"Amount": 40, "LinkedTxn": [{"TxnId": unpaid.qbo_id, "TxnType": "Invoice"}]}
    customer = {"value": unpaid.qbo_customer_id}
    office.simulator.create(office.realm, "Payment", CustomerRef=customer, TotalAmt=40, Line=[line])
    change(office, acme, "Beta")
    office.sync()
    unpaid.refresh_from_db()
    assert "entered there" in unpaid.detail["stays"]
    assert of(office, "Invoice") == ["Acme", "Beta"]


def test_unsync_in_the_middle_stops_it_and_sync_finishes_it(office: Office, acme: Account) -> None:
    planned = {"match": {"endpoint": "batch"}, "after": 1, "times": 1, "kind": "drop_before_commit"}
    office.simulator.faults(office.realm, planned)
    change(office, acme, "Beta")
    engine.run(office.connection.pk, priority=Priority.BACKGROUND)
    services.account_unsync(account=acme, by=office.alice)
    office.sync()
    assert of(office, "Invoice") == ["Acme"] * 2
    services.account_sync(account=acme, by=office.alice)
    office.sync(patience_s=40)
    assert (of(office, "Invoice"), of(office, "Payment")) == (["Beta"] * 2, ["Beta"] * 2)
    nothing_crosses(office)
    at_rest()


def test_what_is_corrected_while_it_moves_arrives_as_corrected(office: Office, acme: Account) -> None:
    change(office, acme, "Beta")
    invoice = acme.invoices.get(paid=0)
    line = books.LineInput(None, "More", Decimal(1), Decimal("300.00"))
    books.invoice_update(
        invoice=invoice, expected_revision=1, number="NEW-1", date=DAY, due_date=None, memo="", lines=[line]
    )
    office.sync()
    (copy,) = [one for one in office.remote("Invoice") if one["DocNumber"] == "NEW-1"]
    assert (copy["CustomerRef"]["name"], Decimal(str(copy["TotalAmt"]))) == ("Beta", Decimal(300))
    nothing_crosses(office)
    at_rest()


def test_a_link_that_is_refused_moves_nothing(office: Office, acme: Account) -> None:
    beta = Customer.objects.get(display_name="Beta")
    change(office, acme, "Beta")
    office.simulator.change(office.realm, "Customer", beta.qbo_id, Active=False)
    type(office.connection).objects.update(mirror_read_at=None)
    office.sync()
    assert office.row(acme).status == "failed"
    services.account_sync(account=acme, by=office.alice, customer=Customer.objects.get(display_name="Acme"))
    office.sync()
    assert of(office, "Invoice") == ["Acme"] * 2
    at_rest()


def test_the_chosen_customer_is_kept_while_quickbooks_cannot_be_reached(office: Office, acme: Account) -> None:
    change(office, acme, "Beta")
    waiting_failed(office.connection, reason=Reason.CONNECTION)
    assert office.row(acme).status == "failed"
    waiting_resumed(office.connection)
    office.sync()
    assert str(office.row(acme).customer) == "Beta"
    assert (of(office, "Invoice"), of(office, "Payment")) == (["Beta"] * 2, ["Beta"] * 2)
    nothing_crosses(office)
    at_rest()


def test_undo_goes_back_to_the_customer_it_had_and_moves_them_back(office: Office, acme: Account) -> None:
    change(office, acme, "Beta")
    office.sync()
    services.account_undo(account=acme, by=office.alice)
    office.sync()
    assert (of(office, "Invoice"), of(office, "Payment")) == (["Acme"] * 2, ["Acme"] * 2)
    nothing_crosses(office)
    at_rest()


def test_they_can_be_moved_later(office: Office, acme: Account) -> None:
    change(office, acme, "Beta", move=False)
    office.sync()
    assert services.documents_move(account=acme, by=office.alice) == 4
    office.sync()
    assert (of(office, "Invoice"), of(office, "Payment")) == (["Beta"] * 2, ["Beta"] * 2)
    at_rest()


def test_a_document_cannot_be_left_out_while_it_moves(office: Office, acme: Account) -> None:
    change(office, acme, "Beta")
    engine.run(office.connection.pk, priority=Priority.BACKGROUND)
    InvoiceSync.objects.update(move_to="1")
    invoice: Any = acme.invoices.first()
    with pytest.raises(Refused, match="being moved"):
        services.document_skip(document=invoice, by=office.alice)

"""A sync from claim to release, against the simulator over HTTP."""

import time
from decimal import Decimal

import pytest

from accounts import services as books
from qbsync import engine, services
from qbsync.gateway.company import BatchQuery
from qbsync.gateway.limiter import Priority, QuotaWait
from qbsync.metering import Session
from qbsync.models import HistoryEntry, InvoiceSync, PaymentSync, PushIntent
from qbsync.states import DocumentReason, Reason
from tests.qbsync.conftest import Office

pytestmark = pytest.mark.django_db(transaction=True)


def customers(*names: str) -> list[dict[str, str]]:
    return [{"DisplayName": name} for name in names]


def test_an_account_is_linked_by_its_name_and_its_documents_arrive_once(office: Office) -> None:
    obrien = office.account("O’Brien  & Sons", invoices=3, payments=2)
    office.connect(Customer=customers("o'brien & sons", "Other"))
    office.sync()
    row = office.row(obrien)
    assert (row.status, str(row.customer)) == ("synced", "o'brien & sons")
    invoices, payments = office.remote("Invoice"), office.remote("Payment")
    assert sorted(one["DocNumber"] for one in invoices) == sorted(i.number for i in obrien.invoices.all())
    assert [Decimal(str(one["TotalAmt"])) for one in payments] == [Decimal(100), Decimal(100)]
    assert sorted(Decimal(str(one["Balance"])) for one in invoices) == [0, 0, 100]
    assert len(office.remote("Customer")) == 2, "no customer is created unasked"
    assert set(InvoiceSync.objects.values_list("status", flat=True)) == {"synced"}
    assert not PushIntent.objects.filter(outcome="open").exists()


def test_a_second_sync_of_unchanged_books_writes_nothing(office: Office) -> None:
    office.account("Acme", invoices=2, payments=1)
    office.connect(Customer=customers("Acme"))
    office.sync()
    before = office.requests()
    office.sync()
    after = office.requests()
    assert (after.get("batch"), after.get("create")) == (before.get("batch"), before.get("create"))
    assert (len(office.remote("Invoice")), len(office.remote("Payment"))) == (2, 1)


def test_no_exact_match_fails_with_the_sentence_and_creates_nothing(office: Office) -> None:
    zed = office.account("Zed Ltd", invoices=1)
    office.connect(Customer=customers("Zed Limited"))
    office.sync()
    assert (office.row(zed).status, office.row(zed).reason) == ("failed", Reason.NO_MATCH)
    assert (len(office.remote("Customer")), office.remote("Invoice")) == (1, [])


def test_create_makes_a_customer_of_type_individual_and_sends_the_documents(office: Office) -> None:
    zed = office.account("Zed Ltd", invoices=1)
    office.connect(CustomerType=[{"Name": "Individual"}])
    office.sync()
    services.account_create_customer(account=zed, by=office.alice)
    office.sync()
    (customer,) = office.remote("Customer")
    kinds = {one["Id"]: one["Name"] for one in office.remote("CustomerType")}
    assert customer["DisplayName"] == "Zed Ltd"
    assert kinds[customer["CustomerTypeRef"]["value"]] == "Individual"
    assert office.row(zed).status == "synced"
    assert len(office.remote("Invoice")) == 1


def test_without_an_individual_type_the_field_stays_empty(office: Office) -> None:
    zed = office.account("Zed Ltd", invoices=1)
    office.connect()
    office.sync()
    services.account_create_customer(account=zed, by=office.alice)
    office.sync()
    (customer,) = office.remote("Customer")
    assert "CustomerTypeRef" not in customer


def test_names_held_by_others_fail_with_who_holds_them(office: Office) -> None:
    vendor, staff = office.account("Metro Power", invoices=1), office.account("Emily Platt", invoices=1)
    west, old = office.account("Acme: West", invoices=1), office.account("Old Mill", invoices=1)
    office.connect(
        Vendor=customers("Metro Power"),
        Employee=[{"DisplayName": "Emily Platt", "GivenName": "Emily", "FamilyName": "Platt"}],
        Customer=[{"DisplayName": "Old Mill", "Active": False}],
    )
    office.sync()
    reasons = [office.row(account).reason for account in (vendor, staff, west, old)]
    assert reasons == ["held_by_vendor", "held_by_employee", "name_invalid", "held_by_inactive"]


def test_two_accounts_of_one_name_both_fail_naming_the_other(office: Office) -> None:
    first, second = office.account("Maria Lopez", invoices=1), office.account("maria  LOPEZ", invoices=1)
    office.connect(Customer=customers("Maria Lopez"))
    office.sync()
    rows = [office.row(first), office.row(second)]
    assert [(row.status, row.reason) for row in rows] == [("failed", Reason.NAMESAKE_ACCOUNT)] * 2
    assert second.code in rows[0].detail["others"][0]
    assert first.code in rows[1].detail["others"][0]


def test_skipping_one_of_two_namesakes_lets_the_other_be_linked(office: Office) -> None:
    first, second = office.account("Maria Lopez", invoices=1), office.account("Maria Lopez", invoices=1)
    office.connect(Customer=customers("Maria Lopez"))
    office.sync()
    services.account_unsync(account=first, by=office.alice)
    office.sync()
    assert [office.row(a).status for a in (first, second)] == ["skipped", "synced"]


def test_renaming_an_account_keeps_the_link_and_never_reaches_quickbooks(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=customers("Acme"))
    office.sync()
    books.account_update(account=acme, name="Acme International", type=acme.type, tags=[], team=[])
    office.invoice(acme)
    office.sync()
    assert office.row(acme).status == "synced"
    assert [one["DisplayName"] for one in office.remote("Customer")] == ["Acme"]
    assert len(office.remote("Invoice")) == 2


def test_a_failed_account_is_judged_again_when_it_is_renamed(office: Office) -> None:
    acme = office.account("Acmee", invoices=1)
    office.connect(Customer=customers("Acme"))
    office.sync()
    books.account_update(account=acme, name="Acme", type=acme.type, tags=[], team=[])
    office.sync()
    assert office.row(acme).status == "synced"


def test_unsync_sends_nothing_further_and_sync_resumes_without_a_duplicate(office: Office) -> None:
    acme = office.account("Acme", invoices=2)
    office.connect(Customer=customers("Acme"))
    office.sync()
    services.account_unsync(account=acme, by=office.alice)
    office.invoice(acme)
    office.sync()
    assert len(office.remote("Invoice")) == 2
    services.account_sync(account=acme, by=office.alice)
    office.sync()
    assert len(office.remote("Invoice")) == 3
    assert office.row(acme).status == "synced"


def test_an_edit_and_a_void_reach_the_copy_in_quickbooks(office: Office) -> None:
    acme = office.account("Acme", invoices=2, payments=1)
    office.connect(Customer=customers("Acme"))
    office.sync()
    paid, open_one = acme.invoices.order_by("pk")
    line = books.LineInput(None, "More", Decimal(2), Decimal("75.50"))
    books.invoice_update(
        invoice=paid, expected_revision=paid.revision, number=paid.number, date=paid.date, due_date=None, memo="",
        lines=[line],
    )  # fmt: skip
    books.invoice_void(invoice=open_one)
    office.sync()
    totals = {one["DocNumber"]: Decimal(str(one["TotalAmt"])) for one in office.remote("Invoice")}
    assert totals == {paid.number: Decimal(151), open_one.number: Decimal(0)}
    assert all(row.is_void_there == row.document.is_void for row in InvoiceSync.objects.select_related("document"))


def test_an_equal_invoice_that_is_there_already_is_adopted(office: Office) -> None:
    acme = office.account("Acme")
    office.invoice(acme, number="1007", amount="80.00")
    item = {"DetailType": "SalesItemLineDetail", "Amount": 80, "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}
    office.connect(
        Customer=[{"Id": "7", "DisplayName": "Acme"}],
        Invoice=[{"DocNumber": "1007", "CustomerRef": {"value": "7"}, "TxnDate": "2026-03-02", "Line": [item]}],
    )
    office.sync()
    assert len(office.remote("Invoice")) == 1
    assert InvoiceSync.objects.get().status == "synced"


def test_another_invoice_of_the_same_number_fails_with_both_shown(office: Office) -> None:
    acme = office.account("Acme")
    office.invoice(acme, number="1007", amount="80.00")
    item = {"DetailType": "SalesItemLineDetail", "Amount": 95, "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}
    office.connect(
        Customer=[{"Id": "7", "DisplayName": "Acme"}, {"Id": "8", "DisplayName": "Beta"}],
        Invoice=[{"DocNumber": "1007", "CustomerRef": {"value": "8"}, "TxnDate": "2026-03-02", "Line": [item]}],
    )
    office.sync()
    row = InvoiceSync.objects.get()
    assert (row.status, row.reason) == ("failed", DocumentReason.NUMBER_TAKEN)
    assert "80.00" in row.detail["ours"]
    assert "95.00" in row.detail["theirs"]
    assert office.row(acme).status == "synced", "a failed document never fails its account"


def test_a_payment_on_an_invoice_before_the_sync_date_waits_and_names_it(office: Office) -> None:
    acme = office.account("Acme")
    old = office.invoice(acme, day=office.firm.created_at.date().replace(year=2025, month=5, day=1), number="OLD-1")
    office.payment(acme, old)
    office.connect(Customer=customers("Acme"))
    office.sync()
    row = PaymentSync.objects.get()
    assert (row.status, row.reason, row.detail) == ("waiting", "invoice_before_sync_date", {"invoice": "OLD-1"})
    assert office.remote("Payment") == []


def test_a_payment_without_allocations_becomes_the_customers_credit(office: Office) -> None:
    acme = office.account("Acme")
    office.payment(acme, amount="250.00")
    office.connect(Customer=customers("Acme"))
    office.sync()
    (payment,) = office.remote("Payment")
    assert Decimal(str(payment["UnappliedAmt"])) == Decimal(250)


@pytest.mark.parametrize("kind", ["drop_before_commit", "drop_after_commit"])
def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(office: Office, kind: str) -> None:
    office.account("Acme", invoices=3, payments=2)
    office.connect(Customer=customers("Acme"))
    office.simulator.faults(office.realm, {"match": {"endpoint": "batch", "entity": "Invoice"}, "kind": kind})
    office.sync(patience_s=60)
    assert (len(office.remote("Invoice")), len(office.remote("Payment"))) == (3, 2)
    assert set(InvoiceSync.objects.values_list("status", flat=True)) == {"synced"}


def test_a_lost_answer_to_a_payment_books_it_once_although_requestids_are_ignored(office: Office) -> None:
    office.account("Acme", invoices=2, payments=2)
    office.connect(Customer=customers("Acme"))
    office.simulator.faults(
        office.realm,
        {"match": {"endpoint": "batch", "entity": "Payment"}, "kind": "drop_after_commit"},
        {"match": {"endpoint": "batch"}, "times": 0, "kind": "ignore_requestid"},
    )
    office.sync(patience_s=60)
    assert len(office.remote("Payment")) == 2


def test_a_lost_answer_to_a_new_customer_creates_one(office: Office) -> None:
    zed = office.account("Zed Ltd", invoices=1)
    office.connect()
    office.sync()
    planned = {"match": {"endpoint": "batch", "entity": "Customer"}, "kind": "drop_after_commit"}
    office.simulator.faults(office.realm, planned)
    services.account_create_customer(account=zed, by=office.alice)
    office.sync(patience_s=60)
    assert len(office.remote("Customer")) == 1
    assert office.row(zed).status == "synced"


def test_an_expired_token_is_replaced_and_the_sync_goes_on(office: Office) -> None:
    office.account("Acme", invoices=2)
    office.connect(Customer=customers("Acme"))
    office.simulator.faults(office.realm, {"match": {"endpoint": "batch"}, "after": 1, "kind": "expire_token"})
    office.sync()
    assert len(office.remote("Invoice")) == 2
    office.connection.refresh_from_db()
    assert office.connection.status == "active"


def test_a_revoked_grant_breaks_the_connection_and_says_so(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=customers("Acme"))
    office.simulator.faults(office.realm, {"match": {}, "kind": "revoke"})
    office.sync()
    office.connection.refresh_from_db()
    assert office.connection.status == "broken"
    assert (office.row(acme).status, office.row(acme).reason) == ("failed", Reason.CONNECTION)


def test_one_refused_record_never_holds_up_the_rest(office: Office) -> None:
    acme = office.account("Acme", invoices=4)
    office.connect(Customer=customers("Acme"))
    bad = acme.invoices.order_by("pk")[1]
    office.simulator.faults(
        office.realm,
        {
            "match": {"endpoint": "batch_item", "contains": bad.number},
            "kind": "fault",
            "code": "6000",
            "message": "A business validation error has occurred",
            "detail": "The books say no.",
        },
    )
    office.sync()
    assert len(office.remote("Invoice")) == 3
    row = InvoiceSync.objects.get(document=bad)
    assert row.status == "failed"
    assert "The books say no." in row.detail["message"]


def test_every_status_change_is_in_the_history(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=customers("Acme"))
    office.sync()
    services.account_unsync(account=acme, by=office.alice)
    told = HistoryEntry.objects.filter(account=acme, kind="account").order_by("pk")
    assert [(entry.before, entry.after) for entry in told] == [
        ("not_synced", "syncing"),
        ("syncing", "synced"),
        ("synced", "skipped"),
    ]
    assert [entry.actor for entry in told] == [None, None, office.alice]


def test_a_person_is_served_by_single_requests_when_the_batches_of_the_minute_are_used_up(office: Office) -> None:
    office.account("Acme", invoices=1)
    office.connect(Customer=customers("Acme", "Beta"))
    office.sync()
    company = Session(office.connection, Priority.PEOPLE).company
    waited = 0.0
    while waited < 2:
        try:
            company.batch([BatchQuery("1", "SELECT COUNT(*) FROM Customer")])
        except QuotaWait as quota:
            waited = quota.seconds
            time.sleep(min(waited, 1))
    beta = office.account("Beta", invoices=2, payments=1)
    batches = office.requests()["batch"]
    assert batches == 40
    while (again := engine.run(office.connection.pk, priority=Priority.PEOPLE, only=[office.row(beta).pk])) is not None:
        assert again < 2
        time.sleep(again)
    assert office.row(beta).status == "synced"
    assert (len(office.remote("Invoice")), len(office.remote("Payment"))) == (3, 1)
    assert office.requests()["batch"] == batches
    assert office.simulator.stats(office.realm)["throttled"] == 0


def test_a_run_tells_what_it_did(office: Office) -> None:
    office.account("Acme", invoices=2, payments=1)
    office.account("Nobody", invoices=1)
    office.connect(Customer=customers("Acme"))
    office.sync()
    run = office.connection.runs.get()
    assert (run.accounts_linked, run.accounts_failed, run.invoices_sent, run.payments_sent) == (1, 1, 2, 1)
    assert run.requests == sum(office.requests().values())
    assert run.ended_at is not None


def test_a_paid_invoice_is_voided_after_its_payment_has_let_go_of_it(office: Office) -> None:
    acme = office.account("Acme", invoices=1, payments=1)
    office.connect(Customer=customers("Acme"), options={"void_paid_invoice": "refuse"})
    office.sync()
    books.invoice_void(invoice=acme.invoices.get())
    office.sync()
    (payment,), (invoice,) = office.remote("Payment"), office.remote("Invoice")
    assert (Decimal(str(payment["UnappliedAmt"])), Decimal(str(invoice["TotalAmt"]))) == (Decimal(100), Decimal(0))
    assert set(InvoiceSync.objects.values_list("status", flat=True)) == {"synced"}
    assert not PushIntent.objects.filter(outcome="refused").exists(), "its token was read after the payment's change"


def test_what_is_deleted_here_is_deleted_in_quickbooks_and_its_number_is_free_again(office: Office) -> None:
    acme = office.account("Acme", invoices=2, payments=1)
    office.connect(Customer=customers("Acme"))
    office.sync()
    paid, other = acme.invoices.order_by("pk")
    books.payment_delete(payment=acme.payments.get())
    books.invoice_delete(invoice=paid)
    office.invoice(acme, number=paid.number, amount="40.00")
    office.sync()
    totals = {one["DocNumber"]: Decimal(str(one["TotalAmt"])) for one in office.remote("Invoice")}
    assert totals == {paid.number: Decimal(40), other.number: Decimal(100)}
    assert office.remote("Payment") == []
    assert not PushIntent.objects.filter(outcome="open").exists()
    assert set(InvoiceSync.objects.values_list("status", flat=True)) == {"synced"}
    assert sorted(acme.invoices.values_list("number", flat=True)) == sorted([paid.number, other.number])


def test_what_is_deleted_before_it_was_sent_never_reaches_quickbooks(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    books.invoice_delete(invoice=office.invoice(acme))
    office.connect(Customer=customers("Acme"))
    office.sync()
    assert len(office.remote("Invoice")) == 1

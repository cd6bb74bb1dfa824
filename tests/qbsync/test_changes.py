"""What somebody does in QuickBooks is noticed by the next look, said on the document, and never lost."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Invoice, Payment
from qbsync import services
from qbsync.changes import poll
from qbsync.models import Connection, HistoryEntry, InvoiceSync, PaymentSync, SyncRun
from qbsync.presentation import document_message
from qbsync.selectors import document_standing
from qbsync.services.retries import documents_accept, documents_retry
from qbsync.states import DocumentReason, DocumentStatus, Status
from tests.qbsync.conftest import Office

pytestmark = pytest.mark.django_db(transaction=True)


def look(office: Office) -> None:
    """Look what changed, now."""
    Connection.objects.filter(pk=office.connection.pk).update(poll_due_at=timezone.now())
    for _ in range(20):  # a token that has expired is replaced first, and the quota of a second may be used up
        if (again := poll.run(office.connection.pk)) is None:
            return
        time.sleep(min(again, 2.0))
        Connection.objects.filter(pk=office.connection.pk).update(poll_due_at=timezone.now())
    raise AssertionError("the look was not completed")


def synced(
    office: Office, *, invoices: int = 1, payments: int = 0, others: Sequence[str] = (), **company: Any
) -> tuple[Invoice, ...]:
    """An account whose documents are in QuickBooks, and looked at."""
    account = office.account("Dove Bakery", invoices=invoices, payments=payments)
    office.connect(Customer=[{"DisplayName": name} for name in ("Dove Bakery", *others)], **company)
    office.sync()
    look(office)
    return tuple(account.invoices.order_by("pk"))


def row_of(document: Invoice | Payment) -> InvoiceSync | PaymentSync:
    """Where the document stands."""
    model: Any = InvoiceSync if isinstance(document, Invoice) else PaymentSync
    found: InvoiceSync | PaymentSync = model.objects.get(document=document)
    return found


def metered(office: Office) -> int:
    """The reads that QuickBooks has metered so far."""
    counted: dict[str, int] = office.simulator.stats(office.realm)["metered"]
    return sum(counted.values())


def test_our_own_pushes_are_no_news(office: Office) -> None:
    invoice, *_ = synced(office, invoices=2, payments=2)
    row = row_of(invoice)
    assert (row.status, row.theirs) == (DocumentStatus.SYNCED, None)
    assert {one["SyncToken"] for one in office.remote("Invoice") if one["Id"] == row.qbo_id} == {row.sync_token}


def test_an_edited_invoice_fails_with_both_sides(office: Office) -> None:
    (invoice,) = synced(office)
    row = row_of(invoice)
    office.simulator.change(office.realm, "Invoice", row.qbo_id, TxnDate="2026-03-09", DocNumber="X-1")
    look(office)
    row = row_of(invoice)
    assert (row.status, row.reason) == (DocumentStatus.FAILED, DocumentReason.EDITED_THERE)
    assert ["date", "Mar 2, 2026", "Mar 9, 2026"] in row.detail["differences"]
    assert ["number", invoice.number, "X-1"] in row.detail["differences"]
    assert "date Mar 9, 2026" in document_message(document_standing(invoice), invoice).lines[0]
    told = HistoryEntry.objects.get(event="edited_there")
    assert (told.subject, told.before, told.after) == (invoice.number, "synced", "failed")
    assert Invoice.objects.get(pk=invoice.pk).revision == invoice.revision


def test_an_edit_that_is_undone_there_heals_by_itself(office: Office) -> None:
    (invoice,) = synced(office)
    qbo_id = row_of(invoice).qbo_id
    office.simulator.change(office.realm, "Invoice", qbo_id, TxnDate="2026-03-09")
    look(office)
    office.simulator.change(office.realm, "Invoice", qbo_id, TxnDate="2026-03-02")
    look(office)
    assert row_of(invoice).status == DocumentStatus.SYNCED
    assert HistoryEntry.objects.filter(event="put_back_there").count() == 1


def test_a_change_of_what_we_do_not_send_is_no_drift(office: Office) -> None:
    (invoice,) = synced(office)
    office.simulator.change(office.realm, "Invoice", row_of(invoice).qbo_id, CustomerMemo={"value": "Thank you"})
    look(office)
    row = row_of(invoice)
    assert row.status == DocumentStatus.SYNCED
    assert office.remote("Invoice")[0]["SyncToken"] == row.sync_token


def test_a_voided_invoice_fails_and_says_that_a_void_is_final(office: Office) -> None:
    (invoice,) = synced(office)
    office.simulator.remove(office.realm, "Invoice", row_of(invoice).qbo_id, operation="void")
    look(office)
    row = row_of(invoice)
    assert (row.status, row.reason) == (DocumentStatus.FAILED, DocumentReason.VOIDED_THERE)


def test_a_deleted_invoice_fails_and_its_payment_tells_what_it_lost(office: Office) -> None:
    (invoice,) = synced(office, payments=1)
    payment = Payment.objects.get()
    office.simulator.remove(office.realm, "Invoice", row_of(invoice).qbo_id)
    look(office)
    assert row_of(invoice).reason == DocumentReason.DELETED_THERE
    assert row_of(invoice).qbo_id == ""
    row = row_of(payment)
    assert row.reason == DocumentReason.EDITED_THERE
    assert row.detail["theirs"] == "pays no invoice"


def test_nothing_is_sent_again_by_itself(office: Office) -> None:
    (invoice,) = synced(office)
    office.simulator.remove(office.realm, "Invoice", row_of(invoice).qbo_id)
    look(office)
    office.account("Elm & Co.", invoices=1)
    office.sync()
    assert not office.remote("Invoice")


def test_a_change_during_a_push_is_judged_once_it_is_settled(office: Office) -> None:
    (invoice,) = synced(office)
    row = row_of(invoice)
    Invoice.objects.filter(pk=invoice.pk).update(revision=2)  # a change here that has not been sent
    office.simulator.change(office.realm, "Invoice", row.qbo_id, TxnDate="2026-03-09")
    look(office)
    row = row_of(invoice)
    assert (row.status, row.theirs_is_news) == (DocumentStatus.SYNCED, True)
    Invoice.objects.filter(pk=invoice.pk).update(revision=1)
    office.sync()  # nothing is due any more: what waited is judged at the end of a run
    assert row_of(invoice).reason == DocumentReason.EDITED_THERE


def test_one_look_is_one_metered_read(office: Office) -> None:
    synced(office)
    before = metered(office)
    look(office)
    assert metered(office) - before == 1


def test_a_look_is_no_run_of_the_sync(office: Office) -> None:
    synced(office)
    SyncRun.objects.update(ended_at=timezone.now())
    look(office)
    assert not SyncRun.objects.filter(ended_at=None).exists()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "truncate"},
        {"kind": "http", "status": 503, "body": "html"},
        {"kind": "fault", "code": "10000", "message": "An application error has occurred", "status": 200},
        {"kind": "drop_before_commit"},
    ],
    ids=["half a body", "a page", "a Fault in a 200", "a reset"],
)
def test_the_cursor_stays_where_it_is_until_a_look_is_complete(office: Office, fault: dict[str, Any]) -> None:
    (invoice,) = synced(office)
    office.simulator.change(office.realm, "Invoice", row_of(invoice).qbo_id, TxnDate="2026-03-09")
    before = Connection.objects.get(pk=office.connection.pk)
    office.simulator.faults(office.realm, {"match": {"endpoint": "cdc"}, **fault})
    Connection.objects.filter(pk=before.pk).update(poll_due_at=timezone.now())
    assert poll.run(before.pk) is not None
    after = Connection.objects.get(pk=before.pk)
    assert (after.documents_cursor, after.mirror_cursor) == (before.documents_cursor, before.mirror_cursor)
    Connection.objects.filter(pk=before.pk).update(paused_until=None)  # a while later
    look(office)
    assert row_of(invoice).reason == DocumentReason.EDITED_THERE


def test_a_full_answer_is_asked_for_kind_by_kind_and_in_pages(office: Office) -> None:
    invoice, other = synced(office, invoices=2)
    for number in range(600):
        office.simulator.create(office.realm, "Customer", DisplayName=f"Stranger {number}")
    customer = office.remote("Customer")[0]["Id"]
    line = {
        "Amount": 5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
    }  # fmt: skip
    for number in range(1005):
        office.simulator.create(
            office.realm, "Invoice", CustomerRef={"value": customer}, Line=[line], DocNumber=f"S-{number}"
        )
    office.simulator.change(office.realm, "Invoice", row_of(invoice).qbo_id, TxnDate="2026-03-09")
    office.simulator.remove(office.realm, "Invoice", row_of(other).qbo_id)
    look(office)
    assert row_of(invoice).reason == DocumentReason.EDITED_THERE
    assert row_of(other).reason == DocumentReason.DELETED_THERE
    assert Connection.objects.get().customers.count() == 601


@pytest.mark.parametrize("days", [31, 400])
def test_after_a_month_without_a_look_everything_is_compared(office: Office, days: int) -> None:
    invoice, other = synced(office, invoices=2)
    office.simulator.change(office.realm, "Invoice", row_of(invoice).qbo_id, TxnDate="2026-03-09")
    office.simulator.remove(office.realm, "Invoice", row_of(other).qbo_id)
    customer = office.remote("Customer")[0]["Id"]
    office.simulator.change(office.realm, "Customer", customer, DisplayName="Dove Bakery West")
    long_ago = (timezone.now() - timedelta(days=days)).isoformat()
    Connection.objects.update(mirror_cursor=long_ago, documents_cursor=long_ago)
    look(office)
    assert row_of(invoice).reason == DocumentReason.EDITED_THERE
    assert row_of(other).reason == DocumentReason.DELETED_THERE
    assert str(Connection.objects.get().customers.get()) == "Dove Bakery West"


def test_a_clock_of_quickbooks_that_runs_ahead_loses_no_change(office: Office) -> None:
    (invoice,) = synced(office)
    office.simulator.clock(90 * 86400)
    look(office)
    office.simulator.clock(0)
    office.simulator.change(office.realm, "Invoice", row_of(invoice).qbo_id, TxnDate="2026-03-09")
    look(office)
    assert row_of(invoice).reason == DocumentReason.EDITED_THERE


def test_documents_that_are_not_ours_are_nobodys_business(office: Office) -> None:
    synced(office)
    customer = office.remote("Customer")[0]["Id"]
    office.simulator.create(office.realm, "Payment", CustomerRef={"value": customer}, TotalAmt=10)
    look(office)
    assert PaymentSync.objects.count() == 0


def test_a_deactivated_customer_is_noticed_by_the_next_look(office: Office) -> None:
    (invoice,) = synced(office)
    office.simulator.change(office.realm, "Customer", office.remote("Customer")[0]["Id"], Active=False)
    look(office)
    row = office.row(invoice.account)
    assert (row.status, row.reason) == (Status.NOT_SYNCED, "customer_inactive")


def test_a_look_that_is_asked_for_while_one_is_under_way_follows_it(office: Office) -> None:
    synced(office)
    now = timezone.now()
    Connection.objects.update(mirror_leased_until=now + timedelta(seconds=30), poll_due_at=now)
    assert poll.run(office.connection.pk) == 2.0
    Connection.objects.update(mirror_leased_until=None)
    assert poll.run(office.connection.pk) is None


def test_firms_that_are_new_get_their_place_in_the_hour(office: Office) -> None:
    office.connect()
    poll.sweep()
    due = Connection.objects.get().poll_due_at
    assert due is not None and timezone.now() <= due + timedelta(seconds=1) <= timezone.now() + poll.EVERY


def test_ours_is_sent_again_over_an_edit(office: Office) -> None:
    (invoice,) = synced(office)
    qbo_id = row_of(invoice).qbo_id
    office.simulator.change(office.realm, "Invoice", qbo_id, TxnDate="2026-03-09")
    look(office)
    services.document_sync(document=invoice, by=office.alice)
    office.sync()
    look(office)
    row = row_of(invoice)
    assert (row.status, row.qbo_id, row.theirs) == (DocumentStatus.SYNCED, qbo_id, None)
    assert office.remote("Invoice")[0]["TxnDate"] == "2026-03-02"


def test_what_was_deleted_there_is_created_anew_once(office: Office) -> None:
    (invoice,) = synced(office, payments=1)
    payment = Payment.objects.get()
    office.simulator.remove(office.realm, "Invoice", row_of(invoice).qbo_id)
    look(office)
    for document in (invoice, payment):
        services.document_sync(document=document, by=office.alice)
    office.sync()
    look(office)
    assert [row_of(one).status for one in (invoice, payment)] == ["synced", "synced"]
    assert len(office.remote("Invoice")) == 1
    assert office.remote("Invoice")[0]["Balance"] == 0


def test_quickbooks_version_is_accepted_without_touching_the_books(office: Office) -> None:
    (invoice,) = synced(office)
    office.simulator.change(office.realm, "Invoice", row_of(invoice).qbo_id, TxnDate="2026-03-09")
    look(office)
    services.document_accept(document=invoice, by=office.alice)
    office.sync()
    look(office)
    assert row_of(invoice).status == DocumentStatus.SYNCED
    assert office.remote("Invoice")[0]["TxnDate"] == "2026-03-09"
    assert str(Invoice.objects.get(pk=invoice.pk).date) == "2026-03-02"


@pytest.mark.parametrize("operation", ["delete", "void"])
def test_a_removal_that_is_accepted_leaves_the_document_out(office: Office, operation: str) -> None:
    (invoice,) = synced(office)
    office.simulator.remove(office.realm, "Invoice", row_of(invoice).qbo_id, operation=operation)
    look(office)
    services.document_accept(document=invoice, by=office.alice)
    look(office)
    office.sync()
    assert row_of(invoice).status == DocumentStatus.SKIPPED
    assert document_message(document_standing(invoice), invoice).lines


def test_a_void_there_is_never_sent_over(office: Office) -> None:
    (invoice,) = synced(office)
    office.simulator.remove(office.realm, "Invoice", row_of(invoice).qbo_id, operation="void")
    look(office)
    with pytest.raises(services.Refused):
        services.document_sync(document=invoice, by=office.alice)


def test_all_of_one_cause_are_accepted_or_sent_again(office: Office) -> None:
    first, second = synced(office, invoices=2)
    for invoice in (first, second):
        office.simulator.change(office.realm, "Invoice", row_of(invoice).qbo_id, TxnDate="2026-03-09")
    look(office)
    connection = Connection.objects.get()
    one, other = (Invoice.objects.filter(pk=invoice.pk) for invoice in (first, second))
    assert documents_accept(connection=connection, documents=one, by=office.alice) == 1
    assert documents_retry(connection=connection, documents=other, by=office.alice) == 1
    office.sync()
    look(office)
    assert [row_of(invoice).status for invoice in (first, second)] == ["synced", "synced"]
    assert sorted(one["TxnDate"] for one in office.remote("Invoice")) == ["2026-03-02", "2026-03-09"]


def test_what_was_edited_while_it_was_left_out_comes_to_light_with_the_next_sync(office: Office) -> None:
    (invoice,) = synced(office)
    services.document_skip(document=invoice, by=office.alice)
    office.simulator.change(office.realm, "Invoice", row_of(invoice).qbo_id, TxnDate="2026-03-09")
    look(office)
    assert row_of(invoice).status == DocumentStatus.SKIPPED
    services.document_sync(document=invoice, by=office.alice)
    office.sync()
    assert row_of(invoice).reason == DocumentReason.EDITED_THERE


def merged(office: Office, name: str = "Dove & Sons") -> Invoice:
    """An account whose customer a bookkeeper has just merged into another one."""
    (invoice,) = synced(office)
    office.simulator.create(office.realm, "Customer", DisplayName=name)
    ids = {one["DisplayName"]: one["Id"] for one in office.remote("Customer")}
    office.simulator.merge(office.realm, "Customer", gone=ids["Dove Bakery"], into=ids[name])
    return invoice


def test_an_account_follows_a_merge_by_itself(office: Office) -> None:
    invoice = merged(office)
    look(office)
    row = office.row(invoice.account)
    assert (row.status, str(row.customer)) == (Status.SYNCED, "Dove & Sons")
    copy = row_of(invoice)
    assert (copy.status, copy.qbo_customer_id) == (DocumentStatus.SYNCED, row.customer.qbo_id if row.customer else "")
    assert HistoryEntry.objects.filter(event="followed").count() == 1


def test_a_merge_that_a_sync_saw_first_is_followed_by_the_next_look(office: Office) -> None:
    invoice = merged(office)
    Connection.objects.update(mirror_read_at=timezone.now() - timedelta(hours=1))
    office.account("Elm & Co.", invoices=1)
    office.sync()
    assert office.row(invoice.account).status == Status.NOT_SYNCED
    look(office)
    assert office.row(invoice.account).status == Status.SYNCED


def test_a_merge_into_another_accounts_customer_says_whose_it_is(office: Office) -> None:
    office.account("Dove & Sons", invoices=1)
    (invoice,) = synced(office, others=["Dove & Sons"])
    ids = {one["DisplayName"]: one["Id"] for one in office.remote("Customer")}
    office.simulator.merge(office.realm, "Customer", gone=ids["Dove Bakery"], into=ids["Dove & Sons"])
    look(office)
    row = office.row(invoice.account)
    assert (row.status, row.reason) == (Status.NOT_SYNCED, "customer_merged")
    assert row.detail["survivor"] == "Dove & Sons" and row.detail["account"].startswith("Dove & Sons (")


def test_a_customer_that_is_only_deactivated_is_asked_about_once(office: Office) -> None:
    (invoice,) = synced(office)
    customer = office.remote("Customer")[0]["Id"]
    office.simulator.change(office.realm, "Customer", customer, Active=False)
    look(office)
    before = metered(office)
    look(office)
    assert metered(office) - before == 1
    office.simulator.change(office.realm, "Customer", customer, Active=True)
    look(office)
    row = office.row(invoice.account)
    assert (row.status, row.detail["active_again"]) == (Status.NOT_SYNCED, True)

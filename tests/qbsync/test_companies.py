"""A firm leaves its QuickBooks company for another one, and comes back: nothing is lost, and nothing is sent twice."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection as database
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import services as books
from accounts.models import Account
from qbsync import connecting, restoring, services
from qbsync.models import (
    AccountSync,
    ArchivedCompany,
    ArchivedRow,
    Connection,
    Customer,
    HistoryEntry,
    InvoiceSync,
    PaymentSync,
    PushIntent,
)
from qbsync.selectors import standing
from qbsync.services import Refused
from qbsync.states import Status
from tests.qbsync.conftest import SYNC_DATE, Office
from tests.qbsync.test_connecting import connect

pytestmark = pytest.mark.django_db(transaction=True)


def _disconnect(office: Office) -> None:
    connecting.connection_disconnect(connection=office.connection, by=office.alice)
    office.connection.refresh_from_db()


def _leave(office: Office) -> None:
    _disconnect(office)
    services.company_leave(connection=office.connection, by=office.alice)
    office.connection.refresh_from_db()


def _go_to(office: Office, realm: str) -> None:
    """Connect this company, and set it up where it is new."""
    office.connection, office.realm = connect(office.firm, office.alice, realm), realm
    if office.connection.set_up_at is None:
        item = next(one for one in office.simulator.entities(realm, "Item") if one["Name"] == "Services")
        services.connection_set_up(
            connection=office.connection, by=office.alice, scope="with_documents", sync_date=SYNC_DATE,
            income_account=("1", "Services"), service_item=(item["Id"], "Services"), sync_manual_payments=True,
        )  # fmt: skip
    office.connection.refresh_from_db()


def _there(office: Office, realm: str) -> tuple[int, int]:
    office.realm = realm
    return len(office.remote("Invoice")), len(office.remote("Payment"))


@pytest.fixture
def acme(office: Office) -> Account:
    """An account of a firm that is synced with its first company: two invoices, one of them paid."""
    account = office.account("Acme", invoices=2, payments=1)
    office.account("Bolt", invoices=1)
    office.account("Crane", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}, {"DisplayName": "Bolt"}])
    services.account_unsync(account=Account.objects.get(name="Bolt"), by=office.alice)
    office.sync()
    assert office.row(account).status == Status.SYNCED
    return account


def test_a_firm_starts_with_another_company_and_takes_the_first_one_up_again(office: Office, acme: Account) -> None:
    first, second = office.realm, office.simulator.company(Customer=[{"DisplayName": "Acme"}])
    copies = dict(InvoiceSync.objects.values_list("document", "qbo_id"))
    _leave(office)
    assert standing(Account.objects.get(pk=acme.pk)).status == Status.NOT_SYNCED
    assert list(AccountSync.objects.values_list("account__name", "status")) == [("Bolt", "skipped")]
    assert not Customer.objects.exists() and not InvoiceSync.objects.exists() and not PushIntent.objects.exists()

    _go_to(office, second)
    office.sync()
    assert _there(office, second) == (2, 1)
    assert _there(office, first) == (2, 1)
    assert office.row(Account.objects.get(name="Bolt")).status == Status.SKIPPED

    invoice = acme.invoices.earliest("pk")
    line = books.LineInput(None, "Bookkeeping", Decimal(1), invoice.total + 5)
    _leave(office)
    books.invoice_update(
        invoice=invoice, expected_revision=invoice.revision, number=invoice.number, date=invoice.date,
        due_date=invoice.due_date, memo="", lines=[line],
    )  # fmt: skip
    _go_to(office, first)
    assert ArchivedCompany.objects.get().realm_id == second
    assert dict(InvoiceSync.objects.values_list("document", "qbo_id")) == copies
    office.sync()
    assert _there(office, first) == (2, 1), "what was there already is not there twice"
    changed = next(one for one in office.remote("Invoice") if one["Id"] == copies[invoice.pk])
    assert changed["TotalAmt"] == 105
    assert office.row(acme).status == Status.SYNCED
    told = list(HistoryEntry.objects.filter(account=acme, event__in=["archived", "taken_up"]).values_list("event"))
    assert sorted(told) == [("archived",), ("archived",), ("taken_up",)]


def test_what_was_left_out_meanwhile_stays_left_out_and_resumes_its_old_link(office: Office, acme: Account) -> None:
    first, second = office.realm, office.simulator.company(Customer=[{"DisplayName": "Acme"}])
    customer = office.row(acme).customer
    assert customer
    _leave(office)
    _go_to(office, second)
    services.account_unsync(account=acme, by=office.alice)
    _leave(office)
    _go_to(office, first)
    row = office.row(acme)
    assert (row.status, row.customer, row.remembered_customer_id) == (Status.SKIPPED, None, customer.pk)
    services.account_sync(account=acme, by=office.alice)
    office.sync()
    assert office.row(acme).customer_id == customer.pk
    assert _there(office, first) == (2, 1)


def test_a_write_without_an_answer_is_looked_up_when_its_company_is_taken_up(office: Office, acme: Account) -> None:
    first = office.realm
    fault = {"match": {"endpoint": "batch", "entity": "Invoice"}, "kind": "drop_after_commit", "times": 1}
    office.simulator.faults(first, fault)
    office.invoice(acme)
    with pytest.raises(AssertionError, match="still work due"):
        office.sync(patience_s=0.5)
    assert PushIntent.objects.filter(outcome="open").exists()
    _leave(office)
    _go_to(office, first)
    assert PushIntent.objects.filter(outcome="open").exists()
    office.sync()
    assert _there(office, first) == (3, 1)
    assert set(InvoiceSync.objects.filter(account=acme).values_list("status", flat=True)) == {"synced"}


def test_what_a_worker_is_about_to_send_is_in_the_archive(office: Office, acme: Account) -> None:
    _disconnect(office)
    at_work, row = threading.Event(), office.row(acme)

    def worker() -> None:
        with closing(database), transaction.atomic():
            AccountSync.objects.select_for_update().get(pk=row.pk)
            at_work.set()
            time.sleep(0.5)
            PushIntent.objects.create(
                connection=office.connection, account_sync=row, operation="create", request_id="late", item_id="1",
                payload={}, claim=row.claim, sent_at=timezone.now(),
            )  # fmt: skip

    with ThreadPoolExecutor(1) as threads:
        sending = threads.submit(worker)
        assert at_work.wait(10)
        services.company_leave(connection=office.connection, by=office.alice)
        sending.result()
    assert ArchivedRow.objects.filter(model="qbsync.pushintent", fields__request_id="late").count() == 1
    assert not PushIntent.objects.exists()


def test_what_is_not_in_the_books_any_more_is_not_put_back(office: Office, acme: Account) -> None:
    first = office.realm
    _leave(office)
    gone = ArchivedRow.objects.filter(model="qbsync.invoicesync").earliest("key")
    gone.fields["document_id"] = 10**9
    gone.save()
    _go_to(office, first)
    assert not InvoiceSync.objects.filter(pk=gone.key).exists()
    assert InvoiceSync.objects.filter(account=acme).count() == 1
    assert PaymentSync.objects.filter(account=acme).count() == 1


def test_a_company_in_the_archive_of_a_restored_database_is_looked_through_before_anything_is_sent(
    office: Office, acme: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, moment = office.realm, timezone.now().replace(microsecond=0) - timedelta(hours=1)
    _leave(office)
    monkeypatch.setattr(restoring, "unnoticed_restore", lambda: nullcontext(moment))
    restoring.notice()
    _go_to(office, first)
    assert office.connection.restored_to == moment
    office.sync()
    assert Connection.objects.get().restored_to is None
    assert _there(office, first) == (2, 1)


def test_only_a_company_that_was_disconnected_can_be_left(office: Office, acme: Account) -> None:
    with pytest.raises(Refused, match="Disconnect it first"):
        services.company_leave(connection=office.connection, by=office.alice)
    _leave(office)
    with pytest.raises(Refused, match="no company"):
        services.company_leave(connection=office.connection, by=office.alice)
    assert ArchivedCompany.objects.count() == 1


def test_a_second_company_that_was_never_set_up_is_forgotten_and_what_was_left_out_is_not(
    office: Office, acme: Account
) -> None:
    second = office.simulator.company()
    _leave(office)
    connect(office.firm, office.alice, second)
    _disconnect(office)
    assert (office.connection.realm_id, office.connection.set_up_at) == ("", None)
    assert AccountSync.objects.filter(status=Status.SKIPPED).count() == 1
    _go_to(office, office.simulator.company(Customer=[{"DisplayName": "Acme"}]))
    office.sync()
    assert office.row(acme).status == Status.SYNCED


def test_the_owner_reads_what_it_means_and_leaves(office: Office, acme: Account) -> None:
    browser = Client()
    browser.force_login(office.alice)
    address = reverse("quickbooks_another_company")
    assert browser.get(address)["Location"] == reverse("quickbooks_settings")
    assert "Disconnect it first" in browser.get(reverse("quickbooks_settings")).text
    _disconnect(office)
    assert address in browser.get(reverse("quickbooks_settings")).text
    page = browser.get(address).text
    assert "The links of 1 account are archived" in page and "3 invoices and payments of ours" in page
    assert ArchivedCompany.objects.count() == 0
    answer = browser.post(address, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("quickbooks_connect")
    assert "are archived" in answer.text
    settings = browser.get(reverse("quickbooks_settings")).text
    assert "QuickBooks is not connected" in settings and "Connect that company, and they go on." in settings
    assert browser.post(address)["Location"] == reverse("quickbooks_connect")
    assert browser.post(reverse("quickbooks_reconnect"))["Location"] == reverse("quickbooks_connect")
    assert Connection.objects.get().status_changed_at > timezone.now() - timedelta(minutes=5)

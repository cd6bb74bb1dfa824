"""What needs a person, as it is listed and counted, and all of one cause asked for again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import services as books
from accounts.models import Invoice, Payment
from qbsync.causes import cause_label
from qbsync.models import AccountSync, Connection, ConnectionStatus, HistoryEntry, InvoiceSync
from qbsync.selectors import document_counts, standing
from qbsync.selectors.errors import Cause, account_errors, causes_of, documents_for_a_person, error_counts
from qbsync.services import Refused
from qbsync.services.retries import accounts_retry, documents_retry
from qbsync.states import Ask, DocumentReason, DocumentStatus, Reason, Status
from tests.qbsync.desk import NOON, Desk

REFUSED: dict[str, Any] = {
    "status": DocumentStatus.FAILED,
    "reason": DocumentReason.REFUSED,
    "detail": {"message": "The books are closed.", "remedy": "Open them.", "answer": "Closed.", "code": "6210"},
    "settled_revision": 1,
}


def test_accounts_that_need_somebody_are_listed_and_no_others(desk: Desk) -> None:
    wrong = [desk.failed("No Match LLC"), desk.account("Lost LLC")]
    desk.row(wrong[1], Status.NOT_SYNCED, reason=Reason.CUSTOMER_INACTIVE, detail={"customer": "Lost LLC"})
    desk.synced("Fine LLC"), desk.skipped("Skipped LLC"), desk.account("Never LLC")
    desk.syncing("Under Way LLC", asked_at=timezone.now())
    books.account_archive(account=desk.failed("Archived LLC"))
    assert set(account_errors(desk.connection)) == set(wrong)


def test_an_account_that_no_worker_takes_up_is_listed_with_that_cause(desk: Desk) -> None:
    waiting = desk.syncing("Waiting LLC", asked_at=timezone.now() - timedelta(minutes=5))
    assert list(account_errors(desk.connection)) == [waiting]
    assert causes_of(account_errors(desk.connection)) == [Cause(Reason.NO_WORKER, "", 1)]


def test_documents_are_listed_while_their_account_is_linked(desk: Desk) -> None:
    linked, skipped = desk.synced("Linked LLC"), desk.skipped("Skipped LLC")
    refused = desk.invoice(linked, **REFUSED)
    desk.invoice(skipped, **REFUSED)
    desk.invoice(linked)
    assert list(documents_for_a_person(desk.connection, Invoice)) == [refused]


def test_a_deletion_that_quickbooks_refuses_is_listed(desk: Desk) -> None:
    account = desk.synced("Linked LLC")
    invoice = desk.invoice(account, **{**REFUSED, "qbo_id": "77", "pushed_revision": 1})
    books.invoice_delete(invoice=invoice)
    invoice = Invoice.with_deleted.get(pk=invoice.pk)
    assert not documents_for_a_person(desk.connection, Invoice), "it waits to be deleted there"
    InvoiceSync.objects.update(settled_revision=invoice.revision)
    assert list(documents_for_a_person(desk.connection, Invoice)) == [invoice]


def test_a_refused_deletion_counts_wherever_failures_are_counted(desk: Desk) -> None:
    account = desk.synced("Linked LLC")
    sent: dict[str, Any] = {
        "status": DocumentStatus.SYNCED,
        "qbo_id": "78",
        "pushed_revision": 1,
        "settled_revision": 1,
    }
    refused, done = desk.invoice(account, **{**REFUSED, "qbo_id": "77"}), desk.invoice(account, **sent)
    books.invoice_delete(invoice=refused), books.invoice_delete(invoice=done)
    assert standing(account).waiting == 2
    InvoiceSync.objects.update(settled_revision=9)
    assert (standing(account).waiting, standing(account).failed) == (0, 1)
    assert document_counts(desk.firm, Invoice) == {DocumentStatus.FAILED: 1}


def test_causes_are_counted_by_reason_and_code(desk: Desk) -> None:
    account = desk.synced("Linked LLC")
    for code in ("6210", "6210", "6540"):
        desk.payment(account, **{**REFUSED, "detail": {"message": "No.", "code": code}})
    desk.failed("Other LLC", Reason.SEVERAL_MATCHES)
    counted = error_counts(desk.connection)
    assert counted["accounts"] == [Cause("several_matches", "", 1)]
    assert counted["payments"] == [Cause("refused", "6210", 2), Cause("refused", "6540", 1)]
    assert [cause_label(cause) for cause in counted["payments"]] == ["Books are closed", "Payment is deposited"]
    assert Cause.from_key(counted["payments"][0].key) == Cause("refused", "6210")


@pytest.mark.parametrize("key", ["", "nonsense", "-6210", "\x00", "refused_6210"])
def test_an_address_that_names_no_cause_names_none(key: str) -> None:
    assert Cause.from_key(key) is None


def test_another_firms_failures_are_never_among_ours(desk: Desk) -> None:
    desk.failed("Ours LLC")
    ours = desk.connection
    other = Connection.objects.create(
        firm=desk.nadia.firm, realm_id="2", status_changed_at=NOON, refresh_token="r", set_up_at=NOON
    )
    assert not account_errors(other) and len(account_errors(ours)) == 1


def test_refused_documents_are_due_again_with_their_history(desk: Desk) -> None:
    account = desk.synced("Linked LLC")
    invoices = [desk.invoice(account, **REFUSED) for _ in range(3)]
    documents = documents_for_a_person(desk.connection, Invoice)
    assert documents_retry(connection=desk.connection, documents=documents, by=desk.adam.user) == 3
    rows = InvoiceSync.objects.filter(document__in=invoices)
    assert {(row.status, row.settled_revision, row.asked) for row in rows} == {(DocumentStatus.WAITING, 0, True)}
    assert AccountSync.objects.get(account=account).due_at is not None
    told = HistoryEntry.objects.filter(event="asked", kind="invoice", actor=desk.adam.user)
    assert {entry.subject for entry in told} == {invoice.number for invoice in invoices}


def test_a_second_retry_of_documents_changes_nothing_more(desk: Desk) -> None:
    desk.payment(desk.synced("Linked LLC"), **REFUSED)
    for expected in (1, 0):
        documents = documents_for_a_person(desk.connection, Payment)
        assert documents_retry(connection=desk.connection, documents=documents, by=desk.adam.user) == expected
    assert HistoryEntry.objects.filter(event="asked").count() == 1


def test_failed_accounts_are_looked_up_again(desk: Desk) -> None:
    first, linked = desk.failed("First LLC", Reason.REFUSED, code="6240"), desk.failed("Linked LLC", Reason.REFUSED)
    AccountSync.objects.filter(account=linked).update(customer=desk.customer("Linked LLC"))
    accounts = account_errors(desk.connection)
    assert accounts_retry(connection=desk.connection, accounts=accounts, by=desk.adam.user) == 2
    assert AccountSync.objects.get(account=first).ask == Ask.MATCH
    assert AccountSync.objects.get(account=linked).ask == Ask.RESUME
    assert accounts_retry(connection=desk.connection, accounts=accounts, by=desk.adam.user) == 0
    assert HistoryEntry.objects.filter(event="asked", kind="account").count() == 2


def test_what_ends_by_itself_or_needs_a_choice_is_not_retried(desk: Desk) -> None:
    desk.failed("Outage LLC", Reason.UNAVAILABLE)
    desk.row(desk.account("Lost LLC"), Status.NOT_SYNCED, reason=Reason.CUSTOMER_MERGED)
    accounts = account_errors(desk.connection)
    assert accounts_retry(connection=desk.connection, accounts=accounts, by=desk.adam.user) == 0


@pytest.mark.parametrize("verb", ["accounts", "documents"])
def test_nothing_is_retried_over_a_broken_connection(desk: Desk, verb: str) -> None:
    desk.failed("Acme")
    desk.connection.status = ConnectionStatus.BROKEN
    with pytest.raises(Refused):
        if verb == "accounts":
            accounts_retry(connection=desk.connection, accounts=account_errors(desk.connection), by=desk.adam.user)
        else:
            documents = documents_for_a_person(desk.connection, Invoice)
            documents_retry(connection=desk.connection, documents=documents, by=desk.adam.user)
    assert AccountSync.objects.get().status == Status.FAILED


@pytest.mark.parametrize("verb", ["accounts", "documents"])
def test_a_retry_of_many_takes_as_many_statements_as_of_one(verb: str, desk: Desk) -> None:
    def statements(rows: int) -> int:
        account = desk.synced(f"Linked {rows}")
        for number in range(rows):
            if verb == "accounts":
                desk.failed(f"Failed {rows} {number}")
            else:
                desk.invoice(account, **REFUSED)
        with CaptureQueriesContext(database) as asked:
            if verb == "accounts":
                found = account_errors(desk.connection)
                done = accounts_retry(connection=desk.connection, accounts=found, by=desk.adam.user)
            else:
                documents = documents_for_a_person(desk.connection, Invoice)
                done = documents_retry(connection=desk.connection, documents=documents, by=desk.adam.user)
        assert done == rows
        return len(asked)

    assert statements(1) == statements(20)

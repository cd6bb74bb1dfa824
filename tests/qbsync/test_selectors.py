"""Where accounts and documents stand, as every screen reads it."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import services as books
from accounts.models import Account, Invoice, Payment
from portal.models import Firm
from qbsync import selectors
from qbsync.models import Connection, ConnectionStatus
from qbsync.selectors import document_standing, standing
from qbsync.states import DocumentReason, DocumentStatus, Reason, Status
from tests.qbsync.desk import Desk


def _standing(account: Account) -> selectors.Standing:
    return standing(Account.objects.get(pk=account.pk))


def _document(document: Invoice | Payment) -> tuple[DocumentStatus, DocumentReason]:
    now = document_standing(type(document).objects.get(pk=document.pk))
    return now.status, now.reason


def test_an_account_that_was_never_asked_for_reads_as_not_synced(desk: Desk) -> None:
    now = _standing(desk.account("Bright Dental"))
    assert (now.status, now.reason) == (Status.NOT_SYNCED, Reason.NONE)


@pytest.mark.parametrize("ended", ["disconnected", "never set up", "no connection"])
def test_without_a_usable_company_every_account_reads_as_not_connected(desk: Desk, ended: str) -> None:
    account = desk.synced("Bright Dental")
    if ended == "disconnected":
        Connection.objects.update(status=ConnectionStatus.DISCONNECTED, refresh_token="")
    elif ended == "never set up":
        Connection.objects.update(set_up_at=None)
    else:
        desk.connection.customers.all()
        account.quickbooks.delete()
        desk.connection.delete()
    now = _standing(account)
    assert (now.status, now.reason) == (Status.NOT_SYNCED, Reason.NOT_CONNECTED)


def test_a_broken_connection_leaves_synced_rows_synced(desk: Desk) -> None:
    account = desk.synced("Bright Dental")
    Connection.objects.update(status=ConnectionStatus.BROKEN)
    assert _standing(account).status == Status.SYNCED


def test_two_minutes_of_syncing_without_a_lease_read_as_no_worker(desk: Desk) -> None:
    now = timezone.now()
    recent = desk.syncing("Recent LLC", asked_at=now - timedelta(seconds=110))
    old = desk.syncing("Old LLC", asked_at=now - timedelta(seconds=130))
    claimed = desk.syncing("Claimed LLC", asked_at=now - timedelta(hours=1), claimed_until=now + timedelta(seconds=30))
    assert (_standing(old).status, _standing(old).reason) == (Status.FAILED, Reason.NO_WORKER)
    assert _standing(recent).status == Status.SYNCING
    assert _standing(claimed).status == Status.SYNCING


@pytest.mark.parametrize("field", ["working_until", "paused_until"])
def test_a_worker_or_an_agreed_pause_explains_a_long_wait(desk: Desk, field: str) -> None:
    account = desk.syncing("Old LLC", asked_at=timezone.now() - timedelta(hours=1))
    Connection.objects.update(**{field: timezone.now() + timedelta(seconds=20)})
    assert _standing(account).status == Status.SYNCING


def test_an_agreed_next_try_explains_a_long_wait(desk: Desk) -> None:
    now = timezone.now()
    account = desk.syncing("Old LLC", asked_at=now - timedelta(hours=1), due_at=now + timedelta(minutes=2))
    assert _standing(account).status == Status.SYNCING


def test_the_banner_knows_of_accounts_that_wait_for_a_worker(desk: Desk) -> None:
    desk.syncing("Recent LLC", asked_at=timezone.now())
    assert not selectors.connection_with_health(Firm.objects.get(pk=desk.firm.pk)).is_stalled  # type: ignore[union-attr]
    desk.syncing("Old LLC", asked_at=timezone.now() - timedelta(minutes=3))
    assert selectors.connection_with_health(Firm.objects.get(pk=desk.firm.pk)).is_stalled  # type: ignore[union-attr]


def test_documents_wait_until_their_revision_is_settled(desk: Desk) -> None:
    account = desk.synced("Bright Dental")
    new = desk.invoice(account)
    sent = desk.invoice(account, status="synced", qbo_id="7", settled_revision=1, pushed_revision=1)
    assert _document(new) == (DocumentStatus.WAITING, DocumentReason.NONE)
    assert _document(sent) == (DocumentStatus.SYNCED, DocumentReason.NONE)
    Invoice.objects.filter(pk=sent.pk).update(revision=2)
    assert _document(sent) == (DocumentStatus.WAITING, DocumentReason.NONE)


def test_a_waiting_document_says_what_it_waits_for(desk: Desk) -> None:
    account = desk.synced("Bright Dental")
    payment = desk.payment(account, status="waiting", reason=DocumentReason.WAITS_FOR_INVOICE)
    assert _document(payment) == (DocumentStatus.WAITING, DocumentReason.WAITS_FOR_INVOICE)


def test_the_sync_date_holds_back_what_nobody_asked_for(desk: Desk) -> None:
    account = desk.synced("Bright Dental")
    early = desk.invoice(account, date(2025, 12, 31))
    asked = desk.invoice(account, date(2025, 12, 31), status="waiting", asked=True)
    assert _document(early) == (DocumentStatus.NOT_SYNCED, DocumentReason.BEFORE_SYNC_DATE)
    assert _document(asked) == (DocumentStatus.WAITING, DocumentReason.NONE)


def test_documents_of_an_account_that_is_not_synced_are_not_synced(desk: Desk) -> None:
    account = desk.failed("Bright Dental")
    sent = desk.invoice(account, status="synced", qbo_id="7", settled_revision=1, pushed_revision=1)
    assert _document(sent) == (DocumentStatus.NOT_SYNCED, DocumentReason.ACCOUNT_NOT_SYNCED)


def test_documents_keep_their_status_while_a_linked_account_is_synced_again(desk: Desk) -> None:
    account = desk.synced("Bright Dental")
    sent = desk.invoice(account, status="synced", qbo_id="7", settled_revision=1, pushed_revision=1)
    sync = account.quickbooks
    desk.row(account, Status.SYNCING, ask="resume", asked_at=timezone.now(), customer=sync.customer)
    assert _document(sent) == (DocumentStatus.SYNCED, DocumentReason.NONE)


def test_payments_that_are_kept_from_quickbooks_read_as_skipped(desk: Desk) -> None:
    account = desk.synced("Bright Dental")
    assert _document(desk.payment(account, sync_to_quickbooks=False))[0] == DocumentStatus.SKIPPED
    assert _document(desk.payment(account, status="skipped"))[0] == DocumentStatus.SKIPPED


def test_a_document_voided_before_it_was_sent_is_not_synced(desk: Desk) -> None:
    invoice = desk.invoice(desk.synced("Bright Dental"))
    books.invoice_void(invoice=invoice)
    assert _document(invoice) == (DocumentStatus.NOT_SYNCED, DocumentReason.VOID_BEFORE_SENT)


def test_the_counts_of_a_row_agree_with_its_documents(desk: Desk) -> None:
    account = desk.synced("Bright Dental")
    desk.invoice(account)
    desk.invoice(account, date(2025, 1, 1))
    desk.payment(account, status="failed", reason=DocumentReason.REFUSED, settled_revision=1)
    now = _standing(account)
    assert (now.waiting, now.failed) == (1, 1)


def test_counts_by_status_and_reason_leave_archived_accounts_out(desk: Desk) -> None:
    desk.synced("Bright Dental")
    desk.failed("Acme")
    desk.failed("Old Mill", Reason.SEVERAL_MATCHES)
    books.account_archive(account=desk.failed("Gone LLC"))
    statuses, reasons = selectors.account_counts(desk.firm)
    assert statuses == {Status.SYNCED: 1, Status.FAILED: 2}
    assert reasons == {Reason.NO_MATCH: 1, Reason.SEVERAL_MATCHES: 1}


@pytest.mark.parametrize("how", ["nobody at work", "at work", "paused", "disconnected"])
def test_what_is_counted_of_a_firm_agrees_with_what_each_row_reads(desk: Desk, how: str) -> None:
    now = timezone.now()
    long_ago = now - timedelta(hours=1)
    settled: dict[str, Any] = {"settled_revision": 1, "pushed_revision": 1}
    states: dict[str, dict[str, Any]] = {
        "nobody at work": {},
        "at work": {"working_until": now + timedelta(minutes=1)},
        "paused": {"paused_until": now},
        "disconnected": {"status": ConnectionStatus.DISCONNECTED},
    }
    accounts = [desk.synced("Synced"), desk.failed("Failed"), desk.skipped("Skipped"), desk.account("Never asked for")]
    for name, asked_at in (("Recent", now), ("Old", long_ago)):
        accounts.append(desk.syncing(name, asked_at=asked_at))
        accounts.append(desk.syncing(f"{name} linked", asked_at=asked_at, customer=desk.customer(name)))
    books.account_archive(account=desk.failed("Archived"))
    for account in accounts:
        desk.invoice(account), desk.payment(account)
        desk.invoice(account, date(2025, 6, 1))
        books.invoice_void(invoice=desk.invoice(account))
        desk.payment(account, sync_to_quickbooks=False)
        desk.payment(account, status=DocumentStatus.SKIPPED)
        desk.invoice(account, status=DocumentStatus.FAILED, reason=DocumentReason.REFUSED, settled_revision=1)
        desk.invoice(account, status=DocumentStatus.SYNCED, qbo_id=f"1{account.pk}", **settled)
        changed = desk.invoice(account, status=DocumentStatus.SYNCED, qbo_id=f"2{account.pk}", **settled)
        books.invoice_delete(invoice=changed)
        books.payment_delete(payment=desk.payment(account))
    Connection.objects.filter(pk=desk.connection.pk).update(**{"polled_at": None, **states[how]})
    firm = Firm.objects.get(pk=desk.firm.pk)

    read = [_standing(account) for account in Account.objects.filter(archived_at=None)]
    statuses, reasons = selectors.account_counts(firm)
    assert statuses == Counter(one.status for one in read)
    assert reasons == Counter(one.reason for one in read if one.reason)
    for model in (Invoice, Payment):
        rows = selectors.annotate_documents(model.with_deleted.filter(firm=firm))
        shown = [row for row in rows if not row.is_deleted or row.quickbooks_status in ("waiting", "failed")]
        assert selectors.document_counts(firm, model) == Counter(row.quickbooks_status for row in shown)


def test_a_page_of_progress_asks_again_the_later_the_longer_counting_takes(desk: Desk) -> None:
    now = selectors.progress(desk.connection)
    desk.syncing("Busy", asked_at=timezone.now())
    busy = selectors.progress(desk.connection)
    after = [replace(one, counting_took_s=s).refresh_after_s for one in (busy, now) for s in (0.001, 0.51, 1.5, 30)]
    assert after == [2, 6, 15, 60, 10, 10, 15, 60]


def test_the_search_shows_parents_and_who_has_taken_a_customer(
    desk: Desk, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    parent = desk.customer("Freeman Sporting Goods")
    desk.customer("55 Twin Lane", parent=parent)
    desk.customer("Twin Peaks", active=False)
    desk.customer("A project of twins", is_project=True)
    taker = desk.synced("Twin & Co")
    asking = desk.account("Twin")
    with django_assert_num_queries(3):
        found = selectors.customers_found(asking, desk.connection, "twin")
    shown = {one.customer.display_name: one for one in found.choices}
    assert list(shown) == ["Twin Peaks", "Twin & Co", "55 Twin Lane"]
    assert shown["55 Twin Lane"].parents == "Freeman Sporting Goods"
    assert shown["55 Twin Lane"].is_free
    assert shown["Twin & Co"].taken_by == taker
    assert not shown["Twin Peaks"].is_free


def test_a_search_finds_by_parent_name_and_e_mail_too(desk: Desk) -> None:
    parent = desk.customer("Freeman Sporting Goods", email="office@freeman.test")
    desk.customer("55 Twin Lane", parent=parent)
    account = desk.account("Twin")
    by_parent = selectors.customers_found(account, desk.connection, "freeman lane")
    by_email = selectors.customers_found(account, desk.connection, "office@")
    assert [one.customer.display_name for one in by_parent.choices] == ["55 Twin Lane"]
    assert [one.customer.display_name for one in by_email.choices] == ["Freeman Sporting Goods"]


def test_a_search_says_how_many_it_leaves_out(desk: Desk) -> None:
    for number in range(selectors.customers.SHOWN + 3):
        desk.customer(f"Customer {number:02}")
    found = selectors.customers_found(desk.account("Twin"), desk.connection, "customer")
    assert (len(found.choices), found.left_out) == (selectors.customers.SHOWN, 3)


def test_consequences_count_what_would_be_sent(desk: Desk, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    account = desk.synced("Bright Dental")
    desk.invoice(account)
    desk.invoice(account, date(2025, 6, 1))
    desk.invoice(account, status="synced", qbo_id="7", settled_revision=1, pushed_revision=1)
    desk.payment(account)
    desk.payment(account, sync_to_quickbooks=False)
    with django_assert_num_queries(2):
        outcome = selectors.consequences(account, desk.connection)
    assert (outcome.invoices, str(outcome.invoices_total)) == (1, "100.00")
    assert (outcome.payments, str(outcome.payments_total)) == (1, "40.00")
    assert (outcome.too_early, outcome.already_there, outcome.in_closed_period) == (1, 1, 0)


def test_consequences_count_what_lies_in_a_closed_period_and_leave_out_what_is_not_to_be_synced(desk: Desk) -> None:
    account = desk.failed("Bright Dental")
    for day in (date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 1)):
        desk.invoice(account, day)
    desk.invoice(account, date(2026, 1, 15), status="skipped")
    desk.connection.books_closed_on = date(2026, 1, 31)
    outcome = selectors.consequences(account, desk.connection)
    assert (outcome.invoices, outcome.in_closed_period, outcome.too_early) == (2, 1, 1)


def test_progress_counts_what_is_decided_and_sent(
    desk: Desk, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    account = desk.synced("Bright Dental")
    desk.invoice(account, status="synced", qbo_id="7", settled_revision=1, pushed_revision=1)
    desk.payment(account)
    desk.syncing("Waiting LLC", asked_at=timezone.now())
    desk.failed("Acme")
    desk.account("Not asked for")
    run = desk.connection.runs.create(started_at=timezone.now() - timedelta(seconds=60), invoices_sent=1)
    connection = Connection.objects.select_related("firm").get()
    with django_assert_num_queries(5):
        now = selectors.progress(connection)
    assert (now.decided, now.asked_for) == (2, 3)
    assert (now.sent, now.waiting, now.failed, now.to_send) == (1, 1, 0, 2)
    assert now.is_first and not now.is_finished
    assert now.run == run
    assert now.time_left is not None and 55 < now.time_left.total_seconds() < 120


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("b", ["Bright Dental"]),
        ("de", ["Bright Dental", "Old Mill:Desmond"]),
        ("ta", []),
        ("ent", ["Bright Dental"]),
        ("山", ["株式会社山田"]),
        ("dental b", ["Bright Dental"]),
    ],
)
def test_one_letter_begins_the_name_two_a_word_and_more_may_stand_anywhere(
    desk: Desk, query: str, found: list[str]
) -> None:
    desk.customer("Bright Dental")
    desk.customer("Desmond", parent=desk.customer("Old Mill"))
    desk.customer("株式会社山田")
    choices = selectors.customers_found(desk.account("Anybody"), desk.connection, query).choices
    assert sorted(choice.customer.full_name for choice in choices) == sorted(found)

"""The page of QuickBooks errors: what it lists and counts, for whom, and what its buttons do."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import services as books
from accounts.models import Invoice, Payment
from portal.models import Membership
from qbsync.models import AccountSync, Connection, ConnectionStatus, InvoiceSync, PaymentSync
from qbsync.states import DocumentReason, DocumentStatus, Reason, Status
from tests.qbsync.desk import NOON, Desk

ERRORS = "/settings/integrations/quickbooks/errors/"
REFUSED: dict[str, Any] = {
    "status": DocumentStatus.FAILED,
    "reason": DocumentReason.REFUSED,
    "detail": {
        "message": "The books are closed for this date.",
        "remedy": "Open the period.",
        "answer": "Account period closed",
        "code": "6210",
    },
    "settled_revision": 1,
}


def _get(desk: Desk, query: str = "", member: Membership | None = None) -> str:
    answer = desk.sign_in(member or desk.adam).get(ERRORS + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_accounts_of_one_cause_are_shown_in_the_accounts_list_and_are_the_same(desk: Desk) -> None:
    desk.failed("Several LLC", Reason.SEVERAL_MATCHES, count=2)
    desk.failed("Nobody LLC")
    assert "Show in Accounts" not in _get(desk), "the list is narrowed by one reason"
    shown = _get(desk, "?tab=accounts&cause=no_match")
    assert 'href="/clients/accounts/?quickbooks=no_match"' in shown
    listed = desk.sign_in(desk.adam).get("/clients/accounts/?quickbooks=no_match").text
    assert "Nobody LLC" in listed and "Several LLC" not in listed


def _posts(desk: Desk) -> list[str]:
    invoice = desk.invoice(desk.synced("Linked LLC"), **REFUSED)
    one = f"{ERRORS}invoices/{invoice.pk}/"
    return [one + "retry/", one + "skip/", ERRORS + "retry/?tab=invoices&cause=refused-6210"]


def test_an_account_is_listed_with_its_cause_its_remedy_and_since_when(desk: Desk) -> None:
    desk.failed("Acme")
    shown = _get(desk)
    assert "No exact match found for &quot;Acme&quot; in your QuickBooks account" in shown
    assert "Choose the customer it belongs to, or create a new one." in shown
    assert "Since Mar 2, 2026 at 12:00 PM" in shown


def test_quickbooks_own_words_and_code_are_there_on_demand(desk: Desk) -> None:
    desk.payment(desk.synced("Linked LLC"), **REFUSED)
    shown = _get(desk)
    assert "The books are closed for this date." in shown and "Open the period." in shown
    assert "<details" in shown and "<q>Account period closed</q>" in shown and "Code 6210" in shown


def test_without_failures_nothing_needs_attention(desk: Desk) -> None:
    desk.synced("Fine LLC")
    assert "Nothing needs your attention" in _get(desk)


def test_without_a_connection_the_page_says_so(desk: Desk) -> None:
    desk.failed("Acme")
    Connection.objects.update(status=ConnectionStatus.DISCONNECTED, refresh_token="")
    assert "QuickBooks is not connected" in _get(desk)


def test_the_page_is_narrowed_to_a_cause_and_to_an_account(desk: Desk) -> None:
    desk.failed("Several LLC", Reason.SEVERAL_MATCHES, count=2)
    account = desk.failed("Nobody LLC")
    assert "Several LLC" not in _get(desk, "?tab=accounts&cause=no_match")
    only = _get(desk, f"?account={account.pk}")
    assert "Nobody LLC" in only and "Several LLC" not in only
    assert "Nothing is left of this cause" in _get(desk, "?tab=accounts&cause=name_invalid")


def test_the_first_tab_with_failures_opens(desk: Desk) -> None:
    invoice = desk.invoice(desk.synced("Linked LLC"), **REFUSED)
    assert f"Invoice {invoice.number}" in _get(desk)


@pytest.mark.parametrize(
    "query",
    [
        "?tab=nonsense",
        "?cause=%00",
        "?account=x",
        "?account=99999999999999999999",
        "?page=-1",
        "?page=99",
        "?cause=x-y",
    ],
)
def test_an_address_of_nonsense_shows_the_page(desk: Desk, query: str) -> None:
    desk.failed("Acme")
    _get(desk, query)


def test_a_hostile_name_and_answer_are_shown_as_text(desk: Desk) -> None:
    detail = {"message": "<script>1</script>", "remedy": "", "answer": "<img src=x>", "code": "<b>"}
    desk.payment(desk.synced("<script>alert(1)</script>"), **{**REFUSED, "detail": detail})
    shown = _get(desk)
    assert "<script>alert" not in shown and "<img src=x>" not in shown and "<b>" not in shown


def test_failures_of_another_firm_are_not_shown(desk: Desk) -> None:
    desk.failed("Acme")
    assert "Acme" not in _get(desk, member=desk.nadia)


def test_an_employee_is_refused_also_by_direct_post(desk: Desk) -> None:
    desk.erin.view_all_accounts = True
    desk.erin.save()
    posts, erin = _posts(desk), desk.sign_in(desk.erin)
    assert erin.get(ERRORS).status_code == 403
    assert [erin.post(url).status_code for url in posts] == [403] * 3
    assert InvoiceSync.objects.get().status == DocumentStatus.FAILED


def test_another_firms_owner_changes_nothing_of_ours(desk: Desk) -> None:
    posts, nadia = _posts(desk), desk.sign_in(desk.nadia)
    assert [nadia.post(url).status_code for url in posts] == [404] * 3
    assert InvoiceSync.objects.get().status == DocumentStatus.FAILED


def test_an_anonymous_person_goes_to_sign_in(desk: Desk) -> None:
    answers = [Client().post(url) for url in _posts(desk)] + [Client().get(ERRORS)]
    assert all(answer["Location"].startswith("/sign-in/") for answer in answers)


def test_a_post_without_a_csrf_token_is_refused(desk: Desk) -> None:
    posts = _posts(desk)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(desk.olivia.user)
    assert [browser.post(url).status_code for url in posts] == [403] * 3
    assert InvoiceSync.objects.get().status == DocumentStatus.FAILED


def test_one_document_is_tried_again_and_leaves_the_list(desk: Desk) -> None:
    payment = desk.payment(desk.synced("Linked LLC"), **REFUSED)
    answer = desk.sign_in(desk.adam).post(
        f"{ERRORS}payments/{payment.pk}/retry/?tab=payments", headers={"HX-Request": "true"}
    )
    shown = answer.content.decode()
    assert f"Payment {payment.number} is being tried again." in shown and "Nothing needs your attention" in shown
    assert PaymentSync.objects.get().status == DocumentStatus.WAITING


def test_without_javascript_the_button_leads_back_to_the_same_list(desk: Desk) -> None:
    payment = desk.payment(desk.synced("Linked LLC"), **REFUSED)
    answer = desk.sign_in(desk.adam).post(f"{ERRORS}payments/{payment.pk}/skip/?tab=payments&cause=refused-6210")
    assert answer["Location"] == f"{ERRORS}?tab=payments&cause=refused-6210"
    assert PaymentSync.objects.get().status == DocumentStatus.SKIPPED


def test_a_refused_deletion_is_shown_and_can_be_tried_again(desk: Desk) -> None:
    invoice = desk.invoice(desk.synced("Linked LLC"), **{**REFUSED, "qbo_id": "77", "pushed_revision": 1})
    books.invoice_delete(invoice=invoice)
    gone = Invoice.with_deleted.get(pk=invoice.pk)
    InvoiceSync.objects.update(settled_revision=gone.revision)
    shown = _get(desk)
    assert "QuickBooks refuses to delete its copy" in shown and f"Invoice {invoice.number}" in shown
    assert f"/invoices/{invoice.pk}/&quot;" not in shown and "txnId=77" in shown
    desk.sign_in(desk.adam).post(f"{ERRORS}invoices/{invoice.pk}/retry/")
    row = InvoiceSync.objects.get()
    assert (row.status, row.settled_revision) == (DocumentStatus.WAITING, 1)


def test_a_document_whose_account_was_unsynced_meanwhile_is_refused_in_words(desk: Desk) -> None:
    account = desk.synced("Linked LLC")
    payment = desk.payment(account, **REFUSED)
    desk.row(account, Status.SKIPPED)
    answer = desk.sign_in(desk.adam).post(f"{ERRORS}payments/{payment.pk}/retry/", headers={"HX-Request": "true"})
    assert "The account is not synced. Sync the account first." in answer.content.decode()
    assert PaymentSync.objects.get().status == DocumentStatus.FAILED


def test_retrying_all_of_a_cause_says_how_many_before_and_after(desk: Desk) -> None:
    account = desk.synced("Linked LLC")
    for _ in range(3):
        desk.invoice(account, **REFUSED)
    other = desk.invoice(account, **{**REFUSED, "detail": {**REFUSED["detail"], "code": "6540"}})
    adam, url = desk.sign_in(desk.adam), f"{ERRORS}retry/?tab=invoices&cause=refused-6210"
    asked = adam.get(url).content.decode()
    assert "Retry 3 invoices?" in asked and "Books are closed" in asked
    after = adam.post(url, follow=True).content.decode()
    assert "3 invoices are being tried again." in after
    assert InvoiceSync.objects.get(status=DocumentStatus.FAILED).document == other
    assert "Nothing was left to be tried again." in adam.post(url, follow=True).content.decode()


def test_all_accounts_of_a_cause_are_looked_up_again(desk: Desk) -> None:
    desk.failed("First LLC"), desk.failed("Second LLC")
    answer = desk.sign_in(desk.olivia).post(f"{ERRORS}retry/?tab=accounts&cause=no_match", follow=True)
    assert "2 accounts are being tried again." in answer.content.decode()
    assert not AccountSync.objects.exclude(status=Status.SYNCING)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?tab=invoices",
        "?tab=x&cause=refused",
        "?tab=accounts&cause=customer_merged",
        "?tab=accounts&cause=unavailable",
    ],
)
def test_what_cannot_be_retried_as_a_whole_is_not_found(desk: Desk, query: str) -> None:
    assert desk.sign_in(desk.olivia).post(f"{ERRORS}retry/{query}").status_code == 404


def test_over_a_broken_connection_the_retry_is_refused_in_words(desk: Desk) -> None:
    desk.failed("Acme")
    Connection.objects.update(status=ConnectionStatus.BROKEN)
    answer = desk.sign_in(desk.olivia).post(f"{ERRORS}retry/?tab=accounts&cause=no_match")
    assert answer.status_code == 409 and "reconnect it first" in answer.content.decode()
    assert AccountSync.objects.get().status == Status.FAILED


def test_fifty_are_on_a_page_in_as_many_statements_as_one(desk: Desk) -> None:
    account = desk.synced("Linked LLC")
    browser = desk.sign_in(desk.adam)

    def statements() -> int:
        with CaptureQueriesContext(database) as asked:
            browser.get(f"{ERRORS}?tab=invoices")
            browser.get(f"{ERRORS}?tab=accounts")
        return len(asked)

    desk.invoice(account, **REFUSED), desk.failed("Failed LLC")
    statements()
    few = statements()
    for number in range(51):
        desk.invoice(account, **REFUSED), desk.failed(f"Failed {number}")
    assert statements() == few
    assert few <= 2 * 10
    assert _get(desk, "?tab=invoices").count('class="qb-error-row"') == 50
    assert _get(desk, "?tab=invoices&page=2").count('class="qb-error-row"') == 2


def test_the_banner_and_the_accounts_panel_lead_to_the_errors(desk: Desk) -> None:
    account = desk.synced("Linked LLC")
    fine = desk.sign_in(desk.adam).get("/clients/accounts/").content.decode()
    assert ERRORS not in fine
    desk.invoice(account, **REFUSED)
    page = desk.sign_in(desk.adam).get("/clients/accounts/").content.decode()
    assert f'href="{ERRORS}?tab=invoices">1 invoice failed</a>' in page
    panel = desk.sign_in(desk.adam).get(account.get_absolute_url()).content.decode()
    assert f"{ERRORS}?account={account.pk}" in panel and "1 failed: why, and what to do" in panel
    account.team.add(desk.erin)
    assert ERRORS not in desk.sign_in(desk.erin).get(account.get_absolute_url()).content.decode()


def test_a_dialog_that_was_opened_from_the_list_tells_it_that_the_account_has_changed(desk: Desk) -> None:
    account = desk.failed("Acme")
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{ERRORS}?tab=accounts"}
    answer = desk.sign_in(desk.adam).post(f"/clients/accounts/{account.pk}/quickbooks/unsync/", headers=headers)
    assert "accountChanged" in answer["HX-Trigger"] and "dialogClose" in answer["HX-Trigger"]
    assert answer["HX-Reswap"] == "none" and "Acme is not synced any more." in answer.content.decode()


def test_every_run_of_the_firm_is_listed_on_pages_of_fifty(desk: Desk) -> None:
    for minutes in range(51):
        started = NOON + timedelta(minutes=minutes)
        desk.connection.runs.create(started_at=started, ended_at=started, requests=1000 + minutes)
    runs = "/settings/integrations/quickbooks/runs/"
    adam = desk.sign_in(desk.adam)
    first, second = (adam.get(f"{runs}?page={number}").content.decode() for number in (1, 2))
    assert "1,050" in first and "1,000" not in first and "1,000" in second
    assert runs in adam.get("/settings/integrations/quickbooks/").content.decode()
    assert "Nothing has been synced yet" in desk.sign_in(desk.nadia).get(runs).content.decode()
    assert desk.sign_in(desk.erin).get(runs).status_code == 403


def _waiting_payment(desk: Desk) -> tuple[Payment, Invoice]:
    """A payment that waits for an invoice from before the sync date, and that invoice."""
    account = desk.synced("Linked LLC")
    early = desk.invoice(account, day=date(2025, 12, 1))
    payment = books.payment_record(
        account=account, date=date(2026, 3, 1), amount=early.total, allocations={early.pk: early.total}
    )
    waits = {"status": DocumentStatus.WAITING, "reason": DocumentReason.INVOICE_BEFORE_SYNC_DATE}
    PaymentSync.objects.create(
        document=payment, account=account, connection=desk.connection, changed_at=NOON,
        detail={"invoice": early.number}, **waits,
    )  # fmt: skip
    return payment, early


def test_a_payment_that_waits_for_an_early_invoice_is_listed_with_the_button_that_syncs_it(desk: Desk) -> None:
    payment, early = _waiting_payment(desk)
    shown = _get(desk, "?tab=payments")
    assert f"Waits for invoice {early.number}" in shown and f"Sync invoice {early.number}</button>" in shown
    assert f"{ERRORS}payments/{payment.pk}/retry/" not in shown, "a retry of the payment would change nothing"
    browser = desk.sign_in(desk.adam)
    assert browser.get(f"{ERRORS}retry/?tab=payments&cause=invoice_before_sync_date").status_code == 404
    browser.post(f"{ERRORS}invoices/{early.pk}/retry/?tab=payments")
    assert InvoiceSync.objects.get(document=early).asked


def test_the_page_of_a_payment_that_waits_for_an_early_invoice_has_the_button_that_syncs_it(desk: Desk) -> None:
    payment, early = _waiting_payment(desk)
    address = f"/clients/accounts/{payment.account_id}/payments/{payment.pk}/"
    press = f"/clients/payments/{payment.pk}/quickbooks/remedy/invoice/"
    adam = desk.sign_in(desk.adam)
    page = adam.get(address).content.decode()
    assert f"Waits for invoice {early.number}" in page and press in page
    assert adam.post(press).headers["Location"] == address
    assert InvoiceSync.objects.get(document=early).asked
    assert press not in adam.get(address).content.decode(), "it is on its way"
    refused = adam.post(press, headers={"HX-Request": "true"}).content.decode()
    assert "does not wait for an invoice from before the sync date any more" in refused


def test_an_invoice_has_no_invoice_to_wait_for(desk: Desk) -> None:
    _, early = _waiting_payment(desk)
    press = f"/clients/invoices/{early.pk}/quickbooks/remedy/invoice/"
    assert desk.sign_in(desk.adam).post(press).status_code == 404
    assert not InvoiceSync.objects.filter(document=early).exists()

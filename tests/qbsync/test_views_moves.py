"""Change customer with what follows, the page of what stayed behind, and Undo: what they show and do."""

from typing import Any

from accounts.models import Account
from qbsync.models import AccountSync, Customer, InvoiceSync
from qbsync.states import Ask, DocumentStatus, Reason, Status
from tests.qbsync.desk import Desk

SENT: dict[str, Any] = {"status": DocumentStatus.SYNCED, "settled_revision": 1, "pushed_revision": 1}


def _row(account: Account) -> AccountSync:
    return AccountSync.objects.get(account=account)


def _url(account: Account, verb: str) -> str:
    return f"/clients/accounts/{account.pk}/quickbooks/{verb}/"


def _acme(desk: Desk) -> tuple[Account, Customer]:
    """Acme, synced, with two invoices in QuickBooks of which one lies in a closed period; Beta is free."""
    account = desk.synced("Acme")
    customer = _row(account).customer
    assert customer is not None
    desk.invoice(account, qbo_id="71", qbo_customer_id=customer.qbo_id, **SENT)
    early = desk.invoice(account, qbo_id="72", qbo_customer_id=customer.qbo_id, **SENT)
    type(early).objects.filter(pk=early.pk).update(date="2026-01-05")
    desk.connection.books_closed_on = "2026-01-31"
    desk.connection.save()
    return account, desk.customer("Beta")


def test_the_dialog_says_what_would_move_and_what_cannot(desk: Desk) -> None:
    account, _ = _acme(desk)
    shown = " ".join(desk.sign_in(desk.adam).get(_url(account, "change")).content.decode().split())
    assert "2 documents are in QuickBooks already" in shown
    assert "1 invoice ($100.00) can be moved." in shown
    assert "1 cannot be moved" in shown and "closed in QuickBooks" in shown


def test_ticking_the_box_asks_for_the_move(desk: Desk) -> None:
    account, beta = _acme(desk)
    desk.sign_in(desk.adam).post(_url(account, "change"), {"customer": beta.pk, "choose": 1, "move": 1})
    assert (_row(account).ask, _row(account).asked_customer) == (Ask.LINK, beta)
    assert set(InvoiceSync.objects.values_list("move_to", flat=True)) == {beta.qbo_id}


def test_without_the_box_nothing_is_to_be_moved(desk: Desk) -> None:
    account, beta = _acme(desk)
    desk.sign_in(desk.adam).post(_url(account, "change"), {"customer": beta.pk, "choose": 1})
    assert set(InvoiceSync.objects.values_list("move_to", "status")) == {("", "synced")}


def test_a_change_that_is_refused_moves_nothing_and_keeps_the_box_ticked(desk: Desk) -> None:
    account, _ = _acme(desk)
    taken = _row(desk.synced("Gamma")).customer
    assert taken is not None
    answer = desk.sign_in(desk.adam).post(_url(account, "change"), {"customer": taken.pk, "choose": 1, "move": 1})
    assert answer.status_code == 409
    assert "already linked to Gamma" in answer.content.decode() and "checked" in answer.content.decode()
    assert set(InvoiceSync.objects.values_list("move_to", flat=True)) == {""}


def test_what_stayed_behind_is_listed_by_number_with_the_reason_and_can_be_moved(desk: Desk) -> None:
    account, beta = _acme(desk)
    AccountSync.objects.filter(account=account).update(customer=beta)
    browser = desk.sign_in(desk.adam)
    assert "2 documents are with another customer" in browser.get(account.get_absolute_url()).content.decode()
    shown = browser.get(_url(account, "elsewhere")).content.decode()
    for invoice in account.invoices.all():
        assert str(invoice) in shown
    assert "closed in QuickBooks" in shown and "Move them to Beta" in shown
    browser.post(_url(account, "elsewhere"))
    assert set(InvoiceSync.objects.values_list("move_to", flat=True)) == {beta.qbo_id}


def test_an_unsync_is_taken_back_from_the_panel(desk: Desk) -> None:
    account, _ = _acme(desk)
    browser = desk.sign_in(desk.adam)
    answer = browser.post(_url(account, "unsync"), follow=True).content.decode()
    assert answer.count(_url(account, "undo")) >= 2, "in the message, and on the panel"
    assert _row(account).status == Status.SKIPPED
    assert "is synced again" in browser.get(_url(account, "undo")).content.decode()
    browser.post(_url(account, "undo"))
    assert (_row(account).status, _row(account).ask) == (Status.SYNCING, Ask.LINK)


def test_a_change_of_customer_is_taken_back_with_its_documents(desk: Desk) -> None:
    account, beta = _acme(desk)
    former = _row(account).customer
    browser = desk.sign_in(desk.adam)
    browser.post(_url(account, "change"), {"customer": beta.pk, "choose": 1, "move": 1})
    AccountSync.objects.filter(account=account).update(
        status=Status.SYNCED, customer=beta, ask=Ask.NOTHING, asked_customer=None
    )
    InvoiceSync.objects.update(qbo_customer_id=beta.qbo_id, move_to="", status=DocumentStatus.SYNCED, reason="")
    assert "back to Acme, with its documents" in " ".join(
        browser.get(account.get_absolute_url()).content.decode().split()
    )
    browser.post(_url(account, "undo"))
    assert _row(account).asked_customer == former
    assert former is not None and set(InvoiceSync.objects.values_list("move_to", flat=True)) == {former.qbo_id}


def test_where_nothing_can_be_taken_back_nothing_changes(desk: Desk) -> None:
    account = desk.failed("Acme", Reason.NO_MATCH)
    answer = desk.sign_in(desk.adam).post(_url(account, "undo"), follow=True)
    assert "nothing to take back" in answer.content.decode()
    assert _row(account).status == Status.FAILED

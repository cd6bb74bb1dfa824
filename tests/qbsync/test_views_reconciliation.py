"""The pages that compare both sides: what they show, who may ask, and their files."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Account
from qbsync.models import Connection, Reconciliation, ReconciliationDifference
from tests.qbsync.desk import NOON, Desk

FIRM = "/settings/integrations/quickbooks/reconciliation/"
HTMX = {"HX-Request": "true"}


def _of_account(account: Account) -> str:
    return f"/clients/accounts/{account.pk}/quickbooks/reconciliation/"


def _result(desk: Desk, account: Account | None = None, **values: object) -> Reconciliation:
    given = {"here_invoiced": Decimal(300), "there_invoiced": Decimal(250), "documents": 3, **values}
    return Reconciliation.objects.create(
        connection=desk.connection, account=account, asked_by=desk.adam.user, asked_at=NOON, ended_at=NOON, **given
    )


def _read(browser: Client, path: str) -> str:
    return " ".join(browser.get(path).content.decode().split())


def test_the_page_shows_both_totals_and_each_document_that_differs(desk: Desk) -> None:
    acme = desk.synced("=Acme")
    invoice = desk.invoice(acme)
    one = _result(desk)
    ReconciliationDifference.objects.create(
        reconciliation=one, account=acme, verdict="amount", kind="invoice", invoice=invoice, number=invoice.number,
        day=invoice.date, qbo_id="77", here_amount=Decimal(100), here_open=Decimal(100), there_amount=Decimal(50),
        there_open=Decimal(50),
    )  # fmt: skip
    page = _read(desk.sign_in(desk.adam), FIRM)
    assert "1 document differs" in page and "$300.00" in page and "$250.00" in page and "Different amount" in page
    assert f"/clients/accounts/{acme.pk}/invoices/{invoice.pk}/" in page and "txnId=77" in page
    answer = desk.sign_in(desk.adam).get(FIRM.rstrip("/") + ".csv")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert (
        lines[1]
        == f"{acme.code},'=Acme,invoice,{invoice.number},2026-03-01,Different amount,100.00,100.00,50.00,50.00,77"
    )


def test_books_that_agree_say_so(desk: Desk) -> None:
    _result(desk, there_invoiced=Decimal(300))
    assert "Both sides agree" in _read(desk.sign_in(desk.olivia), FIRM)
    assert "agreed on" in _read(desk.sign_in(desk.olivia), "/settings/integrations/quickbooks/")


def test_a_comparison_under_way_asks_for_itself_until_it_ends(desk: Desk) -> None:
    browser = desk.sign_in(desk.adam)
    answer = browser.post(FIRM, headers=HTMX).content.decode()
    assert "every 2s" in answer and "Comparing" in answer
    Reconciliation.objects.update(ended_at=timezone.now(), problem="QuickBooks does not answer.")
    ended = browser.get(FIRM, headers=HTMX).content.decode()
    assert "every 2s" not in ended and "QuickBooks does not answer." in ended and "<html" not in ended


def test_employees_see_the_comparison_of_their_accounts_and_cannot_ask_for_one(desk: Desk) -> None:
    acme, other = desk.synced("Acme"), desk.synced("Birch")
    acme.team.add(desk.erin)
    erin = desk.sign_in(desk.erin)
    assert "Compare now" not in _read(erin, _of_account(acme))
    assert erin.get(_of_account(other)).status_code == 404
    assert erin.get(FIRM).status_code == 403
    assert erin.post(_of_account(acme), headers=HTMX).status_code == 403
    assert erin.post(FIRM).status_code == 403
    assert desk.sign_in(desk.nadia).get(_of_account(acme)).status_code == 404
    assert not Reconciliation.objects.exists()


@pytest.mark.parametrize("status", ["unlinked", "disconnected"])
def test_what_cannot_be_compared_is_refused_with_a_sentence(desk: Desk, status: str) -> None:
    account = desk.skipped("Acme") if status == "unlinked" else desk.synced("Acme")
    if status == "disconnected":
        Connection.objects.update(status="disconnected")
    answer = desk.sign_in(desk.adam).post(_of_account(account), follow=True).content.decode()
    assert "not linked to a customer" in answer if status == "unlinked" else "not connected" in answer
    assert not Reconciliation.objects.exists()


def test_without_javascript_the_button_leads_back_to_the_page(desk: Desk) -> None:
    acme = desk.synced("Acme")
    assert desk.sign_in(desk.adam).post(_of_account(acme))["Location"] == _of_account(acme)
    assert Reconciliation.objects.get().account == acme


def test_a_file_before_any_comparison_says_so(desk: Desk) -> None:
    answer = desk.sign_in(desk.adam).get(FIRM.rstrip("/") + ".csv", follow=True)
    assert "Nothing has been compared yet" in answer.content.decode()

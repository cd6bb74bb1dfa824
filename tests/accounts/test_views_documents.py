"""Clients > Invoices and Clients > Payments: who sees which, and how they are found, narrowed and sorted."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import services as books
from accounts.models import Account, Invoice
from portal.models import Membership
from qbsync.states import DocumentStatus
from tests.qbsync.desk import Desk, desk

__all__ = ["desk"]

INVOICES, PAYMENTS = "/clients/invoices/", "/clients/payments/"


def _invoice(account: Account, number: str, *, total: str = "100.00", day: date = date(2026, 3, 1)) -> Invoice:
    line = books.LineInput(None, "Bookkeeping", Decimal(1), Decimal(total))
    due = day + timedelta(days=30)
    return books.invoice_record(account=account, number=number, date=day, due_date=due, lines=[line])


def _paid(invoice: Invoice, amount: str) -> None:
    books.payment_record(
        account=invoice.account, date=invoice.date, amount=Decimal(amount), method="check", reference="", memo="",
        allocations={invoice.pk: Decimal(amount)}, sync_to_quickbooks=True,
    )  # fmt: skip


def _numbers(desk: Desk, url: str, member: Membership | None = None) -> list[str]:
    answer = desk.sign_in(member or desk.adam).get(url)
    assert answer.status_code == 200
    return re.findall(r'class="row-link"[^>]*>([^<]*)</a>', answer.content.decode())


@pytest.mark.parametrize("url", [INVOICES, PAYMENTS])
def test_an_anonymous_person_goes_to_sign_in(desk: Desk, url: str) -> None:
    assert Client().get(url)["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("url", [INVOICES, PAYMENTS])
def test_an_employee_sees_documents_of_their_accounts_only(desk: Desk, url: str) -> None:
    mine, other = desk.account("Mine LLC"), desk.account("Other LLC")
    mine.team.add(desk.erin)
    record = desk.invoice if url == INVOICES else desk.payment
    own, hidden = record(mine), record(other)
    assert _numbers(desk, url, desk.erin) == [own.number]
    assert _numbers(desk, f"{url}?q=Other", desk.erin) == []
    assert set(_numbers(desk, url)) == {own.number, hidden.number}
    desk.erin.view_all_accounts = True
    desk.erin.save()
    assert set(_numbers(desk, url, desk.erin)) == {own.number, hidden.number}


@pytest.mark.parametrize("url", [INVOICES, PAYMENTS])
def test_another_firms_documents_are_never_shown(desk: Desk, url: str) -> None:
    account = desk.account("Ours LLC")
    desk.invoice(account), desk.payment(account)
    assert _numbers(desk, url, desk.nadia) == []


def test_invoices_are_found_by_number_and_by_their_accounts_name(desk: Desk) -> None:
    _invoice(desk.account("Bright Dental"), "A-17")
    _invoice(desk.account("Acme Services"), "B-18")
    assert _numbers(desk, f"{INVOICES}?q=a-1") == ["A-17"]
    assert _numbers(desk, f"{INVOICES}?q=services+acme") == ["B-18"]
    assert _numbers(desk, f"{INVOICES}?q=acme+18") == ["B-18"]
    assert _numbers(desk, f"{INVOICES}?q=%25") == []


def test_invoices_are_narrowed_to_open_overdue_paid_and_void(desk: Desk) -> None:
    account, today = desk.account("Acme"), timezone.localdate()
    _invoice(account, "late", day=today - timedelta(days=90))
    _invoice(account, "open", day=today)
    _paid(_invoice(account, "part", day=today), "40.00")
    _paid(_invoice(account, "paid", day=today), "100.00")
    books.invoice_void(invoice=_invoice(account, "void", day=today))
    assert set(_numbers(desk, f"{INVOICES}?state=open")) == {"late", "open", "part"}
    assert _numbers(desk, f"{INVOICES}?state=overdue") == ["late"]
    assert _numbers(desk, f"{INVOICES}?state=paid") == ["paid"]
    assert _numbers(desk, f"{INVOICES}?state=void") == ["void"]


def test_payments_are_narrowed_to_those_with_credit_left(desk: Desk) -> None:
    account = desk.account("Acme")
    _paid(_invoice(account, "I-1"), "100.00")
    credit = desk.payment(account)
    assert _numbers(desk, f"{PAYMENTS}?state=credit") == [credit.number]
    assert len(_numbers(desk, f"{PAYMENTS}?state=allocated")) == 1


def test_documents_are_narrowed_to_a_quickbooks_status(desk: Desk) -> None:
    account = desk.synced("Acme")
    failed = desk.invoice(account, status=DocumentStatus.FAILED, reason="refused", settled_revision=1)
    waiting = desk.invoice(account)
    assert _numbers(desk, f"{INVOICES}?quickbooks=failed") == [failed.number]
    assert _numbers(desk, f"{INVOICES}?quickbooks=waiting") == [waiting.number]


def test_a_range_of_dates_includes_both_ends(desk: Desk) -> None:
    account = desk.account("Acme")
    for day in (1, 2, 3, 4):
        _invoice(account, f"I-{day}", day=date(2026, 3, day))
    assert _numbers(desk, f"{INVOICES}?from=2026-03-02&to=2026-03-03") == ["I-3", "I-2"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [("", "CBA"), ("date", "ABC"), ("-date", "CBA"), ("number", "ABC"), ("total", "BCA"), ("-total", "ACB")],
)
def test_invoices_are_sorted_as_asked(desk: Desk, sort: str, expected: str) -> None:
    account = desk.account("Acme")
    for day, (number, total) in enumerate([("A", "30.00"), ("B", "10.00"), ("C", "20.00")], start=1):
        _invoice(account, number, total=total, day=date(2026, 3, day))
    assert "".join(_numbers(desk, f"{INVOICES}?sort={sort}" if sort else INVOICES)) == expected


@pytest.mark.parametrize("query", ["sort=;drop", "from=x", "to=2026-13-01", "page=-1", "page=x", "state=%00", "q=%00"])
def test_an_address_of_nonsense_shows_the_list(desk: Desk, query: str) -> None:
    invoice = desk.invoice(desk.account("Acme"))
    assert _numbers(desk, f"{INVOICES}?{query}") == [invoice.number]


def test_a_copy_in_quickbooks_is_linked(desk: Desk) -> None:
    desk.invoice(desk.synced("Acme"), status=DocumentStatus.SYNCED, qbo_id="77", settled_revision=1, pushed_revision=1)
    assert "invoice?txnId=77" in desk.sign_in(desk.adam).get(INVOICES).content.decode()


@pytest.mark.parametrize("url", [INVOICES, PAYMENTS])
def test_fifty_are_on_a_page_in_as_many_statements_as_one(desk: Desk, url: str) -> None:
    account, browser = desk.synced("Acme"), desk.sign_in(desk.adam)
    record = desk.invoice if url == INVOICES else desk.payment

    def statements(query: str) -> int:
        with CaptureQueriesContext(database) as asked:
            browser.get(f"{url}?{query}")
        return len(asked)

    record(account)
    queries = ["", "q=acme", "quickbooks=waiting", "state=void", "sort=number"]
    few = [statements(query) for query in queries]
    for _ in range(51):
        record(account)
    assert [statements(query) for query in queries] == few
    assert max(few) <= 6
    assert len(_numbers(desk, url)) == 50 and len(_numbers(desk, f"{url}?page=2")) == 2

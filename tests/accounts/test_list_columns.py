"""The choice of columns of Clients > Accounts, and the list as a CSV file."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.exporting import safe
from accounts.models import Account, Tag
from portal.models import Membership
from tests.portal.people import Office, browser_of, open_office
from tests.qbsync.desk import Desk
from tests.qbsync.desk import desk as desk

LIST = "/clients/accounts/"


@pytest.fixture
def office(db: None) -> Office:
    return open_office()


def exported(member: Membership, query: str = "") -> list[list[str]]:
    answer = browser_of(member).get(reverse("account_export") + query)
    assert answer.status_code == 200
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert content.startswith(b"\xef\xbb\xbf"), "Excel needs the mark to take it for UTF-8"
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def headings(member: Membership) -> str:
    page = browser_of(member).get(LIST).content.decode()
    return page[page.index("<thead>") : page.index("</thead>")]


def test_columns_are_kept_for_the_person_and_nobody_else(office: Office) -> None:
    office.account("Jane Green")
    browser = browser_of(office.owner)
    answer = browser.post(reverse("account_columns"), {"column": ["type", "firm"], "address": "q=jane&sort=-name"})
    assert answer["Location"] == f"{LIST}?q=jane&sort=-name"
    mine, theirs = headings(office.owner), headings(office.admin)
    for always in ("ID", "Name", "QuickBooks", "Type"):
        assert f">{always}" in mine
    for hidden in ("Team", "Tags", "Balance due"):
        assert f">{hidden}" not in mine and f">{hidden}" in theirs


def test_columns_cannot_send_a_person_elsewhere(office: Office) -> None:
    answer = browser_of(office.owner).post(reverse("account_columns"), {"address": "//evil.test/?x=1"})
    assert answer["Location"].startswith(f"{LIST}?")


def test_an_anonymous_person_chooses_and_exports_nothing(office: Office) -> None:
    for answer in (Client().post(reverse("account_columns")), Client().get(reverse("account_export"))):
        assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/")


def test_the_file_has_what_is_filtered_from_all_pages_with_the_columns_shown(office: Office) -> None:
    tag = Tag.objects.create(firm=office.firm, name="VIP")
    office.account("Jane Green", code="JG2", tags=[tag], team=[office.admin])
    Account.objects.bulk_create(Account(firm=office.firm, code=f"S{n}", name=f"Smith {n:03}") for n in range(60))
    Account.objects.filter(code="JG2").update(balance_due=Decimal("-1234.50"))
    rows = exported(office.owner)
    assert len(rows) == 62
    assert rows[0][:6] == ["ID", "Name", "Type", "Team", "Tags", "Balance due (USD)"]
    assert rows[1][:6] == ["JG2", "Jane Green", "Individual", "Adam Finch", "VIP", "-1234.50"]
    assert len(exported(office.owner, "?q=smith&sort=-name&page=2")) == 61
    browser_of(office.owner).post(reverse("account_columns"), {"column": ["tags"]})
    assert exported(office.owner)[1][:4] == ["JG2", "Jane Green", "VIP", "Not synced"]


def test_the_file_has_only_what_the_person_sees(office: Office) -> None:
    office.account("Hidden")
    office.account("Shown", team=[office.employee])
    assert [row[1] for row in exported(office.employee)[1:]] == ["Shown"]
    assert exported(office.stranger)[1:] == []


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|'/c calc'!A0"])
def test_a_name_that_begins_like_a_formula_is_text(office: Office, name: str) -> None:
    office.account(name)
    assert exported(office.owner)[1][1] == f"'{name}"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_begins_like_a_formula(start: str) -> None:
    assert safe(f"{start}1") == f"'{start}1"
    assert safe(f"A{start}1") == f"A{start}1"


def test_names_of_any_script_with_quotes_and_line_breaks_come_through(office: Office) -> None:
    name = 'Söhne & "Co", 株式会社 🏦 <b>'
    office.account(name)
    assert exported(office.owner)[1][1] == name


def test_the_file_says_of_quickbooks_what_the_list_says(desk: Desk) -> None:
    desk.synced("Acme")
    desk.failed("Bright")
    desk.skipped("Cedar")
    rows = {row[1]: row[6:] for row in exported(desk.olivia)}
    assert rows["Name"] == ["QuickBooks", "QuickBooks reason", "QuickBooks customer", "QuickBooks since"]
    assert rows["Acme"] == ["Synced", "", "Acme", "2026-03-02 12:00"]
    assert rows["Bright"][:2] == ["Failed", 'No exact match found for "Bright" in your QuickBooks account']
    assert rows["Cedar"] == ["Skipped", "", "", "2026-03-02 12:00"]


def test_the_file_costs_the_same_statements_however_long_it_is(desk: Desk) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            exported(desk.olivia)
        return len(captured)

    desk.synced("Acme")
    few = cost()
    for number in range(20):
        desk.failed(f"Bright {number}")
    assert cost() == few

"""Clients > Accounts: who sees which rows, search, filters, order, pages, and what it costs."""

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, Tag
from accounts.selectors import sort_choices
from accounts.services import account_archive
from portal.models import Membership
from qbsync.models import AccountSync, Connection, Customer
from qbsync.models.connection import ConnectionStatus
from qbsync.states import Ask, Reason, Status
from tests.portal.people import Office, browser_of, open_office


@pytest.fixture
def office(db: None) -> Office:
    return open_office()


def page_of(member: Membership, query: str = "", **headers: str) -> str:
    answer = browser_of(member).get(reverse("account_list") + query, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def names_on(page: str) -> list[str]:
    return re.findall(r'class="row-link"[^>]*><bdi>(.*?)</bdi>', page)


def connect(office: Office) -> Connection:
    now = timezone.now()
    return Connection.objects.create(
        firm=office.firm,
        realm_id="9130",
        status=ConnectionStatus.ACTIVE,
        status_changed_at=now,
        access_token="a",
        refresh_token="r",
        set_up_at=now,
    )


def put(office_connection: Connection, account: Account, status: Status, reason: Reason = Reason.NONE) -> None:
    customer = None
    if status == Status.SYNCED:
        customer = Customer.objects.create(
            connection=office_connection,
            qbo_id=str(account.pk),
            display_name=account.name,
            folded_name=account.name.lower(),
            full_name=account.name,
        )
    values = {
        "status": status,
        "reason": reason,
        "customer": customer,
        "changed_at": timezone.now(),
        "ask": Ask.NOTHING,
    }
    if status == Status.SYNCING:
        values |= {"ask": Ask.MATCH, "asked_at": timezone.now()}
    AccountSync.objects.update_or_create(account=account, defaults={"connection": office_connection, **values})


def test_the_owner_sees_each_account_with_its_columns(office: Office) -> None:
    tag = Tag.objects.create(firm=office.firm, name="Bookkeeping", color="green")
    account = office.account("Jane Green", code="JG2", tags=[tag], team=[office.admin])
    Account.objects.filter(pk=account.pk).update(balance_due=Decimal("1234.50"))
    page = page_of(office.owner)
    for shown in ("JG2", "Jane Green", "Individual", "Adam Finch", "Bookkeeping", "$1,234.50", "1 account"):
        assert shown in page
    assert "Not synced" in page


def test_another_firm_sees_none_of_them(office: Office) -> None:
    office.account("Jane Green")
    assert names_on(page_of(office.stranger)) == []


def test_an_employee_sees_only_the_accounts_assigned_to_them(office: Office) -> None:
    office.account("Hidden")
    office.account("Shown", team=[office.employee, office.admin])
    assert names_on(page_of(office.employee)) == ["Shown"]


def test_an_employee_with_view_all_accounts_sees_them_all(office: Office) -> None:
    office.account("Hidden")
    office.account("Shown", team=[office.employee])
    Membership.objects.filter(pk=office.employee.pk).update(view_all_accounts=True)
    assert names_on(page_of(office.employee)) == ["Hidden", "Shown"]


def test_an_employee_without_accounts_reads_why(office: Office) -> None:
    office.account("Hidden")
    assert "No accounts are assigned to you" in page_of(office.employee)


def test_names_are_shown_as_text_whatever_they_hold(office: Office) -> None:
    office.account("<script>alert(1)</script> & Söhne")
    page = page_of(office.owner)
    assert names_on(page) == ["&lt;script&gt;alert(1)&lt;/script&gt; &amp; Söhne"]
    assert "<script>alert" not in page


def test_the_search_finds_words_of_the_name_in_any_order_and_the_beginning_of_the_id(office: Office) -> None:
    office.account("Mary Anne Smith", code="MS7")
    office.account("Smith & Sons")
    assert names_on(page_of(office.owner, "?q=smith+mary")) == ["Mary Anne Smith"]
    assert names_on(page_of(office.owner, "?q=ms7")) == ["Mary Anne Smith"]
    assert names_on(page_of(office.owner, "?q=%25")) == []
    assert "No account fits" in page_of(office.owner, "?q=nobody")


def test_archived_accounts_have_a_list_of_their_own(office: Office) -> None:
    account_archive(account=office.account("Gone"))
    office.account("Here")
    assert names_on(page_of(office.owner)) == ["Here"]
    assert names_on(page_of(office.owner, "?state=archived")) == ["Gone"]


def test_filters_narrow_the_list_together(office: Office) -> None:
    vip = Tag.objects.create(firm=office.firm, name="VIP")
    office.account("A", type="company", tags=[vip], team=[office.admin])
    office.account("B", type="company", tags=[vip])
    office.account("C", team=[office.admin])
    assert names_on(page_of(office.owner, f"?tag={vip.pk}")) == ["A", "B"]
    assert names_on(page_of(office.owner, "?type=individual")) == ["C"]
    assert names_on(page_of(office.owner, f"?type=company&tag={vip.pk}&member={office.admin.pk}")) == ["A"]


def test_the_quickbooks_filter_finds_the_accounts_of_a_status(office: Office) -> None:
    link = connect(office)
    put(link, office.account("Linked"), Status.SYNCED)
    put(link, office.account("Broken"), Status.FAILED, Reason.NO_MATCH)
    assert names_on(page_of(office.owner, "?quickbooks=failed")) == ["Broken"]
    assert names_on(page_of(office.owner, "?quickbooks=synced")) == ["Linked"]


@pytest.mark.parametrize(
    ("sort", "first"), [("name", "Ann"), ("-name", "Zoe"), ("-balance", "Max"), ("balance", "Ann"), ("code", "Max")]
)
def test_the_list_is_sorted_by_the_column_asked_for(office: Office, sort: str, first: str) -> None:
    office.account("Ann", code="Q2")
    office.account("Zoe", code="Q3")
    rich = office.account("Max", code="Q1")
    Account.objects.filter(pk=rich.pk).update(balance_due=Decimal("9.00"))
    assert names_on(page_of(office.owner, f"?sort={sort}"))[0] == first


def test_sorted_by_quickbooks_what_needs_attention_comes_first(office: Office) -> None:
    link = connect(office)
    put(link, office.account("Linked"), Status.SYNCED)
    put(link, office.account("Broken"), Status.FAILED, Reason.NO_MATCH)
    office.account("Never asked for")
    assert names_on(page_of(office.owner, "?sort=quickbooks")) == ["Broken", "Never asked for", "Linked"]
    assert names_on(page_of(office.owner, "?sort=-quickbooks")) == ["Linked", "Never asked for", "Broken"]


@pytest.mark.parametrize("sort", [choice for choice, _ in sort_choices()])
@pytest.mark.parametrize("is_connected", [True, False])
def test_any_order_goes_with_any_filter(office: Office, is_connected: bool, sort: str) -> None:
    office.account("Ann", code="Q1")
    failed = office.account("Max", code="Q2")
    if is_connected:
        put(connect(office), failed, Status.FAILED, Reason.NO_MATCH)
    both = ["Ann", "Max"]
    found = {"": both, "&q=a": both, "&type=person": both, "&page=2": both}
    found["&quickbooks=failed"] = ["Max"] if is_connected else []
    found["&quickbooks=not_synced"] = ["Ann"] if is_connected else both
    for narrowed, names in found.items():
        assert sorted(names_on(page_of(office.owner, f"?sort={sort}{narrowed}"))) == names, narrowed


def test_sorted_by_quickbooks_without_a_company_the_list_is_in_the_order_of_names(office: Office) -> None:
    for name in ("Zoe", "Ann", "Max"):
        office.account(name)
    assert names_on(page_of(office.owner, "?sort=quickbooks")) == ["Ann", "Max", "Zoe"]
    assert names_on(page_of(office.owner, "?sort=-quickbooks")) == ["Zoe", "Max", "Ann"]


def test_what_a_search_finds_is_sorted_by_quickbooks_too(office: Office) -> None:
    link = connect(office)
    put(link, office.account("Client Linked"), Status.SYNCED)
    put(link, office.account("Client Broken"), Status.FAILED, Reason.NO_MATCH)
    put(link, office.account("Other"), Status.FAILED, Reason.NO_MATCH)
    assert names_on(page_of(office.owner, "?q=client&sort=quickbooks")) == ["Client Broken", "Client Linked"]
    assert names_on(page_of(office.owner, "?q=client&sort=-quickbooks")) == ["Client Linked", "Client Broken"]


def test_a_page_after_the_last_one_is_the_last_one(office: Office) -> None:
    Account.objects.bulk_create(Account(firm=office.firm, code=f"S{n}", name=f"Smith {n:03}") for n in range(60))
    assert names_on(page_of(office.owner, "?page=7"))[-1] == "Smith 059"


@pytest.mark.parametrize(
    "query", ["?page=0", "?page=x", "?page=99999999999999999999", "?sort=firm", "?tag=x", "?type=%00"]
)
def test_an_address_that_makes_no_sense_shows_what_it_can(office: Office, query: str) -> None:
    office.account("Ann")
    assert names_on(page_of(office.owner, query)) == ["Ann"]


def test_fifty_rows_make_a_page_and_the_state_stays_in_the_links(office: Office) -> None:
    Account.objects.bulk_create(
        Account(firm=office.firm, code=f"S{n}", name=f"Smith {n:03}", type="company") for n in range(60)
    )
    first = page_of(office.owner, "?q=smith&sort=-name")
    assert len(names_on(first)) == 50
    assert "1–50 of 60" in first
    following = re.search(r'rel="next"\s+href="([^"]+)"', first)
    assert following
    second = page_of(office.owner, following[1].replace("&amp;", "&"))
    assert names_on(second) == [f"Smith {n:03}" for n in range(9, -1, -1)]


def test_htmx_gets_the_table_alone(office: Office) -> None:
    office.account("Ann")
    part = page_of(office.owner, "", **{"HX-Request": "true", "HX-Target": "account-table"})
    assert names_on(part) == ["Ann"]
    assert "<html" not in part


def test_the_list_costs_the_same_statements_however_long_it_is(office: Office) -> None:
    link = connect(office)
    vip = Tag.objects.create(firm=office.firm, name="VIP")
    statuses = [*Status]

    def fill(number: int) -> None:
        for n in range(number):
            account = office.account(f"Smith {n}", tags=[vip], team=[office.admin, office.employee])
            status = statuses[n % len(statuses)]
            put(link, account, status, Reason.NO_MATCH if status == Status.FAILED else Reason.NONE)

    def statements() -> int:
        browser = browser_of(office.owner)
        browser.get(reverse("account_list"))
        costs = set()
        for query in ("", "?sort=-quickbooks", "?q=smith&quickbooks=synced", f"?tag={vip.pk}&sort=balance"):
            with CaptureQueriesContext(connection) as captured:
                browser.get(reverse("account_list") + query)
            costs.add(len(captured))
        assert len(costs) == 1
        return costs.pop()

    fill(5)
    few = statements()
    fill(40)
    assert statements() == few
    assert few <= 6

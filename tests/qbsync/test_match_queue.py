"""The match queue: who sees it, what waits in it, and what each button does and refuses."""

import re

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import services as books
from accounts.models import Account
from qbsync import services
from qbsync.models import AccountSync, Connection, ConnectionStatus, Customer, NameHolder
from qbsync.selectors.match_queue import PER_PAGE
from qbsync.states import Ask, Reason, Status
from tests.qbsync.desk import NOON, Desk

QUEUE = "/settings/integrations/quickbooks/match/"
SURE = QUEUE + "sure/"
HELP = "/help/matching/"
HTMX = {"HX-Request": "true"}


def _one(account: Account) -> str:
    return f"{QUEUE}{account.pk}/"


def _row(account: Account) -> AccountSync:
    return AccountSync.objects.get(account=account)


def _names(client: Client, url: str = QUEUE) -> list[str]:
    page = client.get(url).content.decode()
    return re.findall(r'<h2 class="match-name"[^>]*>\s*<a[^>]*>([^<]*)</a>', page)


@pytest.mark.parametrize("url", [QUEUE, SURE])
def test_owner_and_admin_may_use_the_queue_and_employees_may_not(desk: Desk, url: str) -> None:
    assert desk.sign_in(desk.olivia).get(url).status_code == 200
    assert desk.sign_in(desk.adam).get(url).status_code == 200
    assert desk.sign_in(desk.erin).get(url).status_code == 403
    assert Client().get(url).headers["Location"].startswith("/sign-in/")


def test_everybody_in_the_firm_may_read_how_matching_works(desk: Desk) -> None:
    page = desk.sign_in(desk.erin).get(HELP)
    assert page.status_code == 200
    assert QUEUE not in page.content.decode()
    assert QUEUE in desk.sign_in(desk.adam).get(HELP).content.decode()
    assert Client().get(HELP).status_code == 302


def test_accounts_that_need_a_customer_wait_and_no_others(desk: Desk) -> None:
    desk.failed("Acme")
    desk.failed("Bright Dental", Reason.SEVERAL_MATCHES, count=2)
    desk.failed("Chosen", Reason.CUSTOMER_GONE)
    desk.row(desk.account("Lost"), Status.NOT_SYNCED, reason=Reason.CUSTOMER_INACTIVE, detail={"customer": "Lost"})
    desk.failed("Offline", Reason.CONNECTION)
    desk.synced("Done")
    desk.skipped("Skipped")
    desk.syncing("Busy", asked_at=timezone.now())
    desk.account("Never asked for")
    books.account_archive(account=desk.failed("Archived"))
    assert _names(desk.sign_in(desk.adam)) == ["Acme", "Bright Dental", "Chosen", "Lost"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"status": ConnectionStatus.BROKEN, "broken_reason": "grant_revoked"}, "needs attention"),
        ({"set_up_at": None}, "is not set up yet"),
        ({"status": ConnectionStatus.DISCONNECTED}, "QuickBooks is disconnected"),
    ],
    ids=["broken", "not set up", "disconnected"],
)
def test_a_queue_that_cannot_be_worked_on_says_why_and_leads_to_the_remedy(
    desk: Desk, change: dict[str, str | None], sentence: str
) -> None:
    desk.failed("Acme")
    Connection.objects.update(**change)
    page = desk.sign_in(desk.olivia).get(QUEUE).text
    assert sentence in page and ("Go to the QuickBooks settings" in page or "Connect again" in page)
    assert "Acme" not in page


def test_only_the_owner_is_offered_to_connect_in_the_queue(desk: Desk) -> None:
    Connection.objects.all().delete()
    assert "Connect to QuickBooks" in desk.sign_in(desk.olivia).get(QUEUE).text
    assert "Only the owner of the firm can connect it" in desk.sign_in(desk.adam).get(QUEUE).text


def test_nothing_of_another_firm_is_shown_or_touched(desk: Desk) -> None:
    theirs, account, customer = desk.sign_in(desk.nadia), desk.failed("Acme"), desk.customer("Acme Inc")
    assert "not connected" in theirs.get(QUEUE).content.decode()
    assert theirs.get(_one(account)).status_code == 404
    assert theirs.post(_one(account), {"do": "link", "customer": customer.pk}).status_code == 404
    theirs.post(SURE, {"pair": f"{account.pk}:{customer.pk}"})
    assert _row(account).status == Status.FAILED


def test_a_customer_of_another_company_is_refused_in_place(desk: Desk) -> None:
    elsewhere = Connection.objects.create(
        firm=desk.nadia.firm,
        realm_id="3",
        status_changed_at=NOON,
        access_token="a",
        refresh_token="r",
    )
    foreign, account = desk.customer("Acme Inc"), desk.failed("Acme")
    foreign.connection = elsewhere
    foreign.save()
    answer = desk.sign_in(desk.adam).post(_one(account), {"do": "link", "customer": foreign.pk}, headers=HTMX)
    assert "no longer available in QuickBooks" in answer.content.decode()
    assert _row(account).status == Status.FAILED


def test_without_a_usable_connection_the_page_says_so(desk: Desk) -> None:
    account = desk.failed("Acme")
    Connection.objects.update(status=ConnectionStatus.BROKEN)
    client = desk.sign_in(desk.adam)
    assert "needs attention" in client.get(QUEUE).content.decode()
    assert client.post(_one(account), {"do": "skip"}).headers["Location"] == QUEUE
    assert _row(account).status == Status.FAILED


def test_an_empty_queue_says_that_nothing_is_left(desk: Desk) -> None:
    page = desk.sign_in(desk.adam).get(QUEUE).content.decode()
    assert "Every account has its customer" in page
    assert "Accept the sure ones" not in page


def test_suggestions_stand_beside_with_their_reasons_and_a_likely_one_is_chosen(desk: Desk) -> None:
    desk.failed("John Smith")
    desk.customer("Smith John")
    page = desk.sign_in(desk.adam).get(QUEUE).content.decode()
    assert "Same words in another order" in page
    assert "Sure · 99" in page
    assert re.search(r'data-match-number="1"\s+checked', page)


def test_names_are_shown_as_text(desk: Desk) -> None:
    desk.failed("<script>alert(1)</script>")
    desk.customer("<script>alert(2)</script>")
    page = desk.sign_in(desk.adam).get(QUEUE).content.decode()
    assert "<script>alert" not in page


def test_linking_asks_for_the_chosen_customer_and_goes_back_to_the_page(desk: Desk) -> None:
    account, customer = desk.failed("Acme"), desk.customer("Acme Holdings")
    answer = desk.sign_in(desk.adam).post(
        _one(account), {"do": "link", "customer": customer.pk, "page": "2"}, follow=True
    )
    assert answer.redirect_chain == [(f"{QUEUE}?done={account.pk}&page=2", 302)]
    row = _row(account)
    assert (row.status, row.ask, row.asked_customer, row.changed_by) == (
        Status.SYNCING, Ask.LINK, customer, desk.adam.user,
    )  # fmt: skip
    page = answer.content.decode()
    assert "is linked to Acme Holdings in a moment" in page
    assert 'value="undo"' in page


def test_creating_and_skipping_ask_for_just_that(desk: Desk) -> None:
    new, unwanted, client = desk.failed("New & Co"), desk.failed("Unwanted"), desk.sign_in(desk.adam)
    client.post(_one(new), {"do": "create"})
    client.post(_one(unwanted), {"do": "skip"})
    assert (_row(new).status, _row(new).ask) == (Status.SYNCING, Ask.CREATE)
    assert _row(unwanted).status == Status.SKIPPED


def test_htmx_gets_the_row_that_is_done_and_how_many_are_left(desk: Desk) -> None:
    account, _ = desk.failed("Acme"), desk.failed("Zenith")
    page = desk.sign_in(desk.adam).post(_one(account), {"do": "skip"}, headers=HTMX).content.decode()
    assert "is skipped" in page
    assert "data-match-open" not in page
    assert re.search(r"hx-swap-oob=[^>]*>.*1</strong> left", page, re.DOTALL)


def test_a_link_and_a_skip_can_be_taken_back_and_a_creation_cannot(desk: Desk) -> None:
    linked, skipped, created = desk.failed("Linked"), desk.failed("Skipped"), desk.failed("Created")
    client = desk.sign_in(desk.adam)
    client.post(_one(linked), {"do": "link", "customer": desk.customer("Customer").pk})
    client.post(_one(skipped), {"do": "skip"})
    assert 'value="undo"' not in client.post(_one(created), {"do": "create"}, headers=HTMX).content.decode()
    client.post(_one(linked), {"do": "undo"})
    client.post(_one(skipped), {"do": "undo"})
    assert _row(linked).status == Status.SKIPPED
    assert (_row(skipped).status, _row(skipped).ask) == (Status.SYNCING, Ask.MATCH)


def test_undo_without_anything_to_take_back_is_refused(desk: Desk) -> None:
    account = desk.failed("Acme")
    answer = desk.sign_in(desk.adam).post(_one(account), {"do": "undo"})
    assert answer.status_code == 409
    assert "nothing to take back" in answer.content.decode()


def test_a_row_that_changed_meanwhile_is_left_alone(desk: Desk) -> None:
    account, other = desk.synced("Acme"), desk.customer("Other")
    answer = desk.sign_in(desk.adam).post(_one(account), {"do": "link", "customer": other.pk}, headers=HTMX)
    assert "Somebody has dealt with Acme meanwhile: it is Synced now" in answer.content.decode()
    assert _row(account).customer == Account.objects.get(name="Acme").quickbooks.customer
    assert _row(account).status == Status.SYNCED


@pytest.mark.parametrize("values", [{"do": "link"}, {"do": "link", "customer": "9" * 30}, {"do": "explode"}, {}])
def test_nonsense_is_refused_in_place(desk: Desk, values: dict[str, str]) -> None:
    account = desk.failed("Acme")
    answer = desk.sign_in(desk.adam).post(_one(account), values)
    assert answer.status_code == 409
    assert 'role="alert"' in answer.content.decode()
    assert _row(account).status == Status.FAILED


def test_a_taken_customer_is_refused_by_name_and_the_account_stays(desk: Desk) -> None:
    account, taken = desk.failed("Acme"), _row(desk.synced("Acme Holdings")).customer_id
    page = desk.sign_in(desk.adam).post(_one(account), {"do": "link", "customer": str(taken)}, headers=HTMX)
    assert "already linked to Acme Holdings" in page.content.decode()
    assert "data-match-open" in page.content.decode()


@pytest.mark.parametrize("kind", ["vendor", "employee", "sub-customer"])
def test_a_name_that_somebody_holds_in_quickbooks_is_not_created_and_who_holds_it_is_said(
    desk: Desk, kind: str
) -> None:
    account = desk.failed("Baker Street")
    if kind == "sub-customer":
        desk.customer("Baker Street", parent=desk.customer("Holmes"))
    else:
        NameHolder.objects.create(
            connection=desk.connection, kind=kind, qbo_id="77", display_name="Baker Street", folded_name="baker street"
        )
    client, held = desk.sign_in(desk.adam), f"is used by a{'n' if kind == 'employee' else ''} {kind}"
    page = client.get(QUEUE).text
    assert 'value="create"' not in page and "Rename the account" in page
    assert held in client.post(_one(account), {"do": "create"}).text
    assert _row(account).status == Status.FAILED
    for dialog in ("dialog", "create"):
        page = client.get(reverse(f"quickbooks_{dialog}", args=[account.pk])).text
        assert held in page and "Create customer" not in page
    NameHolder.objects.update(active=False)
    Customer.objects.update(active=False)
    assert 'value="create"' in client.get(QUEUE).text


def test_a_name_that_quickbooks_cannot_hold_is_not_created(desk: Desk) -> None:
    account = desk.failed("A:B", Reason.NAME_INVALID, problem="…")
    client = desk.sign_in(desk.adam)
    page = client.get(QUEUE).text
    assert 'value="create"' not in page and account.get_absolute_url().replace("info", "edit") in page
    assert "colon" in client.post(_one(account), {"do": "create"}).content.decode()
    assert _row(account).status == Status.FAILED


def test_the_search_of_a_row_finds_among_all_customers(desk: Desk) -> None:
    account = desk.failed("Acme")
    wanted = desk.customer("Completely Different")
    client = desk.sign_in(desk.adam)
    for headers in ({}, HTMX):
        page = client.get(_one(account), {"q": "compl diff"}, headers=headers).content.decode()
        assert f'value="{wanted.pk}"' in page
        assert "1 customer with “compl diff”" in page
    assert "No customer matches “zzz”" in client.get(_one(account), {"q": "zzz"}).content.decode()


def test_25_accounts_are_on_a_page(desk: Desk) -> None:
    for number in range(PER_PAGE + 2):
        desk.failed(f"Account {number:02}")
    client = desk.sign_in(desk.adam)
    assert len(_names(client)) == PER_PAGE
    assert _names(client, f"{QUEUE}?page=2") == ["Account 25", "Account 26"]
    assert _names(client, f"{QUEUE}?page=999") == ["Account 25", "Account 26"]
    assert len(_names(client, f"{QUEUE}?page=x")) == PER_PAGE


def test_the_number_of_statements_does_not_grow_with_the_page(
    desk: Desk, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = desk.sign_in(desk.adam)
    for number in range(PER_PAGE):
        desk.failed(f"Client {number:02} Holdings of some length")
        desk.failed(f"Short {number}")
        desk.customer(f"Client {number:02} Holding", email=f"{number}@clients.test")
    with django_assert_max_num_queries(20):
        client.get(QUEUE)


def test_sure_matches_are_shown_before_any_is_linked(desk: Desk) -> None:
    account, customer = desk.failed("Acme"), desk.customer("Acme LLC")
    desk.failed("Peter Jonson"), desk.customer("Peter Johnson")
    client = desk.sign_in(desk.adam)
    page = client.get(SURE).content.decode()
    assert f'value="{account.pk}:{customer.pk}"' in page
    assert page.count('name="pair"') == 1
    assert _row(account).status == Status.FAILED
    client.post(SURE, {"pair": f"{account.pk}:{customer.pk}"})
    assert (_row(account).status, _row(account).asked_customer) == (Status.SYNCING, customer)


def test_what_several_may_be_is_never_sure(desk: Desk) -> None:
    desk.failed("Acme"), desk.customer("Acme LLC"), desk.customer("Acme Inc.")  # two customers for one account
    desk.failed("Zenith Labs"), desk.failed("Labs Zenith Inc"), desk.customer("Zenith Labs LLC")  # and the reverse
    desk.failed("Old Mill"), desk.customer("Old Mill LLC", active=False)
    desk.failed("Twin Lane"), desk.customer("Twin Lane LLC", parent=desk.customer("Freeman"))
    assert 'name="pair"' not in desk.sign_in(desk.adam).get(SURE).content.decode()


def test_of_the_ticked_pairs_those_that_can_be_are_linked_and_the_others_named(desk: Desk) -> None:
    good, bad = desk.failed("Acme"), desk.failed("Zenith")
    customer, taken = desk.customer("Acme LLC"), _row(desk.synced("Zenith LLC")).customer_id
    pairs = [f"{good.pk}:{customer.pk}", f"{bad.pk}:{taken}", "x:y", f"{desk.synced('Linked').pk}:{customer.pk}"]
    answer = desk.sign_in(desk.adam).post(SURE, {"pair": pairs})
    assert answer.status_code == 409
    assert "Zenith (Z1): “Zenith LLC” is already linked" in answer.content.decode()
    assert _row(good).status == Status.SYNCING
    assert _row(bad).status == Status.FAILED


def test_one_customer_is_not_linked_to_two_of_the_ticked_accounts(desk: Desk) -> None:
    first, second, customer = desk.failed("Acme"), desk.failed("Acme II"), desk.customer("Acme LLC")
    answer = desk.sign_in(desk.adam).post(SURE, {"pair": [f"{one.pk}:{customer.pk}" for one in (first, second)]})
    assert re.search(r"Acme II \(\w+\): “Acme LLC” is already linked to Acme \(A1\)", answer.content.decode())
    assert (_row(first).asked_customer, _row(second).status) == (customer, Status.FAILED)


def test_a_customer_made_inactive_or_of_another_company_is_not_linked_with_the_sure_ones(desk: Desk) -> None:
    accounts = [desk.failed(name) for name in ("Acme", "Bright", "Cedar")]
    inactive, project = desk.customer("Acme LLC", active=False), desk.customer("Bright LLC", is_project=True)
    pairs = zip(accounts, [inactive.pk, project.pk, 10**15], strict=True)
    page = desk.sign_in(desk.adam).post(SURE, {"pair": [f"{one.pk}:{key}" for one, key in pairs]}).content.decode()
    assert "“Acme LLC” has been made inactive" in page
    assert page.count("no longer in your QuickBooks company") == 2
    assert {_row(one).status for one in accounts} == {Status.FAILED}


def test_the_sure_ones_are_linked_in_as_many_statements_whatever_their_number(
    desk: Desk, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def ticked(count: int, kind: str) -> list[str]:
        pairs = [(desk.failed(f"{kind} {n}"), desk.customer(f"{kind} {n} LLC")) for n in range(count)]
        return [f"{account.pk}:{customer.pk}" for account, customer in pairs]

    client, some, pairs = desk.sign_in(desk.adam), ticked(25, "Some"), ticked(75, "Many")
    with CaptureQueriesContext(database) as for_some:
        client.post(SURE, {"pair": some})
    with django_assert_num_queries(len(for_some)):
        client.post(SURE, {"pair": pairs})
    assert AccountSync.objects.filter(status=Status.SYNCING, ask=Ask.LINK).count() == 100


def test_a_change_between_the_look_and_the_press_leaves_the_account_alone(desk: Desk) -> None:
    account, customer = desk.failed("Acme"), desk.customer("Acme LLC")
    seen = Account.objects.select_related("quickbooks").get(pk=account.pk)
    services.account_unsync(account=account, by=desk.olivia.user)
    done = services.accounts_link(firm=desk.firm, pairs=[(seen, customer.pk)], by=desk.adam.user)
    assert (done.count, done.refused, _row(account).status) == (0, [], Status.SKIPPED)


def test_the_list_filtered_by_failed_leads_to_the_queue(desk: Desk) -> None:
    desk.failed("Acme")
    for query, leads in (
        ("?quickbooks=failed", True),
        ("?quickbooks=no_match", True),
        ("?quickbooks=synced", False),
        ("", False),
    ):
        page = desk.sign_in(desk.adam).get(f"/clients/accounts/{query}").content.decode()
        assert (QUEUE in page) == leads, query
    assert QUEUE not in desk.sign_in(desk.erin).get("/clients/accounts/?quickbooks=failed").content.decode()


def test_the_settings_page_leads_to_the_queue(desk: Desk) -> None:
    desk.failed("Acme")
    assert QUEUE in desk.sign_in(desk.adam).get("/settings/integrations/quickbooks/").content.decode()

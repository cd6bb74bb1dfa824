"""Which customers are suggested for an account, out of the mirror in PostgreSQL."""

import pytest
from django.db import connection as database
from pytest_django import DjangoAssertNumQueries

from accounts import services as books
from accounts.models import Account
from qbsync.models import AccountSync, Connection, Customer
from qbsync.scoring import Band
from qbsync.selectors.suggestions import Suggestion, suggestions
from qbsync.states import Status
from tests import febrl
from tests.qbsync.desk import NOON, Desk

PEOPLE_IN_SAMPLE = 400


def _suggested(account: Account, desk: Desk) -> list[Suggestion]:
    return suggestions([Account.objects.get(pk=account.pk)], desk.connection)[account.pk]


def _names(account: Account, desk: Desk) -> list[str]:
    return [one.customer.display_name for one in _suggested(account, desk)]


def _contact(name: str, email: str = "", phone: str = "") -> books.ContactInput:
    return books.ContactInput(name, email, phone, is_primary=True)


def test_each_suggestion_says_how_sure_and_why(desk: Desk) -> None:
    account = desk.account("José Álvarez", contacts=[_contact("José", "jose@alvarez.test")])
    desk.customer("JOSÉ ÁLVAREZ")
    desk.customer("J. Alvarez", email="Jose@Alvarez.test")
    desk.customer("Somebody Else", email="else@example.test")
    assert [(one.customer.display_name, one.band, one.score.reasons) for one in _suggested(account, desk)] == [
        ("JOSÉ ÁLVAREZ", Band.SURE, ("Same name",)),
        ("J. Alvarez", Band.SURE, ("J. may be José", "Same e-mail address")),
    ]


@pytest.mark.parametrize(
    ("name", "customer"),
    [
        ("John Smith", "Smith, John"),
        ("Heerey Evan", "Evan Heerye"),
        ("Acme, Inc.", "ACME"),
        ("John & Mary Smith", "Mary Smith"),
        ("The Smiths", "Smith Family"),
        ("J. Smith", "John Smith"),
        ("Müller & Söhne", "Mueller and Sohne"),
        ("🙂🙂", "🙂🙂"),
        ("مكتبة النور", "مكتبة النور"),
    ],
)
def test_the_database_finds_what_the_scores_know(desk: Desk, name: str, customer: str) -> None:
    desk.customer(customer)
    for stranger in ("Zebra Trucking", "Bright Dental", "Quill & Co"):
        desk.customer(stranger)
    assert _names(desk.account(name), desk) == [customer]


def test_equal_addresses_and_company_names_find_customers_of_quite_other_names(desk: Desk) -> None:
    desk.customer("Roadrunner Catering", email="OFFICE@acme.test")
    desk.customer("Wile Coyote", phone="212.555.0143")
    desk.customer("Jane Roe", company_name="ACME Supplies LLC")
    account = desk.account("Acme Supplies LLC", contacts=[_contact("Pat", "office@acme.test", "+1 (212) 555-0143")])
    assert _names(account, desk) == ["Jane Roe", "Roadrunner Catering", "Wile Coyote"]


def test_a_customer_with_the_name_of_a_contact_is_found(desk: Desk) -> None:
    desk.customer("Jane Roe")
    assert _names(desk.account("Zenith Labs", contacts=[_contact("Jane Roe")]), desk) == ["Jane Roe"]


def test_the_remembered_customer_comes_first(desk: Desk) -> None:
    account = desk.skipped("Acme")
    AccountSync.objects.filter(account=account).update(remembered_customer=desk.customer("Renamed Since"))
    first = _suggested(account, desk)[0]
    assert (first.customer.display_name, first.is_remembered) == ("Renamed Since", True)
    assert first.score.reasons == ("Linked before; syncing resumes without duplicates",)


def test_taken_inactive_and_sub_customers_are_marked(desk: Desk) -> None:
    taker = desk.synced("Acme LLC")
    desk.customer("Acme Inc. (deleted)", active=False)
    desk.customer("Acme & Co", parent=desk.customer("Freeman"))
    found = {one.customer.display_name: one for one in _suggested(desk.account("Acme"), desk)}
    assert found["Acme LLC"].taken_by == taker
    assert not found["Acme LLC"].is_free
    assert not found["Acme Inc. (deleted)"].is_free
    assert found["Acme & Co"].parents == "Freeman"
    assert list(found)[-1] == "Acme LLC"  # what is taken moves down


def test_a_customer_with_exactly_the_name_of_another_account_moves_down(desk: Desk) -> None:
    other = desk.failed("Peter Johnson")
    AccountSync.objects.filter(account=other).update(folded_name="peter johnson")
    desk.customer("Peter Johnson")
    desk.customer("P. Jonson")
    found = _suggested(desk.failed("Peter Jonson"), desk)
    assert [(one.customer.display_name, one.namesake) for one in found] == [
        ("P. Jonson", None),
        ("Peter Johnson", other),
    ]


def test_projects_merged_ones_and_other_companies_are_never_suggested(desk: Desk) -> None:
    desk.customer("Acme", is_project=True)
    desk.customer("Acme", merged_into="7")
    elsewhere = Connection.objects.create(
        firm=desk.nadia.firm, realm_id="3", status_changed_at=NOON, access_token="a", refresh_token="r"
    )
    Customer.objects.filter(pk=desk.customer("Acme").pk).update(connection=elsewhere)
    assert _names(desk.account("Acme"), desk) == []


def test_the_customer_that_is_linked_now_is_not_suggested_again(desk: Desk) -> None:
    assert _names(desk.synced("Acme"), desk) == []


def test_a_page_of_accounts_takes_as_many_statements_as_one(
    desk: Desk, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(25):
        desk.account(f"A long name of a client {number}")
        desk.account(f"Short {number}")
        desk.customer(f"A long name of a client no. {number}", email=f"{number}@clients.test")
    accounts = list(Account.objects.order_by("pk").select_related("quickbooks").prefetch_related("contacts"))
    for count in (2, 50):
        with django_assert_num_queries(9):  # begin and end of a transaction, four searches, and three
            suggestions(accounts[:count], desk.connection)


def test_mistyped_people_find_themselves(desk: Desk) -> None:
    """A small sample of ``tests/bench/test_suggestions.py``, which measures all of them."""
    people = list(febrl.people().values())[:PEOPLE_IN_SAMPLE]
    customers = {right: desk.customer(right).pk for right, _ in people}
    with database.cursor() as cursor:
        cursor.execute("ANALYZE qbsync_customer")
    mistyped = [(right, wrong) for right, wrong in people if right != wrong][:60]
    accounts = {desk.account(wrong).pk: right for right, wrong in mistyped}
    found = suggestions(list(Account.objects.filter(pk__in=accounts)), desk.connection)
    hits = [customers[right] in [one.customer.pk for one in found[pk]] for pk, right in accounts.items()]
    assert sum(hits) / len(hits) >= 0.8
    assert AccountSync.objects.filter(status=Status.SYNCED).count() == 0

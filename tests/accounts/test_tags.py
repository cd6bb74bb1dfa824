"""Settings > Tags: making, renaming, recolouring and deleting the tags of a firm."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import services
from accounts.models import Tag
from accounts.services import BooksError
from tests.portal.people import Office, browser_of, open_office

LIST = "/settings/tags/"


@pytest.fixture
def office(db: None) -> Office:
    return open_office()


@pytest.fixture
def adam(office: Office) -> Client:
    return browser_of(office.admin)


def make(office: Office, name: str = "VIP", color: str = "slate") -> Tag:
    return services.tag_create(firm=office.firm, name=name, color=color)


def test_a_tag_that_is_made_can_be_filtered_by_at_once(office: Office, adam: Client) -> None:
    assert "There are no tags yet." in adam.get(LIST).content.decode()
    answer = adam.post(reverse("tag_create"), {"name": "  Monthly   close ", "color": "teal"})
    assert answer.headers["Location"] == LIST
    tag = Tag.objects.get()
    assert (tag.firm, tag.name, tag.color) == (office.firm, "Monthly close", "teal")
    assert f'<option value="{tag.pk}">Monthly close</option>' in adam.get(reverse("account_list")).content.decode()


def test_a_name_is_one_of_its_kind_in_the_firm_in_capitals_or_not(office: Office, adam: Client) -> None:
    make(office, "Straße")
    services.tag_create(firm=office.stranger.firm, name="STRASSE", color="slate")
    answer = adam.post(reverse("tag_create"), {"name": "STRASSE", "color": "slate"})
    assert answer.status_code == 422
    assert "There is a tag “Straße” already." in answer.content.decode()
    assert Tag.objects.filter(firm=office.firm).count() == 1


def test_a_tag_is_renamed_and_recoloured_on_all_its_accounts(office: Office, adam: Client) -> None:
    account = office.account(tags=[make(office, "vip")])
    tag = Tag.objects.get()
    adam.post(reverse("tag_edit", args=[tag.pk]), {"name": "VIP", "color": "violet"})
    assert '<span class="tag tag-violet">VIP</span>' in adam.get(account.get_absolute_url()).content.decode()


def test_a_tag_is_deleted_after_saying_on_how_many_accounts_it_is(office: Office, adam: Client) -> None:
    tag = make(office)
    account, other = office.account("Jane Green", tags=[tag]), office.account("Old Client", tags=[tag])
    services.account_archive(account=other)
    asked = adam.get(reverse("tag_delete", args=[tag.pk])).content.decode()
    assert ">1 account</a>" in asked
    assert "1 archived</a>" in asked
    assert Tag.objects.exists()
    assert adam.post(reverse("tag_delete", args=[tag.pk])).headers["Location"] == LIST
    assert not Tag.objects.exists()
    assert list(account.tags.all()) == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "missing"),
        ("x" * 51, "at most 50"),
        ("a;b", "CSV files"),
        ("a|b", "CSV files"),
        ("a\x1fb\x07", "cannot be kept"),
    ],
)
def test_a_name_that_cannot_be_kept_is_refused(office: Office, name: str, sentence: str) -> None:
    with pytest.raises(BooksError, match=sentence) as refused:
        make(office, name)
    assert list(refused.value.field_errors) == ["name"]
    assert not Tag.objects.exists()


def test_a_colour_that_no_page_knows_is_refused(office: Office, adam: Client) -> None:
    assert adam.post(reverse("tag_create"), {"name": "VIP", "color": "puce"}).status_code == 422
    with pytest.raises(BooksError, match="Choose one of the colors"):
        make(office, color="puce")
    assert not Tag.objects.exists()


def test_the_tags_are_in_order_of_their_names(office: Office, adam: Client) -> None:
    for name in ("VIP", "Annual", "Monthly"):
        office.account(tags=[make(office, name)])
    assert [tag.name for tag in adam.get(LIST).context["tags"]] == ["Annual", "Monthly", "VIP"]


def test_markup_in_a_name_is_shown_as_text(office: Office, adam: Client) -> None:
    tag = make(office, "<script>alert(1)</script>")
    office.account(tags=[tag])
    for address in (
        LIST,
        reverse("tag_edit", args=[tag.pk]),
        reverse("tag_delete", args=[tag.pk]),
        "/clients/accounts/",
    ):
        page = adam.get(address).content.decode()
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_a_tag_that_was_deleted_meanwhile_is_not_changed(office: Office) -> None:
    tag = make(office)
    services.tag_delete(tag=Tag.objects.get())
    with pytest.raises(BooksError, match="deleted meanwhile"):
        services.tag_update(tag=tag, name="VIP", color="blue")
    assert not Tag.objects.exists()


def test_the_list_of_tags_costs_the_same_however_many_there_are(office: Office, adam: Client) -> None:
    for number in range(30):
        office.account(f"Client {number}", tags=[make(office, f"Tag {number}")])
    with CaptureQueriesContext(connection) as many:
        adam.get(LIST)
    Tag.objects.exclude(name="Tag 1").delete()
    with CaptureQueriesContext(connection) as few:
        adam.get(LIST)
    assert len(many) == len(few)

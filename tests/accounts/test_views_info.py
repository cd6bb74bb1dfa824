"""An account's Info tab, and creating, editing, archiving and restoring accounts by forms."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Account, Tag
from accounts.services import ContactInput, account_seen, contacts_replace, tag_create
from tests.portal.people import Office, browser_of, open_office


@pytest.fixture
def office(db: None) -> Office:
    return open_office()


def form(name: str = "Jane Green", *contacts: dict[str, str], **values: Any) -> dict[str, Any]:
    """What a browser sends of the account's form."""
    rows = {f"contacts-{n}-{key}": value for n, contact in enumerate(contacts) for key, value in contact.items()}
    management = {"contacts-TOTAL_FORMS": str(len(contacts)), "contacts-INITIAL_FORMS": "0"}
    return {"name": name, "type": "individual", "primary": "0", **management, **rows, **values}


def test_the_info_tab_shows_the_account_its_contacts_and_its_quickbooks_panel(office: Office) -> None:
    account = office.account("Jane Green", contacts=[ContactInput("Jane Green", "jane@example.com", "+1 555 0100")])
    page = browser_of(office.owner).get(account.get_absolute_url()).content.decode()
    for shown in ("Jane Green", "JG1", "jane@example.com", "+1 555 0100", "Primary", "QuickBooks"):
        assert shown in page


def test_an_account_of_another_firm_does_not_exist_for_a_stranger(office: Office) -> None:
    account = office.account()
    for name in ("account_info", "account_invoices", "account_payments", "account_edit"):
        assert browser_of(office.stranger).get(reverse(name, args=[account.pk])).status_code == 404
    assert browser_of(office.stranger).post(reverse("account_archive", args=[account.pk])).status_code == 404


def test_an_account_not_assigned_to_an_employee_does_not_exist_for_them(office: Office) -> None:
    hidden, shown = office.account("Hidden"), office.account("Shown", team=[office.employee])
    emma = browser_of(office.employee)
    assert emma.get(hidden.get_absolute_url()).status_code == 404
    assert emma.get(shown.get_absolute_url()).status_code == 200


def test_an_employee_reads_and_is_refused_every_change(office: Office) -> None:
    account = office.account("Shown", team=[office.employee])
    emma = browser_of(office.employee)
    page = emma.get(account.get_absolute_url()).content.decode()
    assert reverse("account_edit", args=[account.pk]) not in page
    assert emma.get(reverse("account_create")).status_code == 403
    assert emma.post(reverse("account_edit", args=[account.pk]), form("Changed")).status_code == 403
    assert emma.post(reverse("account_archive", args=[account.pk])).status_code == 403
    account.refresh_from_db()
    assert account.name == "Shown"
    assert account.archived_at is None


def test_an_admin_creates_an_account_with_its_contacts(office: Office) -> None:
    vip = Tag.objects.create(firm=office.firm, name="VIP")
    contacts = {"name": "Jane Green", "email": "jane@example.com"}, {"name": "John Green", "phone": "+1 555 0101"}
    answer = browser_of(office.admin).post(
        reverse("account_create"),
        form("Jane Green", *contacts, primary="1", tags=[vip.pk], team=[office.employee.pk]),
        follow=True,
    )
    account = Account.objects.get()
    assert answer.redirect_chain == [(account.get_absolute_url(), 302)]
    assert "Jane Green was added as JG1." in answer.content.decode()
    assert [(c.name, c.is_primary) for c in account.contacts.all()] == [("John Green", True), ("Jane Green", False)]
    assert list(account.tags.all()) == [vip]
    assert list(account.team.all()) == [office.employee]


def test_a_form_with_errors_names_them_at_their_fields_and_saves_nothing(office: Office) -> None:
    answer = browser_of(office.owner).post(
        reverse("account_create"), form("", {"name": "", "email": "not-an-address"}, type="bank")
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Nothing was saved yet." in page
    for field in ("id_name", "id_contacts-0-name", "id_contacts-0-email"):
        assert f'id="{field}_error"' in page
    assert not Account.objects.exists()


def test_a_taken_id_is_refused_at_its_field(office: Office) -> None:
    office.account("Jane Green", code="JG2")
    page = browser_of(office.owner).post(reverse("account_create"), form("Joe Gray", code="jg2")).content.decode()
    assert "The ID JG2 is taken by Jane Green." in page
    assert 'id="id_code_error"' in page


def test_tags_and_people_of_another_firm_cannot_be_chosen(office: Office) -> None:
    foreign = Tag.objects.create(firm=office.stranger.firm, name="Theirs")
    answer = browser_of(office.owner).post(
        reverse("account_create"), form("Jane Green", tags=[foreign.pk], team=[office.stranger.pk])
    )
    assert answer.status_code == 422
    assert not Account.objects.exists()


def test_an_edit_changes_the_account_and_its_contacts_as_one(office: Office) -> None:
    account = office.account("Jane Green", contacts=[ContactInput("Old Contact")])
    sent = form("Jane Grey", {"name": "New Contact", "email": ""}, type="company", seen=account_seen(account))
    browser_of(office.owner).post(reverse("account_edit", args=[account.pk]), sent)
    account.refresh_from_db()
    assert (account.name, account.type, account.code) == ("Jane Grey", "company", "JG1")
    assert [contact.name for contact in account.contacts.all()] == ["New Contact"]


def test_a_refused_contact_leaves_the_name_as_it_was(office: Office) -> None:
    account = office.account("Jane Green", contacts=[ContactInput("Old Contact")])
    sent = form("Jane Grey", {"name": "Tab\there", "email": ""}, seen=account_seen(account))
    answer = browser_of(office.owner).post(reverse("account_edit", args=[account.pk]), sent)
    account.refresh_from_db()
    assert answer.status_code == 422
    assert account.name == "Jane Green"
    assert [contact.name for contact in account.contacts.all()] == ["Old Contact"]


CHANGED_MEANWHILE = {
    "its name": lambda account: Account.objects.filter(pk=account.pk).update(name="Jane Black"),
    "its contacts": lambda account: contacts_replace(account=account, contacts=[ContactInput("Ann", phone="1")]),
    "its tags": lambda account: account.tags.add(tag_create(firm=account.firm, name="VIP", color="blue")),
    "its team": lambda account: account.team.add(account.firm.memberships.first()),
}


@pytest.mark.parametrize("what", CHANGED_MEANWHILE)
def test_what_somebody_changed_meanwhile_is_not_overwritten(office: Office, what: str) -> None:
    account = office.account("Jane Green", contacts=[ContactInput("Ann")])
    sent = form("Jane Grey", {"name": "Ann", "email": ""}, seen=account_seen(account))
    CHANGED_MEANWHILE[what](account)
    now = account_seen(Account.objects.get(pk=account.pk))
    answer = browser_of(office.owner).post(reverse("account_edit", args=[account.pk]), sent)
    assert answer.status_code == 422
    assert "Someone else has changed this account meanwhile." in answer.text
    assert account_seen(Account.objects.get(pk=account.pk)) == now


def test_an_edit_that_is_sent_twice_says_what_is_so_already(office: Office) -> None:
    account = office.account("Jane Green")
    sent = form("Jane Grey", {"name": "Ann", "email": ""}, seen=account_seen(account))
    for _ in range(2):
        assert browser_of(office.owner).post(reverse("account_edit", args=[account.pk]), sent).status_code == 302
    assert account.contacts.count() == 1


def test_a_removed_contact_is_gone_even_when_its_row_was_wrong(office: Office) -> None:
    account = office.account("Jane Green", contacts=[ContactInput("Old Contact")])
    sent = form("Jane Green", {"name": "", "email": "wrong", "DELETE": "on"}, seen=account_seen(account))
    assert browser_of(office.owner).post(reverse("account_edit", args=[account.pk]), sent).status_code == 302
    assert not account.contacts.exists()


def test_archiving_is_a_post_and_can_be_taken_back(office: Office) -> None:
    account = office.account()
    olivia = browser_of(office.owner)
    assert olivia.get(reverse("account_archive", args=[account.pk])).status_code == 405
    olivia.post(reverse("account_archive", args=[account.pk]))
    account.refresh_from_db()
    assert account.archived_at is not None
    assert "Archived" in olivia.get(account.get_absolute_url()).content.decode()
    olivia.post(reverse("account_restore", args=[account.pk]))
    account.refresh_from_db()
    assert account.archived_at is None

"""Accounts and contacts: what is kept, what is refused, and who hears of it."""

import pytest

from accounts.models import Account, Tag
from accounts.services import (
    BooksError,
    ContactInput,
    account_archive,
    account_create,
    account_restore,
    account_update,
    contacts_replace,
)
from portal.models import Firm
from tests.accounts.ledgers import Ledger, line, update


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Jane Gray", "JG1"),
        ("Smith & Sons", "SS1"),
        ("José Álvarez", "JA1"),
        ("O'Brien Plumbing", "OP1"),
        ("The Ann Arbor Tea Room", "TAA1"),
        ("李娜", "A1"),
        ("24 Hour Towing", "HT1"),
    ],
)
def test_an_account_gets_its_id_from_its_initials(ledger: Ledger, name: str, code: str) -> None:
    assert account_create(firm=ledger.firm, name=name).code == code


def test_the_next_id_follows_the_highest_of_the_same_initials(ledger: Ledger) -> None:
    account_create(firm=ledger.firm, name="Jane Gray", code="jg7")
    account_create(firm=ledger.firm, name="Jill Gantry", code="JG-OLD")
    assert account_create(firm=ledger.firm, name="Jim Glass").code == "JG8"


def test_ids_of_two_firms_do_not_meet(ledger: Ledger) -> None:
    other = Firm.objects.create(name="Elsewhere")
    assert account_create(firm=other, name="Abe Brown").code == ledger.ann.code == "AB1"


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"name": "  "}, "name", "The name is missing."),
        ({"name": "x" * 601}, "name", "The name has 601 characters; at most 600 are possible."),
        ({"name": "A\x00B"}, "name", "The name holds a character that cannot be kept, such as a line break or a tab."),
        ({"name": "Abe", "type": "robot"}, "type", "Choose Individual, Company or Other."),
        ({"name": "Abe", "code": "AB1"}, "code", "The ID AB1 is taken by Ann Bailey."),
        ({"name": "Abe", "code": "no spaces"}, "code", "An ID consists of letters, digits,"),
        ({"name": "Abe", "code": "ABCDEFGHIJKLM"}, "code", "The ID ABCDEFGHIJKLM is too long"),
        ({"name": "Abe", "contacts": [ContactInput("Eve", "eve@")]}, "contacts", "“eve@” is not an e-mail address."),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(
    ledger: Ledger, values: dict[str, object], field: str, sentence: str
) -> None:
    with pytest.raises(BooksError) as refused:
        account_create(firm=ledger.firm, **values)  # type: ignore[arg-type]
    assert sentence in refused.value.field_errors[field][0]
    assert Account.objects.count() == 1


def test_a_name_that_quickbooks_cannot_hold_is_none_of_the_books_business(ledger: Ledger) -> None:
    assert ledger.client("Acme: West\tLtd").name == "Acme: West\tLtd"


def test_tags_and_people_of_another_firm_are_refused(ledger: Ledger) -> None:
    foreign = Tag.objects.create(firm=Firm.objects.create(name="Elsewhere"), name="VIP")
    with pytest.raises(BooksError, match=r"not one of this firm"):
        account_update(account=ledger.ann, name="Ann Bailey", type="individual", tags=[foreign], team=[])


def test_a_rename_leaves_the_revisions_of_documents_alone(ledger: Ledger, heard: list[list[int]]) -> None:
    invoice = ledger.bill("100")
    heard.clear()
    account_update(account=ledger.ann, name="Ann Carter", type="company", tags=[], team=[ledger.owner])
    invoice.refresh_from_db()
    assert (invoice.revision, invoice.account.name) == (1, "Ann Carter")
    assert heard == [[ledger.ann.pk]]


def test_an_archived_account_takes_no_new_documents_until_it_is_restored(ledger: Ledger) -> None:
    invoice = ledger.bill("100")
    account_archive(account=ledger.ann)
    with pytest.raises(BooksError, match=r"Ann Bailey is archived. Restore the account first."):
        ledger.bill("50")
    with pytest.raises(BooksError, match=r"is archived"):
        ledger.pay("50", (invoice, "50"))
    assert update(invoice, lines=[line("1", "90")]).revision == 2
    account_restore(account=ledger.ann)
    ledger.pay("50", (invoice, "50"))


def test_archiving_twice_is_announced_once(ledger: Ledger, heard: list[list[int]]) -> None:
    account_archive(account=ledger.ann)
    account_archive(account=ledger.ann)
    assert heard == [[ledger.ann.pk]]


def test_the_first_contact_is_the_primary_one_unless_another_is_marked(ledger: Ledger) -> None:
    contacts = contacts_replace(account=ledger.ann, contacts=[ContactInput("Zed"), ContactInput("Bea")])
    assert [(contact.name, contact.is_primary) for contact in contacts] == [("Zed", True), ("Bea", False)]
    contacts = contacts_replace(
        account=ledger.ann, contacts=[ContactInput("Zed"), ContactInput("Bea", "bea@example.com", is_primary=True)]
    )
    assert [(contact.name, contact.is_primary) for contact in contacts] == [("Bea", True), ("Zed", False)]


def test_two_primary_contacts_are_refused_and_the_old_ones_stay(ledger: Ledger) -> None:
    contacts_replace(account=ledger.ann, contacts=[ContactInput("Zed")])
    with pytest.raises(BooksError, match=r"Only one contact"):
        contacts_replace(
            account=ledger.ann, contacts=[ContactInput("A", is_primary=True), ContactInput("B", is_primary=True)]
        )
    assert [contact.name for contact in ledger.ann.contacts.all()] == ["Zed"]

"""The corpus of names: what becomes of an account of each name in a real sync, beside what QuickBooks holds."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Any

import pytest

from accounts import services as books
from accounts.models import Account
from accounts.services import BooksError
from qbsync.models import Customer
from tests.qbsync.conftest import Office

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Name:
    """One row of the table: an account's name, what is in QuickBooks, and what the account says after a sync."""

    what: str
    account: str
    there: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    status: str = "synced"
    reason: str = ""


def customers(*names: str, **more: Any) -> dict[str, list[dict[str, Any]]]:
    return {"Customer": [{"DisplayName": name, **more} for name in names]}


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


_PARENT = {"Id": "9001", "DisplayName": "Pine"}
_CHILD = {"DisplayName": "Cone", "ParentRef": {"value": "9001"}, "Job": True}
CORPUS = [
    Name("apostrophe", "O'Brien", customers("O'Brien")),
    Name("typographic apostrophe here", "O’Malley", customers("O'Malley")),
    Name("typographic apostrophe there", "O'Hara", customers("O’Hara")),
    Name("ampersand", "AT&T", customers("AT&T")),
    Name("ampersand is not and", "Fox & Son", customers("Fox and Son"), "failed", "no_match"),
    Name("dash", "A – B", customers("A - B")),
    Name("colon", "Acme: West", {}, "failed", "name_invalid"),
    Name("composed here", _nfc("José Ruiz"), customers(_nfd("José Ruiz"))),
    Name("composed there", _nfd("Zoë Bell"), customers(_nfc("Zoë Bell"))),
    Name("an accent is a letter of its own", "Jose Diaz", customers("José Díaz"), "failed", "no_match"),
    Name("no-break space", "Blue Sky", customers("Blue\N{NO-BREAK SPACE}Sky")),
    Name("double space", "Green Field", customers("Green  Field")),
    Name("case", "red barn LLC", customers("Red Barn LLC")),
    Name("other scripts", "中文", customers("中文")),
    Name("500 characters", "x" * 500, customers("X" * 500)),
    Name("501 characters", "y" * 501, {}, "failed", "name_invalid"),
    Name("trailing backslash", "Back\\", customers("Back\\")),
    Name("inactive", "Gone Ltd", customers("Gone Ltd", Active=False), "failed", "held_by_inactive"),
    Name("sub-customer", "Cone", {"Customer": [_PARENT, _CHILD]}, "failed", "held_by_customer"),
    Name("vendor", "Cal Telephone", {"Vendor": [{"DisplayName": "Cal Telephone"}]}, "failed", "held_by_vendor"),
    Name("employee", "Emma Stone", {"Employee": [{"DisplayName": "Emma Stone"}]}, "failed", "held_by_employee"),
    Name("two that fold to the same", "Twin O'Day", customers("Twin O'Day", "Twin O’Day"), "failed", "several_matches"),
    Name("nobody", "Nobody Inc", {}, "failed", "no_match"),
]  # fmt: skip


def test_every_name_of_the_corpus_gets_what_the_table_says(office: Office) -> None:
    accounts = {name.what: _account(office, name.account) for name in CORPUS}
    there: dict[str, list[dict[str, Any]]] = {}
    for name in CORPUS:
        for kind, rows in name.there.items():
            there.setdefault(kind, []).extend(rows)
    office.connect(scope="all", **there)
    before = len(office.remote("Customer"))
    office.sync()
    found = {what: (office.row(one).status, office.row(one).reason) for what, one in accounts.items()}
    assert found == {name.what: (name.status, name.reason) for name in CORPUS}
    assert len(office.remote("Customer")) == before, "nothing is created unasked"


def test_a_customer_that_is_linked_already_is_not_linked_again(office: Office) -> None:
    first = office.account("Acme")
    office.connect(Customer=[{"DisplayName": "Acme"}], scope="all")
    office.sync()
    books.account_update(account=first, name="Acme Holdings", type=first.type, tags=[], team=[])
    second = office.account("ACME")
    office.sync()
    row = office.row(second)
    assert (row.status, row.reason, row.detail["account"]) == (
        "failed",
        "customer_taken",
        f"Acme Holdings ({first.code})",
    )
    assert Customer.objects.get().links.get().account == first


def _account(office: Office, name: str) -> Account:
    try:
        return office.account(name)
    except BooksError as refused:  # the portal itself takes fewer names than the table has
        pytest.fail(f"{name[:40]!r}: {refused}")

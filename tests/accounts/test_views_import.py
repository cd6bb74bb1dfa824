"""Clients > Import: what a file would do is shown first; it is imported as a whole when that is confirmed."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from tests.portal.people import Office, browser_of, open_office

GOOD = "ID,Name,Type\nJG2,Jane Green,Individual\nSS1,Smith & Sons,Company\n"


@pytest.fixture
def office(db: None) -> Office:
    return open_office()


def upload(browser: Client, content: str, kind: str = "accounts") -> Any:
    file = SimpleUploadedFile("clients.csv", content.encode(), "text/csv")
    return browser.post(reverse("books_import"), {"kind": kind, "file": file})


def test_a_good_file_is_counted_first_and_imported_when_confirmed(office: Office) -> None:
    office.account("Jane Green", code="JG2")
    olivia = browser_of(office.owner)
    report = upload(olivia, GOOD)["Location"]
    page = olivia.get(report).content.decode()
    assert "Nothing was changed yet." in page
    assert Account.objects.count() == 1
    page = olivia.post(report, follow=True).content.decode()
    assert "Accounts imported: 1 added, 0 changed, 1 as before." in page
    assert set(Account.objects.values_list("name", flat=True)) == {"Jane Green", "Smith & Sons"}


def test_bad_rows_are_named_by_line_and_reason_and_nothing_is_imported(office: Office) -> None:
    olivia = browser_of(office.owner)
    report = upload(olivia, "ID,Name,Type\nJG2,Jane Green,Individual\nSS1,,Company\nX1,<b>Bold</b>,Bank\n")["Location"]
    page = olivia.post(report).content.decode()
    assert "This file cannot be imported as it is." in page
    assert 'data-label="Line">3<' in page
    assert 'data-label="Line">4<' in page
    assert "<b>Bold" not in page
    assert not Account.objects.exists()


@pytest.mark.parametrize("content", ["", "\x00\x01\x02", "no,such,columns\n1,2,3\n"])
def test_a_file_that_is_no_table_is_refused_with_a_sentence(office: Office, content: str) -> None:
    olivia = browser_of(office.owner)
    page = olivia.get(upload(olivia, content)["Location"]).content.decode()
    assert "This file cannot be imported as it is." in page


def test_a_missing_file_is_said_at_its_field(office: Office) -> None:
    answer = browser_of(office.owner).post(reverse("books_import"), {"kind": "accounts"})
    assert answer.status_code == 422
    assert 'id="id_file_error"' in answer.content.decode()


def test_confirming_twice_imports_once_and_says_that_the_file_is_gone(office: Office) -> None:
    olivia = browser_of(office.owner)
    report = upload(olivia, GOOD)["Location"]
    olivia.post(report)
    page = olivia.post(report, follow=True).content.decode()
    assert "The file is no longer here." in page
    assert Account.objects.count() == 2


def test_a_waiting_file_is_seen_by_the_person_who_sent_it_alone(office: Office) -> None:
    report = upload(browser_of(office.owner), GOOD)["Location"]
    for other in (office.admin, office.stranger):
        assert browser_of(other).post(report)["Location"] == reverse("books_import")
    assert not Account.objects.exists()


def test_an_employee_cannot_import(office: Office) -> None:
    emma = browser_of(office.employee)
    assert emma.get(reverse("books_import")).status_code == 403
    assert upload(emma, GOOD).status_code == 403


def test_an_empty_file_with_the_right_columns_can_be_downloaded(office: Office) -> None:
    olivia = browser_of(office.owner)
    answer = olivia.get(reverse("books_import_template", args=["accounts"]))
    assert answer.content.decode().startswith("ID,Name,Type,")
    assert olivia.get(reverse("books_import_template", args=["nonsense"])).status_code == 404

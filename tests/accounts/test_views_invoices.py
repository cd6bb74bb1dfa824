"""An account's Invoices tab, an invoice's page, and the forms that record, change and void one."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Account, Invoice, Service
from accounts.services import LineInput, account_archive, invoice_record, payment_record
from tests.portal.people import Office, browser_of, open_office

DAY = date(2026, 3, 2)


@pytest.fixture
def office(db: None) -> Office:
    return open_office()


@pytest.fixture
def account(office: Office) -> Account:
    return office.account("Jane Green", team=[office.employee])


def bill(account: Account, rate: str = "100.00", number: str = "") -> Invoice:
    line = LineInput(None, "Tax return", Decimal(1), Decimal(rate))
    return invoice_record(account=account, number=number, date=DAY, lines=[line])


def form(*lines: dict[str, str], **values: str) -> dict[str, Any]:
    """What a browser sends of the invoice's form."""
    rows = {f"lines-{n}-{key}": value for n, line in enumerate(lines) for key, value in line.items()}
    management = {"lines-TOTAL_FORMS": str(len(lines)), "lines-INITIAL_FORMS": "0"}
    return {"number": "", "date": "2026-03-02", "due_date": "", "memo": "", **management, **rows, **values}


def line(description: str = "Advice", quantity: str = "2", rate: str = "180.00", **values: str) -> dict[str, str]:
    return {"service": "", "description": description, "quantity": quantity, "rate": rate, **values}


def test_the_list_shows_each_invoice_with_its_sums_and_its_quickbooks_status(office: Office, account: Account) -> None:
    invoice = bill(account, "1250.00")
    payment_record(account=account, date=DAY, amount=Decimal(50), allocations={invoice.pk: Decimal(50)})
    page = browser_of(office.employee).get(reverse("account_invoices", args=[account.pk])).content.decode()
    for shown in (invoice.number, "Mar 2, 2026", "$1,250.00", "$50.00", "$1,200.00", "Partly paid", "Not synced"):
        assert shown in page
    assert reverse("invoice_create", args=[account.pk]) not in page


def test_an_invoice_of_another_account_is_not_found_under_this_one(office: Office, account: Account) -> None:
    other = bill(office.account("Someone Else"))
    olivia = browser_of(office.owner)
    for name in ("invoice_info", "invoice_edit", "invoice_void", "invoice_delete"):
        assert olivia.get(reverse(name, args=[account.pk, other.pk])).status_code == 404
        assert browser_of(office.stranger).get(reverse(name, args=[other.account_id, other.pk])).status_code == 404


def test_recording_an_invoice_numbers_it_and_adds_up_its_lines(office: Office, account: Account) -> None:
    service = Service.objects.create(firm=office.firm, name="Payroll", rate=Decimal(95))
    sent = form(line(), line("", "1.5", "95.00", service=str(service.pk)), due_date="2026-04-01")
    answer = browser_of(office.admin).post(reverse("invoice_create", args=[account.pk]), sent)
    invoice = Invoice.objects.get()
    assert answer["Location"] == reverse("account_invoices", args=[account.pk])
    assert invoice.total == Decimal("502.50")
    assert [each.service for each in invoice.lines.all()] == [None, service]


def test_sales_tax_is_entered_beside_the_lines_that_bear_it(office: Office, account: Account) -> None:
    sent = form(line(taxable="on"), line("Filing", "1", "40.00"), tax="29.70")
    browser_of(office.admin).post(reverse("invoice_create", args=[account.pk]), sent)
    invoice = Invoice.objects.get()
    assert (invoice.tax, invoice.total) == (Decimal("29.70"), Decimal("429.70"))
    assert [each.taxable for each in invoice.lines.all()] == [True, False]
    page = browser_of(office.admin).get(reverse("invoice_info", args=[account.pk, invoice.pk])).content.decode()
    assert "$29.70" in page
    edit = browser_of(office.admin).get(reverse("invoice_edit", args=[account.pk, invoice.pk])).content.decode()
    assert 'value="29.70"' in edit
    assert edit.count("checked") == 1


def test_without_sales_tax_nothing_is_said_of_it(office: Office, account: Account) -> None:
    invoice = bill(account)
    page = browser_of(office.admin).get(reverse("invoice_info", args=[account.pk, invoice.pk])).content.decode()
    assert "Sales tax" not in page
    assert "Taxable" not in page


def test_a_service_proposes_whether_its_line_is_taxable(office: Office, account: Account) -> None:
    Service.objects.create(firm=office.firm, name="Forms", rate=Decimal(5), taxable=True)
    Service.objects.create(firm=office.firm, name="Advice", rate=Decimal(9))
    page = browser_of(office.admin).get(reverse("invoice_create", args=[account.pk])).content.decode()
    assert page.count("data-proposed-taxable>Forms") == 2  # the row, and the template of further ones
    assert page.count("data-proposed-taxable") == 2


def test_rows_left_empty_or_removed_count_for_nothing(office: Office, account: Account) -> None:
    empty = {"service": "", "description": "", "quantity": "1", "rate": ""}
    removed = line("Gone", "nonsense", "x", DELETE="on")
    browser_of(office.owner).post(reverse("invoice_create", args=[account.pk]), form(line(), empty, removed))
    assert [each.description for each in Invoice.objects.get().lines.all()] == ["Advice"]


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (form(), "An invoice needs at least one line."),
        (form(line("", "1", "5")), "Choose a service or describe the line."),
        (form(line(quantity="0")), "The quantity must be more than zero."),
        (form(line(rate="1e30")), "id_lines-0-rate_error"),
        (form(line(), tax="8.25"), "There is sales tax, but no line is taxable."),
        (form(line(), tax="8.255"), "id_tax_error"),
        (form(line(), tax="x"), "id_tax_error"),
        (form(line(), due_date="2026-01-01"), "before the invoice"),
        (form(line(), date="2026-02-31"), "id_date_error"),
        (form(line(), date=""), "id_date_error"),
        (form(line(service="999999")), "id_lines-0-service_error"),
        (form(line()) | {"lines-TOTAL_FORMS": "x"}, "Nothing was saved yet."),
    ],
)
def test_a_wrong_invoice_is_refused_with_what_is_wrong_and_nothing_saved(
    office: Office, account: Account, sent: dict[str, Any], sentence: str
) -> None:
    answer = browser_of(office.owner).post(reverse("invoice_create", args=[account.pk]), sent)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Invoice.objects.exists()


def test_a_taken_number_is_refused_at_its_field(office: Office, account: Account) -> None:
    bill(account, number="INV-7")
    answer = browser_of(office.owner).post(reverse("invoice_create", args=[account.pk]), form(line(), number="INV-7"))
    assert 'id="id_number_error"' in answer.content.decode()
    assert Invoice.objects.count() == 1


def test_an_edit_shows_what_is_there_and_changes_it(office: Office, account: Account) -> None:
    invoice = bill(account)
    address = reverse("invoice_edit", args=[account.pk, invoice.pk])
    olivia = browser_of(office.owner)
    assert 'value="Tax return"' in olivia.get(address).content.decode()
    olivia.post(address, form(line(), number=invoice.number, revision=str(invoice.revision), memo="Thanks"))
    invoice.refresh_from_db()
    assert (invoice.total, invoice.memo, invoice.revision) == (Decimal("360.00"), "Thanks", 2)


def test_another_persons_change_is_never_overwritten(office: Office, account: Account) -> None:
    invoice = bill(account)
    address = reverse("invoice_edit", args=[account.pk, invoice.pk])
    seen = form(line(), number=invoice.number, revision="1", memo="Olivia was here")
    browser_of(office.owner).post(address, seen)
    answer = browser_of(office.admin).post(address, seen | {"memo": "Adam was here"})
    assert "Someone else has changed invoice" in answer.content.decode()
    invoice.refresh_from_db()
    assert invoice.memo == "Olivia was here"


def test_an_edit_without_the_revision_that_was_seen_is_refused_aloud(office: Office, account: Account) -> None:
    invoice = bill(account)
    address = reverse("invoice_edit", args=[account.pk, invoice.pk])
    answer = browser_of(office.owner).post(address, form(line(), number=invoice.number))
    assert "This page was incomplete." in answer.content.decode()


def test_voiding_asks_first_and_then_keeps_the_invoice_as_void(office: Office, account: Account) -> None:
    invoice = bill(account)
    address = reverse("invoice_void", args=[account.pk, invoice.pk])
    olivia = browser_of(office.owner)
    assert f"Void invoice {invoice.number}?" in olivia.get(address).content.decode()
    dialog = olivia.get(address, headers={"HX-Request": "true", "HX-Target": "dialog"}).content.decode()
    assert "<html" not in dialog
    invoice.refresh_from_db()
    assert not invoice.is_void
    page = olivia.post(address, follow=True).content.decode()
    assert f"Invoice {invoice.number} is void." in page
    again = olivia.post(address, follow=True).content.decode()
    assert "is void already" in again


def test_deleting_asks_first_and_then_the_invoice_is_gone(office: Office, account: Account) -> None:
    invoice = bill(account)
    address = reverse("invoice_delete", args=[account.pk, invoice.pk])
    olivia = browser_of(office.owner)
    question = olivia.get(address).content.decode()
    assert f"Delete invoice {invoice.number}?" in question
    assert "its number can be used again" in question
    page = olivia.post(address, follow=True).content.decode()
    assert f"Invoice {invoice.number} was deleted." in page
    assert not Invoice.objects.exists()
    assert olivia.get(reverse("invoice_info", args=[account.pk, invoice.pk])).status_code == 404
    assert olivia.post(address).status_code == 404


def test_an_employee_cannot_record_change_or_void(office: Office, account: Account) -> None:
    invoice = bill(account)
    emma = browser_of(office.employee)
    assert emma.get(reverse("invoice_info", args=[account.pk, invoice.pk])).status_code == 200
    assert emma.post(reverse("invoice_create", args=[account.pk]), form(line())).status_code == 403
    for name in ("invoice_edit", "invoice_void", "invoice_delete"):
        assert emma.post(reverse(name, args=[account.pk, invoice.pk]), form(line())).status_code == 403
    assert Invoice.objects.get().voided_at is None


def test_an_archived_account_is_not_billed(office: Office, account: Account) -> None:
    account_archive(account=account)
    answer = browser_of(office.owner).post(reverse("invoice_create", args=[account.pk]), form(line()))
    assert "is archived. Restore the account first." in answer.content.decode()

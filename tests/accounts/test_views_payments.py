"""An account's Payments tab, a payment's page, and the forms that record, change and void one."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Account, Invoice, Payment
from accounts.services import LineInput, invoice_record, payment_record
from tests.portal.people import Office, browser_of, open_office

DAY = date(2026, 3, 2)


@pytest.fixture
def office(db: None) -> Office:
    return open_office()


@pytest.fixture
def account(office: Office) -> Account:
    return office.account("Jane Green", team=[office.employee])


@pytest.fixture
def invoice(account: Account) -> Invoice:
    return invoice_record(account=account, date=DAY, lines=[LineInput(None, "Tax return", Decimal(1), Decimal(100))])


def form(amount: str = "100.00", **values: str) -> dict[str, Any]:
    """What a browser sends of the payment's form, a cleared checkbox left out."""
    plain = {"amount": amount, "date": "2026-03-05", "method": "check", "reference": "1042", "number": "", "memo": ""}
    return plain | values


def test_the_list_shows_each_payment_with_what_it_pays(office: Office, account: Account, invoice: Invoice) -> None:
    payment_record(
        account=account, date=DAY, amount=Decimal(130), reference="1042", allocations={invoice.pk: Decimal(100)}
    )
    page = browser_of(office.employee).get(reverse("account_payments", args=[account.pk])).content.decode()
    for shown in ("PAY-1001", "Mar 2, 2026", "Check", "1042", "$130.00", "$100.00", "$30.00", "Partly allocated"):
        assert shown in page
    assert reverse("payment_create", args=[account.pk]) not in page


def test_recording_a_payment_pays_the_invoices_that_were_given_a_part(
    office: Office, account: Account, invoice: Invoice
) -> None:
    sent = form("130.00", sync_to_quickbooks="on", **{f"pay-{invoice.pk}": "100.00"})
    answer = browser_of(office.admin).post(reverse("payment_create", args=[account.pk]), sent)
    assert answer["Location"] == reverse("account_payments", args=[account.pk])
    invoice.refresh_from_db()
    payment = Payment.objects.get()
    assert (payment.amount, payment.sync_to_quickbooks, invoice.paid) == (Decimal(130), True, Decimal(100))


def test_a_cleared_checkbox_keeps_the_payment_out_of_quickbooks(office: Office, account: Account) -> None:
    olivia = browser_of(office.owner)
    page = olivia.get(reverse("payment_create", args=[account.pk])).content.decode()
    assert "Sync this payment to QuickBooks Online" in page
    assert 'id="id_sync_to_quickbooks" checked' in page
    olivia.post(reverse("payment_create", args=[account.pk]), form())
    assert Payment.objects.get().sync_to_quickbooks is False


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"amount": "0"}, "The amount must be more than zero."),
        ({"amount": "50.00", "part": "100.00"}, "more than the payment"),
        ({"amount": "300.00", "part": "200.00"}, "left to pay"),
        ({"amount": "NaN"}, "id_amount_error"),
        ({"amount": "1.005"}, "id_amount_error"),
        ({"date": "soon"}, "id_date_error"),
        ({"method": "gold"}, "id_method_error"),
        ({"part": "-5"}, "must be more than zero"),
        ({"part": "many"}, "_error"),
    ],
)
def test_a_wrong_payment_is_refused_with_what_is_wrong_and_nothing_saved(
    office: Office, account: Account, invoice: Invoice, changes: dict[str, str], sentence: str
) -> None:
    part = {f"pay-{invoice.pk}": changes.pop("part")} if "part" in changes else {}
    answer = browser_of(office.owner).post(reverse("payment_create", args=[account.pk]), form() | changes | part)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Payment.objects.exists()
    invoice.refresh_from_db()
    assert invoice.paid == 0


def test_a_part_for_an_invoice_that_the_form_no_longer_has_is_refused(
    office: Office, account: Account, invoice: Invoice
) -> None:
    other = office.account("Someone Else")
    foreign = invoice_record(account=other, date=DAY, lines=[LineInput(None, "Work", Decimal(1), Decimal(100))])
    payment_record(account=account, date=DAY, amount=invoice.total, allocations={invoice.pk: invoice.total})
    for gone in (foreign, invoice):
        sent = form(**{f"pay-{gone.pk}": "100.00"})
        answer = browser_of(office.owner).post(reverse("payment_create", args=[account.pk]), sent)
        assert answer.status_code == 422
        assert "can no longer be paid" in answer.content.decode()
    assert Payment.objects.count() == 1


def test_a_form_that_is_sent_twice_records_one_payment(office: Office, account: Account, invoice: Invoice) -> None:
    olivia, address = browser_of(office.owner), reverse("payment_create", args=[account.pk])
    key = re.search(r'name="once" value="([^"]+)"', olivia.get(address).content.decode())
    assert key
    sent = form(once=key[1], **{f"pay-{invoice.pk}": "100.00"})
    assert olivia.post(address, sent | {"amount": "0"}).status_code == 422
    olivia.post(address, sent)
    again = olivia.post(address, sent, follow=True)
    assert "There is one." in again.content.decode()
    assert Payment.objects.count() == 1


def test_an_edit_starts_from_what_the_payment_pays_and_may_move_it(
    office: Office, account: Account, invoice: Invoice
) -> None:
    second = invoice_record(account=account, date=DAY, lines=[LineInput(None, "More", Decimal(1), Decimal(60))])
    payment = payment_record(account=account, date=DAY, amount=Decimal(100), allocations={invoice.pk: Decimal(100)})
    address = reverse("payment_edit", args=[account.pk, payment.pk])
    olivia = browser_of(office.owner)
    assert 'value="100.00"' in olivia.get(address).content.decode()
    parts = {f"pay-{invoice.pk}": "40.00", f"pay-{second.pk}": "60.00"}
    olivia.post(address, form(number=payment.number, revision=str(payment.revision), **parts))
    for each, paid in ((invoice, 40), (second, 60)):
        each.refresh_from_db()
        assert each.paid == paid


def test_another_persons_change_is_never_overwritten(office: Office, account: Account) -> None:
    payment = payment_record(account=account, date=DAY, amount=Decimal(100), allocations={})
    address = reverse("payment_edit", args=[account.pk, payment.pk])
    seen = form("90.00", number=payment.number, revision="1")
    browser_of(office.owner).post(address, seen)
    answer = browser_of(office.admin).post(address, seen | {"amount": "80.00"})
    assert answer.status_code == 422
    payment.refresh_from_db()
    assert payment.amount == Decimal("90.00")


def test_voiding_a_payment_opens_its_invoices_again(office: Office, account: Account, invoice: Invoice) -> None:
    payment = payment_record(account=account, date=DAY, amount=Decimal(100), allocations={invoice.pk: Decimal(100)})
    address = reverse("payment_void", args=[account.pk, payment.pk])
    olivia = browser_of(office.owner)
    assert "are open again" in olivia.get(address).content.decode()
    page = olivia.post(address, follow=True).content.decode()
    assert f"Payment {payment.number} is void." in page
    invoice.refresh_from_db()
    assert invoice.paid == 0


def test_an_employee_cannot_record_change_or_void(office: Office, account: Account) -> None:
    payment = payment_record(account=account, date=DAY, amount=Decimal(100), allocations={})
    emma = browser_of(office.employee)
    assert emma.get(reverse("payment_info", args=[account.pk, payment.pk])).status_code == 200
    assert emma.post(reverse("payment_create", args=[account.pk]), form()).status_code == 403
    for name in ("payment_edit", "payment_void", "payment_delete"):
        assert emma.post(reverse(name, args=[account.pk, payment.pk]), form()).status_code == 403
    assert Payment.objects.get().voided_at is None


def test_a_payment_of_another_firm_does_not_exist(office: Office, account: Account) -> None:
    payment = payment_record(account=account, date=DAY, amount=Decimal(100), allocations={})
    for name in ("payment_info", "payment_edit", "payment_void", "payment_delete"):
        assert browser_of(office.stranger).get(reverse(name, args=[account.pk, payment.pk])).status_code == 404

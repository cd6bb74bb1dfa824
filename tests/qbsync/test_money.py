"""Tax and currency from the books to QuickBooks and back: what is sent, what is refused, what came out differently."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import services as books
from accounts.models import Account, Invoice
from qbsync import services
from qbsync.models import Connection, Customer, InvoiceSync, PaymentSync
from qbsync.states import DocumentReason
from qbsync.wording import explain_document
from tests.qbsync.conftest import DAY, Office

NUMBERED = {"SalesFormsPrefs": {"CustomTxnNumbers": True}}
AUTOMATED = {**NUMBERED, "TaxPrefs": {"UsingSalesTax": True, "PartnerTaxEnabled": True}}
BY_CODE = {**NUMBERED, "TaxPrefs": {"UsingSalesTax": True, "PartnerTaxEnabled": False}}
ACME = [{"DisplayName": "Acme"}]
CODES = [
    {"Id": "7", "Name": "20.0% S", "SalesTaxRateList": {"TaxRateDetail": [{"TaxRateRef": {"value": "7"}}]}},
    {"Id": "9", "Name": "No VAT"},
]
VAT = [{"Id": "7", "Name": "20% S", "RateValue": 20, "AgencyRef": {"value": "1"}}]


def taxed(office: Office, account: Account, tax: str = "8.25", number: str = "") -> Invoice:
    """An invoice of a taxable line of 100.00 and one of 50.00 that is not, with this tax."""
    lines = [
        books.LineInput(None, "Forms", Decimal(1), Decimal(100), taxable=True),
        books.LineInput(None, "Advice", Decimal("2.5"), Decimal(20)),
    ]
    return books.invoice_record(account=account, date=DAY, number=number, lines=lines, tax=Decimal(tax))


def change(invoice: Invoice, **values: Any) -> None:
    """Change the invoice as a form does that was opened just now."""
    invoice.refresh_from_db()
    lines = [
        books.LineInput(each.service, each.description, each.quantity, each.rate, each.taxable)
        for each in invoice.lines.all()
    ]
    given: dict[str, Any] = {
        "number": invoice.number,
        "date": invoice.date,
        "due_date": None,
        "memo": "",
        "lines": lines,
    }
    books.invoice_update(invoice=invoice, expected_revision=invoice.revision, **(given | values))


def standing(invoice: Invoice) -> tuple[str, str]:
    """Status and sentence of the invoice in the sync."""
    row = InvoiceSync.objects.get(document=invoice)
    return row.status, explain_document(row.reason, row.detail)[0]


def total(remote: dict[str, Any]) -> Decimal:
    """What QuickBooks' document comes to."""
    return Decimal(str(remote["TotalAmt"]))


def test_taxable_lines_and_the_tax_arrive_and_the_payment_pays_the_whole(office: Office) -> None:
    acme = office.account("Acme")
    invoice = taxed(office, acme)
    office.payment(acme, invoice)
    office.connect(Customer=ACME, Preferences=AUTOMATED)
    office.sync()
    (remote,) = office.remote("Invoice")
    codes = [line["SalesItemLineDetail"]["TaxCodeRef"]["value"] for line in remote["Line"][:2]]
    assert (codes, total(remote), remote["Balance"]) == (["TAX", "NON"], Decimal("158.25"), 0)
    assert standing(invoice) == ("synced", "")
    assert PaymentSync.objects.get().status == "synced"


def test_a_change_of_the_tax_follows_and_none_takes_it_off(office: Office) -> None:
    invoice = taxed(office, office.account("Acme"))
    office.connect(Customer=ACME, Preferences=AUTOMATED)
    office.sync()
    change(invoice, tax=Decimal("9.00"))
    office.sync()
    assert [total(one) for one in office.remote("Invoice")] == [Decimal(159)]
    change(invoice, tax=Decimal(0), lines=[books.LineInput(None, "Forms", Decimal(1), Decimal(100))])
    office.sync()
    assert [total(one) for one in office.remote("Invoice")] == [Decimal(100)]
    assert standing(invoice) == ("synced", "")


def test_tax_that_quickbooks_computes_otherwise_is_said_and_never_hidden(office: Office) -> None:
    invoice = taxed(office, office.account("Acme"))
    office.connect(Customer=ACME, Preferences=AUTOMATED, options={"automated_tax": "recompute"})
    office.sync()
    said = "It comes to 158.00 in QuickBooks, but to 158.25 here, of that 8.25 sales tax."
    assert standing(invoice) == ("failed", said)
    services.document_sync(document=invoice, by=office.alice)
    office.sync()
    assert standing(invoice) == ("failed", said), "a retry does not make it synced"
    change(invoice, tax=Decimal("8.00"))
    office.sync()
    assert standing(invoice) == ("synced", "")
    assert [total(one) for one in office.remote("Invoice")] == [Decimal(158)]


def test_a_lost_answer_is_compared_as_well(office: Office) -> None:
    invoice = taxed(office, office.account("Acme"))
    office.connect(Customer=ACME, Preferences=AUTOMATED, options={"automated_tax": "recompute"})
    planned = {"match": {"endpoint": "batch", "entity": "Invoice"}, "kind": "drop_after_commit"}
    office.simulator.faults(office.realm, planned)
    office.sync(patience_s=60)
    assert InvoiceSync.objects.get().reason == DocumentReason.TOTAL_DIFFERS
    assert len(office.remote("Invoice")) == 1
    assert standing(invoice)[0] == "failed"


def test_tax_is_refused_where_the_company_has_none_until_it_is_set_up(office: Office) -> None:
    acme = office.account("Acme")
    invoice, plain = taxed(office, acme), office.invoice(acme)
    payment = office.payment(acme, invoice)
    office.connect(Customer=ACME)
    office.sync()
    assert [one["DocNumber"] for one in office.remote("Invoice")] == [plain.number]
    refused = "It has 8.25 sales tax, but sales tax is not set up in the QuickBooks company."
    assert standing(invoice) == ("failed", refused)
    assert PaymentSync.objects.get(document=payment).reason == DocumentReason.WAITS_FOR_INVOICE
    office.simulator.change(office.realm, "Preferences", "1", TaxPrefs=AUTOMATED["TaxPrefs"])
    office.connection.refresh_from_db()
    office.connection.company_read_at = None
    office.connection.save()
    services.document_sync(document=invoice, by=office.alice)
    office.sync()
    assert standing(invoice) == ("synced", "")
    assert len(office.remote("Payment")) == 1


def test_an_equal_invoice_in_quickbooks_is_adopted_by_its_total_with_tax(office: Office) -> None:
    invoice = taxed(office, office.account("Acme"), number="A-7")
    line = {
        "Amount": 150, "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "TAX"}},
    }  # fmt: skip
    there = {"DocNumber": "A-7", "CustomerRef": {"value": "58"}, "Line": [line], "TxnTaxDetail": {"TotalTax": 8.25}}
    office.connect(Customer=[{"Id": "58", "DisplayName": "Acme"}], Preferences=AUTOMATED, Invoice=[there])
    office.sync()
    assert len(office.remote("Invoice")) == 1
    assert standing(invoice) == ("synced", "")


def test_a_company_with_rates_of_its_own_needs_a_tax_code_for_taxable_lines(office: Office) -> None:
    acme = office.account("Acme")
    invoice, plain = taxed(office, acme, tax="8.00"), office.invoice(acme)
    office.connect(Customer=ACME, Preferences=BY_CODE)
    office.sync()
    assert (standing(invoice)[0], standing(plain)[0]) == ("failed", "synced")
    assert InvoiceSync.objects.get(document=invoice).reason == DocumentReason.TAX_CODE_MISSING
    choose(office, taxable=("2", "California"))
    office.sync()
    assert standing(invoice) == ("synced", "")
    assert total(next(one for one in office.remote("Invoice") if one["DocNumber"] == invoice.number)) == 158


def test_outside_the_us_lines_go_with_the_chosen_codes(office: Office) -> None:
    acme = office.account("Acme")
    invoice = taxed(office, acme, tax="20.00")
    office.payment(acme, invoice)
    type(office.firm).objects.update(currency="GBP")
    currency = {"CurrencyPrefs": {"HomeCurrency": {"value": "GBP"}}}
    office.connect(
        Customer=ACME, country="GB", Preferences={**BY_CODE, **currency}, TaxRate=VAT, TaxCode=CODES,
    )  # fmt: skip
    office.sync()
    assert office.remote("Invoice") == []
    assert InvoiceSync.objects.get().reason == DocumentReason.TAX_CODE_MISSING
    choose(office, taxable=("7", "20.0% S"), exempt=("9", "No VAT"))
    office.sync()
    (remote,) = office.remote("Invoice")
    codes = [line["SalesItemLineDetail"]["TaxCodeRef"]["value"] for line in remote["Line"][:2]]
    assert (codes, total(remote), remote["GlobalTaxCalculation"]) == (["7", "9"], Decimal(170), "TaxExcluded")
    assert standing(invoice) == ("synced", "")
    assert len(office.remote("Payment")) == 1


def test_documents_of_a_customer_in_another_currency_are_refused_and_those_of_others_go(office: Office) -> None:
    acme, rhein = office.account("Acme", invoices=1, payments=1), office.account("Rhein AG", invoices=1)
    office.payment(rhein, amount="25.00")
    currencies = {"MultiCurrencyEnabled": True, "HomeCurrency": {"value": "USD"}}
    office.connect(
        Customer=[*ACME, {"DisplayName": "Rhein AG", "CurrencyRef": {"value": "EUR"}}],
        Preferences={**NUMBERED, "CurrencyPrefs": currencies},
    )
    office.sync()
    assert Customer.objects.get(display_name="Rhein AG").currency == "EUR"
    assert office.row(rhein).status == "synced"
    refused = InvoiceSync.objects.get(account=rhein)
    assert (refused.status, refused.reason) == ("failed", DocumentReason.CUSTOMER_CURRENCY)
    assert PaymentSync.objects.get(account=rhein).reason == DocumentReason.CUSTOMER_CURRENCY
    assert "“Rhein AG” is kept in EUR in QuickBooks" in explain_document(refused.reason, refused.detail)[0]
    assert InvoiceSync.objects.get(account=acme).status == "synced"
    assert [one["CurrencyRef"]["value"] for one in office.remote("Invoice")] == ["USD"]
    assert [one["CurrencyRef"]["value"] for one in office.remote("Payment")] == ["USD"]


def test_nothing_is_sent_to_a_company_in_another_currency_than_the_firm(office: Office) -> None:
    office.account("Acme", invoices=1, payments=1)
    currency = {"CurrencyPrefs": {"HomeCurrency": {"value": "CAD"}}}
    office.connect(Customer=ACME, country="CA", Preferences={**NUMBERED, **currency})
    office.sync()
    assert office.remote("Invoice") == []
    assert office.remote("Payment") == []
    assert InvoiceSync.objects.get().reason == DocumentReason.COMPANY_CURRENCY


def test_tax_codes_are_chosen_in_the_settings_and_the_errors_page_leads_there(office: Office) -> None:
    invoice = taxed(office, office.account("Acme"), tax="8.00")
    office.connect(Customer=ACME, Preferences=BY_CODE)
    office.sync()
    browser = Client()
    browser.force_login(office.alice)
    edit = reverse("quickbooks_settings_edit")
    errors = browser.get(reverse("quickbooks_errors"), {"tab": "invoices"}).content.decode()
    assert "none was chosen for them" in errors
    assert f'href="{edit}"' in errors
    page = browser.get(edit).content.decode()
    assert "Tax code for taxable lines" in page
    assert "Tax code for other lines" not in page
    now = Connection.objects.get()
    settings = {"scope": now.scope, "sync_date": str(now.sync_date), "taxable_code": "99"}
    assert "not one of the available choices" in browser.post(edit, settings).content.decode()
    assert browser.post(edit, settings | {"taxable_code": "2"}).status_code == 302
    office.connection.refresh_from_db()
    assert (office.connection.taxable_code_id, office.connection.taxable_code_name) == ("2", "California")
    office.sync()
    assert standing(invoice) == ("synced", "")


def test_where_no_tax_code_is_needed_the_settings_ask_for_none_and_read_nothing(office: Office) -> None:
    office.connect(Customer=ACME, Preferences=AUTOMATED)
    office.sync()
    before = office.requests()
    browser = Client()
    browser.force_login(office.alice)
    assert "Tax code" not in browser.get(reverse("quickbooks_settings_edit")).content.decode()
    assert office.requests() == before


def test_the_dialog_says_beforehand_that_documents_of_a_foreign_customer_cannot_be_sent(office: Office) -> None:
    rhein = office.account("Rhein AG")
    currencies = {"MultiCurrencyEnabled": True, "HomeCurrency": {"value": "USD"}}
    office.connect(
        Customer=[*ACME, {"DisplayName": "Rhein", "CurrencyRef": {"value": "EUR"}}],
        Preferences={**NUMBERED, "CurrencyPrefs": currencies},
    )
    office.invoice(rhein)
    office.sync()
    browser = Client()
    browser.force_login(office.alice)
    page = browser.get(reverse("quickbooks_dialog", args=[rhein.pk]), {"q": "r"}).content.decode()
    assert page.count("Kept in EUR: its invoices and payments cannot be sent") >= 1
    assert "Kept in USD" not in page


@pytest.mark.parametrize("code", ["6100", "6000"])
def test_a_tax_code_that_quickbooks_refuses_is_explained(office: Office, code: str) -> None:
    taxed(office, office.account("Acme"))
    office.connect(Customer=ACME, Preferences=AUTOMATED)
    fault = {"kind": "fault", "code": code, "message": "Invalid Tax Code", "detail": "Tax says no."}
    office.simulator.faults(office.realm, {"match": {"endpoint": "batch_item", "entity": "Invoice"}, **fault})
    office.sync()
    row = InvoiceSync.objects.get()
    assert (row.status, row.detail["code"], row.detail["answer"]) == ("failed", code, "Tax says no.")


def choose(office: Office, *, taxable: tuple[str, str], exempt: tuple[str, str] = ("", "")) -> None:
    """Choose the tax codes in the settings."""
    office.connection.refresh_from_db()
    services.connection_settings_update(
        connection=office.connection, by=office.alice, scope=office.connection.scope,
        sync_date=office.connection.sync_date, sync_manual_payments=True, taxable_code=taxable, exempt_code=exempt,
        expected=(office.connection.scope, office.connection.sync_date),
    )  # fmt: skip

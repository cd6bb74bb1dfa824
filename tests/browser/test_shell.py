"""The portal's own pages in a real browser: filters, forms, menu, narrow screens, an ended session, no JavaScript."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import Account, Invoice, Service
from accounts.services import ContactInput, LineInput, invoice_record
from tests.portal.people import PASSWORD, Office, open_office

SignIn = Callable[..., None]
LONG = "The Extraordinarily Long Name of a Foundation for the Preservation of Historic Lighthouses of the Seaboard"


@pytest.fixture
def office(transactional_db: None) -> Office:
    office = open_office()
    for name in ("Mary Smith", "Smith & Sons", "José Álvarez", LONG):
        kind = "company" if "&" in name else "individual"
        office.account(name, type=kind, contacts=[ContactInput("Pat Doe", "pat@example.com", "+1 555 0100")])
    return office


def names(page: Page) -> list[str]:
    return page.locator(".row-link").all_inner_texts()


def test_the_list_follows_what_is_typed_and_keeps_its_state_in_the_address(
    page: Page, office: Office, sign_in: SignIn
) -> None:
    sign_in("olivia@example.com", PASSWORD)
    page.get_by_label("Search by name or ID").press_sequentially("smith")
    page.wait_for_url("**/clients/accounts/?q=smith")
    expect(page.locator(".row-link")).to_have_count(2)
    page.locator("#filter-type").select_option("company")
    page.wait_for_url("**/?q=smith&type=company")
    expect(page.locator(".row-link")).to_have_text(["Smith & Sons"])
    page.reload()
    assert names(page) == ["Smith & Sons"]
    expect(page.get_by_label("Search by name or ID")).to_have_value("smith")
    page.go_back()
    expect(page.locator(".row-link")).to_have_count(2)


def test_a_heading_clicked_while_the_search_is_under_way_is_not_lost(
    page: Page, office: Office, sign_in: SignIn
) -> None:
    sign_in("olivia@example.com", PASSWORD)
    page.get_by_label("Search by name or ID").fill("smith")
    page.wait_for_url("**/?q=smith")
    page.get_by_role("link", name="Name").click()
    page.wait_for_url("**/?q=smith&sort=-name")
    expect(page.locator(".row-link")).to_have_text(["Smith & Sons", "Mary Smith"])
    expect(page.locator("th[aria-sort=descending]")).to_have_text(re.compile("Name"))


def test_an_invoice_is_written_with_rows_that_add_up_as_they_are_typed(
    page: Page, office: Office, sign_in: SignIn
) -> None:
    Service.objects.create(firm=office.firm, name="Payroll run", rate=Decimal(95))
    account = Account.objects.get(name="Mary Smith")
    sign_in("olivia@example.com", PASSWORD)
    page.goto(f"/clients/accounts/{account.pk}/invoices/new/")
    first, second = page.locator("[data-row]").nth(0), page.locator("[data-row]").nth(1)
    first.get_by_label("Service").select_option(label="Payroll run")
    first.get_by_label("Quantity").fill("3")
    page.get_by_role("button", name="Add line").click()
    second.get_by_label("Description").fill("Advice")
    second.get_by_label("Rate").fill("12.50")
    expect(page.locator("[data-sum]")).to_have_text("297.50")
    page.get_by_role("button", name="Add line").click()
    page.locator("[data-row]").nth(2).get_by_role("button", name="Remove this row").click()
    page.get_by_role("button", name="Record invoice").click()
    expect(page.get_by_role("status")).to_contain_text("was recorded")
    invoice = Invoice.objects.get()
    assert invoice.total == Decimal("297.50")
    assert invoice.lines.count() == 2


def test_a_service_that_is_taxed_ticks_its_line_and_the_tax_adds_to_the_total(
    page: Page, office: Office, sign_in: SignIn
) -> None:
    Service.objects.create(firm=office.firm, name="Binder", rate=Decimal(40), taxable=True)
    Service.objects.create(firm=office.firm, name="Advice", rate=Decimal(60))
    account = Account.objects.get(name="Mary Smith")
    sign_in("olivia@example.com", PASSWORD)
    page.goto(f"/clients/accounts/{account.pk}/invoices/new/")
    first = page.locator("[data-row]").first
    first.get_by_label("Service").select_option(label="Advice")
    expect(first.get_by_label("Taxable")).not_to_be_checked()
    page.get_by_role("button", name="Add line").click()
    page.locator("[data-row]").nth(1).get_by_label("Service").select_option(label="Binder")
    expect(page.locator("[data-row]").nth(1).get_by_label("Taxable")).to_be_checked()
    page.get_by_label("Sales tax").fill("3.55")
    expect(page.locator("[data-sum]")).to_have_text("103.55")
    page.get_by_role("button", name="Record invoice").click()
    expect(page.get_by_role("status")).to_contain_text("was recorded")
    assert Invoice.objects.get().total == Decimal("103.55")


def test_a_payment_is_spread_over_the_oldest_invoices_by_one_button(
    page: Page, office: Office, sign_in: SignIn
) -> None:
    account = Account.objects.get(name="Mary Smith")
    for month, rate in ((1, 100), (2, 80)):
        line = LineInput(None, "Work", Decimal(1), Decimal(rate))
        invoice_record(account=account, date=date(2026, month, 1), lines=[line])
    sign_in("olivia@example.com", PASSWORD)
    page.goto(f"/clients/accounts/{account.pk}/payments/new/")
    page.get_by_label("Amount received").fill("150")
    page.get_by_role("button", name="Pay the oldest first").click()
    assert [field.input_value() for field in page.locator("[data-allocation]").all()] == ["100.00", "50.00"]
    expect(page.locator("[data-rest]")).to_have_text("0.00")
    page.get_by_role("button", name="Record payment").click()
    expect(page.get_by_role("status")).to_contain_text("was recorded")
    assert list(Invoice.objects.order_by("date").values_list("paid", flat=True)) == [Decimal(100), Decimal(50)]


def test_voiding_asks_in_a_dialog_that_the_keyboard_can_leave(page: Page, office: Office, sign_in: SignIn) -> None:
    account = Account.objects.get(name="Mary Smith")
    invoice = invoice_record(
        account=account, date=date(2026, 1, 1), lines=[LineInput(None, "Work", Decimal(1), Decimal(5))]
    )
    sign_in("olivia@example.com", PASSWORD)
    page.goto(f"/clients/accounts/{account.pk}/invoices/{invoice.pk}/")
    page.get_by_role("link", name="Void").click()
    dialog = page.get_by_role("dialog", name=f"Void invoice {invoice.number}?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("link", name="Void").click()
    dialog.get_by_role("button", name="Void the invoice").click()
    expect(page.get_by_role("status")).to_contain_text("is void")


def test_a_session_that_ended_meanwhile_leads_to_sign_in_and_back(page: Page, office: Office, sign_in: SignIn) -> None:
    sign_in("olivia@example.com", PASSWORD)
    page.goto("/clients/accounts/?type=company")
    page.context.clear_cookies()
    page.get_by_label("Search by name or ID").fill("smith")
    page.wait_for_url("**/sign-in/**")
    page.get_by_label("E-mail address").fill("olivia@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/clients/accounts/?type=company")
    assert names(page) == ["Smith & Sons"]


@pytest.mark.parametrize("width", [390, 768, 1024, 1920])
def test_no_page_scrolls_sideways(page: Page, office: Office, sign_in: SignIn, width: int) -> None:
    account = Account.objects.get(name=LONG)
    line = LineInput(None, "Work " * 20, Decimal(1), Decimal("123456789.00"))
    invoice = invoice_record(account=account, number="N" * 40, date=date(2026, 1, 1), lines=[line])
    page.set_viewport_size({"width": width, "height": 800})
    sign_in("olivia@example.com", PASSWORD)
    here = f"/clients/accounts/{account.pk}"
    addresses = ["/clients/accounts/", "/clients/accounts/new/", "/clients/import/", f"{here}/info/", f"{here}/edit/"]
    addresses += [f"{here}/invoices/", f"{here}/invoices/new/", f"{here}/invoices/{invoice.pk}/", f"{here}/payments/"]
    addresses += [f"{here}/payments/new/", f"{here}/activity/", "/settings/integrations/quickbooks/"]
    for address in addresses:
        page.goto(address)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{address} is {wider} px wider than {width} px"


def test_the_menu_of_a_narrow_screen_opens_and_closes(page: Page, office: Office, sign_in: SignIn) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    sign_in("olivia@example.com", PASSWORD)
    link = page.get_by_role("link", name="Integrations")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Open the menu").click()
    expect(link).to_be_visible()
    expect(page.locator("#sidebar")).to_be_focused()
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()


def test_the_first_tab_stop_skips_to_the_content(page: Page, office: Office, sign_in: SignIn) -> None:
    sign_in("olivia@example.com", PASSWORD)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    skip.press("Enter")
    expect(page.locator("main")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_follow_the_systems_scheme(page: Page, office: Office, sign_in: SignIn, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    sign_in("olivia@example.com", PASSWORD)
    expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)


def test_everything_that_a_form_can_do_works_without_javascript(browser: Browser, site: str, office: Office) -> None:
    context = browser.new_context(base_url=site, java_script_enabled=False)
    page = context.new_page()
    page.goto("/sign-in/")
    page.get_by_label("E-mail address").fill("olivia@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Search by name or ID").fill("smith")
    page.get_by_role("button", name="Apply").click()
    assert names(page) == ["Mary Smith", "Smith & Sons"]
    page.get_by_role("link", name="New account").click()
    page.get_by_label("Name").first.fill("Jane Green")
    page.locator("[name=contacts-0-name]").fill("Jane Green")
    page.get_by_role("button", name="Add account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jane Green")
    assert Account.objects.get(name="Jane Green").contacts.get().is_primary
    context.close()

"""QuickBooks' screens in a real browser: tooltips, the Info tab's menu and dialogs, rows that update by themselves."""

import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.models import Account
from qbsync.models import AccountSync
from qbsync.states import Status
from tests.qbsync.desk import Desk, make_desk
from tests.simulated import Simulator
from tests.workers import Worker

SOON = 20_000
"""Milliseconds within which a real worker has done what was asked."""


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    """Olivia's firm, committed, so that the server and the workers see it."""
    return make_desk()


def _row(page: Page, account: Account) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=account.name, exact=True))


def _choose(page: Page, item: str) -> None:
    page.get_by_role("button", name=re.compile("^QuickBooks actions")).click()
    page.get_by_role("link", name=item).or_(page.get_by_role("button", name=item)).first.click()


def test_tooltips_show_by_hover_keyboard_and_touch(
    page: Page, browser: Browser, desk: Desk, sign_in: Callable[..., None], site: str
) -> None:
    account = desk.failed("Acme")
    sign_in("olivia@firm.test", "secret")
    page.goto("/clients/accounts/")
    status = _row(page, account).get_by_role("button", name="Failed")
    tooltip = page.locator(f"#qb-tip-{account.pk}")
    expect(status).to_have_accessible_description(re.compile('No exact match found for "Acme"'))
    expect(tooltip).to_be_hidden()
    status.hover()
    expect(tooltip).to_be_visible()
    page.mouse.move(0, 0)
    expect(tooltip).to_be_hidden()
    _row(page, account).get_by_role("link", name="Acme").focus()
    page.keyboard.press("Tab")
    expect(tooltip).to_be_visible()
    page.keyboard.press("Escape")
    expect(tooltip).to_be_hidden()

    phone = browser.new_context(
        base_url=site,
        has_touch=True,
        viewport={"width": 390, "height": 844},
        storage_state=page.context.storage_state(),
    )
    touched = phone.new_page()
    touched.goto("/clients/accounts/")
    touched.get_by_role("button", name="Failed").tap()
    expect(touched.locator(f"#qb-tip-{account.pk}")).to_be_visible()
    assert touched.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    phone.close()


def test_a_syncing_row_turns_synced_by_itself(
    page: Page,
    desk: Desk,
    simulator: Simulator,
    sign_in: Callable[..., None],
    start_worker: Callable[..., Worker],
) -> None:
    desk.join(simulator, "Acme")
    account = desk.syncing("Acme", asked_at=timezone.now(), due_at=timezone.now())
    nobody = desk.syncing("Bright Dental", asked_at=timezone.now(), due_at=timezone.now())
    sign_in("olivia@firm.test", "secret")
    page.goto("/clients/accounts/")
    expect(_row(page, account).get_by_role("button", name="Syncing")).to_be_visible()
    start_worker()
    page.evaluate("window.untouched = true")
    from qbsync.tasks import sync_connection

    sync_connection.delay(desk.connection.pk)
    expect(_row(page, account).get_by_role("button", name="Synced", exact=True)).to_be_visible(timeout=SOON)
    expect(_row(page, nobody).get_by_role("button", name="Failed")).to_be_visible(timeout=SOON)
    assert page.evaluate("window.untouched"), "the page was loaded anew"


def test_sync_unsync_and_resume_from_the_info_tab(
    page: Page,
    desk: Desk,
    simulator: Simulator,
    sign_in: Callable[..., None],
    start_worker: Callable[..., Worker],
    eventually: Callable[..., None],
) -> None:
    realm = desk.join(simulator, "Acme Incorporated", "Zenith")
    account = desk.failed("Acme")
    desk.invoice(account)
    chosen, _ = [desk.customer(one["DisplayName"]) for one in simulator.entities(realm, "Customer")]
    for one in simulator.entities(realm, "Customer"):
        desk.connection.customers.filter(display_name=one["DisplayName"]).update(qbo_id=one["Id"])
    start_worker()
    sign_in("olivia@firm.test", "secret")
    page.goto(account.get_absolute_url())
    panel = page.locator("#quickbooks-panel")

    _choose(page, "Sync Account to QuickBooks")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 invoice ($100.00) will be sent to QuickBooks.")
    dialog.get_by_role("searchbox").fill("incorp")
    expect(dialog.get_by_text("1 customer.")).to_be_visible()
    dialog.get_by_role("radio", name="Acme Incorporated").first.check()
    dialog.get_by_role("button", name="Sync with the chosen customer").click()
    expect(dialog).to_be_hidden()
    expect(panel).to_contain_text("This account is successfully synced", timeout=SOON)
    expect(panel).to_contain_text("Linked to the customer “Acme Incorporated”")
    eventually(lambda: [one["TotalAmt"] for one in simulator.entities(realm, "Invoice")] == [100])

    _choose(page, "Unsync")
    expect(dialog).to_contain_text("What is in QuickBooks stays there: 1 document.")
    dialog.get_by_role("button", name="Unsync").click()
    expect(panel).to_contain_text("Skipped by Olivia Hartwell")
    assert AccountSync.objects.get(account=account).customer is None

    _choose(page, "Sync Account to QuickBooks")
    expect(dialog.get_by_role("radio", name=re.compile("Acme Incorporated.*Linked before"))).to_be_checked()
    dialog.get_by_role("button", name="Sync with the chosen customer").click()
    expect(panel).to_contain_text("This account is successfully synced", timeout=SOON)
    assert AccountSync.objects.get(account=account).customer == chosen
    assert len(simulator.entities(realm, "Invoice")) == 1


def test_a_customer_is_created_from_the_info_tab(
    page: Page,
    desk: Desk,
    simulator: Simulator,
    sign_in: Callable[..., None],
    start_worker: Callable[..., Worker],
) -> None:
    realm = desk.join(simulator)
    account = desk.failed("O'Brien & Söhne")
    start_worker()
    sign_in("adam@firm.test", "secret")
    page.goto(account.get_absolute_url())
    _choose(page, "Create in QuickBooks")
    page.get_by_role("dialog").get_by_role("button", name="Create customer").click()
    expect(page.locator("#quickbooks-panel")).to_contain_text("This account is successfully synced", timeout=SOON)
    assert [one["DisplayName"] for one in simulator.entities(realm, "Customer")] == ["O'Brien & Söhne"]


def test_a_refusal_stays_in_the_dialog(page: Page, desk: Desk, sign_in: Callable[..., None]) -> None:
    account, customer = desk.failed("Acme"), desk.customer("Acme Incorporated")
    sign_in("olivia@firm.test", "secret")
    page.goto(account.get_absolute_url())
    _choose(page, "Sync Account to QuickBooks")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Acme Incorporated").first.check()
    taker = desk.account("Faster LLC")
    desk.row(taker, Status.SYNCED, customer=customer, linked_at=timezone.now())
    dialog.get_by_role("button", name="Sync with the chosen customer").click()
    expect(dialog.get_by_role("alert")).to_contain_text("“Acme Incorporated” is already linked to Faster LLC")
    expect(dialog.get_by_role("radio", name="Acme Incorporated").first).to_be_disabled()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#quickbooks-panel")).to_contain_text("There is a sync issue with this account")


def test_an_employee_reads_the_panel_and_may_press_nothing(
    page: Page, desk: Desk, sign_in: Callable[..., None]
) -> None:
    account = desk.failed("Acme")
    account.team.add(desk.erin)
    hidden = desk.synced("Not hers")
    sign_in("erin@firm.test", "secret")
    page.goto("/clients/accounts/")
    expect(page.get_by_role("link", name="Acme")).to_be_visible()
    expect(page.get_by_role("link", name=hidden.name)).to_have_count(0)
    page.goto(account.get_absolute_url())
    expect(page.locator("#quickbooks-panel")).to_contain_text("There is a sync issue with this account")
    expect(page.get_by_role("button", name=re.compile("^QuickBooks actions"))).to_have_count(0)
    expect(page.get_by_role("link", name="Integrations")).to_have_count(0)


def test_the_sync_dialog_works_without_javascript(
    page: Page, browser: Browser, desk: Desk, sign_in: Callable[..., None], site: str
) -> None:
    account = desk.failed("Acme")
    desk.customer("Zenith")
    sign_in("olivia@firm.test", "secret")
    context = browser.new_context(base_url=site, java_script_enabled=False, storage_state=page.context.storage_state())
    plain = context.new_page()
    plain.goto(f"/clients/accounts/{account.pk}/quickbooks/dialog/")
    plain.get_by_role("searchbox").fill("zen")
    plain.get_by_role("button", name="Search").click()
    plain.get_by_role("radio", name="Zenith").check()
    plain.get_by_role("button", name="Sync with the chosen customer").click()
    expect(plain.locator("#quickbooks-panel")).to_contain_text("This account is being synced")
    context.close()

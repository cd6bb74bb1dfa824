"""The three-dots menu of the Info tab: what it offers in each status, what an item leads to, and to whom."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import redis
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from accounts.models import Account
from qbsync.models import AccountSync
from qbsync.states import Ask, Status
from tests.qbsync.desk import Desk, make_desk

UNLINKED = ["Sync Account to QuickBooks", "Create in QuickBooks", "Do not sync this account"]
STATUSES: dict[str, tuple[Callable[[Desk], Account], list[str]]] = {
    "Synced": (
        lambda desk: desk.synced("Acme"),
        ["View in QuickBooks", "Sync now", "Change customer…", "Unsync"],
    ),
    "Not synced": (lambda desk: desk.account("Acme"), UNLINKED),
    "Skipped": (lambda desk: desk.skipped("Acme"), ["Sync Account to QuickBooks"]),
    "Failed": (lambda desk: desk.failed("Acme"), UNLINKED),
    "Syncing": (lambda desk: desk.syncing("Acme", asked_at=timezone.now()), ["Do not sync this account"]),
}
"""How an account gets there, and what the product's table of statuses lists."""
DIALOGS = {
    "Sync Account to QuickBooks": "Sync Account to QuickBooks",
    "Create in QuickBooks": "Create in QuickBooks",
    "Do not sync this account": "Do not sync this account?",
    "Change customer…": "Change customer",
    "Unsync": "Unsync this account?",
}


@pytest.fixture
def desk(transactional_db: None, broker: redis.Redis) -> Desk:
    """Olivia's firm, committed, so that the server sees it. No worker runs: what is asked for stays asked for."""
    return make_desk()


def _open(page: Page) -> Locator:
    """Open the menu by its button and return it."""
    page.get_by_role("button", name=re.compile("^QuickBooks actions")).press("Enter")
    return page.locator("#quickbooks-panel .dropdown-menu")


@pytest.mark.parametrize("status", STATUSES)
def test_the_menu_offers_what_the_table_lists_and_each_dialog_opens(
    page: Page, desk: Desk, sign_in: Callable[..., None], status: str
) -> None:
    make, items = STATUSES[status]
    account = make(desk)
    sign_in("adam@firm.test", "secret")
    page.goto(account.get_absolute_url())
    expect(page.locator("#quickbooks-panel .status")).to_have_text(status)
    menu = _open(page)
    expect(menu.get_by_role("listitem")).to_have_text([re.compile(rf"^\s*{re.escape(item)}") for item in items])
    for item in (item for item in items if item in DIALOGS):
        menu.get_by_text(item, exact=True).click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("heading", level=2)).to_have_text(DIALOGS[item])
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        _open(page)


def test_sync_now_asks_once_more_and_keeps_the_link(page: Page, desk: Desk, sign_in: Callable[..., None]) -> None:
    account = desk.synced("Acme")
    customer = AccountSync.objects.get(account=account).customer
    sign_in("adam@firm.test", "secret")
    page.goto(account.get_absolute_url())
    link = _open(page).get_by_role("link", name="View in QuickBooks")
    assert customer and f"customerdetail?nameId={customer.qbo_id}" in (link.get_attribute("href") or "")
    page.get_by_role("button", name="Sync now").click()
    expect(page.locator("#quickbooks-panel")).to_contain_text(re.compile("synced", re.IGNORECASE))
    assert AccountSync.objects.get(account=account).customer == customer


def test_do_not_sync_on_an_account_under_way_is_skipped_at_once(
    page: Page, desk: Desk, sign_in: Callable[..., None]
) -> None:
    account = desk.syncing("Acme", asked_at=timezone.now())
    sign_in("adam@firm.test", "secret")
    page.goto(account.get_absolute_url())
    _open(page).get_by_role("link", name="Do not sync this account").click()
    page.get_by_role("dialog").get_by_role("button", name="Do not sync").click()
    expect(page.locator("#quickbooks-panel")).to_contain_text("Skipped by Adam Moss")
    row = AccountSync.objects.get(account=account)
    assert (row.status, row.ask) == (Status.SKIPPED, Ask.NOTHING)


@pytest.mark.parametrize("status", STATUSES)
def test_an_employee_reads_each_status_and_has_no_menu(
    page: Page, desk: Desk, sign_in: Callable[..., None], status: str
) -> None:
    account = STATUSES[status][0](desk)
    account.team.add(desk.erin)
    sign_in("erin@firm.test", "secret")
    page.goto(account.get_absolute_url())
    panel = page.locator("#quickbooks-panel")
    expect(panel.locator(".status")).to_have_text(status)
    expect(panel.get_by_role("button")).to_have_count(0)


def test_a_session_that_ends_under_a_dialog_leads_to_sign_in_and_back_to_the_account(
    page: Page, desk: Desk, sign_in: Callable[..., None]
) -> None:
    account = desk.failed("Acme")
    sign_in("adam@firm.test", "secret")
    page.goto(account.get_absolute_url())
    _open(page).get_by_role("link", name="Do not sync this account").click()
    press = page.get_by_role("dialog").get_by_role("button", name="Do not sync")
    expect(press).to_be_visible()
    page.context.clear_cookies(name="sessionid")
    press.click()
    page.wait_for_url("**/sign-in/**")
    assert AccountSync.objects.get(account=account).status == Status.FAILED
    page.get_by_label("E-mail address").fill("adam@firm.test")
    page.get_by_label("Password").fill("secret")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{account.get_absolute_url()}")
    expect(page.locator("#quickbooks-panel .status")).to_have_text("Failed")

"""QuickBooks' screens with JavaScript switched off: what a form can do works, and leads back to where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis
from playwright.sync_api import Browser, Page, expect

from qbsync.models import AccountSync, InvoiceSync
from qbsync.states import DocumentStatus, Status
from tests.browser.test_errors import ERRORS, REFUSED
from tests.qbsync.desk import Desk, make_desk


@pytest.fixture
def desk(transactional_db: None, broker: redis.Redis) -> Desk:
    """Olivia's firm, committed, so that the server sees it. No worker runs: what is asked for stays asked for."""
    return make_desk()


@pytest.fixture
def plain(page: Page, browser: Browser, site: str, desk: Desk, sign_in: Callable[..., None]) -> Iterator[Page]:
    """A page of Olivia's with JavaScript switched off."""
    sign_in("olivia@firm.test", "secret")
    context = browser.new_context(base_url=site, java_script_enabled=False, storage_state=page.context.storage_state())
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def test_the_list_is_filtered_and_an_account_synced_and_unsynced_by_its_menu(plain: Page, desk: Desk) -> None:
    account = desk.failed("Acme")
    desk.customer("Acme Holdings")
    desk.synced("Linked LLC")
    plain.goto("/clients/accounts/")
    plain.locator("#filter-quickbooks").select_option("failed")
    plain.get_by_role("button", name="Apply").click()
    expect(plain.locator(".row-link")).to_have_text(["Acme"])
    plain.get_by_role("link", name="Acme").click()

    menu = plain.get_by_role("button", name="QuickBooks actions for Acme")
    menu.click()
    plain.get_by_role("link", name="Sync Account to QuickBooks").click()
    plain.get_by_role("radio", name="Acme Holdings").first.check()
    plain.get_by_role("button", name="Sync with the chosen customer").click()
    expect(plain.locator("#quickbooks-panel")).to_contain_text("This account is being synced")

    menu.click()
    plain.get_by_role("link", name="Do not sync this account").click()
    plain.get_by_role("button", name="Do not sync").click()
    expect(plain.locator("#quickbooks-panel")).to_contain_text("Skipped by Olivia Hartwell")
    assert AccountSync.objects.get(account=account).status == Status.SKIPPED


def test_an_error_is_tried_again_and_leaves_the_list(plain: Page, desk: Desk) -> None:
    invoice = desk.invoice(desk.synced("Linked LLC"), **REFUSED)
    plain.goto(f"{ERRORS}?tab=invoices")
    plain.get_by_role("button", name=f"Retry {invoice}").click()
    expect(plain.get_by_text(f"{invoice} is being tried again.")).to_be_visible()
    expect(plain.get_by_role("heading", name="Nothing needs your attention")).to_be_visible()
    assert InvoiceSync.objects.get(document=invoice).status == DocumentStatus.WAITING


def test_a_narrow_screen_has_its_menu(plain: Page, desk: Desk) -> None:
    plain.set_viewport_size({"width": 390, "height": 844})
    plain.goto("/clients/accounts/")
    plain.get_by_role("link", name="Integrations").click()
    expect(plain.get_by_role("heading", name="QuickBooks", exact=True).first).to_be_visible()

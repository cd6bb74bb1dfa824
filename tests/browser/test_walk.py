"""The way of each role through the product: from connecting to an empty list of problems, and what stays in place."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import redis
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from accounts.models import Account
from qbsync.models import AccountSync, Connection
from qbsync.states import Status
from tests.browser.test_errors import ERRORS
from tests.browser.test_quickbooks import SOON
from tests.qbsync.conftest import Office
from tests.qbsync.desk import Desk, make_desk
from tests.qbsync.test_digest import REFUSED
from tests.simulated import Simulator
from tests.workers import Worker

ACCOUNTS = ["Acme", "Carpenter Rob", "Dune & Daughters", "Evergreen"]
CUSTOMERS = [{"DisplayName": name} for name in ("Acme", "Robert Carpenter")]
AFTER_THE_FIRST_SYNC = {"synced": 1, "failed": 3}
SHIFTS = """
    window.shifted = 0
    new PerformanceObserver(list => {
        for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifted += shift.value
    }).observe({ type: "layout-shift", buffered: true })
"""
"""Sums up how far the browser found things to jump that nobody had touched: https://web.dev/articles/cls."""


@pytest.fixture
def desk(transactional_db: None, broker: redis.Redis) -> Desk:
    """Olivia's firm, committed, so that the server and the workers see it."""
    return make_desk()


@pytest.fixture
def unconnected(desk: Desk) -> Desk:
    """Olivia's firm with four accounts, before it is connected."""
    Connection.objects.all().delete()
    for name in ACCOUNTS:
        desk.invoice(desk.account(name))
    return desk


def _counted() -> dict[str, int]:
    statuses = list(AccountSync.objects.values_list("status", flat=True))
    return {status: statuses.count(status) for status in sorted(set(statuses), reverse=True)}


def _work_through_the_queue(page: Page, wait_for: Callable[..., None]) -> None:
    """From the settings' page to the queue, by keyboard through it, and to a list of problems that is empty."""
    page.goto("/settings/integrations/quickbooks/")
    page.get_by_role("link", name=re.compile("^Match")).first.click()
    row = page.locator("[data-match-open].is-current")
    for name, key in (("Carpenter Rob", "Enter"), ("Dune & Daughters", "c"), ("Evergreen", "s")):
        expect(row).to_contain_text(name)
        page.keyboard.press(key)
    expect(page.locator(".match-left")).to_have_text("Nothing left")
    wait_for(lambda: _counted() == {"synced": 3, "skipped": 1})
    page.goto(ERRORS)
    expect(page.get_by_role("heading", name="Nothing needs your attention")).to_be_visible()
    page.goto("/clients/accounts/")
    for name, status in zip(ACCOUNTS, ("Synced", "Synced", "Synced", "Skipped"), strict=True):
        expect(_row(page, name).get_by_role("button", name=status, exact=True)).to_be_visible()


def _row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def test_the_owner_goes_from_connecting_to_an_empty_list_of_problems(
    page: Page,
    unconnected: Desk,
    simulator: Simulator,
    sign_in: Callable[..., None],
    start_worker: Callable[..., Worker],
    eventually: Callable[..., None],
) -> None:
    realm = simulator.company("Hartwell Books", Customer=CUSTOMERS)
    start_worker()
    sign_in("olivia@firm.test", "secret")
    page.goto("/settings/integrations/quickbooks/connect/accounts/")
    page.get_by_label("Sync date").fill("2026-01-01")
    page.get_by_role("button", name="Continue to QuickBooks").click()
    page.get_by_label("Company").select_option(realm)
    page.get_by_role("button", name="Connect").click()
    page.get_by_role("button", name="Start syncing").click()
    eventually(lambda: _counted() == AFTER_THE_FIRST_SYNC)
    _work_through_the_queue(page, eventually)
    names = {one["DisplayName"] for one in simulator.entities(realm, "Customer")}
    assert names == {"Acme", "Robert Carpenter", "Dune & Daughters"}


def test_an_admin_works_through_what_the_owners_connection_left(
    page: Page,
    unconnected: Desk,
    simulator: Simulator,
    sign_in: Callable[..., None],
    start_worker: Callable[..., Worker],
    eventually: Callable[..., None],
) -> None:
    start_worker()
    Office(simulator, unconnected.firm, unconnected.olivia.user).connect(Customer=CUSTOMERS)
    eventually(lambda: _counted() == AFTER_THE_FIRST_SYNC)
    sign_in("adam@firm.test", "secret")
    page.get_by_role("link", name="Integrations").click()
    expect(page.get_by_role("region", name="Connection")).to_contain_text("Books of the Test Firm")
    expect(page.get_by_role("link", name=re.compile("^(Disconnect|Reconnect|Connect to)"))).to_have_count(0)
    _work_through_the_queue(page, eventually)


def test_an_employee_reads_statuses_and_reasons_and_is_offered_nothing_to_manage(
    page: Page, desk: Desk, sign_in: Callable[..., None]
) -> None:
    accounts = [desk.synced("Acme"), desk.failed("Bright Dental"), desk.skipped("Carpenter")]
    for account in accounts:
        account.team.add(desk.erin)
    invoice = desk.invoice(accounts[0], **REFUSED)
    sign_in("erin@firm.test", "secret")
    page.goto("/clients/accounts/")
    for account, status in zip(accounts, ("Synced", "Failed", "Skipped"), strict=True):
        _row(page, account.name).get_by_role("link", name=account.name).focus()
        page.keyboard.press("Tab")
        expect(_row(page, account.name).get_by_role("button", name=status, exact=True)).to_be_focused()
        expect(page.locator(f"#qb-tip-{account.pk}")).to_be_visible()
    expect(page.get_by_role("checkbox", name=re.compile("^Select"))).to_have_count(0)
    expect(page.locator(".banner")).to_have_count(0)
    page.goto(f"/clients/accounts/{invoice.account_id}/invoices/")
    expect(page.locator(".qb-cell .status")).to_have_text("Failed")
    for item in ("Sync to QuickBooks", "Do not sync", "Retry"):
        expect(page.get_by_role("button", name=item, include_hidden=True)).to_have_count(0)
    for name in ("Integrations", "Match accounts"):
        expect(page.get_by_role("link", name=name)).to_have_count(0)


@pytest.mark.parametrize("where", ["the list", "the Info tab"])
def test_nothing_jumps_when_a_status_changes(
    page: Page, desk: Desk, sign_in: Callable[..., None], eventually: Callable[..., None], where: str
) -> None:
    account: Account = desk.syncing("Acme", asked_at=timezone.now())
    for name in ("Bright Dental", "Carpenter"):
        desk.synced(name)
    customer = desk.customer("Acme")
    sign_in("adam@firm.test", "secret")
    page.add_init_script(SHIFTS)
    page.goto("/clients/accounts/" if where == "the list" else account.get_absolute_url())
    status = page.locator(f"#qb-cell-{account.pk} .status" if where == "the list" else "#quickbooks-panel .status")
    expect(status).to_have_text("Syncing")
    desk.row(account, Status.SYNCED, customer=customer, linked_at=timezone.now())
    expect(status).to_have_text("Synced", timeout=SOON)
    # The browser tells of a shift with the frame that it happened in.
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    shifted = page.evaluate("window.shifted")
    assert shifted <= 0.01, f"{where} jumped by {shifted}"
    page.evaluate("document.querySelector('main').style.marginTop = '200px'")
    # Asked from here, as the page's content security policy lets no string be evaluated while the page itself waits.
    eventually(lambda: page.evaluate("window.shifted") > 0.01)  # so it would have been seen

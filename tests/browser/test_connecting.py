"""Connecting QuickBooks in a real browser: through the simulator's sign-in page to a finished first sync."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from qbsync.models import AccountSync, Connection
from tests.qbsync.desk import Desk, make_desk
from tests.simulated import Simulator
from tests.workers import Worker


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    """Olivia's firm before it is connected, committed."""
    desk = make_desk()
    Connection.objects.all().delete()
    return desk


def test_the_owner_connects_and_watches_the_first_sync_finish(
    page: Page,
    desk: Desk,
    simulator: Simulator,
    sign_in: Callable[..., None],
    start_worker: Callable[..., Worker],
) -> None:
    names = ["Acme", "Bright Dental", "Kowalski Plumbing"]
    for name in names:
        desk.invoice(desk.account(name))
    desk.account("Without documents")
    realm = simulator.company("Hartwell Books", Customer=[{"DisplayName": name} for name in names[:2]])
    start_worker()
    sign_in("olivia@firm.test", "secret")
    page.get_by_role("link", name="Integrations").click()
    page.get_by_role("link", name="Connect to QuickBooks").click()
    expect(page.get_by_role("heading", name="What will happen")).to_be_visible()
    page.get_by_role("link", name="Continue").click()
    page.get_by_label("Sync date").fill("2026-01-01")
    page.get_by_role("button", name="Continue to QuickBooks").click()

    expect(page.get_by_role("heading", name="Connect to QuickBooks")).to_be_visible()
    page.get_by_label("Company").select_option(realm)
    page.get_by_role("button", name="Connect").click()

    expect(page.get_by_text("Connected to Hartwell Books")).to_be_visible()
    expect(page.get_by_label("Service item")).to_have_value(
        next(one["Id"] for one in simulator.entities(realm, "Item") if one["Name"] == "Services")
    )
    page.get_by_role("button", name="Start syncing").click()
    expect(page.get_by_role("heading", name="Up to date, except for 1 account")).to_be_visible(timeout=40_000)
    expect(page.get_by_role("link", name="2 Synced", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="Invoices 2 0 0")).to_be_visible()
    assert AccountSync.objects.filter(status="synced").count() == 2
    assert len(simulator.entities(realm, "Customer")) == 2, "no customer was created unasked"

    page.get_by_role("link", name="1 Failed").click()
    expect(page.get_by_role("link", name="Kowalski Plumbing")).to_be_visible()
    expect(page.get_by_role("link", name="Acme")).to_have_count(0)


def test_a_denied_consent_comes_back_with_a_clear_message(
    page: Page, desk: Desk, simulator: Simulator, sign_in: Callable[..., None]
) -> None:
    simulator.company("Hartwell Books")
    sign_in("olivia@firm.test", "secret")
    page.goto("/settings/integrations/quickbooks/connect/accounts/")
    page.get_by_role("button", name="Continue to QuickBooks").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("You did not allow the connection in QuickBooks. Nothing was changed.")).to_be_visible()
    expect(page.get_by_role("heading", name="QuickBooks is not connected")).to_be_visible()


def test_the_owner_disconnects_after_being_told_what_stays(
    page: Page, desk: Desk, simulator: Simulator, sign_in: Callable[..., None]
) -> None:
    realm = simulator.company("Hartwell Books")
    sign_in("olivia@firm.test", "secret")
    page.goto("/settings/integrations/quickbooks/connect/accounts/")
    page.get_by_role("button", name="Continue to QuickBooks").click()
    page.get_by_label("Company").select_option(realm)
    page.get_by_role("button", name="Connect").click()
    page.get_by_role("button", name="Start syncing").click()
    page.get_by_role("link", name="Disconnect…").click()
    expect(page.get_by_text("are kept: connecting the same company again")).to_be_visible()
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_role("heading", name="QuickBooks is disconnected")).to_be_visible()

"""Bulk actions on the list in a real browser: by keyboard, over all pages, with undo, and without JavaScript."""

from collections.abc import Callable

import pytest
import redis
from playwright.sync_api import Browser, Page, expect

from accounts.models import Account
from qbsync.models import AccountSync
from qbsync.states import Status
from tests.qbsync.desk import Desk, make_desk
from tests.simulated import Simulator
from tests.workers import Worker


@pytest.fixture
def desk(transactional_db: None, broker: redis.Redis) -> Desk:
    """Olivia's firm, committed, so that the server sees it."""
    return make_desk()


def _statuses() -> set[str]:
    return set(AccountSync.objects.values_list("status", flat=True))


def test_all_that_are_filtered_are_skipped_by_keyboard_and_brought_back(
    page: Page, desk: Desk, sign_in: Callable[..., None]
) -> None:
    for number in range(52):
        desk.failed(f"Smith {number:02}")
    sign_in("olivia@firm.test", "secret")
    page.goto("/clients/accounts/?q=smith")
    bar = page.get_by_role("form", name="Selected accounts")
    expect(bar).to_be_hidden()
    page.get_by_label("Select Smith 00").check()
    expect(bar.get_by_role("status")).to_have_text("1 selected")
    page.get_by_label("Select Smith 03").click(modifiers=["Shift"])
    expect(bar.get_by_role("status")).to_have_text("4 selected")
    page.get_by_label("Select all on this page").focus()
    page.keyboard.press("Space")
    expect(bar.get_by_role("status")).to_have_text("50 selected")
    bar.get_by_role("button", name="Select all 52").press("Enter")
    expect(bar.get_by_role("status")).to_have_text("All 52 selected")
    expect(bar.get_by_role("button", name="Sync", exact=True)).to_be_focused()

    bar.get_by_role("button", name="Do not sync").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Do not sync 52 accounts?")).to_be_visible()
    expect(dialog.get_by_role("link", name="Cancel")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    done = page.get_by_text("52 accounts will not be synced any more.")
    expect(done).to_be_visible()
    assert page.url.endswith("?q=smith")
    assert _statuses() == {Status.SKIPPED}

    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_text("Undone: 52 accounts are being synced again.")).to_be_visible()
    assert page.url.endswith("?q=smith")
    assert _statuses() == {Status.SYNCING}


@pytest.mark.parametrize(
    ("verb", "asks", "tells"),
    [
        ("Sync", "Sync 2 accounts?", "2 accounts are being synced."),
        (
            "Create in QuickBooks",
            "Create 2 customers in QuickBooks?",
            "2 customers are being created in QuickBooks.",
        ),
    ],
    ids=["sync", "create"],
)
def test_those_that_are_ticked_become_synced_in_their_rows(
    page: Page,
    desk: Desk,
    simulator: Simulator,
    sign_in: Callable[..., None],
    start_worker: Callable[..., Worker],
    verb: str,
    asks: str,
    tells: str,
) -> None:
    names = ["Acme", "Bright"]
    realm = desk.join(simulator, *(names if verb == "Sync" else []))
    for name in [*names, "Left alone"]:
        desk.failed(name)
    start_worker()
    sign_in("adam@firm.test", "secret")
    page.goto("/clients/accounts/")
    for name in names:
        page.get_by_label(f"Select {name}").check()
    page.get_by_role("form", name="Selected accounts").get_by_role("button", name=verb, exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name=asks)).to_be_visible()
    dialog.get_by_role("button", name=verb, exact=True).click()
    expect(page.get_by_text(tells)).to_be_visible()
    synced = page.get_by_role("button", name="Synced", exact=True)
    expect(synced).to_have_count(2, timeout=20_000)
    assert sorted(one["DisplayName"] for one in simulator.entities(realm, "Customer")) == names
    assert AccountSync.objects.get(account__name="Left alone").status == Status.FAILED


def test_filtering_clears_the_selection_and_the_bar_returns_with_a_new_one(
    page: Page, desk: Desk, sign_in: Callable[..., None]
) -> None:
    desk.failed("Acme")
    desk.failed("Bright")
    sign_in("adam@firm.test", "secret")
    page.goto("/clients/accounts/")
    page.get_by_label("Select all on this page").check()
    page.get_by_role("searchbox", name="Search by name or ID").fill("bright")
    expect(page.get_by_role("link", name="Acme")).to_be_hidden()
    bar = page.get_by_role("form", name="Selected accounts")
    expect(bar).to_be_hidden()
    page.get_by_label("Select Bright").check()
    bar.get_by_role("button", name="Create in QuickBooks").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Create 1 customer in QuickBooks?")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    bar.get_by_role("button", name="Clear the selection").click()
    expect(bar).to_be_hidden()


def test_without_javascript_the_preview_is_a_page(
    page: Page, browser: Browser, desk: Desk, sign_in: Callable[..., None], site: str
) -> None:
    account: Account = desk.failed("Acme")
    other = desk.failed("Bright")
    sign_in("olivia@firm.test", "secret")
    context = browser.new_context(base_url=site, java_script_enabled=False, storage_state=page.context.storage_state())
    plain = context.new_page()
    plain.goto("/clients/accounts/?sort=-name")
    plain.get_by_label("Select Acme").check()
    plain.get_by_role("button", name="Do not sync").click()
    expect(plain.get_by_role("heading", name="Do not sync 1 account?")).to_be_visible()
    plain.get_by_role("button", name="Do not sync").click()
    expect(plain.get_by_text("1 account will not be synced any more.")).to_be_visible()
    assert plain.url.endswith("?sort=-name")
    context.close()
    assert AccountSync.objects.get(account=account).status == Status.SKIPPED
    assert AccountSync.objects.get(account=other).status == Status.FAILED

"""From a change on QuickBooks' own pages to the healed status, by each remedy, in a real browser.

The bookkeeper changes something on the simulator's page, a real worker looks what changed, and the remedy is pressed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from accounts.models import Account, Invoice, Payment
from qbsync import wake
from qbsync.models import Connection, InvoiceSync
from qbsync.states import DocumentStatus
from tests.browser.test_quickbooks import SOON, _choose
from tests.qbsync.conftest import Office
from tests.qbsync.conftest import office as office
from tests.qbsync.test_changes import look, row_of, synced
from tests.workers import Worker

CHANGES: dict[str, tuple[str, str, dict[str, str]]] = {
    "edit": (
        "Edited in QuickBooks",
        "Saved.",
        {"Send ours again": "Synced", "Accept QuickBooks’ version": "Synced", "Leave both as they are": "Skipped"},
    ),
    "delete": (
        "Deleted in QuickBooks",
        "Deleted.",
        {"Send ours again": "Synced", "Accept that it is deleted": "Skipped"},
    ),
    "void": ("Voided in QuickBooks", "Voided.", {"Accept that it is void": "Skipped"}),
}
"""How the portal calls a change, how QuickBooks' page confirms it, and the status to which each remedy leads."""


class Walk:
    """One person's way between the portal's pages and QuickBooks', with a worker at work behind them."""

    def __init__(self, page: Page, office: Office, wait_for: Callable[..., None]) -> None:
        self.page = page
        self._office = office
        self._wait_for = wait_for

    def follow_to_quickbooks(self) -> None:
        """Go from the portal's page to QuickBooks' own page of the same thing, where the menu's link leads."""
        link = self.page.get_by_role("link", name="View in QuickBooks", include_hidden=True)
        address = link.get_attribute("href")
        assert address and address.startswith(self._office.simulator.url)
        self.page.goto(address)

    def change_document(self, address: str, what: str) -> None:
        """Edit (its date), delete or void, in QuickBooks, the document that the portal has at this address."""
        self.page.goto(address)
        self.follow_to_quickbooks()
        if what == "edit":
            self.page.get_by_label("Date").fill("2026-03-09")
        self.press_in_quickbooks({"edit": "Save", "delete": "Delete", "void": "Void"}[what], CHANGES[what][1])

    def press_in_quickbooks(self, button: str, done: str) -> None:
        """Press a button on QuickBooks' page, and see that it was done."""
        self.page.get_by_role("button", name=button, exact=True).click()
        expect(self.page.get_by_role("status").filter(has_text=done)).to_be_visible()

    def have_it_noticed(self) -> None:
        """Have the worker look what changed, as the schedule does, and wait until it has."""
        before = timezone.now()
        Connection.objects.filter(pk=self._office.connection.pk).update(poll_due_at=before)
        wake.poll(self._office.connection.pk)
        self._wait_for(lambda: Connection.objects.filter(polled_at__gt=before).exists())

    def panel(self, account: Account) -> Locator:
        """The QuickBooks panel of the account's page, loaded anew."""
        self.page.goto(account.get_absolute_url())
        return self.page.locator("#quickbooks-panel")


@pytest.fixture
def walk(
    page: Page,
    site: str,
    office: Office,
    sign_in: Callable[..., None],
    start_worker: Callable[..., Worker],
    eventually: Callable[..., None],
) -> Callable[[], Walk]:
    """Begin the walk, once the office is as the test wants it: the worker starts, and Alice signs in."""

    def begin() -> Walk:
        start_worker(concurrency=1)
        sign_in("alice@firm.test", "secret")
        return Walk(page, office, eventually)

    return begin


def _address(document: Invoice | Payment) -> str:
    kind = "invoices" if isinstance(document, Invoice) else "payments"
    return f"/clients/accounts/{document.account_id}/{kind}/{document.pk}/"


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("kind", ["Invoice", "Payment"])
def test_each_remedy_of_a_changed_document_heals_it(
    page: Page, office: Office, walk: Callable[[], Walk], kind: str, what: str
) -> None:
    heading, _, remedies = CHANGES[what]
    invoices = synced(office, invoices=len(remedies), payments=len(remedies) if kind == "Payment" else 0)
    documents: Any = invoices if kind == "Invoice" else Payment.objects.order_by("pk")
    pairs = list(zip(documents, remedies.items(), strict=True))
    ids = {remedy: row_of(document).qbo_id for document, (remedy, _) in pairs}
    walking = walk()
    for document, _ in pairs:
        walking.change_document(_address(document), what)
    walking.have_it_noticed()
    asked = page.get_by_role("heading", name=heading)
    status = page.locator(".qb-cell .status")
    for document, (remedy, healed) in pairs:
        page.goto(_address(document))
        expect(status).to_have_text("Failed")
        expect(asked).to_be_visible()
        if what == "edit":
            expect(page.get_by_role("row", name="Date Mar 2, 2026 Mar 9, 2026")).to_be_visible()
        page.get_by_role("button", name=remedy).press("Enter")
        expect(asked).to_be_hidden()
        expect(status).to_have_text(healed, timeout=SOON)
    walking.have_it_noticed()
    assert [row_of(document).status for document, _ in pairs] == [healed.lower() for _, (_, healed) in pairs]
    there = {one["Id"]: one["TxnDate"] for one in office.remote(kind)}
    if what == "edit":
        dates = {remedy: there[number] for remedy, number in ids.items()}
        assert dates.pop("Send ours again") == "2026-03-02"
        assert set(dates.values()) == {"2026-03-09"}
    elif what == "delete":
        assert len(there) == 1 and not there.keys() & set(ids.values()), (
            "only what was sent again is there, as a new one"
        )


def test_a_deactivated_customer_is_said_and_reactivated_by_one_press(office: Office, walk: Callable[[], Walk]) -> None:
    (invoice,) = synced(office)
    walking = walk()
    walking.panel(invoice.account)
    walking.follow_to_quickbooks()
    walking.press_in_quickbooks("Make inactive", "Made inactive.")
    walking.have_it_noticed()
    panel = walking.panel(invoice.account)
    expect(panel.locator(".status")).to_have_text("Not synced")
    expect(panel).to_contain_text("The customer “Dove Bakery” was deleted (made inactive) in QuickBooks.")
    panel.get_by_role("button", name=re.compile("active in QuickBooks, and link")).click()
    expect(panel.locator(".status")).to_have_text("Synced", timeout=SOON)
    assert [one["Active"] for one in office.remote("Customer")] == [True]


def test_a_customer_that_is_active_again_is_resumed_by_one_press(office: Office, walk: Callable[[], Walk]) -> None:
    (invoice,) = synced(office)
    number = office.remote("Customer")[0]["Id"]
    office.simulator.change(office.realm, "Customer", number, Active=False)
    look(office)
    walking = walk()
    panel = walking.panel(invoice.account)
    expect(panel.locator(".status")).to_have_text("Not synced")
    expect(panel.get_by_role("button", name="Resume the link")).to_be_hidden()
    walking.page.goto(f"{office.simulator.url}/company/{office.realm}/customers/{number}")
    walking.press_in_quickbooks("Make active", "Active again.")
    walking.have_it_noticed()
    panel = walking.panel(invoice.account)
    expect(panel).to_contain_text("It is active there again")
    panel.get_by_role("button", name="Resume the link").click()
    expect(panel.locator(".status")).to_have_text("Synced", timeout=SOON)
    assert row_of(invoice).status == DocumentStatus.SYNCED


def test_a_merge_into_another_accounts_customer_is_followed_by_one_press(
    office: Office, walk: Callable[[], Walk]
) -> None:
    other = office.account("Dove & Sons", invoices=1)
    (invoice,) = synced(office, others=["Dove & Sons"])
    walking = walk()
    walking.panel(invoice.account)
    walking.follow_to_quickbooks()
    walking.page.get_by_label("Into").select_option(label="Dove & Sons")
    walking.press_in_quickbooks("Merge", "Merged.")
    walking.have_it_noticed()
    panel = walking.panel(invoice.account)
    expect(panel.locator(".status")).to_have_text("Not synced")
    expect(panel).to_contain_text("was merged into “Dove & Sons” in QuickBooks, which is linked to Dove & Sons")

    expect(walking.panel(other).locator(".status")).to_have_text("Synced")
    _choose(walking.page, "Unsync")
    walking.page.get_by_role("dialog").get_by_role("button", name="Unsync").click()
    expect(panel.locator(".status")).to_have_text("Skipped")

    panel = walking.panel(invoice.account)
    panel.get_by_role("button", name="Follow the merge").click()
    expect(panel.locator(".status")).to_have_text("Synced", timeout=SOON)
    expect(panel).to_contain_text("Linked to the customer “Dove & Sons”")
    assert row_of(invoice).status == DocumentStatus.SYNCED


def test_a_renamed_customer_stays_synced_under_its_new_name(office: Office, walk: Callable[[], Walk]) -> None:
    (invoice,) = synced(office)
    walking = walk()
    walking.panel(invoice.account)
    walking.follow_to_quickbooks()
    walking.page.get_by_label("Display name").fill("Dove Bakery West")
    walking.press_in_quickbooks("Save", "Saved.")
    walking.have_it_noticed()
    panel = walking.panel(invoice.account)
    expect(panel.locator(".status")).to_have_text("Synced")
    expect(panel).to_contain_text("Linked to the customer “Dove Bakery West”")


def test_all_of_one_cause_are_accepted_on_the_page_of_errors(
    page: Page, site: str, office: Office, sign_in: Callable[..., Any]
) -> None:
    for invoice in synced(office, invoices=2):
        office.simulator.change(office.realm, "Invoice", row_of(invoice).qbo_id, TxnDate="2026-03-09")
    look(office)
    sign_in("alice@firm.test", "secret")
    page.goto(f"{site}/settings/integrations/quickbooks/errors/?tab=invoices")
    page.get_by_role("link", name="Accept all of this cause").click()
    page.get_by_role("dialog").get_by_role("button", name="Accept 2 invoices").click()
    expect(page.get_by_text("What QuickBooks has of 2 invoices was accepted.")).to_be_visible()
    assert set(InvoiceSync.objects.values_list("status", flat=True)) == {"synced"}

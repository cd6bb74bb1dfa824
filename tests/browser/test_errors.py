"""What could not be synced, worked through in a real browser: retried or skipped, until nothing is left."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from qbsync.models import AccountSync, InvoiceSync
from qbsync.states import DocumentReason, DocumentStatus, Status
from tests.qbsync.desk import Desk, make_desk

ERRORS = "/settings/integrations/quickbooks/errors/"
REFUSED: dict[str, Any] = {
    "status": DocumentStatus.FAILED,
    "reason": DocumentReason.REFUSED,
    "detail": {"message": "The books are closed.", "remedy": "Open them.", "answer": "Period closed", "code": "6210"},
    "settled_revision": 1,
}


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    """Olivia's firm, committed, so that the server sees it."""
    return make_desk()


def test_the_list_of_errors_is_worked_through_until_nothing_is_left(
    page: Page, desk: Desk, sign_in: Callable[..., None]
) -> None:
    desk.failed("Acme")
    linked = desk.synced("Linked LLC")
    first = desk.invoice(linked, **REFUSED)
    for _ in range(2):
        desk.invoice(linked, **REFUSED)
    sign_in("adam@firm.test", "secret")
    page.locator(".banner").get_by_role("link", name="failed").first.click()
    expect(page.get_by_role("heading", name="QuickBooks errors")).to_be_visible()

    page.get_by_role("link", name="Do not sync Acme").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Do not sync").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name="Accounts 0")).to_be_visible()
    expect(page.get_by_text("Acme is not synced any more.")).to_be_visible()

    page.get_by_role("link", name="Invoices 3").click()
    row = page.get_by_role("listitem").filter(has=page.get_by_role("link", name=str(first), exact=True))
    row.get_by_text("What QuickBooks said").click()
    expect(row.get_by_text("Period closed")).to_be_visible()
    row.get_by_role("button", name=f"Retry {first}").press("Enter")
    note = page.get_by_role("status").filter(has_text=f"{first} is being tried again.")
    expect(note).to_be_focused()

    page.get_by_role("link", name="Retry all of this cause").click()
    dialog.get_by_role("button", name="Retry 2 invoices").click()
    expect(page.get_by_text("2 invoices are being tried again.")).to_be_visible()
    expect(page.get_by_role("heading", name="Nothing needs your attention")).to_be_visible()
    assert AccountSync.objects.get(account__name="Acme").status == Status.SKIPPED
    assert not InvoiceSync.objects.exclude(status=DocumentStatus.WAITING)

    page.goto("/clients/invoices/")
    page.get_by_role("searchbox").fill(first.number)
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page).to_have_url(re.compile(rf"\?q={first.number}$"))

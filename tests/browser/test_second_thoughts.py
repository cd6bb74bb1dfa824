"""After the first link, in a real browser: reactivate, change the customer, undo, sync an early invoice."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from playwright.sync_api import Page, expect

from accounts import services as books
from accounts.models import Account
from qbsync.models import AccountSync, Customer, InvoiceSync, PaymentSync
from qbsync.states import DocumentReason, DocumentStatus
from tests.browser.test_quickbooks import SOON, _choose
from tests.browser.test_quickbooks import desk as desk
from tests.qbsync.desk import NOON, Desk
from tests.simulated import Simulator
from tests.workers import Worker


def _mirror(desk: Desk, simulator: Simulator, realm: str) -> dict[str, Customer]:
    """The customers of the company as mirrored, by name."""
    found = {}
    for one in simulator.entities(realm, "Customer"):
        customer = desk.customer(one["DisplayName"])
        customer.qbo_id, customer.sync_token, customer.active = one["Id"], one["SyncToken"], one["Active"]
        customer.save()
        found[one["DisplayName"]] = customer
    return found


def _link(desk: Desk, account: Account, customer: Customer) -> None:
    AccountSync.objects.filter(account=account).delete()
    AccountSync.objects.create(
        account=account, connection=desk.connection, status="synced", customer=customer, linked_at=NOON, changed_at=NOON
    )


def test_an_inactive_customer_is_reactivated_and_linked_from_the_dialog(
    page: Page, desk: Desk, simulator: Simulator, sign_in: Callable[..., None], start_worker: Callable[..., Worker]
) -> None:
    realm = desk.join(simulator, "Acme Incorporated")
    number = simulator.entities(realm, "Customer")[0]["Id"]
    simulator.change(realm, "Customer", number, Active=False)
    _mirror(desk, simulator, realm)
    account = desk.failed("Acme")
    start_worker()
    sign_in("adam@firm.test", "secret")
    page.goto(account.get_absolute_url())
    _choose(page, "Sync Account to QuickBooks")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name=re.compile("reactivate and link")).first.check()
    dialog.get_by_role("button", name="Sync with the chosen customer").click()
    expect(page.locator("#quickbooks-panel")).to_contain_text("This account is successfully synced", timeout=SOON)
    assert simulator.entities(realm, "Customer")[0]["Active"] is True


def test_change_customer_with_move_takes_the_invoice_along(
    page: Page,
    desk: Desk,
    simulator: Simulator,
    sign_in: Callable[..., None],
    start_worker: Callable[..., Worker],
    eventually: Callable[..., None],
) -> None:
    realm = desk.join(simulator, "Acme", "Beta")
    customers = _mirror(desk, simulator, realm)
    account = desk.account("Acme")
    _link(desk, account, customers["Acme"])
    desk.invoice(account)
    start_worker()
    sign_in("adam@firm.test", "secret")
    page.goto(account.get_absolute_url())
    panel, dialog = page.locator("#quickbooks-panel"), page.get_by_role("dialog")
    _choose(page, "Sync now")
    eventually(lambda: simulator.entities(realm, "Invoice"))
    page.reload()
    expect(panel).to_contain_text("This account is successfully synced", timeout=SOON)
    _choose(page, "Change customer")
    expect(dialog).to_contain_text("1 document is in QuickBooks already")
    dialog.get_by_role("radio", name="Beta").first.check()
    dialog.get_by_role("checkbox", name=re.compile("Move")).check()
    dialog.get_by_role("button", name="Change customer").click()
    expect(panel).to_contain_text("Linked to the customer “Beta”", timeout=SOON)
    eventually(lambda: [one["CustomerRef"]["name"] for one in simulator.entities(realm, "Invoice")] == ["Beta"])


def test_an_unsync_is_undone_from_the_panel(
    page: Page, desk: Desk, simulator: Simulator, sign_in: Callable[..., None], start_worker: Callable[..., Worker]
) -> None:
    realm = desk.join(simulator, "Acme")
    account = desk.account("Acme")
    _link(desk, account, _mirror(desk, simulator, realm)["Acme"])
    start_worker()
    sign_in("adam@firm.test", "secret")
    page.goto(account.get_absolute_url())
    panel, dialog = page.locator("#quickbooks-panel"), page.get_by_role("dialog")
    _choose(page, "Unsync")
    dialog.get_by_role("button", name="Unsync").click()
    expect(panel).to_contain_text("Skipped by Adam Moss")
    panel.get_by_role("button", name="Undo").click()
    expect(panel).to_contain_text("This account is successfully synced", timeout=SOON)


def test_the_early_invoice_of_a_waiting_payment_is_synced_from_the_payments_page(
    page: Page, desk: Desk, simulator: Simulator, sign_in: Callable[..., None], start_worker: Callable[..., Worker]
) -> None:
    realm = desk.join(simulator, "Acme")
    account = desk.account("Acme")
    _link(desk, account, _mirror(desk, simulator, realm)["Acme"])
    early = desk.invoice(account, date(2025, 12, 1))
    payment = books.payment_record(
        account=account, date=date(2026, 3, 1), amount=early.total, allocations={early.pk: early.total}
    )
    waits: dict[str, Any] = {"status": DocumentStatus.WAITING, "reason": DocumentReason.INVOICE_BEFORE_SYNC_DATE}
    PaymentSync.objects.create(
        document=payment, account=account, connection=desk.connection, changed_at=NOON,
        detail={"invoice": early.number}, **waits,
    )  # fmt: skip
    start_worker()
    sign_in("adam@firm.test", "secret")
    page.goto(f"/clients/accounts/{account.pk}/payments/{payment.pk}/")
    page.get_by_role("button", name=f"Sync invoice {early.number}").click()
    expect(page.get_by_role("status").filter(has_text="follows when its invoice is in QuickBooks")).to_be_visible()
    expect(page.locator(f"#qb-payment-{payment.pk}")).to_contain_text("Synced", timeout=SOON)
    assert InvoiceSync.objects.get(document=early).qbo_id
    assert [one["TotalAmt"] for one in simulator.entities(realm, "Payment")] == [100]

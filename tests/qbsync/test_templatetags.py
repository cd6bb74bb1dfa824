"""What the QuickBooks column and the Info panel say and offer in each state: the product's table, word for word."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from accounts.models import Account
from portal.models import Membership
from qbsync.models import Connection, ConnectionStatus
from qbsync.states import DocumentReason, Reason, Status
from tests.qbsync.desk import NOON, Desk

OPEN = "QuickBooks actions for"


def _text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def _cell(desk: Desk, account: Account, member: Membership | None = None) -> str:
    page = desk.sign_in(member or desk.olivia).get("/clients/accounts/").content.decode()
    found = re.search(rf'id="qb-cell-{account.pk}".*?</td>', page, re.DOTALL)
    assert found, "the account is not on the page"
    return found[0]


def _tooltip(desk: Desk, account: Account) -> str:
    found = re.search(r'role="tooltip".*?>(.*?)</div>', _cell(desk, account), re.DOTALL)
    assert found
    return _text(found[1])


def _panel(desk: Desk, account: Account, member: Membership | None = None) -> str:
    page = desk.sign_in(member or desk.olivia).get(account.get_absolute_url()).content.decode()
    found = re.search(r'<section class="panel qb-panel.*?</section>', page, re.DOTALL)
    assert found, "the page has no panel"
    return found[0]


def _menu(panel: str) -> list[str]:
    items = re.findall(r'class="dropdown-item[^"]*".*?>(.*?)</(?:a|button|span)>', panel, re.DOTALL)
    return [_text(item).replace(" (opens in a new tab)", "") for item in items]


def test_synced_says_to_which_customer_since_when_and_what_waits_or_failed(desk: Desk) -> None:
    account = desk.synced("O'Brien & Sons")
    desk.invoice(account)
    desk.invoice(account, status="failed", reason=DocumentReason.REFUSED, settled_revision=1)
    assert _tooltip(desk, account) == (
        "This account is successfully synced. "
        "Linked to the customer “O'Brien & Sons” since Mar 2, 2026 at 12:00 PM. "
        "1 document waiting to be sent. 1 document failed."
    )
    assert f'href="/clients/accounts/{account.pk}/invoices/"' in _cell(desk, account)


def test_never_linked_says_that_it_can_be_synced(desk: Desk) -> None:
    account = desk.account("Bright Dental")
    assert _tooltip(desk, account) == "This account is not synced; you can sync it from the Info tab."


def test_a_lost_link_names_the_customer_what_happened_and_when(desk: Desk) -> None:
    account = desk.account("Bright Dental")
    desk.row(account, Status.NOT_SYNCED, reason=Reason.CUSTOMER_INACTIVE, detail={"customer": "Bright Dental"})
    assert _tooltip(desk, account) == (
        "This account is not synced; you can sync it from the Info tab. "
        "The customer “Bright Dental” was deleted (made inactive) in QuickBooks. "
        "Noticed on Mar 2, 2026 at 12:00 PM. "
        "Choose “Sync Account to QuickBooks” to restore the link or to create a new customer."
    )


def test_skipped_says_who_skipped_it_and_when(desk: Desk) -> None:
    assert _tooltip(desk, desk.skipped("Acme")) == (
        "You skipped sync for this account; resync it from the Info tab if needed. "
        "Skipped by Adam Moss on Mar 2, 2026 at 12:00 PM."
    )


def test_failed_says_the_plain_sentence_what_to_do_and_since_when(desk: Desk) -> None:
    assert _tooltip(desk, desk.failed("Acme")) == (
        "There is a sync issue with this account: "
        'No exact match found for "Acme" in your QuickBooks account '
        "Choose the customer it belongs to, or create a new one. "
        "Since Mar 2, 2026 at 12:00 PM."
    )


def test_syncing_says_that_it_takes_time(desk: Desk) -> None:
    account = desk.syncing("Acme", asked_at=timezone.now())
    assert _tooltip(desk, account).startswith("This account is being synced; this takes time.")


def test_a_firm_without_quickbooks_reads_not_connected(desk: Desk) -> None:
    account = desk.synced("Acme")
    Connection.objects.update(status=ConnectionStatus.DISCONNECTED, refresh_token="")
    assert _tooltip(desk, account) == (
        "This account is not synced. The firm is not connected to QuickBooks. "
        "The owner can connect it in Settings > Integrations > QuickBooks."
    )


def test_the_tooltip_is_the_description_of_a_button(desk: Desk) -> None:
    account = desk.failed("Acme")
    cell = _cell(desk, account)
    assert re.search(r'<button class="tip-trigger" type="button" aria-describedby="(qb-tip-\d+)">', cell)
    assert f'id="qb-tip-{account.pk}" role="tooltip"' in cell


def test_hostile_names_are_shown_as_text(desk: Desk) -> None:
    account = desk.failed("<script>alert(1)</script>")
    assert "<script>alert" not in _cell(desk, account)
    assert "<script>alert" not in _panel(desk, account)


MENUS = {
    "synced": ["View in QuickBooks", "Sync now", "Change customer…", "Unsync"],
    "not synced": ["Sync Account to QuickBooks", "Create in QuickBooks", "Do not sync this account"],
    "lost link": ["Sync Account to QuickBooks", "Create in QuickBooks", "Do not sync this account"],
    "skipped": ["Sync Account to QuickBooks"],
    "failed": ["Sync Account to QuickBooks", "Create in QuickBooks", "Do not sync this account"],
    "syncing": ["Do not sync this account"],
    "no worker": ["Sync Account to QuickBooks", "Create in QuickBooks", "Do not sync this account"],
}


def _in_state(desk: Desk, state: str) -> Account:
    match state:
        case "synced":
            return desk.synced("Acme")
        case "not synced":
            return desk.account("Acme")
        case "lost link":
            account = desk.account("Acme")
            desk.row(account, Status.NOT_SYNCED, reason=Reason.CUSTOMER_MERGED, detail={"customer": "Acme"})
            return account
        case "skipped":
            return desk.skipped("Acme")
        case "failed":
            return desk.failed("Acme")
        case "syncing":
            return desk.syncing("Acme", asked_at=timezone.now())
        case _:
            return desk.syncing("Acme", asked_at=timezone.now() - timedelta(minutes=5))


@pytest.mark.parametrize("state", MENUS)
def test_the_menu_of_the_info_tab_is_the_products(desk: Desk, state: str) -> None:
    assert _menu(_panel(desk, _in_state(desk, state))) == MENUS[state]


@pytest.mark.parametrize("state", MENUS)
def test_an_employee_reads_the_message_and_has_no_menu(desk: Desk, state: str) -> None:
    account = _in_state(desk, state)
    account.team.add(desk.erin)
    panel = _panel(desk, account, desk.erin)
    assert OPEN not in panel
    assert "This account" in panel or "this account" in panel


def test_without_a_connection_the_menu_is_there_but_disabled(desk: Desk) -> None:
    account = desk.synced("Acme")
    Connection.objects.update(status=ConnectionStatus.DISCONNECTED, refresh_token="")
    panel = _panel(desk, account)
    assert _menu(panel) == MENUS["not synced"]
    assert panel.count('aria-disabled="true"') == 3
    assert "Connect QuickBooks first." in panel


def test_the_link_into_quickbooks_names_customer_and_company(desk: Desk) -> None:
    account = desk.synced("Acme")
    customer = desk.connection.customers.get().qbo_id
    assert f"/app/customerdetail?nameId={customer}&amp;deeplinkcompanyid=9341452000001" in _panel(desk, account)


def test_the_panel_asks_for_itself_while_something_is_under_way(desk: Desk) -> None:
    assert 'hx-trigger="every 1500ms"' in _panel(desk, desk.syncing("Acme", asked_at=timezone.now()))
    assert "hx-trigger" not in _panel(desk, desk.synced("Bright Dental"))


def test_a_documents_cell_says_why_it_waits_and_links_to_its_copy(desk: Desk) -> None:
    account = desk.synced("Acme")
    desk.payment(account, status="waiting", reason=DocumentReason.WAITS_FOR_INVOICE, detail={"invoice": "INV-7"})
    desk.payment(
        account, status="synced", qbo_id="77", qbo_number="P-9", settled_revision=1, pushed_revision=1, pushed_at=NOON
    )
    page = desk.sign_in(desk.olivia).get(f"/clients/accounts/{account.pk}/payments/").content.decode()
    assert "Waits for invoice INV-7, which is not in QuickBooks yet." in unescape(page)
    assert "In QuickBooks as number P-9." in page
    assert "/app/recvpayment?txnId=77&amp;deeplinkcompanyid=9341452000001" in page


def test_documents_of_an_unsynced_account_are_disabled_with_the_reason(desk: Desk) -> None:
    account = desk.skipped("Acme")
    desk.invoice(account)
    page = desk.sign_in(desk.olivia).get(f"/clients/accounts/{account.pk}/invoices/").content.decode()
    cell = re.search(r'id="qb-invoice-\d+".*?</td>', page, re.DOTALL)
    assert cell and "Sync the account first." in cell[0]
    assert len(re.findall(r'<button class="dropdown-item"\s+type="submit"\s+disabled>', cell[0])) == 2


def test_the_banner_tells_of_a_broken_connection_on_every_page(desk: Desk) -> None:
    account = desk.synced("Acme")
    browser = desk.sign_in(desk.olivia)
    assert 'class="banner' not in browser.get(account.get_absolute_url()).content.decode()
    Connection.objects.update(status=ConnectionStatus.BROKEN, broken_reason="grant_revoked")
    for address in (account.get_absolute_url(), "/clients/accounts/"):
        assert "The QuickBooks connection was ended." in browser.get(address).content.decode()


def test_the_banner_tells_when_no_worker_is_running(desk: Desk) -> None:
    desk.syncing("Acme", asked_at=timezone.now() - timedelta(minutes=5))
    assert "No worker is running" in desk.sign_in(desk.olivia).get("/clients/accounts/").content.decode()

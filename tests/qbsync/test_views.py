"""The buttons and dialogs of one account: who may press them, and what they answer."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Account
from portal.models import Membership
from qbsync.models import AccountSync, Connection, ConnectionStatus, HistoryEntry, InvoiceSync
from qbsync.states import Ask, DocumentReason, DocumentStatus, Status
from tests.qbsync.desk import Desk

HTMX = {"HX-Request": "true"}


def _url(account: Account, verb: str) -> str:
    return f"/clients/accounts/{account.pk}/quickbooks/{verb}/"


def _row(account: Account) -> AccountSync:
    return AccountSync.objects.get(account=account)


VERBS = ["sync", "create", "unsync", "change"]


@pytest.mark.parametrize("verb", VERBS)
def test_an_employee_is_refused_also_by_direct_post(desk: Desk, verb: str) -> None:
    account = desk.failed("Acme")
    account.team.add(desk.erin)
    assert desk.sign_in(desk.erin).post(_url(account, verb)).status_code == 403
    assert _row(account).status == Status.FAILED


@pytest.mark.parametrize("verb", VERBS)
def test_another_firms_owner_finds_nothing(desk: Desk, verb: str) -> None:
    account = desk.failed("Acme")
    assert desk.sign_in(desk.nadia).post(_url(account, verb)).status_code == 404
    assert _row(account).status == Status.FAILED


@pytest.mark.parametrize("verb", VERBS)
def test_an_anonymous_person_goes_to_sign_in(desk: Desk, verb: str) -> None:
    answer = Client().post(_url(desk.failed("Acme"), verb))
    assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("verb", VERBS)
def test_a_post_without_a_csrf_token_is_refused(desk: Desk, verb: str) -> None:
    account = desk.failed("Acme")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(desk.olivia.user)
    assert browser.post(_url(account, verb)).status_code == 403
    assert _row(account).status == Status.FAILED


def test_an_employee_does_not_see_panels_of_accounts_not_assigned_to_them(desk: Desk) -> None:
    mine, other = desk.syncing("Mine", asked_at=timezone.now()), desk.failed("Other")
    mine.team.add(desk.erin)
    browser = desk.sign_in(desk.erin)
    assert browser.get(_url(mine, "panel")).status_code == 200
    assert browser.get(_url(other, "panel")).status_code == 404
    assert b"qb-cell" not in browser.get("/clients/accounts/quickbooks/cells/", {"id": [other.pk]}).content


@pytest.mark.parametrize("role", ["olivia", "adam"])
def test_owner_and_admin_link_to_the_customer_they_choose(desk: Desk, role: str) -> None:
    account, customer = desk.failed("Acme"), desk.customer("Acme Incorporated")
    member: Membership = getattr(desk, role)
    answer = desk.sign_in(member).post(_url(account, "sync"), {"choose": "1", "customer": customer.pk})
    assert answer.status_code == 302 and answer["Location"] == account.get_absolute_url()
    row = _row(account)
    assert (row.status, row.ask, row.asked_customer) == (Status.SYNCING, Ask.LINK, customer)
    assert HistoryEntry.objects.filter(account=account, event="asked").get().actor == member.user


def test_htmx_gets_the_changed_panel_and_closes_the_dialog(desk: Desk) -> None:
    account, customer = desk.failed("Acme"), desk.customer("Acme Incorporated")
    data = {"choose": "1", "customer": customer.pk}
    answer = desk.sign_in(desk.olivia).post(_url(account, "sync"), data, headers=HTMX)
    assert answer.status_code == 200
    assert answer["HX-Retarget"] == "#quickbooks-panel" and "dialogClose" in answer["HX-Trigger"]
    assert b"This account is being synced; this takes time" in answer.content


def test_a_second_press_changes_nothing(desk: Desk) -> None:
    account, customer = desk.failed("Acme"), desk.customer("Acme Incorporated")
    browser = desk.sign_in(desk.olivia)
    for _ in range(2):
        browser.post(_url(account, "sync"), {"choose": "1", "customer": customer.pk})
    assert HistoryEntry.objects.filter(account=account, event="asked").count() == 1


def test_a_customer_taken_meanwhile_is_refused_in_place(desk: Desk) -> None:
    account, taker = desk.failed("Acme"), desk.synced("Acme Two")
    taken = _row(taker).customer
    assert taken is not None
    answer = desk.sign_in(desk.olivia).post(_url(account, "sync"), {"choose": "1", "customer": taken.pk}, headers=HTMX)
    assert answer.status_code == 200 and "HX-Retarget" not in answer
    assert "“Acme Two” is already linked to Acme Two" in answer.content.decode()
    assert _row(account).status == Status.FAILED


@pytest.mark.parametrize("customer", ["", "999999", "x", "1" * 30, "another firm's"])
def test_a_customer_that_is_none_is_refused_in_place(desk: Desk, customer: str) -> None:
    account = desk.failed("Acme")
    if customer == "another firm's":
        theirs = Connection.objects.create(
            firm=desk.nadia.firm, realm_id="2", status_changed_at=timezone.now(), refresh_token="r"
        )
        customer = str(theirs.customers.create(qbo_id="1", display_name="A", folded_name="a", full_name="A").pk)
    answer = desk.sign_in(desk.olivia).post(_url(account, "sync"), {"choose": "1", "customer": customer})
    assert answer.status_code == 409
    assert 'role="alert"' in answer.content.decode()
    assert _row(account).status == Status.FAILED


def test_sync_now_resumes_the_link(desk: Desk) -> None:
    account = desk.synced("Acme")
    desk.sign_in(desk.olivia).post(_url(account, "sync"))
    assert (_row(account).status, _row(account).ask) == (Status.SYNCING, Ask.RESUME)


def test_create_shows_the_name_and_asks_on_post(desk: Desk) -> None:
    account = desk.failed("Acme")
    browser = desk.sign_in(desk.olivia)
    assert "Create customer" in browser.get(_url(account, "create")).content.decode()
    assert _row(account).status == Status.FAILED
    browser.post(_url(account, "create"))
    assert (_row(account).status, _row(account).ask) == (Status.SYNCING, Ask.CREATE)


def test_create_proposes_a_name_that_quickbooks_can_hold(desk: Desk) -> None:
    page = desk.sign_in(desk.olivia).get(_url(desk.failed("Acme: West"), "create")).content.decode()
    assert "QuickBooks does not accept a colon (:) in a name." in page
    assert "Acme - West" in page
    assert "Create customer" not in page


def test_unsync_says_what_happens_and_skips_at_once(desk: Desk) -> None:
    account = desk.synced("Acme")
    desk.invoice(account)
    desk.invoice(account, status="synced", qbo_id="7", settled_revision=1, pushed_revision=1)
    browser = desk.sign_in(desk.adam)
    question = " ".join(browser.get(_url(account, "unsync")).content.decode().split())
    assert "1 document will no longer be synced." in question
    assert "What is in QuickBooks stays there: 1 document." in question
    browser.post(_url(account, "unsync"))
    row = _row(account)
    assert (row.status, row.customer, row.changed_by) == (Status.SKIPPED, None, desk.adam.user)
    assert row.remembered_customer is not None
    browser.post(_url(account, "unsync"))
    assert HistoryEntry.objects.filter(account=account, event="unsynced").count() == 1


def test_change_customer_says_where_the_documents_stay(desk: Desk) -> None:
    account, other = desk.synced("Acme"), desk.customer("Acme Incorporated")
    desk.invoice(account, status="synced", qbo_id="7", settled_revision=1, pushed_revision=1)
    browser = desk.sign_in(desk.olivia)
    question = " ".join(browser.get(_url(account, "change")).content.decode().split())
    assert "1 document is in QuickBooks already, and stays with the customer it has" in question
    browser.post(_url(account, "change"), {"choose": "1", "customer": other.pk})
    assert _row(account).asked_customer == other


def test_change_customer_to_the_customer_it_has_is_refused_in_the_dialog(desk: Desk) -> None:
    account = desk.synced("Acme")
    before = _row(account)
    browser = desk.sign_in(desk.olivia)
    answer = browser.post(_url(account, "change"), {"choose": "1", "customer": before.customer_id}, headers=HTMX)
    assert "Acme is linked to Acme already. Choose another customer, or Cancel." in answer.text
    now = _row(account)
    assert (now.status, now.due_at, now.changed_at) == (Status.SYNCED, before.due_at, before.changed_at)
    assert not HistoryEntry.objects.filter(account=account).exists()


def test_the_dialog_works_as_a_page_and_searches_without_javascript(desk: Desk) -> None:
    account = desk.failed("Acme")
    desk.customer("Acme")
    desk.customer("Zenith")
    browser = desk.sign_in(desk.olivia)
    page = browser.get(_url(account, "dialog")).content.decode()
    assert "<html" in page and "Same name" in page and "Zenith" in page
    found = browser.get(_url(account, "dialog"), {"q": "zen\x00"}).content.decode()
    assert "Zenith" in found and "Same name" not in found
    assert "<html" not in browser.get(_url(account, "dialog"), headers=HTMX).content.decode()


def test_the_dialog_of_a_broken_connection_says_so(desk: Desk) -> None:
    account = desk.failed("Acme")
    Connection.objects.update(status=ConnectionStatus.BROKEN)
    browser = desk.sign_in(desk.olivia)
    assert "needs attention" in browser.get(_url(account, "dialog")).content.decode()
    answer = browser.post(_url(account, "sync"), headers=HTMX)
    assert "reconnect it first" in answer.content.decode()
    assert _row(account).status == Status.FAILED


def test_a_row_without_a_worker_is_asked_for_until_it_has_recovered(desk: Desk) -> None:
    account = desk.syncing("Waiting", asked_at=timezone.now() - timedelta(minutes=5))
    browser = desk.sign_in(desk.olivia)
    listed = browser.get("/clients/accounts/").text
    asked = re.search(rf'id="qb-cell-{account.pk}".*?<input class="qb-polled"[^>]*name="(\w+)"', listed, re.DOTALL)
    assert asked and asked[1] == "no_worker"
    assert 'id="qb-poller"' in listed

    def poll() -> tuple[int, list[str]]:
        answer = browser.get("/clients/accounts/quickbooks/cells/", {"no_worker": [account.pk]})
        return answer.status_code, re.findall(r'hx-swap-oob="true"|name="id"|>Syncing<|>Synced<', answer.text)

    assert poll() == (200, []), "nothing has changed: an open tooltip is left alone"
    AccountSync.objects.update(claimed_until=timezone.now() + timedelta(minutes=1))
    status, shown = poll()
    assert (status, shown[0]) == (200, 'hx-swap-oob="true"')
    assert 'name="id"' in shown
    AccountSync.objects.update(status=Status.NOT_SYNCED, ask=Ask.NOTHING, claimed_until=None)
    assert poll()[0] == 286


def test_the_poller_gets_only_cells_that_are_final_and_stops_when_none_is_left(desk: Desk) -> None:
    done, waiting = desk.synced("Done"), desk.syncing("Waiting", asked_at=timezone.now())
    browser = desk.sign_in(desk.olivia)
    both = browser.get("/clients/accounts/quickbooks/cells/", {"id": [done.pk, waiting.pk]})
    assert both.status_code == 200
    assert re.findall(r'id="qb-cell-(\d+)" hx-swap-oob="true"', both.content.decode()) == [str(done.pk)]
    assert browser.get("/clients/accounts/quickbooks/cells/", {"id": [done.pk]}).status_code == 286
    assert browser.get("/clients/accounts/quickbooks/cells/", {"id": ["x", "9" * 40]}).status_code == 286


def test_the_panel_is_not_sent_again_while_nothing_changed(desk: Desk) -> None:
    account = desk.syncing("Acme", asked_at=timezone.now())
    browser = desk.sign_in(desk.olivia)
    first = browser.get(_url(account, "panel")).content.decode()
    again = re.search(r'hx-get="([^"]+)"', first)
    assert again
    assert browser.get(again[1]).status_code == 204
    desk.row(account, Status.SYNCED, customer=desk.customer("Acme"))
    assert b"This account is successfully synced" in browser.get(again[1]).content


def test_the_list_filters_by_status_and_reason(desk: Desk) -> None:
    failed, synced = desk.failed("Failed LLC"), desk.synced("Synced LLC")
    desk.syncing("Stalled LLC", asked_at=timezone.now() - timedelta(minutes=5))
    browser = desk.sign_in(desk.olivia)

    def shown(**params: str) -> set[str]:
        page = browser.get("/clients/accounts/", params).content.decode()
        return set(re.findall(r"<bdi>(.*?)</bdi>", page))

    assert shown(quickbooks="failed") == {"Failed LLC", "Stalled LLC"}
    assert shown(quickbooks="no_match") == {failed.name}
    assert shown(quickbooks="synced") == {synced.name}
    assert len(shown(quickbooks="nonsense")) == 3


def test_the_list_costs_the_same_statements_for_one_row_and_for_thirty(desk: Desk) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser = desk.sign_in(desk.olivia)
    counts = []
    for size in (1, 30):
        for number in range(size):
            account = desk.synced(f"Account {size}-{number}")
            desk.invoice(account)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            browser.get("/clients/accounts/")
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_activity_tells_who_did_what_and_what_quickbooks_answered(desk: Desk) -> None:
    account = desk.synced("Acme")
    HistoryEntry.objects.create(
        firm=desk.firm, account=account, at=timezone.now(), kind="invoice", subject="INV-7", event="refused",
        before="waiting", after="failed", reason=DocumentReason.NUMBER_TOO_LONG, detail={"number": "X" * 30},
        fault_code="2050", intuit_tid="1-abc",
    )  # fmt: skip
    browser = desk.sign_in(desk.adam)
    browser.post(_url(account, "unsync"))
    page = " ".join(browser.get(f"/clients/accounts/{account.pk}/activity/").content.decode().split())
    assert "Unsynced" in page and "Adam Moss" in page and "Synced → Skipped" in page
    assert "Invoice INV-7 not taken by QuickBooks" in page
    assert "QuickBooks answered with code 2050 · Intuit’s id 1-abc" in page


def test_a_document_is_sent_or_left_out_by_its_buttons(desk: Desk) -> None:
    account = desk.synced("Acme")
    invoice = desk.invoice(account, status="failed", reason=DocumentReason.REFUSED, settled_revision=1)
    browser = desk.sign_in(desk.olivia)
    url = f"/clients/invoices/{invoice.pk}/quickbooks/"
    answer = browser.post(f"{url}sync/", headers=HTMX)
    assert "Waiting" in answer.content.decode()
    assert InvoiceSync.objects.get(document=invoice).status == DocumentStatus.WAITING
    browser.post(f"{url}skip/")
    assert InvoiceSync.objects.get(document=invoice).status == DocumentStatus.SKIPPED


def test_a_pressed_document_asks_for_itself_until_it_has_gone(desk: Desk) -> None:
    invoice = desk.invoice(desk.synced("Acme"))
    browser = desk.sign_in(desk.olivia)
    url = f"/clients/invoices/{invoice.pk}/quickbooks/"
    assert f'hx-get="{url}cell/"' in browser.post(f"{url}sync/", headers=HTMX).content.decode()
    InvoiceSync.objects.update(status="synced", qbo_id="7", settled_revision=1, pushed_revision=1)
    cell = browser.get(f"{url}cell/").content.decode()
    assert "Synced" in cell and "hx-trigger" not in cell


def test_a_document_of_an_unsynced_account_is_refused_in_place(desk: Desk) -> None:
    account = desk.skipped("Acme")
    invoice, payment = desk.invoice(account), desk.payment(account)
    browser = desk.sign_in(desk.olivia)
    answer = browser.post(f"/clients/payments/{payment.pk}/quickbooks/sync/", headers=HTMX)
    assert "The account is not synced." in answer.content.decode()
    assert browser.post(f"/clients/invoices/{invoice.pk}/quickbooks/skip/").status_code == 302
    assert not InvoiceSync.objects.exists()


def test_documents_are_out_of_reach_for_employees_and_other_firms(desk: Desk) -> None:
    invoice = desk.invoice(desk.synced("Acme"))
    url = f"/clients/invoices/{invoice.pk}/quickbooks/sync/"
    assert desk.sign_in(desk.erin).post(url).status_code == 403
    assert desk.sign_in(desk.nadia).post(url).status_code == 404

"""Where an inactive customer is offered as Reactivate and link, and what the press answers."""

from accounts.models import Account
from qbsync.models import AccountSync, Customer
from qbsync.states import Ask, Reason, Status
from tests.qbsync.desk import Desk

HTMX = {"HX-Request": "true"}


def _row(account: Account) -> AccountSync:
    return AccountSync.objects.get(account=account)


def _inactive(desk: Desk, name: str) -> Customer:
    """A customer that was made inactive in QuickBooks."""
    customer = desk.customer(name, active=False)
    customer.display_name = f"{name} (deleted)"
    customer.save()
    return customer


def _lost(desk: Desk) -> tuple[Account, Customer]:
    """Acme, whose customer was made inactive."""
    account, customer = desk.account("Acme"), _inactive(desk, "Acme")
    desk.row(
        account,
        Status.NOT_SYNCED,
        reason=Reason.CUSTOMER_INACTIVE,
        detail={"customer": "Acme"},
        remembered_customer=customer,
    )
    return account, customer


def _sync(account: Account) -> str:
    return f"/clients/accounts/{account.pk}/quickbooks/sync/"


def test_the_dialog_offers_an_inactive_customer_to_be_reactivated(desk: Desk) -> None:
    account, customer = desk.account("Acme"), _inactive(desk, "Acme")
    browser = desk.sign_in(desk.adam)
    shown = browser.get(f"/clients/accounts/{account.pk}/quickbooks/dialog/", headers=HTMX).content.decode()
    assert f'value="reactivate-{customer.pk}"' in shown
    assert "Inactive: reactivate and link" in shown
    browser.post(_sync(account), {"choose": "1", "customer": f"reactivate-{customer.pk}"})
    row = _row(account)
    assert (row.status, row.ask, row.asked_customer) == (Status.SYNCING, Ask.ACTIVATE, customer)


def test_one_press_on_the_panel_restores_a_link_that_was_lost(desk: Desk) -> None:
    account, customer = _lost(desk)
    browser = desk.sign_in(desk.adam)
    assert "Reactivate and link" in browser.get(account.get_absolute_url()).content.decode()
    browser.post(_sync(account), {"customer": f"reactivate-{customer.pk}"})
    assert (_row(account).status, _row(account).ask) == (Status.SYNCING, Ask.ACTIVATE)


def test_the_page_of_errors_has_the_same_press(desk: Desk) -> None:
    account, _ = _lost(desk)
    namesake, inactive = desk.failed("Zeta", Reason.HELD_BY_INACTIVE, holder="Zeta (deleted)"), _inactive(desk, "Zeta")
    AccountSync.objects.filter(account=namesake).update(folded_name="zeta")
    shown = desk.sign_in(desk.adam).get("/settings/integrations/quickbooks/errors/?tab=accounts").content.decode()
    assert shown.count("Reactivate and link</button>") == 2
    assert f'value="reactivate-{inactive.pk}"' in shown and _sync(account) in shown


def test_it_is_not_offered_to_employees_nor_for_a_customer_that_somebody_has(desk: Desk) -> None:
    account, customer = _lost(desk)
    account.team.add(desk.erin)
    assert "Reactivate and link" not in desk.sign_in(desk.erin).get(account.get_absolute_url()).content.decode()
    desk.row(desk.account("Taker"), Status.SYNCED, customer=customer, linked_at=customer.connection.set_up_at)
    browser = desk.sign_in(desk.adam)
    assert "Reactivate and link" not in browser.get(account.get_absolute_url()).content.decode()
    answer = browser.post(_sync(account), {"customer": f"reactivate-{customer.pk}", "choose": "1"})
    assert answer.status_code == 409 and "already linked to Taker" in answer.content.decode()
    assert _row(account).status == Status.NOT_SYNCED


def test_a_customer_made_inactive_since_the_dialog_opened_is_refused_in_place(desk: Desk) -> None:
    account, customer = desk.account("Acme"), _inactive(desk, "Acme")
    answer = desk.sign_in(desk.adam).post(_sync(account), {"customer": str(customer.pk), "choose": "1"})
    assert answer.status_code == 409 and "has been made inactive" in answer.content.decode()
    assert not AccountSync.objects.filter(account=account).exclude(status=Status.NOT_SYNCED).exists()


def test_what_is_no_customer_is_refused_in_place(desk: Desk) -> None:
    account = desk.account("Acme")
    for value in ("reactivate-", "reactivate-x", "reactivate-99999999", "1; DROP", "²"):
        answer = desk.sign_in(desk.adam).post(_sync(account), {"customer": value, "choose": "1"})
        assert answer.status_code == 409, value


def test_one_press_resumes_a_link_whose_customer_is_active_again(desk: Desk) -> None:
    account, customer = _lost(desk)
    account.team.add(desk.erin)
    Customer.objects.filter(pk=customer.pk).update(active=True, display_name="Acme")
    browser = desk.sign_in(desk.adam)
    shown = browser.get(account.get_absolute_url()).content.decode()
    assert "Resume the link" in shown and "Reactivate and link" not in shown
    assert "Resume the link" not in desk.sign_in(desk.erin).get(account.get_absolute_url()).content.decode()
    browser.post(_sync(account), {"customer": str(customer.pk)})
    assert (_row(account).ask, _row(account).asked_customer) == (Ask.LINK, customer)


def test_one_press_follows_a_merge_once_the_survivor_is_free(desk: Desk) -> None:
    account, gone = _lost(desk)
    survivor, other = desk.customer("Acme West"), desk.account("West")
    Customer.objects.filter(pk=gone.pk).update(merged_into=survivor.qbo_id)
    AccountSync.objects.filter(account=account).update(reason=Reason.CUSTOMER_MERGED)
    desk.row(other, Status.SYNCED, customer=survivor)
    browser = desk.sign_in(desk.adam)
    assert "Follow the merge" in browser.get(account.get_absolute_url()).content.decode()
    refused = browser.post(_sync(account), {"customer": str(survivor.pk)}, headers=HTMX).content.decode()
    assert "is already linked to West" in refused
    assert _row(account).status == Status.NOT_SYNCED
    AccountSync.objects.filter(account=other).update(status=Status.SKIPPED, customer=None, linked_at=None)
    browser.post(_sync(account), {"customer": str(survivor.pk)})
    assert (_row(account).ask, _row(account).asked_customer) == (Ask.LINK, survivor)

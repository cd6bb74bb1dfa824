"""Reactivate and link: an inactive customer is made active again once, and its account linked, whatever goes wrong."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Account
from qbsync import engine, services
from qbsync.gateway.limiter import Priority
from qbsync.models import Customer, PushIntent
from qbsync.services import Refused
from qbsync.services.connections import waiting_failed, waiting_resumed
from qbsync.states import Reason
from tests.qbsync.conftest import Office

pytestmark = pytest.mark.django_db(transaction=True)

WRITE = {"endpoint": "batch", "entity": "Customer"}


@pytest.fixture
def lost(office: Office) -> Account:
    """Acme, whose customer was made inactive in QuickBooks; one invoice has been recorded since."""
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    office.sync()
    inactive(office, "Acme")
    office.invoice(acme)
    return acme


def inactive(office: Office, name: str) -> Customer:
    """Make the customer inactive in QuickBooks, and let the portal hear of it."""
    customer = Customer.objects.get(display_name=name)
    office.simulator.change(office.realm, "Customer", customer.qbo_id, Active=False)
    stale(office)
    office.sync()
    customer.refresh_from_db()
    assert not customer.active
    return customer


def stale(office: Office) -> None:
    """Let the next run read the customers anew."""
    type(office.connection).objects.filter(pk=office.connection.pk).update(mirror_read_at=None)


def reactivate(office: Office, account: Account) -> None:
    """Press Reactivate and link for the customer Acme."""
    customer = Customer.objects.get(display_name__startswith="Acme")
    services.account_sync(account=account, by=office.alice, customer=customer, reactivate=True)


def the_customer(office: Office) -> dict[str, Any]:
    (customer,) = office.remote("Customer")
    return customer


def writes(office: Office) -> list[str]:
    """What became of each write of a customer."""
    return list(PushIntent.objects.filter(invoice_sync=None, payment_sync=None).values_list("outcome", flat=True))


def test_the_customer_is_made_active_linked_and_its_documents_follow(office: Office, lost: Account) -> None:
    assert office.row(lost).status == "not_synced"
    reactivate(office, lost)
    assert (office.row(lost).status, office.row(lost).ask) == ("syncing", "activate")
    office.sync()
    row = office.row(lost)
    assert row.customer is not None
    assert (row.status, row.customer.display_name, the_customer(office)["DisplayName"]) == ("synced", "Acme", "Acme")
    assert len(office.remote("Invoice")) == 2
    assert writes(office) == ["done"]


@pytest.mark.parametrize("kind", ["drop_after_commit", "drop_before_commit"])
def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(office: Office, lost: Account, kind: str) -> None:
    office.simulator.faults(office.realm, {"match": WRITE, "kind": kind})
    reactivate(office, lost)
    engine.run(office.connection.pk, priority=Priority.BACKGROUND)
    assert writes(office) == ["open"]
    office.sync(patience_s=40)
    assert (office.row(lost).status, the_customer(office)["Active"]) == ("synced", True)
    assert "open" not in writes(office)
    sent = len(writes(office))
    assert sent == (1 if kind == "drop_after_commit" else 2), "what had arrived is not sent twice"


def test_a_name_that_is_used_by_now_fails_the_account_and_says_by_whom(office: Office, lost: Account) -> None:
    office.simulator.create(office.realm, "Vendor", DisplayName="Acme")
    reactivate(office, lost)
    office.sync()
    row = office.row(lost)
    assert (row.status, row.reason) == ("failed", "inactive_name_taken")
    assert row.detail == {"customer": "Acme", "holder": "the vendor “Acme”"}
    assert not the_customer(office)["Active"]


def test_one_that_was_made_active_in_quickbooks_meanwhile_is_linked_without_a_write(
    office: Office, lost: Account
) -> None:
    reactivate(office, lost)
    office.simulator.change(office.realm, "Customer", the_customer(office)["Id"], Active=True)
    office.sync()
    assert office.row(lost).status == "synced"
    assert writes(office) == []


def test_a_stale_token_is_read_again(office: Office, lost: Account) -> None:
    fault = {"match": {"endpoint": "batch_item", "entity": "Customer"}, "kind": "fault", "code": "5010"}
    office.simulator.faults(office.realm, fault)
    reactivate(office, lost)
    office.sync()
    assert office.row(lost).status == "synced"
    assert writes(office) == ["refused", "done"]


def test_unsync_before_the_write_leaves_the_customer_inactive(office: Office, lost: Account) -> None:
    reactivate(office, lost)
    services.account_unsync(account=lost, by=office.alice)
    office.sync()
    assert (office.row(lost).status, the_customer(office)["Active"]) == ("skipped", False)


def test_who_did_not_know_that_the_customer_is_inactive_is_asked_again(office: Office, lost: Account) -> None:
    customer = Customer.objects.get()
    with pytest.raises(Refused, match="inactive"):
        services.account_sync(account=lost, by=office.alice, customer=customer)
    assert office.row(lost).status == "not_synced"


def test_one_that_another_account_asked_for_as_well_is_linked_once(office: Office, lost: Account) -> None:
    other = office.account("Acme Holding", invoices=1)
    office.sync()
    reactivate(office, lost)
    reactivate(office, other)
    office.sync()
    assert sorted([office.row(lost).status, office.row(other).status]) == ["failed", "synced"]
    assert {office.row(lost).reason, office.row(other).reason} == {"", "customer_taken"}


def test_it_is_gone_on_with_when_quickbooks_answers_again(office: Office, lost: Account) -> None:
    reactivate(office, lost)
    waiting_failed(office.connection, reason=Reason.UNAVAILABLE)
    waiting_resumed(office.connection)
    office.sync()
    assert the_customer(office)["Active"]
    assert office.row(lost).status == "synced"

"""A worker whose claim has ended, and who goes on before anybody else has come: what it left out stays due."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from qbsync import claims, services
from qbsync.gateway.limiter import Priority
from qbsync.models import AccountSync, PushIntent
from tests.qbsync.conftest import Office

pytestmark = pytest.mark.django_db(transaction=True)

_LEASE_S, _STALL_S = 1.0, 1.4


@pytest.fixture
def office(office: Office, settings: Settings) -> Office:
    """An office whose workers' claims end soon."""
    settings.SYNC_LEASE_S = _LEASE_S
    return office


def stall(office: Office, *, times: int = 1, **match: str) -> None:
    """Have QuickBooks take longer over this than a claim lasts."""
    plan: dict[str, Any] = {"match": match, "kind": "stall", "at": "after", "seconds": _STALL_S, "times": times}
    office.simulator.faults(office.realm, plan)


def assert_all_done(office: Office) -> None:
    """Nothing is due, nothing is open, and everybody is linked."""
    assert set(AccountSync.objects.values_list("status", "due_at")) == {("synced", None)}
    assert not PushIntent.objects.filter(outcome="open").exists()


@pytest.mark.parametrize("priority", list(Priority))
def test_documents_that_were_not_sent_as_the_claim_had_ended_are_sent_next(office: Office, priority: Priority) -> None:
    office.account("Acme", invoices=2, payments=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    stall(office, endpoint="query", contains="DocNumber")  # after the link, before the first batch
    office.sync(priority=priority)
    assert (len(office.remote("Invoice")), len(office.remote("Payment"))) == (2, 1)
    assert_all_done(office)


def test_payments_that_were_not_sent_as_the_claim_had_ended_are_sent_next(office: Office) -> None:
    office.account("Acme", invoices=1, payments=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    stall(office, endpoint="batch", entity="Invoice")
    office.sync()
    assert (len(office.remote("Invoice")), len(office.remote("Payment"))) == (1, 1)
    assert_all_done(office)


def test_an_account_whose_customer_was_created_as_the_claim_ended_is_linked_next(office: Office) -> None:
    zed = office.account("Zed Ltd", invoices=1)
    office.connect()
    office.sync()
    stall(office, endpoint="batch", entity="Customer")
    services.account_create_customer(account=zed, by=office.alice)
    office.sync()
    assert (len(office.remote("Customer")), len(office.remote("Invoice"))) == (1, 1)
    assert_all_done(office)


def test_a_claim_that_has_ended_is_not_renewed_and_what_it_was_for_stays_due(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    claim = claims.take(office.connection.pk, limit=10)
    due_at, ended = office.row(acme).due_at, timezone.now()
    AccountSync.objects.update(claimed_until=ended)
    claims.keep(office.connection.pk, claim.rows)
    assert office.row(acme).claimed_until == ended
    claims.release(claim, {row.pk: None for row in claim.rows})
    assert (office.row(acme).due_at, office.row(acme).claimed_until) == (due_at, None)


def test_a_claim_that_goes_on_is_renewed(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    claim = claims.take(office.connection.pk, limit=10)
    before = office.row(acme).claimed_until
    claims.keep(office.connection.pk, claim.rows)
    after = office.row(acme).claimed_until
    assert before is not None
    assert after is not None
    assert after > before

"""How many requests to QuickBooks the same work takes."""

import pytest
from pytest_django import Settings

from qbsync import engine, services
from qbsync.gateway.limiter import Priority
from qbsync.models import InvoiceSync, PaymentSync
from tests.bench import firms
from tests.bench.conftest import Row
from tests.qbsync.conftest import Office

pytestmark = pytest.mark.django_db(transaction=True)


def settled() -> tuple[int, int]:
    """How many invoices and payments are in QuickBooks."""
    synced = {"status": "synced"}
    return InvoiceSync.objects.filter(**synced).count(), PaymentSync.objects.filter(**synced).count()


def test_a_first_sync_of_100_accounts_takes_20_requests_at_most(office: Office, row: Row) -> None:
    clients = firms.names(100)
    firms.books(office.firm, clients, invoices=300, payments=200)
    office.connect(Customer=firms.customers(clients))
    office.sync()
    requests = sum(office.requests().values())
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(office.requests().items()))
    row("requests for 100 accounts, 300 invoices, 200 payments", "<= 20", f"{requests} ({kinds})", requests <= 20)
    assert settled() == (300, 200)
    assert requests <= 20
    assert office.simulator.stats(office.realm)["throttled"] == 0


def test_a_pressed_account_with_18_documents_takes_4_requests_at_most(
    office: Office, row: Row, settings: Settings
) -> None:
    office.connect(Customer=firms.customers(firms.names(1)))
    office.sync()
    firms.books(office.firm, firms.names(1), invoices=10, payments=8)
    account = office.firm.accounts.get()
    services.account_unsync(account=account, by=office.alice)
    before = sum(office.requests().values())
    pressed = services.account_sync(account=account, by=office.alice)
    while engine.run(office.connection.pk, priority=Priority.PEOPLE, only=[pressed.pk]) is not None:
        pass
    requests = sum(office.requests().values()) - before
    row("requests for one pressed account, 10 invoices, 8 payments", "<= 4", f"{requests}", requests <= 4)
    assert settled() == (10, 8)
    assert requests <= 4

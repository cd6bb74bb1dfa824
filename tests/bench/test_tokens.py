"""How often a token is refreshed when many workers find it expired in the same moment."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from qbsync import services
from qbsync.models import AccountSync, Connection
from tests.bench import firms
from tests.bench.conftest import Row
from tests.qbsync.conftest import Office
from tests.workers import Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
WORKERS = 20


def test_twenty_workers_with_an_expired_token_refresh_it_once(
    office: Office, start_measured: Callable[..., Worker], eventually: Callable[..., None], row: Row
) -> None:
    clients = firms.names(WORKERS)
    firms.books(office.firm, clients, invoices=0, payments=0)
    office.connect(Customer=firms.customers(clients))
    office.sync()
    Connection.objects.update(access_expires_at=timezone.now() - timedelta(minutes=1))
    # A fault that never strikes counts the refreshes that reach Intuit.
    office.simulator.faults(office.realm, {"match": {"endpoint": "token"}, "kind": "http", "rate": 0, "times": 0})
    for account in office.firm.accounts.all():
        services.account_sync(account=account, by=office.alice)
    worker = start_measured("people", concurrency=WORKERS)
    eventually(lambda: AccountSync.objects.filter(status="synced").count() == WORKERS, within_s=90)
    [plan] = office.simulator.planned(office.realm)
    failed = AccountSync.objects.filter(status="failed").count() + worker.log().count("Traceback")
    measured = f"{plan['seen']} refresh, {failed} failed"
    row(f"{WORKERS} workers with an expired token", "1 refresh, 0 failed", measured, (plan["seen"], failed) == (1, 0))
    assert (plan["seen"], failed) == (1, 0)

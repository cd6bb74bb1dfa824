"""How soon the portal says what somebody did in QuickBooks: told by webhook over HTTP, and looked at by a worker."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account
from qbsync.changes import poll
from qbsync.models import AccountSync, Connection
from qbsync.states import Reason, Status
from tests.bench import firms, size
from tests.bench.conftest import Row
from tests.qbsync.conftest import Office
from tests.workers import Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

_ACCOUNTS = size.of(20, 2000)
_CUSTOMERS = size.of(3, 20)
_MOST_S = 5.0


@pytest.fixture
def told(office: Office, live_server: LiveServer) -> Office:
    """A firm whose accounts are all linked, whose company was looked at, and delivers webhooks to this portal."""
    cache.clear()  # the events of another run, of a company of the same number, are no events of this one
    clients = firms.names(_ACCOUNTS)
    firms.books(office.firm, clients, invoices=0, payments=0)
    office.connect(scope="all", Customer=firms.customers(clients))
    office.sync(patience_s=300)
    # Each look repeats the last minute; a company all of whose customers are a minute old would be read anew by each.
    office.simulator.clock(120)
    Connection.objects.update(poll_due_at=timezone.now())
    while (again := poll.run(office.connection.pk)) is not None:
        time.sleep(again)
    token = settings.QBO_WEBHOOK_VERIFIER_TOKENS[0]
    office.simulator.webhooks(office.realm, url=f"{live_server.url}/webhooks/quickbooks/", verifier_token=token)
    return office


def test_a_customer_made_inactive_is_noticed_within_seconds(
    told: Office, start_measured: Callable[..., Worker], row: Row
) -> None:
    start_measured("people")
    ids = {one["DisplayName"]: one["Id"] for one in told.remote("Customer")}
    dice = random.Random("noticing")
    waits = []
    for account in told.firm.accounts.order_by("pk")[:_CUSTOMERS]:
        # Two looks lie a few seconds apart, so that it matters when something happens after the last one.
        time.sleep(dice.uniform(0, 4))
        waits.append(_deactivate(told, account, ids[account.name]))
    told.simulator.webhooks(told.realm, url="", verifier_token="")
    longest, middle = max(waits), sorted(waits)[len(waits) // 2]
    row(
        f"a customer made inactive until its account says so, webhooks, longest of {len(waits)}",
        "<= 5 s",
        f"{longest:.2f} s, median {middle:.2f} s",
        longest <= _MOST_S,
        timed=True,
    )


def _deactivate(office: Office, account: Account, qbo_id: str) -> float:
    """Make its customer inactive in QuickBooks; return the seconds until the account is Not synced for that."""
    office.simulator.change(office.realm, "Customer", qbo_id, Active=False)
    began_at = time.monotonic()
    while not AccountSync.objects.filter(
        account=account, status=Status.NOT_SYNCED, reason=Reason.CUSTOMER_INACTIVE
    ).exists():
        assert time.monotonic() - began_at < 60, f"{account} still says {office.row(account).status}"
        time.sleep(0.02)
    return time.monotonic() - began_at

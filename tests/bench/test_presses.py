"""How long a person waits for Synced while a firm's first sync keeps the same workers and the quota busy."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from accounts.models import Account
from qbsync import services
from tests.bench import firms, size
from tests.bench.conftest import Row, percentile_95
from tests.bench.runs import Extent, FirstSync
from tests.qbsync.conftest import Office
from tests.workers import Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

_PRESSES = size.of(4, 40)  # for each firm
_BETWEEN_S = size.of(0, 1)
_MOST_S = 3.0


def test_a_press_is_served_while_a_first_sync_goes_on(
    open_office: Callable[[str], Office],
    start_measured: Callable[..., Worker],
    eventually: Callable[..., None],
    row: Row,
) -> None:
    busy, other = open_office("Archer"), open_office("Birch")
    to_press = {"another firm": (other, _quiet_firm(other))}
    sync = FirstSync(busy, Extent(size.of(300, 10_000)), batch_item_ms=size.of(0, 100))
    sync.begin()
    to_press["the same firm"] = (busy, _skip(busy, _PRESSES))
    for queue in ("people", "background"):
        start_measured(queue)
    eventually(lambda: sync.delivered() > 0, within_s=120)

    waits: dict[str, list[float]] = {whose: [] for whose in to_press}
    for number in range(_PRESSES):
        for whose, (office, accounts) in to_press.items():
            waits[whose].append(_press(office, accounts[number]))
            time.sleep(_BETWEEN_S)
    during = "" if sync.is_over() else " during a first sync"
    for whose, seconds in waits.items():
        late = percentile_95(seconds)
        row(
            f"pressed Sync until Synced{during}, {whose}, p95 of {_PRESSES}", "<= 3 s", f"{late:.2f} s", late <= _MOST_S
        )
    throttled = sync.throttled() + other.simulator.stats(other.realm)["throttled"]
    row("    answered 429", "0", f"{throttled}", throttled == 0)
    assert throttled == 0


def _quiet_firm(office: Office) -> list[Account]:
    """A firm whose customers are mirrored and whose accounts, each with three invoices and payments, are Skipped."""
    clients = firms.names(_PRESSES)
    firms.books(office.firm, clients, invoices=3 * _PRESSES, payments=2 * _PRESSES)
    office.connect(Customer=firms.customers(clients))
    accounts = _skip(office, _PRESSES)
    office.sync()
    return accounts


def _skip(office: Office, count: int) -> list[Account]:
    accounts = list(office.firm.accounts.order_by("-pk")[:count])
    for account in accounts:
        services.account_unsync(account=account, by=office.alice)
    return accounts


def _press(office: Office, account: Account) -> float:
    """Press Sync; return the seconds until the row says Synced."""
    pressed_at = time.monotonic()
    services.account_sync(account=account, by=office.alice)
    while (status := office.row(account).status) != "synced":
        assert status == "syncing", f"{account} is {status}"
        assert time.monotonic() - pressed_at < 120, f"{account} is not served"
        time.sleep(0.02)
    return time.monotonic() - pressed_at

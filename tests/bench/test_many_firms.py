"""Many firms on two worker processes: every look at a company in time, and a press answered meanwhile.

An hour's looks are due within the minutes that are watched, so the workers meet many times the load that they have.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from accounts.models import Account
from portal.models import Firm, Membership, Role, User
from qbsync import services
from qbsync.changes import poll
from qbsync.matching import fold
from qbsync.models import AccountSync, Connection, Customer
from qbsync.states import Status
from qbsync.tasks import sweep
from tests.bench import measured, size
from tests.bench.conftest import Row, percentile_95
from tests.simulated import Simulator
from tests.workers import Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

_FIRMS = size.of(6, 1000)
_ACCOUNTS = size.of(5, 200)  # of each
_WATCHED_S = size.of(10, 300)
_BETWEEN_S = size.of(1, 4)
_SWEEP_S = size.of(1, 15)  # as beat does it
_PRESSED = "Pressed Today, LLC"
_MOST_LATE_S, _MOST_S = 60.0, 3.0


@dataclass(frozen=True)
class Many:
    """The firms' connections, and their owner."""

    owner: User
    connections: list[Connection]

    def throttled(self, simulator: Simulator) -> int:
        """How often any of the companies answered 429."""
        return sum(simulator.stats(one.realm_id)["throttled"] for one in self.connections)


@pytest.fixture
def many(transactional_db: None, simulator: Simulator) -> Many:
    """Firms whose accounts are all synced but one, whose companies have nothing new; half have webhooks."""
    owner = User.objects.create_user("owner@many.test", "secret", name="Olivia Many")
    made = Firm.objects.bulk_create(Firm(name=f"Firm {number:04}") for number in range(_FIRMS))
    Membership.objects.bulk_create(Membership(user=owner, firm=firm, role=Role.OWNER) for firm in made)
    with ThreadPoolExecutor(4) as pool:
        companies = list(pool.map(lambda firm: _company(simulator, firm.name), made))
    now = timezone.now()
    connections = Connection.objects.bulk_create(
        Connection(
            firm=firm,
            realm_id=realm,
            company_name=firm.name,
            status_changed_at=now,
            connected_by=owner,
            access_token=tokens["access_token"],
            refresh_token=tokens["refresh_token"],
            access_expires_at=now + timedelta(hours=1),
            refresh_expires_at=now + timedelta(days=100),
            token_version=1,
            set_up_at=now,
            # All of it was read a moment ago.
            mirror_cursor=now.isoformat(timespec="seconds"),
            documents_cursor=now.isoformat(timespec="seconds"),
            mirror_read_at=now,
            company_read_at=now,
            polled_at=now,
            poll_due_at=now + poll.WITH_WEBHOOKS,
            service_item_id="1",
            income_account_id="1",
            webhooks_proven_at=now if place % 2 else None,
        )
        for place, (firm, (realm, tokens, _)) in enumerate(zip(made, companies, strict=True))
    )
    for connection, (_, _, customer) in zip(connections, companies, strict=True):
        _books(connection, customer)
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")
    return Many(owner, connections)


def _company(simulator: Simulator, name: str) -> tuple[str, dict[str, str], str]:
    realm = simulator.company(name, Customer=[{"DisplayName": _PRESSED}])
    return realm, simulator.tokens(realm), str(simulator.entities(realm, "Customer")[0]["Id"])


def _books(connection: Connection, pressed: str) -> None:
    """Accounts of which each has its customer, and is linked to it but for one that nobody has asked for."""
    names = [_PRESSED, *(f"Client {number:04} of {connection.firm.name}" for number in range(1, _ACCOUNTS))]
    ids = [pressed, *(str(10**6 + number) for number in range(1, _ACCOUNTS))]
    accounts = Account.objects.bulk_create(
        Account(firm=connection.firm, code=f"A{number}", name=name) for number, name in enumerate(names)
    )
    customers = Customer.objects.bulk_create(
        Customer(connection=connection, qbo_id=key, display_name=name, folded_name=fold(name), full_name=name)
        for key, name in zip(ids, names, strict=True)
    )
    now = timezone.now()
    AccountSync.objects.bulk_create(
        AccountSync(
            account=account, connection=connection, status=Status.SYNCED, customer=customer, changed_at=now,
            judged_name=account.name, folded_name=customer.folded_name,
        )
        for account, customer in list(zip(accounts, customers, strict=True))[1:]
    )  # fmt: skip


def test_every_look_is_in_time_and_a_press_is_answered_meanwhile(
    many: Many, simulator: Simulator, start_measured: Callable[..., Worker], row: Row
) -> None:
    for queue in ("people", "background"):
        start_measured(queue)
    before, size_before = measured.cost(), _database_kb()
    due = _an_hours_looks(many)
    began_at, next_sweep = time.monotonic(), 0.0
    waits: list[float] = []
    pressed = random.Random("firms").sample(many.connections, min(len(many.connections), int(_WATCHED_S / _BETWEEN_S)))
    while (gone := time.monotonic() - began_at) < _WATCHED_S:
        if gone >= next_sweep:
            sweep()
            next_sweep += _SWEEP_S
        if len(waits) < len(pressed) and gone >= len(waits) * _BETWEEN_S:
            waits.append(_press(pressed[len(waits)], many.owner))
        time.sleep(0.05)
    lateness = _lateness(due)
    cost = measured.cost() - before
    late, slow = max(lateness, default=0.0), percentile_95(waits)
    what = f"{_FIRMS:,} firms of {_ACCOUNTS} accounts, two workers"
    row(f"{what}: looks of an hour, within {_WATCHED_S:.0f} s", "all", f"{len(lateness)} of {len(due)}",
        len(lateness) == len(due))  # fmt: skip
    row("    the latest, after it was due", "<= 60 s", f"{late:.1f} s", late <= _MOST_LATE_S, timed=True)
    row(f"    pressed Sync until Synced meanwhile, p95 of {len(waits)}", "<= 3 s", f"{slow:.2f} s", slow <= _MOST_S,
        timed=True)  # fmt: skip
    throttled = many.throttled(simulator)
    row("    answered 429", "0", f"{throttled}", throttled == 0)
    row("    both workers' processor time", "", f"{cost.cpu_s / _WATCHED_S:.0%} of one core")
    row("    memory of a worker's process at its peak", "", f"{cost.peak_mb:.0f} MB")
    if size.IS_FULL:
        row("    PostgreSQL, each firm", "", f"{size_before / _FIRMS:,.0f} kB")
    assert len(lateness) == len(due)
    assert throttled == 0


def _an_hours_looks(many: Many) -> dict[int, Any]:
    """Spread the looks of an hour over what is watched: one of each firm without webhooks, of the others one in 24."""
    now, dice = timezone.now(), random.Random("looks")
    per_day = poll.WITH_WEBHOOKS // poll.EVERY
    looked = [
        one for place, one in enumerate(many.connections) if place % 2 == 0 or (place // 2) % per_day == 0
    ]  # half have webhooks
    due = {one.pk: now + timedelta(seconds=dice.uniform(0, _WATCHED_S * 0.75)) for one in looked}
    for pk, moment in due.items():
        Connection.objects.filter(pk=pk).update(poll_due_at=moment)
    return due


def _lateness(due: dict[int, Any]) -> list[float]:
    """How many seconds after they were due the looks had ended, of those that have."""
    polled = dict(Connection.objects.filter(pk__in=due).values_list("pk", "polled_at"))
    return [(polled[pk] - moment).total_seconds() for pk, moment in due.items() if polled[pk] > moment]


def _press(connection: Connection, owner: User) -> float:
    """Press Sync on the account that nobody has asked for; return the seconds until it is Synced."""
    account = Account.objects.get(firm_id=connection.firm_id, name=_PRESSED)
    began_at = time.monotonic()
    services.account_sync(account=account, by=owner)
    while not AccountSync.objects.filter(account=account, status=Status.SYNCED).exists():
        assert time.monotonic() - began_at < 60, AccountSync.objects.filter(account=account).values()
        time.sleep(0.02)
    return time.monotonic() - began_at


def _database_kb() -> float:
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database()) / 1024.0")
        (size_kb,) = cursor.fetchone()
    return float(size_kb)

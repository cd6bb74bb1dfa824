"""What a firm costs in metered reads in a month of nothing, on clocks that travel from one look to the next."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from qbsync.changes import poll
from qbsync.models import AccountSync, Connection
from tests.bench import firms, size
from tests.bench.conftest import Row
from tests.qbsync.conftest import Office

pytestmark = pytest.mark.django_db(transaction=True)
ACCOUNTS = size.of(20, 10_000)
DAYS = {True: 30, False: size.of(3, 30)}
"""How long is travelled, with webhooks and without: that is a look every hour, and the short run has not the time."""
_WELL_BEFORE = timedelta(minutes=30)
MOST = {True: 35, False: 760}
"""Metered reads of a month, likewise."""


@pytest.fixture
def idle(office: Office) -> Iterator[Office]:
    """A firm whose accounts are all synced, and which has been looked at."""
    clients = firms.names(ACCOUNTS)
    firms.books(office.firm, clients, invoices=0, payments=0)
    office.connect(scope="all", Customer=firms.customers(clients))
    office.sync(patience_s=300)
    assert not AccountSync.objects.exclude(status="synced").exists()
    # Each look repeats the last minute, in which nothing happens in an idle company: not even its customers are new.
    office.simulator.clock(_WELL_BEFORE.total_seconds())
    with time_machine.travel(timezone.now() + _WELL_BEFORE, tick=True):
        Connection.objects.update(poll_due_at=timezone.now())
        _look(office)
    yield office


@pytest.mark.parametrize("with_webhooks", [True, False], ids=["with webhooks", "without webhooks"])
def test_an_idle_firm_costs_few_reads(idle: Office, row: Row, with_webhooks: bool) -> None:
    start = timezone.now()
    if with_webhooks:
        Connection.objects.update(webhooks_proven_at=start, poll_due_at=start + poll.WITH_WEBHOOKS)
    days = DAYS[with_webhooks]
    before, looks = _metered(idle), 0
    while (due := Connection.objects.values_list("poll_due_at", flat=True).get()) and due < start + timedelta(
        days=days
    ):
        idle.simulator.clock((due - start).total_seconds())
        with time_machine.travel(due + timedelta(seconds=1), tick=True):
            _look(idle)
        looks += 1
    reads, most = _metered(idle) - before, MOST[with_webhooks] * days // 30
    assert looks >= days - 1
    words = "with webhooks" if with_webhooks else "without webhooks"
    row(f"metered reads of {ACCOUNTS:,} idle accounts in {days} days, {words}", f"<= {most}", str(reads), reads <= most)
    assert reads <= most


def _look(office: Office) -> None:
    while (again := poll.run(office.connection.pk)) is not None:
        assert again < 5, f"not looked at: come back in {again} s"


def _metered(office: Office) -> int:
    counted: dict[str, int] = office.simulator.stats(office.realm)["metered"]
    return sum(counted.values())

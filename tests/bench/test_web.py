"""How fast pages are for fifty people who read lists and press Sync, while two firms go through their first syncs."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
import requests
from django.conf import settings

from accounts.models import Account
from portal.models import Membership, Role, User
from qbsync import services
from tests.bench import firms, size
from tests.bench.conftest import Row, percentile_95
from tests.bench.runs import Extent, FirstSync
from tests.bench.web import Web, signed_in
from tests.qbsync.conftest import Office
from tests.workers import Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

_PEOPLE = size.of(5, 50)
_SECONDS = size.of(3, 120)
_CLIENTS = size.of(60, 3000)
_THINKS_S = size.of(1, 10)  # on average, between two pages of one person
_MOST_MS = 300.0
_QUERIES = ("", "?page=2", "?status=synced", "?status=skipped", "?sort=-name", "?q=client+00001", "?q=holdings")


@dataclass
class Said:
    """What the server answered: milliseconds by kind of request, and every answer that was an error."""

    ms: dict[str, list[float]] = field(default_factory=lambda: {"list": [], "press": []})
    errors: list[str] = field(default_factory=list)


@pytest.fixture
def server(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    """The portal's address."""
    with Web(tmp_path / "web.log") as web:
        yield web.url


def test_pages_stay_fast_for_many_people_during_first_syncs(
    open_office: Callable[[str], Office], start_measured: Callable[..., Worker], server: str, row: Row
) -> None:
    reading = _synced_firm(open_office("Carter"))
    presses = [account.pk for account in _left_out(reading, _PEOPLE * 3)]
    syncs = [FirstSync(open_office(name), Extent(size.of(60, 5000)), batch_item_ms=20) for name in ("Archer", "Birch")]
    sessions = [_admin(server, reading) for _ in range(_PEOPLE)]
    for queue in ("people", "background"):
        start_measured(queue)
    for sync in syncs:
        sync.begin()

    said, ends = Said(), time.monotonic() + _SECONDS
    people = [
        threading.Thread(target=_work, args=(server, session, presses[place::_PEOPLE], ends, said, place))
        for place, session in enumerate(sessions)
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()

    during = "" if any(sync.is_over() for sync in syncs) else " during two first syncs"
    late = percentile_95(said.ms["list"])
    what = f"the list for {_PEOPLE} people{during}, p95 of {len(said.ms['list'])}"
    row(what, f"<= {_MOST_MS:.0f} ms", f"{late:.0f} ms", late <= _MOST_MS, timed=True)
    row(
        f"    a press of Sync answered, p95 of {len(said.ms['press'])}", "", f"{percentile_95(said.ms['press']):.0f} ms"
    )
    row("    errors", "0", f"{len(said.errors)}", not said.errors)
    assert not said.errors, said.errors[:5]


def _synced_firm(office: Office) -> Office:
    clients = firms.names(_CLIENTS)
    firms.books(office.firm, clients, invoices=_CLIENTS, payments=_CLIENTS // 2)
    office.connect(Customer=firms.customers(clients))
    office.simulator.limits(office.realm, 0)
    office.sync(patience_s=240)
    return office


def _left_out(office: Office, count: int) -> list[Account]:
    """Accounts that are Skipped, whose Sync is to be pressed."""
    accounts = list(office.firm.accounts.order_by("-pk")[: min(count, _CLIENTS // 2)])
    for account in accounts:
        services.account_unsync(account=account, by=office.alice)
    return accounts


def _admin(server: str, office: Office) -> requests.Session:
    number = User.objects.count()
    user = User.objects.create_user(f"admin{number}@carter.test", name=f"Admin {number}")
    Membership.objects.create(user=user, firm=office.firm, role=Role.ADMIN)
    return signed_in(server, user)


def _work(server: str, session: requests.Session, presses: list[int], ends: float, said: Said, seed: int) -> None:
    """Read pages of the list, and now and then press Sync on an account, until it is time to go home."""
    dice = random.Random(seed)
    time.sleep(dice.uniform(0, min(_THINKS_S, _SECONDS / 2)))
    while time.monotonic() < ends:
        if presses and dice.random() < 0.1:
            headers = {"X-CSRFToken": session.cookies[settings.CSRF_COOKIE_NAME]}
            address = f"{server}/clients/accounts/{presses.pop()}/quickbooks/sync/"
            _ask(said, "press", partial(session.post, address, headers=headers, timeout=60))
        else:
            address = f"{server}/clients/accounts/{dice.choice(_QUERIES)}"
            _ask(said, "list", partial(session.get, address, timeout=60))
        time.sleep(dice.expovariate(1 / _THINKS_S))


def _ask(said: Said, kind: str, request: Callable[[], requests.Response]) -> None:
    started = time.monotonic()
    try:
        answer = request()
    except requests.RequestException as error:
        said.errors.append(f"{kind}: {error}")
        return
    said.ms[kind].append((time.monotonic() - started) * 1000)
    if not answer.ok or "/sign-in" in answer.url:
        said.errors.append(f"{kind}: {answer.status_code} {answer.url}")

"""What the list of accounts costs in a large firm, and the pages that count or match all of it, beside a small one."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import F, Q
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account
from qbsync.models import AccountSync
from tests import febrl
from tests.bench import firms, size
from tests.bench.conftest import Row
from tests.qbsync.conftest import Office

pytestmark = pytest.mark.django_db(transaction=True)

_SMALL, _LARGE = 500, size.of(2_000, 100_000)
_VIEWS = {
    "first page": "",
    "a page further on": "?page=9",
    "sorted by name, downwards": "?sort=-name",
    "sorted by balance": "?sort=-balance",
    "sorted by ID": "?sort=code",
    "sorted by type": "?sort=type",
    "sorted by QuickBooks": "?sort=quickbooks",
    "sorted by QuickBooks, downwards": "?sort=-quickbooks",
    "sorted by QuickBooks, a page further on": "?sort=quickbooks&page=9",
    "Synced only": "?quickbooks=synced",
    "Not synced, sorted by balance": "?quickbooks=not_synced&sort=-balance",
    "archived": "?state=archived",
    "Failed only": "?quickbooks=failed",
    "Failed for one reason": "?quickbooks=failed&reason=no_match",
    "companies only": "?type=company",
    "searched by name": "?q=00042",
    "searched by a word that all have, sorted by QuickBooks": "?q=holdings&sort=quickbooks",
    "searched by ID": "?q=C42",
}
_PAGES = {
    "QuickBooks settings": "quickbooks_settings",
    "progress of the sync": "quickbooks_progress",
    "match queue": "quickbooks_match_queue",
    "sure matches of 100 accounts": "quickbooks_match_sure",
    "errors": "quickbooks_errors",
    "invoices": "invoice_list",
    "payments": "payment_list",
    "payments with credit left": "payment_list?state=credit",
}
_MOST_STATEMENTS, _MOST_TIMES_LONGER = 6, 2.0
_TAKES, _TAKES_OF_OTHER_PAGES = size.of(1, 15), size.of(1, 3)


def test_the_list_of_a_large_firm_costs_as_much_as_that_of_a_small_one(
    open_office: Callable[[str], Office], row: Row
) -> None:
    small, large = (_firm(open_office(name), count) for name, count in (("Small", _SMALL), ("Large", _LARGE)))
    for what, address in _VIEWS.items():
        statements, took_s = _cost(large, reverse("account_list") + address, _TAKES)
        statements_of_small, took_small_s = _cost(small, reverse("account_list") + address, _TAKES)
        times = took_s / took_small_s
        wanted = f"<= {_MOST_STATEMENTS} statements, <= {_MOST_TIMES_LONGER:g} x the time"
        measured = f"{statements} statements, {times:.1f} x {took_small_s * 1000:.0f} ms"
        reached = statements <= _MOST_STATEMENTS and times <= _MOST_TIMES_LONGER
        row(f"accounts list, {_LARGE:,} beside {_SMALL}: {what}", wanted, measured, reached, timed=True)
        assert statements == statements_of_small <= _MOST_STATEMENTS
    for what, page in _PAGES.items():
        name, _, query = page.partition("?")
        address = f"{reverse(name)}?{query}"
        statements, took_s = _cost(large, address, _TAKES_OF_OTHER_PAGES)
        statements_of_small, took_small_s = _cost(small, address, _TAKES_OF_OTHER_PAGES)
        measured = f"{statements} statements, {took_s / took_small_s:.1f} x {took_small_s * 1000:.0f} ms"
        row(
            f"{what}, {_LARGE:,} accounts beside {_SMALL}",
            "no more statements",
            measured,
            statements <= statements_of_small,
        )
        assert statements <= statements_of_small


def _firm(office: Office, count: int) -> Client:
    """A firm of that size, every tenth of its accounts Failed, with as many customers; return its owner's browser.

    The Failed ones are people whose names are mistyped; the customers are people and companies, some of them theirs.
    """
    people = list(febrl.people().values())
    chance = random.Random(4)
    names = firms.names(count)
    names[::10] = [chance.choice(people)[1] for _ in names[::10]]
    firms.books(office.firm, names, invoices=count, payments=count // 2)
    office.connect(scope="all")
    kinds = ("", "", "", " Plumbing LLC", " Dental Inc.", " & Sons", " Law Group PLLC")
    drawn = [chance.choice(people)[0] + chance.choice(kinds) for _ in range(count)]
    firms.mirrored(office.connection, drawn)
    rows = AccountSync.objects.filter(connection=office.connection)
    rows.exclude(account__name__startswith="Client ").update(status="failed", reason="no_match", ask="", due_at=None)
    rows.filter(status="syncing").update(status="not_synced", ask="", due_at=None)
    accounts = Account.objects.filter(firm=office.firm)
    accounts.update(balance_due=F("id") % 1000)
    accounts.annotate(third=F("id") % 3).filter(Q(third=0)).update(type="company")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # as autovacuum does by itself, later
    browser = Client()
    browser.force_login(office.alice)
    return browser


def _cost(browser: Client, address: str, takes: int) -> tuple[int, float]:
    """How many statements a page takes, and the seconds that it takes at its best."""
    best = float("inf")
    browser.get(address)  # compiles the templates
    for _ in range(takes):
        with CaptureQueriesContext(connection) as asked:
            started_at = time.perf_counter()
            answer = browser.get(address)
            best = min(best, time.perf_counter() - started_at)
        assert answer.status_code == 200
    return len(asked), best

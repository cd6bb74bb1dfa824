"""How often the right customer is among the three suggested, and how long that takes with 100,000 customers."""

from __future__ import annotations

import random
import time
from collections import Counter
from statistics import median

from django.db import connection as database

from accounts import services as books
from accounts.models import Account
from qbsync.matching import Candidate, fold, match
from qbsync.models import AccountSync, Customer
from qbsync.scoring import Band
from qbsync.selectors.suggestions import suggestions
from qbsync.states import Reason, Status
from tests import febrl
from tests.bench import size
from tests.bench.conftest import Row
from tests.qbsync.desk import NOON, Desk
from tests.qbsync.desk import desk as desk

_AT_A_TIME = 25


def _standing(account: Account, desk: Desk, customer: int | None) -> AccountSync:
    """Where the account stands after the first sync: linked to this customer, or in the match queue."""
    return AccountSync(
        account=account,
        connection=desk.connection,
        status=Status.SYNCED if customer else Status.FAILED,
        reason="" if customer else Reason.NO_MATCH,
        customer_id=customer,
        folded_name=fold(account.name),
        changed_at=NOON,
    )


def _customers(desk: Desk, names: list[str]) -> list[Customer]:
    rows = [
        Customer(
            connection=desk.connection,
            qbo_id=str(number),
            display_name=name,
            folded_name=fold(name),
            full_name=name,
            email=f"{number}@clients.test",
        )
        for number, name in enumerate(names, 1)
    ]
    return Customer.objects.bulk_create(rows, batch_size=2000)


def _analyse() -> None:
    with database.cursor() as cursor:
        cursor.execute("ANALYZE qbsync_customer")
        cursor.execute("SELECT gin_clean_pending_list('customer_search')")  # as autovacuum does


def test_the_right_customer_is_among_the_first_three(desk: Desk, row: Row) -> None:
    people = list(febrl.people().values())
    customers = _customers(desk, [right for right, _ in people])
    accounts = Account.objects.bulk_create(
        [Account(firm=desk.firm, code=f"F{n}", name=mistyped) for n, (_, mistyped) in enumerate(people)]
    )
    _analyse()
    wanted = {account.pk: customer.pk for account, customer in zip(accounts, customers, strict=True)}

    # As the sync does it: what has exactly one customer and one account of the folded name is linked.
    by_name: dict[str, list[Customer]] = {}
    for customer in customers:
        by_name.setdefault(customer.folded_name, []).append(customer)
    namesakes = Counter(fold(account.name) for account in accounts)
    linked: dict[int, int] = {}
    for account in accounts:
        candidates = [Candidate("customer", c.display_name, c.pk, True) for c in by_name.get(fold(account.name), [])]
        others = ["another"] * (namesakes[fold(account.name)] - 1)
        if found := match(account.name, candidates, others).customer:
            linked[account.pk] = found
    AccountSync.objects.bulk_create([_standing(account, desk, linked.get(account.pk)) for account in accounts])
    right = sum(wanted[account] == customer for account, customer in linked.items())
    rest = [account.pk for account in accounts if account.pk not in linked]
    if not size.IS_FULL:
        rest = rest[:: max(1, len(rest) // 300)]
    among, sure, sure_and_right = 0, 0, 0
    for start in range(0, len(rest), _AT_A_TIME):
        part = Account.objects.filter(pk__in=rest[start : start + _AT_A_TIME]).prefetch_related("contacts")
        for pk, offered in suggestions(list(part), desk.connection).items():
            keys = [one.customer.pk for one in offered]
            among += wanted[pk] in keys
            if offered and offered[0].band == Band.SURE and offered[0].score.value < 100:
                sure += 1
                sure_and_right += wanted[pk] == keys[0]
    unlinked = len(accounts) - len(linked)
    share = (right + among / len(rest) * unlinked) / len(accounts)
    row("FEBRL 4: linked by an equal name", "", f"{len(linked)} of {len(accounts)}, {right} of them right")
    row("FEBRL 4: of the rest, right one in the first three", "", f"{among / len(rest):.1%} of {len(rest)}")
    row("FEBRL 4: suggested as sure without an equal name", "", f"{sure}, {sure_and_right} of them right")
    row("FEBRL 4: right one linked or in the first three", ">= 90 %", f"{share:.2%}", share >= 0.9)
    assert share >= (0.9 if size.IS_FULL else 0.87)  # a sample may be off by some per cent


def test_suggestions_among_100000_customers(desk: Desk, row: Row) -> None:
    customers = size.of(5_000, 100_000)
    people = [mistyped for _, mistyped in febrl.people().values()]
    kinds = ("Plumbing LLC", "Dental Inc.", "Consulting", "Properties Ltd", "& Sons", "Family", "Law Group PLLC")
    chance = random.Random(4)
    names = [
        chance.choice(people)
        if chance.random() < 0.6
        else f"{chance.choice(people).split()[-1]} {chance.choice(people).split()[0]} {chance.choice(kinds)}"
        for _ in range(customers)
    ]
    _customers(desk, names)
    _analyse()
    asked = ["John Smith", "Campbell Ryan Plumbing LLC", "John & Mary Campbell", "Harrison Dental Inc.", "Xanthe White"]
    contacts = [books.ContactInput("Jane Campbell", "17@clients.test", "+1 212 555 0143", is_primary=True)]
    took: list[float] = []
    for name in asked * 3:
        account = Account.objects.get(pk=desk.account(name, contacts=contacts).pk)
        start = time.perf_counter()
        found = suggestions([account], desk.connection)[account.pk]
        took.append((time.perf_counter() - start) * 1000)
        assert found
    row(
        f"suggestions for one account among {customers:,} customers",
        "<= 150 ms",
        f"{median(took):.0f} ms (the slowest {max(took):.0f} ms)",
        median(took) <= 150,
    )

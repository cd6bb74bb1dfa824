"""Tenant isolation: two full firms, and every address asked by the people of one about the objects of the other.

All that the other firm's people wrote ends in a mark. It may be in no answer, and after POSTs each row of that firm is
to be what it was. Left out are addresses that their signature opens to whoever holds it: an invitation, the end of the
digest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.db import transaction
from pytest_django import DjangoDbBlocker

from accounts.views.importing import Waiting
from portal.models import Firm, Membership, Role, User
from portal.ownership import rows_of, ways_to_firm
from qbsync.models import Connection
from tests.access.world import World, make_objects, make_world
from tests.portal.people import join
from tests.qbsync.desk import NOON, Desk
from tests.qbsync.full import fill
from tests.simulated import Simulator
from tests.test_access_matrix import ASKED, Line

BEGINNING = "zanz"
MARK = f"{BEGINNING}ibar7c"
"""In what the other firm's people wrote; a search for its beginning finds that, and repeats nothing of it."""
ROLES = ("unassigned", "assigned", "views all", "admin", "owner")
SIGNED = {"token", "stop"}
THEIR_IMPORT = "their-import-that-waits"
WITHOUT_WORDS = {
    "accounts.Account_tags",
    "accounts.Account_team",
    "accounts.Allocation",
    "portal.Membership",
    "qbsync.Digest",
    "qbsync.DigestChoice",
    "qbsync.HistoryEntry",
    "qbsync.LinkValidation",
    "qbsync.Reconciliation",
    "qbsync.RequestCount",
    "qbsync.SyncRun",
}
"""Tables that hold only numbers, moments and words of ours."""


def _other_firm(nadia: Membership) -> tuple[Desk, dict[str, Any]]:
    """Fill Nadia's firm, and return the ids of its objects."""
    Firm.objects.filter(pk=nadia.firm_id).update(name=f"Elsewhere Tax {MARK}")
    firm = Firm.objects.get(pk=nadia.firm_id)
    User.objects.filter(pk=nadia.user_id).update(name=f"Nadia {MARK}", email=f"nadia{MARK}@firm.test")
    nadia = Membership.objects.get(pk=nadia.pk)
    connection = Connection.objects.create(
        firm=firm, realm_id=f"93414520{MARK}", company_name=f"Elsewhere Books {MARK}", status_changed_at=NOON,
        access_token="a", refresh_token="r", sync_date=NOON.date(), set_up_at=NOON,
    )  # fmt: skip
    member = join(firm, f"Mo{MARK} North", Role.EMPLOYEE)
    desk = Desk(firm, nadia, member, member, nadia, connection)
    objects = make_objects(desk, {"assigned": member, "admin": nadia}, MARK)
    fill(desk, tag=f"Quarterly {MARK}", mark=MARK)
    cache.set(
        f"books-import:{nadia.pk}:{THEIR_IMPORT}", Waiting("accounts", "a.csv", f"Name\nPat {MARK}\n".encode()), 600
    )
    return desk, {**objects, "import": THEIR_IMPORT}


@pytest.fixture(scope="module")
def both(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[tuple[World, Desk, dict[str, Any]]]:
    """The world of the access matrix, all tables of it filled, and the other firm beside it."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = make_world()
        fill(world.desk, tag="Yearly")
        desk, theirs = _other_firm(world.desk.nadia)
        yield world, desk, {key: value for key, value in theirs.items() if key not in SIGNED}
        transaction.set_rollback(True)


def _rows(firm: Firm) -> dict[str, list[Any]]:
    """All rows of the firm, by table, and the people who work there."""
    rows: dict[str, list[Any]] = {
        model._meta.label: list(rows_of(firm, model).order_by("pk").values_list()) for model in ways_to_firm()
    }
    return {**rows, "portal.User": list(User.objects.filter(memberships__firm=firm).order_by("pk").values_list())}


def _said(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    messages = [str(message) for message in getattr(get_messages(answer.wsgi_request), "_queued_messages", [])]
    return f"{answer.headers} {messages} {content.decode(errors='replace')}".casefold()


def _ways_to_ask(world: World, line: Line, theirs: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Method, address and form: each object in the address one's own or theirs, and in the form as well."""
    words = [word for word in line.words.split() if not word.startswith("?") and word in theirs]
    about_them = world.about(**theirs)
    for chosen in product((False, True), repeat=len(words)):
        mixed = world.about(**{word: theirs[word] for word, is_theirs in zip(words, chosen, strict=True) if is_theirs})
        address = mixed.address(line.name, line.words)
        yield "GET", address, None
        asked = "&".join(f"{word}={theirs[word]}" for word in ("account", "customer", "tag", "member", "invoice"))
        yield "GET", f"{address}{'&' if '?' in address else '?'}{asked}&id={theirs['account']}&q={BEGINNING}", None
        if line.post != "nobody":
            yield "POST", address, world.body(line.name)
            if (body := about_them.body(line.name)) != world.body(line.name):
                yield "POST", address, body


@pytest.mark.parametrize("line", ASKED, ids=lambda line: line.name)
def test_nothing_of_another_firm_is_told_or_changed(
    both: tuple[World, Desk, dict[str, Any]],
    db: None,
    simulator: Simulator,
    line: Line,
    tried: Callable[..., None],
) -> None:
    world, there, theirs = both
    before = _rows(there.firm)
    requests = 0
    # The admin site sends all of them to sign in, as the access matrix says; one stands for them
    for role in ROLES[-1:] if line.name.startswith("admin:") else ROLES:
        with transaction.atomic():
            for method, address, body in _ways_to_ask(world, line, theirs):
                with transaction.atomic():
                    answer = world.request(role, method, address, body)
                    if method == "GET":
                        transaction.set_rollback(True)
                requests += 1
                assert answer.status_code != 500, f"{role}: {method} {address}"
                assert MARK not in _said(answer), f"{role}: {method} {address}"
            if line.post != "nobody":
                now = _rows(there.firm)
                assert [table for table in now if now[table] != before[table]] == [], role
            transaction.set_rollback(True)
    tried(addresses=[line.name], requests=requests, tables=before, roles=ROLES)


def test_every_table_has_rows_of_the_other_firm_that_would_be_recognised(
    both: tuple[World, Desk, dict[str, Any]], db: None
) -> None:
    rows = _rows(both[1].firm)
    assert [table for table, found in rows.items() if not found] == []
    assert {table for table, found in rows.items() if MARK not in str(found)} == WITHOUT_WORDS


def test_the_other_firm_itself_is_told_of_its_rows(both: tuple[World, Desk, dict[str, Any]], db: None) -> None:
    world, _, theirs = both
    about_them = replace(world, objects={**world.objects, **theirs})
    for name, words in (("account_list", ""), ("account_info", "account"), ("invoice_info", "linked invoice")):
        assert MARK in _said(about_them.ask("elsewhere", "GET", name, words)), name

"""Every POST of the project with what no form of ours sends: twice, with another firm's objects, with nonsense.

The addresses come from the table of ``test_access_matrix``; what is sent is changed from ``tests/access/bodies.py``.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from accounts.models import Service, Tag
from portal.models import Firm
from qbsync.models import Connection
from tests.access.bodies import BODIES
from tests.access.world import World, fingerprint
from tests.qbsync.desk import NOON, Desk
from tests.test_access_matrix import POSTED, Line
from tests.test_access_matrix import made as made
from tests.test_access_matrix import world as world

NONSENSE = ["\x00", "x" * 20_000, "99999999999999999999", "-1", "²", "‮<script>alert(1)</script>"]
PASSING = {"django_session", "django_admin_log"}
"""Tables that say who is signed in, and nothing of the books."""

WITH_OBJECTS = {"customer", "account", "tag", "member", "service", "invoice"}


def _books() -> dict[str, str]:
    return {table: rows for table, rows in fingerprint().items() if table not in PASSING}


def _elsewhere(world: World) -> dict[str, Any]:
    """The ids of objects of another firm, which is connected too."""
    firm = Firm.objects.get(pk=world.desk.nadia.firm_id)
    connection = Connection.objects.create(
        firm=firm, realm_id="9341452000002", status_changed_at=NOON, access_token="a", refresh_token="r", set_up_at=NOON
    )
    nadia = world.desk.nadia
    there = Desk(firm, nadia, nadia, nadia, nadia, connection)
    account = there.failed("Elsewhere Inc.")
    return {
        "account": account.pk,
        "customer": there.customer("Elsewhere Incorporated").pk,
        "tag": Tag.objects.create(firm=firm, name="Theirs").pk,
        "member": nadia.pk,
        "service": Service.objects.create(firm=firm, name="Theirs", rate=10).pk,
        "invoice": there.invoice(account).pk,
    }


@pytest.mark.parametrize("line", POSTED, ids=lambda line: line.name)
def test_the_second_of_two_equal_posts_changes_nothing_more(world: World, line: Line) -> None:
    with transaction.atomic():
        first = world.ask("owner", "POST", line.name, line.words)
        after = _books()
        second = world.ask("owner", "POST", line.name, line.words)
        assert first.status_code < 500
        assert second.status_code < 500
        now = _books()
        assert [table for table in now if now[table] != after[table]] == []
        transaction.set_rollback(True)


@pytest.mark.parametrize("name", sorted(BODIES))
def test_another_firms_objects_in_a_form_are_refused(world: World, name: str) -> None:
    line = next((line for line in POSTED if line.name == name), None)
    assert line is not None, f"No address takes the form of {name} in tests/access/bodies.py."
    with transaction.atomic():
        theirs = world.about(**_elsewhere(world)).body(name)
        if {key: str(value) for key, value in theirs.items()} != {k: str(v) for k, v in world.body(name).items()}:
            before = _books()
            answer = world.ask("owner", "POST", name, line.words, body=theirs)
            assert answer.status_code < 500
            now = _books()
            assert [table for table in now if now[table] != before[table]] == []
        transaction.set_rollback(True)


@pytest.mark.parametrize("line", POSTED, ids=lambda line: line.name)
def test_nonsense_is_answered_and_never_an_error_of_the_server(world: World, line: Line) -> None:
    numbers = {word: value for word, value in world.objects.items() if isinstance(value, int)}
    for number in (0, 2**31, 2**63, 10**30):
        with transaction.atomic():
            nowhere = world.about(**dict.fromkeys(numbers, number))
            answer = nowhere.ask("owner", "POST", line.name, line.words, body=world.body(line.name))
            assert answer.status_code < 500, f"{nowhere.address(line.name, line.words)} -> {answer.status_code}"
            transaction.set_rollback(True)
    for value in NONSENSE:
        with transaction.atomic():
            body = dict.fromkeys(world.body(line.name), value)
            answer = world.ask("owner", "POST", line.name, line.words, body=body)
            assert answer.status_code < 500, f"{line.name} with {value[:30]!r} -> {answer.status_code}"
            transaction.set_rollback(True)

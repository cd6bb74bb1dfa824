"""States of a connection to QuickBooks: every page and every form in each of them, and none is an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from qbsync.models import AccountSync, Connection, InvoiceSync, PaymentSync
from qbsync.models.connection import ConnectionStatus
from tests.access.world import World
from tests.simulated import Simulator
from tests.test_access_matrix import ASKED, POSTED, Line
from tests.test_access_matrix import made as made
from tests.test_access_matrix import world as world

_SOON, _AGO = timedelta(hours=12), timedelta(days=3)  # soon is to last as long as all tests together
_KINDS = ("account_", "books_", "invoice_", "payment_", "profile", "quickbooks_")
_QUERIES = (
    "?q=acme&sort=quickbooks",
    "?sort=-quickbooks&page=2",
    "?quickbooks=failed&sort=quickbooks",
    "?quickbooks=synced&status=synced&tab=payments",
    "?quickbooks=not_connected&reason=refused&state=open",
)


def _put(**values: Any) -> Callable[[Connection], None]:
    def put(connection: Connection) -> None:
        Connection.objects.filter(pk=connection.pk).update(**values)

    return put


def _without_links(connection: Connection) -> None:
    AccountSync.objects.filter(connection=connection).delete()
    for documents in (InvoiceSync, PaymentSync):
        documents.objects.filter(connection=connection).delete()


def _never_connected(connection: Connection) -> None:
    _without_links(connection)
    Connection.objects.filter(pk=connection.pk).delete()


def _not_set_up(**values: Any) -> Callable[[Connection], None]:
    def put(connection: Connection) -> None:
        _without_links(connection)
        nothing = {"set_up_at": None, "sync_date": None, "service_item_id": "", "income_account_id": ""}
        _put(**nothing, mirror_read_at=None, company_read_at=None, **values)(connection)

    return put


STATES: dict[str, Callable[[Connection], Any]] = {
    "never connected": _never_connected,
    "connected, not set up": _not_set_up(),
    "refused before it was set up": _not_set_up(status=ConnectionStatus.BROKEN, broken_reason="company_suspended"),
    "set up, nothing read yet": _put(mirror_read_at=None, company_read_at=None, polled_at=None, mirror_cursor=""),
    "no account asked for": _without_links,
    "refused": _put(status=ConnectionStatus.BROKEN, broken_reason="grant_revoked"),
    "disconnected": _put(status=ConnectionStatus.DISCONNECTED, access_token="", refresh_token=""),
    "company left": _not_set_up(status=ConnectionStatus.DISCONNECTED, realm_id="", company_name=""),
    "no answer": _put(trouble="unavailable", outage_since=timezone.now() - _AGO),
    "at rest": _put(trouble="throttled", rests_until=timezone.now() + _SOON),
    "waits for quota": _put(paused_until=timezone.now() + _SOON),
    "restored": _put(restored_to=timezone.now() - _AGO),
    "another currency": _put(multicurrency=True, home_currency="EUR", country="DE", uses_sales_tax=True),
}


@pytest.mark.parametrize("state", STATES)
def test_no_page_and_no_form_is_an_error(
    world: World, simulator: Simulator, tried: Callable[..., None], state: str
) -> None:
    with transaction.atomic():
        world.desk.join(simulator, "Acme Incorporated")
        STATES[state](world.desk.connection)
        asked, found = _errors(world, "owner", [line for line in ASKED if line.name.startswith(_KINDS)])
        transaction.set_rollback(True)
    tried(states=[state], requests=asked)
    assert not found


def test_no_page_and_no_form_is_an_error_in_a_firm_with_nothing_in_it(world: World, tried: Callable[..., None]) -> None:
    lines = [line for line in ASKED if line.name.startswith(_KINDS) and not line.words]
    asked, found = _errors(world, "elsewhere", lines)
    tried(states=["nothing in the firm"], requests=asked)
    assert not found


def _errors(world: World, role: str, lines: Sequence[Line]) -> tuple[int, list[str]]:
    """Get each page as it is and with a query, and send each form; return how many requests, and what is an error."""
    asked, found = 0, []
    for number, line in enumerate(lines):
        address = world.address(line.name, line.words)
        narrowed = address.split("?")[0] + _QUERIES[number % len(_QUERIES)]
        requests = [("GET", address), ("GET", narrowed), *([("POST", address)] if line in POSTED else [])]
        for method, where in requests:
            with transaction.atomic():
                answer = world.request(role, method, where, world.body(line.name) if method == "POST" else None)
                transaction.set_rollback(True)
            asked += 1
            if answer.status_code >= 500:
                found.append(f"{method} {where}")
    return asked, found

"""What the server takes to answer a click on an account, in a firm with 3,000 clients."""

from __future__ import annotations

import time

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from qbsync.models import AccountSync
from qbsync.states import Status
from tests import febrl
from tests.bench import firms, size
from tests.bench.conftest import Row, percentile_95
from tests.qbsync.conftest import Office

pytestmark = pytest.mark.django_db(transaction=True)

_CLIENTS = size.of(60, 3000)
_ACCOUNTS = size.of(3, 100)
_MOST_MS = 100.0
_CLICKS = [
    ("Sync", "post", "quickbooks_sync", Status.SYNCING),
    ("what Unsync would do", "get", "quickbooks_unsync", Status.SYNCING),
    ("Unsync", "post", "quickbooks_unsync", Status.SKIPPED),
    ("the Sync dialog", "get", "quickbooks_dialog", Status.SKIPPED),
    ("Create in QuickBooks", "post", "quickbooks_create", Status.SYNCING),
    ("the panel's look for news", "get", "quickbooks_panel", Status.SYNCING),
]
"""One after the other on the same account: what, how, where, and what the account is after it."""


def test_a_click_is_answered_at_once(office: Office, row: Row) -> None:
    browser = _in_a_firm(office)
    took_ms: dict[str, list[float]] = {what: [] for what, *_ in _CLICKS}
    for account in Account.objects.filter(firm=office.firm).order_by("-pk")[:_ACCOUNTS]:
        for what, method, name, status in _CLICKS:
            started_at = time.perf_counter()
            answer = getattr(browser, method)(reverse(name, args=[account.pk]))
            took_ms[what].append((time.perf_counter() - started_at) * 1000)
            assert answer.status_code == 200, (what, answer.status_code)
            assert office.row(account).status == status, what
    for what, took in took_ms.items():
        late_ms = percentile_95(took)
        row(
            f"a click answered by the server, of {_CLIENTS:,} accounts: {what}, p95 of {len(took)}",
            f"< {_MOST_MS:.0f} ms",
            f"{late_ms:.0f} ms",
            late_ms < _MOST_MS,
            timed=True,
        )


def _in_a_firm(office: Office) -> Client:
    """The owner's browser, in a firm of people whose names are mistyped in the books and right in QuickBooks."""
    people = list(febrl.people().values())[:_CLIENTS]
    firms.books(office.firm, [mistyped for _, mistyped in people], invoices=_CLIENTS, payments=_CLIENTS // 2)
    office.connect()
    firms.mirrored(office.connection, [name for name, _ in people])
    AccountSync.objects.filter(connection=office.connection).update(status=Status.NOT_SYNCED, ask="", due_at=None)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # as autovacuum does by itself, later
    browser = Client(headers={"HX-Request": "true"})
    browser.force_login(office.alice)
    return browser

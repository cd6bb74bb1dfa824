"""A firm with its books and a QuickBooks company in the simulator, made as each test needs them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import redis
from django.utils import timezone
from pytest_django import Settings

from accounts import services as books
from accounts.models import Account, Invoice, Payment
from portal.models import Firm, Membership, Role, User
from qbsync import engine, services
from qbsync.gateway.limiter import Priority
from qbsync.models import AccountSync, Connection
from tests.qbsync.desk import desk as desk
from tests.simulated import Simulator

SYNC_DATE = date(2026, 1, 1)
DAY = date(2026, 3, 2)


@dataclass
class Office:
    """Alice's firm, its books, and its company in the simulator."""

    simulator: Simulator
    firm: Firm
    alice: User
    realm: str = ""
    connection: Connection = field(default_factory=Connection)

    def account(self, name: str, *, invoices: int = 0, payments: int = 0, amount: str = "100.00") -> Account:
        """An account with this many invoices, and payments that pay the first ones in full."""
        account = books.account_create(firm=self.firm, name=name)
        made = [self.invoice(account, amount=amount) for _ in range(invoices)]
        for invoice in made[:payments]:
            self.payment(account, invoice)
        return account

    def invoice(self, account: Account, *, amount: str = "100.00", day: date = DAY, number: str = "") -> Invoice:
        """An invoice of one line."""
        line = books.LineInput(None, "Bookkeeping", Decimal(1), Decimal(amount))
        return books.invoice_record(account=account, date=day, number=number, lines=[line])

    def payment(self, account: Account, *invoices: Invoice, amount: str = "") -> Payment:
        """A payment of these invoices in full; with no invoice, or a larger amount, the rest is a credit."""
        paid = {invoice.pk: invoice.total for invoice in invoices}
        total = Decimal(amount) if amount else sum(paid.values(), Decimal(0))
        return books.payment_record(
            account=account, date=DAY, amount=total, method="check", reference="", memo="", allocations=paid,
            sync_to_quickbooks=True,
        )  # fmt: skip

    def connect(self, *, scope: str = "with_documents", **company: Any) -> None:
        """Make the company with these entities and connect the firm to it, set up to the last step."""
        company.setdefault("Preferences", {"SalesFormsPrefs": {"CustomTxnNumbers": True}})
        self.realm = self.simulator.company(**company)
        tokens = self.simulator.tokens(self.realm)
        now = timezone.now()
        self.connection = Connection.objects.create(
            firm=self.firm,
            realm_id=self.realm,
            company_name="Books of the Test Firm",
            status_changed_at=now,
            connected_by=self.alice,
            access_token=tokens["access_token"],
            refresh_token=tokens["refresh_token"],
            access_expires_at=now + timedelta(hours=1),
            refresh_expires_at=now + timedelta(days=100),
            token_version=1,
        )
        item = next(one for one in self.simulator.entities(self.realm, "Item") if one["Name"] == "Services")
        services.connection_set_up(
            connection=self.connection,
            by=self.alice,
            scope=scope,
            sync_date=SYNC_DATE,
            income_account=("1", "Services"),
            service_item=(item["Id"], "Services"),
            sync_manual_payments=True,
        )

    def sync(self, *, priority: Priority = Priority.BACKGROUND, patience_s: float = 20.0) -> None:
        """Run the engine here until nothing is due, waiting where it says so."""
        deadline = time.monotonic() + patience_s
        while (again := engine.run(self.connection.pk, priority=priority)) is not None:
            assert time.monotonic() + again < deadline, f"still work due, next in {again} s"
            time.sleep(again)

    def row(self, account: Account) -> AccountSync:
        """Where the account stands now."""
        return AccountSync.objects.select_related("customer").get(account=account)

    def remote(self, kind: str) -> list[dict[str, Any]]:
        """Every entity of the kind in the company that is not deleted."""
        return [one for one in self.simulator.entities(self.realm, kind) if one.get("status") != "Deleted"]

    def requests(self) -> dict[str, int]:
        """What was asked of QuickBooks so far, by endpoint."""
        counted: dict[str, int] = self.simulator.stats(self.realm)["requests"]
        return counted


@pytest.fixture
def office(transactional_db: None, simulator: Simulator, broker: redis.Redis, settings: Settings) -> Iterator[Office]:
    """Alice's firm, with empty books and no connection yet."""
    settings.QBO_EXECUTION_WINDOW_S = 4.0
    settings.QBO_TIMEOUT_S = 3.0
    alice = User.objects.create_user("alice@firm.test", "secret", name="Alice Archer")
    firm = Firm.objects.create(name="Archer & Co.")
    Membership.objects.create(user=alice, firm=firm, role=Role.OWNER)
    yield Office(simulator, firm, alice)

"""A firm with its people and a QuickBooks connection as rows, for the tests of screens. Nothing is sent from here."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import services as books
from accounts.models import Account, Invoice, Payment
from portal.models import Firm, Membership, Role, User
from qbsync.matching import fold
from qbsync.models import AccountSync, Connection, Customer, InvoiceSync, PaymentSync
from qbsync.states import Ask, Reason, Status
from tests.simulated import Simulator

NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
"""Noon in New York, where the firm is."""


@dataclass
class Desk:
    """Olivia's firm. Adam is its admin, Erin an employee; Nadia owns another firm."""

    firm: Firm
    olivia: Membership
    adam: Membership
    erin: Membership
    nadia: Membership
    connection: Connection
    _ids: Any = field(default_factory=lambda: itertools.count(100))

    def account(self, name: str, **values: Any) -> Account:
        """An account that is not in the sync yet."""
        return books.account_create(firm=self.firm, name=name, **values)

    def customer(self, name: str, *, parent: Customer | None = None, **values: Any) -> Customer:
        """A customer of the QuickBooks company, as mirrored."""
        return Customer.objects.create(
            connection=self.connection,
            qbo_id=str(next(self._ids)),
            display_name=name,
            folded_name=fold(name),
            full_name=f"{parent.full_name}:{name}" if parent else name,
            parent_qbo_id=parent.qbo_id if parent else "",
            **values,
        )

    def row(self, account: Account, status: Status, **values: Any) -> AccountSync:
        """Put the account where a test needs it."""
        AccountSync.objects.filter(account=account).delete()
        return AccountSync.objects.create(
            account=account, connection=self.connection, status=status, **{"changed_at": NOON, **values}
        )

    def synced(self, name: str) -> Account:
        """An account that is linked to the customer of its name."""
        account = self.account(name)
        self.row(account, Status.SYNCED, customer=self.customer(name), linked_at=NOON)
        return account

    def syncing(self, name: str, *, asked_at: datetime, **values: Any) -> Account:
        """An account that waits for the sync since then."""
        account = self.account(name)
        self.row(account, Status.SYNCING, ask=Ask.MATCH, asked_at=asked_at, **values)
        return account

    def failed(self, name: str, reason: Reason = Reason.NO_MATCH, **detail: Any) -> Account:
        """An account that failed for this reason."""
        account = self.account(name)
        self.row(account, Status.FAILED, reason=reason, detail={"name": name, **detail})
        return account

    def skipped(self, name: str) -> Account:
        """An account that Adam skipped; its customer is remembered."""
        account = self.account(name)
        remembered = self.customer(name)
        self.row(account, Status.SKIPPED, changed_by=self.adam.user, remembered_customer=remembered)
        return account

    def invoice(self, account: Account, day: date = date(2026, 3, 1), **row: Any) -> Invoice:
        """An invoice of 100.00; with more values, also its row in the sync."""
        line = books.LineInput(None, "Bookkeeping", Decimal(1), Decimal("100.00"))
        invoice = books.invoice_record(account=account, date=day, lines=[line])
        if row:
            values = {"changed_at": NOON, "account": account, "connection": self.connection, **row}
            InvoiceSync.objects.create(document=invoice, **values)
        return invoice

    def payment(self, account: Account, *, sync_to_quickbooks: bool = True, **row: Any) -> Payment:
        """A payment of 40.00 that pays nothing yet; with more values, also its row in the sync."""
        payment = books.payment_record(
            account=account,
            date=date(2026, 3, 1),
            amount=Decimal("40.00"),
            method="check",
            reference="",
            memo="",
            allocations={},
            sync_to_quickbooks=sync_to_quickbooks,
        )
        if row:
            values = {"changed_at": NOON, "account": account, "connection": self.connection, **row}
            PaymentSync.objects.create(document=payment, **values)
        return payment

    def join(self, simulator: Simulator, *customers: str) -> str:
        """Give the firm's connection a real company with these customers; return its realm."""
        realm = simulator.company("Hartwell Books", Customer=[{"DisplayName": name} for name in customers])
        tokens = simulator.tokens(realm)
        item = next(one for one in simulator.entities(realm, "Item") if one["Name"] == "Services")
        now = timezone.now()
        Connection.objects.filter(pk=self.connection.pk).update(
            realm_id=realm,
            access_token=tokens["access_token"],
            refresh_token=tokens["refresh_token"],
            token_version=1,
            access_expires_at=now + timedelta(hours=1),
            refresh_expires_at=now + timedelta(days=100),
            service_item_id=item["Id"],
            service_item_name="Services",
            income_account_id="1",
            income_account_name="Services",
        )
        return realm

    def sign_in(self, member: Membership) -> Client:
        """A browser of this person."""
        client = Client()
        client.force_login(member.user)
        return client


def _member(firm: Firm, name: str, role: Role) -> Membership:
    user = User.objects.create_user(f"{name.split()[0].lower()}@firm.test", "secret", name=name)
    return Membership.objects.create(user=user, firm=firm, role=role)


def make_desk() -> Desk:
    """Olivia's firm, connected to QuickBooks and set up, with the sync date 2026-01-01."""
    firm = Firm.objects.create(name="Hartwell & Moss")
    return Desk(
        firm=firm,
        olivia=_member(firm, "Olivia Hartwell", Role.OWNER),
        adam=_member(firm, "Adam Moss", Role.ADMIN),
        erin=_member(firm, "Erin Vale", Role.EMPLOYEE),
        nadia=_member(Firm.objects.create(name="Elsewhere Tax"), "Nadia North", Role.OWNER),
        connection=Connection.objects.create(
            firm=firm,
            realm_id="9341452000001",
            company_name="Hartwell Books",
            status_changed_at=NOON,
            access_token="access",
            refresh_token="refresh",
            sync_date=date(2026, 1, 1),
            set_up_at=NOON,
        ),
    )


@pytest.fixture
def desk(db: None) -> Desk:
    """Olivia's firm, as rows of this test."""
    return make_desk()

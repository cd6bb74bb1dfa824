"""Reads which accounts a connection's scope takes in, and what another scope or sync date would change."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import ZERO, Account, Invoice, Payment
from portal.models import Firm
from qbsync.models.connection import Connection, Scope
from qbsync.selectors.consequences import NEW, counts_to_send, in_time


def in_scope(connection: Connection) -> QuerySet[Account]:
    """Return the firm's accounts that are synced without being asked for.

    Those with a non-void invoice or payment dated on or after the sync date, or all of them; archived ones never.
    """
    accounts = Account.objects.filter(firm_id=connection.firm_id, archived_at=None)
    if connection.scope == Scope.ALL:
        return accounts
    since = {"date__gte": connection.sync_date} if connection.sync_date else {}
    of_account: dict[str, Any] = {"account": OuterRef("pk"), "voided_at": None, **since}
    return accounts.filter(Exists(Invoice.objects.filter(**of_account)) | Exists(Payment.objects.filter(**of_account)))


def scope_sizes(firm: Firm) -> dict[str, int]:
    """Return how many accounts each scope would take in, by the scope, whatever the sync date. Two statements."""
    return {scope.value: in_scope(Connection(firm_id=firm.pk, scope=scope)).count() for scope in Scope}


@dataclass(frozen=True, slots=True)
class ScopeChange:
    """What another scope or sync date would do; sums in the firm's currency.

    Attributes:
        accounts: how many would be synced by themselves that never were.
        invoices, payments: how many would be sent: those of these accounts, and of linked ones those between the dates.
        held_back: how many documents of linked accounts that are not in QuickBooks would stay here from now on.
    """

    accounts: int
    invoices: int
    invoices_total: Decimal
    payments: int
    payments_total: Decimal
    in_closed_period: int
    held_back: int


def scope_change(connection: Connection, *, scope: str, sync_date: date | None) -> ScopeChange:
    """Return what these choices would do if they took the place of the connection's own. Five statements."""
    after = copy(connection)
    after.scope, after.sync_date = Scope(scope), sync_date
    entering = in_scope(after).filter(quickbooks=None)
    linked = Q(account__quickbooks__connection=connection, account__quickbooks__customer__isnull=False)
    was_in_time = in_time(connection)
    falls_due = Q(account__in=entering) | linked & ~was_in_time
    payments_of_theirs = Payment.objects.filter(firm=connection.firm_id, sync_to_quickbooks=True)
    invoices = counts_to_send(Invoice.objects.filter(falls_due, firm=connection.firm_id), "total", after)
    payments = counts_to_send(payments_of_theirs.filter(falls_due), "amount", after)
    late = linked & NEW & was_in_time & ~in_time(after)
    return ScopeChange(
        accounts=entering.count(),
        invoices=invoices["new"],
        invoices_total=invoices["total"] or ZERO,
        payments=payments["new"],
        payments_total=payments["total"] or ZERO,
        in_closed_period=invoices["closed"] + payments["closed"],
        held_back=Invoice.objects.filter(late, firm=connection.firm_id).count()
        + payments_of_theirs.filter(late).count(),
    )

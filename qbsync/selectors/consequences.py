"""Counts what linking or unsyncing accounts would do to their invoices and payments, before anyone decides."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from accounts.models import ZERO, Account, Invoice, Payment
from qbsync.models.connection import Connection


@dataclass(frozen=True, slots=True)
class Consequences:
    """What of the books would go to QuickBooks, what is there already, and what stays here."""

    invoices: int
    invoices_total: Decimal
    payments: int
    payments_total: Decimal
    too_early: int
    already_there: int

    @property
    def nothing(self) -> bool:
        """Whether no document would be sent."""
        return not self.invoices and not self.payments


def _counts(documents: QuerySet[Any], amount: str, in_time: Q) -> dict[str, Any]:
    new = Q(voided_at=None) & (Q(quickbooks=None) | Q(quickbooks__qbo_id=""))
    return documents.aggregate(
        new=Count("pk", filter=new & in_time),
        total=Sum(amount, filter=new & in_time),
        early=Count("pk", filter=new & ~in_time),
        there=Count("pk", filter=~Q(quickbooks=None) & ~Q(quickbooks__qbo_id="")),
    )


def consequences(account: Account, connection: Connection) -> Consequences:
    """Return what syncing the account would send, and what of it is in QuickBooks. Two statements.

    Sums are in the firm's currency.
    """
    return consequences_of([account.pk], connection)


def consequences_of(account_ids: Collection[int], connection: Connection) -> Consequences:
    """Return the same of several accounts together, in two statements as well."""
    since = Q(date__gte=connection.sync_date) if connection.sync_date else ~Q(pk=None)
    invoices = _counts(Invoice.objects.filter(account__in=account_ids), "total", since)
    payments = _counts(Payment.objects.filter(account__in=account_ids, sync_to_quickbooks=True), "amount", since)
    return Consequences(
        invoices=invoices["new"],
        invoices_total=invoices["total"] or ZERO,
        payments=payments["new"],
        payments_total=payments["total"] or ZERO,
        too_early=invoices["early"] + payments["early"],
        already_there=invoices["there"] + payments["there"],
    )

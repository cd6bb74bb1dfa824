"""Counts what linking or unsyncing accounts would do to their invoices and payments, before anyone decides."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from accounts.models import ZERO, Account, Invoice, Payment
from qbsync.models.connection import Connection
from qbsync.models.links import AccountSync, InvoiceSync, PaymentSync
from qbsync.states import DocumentStatus


@dataclass(frozen=True, slots=True)
class Consequences:
    """What of the books would go to QuickBooks, what is there already, and what stays here."""

    invoices: int
    invoices_total: Decimal
    payments: int
    payments_total: Decimal
    in_closed_period: int
    too_early: int
    already_there: int

    @property
    def nothing(self) -> bool:
        """Whether no document would be sent."""
        return not self.invoices and not self.payments


# Not in QuickBooks, and nobody decided against it
NEW = (
    Q(voided_at=None)
    & (Q(quickbooks=None) | Q(quickbooks__qbo_id=""))
    & (Q(quickbooks=None) | ~Q(quickbooks__status=DocumentStatus.SKIPPED))
)


def in_time(connection: Connection) -> Q:
    """Return the condition that a document is dated on or after the sync date."""
    return Q(date__gte=connection.sync_date) if connection.sync_date else ~Q(pk=None)


def invoices_to_send(account: Account, connection: Connection) -> QuerySet[Invoice]:
    """Return the invoices that syncing the account would create in QuickBooks, oldest first."""
    return Invoice.objects.filter(NEW & in_time(connection), account=account).order_by("date", "pk")


def counts_to_send(documents: QuerySet[Any], amount: str, connection: Connection) -> dict[str, Any]:
    """Return how many of these documents would be sent as new, their sum, and what else there is to say of them."""
    new, timely = NEW, in_time(connection)
    closed = Q(date__lte=connection.books_closed_on) if connection.books_closed_on else Q(pk=None)
    return documents.aggregate(
        new=Count("pk", filter=new & timely),
        closed=Count("pk", filter=new & timely & closed),
        total=Sum(amount, filter=new & timely),
        early=Count("pk", filter=new & ~timely),
        there=Count("pk", filter=~Q(quickbooks=None) & ~Q(quickbooks__qbo_id="")),
    )


def consequences(account: Account, connection: Connection) -> Consequences:
    """Return what syncing the account would send, and what of it is in QuickBooks. Two statements.

    Sums are in the firm's currency.
    """
    return consequences_of([account.pk], connection)


def consequences_of(account_ids: Collection[int], connection: Connection) -> Consequences:
    """Return the same of several accounts together, in two statements as well."""
    invoices = counts_to_send(Invoice.objects.filter(account__in=account_ids), "total", connection)
    mine = Payment.objects.filter(account__in=account_ids, sync_to_quickbooks=True)
    payments = counts_to_send(mine, "amount", connection)
    return Consequences(
        invoices=invoices["new"],
        invoices_total=invoices["total"] or ZERO,
        payments=payments["new"],
        payments_total=payments["total"] or ZERO,
        in_closed_period=invoices["closed"] + payments["closed"],
        too_early=invoices["early"] + payments["early"],
        already_there=invoices["there"] + payments["there"],
    )


def held_of_company(connection: Connection) -> dict[str, int]:
    """Return how many ``accounts`` are linked to the company, and how many ``documents`` it has a copy of."""
    copies = [model.objects.filter(connection=connection).exclude(qbo_id="") for model in (InvoiceSync, PaymentSync)]
    linked = AccountSync.objects.filter(connection=connection, customer__isnull=False)
    return {"accounts": linked.count(), "documents": sum(each.count() for each in copies)}

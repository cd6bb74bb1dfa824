"""Asks QuickBooks which numbers of an account's invoices it has already, before anyone decides. Writes nothing.

A person waits for the answer, so it is one short question; what becomes of each number is said as the sync will judge
it: see ``qbsync.upstream``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from accounts.models import Account, Invoice
from qbsync.copies import Remote, customer_id_of, money
from qbsync.gateway.faults import Fault
from qbsync.gateway.limiter import Priority, QuotaWait
from qbsync.metering import Session
from qbsync.models import Connection
from qbsync.payloads import mark_of
from qbsync.selectors.consequences import invoices_to_send
from qbsync.upstream import others_with_number

MOST_NUMBERS = 100
"""How many numbers are asked for, the oldest invoices' first."""

_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class NumberThere:
    """An invoice of ours, and the invoice in QuickBooks that has its number; amounts in the firm's currency."""

    invoice: Invoice
    customer: str
    customer_id: str
    total: Decimal
    is_ours: bool  # sent from here before

    @property
    def is_equal(self) -> bool:
        """Whether the totals are equal, so that it is the same invoice if the customer is the same one too."""
        return self.total == self.invoice.total


@dataclass(frozen=True, slots=True)
class NumbersThere:
    """Which numbers are in QuickBooks already, and how many were not asked for."""

    found: Sequence[NumberThere]
    asked: int
    left_out: int


def numbers_there(account: Account, connection: Connection) -> NumbersThere | None:
    """Return which numbers of the invoices that would be sent QuickBooks has already; None where it did not say.

    Costs one metered read where there is anything to ask for, and at most some seconds.
    """
    if not connection.custom_numbers:  # QuickBooks gives the numbers itself
        return NumbersThere((), 0, 0)
    sending = invoices_to_send(account, connection)
    invoices = list(sending.select_related("quickbooks")[:MOST_NUMBERS])
    if not invoices:
        return NumbersThere((), 0, 0)
    session = Session(connection, Priority.PEOPLE, is_sync=False, timeout_s=_PATIENCE_S)
    try:
        there = others_with_number(connection, session.company, (invoice.number for invoice in invoices))
    except (Fault, QuotaWait):
        return None
    finally:
        session.close()
    mine = {invoice.number: invoice for invoice in invoices}
    found = [_told(mine[number], one) for one in there if (number := str(one.get("DocNumber") or "")) in mine]
    found.sort(key=lambda one: (one.invoice.date, one.invoice.pk))
    return NumbersThere(found, len(invoices), max(sending.count() - MOST_NUMBERS, 0))


def _told(invoice: Invoice, remote: Remote) -> NumberThere:
    theirs, row = remote.get("CustomerRef") or {}, getattr(invoice, "quickbooks", None)
    mark = mark_of(str(remote.get("PrivateNote") or ""))
    return NumberThere(
        invoice=invoice,
        customer=str(theirs.get("name") or "another customer"),
        customer_id=customer_id_of(remote),
        total=Decimal(money(remote.get("TotalAmt", 0))),
        is_ours=row is not None and mark == row.mark,
    )

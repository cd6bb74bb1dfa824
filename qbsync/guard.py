"""Keeps back documents that the company cannot take as they are, before anything is sent: tax and currency.

What decides is what we know of the company; where that is not quite new it is read again before anything is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from accounts.models import Invoice
from qbsync import clock, mirror, outbox
from qbsync.documents import tax_rules
from qbsync.gateway.company import Company
from qbsync.models import Connection
from qbsync.outbox import Change
from qbsync.outcomes import fail
from qbsync.plan import ENDS, Operation
from qbsync.states import DocumentReason
from qbsync.workload import AccountWork, Item

_NEW_ENOUGH = timedelta(seconds=60)
Refusal = tuple[DocumentReason, dict[str, Any]]


def keep_back(connection: Connection, company: Company, works: Sequence[AccountWork]) -> None:
    """Fail the documents that cannot be sent, and take them out of the works. Costs no request where there are none.

    Raises:
        Fault, QuotaWait: as the gateway, while the company is read again.
    """
    items = [item for work in works for item in work.items()]
    if not any(_refusal(connection, item) for item in items):
        return
    read_at = connection.company_read_at
    if read_at is None or clock.about_now() - read_at > _NEW_ENOUGH:
        mirror.read_company(connection, company)
    changes: list[Change] = []
    for item in items:
        if refusal := _refusal(connection, item):
            before = item.row.status
            fail(item.row, item.document, *refusal)
            item.queue.remove(item)
            changes.append(Change(item.document, item.row, before, "refused"))
    outbox.settle(connection, [work.account for work in works], changes, [])


def _refusal(connection: Connection, item: Item) -> Refusal | None:
    """Why the document cannot be sent, with what the reason's sentence names."""
    if item.operation in ENDS:
        return None
    home, ours = connection.home_currency, connection.firm.currency
    if home and home != ours:
        return DocumentReason.COMPANY_CURRENCY, {"home": home, "ours": ours}
    customer = item.work.account.customer
    # What is in QuickBooks already has shown that its customer can have it.
    if home and item.operation == Operation.CREATE and customer is not None and customer.currency not in ("", home):
        names = {"customer": customer.full_name, "currency": customer.currency, "home": home}
        return DocumentReason.CUSTOMER_CURRENCY, names
    if isinstance(item.document, Invoice):
        lines = item.document.lines.all()
        problem = tax_rules(connection).problem(item.document.tax, (line.taxable for line in lines))
        return (problem, {"tax": f"{item.document.tax:,.2f}"}) if problem else None
    return None

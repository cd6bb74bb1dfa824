"""Reads the copies that are to be moved, with what they pay or are paid by, and what would keep QuickBooks from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from qbsync.copies import Remote, customer_id_of, is_void_copy
from qbsync.gateway.company import Company
from qbsync.gateway.faults import RULES, FaultKind
from qbsync.gateway.queries import in_list
from qbsync.models import AccountSync, InvoiceSync, PaymentSync
from qbsync.moving.plan import FAILED, NOT_SYNCED, Copy, Key, groups
from qbsync.states import DocumentStatus
from qbsync.upstream import rows
from qbsync.workload import DocumentRow

_IDS_A_QUERY = 500
_ELSEWHERE = "It was given to another customer in QuickBooks."
_FOREIGN = "In QuickBooks it belongs together with a document that was entered there."


@dataclass(slots=True)
class Holdings:
    """An account's copies in QuickBooks.

    Attributes:
        rows: all of them as they are known here.
        remote: what QuickBooks has of those that are to be moved and of what belongs together with them.
    """

    rows: dict[Key, DocumentRow] = field(default_factory=dict)
    remote: dict[Key, Remote] = field(default_factory=dict)

    def copies(self, closed_on: str) -> Iterator[Copy]:
        """Yield what was read of QuickBooks as the plan wants it; the books are closed up to that day, if to any."""
        for key, remote in self.remote.items():
            row = self.rows[key]
            pays = frozenset(_linked(remote.get("Line"), "Invoice")) if key[0] == "Payment" else frozenset()
            yield Copy(
                *key,
                label=str(row.document),
                customer=customer_id_of(remote),
                pays=pays,
                allocated=_allocated(row),
                obstacle=self._obstacle(key, remote, closed_on),
            )

    def _obstacle(self, key: Key, remote: Remote, closed_on: str) -> str:
        """Why QuickBooks would refuse to move this, or why it is not ours to move."""
        row = self.rows[key]
        links = [*_all_links(remote.get("LinkedTxn")), *_all_links_of_lines(remote.get("Line"))]
        known = {("Deposit", number) for kind, number in links if kind == "Deposit"} | set(self.remote)
        if any(kind == "Deposit" for kind, _ in links):
            return RULES[FaultKind.DEPOSITED].sentence
        if closed_on and str(remote.get("TxnDate") or "") <= closed_on:
            return RULES[FaultKind.PERIOD_CLOSED].sentence
        if row.status == DocumentStatus.SKIPPED:
            return NOT_SYNCED
        if row.status == DocumentStatus.FAILED:
            return FAILED
        if customer_id_of(remote) not in (row.qbo_customer_id, row.move_to):
            return _ELSEWHERE
        return _FOREIGN if any(link not in known for link in links) else ""


def book_close_date(company: Company) -> str:
    """Return the closing date of the books as it is now, in ISO form; empty where there is none. One request.

    Raises:
        Fault, QuotaWait: QuickBooks did not say.
    """
    found = company.preferences().body.get("AccountingInfoPrefs") or {}
    return str(found.get("BookCloseDate") or "")


def read_holdings(company: Company, account: AccountSync) -> Holdings:
    """Return the account's copies, those read that are to be moved; a void one in QuickBooks is not to be moved.

    Raises:
        Fault, QuotaWait: QuickBooks did not answer.
    """
    there = Q(account=account.account_id, is_void_there=False) & ~Q(qbo_id="")
    invoices = InvoiceSync.objects.filter(there).select_related("document")
    payments = (
        PaymentSync.objects.filter(there)
        .select_related("document")
        .prefetch_related("document__allocations__invoice__quickbooks")
    )
    found: dict[Key, DocumentRow] = {("Invoice", row.qbo_id): row for row in invoices}
    found |= {("Payment", row.qbo_id): row for row in payments}
    here = [Copy(kind, qbo_id, "", "", allocated=_allocated(row)) for (kind, qbo_id), row in found.items()]
    wanted = [copy.key for group in groups(here) if any(found[copy.key].move_to for copy in group) for copy in group]
    remote: dict[Key, Remote] = {}
    for kind in ("Invoice", "Payment"):
        ids = sorted(qbo_id for of, qbo_id in wanted if of == kind)
        for start in range(0, len(ids), _IDS_A_QUERY):
            where = f"Id IN {in_list(ids[start : start + _IDS_A_QUERY])}"
            for one in rows(company, kind, where, "*"):
                if not is_void_copy(one):
                    remote[kind, str(one["Id"])] = one
    return Holdings(found, remote)


def _allocated(row: DocumentRow) -> frozenset[str]:
    """The ids in QuickBooks of the invoices that a payment pays here."""
    if isinstance(row, InvoiceSync) or row.document.is_void:
        return frozenset()
    copies = (getattr(allocation.invoice, "quickbooks", None) for allocation in row.document.allocations.all())
    return frozenset(copy.qbo_id for copy in copies if copy and copy.qbo_id)


def _all_links(linked: Any) -> Iterator[Key]:
    for link in linked or []:
        yield str(link.get("TxnType", "")), str(link.get("TxnId", ""))


def _all_links_of_lines(lines: Any) -> Iterator[Key]:
    for line in lines or []:
        yield from _all_links(line.get("LinkedTxn"))


def _linked(lines: Any, kind: str) -> Iterator[str]:
    return (number for of, number in _all_links_of_lines(lines) if of == kind)

"""Reads of the firm's invoices and payments as lists: who sees which, found, narrowed and sorted as an address asks.

Other apps add what their columns show, and narrow by it, through ``extensions``; this module does not know them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

from django.db.models import DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from accounts.models import ZERO, Account, Allocation, Invoice, Payment
from accounts.selectors import document_page, today_of
from portal.models import Firm, Membership
from portal.paging import Page

Document = type[Invoice] | type[Payment]

extensions: list[Callable[[QuerySet[Any], Firm, Mapping[str, str]], QuerySet[Any]]] = []
"""Each takes the documents, their firm and the address' parameters; it adds its columns, and may leave some out."""

STATES: dict[str, dict[str, str]] = {
    "invoices": {"open": "Open", "overdue": "Overdue", "paid": "Paid", "void": "Void"},
    "payments": {"credit": "With credit left", "allocated": "Allocated", "void": "Void"},
}
"""What invoices and payments can be narrowed to, as value and label."""

_SORTS: dict[str, dict[str, tuple[Any, ...]]] = {
    "invoices": {
        "date": ("date", "pk"),
        "number": ("number",),
        "due": ("due_date", "pk"),
        "total": ("total", "pk"),
    },
    "payments": {"date": ("date", "pk"), "number": ("number",), "amount": ("amount", "pk")},
}
"""What a list may be sorted by; each is served by an index, and the rest of the columns make the order total."""


@dataclass(frozen=True, slots=True)
class DocumentQuery:
    """What the list is asked to show. Anything in the address that it does not know reads as not given."""

    kind: str  # invoices or payments
    search: str = ""
    state: str = ""
    since: date | None = None
    until: date | None = None
    sort: str = "date"
    descending: bool = True
    params: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_params(cls, kind: str, params: Mapping[str, str]) -> Self:
        """Read the address of the list; the parameters themselves are kept for ``extensions``."""
        sort = params.get("sort", "-date")
        known = sort.removeprefix("-") in _SORTS[kind]
        return cls(
            kind=kind,
            search=" ".join(params.get("q", "").replace("\x00", "").split())[:200],
            state=params.get("state", "") if params.get("state") in STATES[kind] else "",
            since=_day(params.get("from")),
            until=_day(params.get("to")),
            sort=sort.removeprefix("-") if known else "date",
            descending=sort.startswith("-") if known else True,
            params=params,
        )


def documents_found(membership: Membership, query: DocumentQuery) -> QuerySet[Any]:
    """Return the documents of accounts that the person may see, as asked for, with what ``extensions`` add."""
    model: Document = Invoice if query.kind == "invoices" else Payment
    found: QuerySet[Any] = model.objects.filter(firm=membership.firm_id)
    if not membership.sees_all_accounts:
        found = found.filter(account__in=Account.objects.visible_to(membership).values("pk"))
    for word in query.search.split():
        named = Account.objects.filter(firm=membership.firm_id, name__icontains=word)
        found = found.filter(Q(number__icontains=word) | Q(account__in=named.values("pk")))
    if query.since:
        found = found.filter(date__gte=query.since)
    if query.until:
        found = found.filter(date__lte=query.until)
    if model is Payment:
        found = _with_allocated(found)
    found = _narrowed(found, query, membership)
    order = _SORTS[query.kind][query.sort]
    found = found.order_by(*(f"-{column}" if query.descending else column for column in order))
    for extend in extensions:
        found = extend(found, membership.firm, query.params)
    return found.select_related("account", "firm")


def documents_page(membership: Membership, query: DocumentQuery) -> Page:
    """Return one page of the list, in two statements; payments have ``allocated``."""
    return document_page(documents_found(membership, query), query.params.get("page"))


def _narrowed(found: QuerySet[Any], query: DocumentQuery, membership: Membership) -> QuerySet[Any]:
    if query.state == "void":
        return found.filter(voided_at__isnull=False)
    if query.state:
        found = found.filter(voided_at=None)
    match query.state:
        case "open":
            return found.filter(paid__lt=F("total"))
        case "overdue":
            return found.filter(paid__lt=F("total"), due_date__lt=today_of(membership.firm))
        case "paid":
            return found.filter(paid=F("total"))
        case "credit":
            return found.filter(allocated__lt=F("amount"))
        case "allocated":
            return found.filter(allocated=F("amount"))
        case _:
            return found


def _with_allocated(payments: QuerySet[Any]) -> QuerySet[Any]:
    sums = Allocation.objects.filter(payment=OuterRef("pk")).order_by().values("payment").values(sum=Sum("amount"))
    return payments.annotate(allocated=Coalesce(Subquery(sums), Value(ZERO), output_field=DecimalField()))


def _day(text: str | None) -> date | None:
    """The date that a parameter holds, as browsers send it; None where it is none."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None

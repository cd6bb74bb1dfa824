"""Reads QuickBooks' documents for a comparison: light rows, and many pages in one request."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from qbsync.copies import customer_id_of, is_void_copy
from qbsync.gateway import queries
from qbsync.gateway.company import BatchCount, BatchQuery, Company
from qbsync.gateway.faults import Fault, FaultKind
from qbsync.reconciliation.comparing import Kind, Theirs

_ENTITIES = {Kind.INVOICE: "Invoice", Kind.PAYMENT: "Payment"}
_FIELDS = {
    Kind.INVOICE: "Id, DocNumber, TxnDate, TotalAmt, Balance, CustomerRef, PrivateNote",
    Kind.PAYMENT: "Id, PaymentRefNum, TxnDate, TotalAmt, UnappliedAmt, CustomerRef, PrivateNote",
}
_PAGES_A_REQUEST = 10  # a page of a thousand light rows is about half a megabyte
_IDS_A_QUERY = 500

Heard = Callable[[], None]


def documents_of(
    company: Company, *, customers: Sequence[str] | None, since: date | None, expected: Mapping[Kind, int], heard: Heard
) -> Iterator[Theirs]:
    """Yield the invoices and payments of these customers, or of all.

    Args:
        company: the QuickBooks company.
        customers: ids; None for all.
        since: the earliest date; None for any.
        expected: how many of each kind there probably are: their pages are asked for at once.
        heard: called after each answer, so that whoever waits knows that we are at it.

    Raises:
        Fault, QuotaWait: as the gateway.
    """
    conditions = [f"CustomerRef IN {queries.in_list(customers)}"] if customers else []
    conditions += [f"TxnDate >= '{since.isoformat()}'"] if since else []
    where = " AND ".join(conditions)
    probable = {kind: range(1, expected.get(kind, 0) + 1, queries.PAGE) or (1,) for kind in Kind}
    pages = [(kind, where, start) for kind, starts in probable.items() for start in starts]
    counted: dict[Kind, int] = {}
    for (kind, _, start), rows in _read(company, pages, heard, counted):
        yield from _documents(kind, rows)
        # QuickBooks may cut a page short that is not the last, and there may be more than was expected.
        is_last = start == probable[kind][-1]
        end = counted[kind] + 1 if is_last else min(start + queries.PAGE, counted[kind] + 1)
        yield from _rest(company, kind, where, start + len(rows), end, heard)


def copies_of(company: Company, wanted: Mapping[Kind, Iterable[str]], heard: Heard) -> Iterator[Theirs]:
    """Yield the documents of these ids that are still in QuickBooks."""
    pages = []
    for kind, ids in wanted.items():
        ordered = sorted(ids)
        for start in range(0, len(ordered), _IDS_A_QUERY):
            pages.append((kind, f"Id IN {queries.in_list(ordered[start : start + _IDS_A_QUERY])}", 1))
    for (kind, _, _), rows in _read(company, pages, heard):
        yield from _documents(kind, rows)


Page = tuple[Kind, str, int]


def _read(
    company: Company, pages: Sequence[Page], heard: Heard, counted: dict[Kind, int] | None = None
) -> Iterator[tuple[Page, list[dict[str, Any]]]]:
    """Read pages, many in one request; into ``counted`` goes how many rows of each kind there are."""
    counts = {} if counted is None else {f"n{kind}"[:10]: (kind, where) for kind, where, _ in pages}
    for first in range(0, len(pages), _PAGES_A_REQUEST):
        asked = {str(index): page for index, page in enumerate(pages[first : first + _PAGES_A_REQUEST])}
        reads = [BatchQuery(key, _statement(page)) for key, page in asked.items()]
        if first == 0:
            reads += [BatchCount(key, queries.count(_ENTITIES[kind], where)) for key, (kind, where) in counts.items()]
        answer = company.batch(reads, request_id=str(uuid.uuid4()))
        heard()
        if counted is not None and first == 0:
            counted |= {kind: _number(answer.items[key]) for key, (kind, _) in counts.items()}
        for key, page in asked.items():
            rows = answer.items[key]
            if isinstance(rows, Fault):
                raise rows
            yield page, list(rows)  # type: ignore[arg-type]


def _number(outcome: object) -> int:
    if isinstance(outcome, Fault):
        raise outcome
    if not isinstance(outcome, int):
        raise Fault(FaultKind.UNAVAILABLE, http_status=200, message="QuickBooks did not say how many there are.")
    return outcome


def _rest(company: Company, kind: Kind, where: str, start: int, end: int, heard: Heard) -> Iterator[Theirs]:
    """Yield the rows from one position to another, where a page was cut short or not asked for."""
    while start < end:
        limit = min(queries.PAGE, end - start)
        rows = company.query(queries.select(_ENTITIES[kind], where, fields=_FIELDS[kind], start=start, limit=limit))
        heard()
        if not rows:
            return  # deleted since they were counted
        yield from _documents(kind, rows)
        start += len(rows)


def _statement(page: Page) -> str:
    kind, where, start = page
    return queries.select(_ENTITIES[kind], where, fields=_FIELDS[kind], start=start)


def _documents(kind: Kind, rows: Iterable[Mapping[str, Any]]) -> Iterator[Theirs]:
    return (_document(kind, row) for row in rows)


def _document(kind: Kind, row: Mapping[str, Any]) -> Theirs:
    """Return a row as a document.

    Raises:
        Fault: it is not what a document looks like; the whole comparison would be wrong without it.
    """
    try:
        is_invoice = kind == Kind.INVOICE
        left = _amount(row.get("Balance")) if is_invoice else -_amount(row.get("UnappliedAmt"))
        return Theirs(
            kind,
            str(row["Id"]),
            str(row.get("DocNumber" if is_invoice else "PaymentRefNum") or "")[:40],
            date.fromisoformat(str(row["TxnDate"])),
            _amount(row.get("TotalAmt")),
            left,
            customer_id_of(row),
            is_void_copy(row),
        )
    except (KeyError, ValueError, ArithmeticError) as broken:
        message = f"QuickBooks' answer holds a {_ENTITIES[kind].lower()} that cannot be read."
        raise Fault(FaultKind.UNAVAILABLE, http_status=200, message=message) from broken


def _amount(value: Any) -> Decimal:
    return Decimal(str(value or 0)).quantize(Decimal("0.01"))

"""Owns what every transaction obeys: closed books, document numbers, deposit locks."""

from typing import Any

from .. import faults
from ..books import Books
from ..store import Row
from .base import Request

DEPOSITED = (
    "Deposited Transaction cannot be changed : This transaction has been deposited. If you want to change or delete "
    "it, you must edit the deposit it appears on and remove it first."
)


def check_period(books: Books, body: dict[str, Any], old: Row | None) -> None:
    """Raise 6210 for a date, new or present, on or before the closing date."""
    closing = books.preference("AccountingInfoPrefs", "BookCloseDate")
    dates = [body.get("TxnDate"), old.body.get("TxnDate") if old else None]
    if closing and any(each and each <= closing for each in dates):
        raise faults.Fault(
            "6210", "Account Period Closed, Cannot Update Through Services API",
            "The account period has closed and the account books cannot be updated through through the QBO Services "
            "API. Please use the QBO website to make these changes.", element="",
        )  # fmt: skip


def check_not_deposited(books: Books, kind: str, number: int) -> None:
    """Raise 6540 when a deposit holds the transaction."""
    if any(holder == "Deposit" for holder, _, _ in books.links_to(kind, number)):
        raise faults.Fault("6540", "Deposited Transaction cannot be changed", DEPOSITED, element="")


def number_document(books: Books, kind: str, body: dict[str, Any], old: Row | None, request: Request) -> None:
    """Fill or check DocNumber: QuickBooks counts unless CustomTxnNumbers is on, and then takes what it is given."""
    custom = bool(books.preference("SalesFormsPrefs", "CustomTxnNumbers", False))
    if not custom and not request.by_user:
        body["DocNumber"] = old.body["DocNumber"] if old and "DocNumber" in old.body else _next_number(books, kind)
        return
    given = body.get("DocNumber")
    if given is None and not custom:
        body["DocNumber"] = _next_number(books, kind)
        return
    if given is None or "allowduplicatedocnum" in request.include or (old and old.body.get("DocNumber") == given):
        return
    for other in books.store.rows(books.realm, "kind = ? AND doc = ? AND deleted = 0", (kind, given)):
        if str(other.id) != body["Id"]:
            raise faults.Fault(
                "6140", "Duplicate Document Number Error",
                "Duplicate Document Number Error : You must specify a different number. This number has already been "
                f"used. DocNumber={given} is assigned to TxnType={kind} with TxnId={other.id}", element="",
            )  # fmt: skip


def _next_number(books: Books, kind: str) -> str:
    while True:
        candidate = str(1000 + books.next_id(f"docnumber {kind}"))
        if not books.store.rows(books.realm, "kind = ? AND doc = ? AND deleted = 0", (kind, candidate)):
            return candidate

"""Owns Deposit: it takes payments and sales receipts out of Undeposited Funds and locks them."""

from decimal import Decimal
from typing import Any

from .. import faults
from ..books import Books
from ..render import cents, money
from ..store import Row
from .base import REGISTRY, EntityType, Request
from .currency import CURRENCY, set_currency
from .schema import (
    BASE,
    TAX_DETAIL,
    accept,
    amount,
    choice,
    computed,
    day,
    decimal,
    ignored,
    listing,
    record,
    ref,
    text,
)
from .transactions import check_not_deposited, check_period

_LINE = {
    "Id": text(20), "LineNum": decimal(), "Description": text(4000), "Amount": amount(), "LinkedTxn": listing(),
    "DetailType": choice("DepositLineDetail"), "DepositLineDetail": record("DepositLineDetail"),
    "CustomField": ignored(),
    "ProjectRef": ignored(), "CustomExtensions": ignored(),
}  # fmt: skip


class Deposit(EntityType):
    """A deposit into a bank account."""

    kind = "Deposit"
    counted = True
    own_fields = {
        "DepositToAccountRef": ref("Account", filterable=True), "TotalAmt": computed("number", filterable=True),
        "CashBack": record("CashBack"), **BASE, "DocNumber": text(21), "TxnDate": day(filterable=True),
        "DepartmentRef": ref("Department"), "CurrencyRef": CURRENCY, "ExchangeRate": decimal(),
        "PrivateNote": text(4000), "Line": listing(), "TxnTaxDetail": TAX_DETAIL, "TransactionLocationType": text(50),
        "GlobalTaxCalculation": text(20), "TxnSource": ignored(), "TxnStatus": ignored(), "LinkedTxn": ignored(),
        "CustomField": ignored(), "RecurDataRef": ignored(), "TotalCost": ignored(), "HomeTotalAmt": ignored(),
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Lines, their sum, and that what is deposited can be."""
        for name in ("DepositToAccountRef", "Line"):
            if not body.get(name):
                raise faults.missing(name)
        body.setdefault("TxnDate", books.today.isoformat())
        check_period(books, body, old)
        set_currency(books, body)
        body["Line"] = [
            {"Id": str(place), "LineNum": place, **_line(books, raw, int(body["Id"]))}
            for place, raw in enumerate(body["Line"], 1)
        ]
        body["TotalAmt"] = money(sum((Decimal(line["Amount"]) for line in body["Line"]), Decimal(0)))

    def settle(self, books: Books, row: Row, old: Row | None) -> None:
        """Link what is deposited, and say so on its side."""
        before = {(kind, number) for kind, number, _ in books.links_from(self.kind, row.id)}
        now = [] if row.deleted else [
            (linked["TxnType"], int(linked["TxnId"]), cents(line["Amount"]))
            for line in row.body["Line"] for linked in line.get("LinkedTxn", [])
        ]  # fmt: skip
        books.set_links(self.kind, row.id, now)
        for kind, number in sorted(before | {(kind, number) for kind, number, _ in now}):
            held = books.row(kind, number)
            if held is None or held.deleted:
                continue
            linked = [{"TxnId": str(by), "TxnType": holder} for holder, by, _ in books.links_to(kind, number)]
            held.body = REGISTRY[kind].ordered({**held.body, "LinkedTxn": linked})
            if not linked:
                held.body.pop("LinkedTxn")
            books.save(held, new_version=True)

    def before_removal(self, books: Books, row: Row) -> None:
        """Closed books forbid it."""
        check_period(books, row.body, None)


def _line(books: Books, raw: Any, deposit: int) -> dict[str, Any]:
    line = accept("Line", _LINE, raw) if isinstance(raw, dict) else {}
    if "Amount" not in line:
        raise faults.missing("Line.Amount")
    kept: dict[str, Any] = {"Amount": line["Amount"]}
    if "Description" in line:
        kept["Description"] = line["Description"]
    for linked in line.get("LinkedTxn", []):
        if not isinstance(linked, dict):
            raise faults.missing("Line.LinkedTxn")
        kind, number = str(linked.get("TxnType")), str(linked.get("TxnId"))
        target = books.row(kind, number) if kind in ("Payment", "SalesReceipt") else None
        if target is None or target.deleted:
            raise faults.not_found()
        if not any(holder == "Deposit" and by == deposit for holder, by, _ in books.links_to(kind, target.id)):
            check_not_deposited(books, kind, target.id)
        kept.setdefault("LinkedTxn", []).append({"TxnId": number, "TxnType": kind, "TxnLineId": "0"})
    if "LinkedTxn" not in kept:
        kept |= {"DetailType": "DepositLineDetail", "DepositLineDetail": line.get("DepositLineDetail", {})}
    return kept


Deposit()

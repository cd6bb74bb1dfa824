"""Owns links between transactions: what a payment or a deposit is applied to, and both sides' computed amounts."""

from decimal import Decimal
from typing import Any

from ..books import Books
from ..render import cents, money
from ..store import Row

_NAME_VALUE = {
    "name": "{http://schema.intuit.com/finance/v3}NameValue",
    "declaredType": "com.intuit.schema.finance.v3.NameValue",
    "scope": "javax.xml.bind.JAXBElement$GlobalScope",
}


def linked_transactions(books: Books, kind: str, number: int) -> list[dict[str, str]]:
    """The LinkedTxn of a transaction that others are applied to, each once."""
    seen = dict.fromkeys((holder, holder_id) for holder, holder_id, _ in books.links_to(kind, number))
    return [{"TxnId": str(holder_id), "TxnType": holder} for holder, holder_id in seen]


def refresh_target(books: Books, kind: str, number: int) -> None:
    """Recompute what is left of an invoice or credit memo after what is applied to it has changed."""
    row = books.row(kind, number)
    if row is None or row.deleted:
        return
    body = row.body
    applied = sum(amount for _, _, amount in books.links_to(kind, number))
    left = money(Decimal(body["TotalAmt"]) - Decimal(body.get("Deposit", 0)) - Decimal(applied) / 100)
    body["Balance"] = left
    if kind == "CreditMemo":
        body["RemainingCredit"] = left
    body["LinkedTxn"] = linked_transactions(books, kind, number)
    before, sign = row.open_cents, -1 if kind == "CreditMemo" else 1
    row.open_cents = sign * cents(left)
    books.save(row, new_version=True)
    books.shift_balance(row.customer, row.open_cents - before)
    books.event(row, "Update")


def refresh_payment(books: Books, number: int, *, new_version: bool) -> None:
    """Rebuild a payment's lines and unapplied amount from its links."""
    row = books.row("Payment", number)
    if row is None or row.deleted:
        return
    before = row.open_cents
    fill_payment(books, row)
    books.save(row, new_version=new_version)
    books.shift_balance(row.customer, row.open_cents - before)


def fill_payment(books: Books, row: Row) -> None:
    """Set a payment's Line and UnappliedAmt from its links, as QuickBooks prints them."""
    lines, left = [], cents(row.body["TotalAmt"])
    for kind, number, amount in books.links_from("Payment", row.id):
        left += amount if kind == "CreditMemo" else -amount
        lines.append(_payment_line(books, kind, number, amount))
    row.body["Line"] = lines
    row.body["UnappliedAmt"] = money(Decimal(left) / 100)
    row.open_cents = -left


def _payment_line(books: Books, kind: str, number: int, amount: int) -> dict[str, Any]:
    target = books.row(kind, number)
    balance = cents(target.body.get("Balance", 0)) + amount if target else amount
    facts = {"txnId": str(number), "txnOpenBalance": f"{Decimal(balance) / 100:.2f}"}
    if target and target.doc is not None:
        facts["txnReferenceNumber"] = target.doc
    return {
        "Amount": money(Decimal(amount) / 100),
        "LinkedTxn": [{"TxnId": str(number), "TxnType": kind}],
        "LineEx": {
            "any": [
                {**_NAME_VALUE, "value": {"Name": name, "Value": value}, "nil": False, "globalScope": True,
                 "typeSubstituted": False}
                for name, value in facts.items()
            ]
        },
    }  # fmt: skip


def release_all(books: Books, row: Row) -> None:
    """Take off a transaction everything that is applied to it; payments keep the money as credit."""
    holders = {(kind, number) for kind, number, _ in books.links_to(row.kind, row.id)}
    books.store.db.execute("DELETE FROM link WHERE realm=? AND to_kind=? AND to_id=?", (books.realm, row.kind, row.id))
    for kind, number in sorted(holders):
        if kind == "Payment":
            refresh_payment(books, number, new_version=True)


def trim(books: Books, kind: str, number: int, excess: int) -> None:
    """Take `excess` cents off what is applied to a transaction, the latest first."""
    for holder, holder_id, amount in reversed(books.links_to(kind, number)):
        taken = min(amount, excess)
        excess -= taken
        kept = [
            (to_kind, to_id, value - taken if (to_kind, to_id) == (kind, number) else value)
            for to_kind, to_id, value in books.links_from(holder, holder_id)
        ]
        books.set_links(holder, holder_id, [link for link in kept if link[2] > 0])
        refresh_payment(books, holder_id, new_version=True)
        if not excess:
            return

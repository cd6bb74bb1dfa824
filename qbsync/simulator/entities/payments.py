"""Owns Payment: what it may be applied to, what stays unapplied, the deposit lock, voiding."""

from collections.abc import Mapping
from typing import Any

from .. import faults
from ..books import Books
from ..render import cents
from ..store import Row
from . import links
from .base import EntityType, Request, settle_balance
from .currency import CURRENCY, set_currency
from .schema import BASE, accept, amount, computed, day, decimal, flag, ignored, listing, record, ref, text
from .transactions import check_not_deposited, check_period

_TYPES = ("Invoice", "CreditMemo", "JournalEntry", "Expense", "Check", "CreditCardCredit")
_LINE = {
    "Id": ignored(), "LineNum": ignored(), "Description": ignored(), "Amount": amount(), "LinkedTxn": listing(),
    "LineEx": ignored(), "DetailType": ignored(), "CustomField": ignored(), "PaymentLineDetail": ignored(),
}  # fmt: skip


class Payment(EntityType):
    """Money received from a customer."""

    kind = "Payment"
    verbs = frozenset({"create", "update", "delete", "void", "send"})
    counted = True
    nameless = frozenset({"DepositToAccountRef", "PaymentMethodRef", "ARAccountRef"})
    own_fields = {
        "CustomerRef": ref("Customer", filterable=True), "RemitToRef": ignored(), "ARAccountRef": ref("Account"),
        "DepositToAccountRef": ref("Account", filterable=True),
        "PaymentMethodRef": ref("PaymentMethod", filterable=True), "PaymentRefNum": text(21, filterable=True),
        "PaymentType": ignored(), "CreditCardPayment": record("CreditCardPayment"), "TotalAmt": amount(filterable=True),
        "UnappliedAmt": computed("number", filterable=True), "ProcessPayment": flag(), **BASE, "DocNumber": ignored(),
        "TxnDate": day(filterable=True), "DepartmentRef": ref("Department"), "CurrencyRef": CURRENCY,
        "ExchangeRate": decimal(), "PrivateNote": text(4000), "TxnStatus": ignored(), "LinkedTxn": computed("any"),
        "Line": listing(), "TransactionLocationType": text(50), "TaxExemptionRef": record("ReferenceType"),
        "TxnSource": ignored(),
        "CustomField": ignored(), "AttachableRef": ignored(), "TxnTaxDetail": ignored(), "CheckPayment": ignored(),
        "PaymentEx": ignored(), "OverPayment": ignored(), "ProjectRef": ignored(),
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Required properties and defaults; the lines are checked here and applied once the payment is stored."""
        for name in ("CustomerRef", "TotalAmt"):
            if name not in body:
                raise faults.missing(name)
        if body["TotalAmt"] < 0:
            raise faults.business("The amount of a payment must be 0 or greater.")
        if old is not None:
            check_not_deposited(books, self.kind, old.id)
        body.setdefault("TxnDate", books.today.isoformat())
        check_period(books, body, old)
        holder = books.row("Customer", body["CustomerRef"]["value"])
        set_currency(books, body, holder.body["CurrencyRef"]["value"] if holder else None)
        body.setdefault("DepositToAccountRef", {"value": "4"})
        body.setdefault("ProcessPayment", False)
        body.setdefault("Line", [])
        body["UnappliedAmt"] = 0
        _wanted(body["Line"])

    def settle(self, books: Books, row: Row, old: Row | None) -> None:
        """Apply the lines, and recompute whatever was or is now applied to."""
        before = {(kind, number) for kind, number, _ in books.links_from(self.kind, row.id)}
        books.set_links(self.kind, row.id, [])
        if not row.deleted:
            applied = _check(books, row, _wanted(row.body["Line"]))
            books.set_links(self.kind, row.id, applied)
            changed = before | {(kind, number) for kind, number, _ in applied}
        else:
            changed = before
        others: set[int] = set()
        for kind, number in sorted(changed):
            links.refresh_target(books, kind, number)
            others |= {each for holder, each, _ in books.links_to(kind, number) if holder == self.kind}
        if not row.deleted:
            links.fill_payment(books, row)
            row.body = self.ordered(row.body)
            books.store.update(books.realm, row)
        settle_balance(books, row, old)
        for other in sorted(others - {row.id}):
            links.refresh_payment(books, other, new_version=False)

    def open_cents(self, body: Mapping[str, Any]) -> int:
        """Credit that the customer has; `settle` sets it once the lines are applied."""
        return -cents(body.get("UnappliedAmt", 0))

    def before_removal(self, books: Books, row: Row) -> None:
        """Closed books and deposits forbid it."""
        check_not_deposited(books, self.kind, row.id)
        check_period(books, row.body, None)

    def empty(self, books: Books, row: Row) -> None:
        """As recorded: no amount, no lines, the note begins with Voided."""
        body = row.body
        body["TotalAmt"], body["UnappliedAmt"], body["Line"] = 0, 0, []
        note = body.get("PrivateNote")
        body["PrivateNote"] = f"Voided - {note}"[:4000] if note else "Voided"


def _wanted(sent: list[Any]) -> list[tuple[str, str, int]]:
    """(type, id, cents) of each line. Raises `Fault`."""
    wanted = []
    for raw in sent:
        line = accept("Line", _LINE, raw) if isinstance(raw, dict) else {}
        if "Amount" not in line:
            raise faults.missing("Line.Amount")
        linked = line.get("LinkedTxn")
        if not isinstance(linked, list) or len(linked) != 1 or not isinstance(linked[0], dict):
            raise faults.missing("Line.LinkedTxn")
        kind, number = linked[0].get("TxnType"), str(linked[0].get("TxnId", ""))
        if kind not in _TYPES:
            raise faults.Fault("2170", "Invalid Enumeration", f"Invalid Enumeration : {kind}", element="TxnType")
        if not number.isascii() or not number.isdigit():
            raise faults.invalid_id(number[:80])
        if line["Amount"] < 0:
            raise faults.business("The amount of a payment line must be 0 or greater.")
        wanted.append((kind, number, cents(line["Amount"])))
    return wanted


def _check(books: Books, row: Row, wanted: list[tuple[str, str, int]]) -> list[tuple[str, int, int]]:
    """The links that these lines make. Raises `Fault` for what is not there, not this customer's, or too much."""
    applied: list[tuple[str, int, int]] = []
    used = 0
    top = _top(books, row.customer)
    for kind, number, value in wanted:
        target = books.row(kind, number) if kind in ("Invoice", "CreditMemo") else None
        if target is None:
            raise faults.not_found()
        if target.deleted:
            raise faults.deleted()
        if _top(books, target.customer) != top:
            raise faults.business("The payment and the transactions it is applied to must have the same customer.")
        already = sum(each for _, _, each in books.links_to(kind, target.id))
        already += sum(each for k, n, each in applied if (k, n) == (kind, target.id))
        left = cents(target.body["TotalAmt"]) - cents(target.body.get("Deposit", 0)) - already
        if value > left:
            if books.company.options.over_application == "refuse":
                raise faults.business("You can't apply more than the open balance of the transaction.")
            value = left
        used += -value if kind == "CreditMemo" else value
        applied.append((kind, target.id, value))
    if used > cents(row.body["TotalAmt"]):
        raise faults.business("The amounts applied are more than the amount of the payment.")
    return applied


def _top(books: Books, customer: int | None) -> int | None:
    while customer is not None:
        row = books.row("Customer", customer)
        if row is None or row.parent is None:
            break
        customer = row.parent
    return customer


Payment()

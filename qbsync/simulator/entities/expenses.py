"""Owns what is bought: Bill, BillPayment, VendorCredit, Purchase, PurchaseOrder, and the vendor's balance."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from .. import faults
from ..books import Books
from ..render import cents, money
from ..store import Row
from .base import EntityType, Request, resolved
from .currency import CURRENCY, set_currency
from .schema import (
    ADDRESS,
    BASE,
    TAX_DETAIL,
    Field,
    accept,
    amount,
    anything,
    choice,
    computed,
    day,
    decimal,
    flag,
    ignored,
    listing,
    record,
    ref,
    text,
)
from .transactions import check_period, number_document

_SHARED: dict[str, Field] = {
    "CustomerRef": ref("Customer"), "ClassRef": ref("Class"), "TaxCodeRef": ref(""),
    "BillableStatus": choice("Billable", "NotBillable", "HasBeenBilled"), "MarkupInfo": record("MarkupInfo"),
    "TaxAmount": amount(), "TaxInclusiveAmt": amount(), "CustomExtensions": ignored(),
}  # fmt: skip
_DETAILS: dict[str, dict[str, Field]] = {
    "AccountBasedExpenseLineDetail": {"AccountRef": ref("Account"), **_SHARED},
    "ItemBasedExpenseLineDetail": {
        "ItemRef": ref("Item"), "UnitPrice": decimal(), "Qty": decimal(), "PriceLevelRef": ignored(), **_SHARED,
    },
}  # fmt: skip
_LINE: dict[str, Field] = {
    "Id": text(20), "LineNum": decimal(), "Description": text(4000), "Amount": amount(), "Received": ignored(),
    "LinkedTxn": listing(), "DetailType": choice(*_DETAILS, "TDSLineDetail"), "CustomField": ignored(),
    "ProjectRef": ignored(), "CustomExtensions": ignored(), "LineEx": ignored(),
    **{name: record(name, parts) for name, parts in _DETAILS.items()},
}  # fmt: skip
_HEAD: dict[str, Field] = {
    **BASE, "DocNumber": text(21, filterable=True), "TxnDate": day(filterable=True), "DepartmentRef": ref("Department"),
    "CurrencyRef": CURRENCY, "ExchangeRate": decimal(), "PrivateNote": text(4000), "TxnStatus": ignored(),
    "LinkedTxn": listing(), "Line": listing(), "TxnTaxDetail": TAX_DETAIL, "GlobalTaxCalculation": text(20),
    "TotalAmt": computed("number", filterable=True), "HomeTotalAmt": ignored(), "HomeBalance": ignored(),
    "TransactionLocationType": text(50), "RecurDataRef": ignored(), "TxnSource": ignored(), "CustomField": ignored(),
    "AttachableRef": ignored(), "UnappliedAmt": ignored(), "IncludeInAnnualTPAR": ignored(),
}  # fmt: skip


def complete_lines(books: Books, sent: list[Any]) -> tuple[list[dict[str, Any]], Decimal]:
    """The lines of an expense with ids and resolved references, and their sum. Raises `Fault`."""
    lines, total = [], Decimal(0)
    for place, raw in enumerate(sent, 1):
        line = accept("Line", _LINE, raw) if isinstance(raw, dict) else {}
        kind = line.get("DetailType")
        if kind not in _DETAILS:
            raise faults.missing("Line.DetailType")
        if "Amount" not in line:
            raise faults.missing("Line.Amount")
        detail = dict(line.get(kind, {}))
        needed, target = ("AccountRef", "Account") if kind.startswith("Account") else ("ItemRef", "Item")
        if needed not in detail:
            raise faults.missing(f"{kind}.{needed}")
        detail[needed] = resolved(books, target, detail[needed]["value"])
        if "CustomerRef" in detail:
            detail["CustomerRef"] = resolved(books, "Customer", detail["CustomerRef"]["value"])
        detail.setdefault("BillableStatus", "NotBillable")
        detail.setdefault("TaxCodeRef", {"value": "NON"})
        total += line["Amount"]
        described = {"Description": line["Description"]} if "Description" in line else {}
        finished = {"Id": str(place), "LineNum": place, **described, "Amount": line["Amount"]}
        lines.append({**finished, "DetailType": kind, kind: detail})
    return lines, total


class Expense(EntityType):
    """A form with expense lines."""

    counted = True
    required: ClassVar[tuple[str, ...]] = ("VendorRef",)
    owes: ClassVar[int] = 0  # +1 when the company owes its balance to the vendor, -1 the other way round

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Required properties, lines, total and dates."""
        for name in (*self.required, "Line"):
            if not body.get(name):
                raise faults.missing(name)
        body.setdefault("TxnDate", books.today.isoformat())
        check_period(books, body, old)
        set_currency(books, body)
        body["Line"], total = complete_lines(books, body["Line"])
        if total < 0:
            raise faults.business("The transaction amount must be 0 or greater.")
        body["TotalAmt"] = money(total)
        body.setdefault("LinkedTxn", [])
        if self.owes:
            applied = sum(each for _, _, each in books.links_to(self.kind, int(body["Id"]))) if old else 0
            body["Balance"] = money(total - Decimal(applied) / 100)

    def before_removal(self, books: Books, row: Row) -> None:
        """Closed books forbid it, and payments that are applied."""
        check_period(books, row.body, None)
        if books.links_to(self.kind, row.id):
            raise faults.business("This transaction has payments applied to it. Remove them first.")

    def open_cents(self, body: Mapping[str, Any]) -> int:
        """What it adds to the vendor's balance."""
        return self.owes * cents(body.get("Balance", 0))

    def settle(self, books: Books, row: Row, old: Row | None) -> None:
        """Move the vendor's balance."""
        if old is not None:
            shift_vendor(books, old.body, -old.open_cents)
        shift_vendor(books, row.body, row.open_cents)


def shift_vendor(books: Books, body: Mapping[str, Any], change: int) -> None:
    """Add cents to the balance of the vendor that a form names."""
    vendor = books.row("Vendor", body["VendorRef"]["value"]) if change and "VendorRef" in body else None
    if vendor is not None:
        vendor.body["Balance"] = money(Decimal(vendor.body.get("Balance", 0)) + Decimal(change) / 100)
        books.save(vendor, new_version=False)


class Bill(Expense):
    """What the company owes a vendor."""

    kind = "Bill"
    owes = 1
    own_fields = {
        "SalesTermRef": ref("Term"), "DueDate": day(filterable=True), "Balance": computed("number", filterable=True),
        **_HEAD, "VendorRef": ref("Vendor", filterable=True), "VendorAddr": ADDRESS, "APAccountRef": ref("Account"),
        "RemitToAddr": ADDRESS, "ShipAddr": ADDRESS, "LessCIS": ignored(), "PayerRef": ignored(), "Memo": ignored(),
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Due after the terms, into Accounts Payable unless told."""
        super().complete(books, body, old, request)
        term = books.row("Term", body["SalesTermRef"]["value"]) if "SalesTermRef" in body else None
        days = int(term.body.get("DueDays", 0)) if term else 0
        body.setdefault("DueDate", (date.fromisoformat(body["TxnDate"]) + timedelta(days=days)).isoformat())
        body.setdefault("APAccountRef", {"value": "6", "name": "Accounts Payable (A/P)"})


class VendorCredit(Expense):
    """What a vendor owes the company."""

    kind = "VendorCredit"
    owes = -1
    own_fields = {
        **_HEAD, "VendorRef": ref("Vendor", filterable=True), "APAccountRef": ref("Account"), "VendorAddr": ADDRESS,
        "Balance": computed("number", filterable=True), "FromAccountRef": ignored(), "ToAccountRef": ignored(),
    }  # fmt: skip


class Purchase(Expense):
    """An expense, check or credit card charge."""

    kind = "Purchase"
    required = ("AccountRef", "PaymentType")
    own_fields = {
        "AccountRef": ref("Account"), "PaymentMethodRef": ref("PaymentMethod"), "PaymentRefNum": text(21),
        "PaymentType": choice("Cash", "Check", "CreditCard", filterable=True), "EntityRef": record("ReferenceType"),
        "RemitToAddr": ADDRESS, "Credit": flag(), "PurchaseEx": ignored(),
        "PrintStatus": choice("NotSet", "NeedToPrint", "PrintComplete"), "Memo": ignored(), **_HEAD,
    }  # fmt: skip


class PurchaseOrder(Expense):
    """What is ordered from a vendor."""

    kind = "PurchaseOrder"
    required = ("VendorRef", "APAccountRef")
    own_fields = {
        "ShipAddr": ADDRESS, "VendorAddr": ADDRESS, "POStatus": choice("Open", "Closed"), "POEmail": anything(),
        "ShipTo": anything(), "EmailStatus": choice("NotSet", "NeedToSend", "EmailSent"), **_HEAD,
        "VendorRef": ref("Vendor", filterable=True), "APAccountRef": ref("Account"), "Memo": text(4000),
        "DueDate": day(), "ClassRef": ref("Class"), "SalesTermRef": ref("Term"),
        "ShipMethodRef": record("ReferenceType"),
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Numbered by QuickBooks, open until told."""
        super().complete(books, body, old, request)
        number_document(books, self.kind, body, old, request)
        body.setdefault("POStatus", "Open")


class BillPayment(EntityType):
    """Money paid to a vendor."""

    kind = "BillPayment"
    verbs = frozenset({"create", "update", "delete", "void"})
    counted = True
    own_fields = {
        "VendorRef": ref("Vendor", filterable=True), "PayType": choice("Check", "CreditCard", filterable=True),
        "CheckPayment": record("BillPaymentCheck"), "CreditCardPayment": record("BillPaymentCreditCard"),
        "ProcessBillPayment": ignored(), "APAccountRef": ref("Account"), **_HEAD,
        "TotalAmt": amount(filterable=True),
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Required properties; the lines name the bills that are paid."""
        for name in ("VendorRef", "PayType", "TotalAmt"):
            if name not in body:
                raise faults.missing(name)
        body.setdefault("TxnDate", books.today.isoformat())
        check_period(books, body, old)
        set_currency(books, body)
        body.setdefault("Line", [])
        _bills(body["Line"])

    def settle(self, books: Books, row: Row, old: Row | None) -> None:
        """Pay the bills, or take the payment back."""
        changed = {number for _, number, _ in books.links_from(self.kind, row.id)}
        books.set_links(self.kind, row.id, [])
        wanted = [] if row.deleted else _bills(row.body["Line"])
        links: list[tuple[str, int, int]] = []
        for number, value in wanted:
            bill = books.row("Bill", number)
            if bill is None or bill.deleted:
                raise faults.not_found()
            paid = sum(each for _, _, each in books.links_to("Bill", bill.id))
            paid += sum(each for _, other, each in links if other == bill.id)
            if value > cents(bill.body["TotalAmt"]) - paid:
                raise faults.business("You can't pay more than the open balance of the bill.")
            links.append(("Bill", bill.id, value))
        if sum(value for _, value in wanted) > cents(row.body["TotalAmt"]):
            raise faults.business("The amounts applied are more than the amount of the payment.")
        books.set_links(self.kind, row.id, links)
        for bill_id in sorted(changed | {bill_id for _, bill_id, _ in links}):
            _refresh_bill(books, bill_id)

    def before_removal(self, books: Books, row: Row) -> None:
        """Closed books forbid it."""
        check_period(books, row.body, None)

    def empty(self, books: Books, row: Row) -> None:
        """Nothing is paid by a voided payment."""
        row.body["TotalAmt"], row.body["Line"], row.body["PrivateNote"] = 0, [], "Voided"


def _bills(sent: list[Any]) -> list[tuple[str, int]]:
    wanted = []
    for raw in sent:
        line = accept("Line", _LINE, raw) if isinstance(raw, dict) else {}
        linked = line.get("LinkedTxn")
        if "Amount" not in line or not linked or not isinstance(linked[0], dict):
            raise faults.missing("Line.LinkedTxn")
        wanted.append((str(linked[0].get("TxnId", "")), cents(line["Amount"])))
    return wanted


def _refresh_bill(books: Books, number: int) -> None:
    bill = books.row("Bill", number)
    if bill is None or bill.deleted:
        return
    applied = books.links_to("Bill", number)
    before = bill.open_cents
    bill.body["Balance"] = money(Decimal(bill.body["TotalAmt"]) - Decimal(sum(each for _, _, each in applied)) / 100)
    bill.body["LinkedTxn"] = [{"TxnId": str(holder), "TxnType": "BillPaymentCheck"} for _, holder, _ in applied]
    bill.open_cents = cents(bill.body["Balance"])
    books.save(bill, new_version=True)
    shift_vendor(books, bill.body, bill.open_cents - before)


for _type in (Bill, VendorCredit, Purchase, PurchaseOrder, BillPayment):
    _type()

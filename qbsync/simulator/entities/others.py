"""Owns the entities that stand alone: JournalEntry, Transfer, CreditCardPayment, TimeActivity, Attachable."""

from decimal import Decimal
from typing import Any

from .. import faults
from ..books import Books
from ..render import money
from ..store import Row
from .base import EntityType, Request, resolved
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
    flag,
    ignored,
    listing,
    record,
    ref,
    text,
)
from .transactions import check_period, number_document

_POSTING = {
    "PostingType": choice("Debit", "Credit"), "AccountRef": ref("Account"), "Entity": record("EntityTypeRef"),
    "TaxApplicableOn": ignored(), "TaxAmount": ignored(), "TaxCodeRef": ref(""), "ClassRef": ref("Class"),
    "DepartmentRef": ref("Department"), "BillableStatus": ignored(), "JournalCodeRef": ignored(),
}  # fmt: skip
_JOURNAL_LINE = {
    "Id": text(20), "LineNum": decimal(), "Description": text(4000), "Amount": amount(), "LinkedTxn": listing(),
    "DetailType": choice("JournalEntryLineDetail", "DescriptionOnly"), "CustomField": ignored(),
    "JournalEntryLineDetail": record("JournalEntryLineDetail", _POSTING), "ProjectRef": ignored(),
    "CustomExtensions": ignored(),
}  # fmt: skip


class JournalEntry(EntityType):
    """Debits and credits that must agree."""

    kind = "JournalEntry"
    counted = True
    own_fields = {
        "Adjustment": flag(), "HomeCurrencyAdjustment": ignored(), **BASE, "DocNumber": text(21, filterable=True),
        "TxnDate": day(filterable=True), "CurrencyRef": CURRENCY, "ExchangeRate": decimal(), "PrivateNote": text(4000),
        "Line": listing(), "TxnTaxDetail": TAX_DETAIL, "TotalAmt": computed("number"), "TxnSource": ignored(),
        "GlobalTaxCalculation": ignored(), "TransactionLocationType": ignored(), "RecurDataRef": ignored(),
        "LinkedTxn": ignored(), "CustomField": ignored(), "EnteredInAdjustmentMode": ignored(),
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Raise 6000 unless the sides are equal."""
        if not body.get("Line"):
            raise faults.missing("Line")
        body.setdefault("TxnDate", books.today.isoformat())
        check_period(books, body, old)
        number_document(books, self.kind, body, old, request)
        set_currency(books, body)
        sides = {"Debit": Decimal(0), "Credit": Decimal(0)}
        lines = []
        for place, raw in enumerate(body["Line"]):
            line = accept("Line", _JOURNAL_LINE, raw) if isinstance(raw, dict) else {}
            detail = dict(line.get("JournalEntryLineDetail", {}))
            for name, holder in (("Amount", line), ("PostingType", detail), ("AccountRef", detail)):
                if name not in holder:
                    raise faults.missing(f"Line.{name}")
            detail["AccountRef"] = resolved(books, "Account", detail["AccountRef"]["value"])
            sides[detail["PostingType"]] += line["Amount"]
            described = {"Description": line["Description"]} if "Description" in line else {}
            lines.append(
                {"Id": str(place), **described, "Amount": line["Amount"], "DetailType": "JournalEntryLineDetail",
                 "JournalEntryLineDetail": detail}
            )  # fmt: skip
        if sides["Debit"] != sides["Credit"]:
            raise faults.business("The debits of a journal entry must be equal to its credits.")
        body["Line"], body["TotalAmt"] = lines, money(sides["Debit"])
        body.setdefault("Adjustment", False)


class Transfer(EntityType):
    """Money moved between accounts."""

    kind = "Transfer"
    own_fields = {
        "FromAccountRef": ref("Account"), "ToAccountRef": ref("Account"), "Amount": amount(filterable=True), **BASE,
        "TxnDate": day(filterable=True), "CurrencyRef": CURRENCY, "ExchangeRate": decimal(), "PrivateNote": text(4000),
        "TransactionLocationType": ignored(), "TxnSource": ignored(), "RecurDataRef": ignored(),
        "CustomField": ignored(),
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Both accounts and the amount are required."""
        for name in ("FromAccountRef", "ToAccountRef", "Amount"):
            if name not in body:
                raise faults.missing(name)
        body.setdefault("TxnDate", books.today.isoformat())
        check_period(books, body, old)
        set_currency(books, body)


class CreditCardPayment(EntityType):
    """Money paid to a credit card. Its address says `creditcardpayment`, its answers `CreditCardPaymentTxn`."""

    kind = "CreditCardPaymentTxn"
    own_fields = {
        "TxnDate": day(filterable=True), "Amount": amount(filterable=True), "BankAccountRef": ref("Account"),
        "CreditCardAccountRef": ref("Account"), "VendorRef": ref("Vendor"), "Memo": text(4000),
        "CheckNum": text(21), "PrintStatus": choice("NotSet", "NeedToPrint", "PrintComplete"), "CurrencyRef": CURRENCY,
        "ExchangeRate": decimal(), "PrivateNote": text(4000), **BASE,
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Both accounts and the amount are required, and the one that is paid must be a credit card."""
        for name in ("Amount", "BankAccountRef", "CreditCardAccountRef"):
            if name not in body:
                raise faults.missing(name)
        card = books.row("Account", body["CreditCardAccountRef"]["value"])
        if card is None or card.body["AccountType"] != "Credit Card":
            raise faults.Fault(
                "6430", "Invalid account type used",
                "Invalid account type used : CreditCardAccountRef is not an account of type Credit Card.", element="",
            )  # fmt: skip
        body.setdefault("TxnDate", books.today.isoformat())
        check_period(books, body, old)
        set_currency(books, body)


class TimeActivity(EntityType):
    """Time that somebody worked."""

    kind = "TimeActivity"
    own_fields = {
        "TxnDate": day(filterable=True), "NameOf": choice("Employee", "Vendor"), "EmployeeRef": ref("Employee"),
        "VendorRef": ref("Vendor"), "CustomerRef": ref("Customer"), "DepartmentRef": ref("Department"),
        "ItemRef": ref("Item"), "ClassRef": ref("Class"), "PayrollItemRef": ignored(), "ProjectRef": ignored(),
        "BillableStatus": choice("Billable", "NotBillable", "HasBeenBilled"), "Taxable": flag(),
        "HourlyRate": decimal(),
        "CostRate": decimal(), "Hours": decimal(), "Minutes": decimal(), "Seconds": decimal(), "BreakHours": decimal(),
        "BreakMinutes": decimal(), "StartTime": text(40), "EndTime": text(40), "Description": text(4000), **BASE,
        "TransactionLocationType": ignored(), "OtherNameRef": ignored(), "AttachableRef": ignored(),
        "TimeChargeId": ignored(),
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Who worked, and how long, are required."""
        if "NameOf" not in body:
            raise faults.missing("NameOf")
        if f"{body['NameOf']}Ref" not in body:
            raise faults.missing(f"{body['NameOf']}Ref")
        if not ({"Hours", "Minutes"} & set(body) or {"StartTime", "EndTime"} <= set(body)):
            raise faults.missing("Hours")
        body.setdefault("TxnDate", books.today.isoformat())
        body.setdefault("BillableStatus", "NotBillable")
        body.setdefault("Taxable", False)
        body.setdefault("HourlyRate", 0)


_ATTACHED = {
    "EntityRef": record("ReferenceType"), "IncludeOnSend": flag(), "LineInfo": ignored(), "NoRefOnly": ignored(),
    "Inactive": ignored(), "CustomField": ignored(), "AttachableRefEx": ignored(),
}  # fmt: skip


class Attachable(EntityType):
    """A note, or what is known of an uploaded file."""

    kind = "Attachable"
    sequence = "attachable"
    first_id = 5_000_000_000_000_000_000
    own_fields = {
        "FileName": text(1000, filterable=True), "FileAccessUri": computed(), "TempDownloadUri": computed(),
        "Size": computed("number"), "ContentType": text(100), "Category": text(100), "Lat": text(100),
        "Long": text(100), "PlaceName": text(2000), "Note": text(2000, filterable=True), "Tag": text(2000),
        "ThumbnailFileAccessUri": ignored(), "ThumbnailTempDownloadUri": ignored(), "CustomField": ignored(),
        "AttachableEx": ignored(), **BASE, "AttachableRef": listing(),
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """A note or a file name is required, and what it is attached to must be there."""
        if "Note" not in body and "FileName" not in body:
            raise faults.missing("Note")
        attached = []
        for raw in body.get("AttachableRef", []):
            item = accept("AttachableRef", _ATTACHED, raw) if isinstance(raw, dict) else {}
            reference = item.get("EntityRef", {})
            kind, number = str(reference.get("type"))[:60], str(reference.get("value"))[:60]
            target = books.row(kind, number)
            if target is None or target.deleted:
                raise faults.business(
                    f"The entity {kind} {number} that you are trying to link does not exist. {kind} {number}"
                )
            entity_ref = {"value": number, "type": kind}
            attached.append({"EntityRef": entity_ref, "IncludeOnSend": item.get("IncludeOnSend", False)})
        if attached:
            body["AttachableRef"] = attached


for _type in (JournalEntry, Transfer, CreditCardPayment, TimeActivity, Attachable):
    _type()

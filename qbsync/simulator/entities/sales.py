"""Owns the sales forms: Invoice, Estimate, SalesReceipt, CreditMemo, RefundReceipt."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from .. import faults
from ..books import Books
from ..render import cents, money
from ..store import Row
from . import links
from .addresses import number_addresses
from .base import EntityType, Request, settle_balance
from .currency import CURRENCY, set_currency
from .lines import complete_lines
from .schema import (
    ADDRESS,
    BASE,
    EMAIL,
    EMAIL_FILTERABLE,
    MEMO,
    TAX_DETAIL,
    Field,
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
from .taxes import tax_detail
from .transactions import check_period, number_document

_FIRST: dict[str, Field] = {
    **BASE, "CustomField": listing(), "DocNumber": text(21, filterable=True), "TxnDate": day(filterable=True),
    "DepartmentRef": ref("Department"), "CurrencyRef": CURRENCY, "ExchangeRate": decimal(), "HomeTotalAmt": computed(),
    "HomeBalance": computed(), "PrivateNote": text(4000), "TxnStatus": text(50), "LinkedTxn": computed("any"),
    "Line": listing(), "TxnTaxDetail": TAX_DETAIL, "CustomerRef": ref("Customer", filterable=True),
    "CustomerMemo": MEMO, "BillAddr": ADDRESS, "ShipAddr": ADDRESS, "FreeFormAddress": flag(), "ShipFromAddr": ADDRESS,
    "ClassRef": ref("Class"), "SalesTermRef": ref("Term", filterable=True), "DueDate": day(filterable=True),
    "GlobalTaxCalculation": choice("TaxExcluded", "TaxInclusive", "NotApplicable"),
    "ShipMethodRef": record("ReferenceType"),
    "ShipDate": day(filterable=True), "TrackingNum": text(31), "TotalAmt": computed("number", filterable=True),
    "ApplyTaxAfterDiscount": flag(), "PrintStatus": choice("NotSet", "NeedToPrint", "PrintComplete"),
    "EmailStatus": choice("NotSet", "NeedToSend", "EmailSent"), "BillEmail": EMAIL_FILTERABLE, "BillEmailCc": EMAIL,
    "BillEmailBcc": EMAIL,
}  # fmt: skip
_LAST: dict[str, Field] = {
    "DeliveryInfo": computed("any"), "TransactionLocationType": text(50), "RecurDataRef": computed(),
    "TaxExemptionRef": record("ReferenceType"), "PONumber": text(15), "FOB": text(15), "SalesRepRef": ignored(),
    "AttachableRef": ignored(), "TxnSource": ignored(), "Tag": ignored(), "AutoDocNumber": ignored(),
    "InvoiceEx": ignored(), "RemitToRef": ignored(), "DiscountRate": ignored(), "DiscountAmt": ignored(),
    "TaxFormType": ignored(), "TaxFormNum": ignored(), "ProjectRef": ignored(), "HomeTotalTax": ignored(),
}  # fmt: skip


class SalesForm(EntityType):
    """A form with sale lines, a total and tax."""

    counted = True
    owes: ClassVar[int] = 0  # +1 when the form's balance is owed by the customer, -1 when owed to it
    needs_customer: ClassVar[bool] = True

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Required properties, lines, totals, number, dates and what QuickBooks adds."""
        if self.needs_customer and "CustomerRef" not in body:
            raise faults.missing("CustomerRef")
        if not body.get("Line"):
            raise faults.missing("Line")
        body.setdefault("TxnDate", books.today.isoformat())
        check_period(books, body, old)
        number_document(books, self.kind, body, old, request)
        body["Line"], totals = complete_lines(books, body["Line"], old.body["Line"] if old else [])
        body["TxnTaxDetail"] = tax_detail(books, body, totals.taxable)
        inclusive = body.get("GlobalTaxCalculation") == "TaxInclusive"
        tax = Decimal(0) if inclusive else Decimal(body["TxnTaxDetail"]["TotalTax"])
        total = totals.subtotal - totals.discount + tax
        if total < 0:
            raise faults.business("The transaction amount must be 0 or greater.")
        body["TotalAmt"] = money(total)
        number_addresses(books, body, ("BillAddr", "ShipAddr", "ShipFromAddr"), old)
        self.copy_from_customer(books, body, old)
        body.setdefault("CustomField", [])
        body.setdefault("ApplyTaxAfterDiscount", False)
        body.setdefault("PrintStatus", "NeedToPrint")
        body.setdefault("EmailStatus", "NotSet")

    def copy_from_customer(self, books: Books, body: dict[str, Any], old: Row | None) -> None:
        """The customer's currency, and on a new form its addresses and e-mail."""
        holder = books.row("Customer", body["CustomerRef"]["value"]) if "CustomerRef" in body else None
        currency = holder.body["CurrencyRef"]["value"] if holder else None
        set_currency(books, body, currency)
        if holder is None or old is not None:
            return
        for target, source in (("BillAddr", "BillAddr"), ("ShipAddr", "ShipAddr"), ("BillEmail", "PrimaryEmailAddr")):
            if target not in body and source in holder.body:
                body[target] = holder.body[source]
        if "BillAddr" in body or "ShipAddr" in body:
            body.setdefault("FreeFormAddress", True)
            self.ship_from_company(books, body)

    def ship_from_company(self, books: Books, body: dict[str, Any]) -> None:
        """In the US a new form says where it ships from, in two lines: automated sales tax asks for it."""
        row = books.row("CompanyInfo", 1) if books.company.country == "US" and "ShipFromAddr" not in body else None
        address = row.body.get("CompanyAddr", {}) if row else {}
        if "Line1" in address and "City" in address:
            place = " ".join(address[part] for part in ("CountrySubDivisionCode", "PostalCode") if part in address)
            body["ShipFromAddr"] = {
                "Id": str(books.next_id("address")), "Line1": address["Line1"],
                "Line2": f"{address['City']}, {place.replace(' ', '  ', 1)}",
            }  # fmt: skip

    def open_cents(self, body: Mapping[str, Any]) -> int:
        """Its balance, with the sign of who owes it."""
        return self.owes * cents(body.get("Balance", 0))

    def settle(self, books: Books, row: Row, old: Row | None) -> None:
        """Move the customer's balance."""
        if self.owes:
            settle_balance(books, row, old)

    def before_removal(self, books: Books, row: Row) -> None:
        """Closed books forbid it; what is applied comes off."""
        check_period(books, row.body, None)
        paid = any(kind == "Payment" for kind, _, _ in books.links_to(self.kind, row.id))
        if paid and books.company.options.void_paid_invoice == "refuse":
            raise faults.business("This transaction has payments applied to it. Remove them first.")
        links.release_all(books, row)

    def empty(self, books: Books, row: Row) -> None:
        """As recorded: amounts 0, quantities gone, the note begins with Voided."""
        body = row.body
        for line in body["Line"]:
            line["Amount"] = 0
            for name in ("UnitPrice", "Qty"):
                line.get("SalesItemLineDetail", {}).pop(name, None)
        body["TotalAmt"] = body["Balance"] = 0
        body["TxnTaxDetail"], body["LinkedTxn"] = {"TotalTax": 0}, []
        note = body.get("PrivateNote")
        body["PrivateNote"] = f"Voided - {note}"[:4000] if note else "Voided"


class Invoice(SalesForm):
    """An invoice."""

    kind = "Invoice"
    verbs = frozenset({"create", "update", "delete", "void", "send"})
    owes = 1
    own_fields = {
        "AllowIPNPayment": flag(), "AllowOnlinePayment": flag(), "AllowOnlineCreditCardPayment": flag(),
        "AllowOnlineACHPayment": flag(), "EInvoiceStatus": ignored(), "ECloudStatusTimeStamp": ignored(),
        "invoiceStatus": ignored(), "callToAction": ignored(), "invoiceStatusLog": ignored(),
        "PaymentDetailsMessage": ignored(), "ConvenienceFeeDetail": ignored(), "LessCIS": ignored(),
        "TxnApprovalInfo": ignored(), **_FIRST, "Balance": computed("number", filterable=True), "Deposit": amount(),
        "DepositToAccountRef": ref("Account"), "PaymentMethodRef": ref("PaymentMethod"), "PaymentRefNum": text(21),
        "InvoiceLink": computed(), **_LAST,
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Due date and balance; given to another customer, it loses the payments applied to it."""
        if old is not None and body.get("CustomerRef", {}).get("value") != old.body["CustomerRef"]["value"]:
            links.release_all(books, old)
        super().complete(books, body, old, request)
        if not request.by_user:
            times = body["MetaData"]
            body["MetaData"] = {
                "CreateTime": times["CreateTime"], "LastModifiedByRef": {"value": books.company.user_id},
                "LastUpdatedTime": times["LastUpdatedTime"],
            }  # fmt: skip
        body.setdefault("LinkedTxn", [])
        for name in ("AllowIPNPayment", "AllowOnlinePayment", "AllowOnlineCreditCardPayment", "AllowOnlineACHPayment"):
            body.setdefault(name, False)
        if "DueDate" not in body:
            body["DueDate"] = _due(books, body)
        applied = sum(each for _, _, each in books.links_to("Invoice", int(body["Id"]))) if old else 0
        balance = body["TotalAmt"] - body.get("Deposit", 0) - Decimal(applied) / 100
        if old is not None and balance < 0:
            links.trim(books, "Invoice", old.id, cents(-balance))
            balance = Decimal(0)
        body["Balance"] = money(balance)
        if old is not None:
            body["LinkedTxn"] = links.linked_transactions(books, "Invoice", old.id)


def _due(books: Books, body: dict[str, Any]) -> str:
    holder = books.row("Customer", body["CustomerRef"]["value"])
    term = body.get("SalesTermRef") or (holder.body.get("SalesTermRef") if holder else None)
    term = term or books.preference("SalesFormsPrefs", "DefaultTerms")
    row = books.row("Term", term["value"]) if term else None
    days = int(row.body.get("DueDays", 30)) if row else 30
    start = date.fromisoformat(body["TxnDate"])
    return (start + min(timedelta(days=days), date.max - start)).isoformat()


class Estimate(SalesForm):
    """An estimate: a form that nobody owes."""

    kind = "Estimate"
    verbs = frozenset({"create", "update", "delete", "send"})
    own_fields = {
        **_FIRST, "ExpirationDate": day(filterable=True), "AcceptedBy": text(100), "AcceptedDate": day(), **_LAST,
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Pending until told."""
        super().complete(books, body, old, request)
        body.setdefault("TxnStatus", "Pending")


class SalesReceipt(SalesForm):
    """A sale that is paid on the spot."""

    kind = "SalesReceipt"
    verbs = frozenset({"create", "update", "delete", "void", "send"})
    needs_customer = False
    own_fields = {
        **_FIRST, "Balance": computed("number", filterable=True), "PaymentMethodRef": ref("PaymentMethod"),
        "PaymentRefNum": text(21, filterable=True), "DepositToAccountRef": ref("Account"), "PaymentType": ignored(),
        "CreditCardPayment": record("CreditCardPayment"), **_LAST,
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Paid, into Undeposited Funds unless told."""
        super().complete(books, body, old, request)
        body["Balance"] = 0
        body.setdefault("DepositToAccountRef", {"value": "4", "name": "Undeposited Funds"})


class CreditMemo(SalesForm):
    """A credit that a payment of zero applies to invoices."""

    kind = "CreditMemo"
    verbs = frozenset({"create", "update", "delete", "void", "send"})
    owes = -1
    own_fields = {
        "RemainingCredit": computed("number", filterable=True), **_FIRST,
        "Balance": computed("number", filterable=True),
        "PaymentMethodRef": ref("PaymentMethod"), "PaymentRefNum": text(21), "InvoiceRef": record("ReferenceType"),
        **_LAST,
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """What is left of it."""
        super().complete(books, body, old, request)
        applied = sum(each for _, _, each in books.links_to("CreditMemo", int(body["Id"]))) if old else 0
        left = body["TotalAmt"] - Decimal(applied) / 100
        if left < 0:
            raise faults.business("The amount of the credit is less than what has been applied of it.")
        body["Balance"] = body["RemainingCredit"] = money(left)

    def empty(self, books: Books, row: Row) -> None:
        """Nothing remains of a voided credit."""
        super().empty(books, row)
        row.body["RemainingCredit"] = 0


class RefundReceipt(SalesForm):
    """Money given back."""

    kind = "RefundReceipt"
    verbs = frozenset({"create", "update", "delete"})
    needs_customer = False
    own_fields = {
        **_FIRST, "Balance": computed("number", filterable=True), "PaymentMethodRef": ref("PaymentMethod"),
        "PaymentRefNum": text(21), "DepositToAccountRef": ref("Account"),
        "CreditCardPayment": record("CreditCardPayment"), **_LAST,
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """The account that pays it is required."""
        if "DepositToAccountRef" not in body:
            raise faults.missing("DepositToAccountRef")
        super().complete(books, body, old, request)
        body["Balance"] = 0


for _type in (Invoice, Estimate, SalesReceipt, CreditMemo, RefundReceipt):
    _type()

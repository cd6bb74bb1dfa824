"""Owns the lists that transactions refer to: accounts, items, terms, payment methods, types, classes, departments."""

from typing import Any, ClassVar

from .. import faults
from ..books import Books
from ..store import Row
from . import naming
from .base import EntityType, Request
from .currency import CURRENCY, set_currency
from .schema import (
    ADDRESS,
    BASE,
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


class ListEntry(EntityType):
    """A named entry that is unique in its own list."""

    verbs = frozenset({"create", "update"})
    listed = True
    name_property = "Name"
    what: ClassVar[str]
    nested: ClassVar[bool] = False

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Name, uniqueness, activity, place in the hierarchy."""
        if "Name" not in body:
            raise faults.missing("Name")
        body["Name"] = body["Name"].strip()
        if old is None or old.body["Name"] != body["Name"]:
            naming.check_characters(books, "Name", body["Name"], what=self.what)
        naming.apply_activity(books, (self.kind,), "Name", body, old)
        if self.nested:
            naming.place_under_parent(books, self.kind, "Name", body, old)
        key = body["FullyQualifiedName" if self.nested else "Name"]
        prop = "FullyQualifiedName" if self.nested else "Name"
        if naming.taken_by(books, (self.kind,), prop, key, (self.kind, body["Id"])):
            raise faults.duplicate_name(f"Another {self.what} is already using this name. Please use a different name.")

    def index(self, row: Row) -> None:
        """Nested entries are unique by their full name."""
        super().index(row)
        row.name = str(row.body["FullyQualifiedName" if self.nested else "Name"]).casefold()

    def settle(self, books: Books, row: Row, old: Row | None) -> None:
        """A new name goes into the full names below."""
        if self.nested:
            naming.rename_children(books, row, old, "Name")


_FQN: dict[str, Field] = {"FullyQualifiedName": computed(filterable=True), "Active": flag(filterable=True)}
CLASSIFICATIONS = {
    "Bank": "Asset", "Accounts Receivable": "Asset", "Other Current Asset": "Asset", "Fixed Asset": "Asset",
    "Other Asset": "Asset", "Accounts Payable": "Liability", "Credit Card": "Liability",
    "Long Term Liability": "Liability", "Other Current Liability": "Liability", "Equity": "Equity",
    "Income": "Revenue", "Other Income": "Revenue", "Expense": "Expense", "Cost of Goods Sold": "Expense",
    "Other Expense": "Expense",
}  # fmt: skip
_SUBTYPES = {
    "Bank": "CashOnHand", "Accounts Receivable": "AccountsReceivable", "Other Current Asset": "EmployeeCashAdvances",
    "Fixed Asset": "FurnitureAndFixtures", "Other Asset": "Licenses", "Accounts Payable": "AccountsPayable",
    "Credit Card": "CreditCard", "Long Term Liability": "NotesPayable",
    "Other Current Liability": "OtherCurrentLiabilities", "Equity": "OpeningBalanceEquity",
    "Income": "NonProfitIncome", "Other Income": "DividendIncome", "Expense": "Travel",
    "Cost of Goods Sold": "SuppliesMaterialsCogs", "Other Expense": "Depreciation",
}  # fmt: skip
_TYPES = {
    **{subtype: kind for kind, subtype in _SUBTYPES.items()}, "Checking": "Bank", "Savings": "Bank",
    "MoneyMarket": "Bank", "TrustAccounts": "Bank", "CashAndCashEquivalents": "Bank", "UndepositedFunds":
    "Other Current Asset", "Inventory": "Other Current Asset", "SuppliesMaterials": "Expense",
    "EquipmentRental": "Expense", "RentOrLeaseOfBuildings": "Expense",
    "RetainedEarnings": "Equity", "SalesTaxPayable": "Other Current Liability",
}  # fmt: skip


class Account(ListEntry):
    """An account of the chart of accounts."""

    kind = "Account"
    sequence = "account"
    what = "account"
    nested = True
    nameless = frozenset({"ParentRef"})
    own_fields = {
        "Name": text(100, filterable=True), "SubAccount": flag(filterable=True),
        "ParentRef": ref("Account", filterable=True), "Description": text(100, filterable=True), **_FQN,
        "Classification": text(30, filterable=True), "AccountType": choice(*CLASSIFICATIONS, filterable=True),
        "AccountSubType": text(60, filterable=True), "AcctNum": text(20), "AccountAlias": text(100),
        "TxnLocationType": text(50), "OpeningBalance": amount(), "OpeningBalanceDate": day(),
        "CurrentBalance": computed("number", filterable=True), "CurrentBalanceWithSubAccounts": computed("number"),
        "CurrencyRef": CURRENCY, "TaxCodeRef": ref("TaxCode"), "TaxAccount": flag(), "Level": computed("number"),
        **BASE,
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """An account needs a type or a subtype; its class follows from the type."""
        if "AccountType" not in body and "AccountSubType" not in body:
            raise faults.missing("AccountType")
        body.setdefault("AccountType", _TYPES.get(body.get("AccountSubType", ""), "Income"))
        body["SubAccount"] = "ParentRef" in body
        super().complete(books, body, old, request)
        body["Classification"] = CLASSIFICATIONS[body["AccountType"]]
        body.setdefault("AccountSubType", _SUBTYPES[body["AccountType"]])
        body.setdefault("CurrentBalance", 0)
        body.setdefault("CurrentBalanceWithSubAccounts", 0)
        set_currency(books, body)


class Item(ListEntry):
    """A product or service."""

    kind = "Item"
    sequence = "item"
    what = "item"
    nested = True
    own_fields = {
        "Name": text(100, filterable=True), "Sku": text(100, filterable=True),
        "Description": text(4000, filterable=True), "Active": flag(filterable=True), "SubItem": flag(),
        "ParentRef": ref("Item", filterable=True), "Level": computed("number"),
        "FullyQualifiedName": computed(filterable=True), "Taxable": flag(), "SalesTaxIncluded": flag(),
        "UnitPrice": decimal(filterable=True), "RatePercent": decimal(),
        "Type": choice("Service", "Inventory", "NonInventory", "Group", "Category", "Bundle", filterable=True),
        "IncomeAccountRef": ref("Account"), "PurchaseDesc": text(1000), "PurchaseTaxIncluded": flag(),
        "PurchaseCost": decimal(), "ExpenseAccountRef": ref("Account"), "AssetAccountRef": ref("Account"),
        "TrackQtyOnHand": flag(), "QtyOnHand": decimal(filterable=True), "InvStartDate": day(),
        "ReorderPoint": decimal(),
        "SalesTaxCodeRef": ref("TaxCode"), "PurchaseTaxCodeRef": ref("TaxCode"), "ClassRef": ref("Class"),
        "TaxClassificationRef": record("ReferenceType"), "ItemGroupDetail": record("ItemGroupDetail"),
        "PrintGroupedItems": flag(),
        "PrefVendorRef": ref("Vendor"), "Source": text(50), "DeferredRevenue": flag(), "ItemCategoryType": text(50),
        "AbatementRate": decimal(), "ReverseChargeRate": decimal(), "ServiceType": text(50), "UQCDisplayText": text(50),
        "UQCId": text(50), "ItemAssemblyDetail": ignored(), "CustomField": listing(), **BASE,
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Everything but categories and bundles needs an income account; inventory needs more."""
        body.setdefault("Type", "Service")
        if body["Type"] in ("Service", "NonInventory", "Inventory") and "IncomeAccountRef" not in body:
            raise faults.missing("IncomeAccountRef")
        if body["Type"] == "Inventory":
            for name in ("AssetAccountRef", "ExpenseAccountRef", "QtyOnHand", "InvStartDate"):
                if name not in body:
                    raise faults.missing(name)
        body["SubItem"] = "ParentRef" in body
        if not body["SubItem"]:
            body.pop("SubItem")
        super().complete(books, body, old, request)
        if body["Type"] == "Category":
            return
        body.setdefault("Taxable", False)
        for name in ("UnitPrice", "PurchaseCost"):
            body.setdefault(name, 0)
        body.setdefault("TrackQtyOnHand", body["Type"] == "Inventory")
        if body["Type"] in ("Service", "NonInventory"):
            body.setdefault("DeferredRevenue", False)


class Term(ListEntry):
    """Terms of payment."""

    kind = "Term"
    sequence = "term"
    what = "term"
    own_fields = {
        "Name": text(31, filterable=True), "Active": flag(filterable=True), "Type": computed(filterable=True),
        "DiscountPercent": decimal(), "DueDays": decimal(filterable=True), "DiscountDays": decimal(),
        "DayOfMonthDue": decimal(), "DueNextMonthDays": decimal(), "DiscountDayOfMonth": decimal(), **BASE,
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Either days after the date, or a day of the month."""
        super().complete(books, body, old, request)
        if "DueDays" not in body and "DayOfMonthDue" not in body:
            raise faults.missing("DueDays")
        body["Type"] = "STANDARD" if "DueDays" in body else "DATE_DRIVEN"


class PaymentMethod(ListEntry):
    """A way of paying."""

    kind = "PaymentMethod"
    sequence = "paymentmethod"
    what = "payment method"
    own_fields = {
        "Name": text(31, filterable=True), "Active": flag(filterable=True),
        "Type": choice("CREDIT_CARD", "NON_CREDIT_CARD", filterable=True), **BASE,
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Not a credit card unless told."""
        super().complete(books, body, old, request)
        body.setdefault("Type", "NON_CREDIT_CARD")


class CustomerType(ListEntry):
    """A kind of customer. Clients may only read and query it, as at Intuit."""

    kind = "CustomerType"
    sequence = "customertype"
    what = "customer type"
    verbs = frozenset()
    own_fields = {"Name": text(100, filterable=True), "Active": flag(filterable=True), **BASE}


class TrackingClass(ListEntry):
    """A class for tracking."""

    kind = "Class"
    sequence = "class"
    what = "class"
    nested = True
    own_fields = {
        "Name": text(100, filterable=True), "SubClass": flag(), "ParentRef": ref("Class"), **_FQN,
        "Level": computed("number"), **BASE,
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """SubClass follows from the parent."""
        body["SubClass"] = "ParentRef" in body
        super().complete(books, body, old, request)


class Department(ListEntry):
    """A location."""

    kind = "Department"
    sequence = "department"
    what = "location"
    nested = True
    own_fields = {
        "Name": text(100, filterable=True), "SubDepartment": flag(), "ParentRef": ref("Department"), **_FQN,
        "Level": computed("number"), "Address": ADDRESS, **BASE,
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """SubDepartment follows from the parent."""
        body["SubDepartment"] = "ParentRef" in body
        super().complete(books, body, old, request)


class CompanyCurrency(ListEntry):
    """A currency that the company uses besides its own."""

    kind = "CompanyCurrency"
    sequence = "companycurrency"
    what = "currency"
    own_fields = {
        "Code": text(3, filterable=True), "Name": text(100, filterable=True), "Active": flag(filterable=True),
        "CustomField": listing(), **BASE,
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """The code is what counts."""
        if "Code" not in body:
            raise faults.missing("Code")
        body.setdefault("Name", body["Code"])
        super().complete(books, body, old, request)


for _type in (
    Account, Item, Term, PaymentMethod, CustomerType, TrackingClass, Department, CompanyCurrency,
):  # fmt: skip
    _type()

"""Owns the three lists that share one space of names: Customer, Vendor, Employee."""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from .. import faults
from ..books import Books
from ..render import money
from ..store import Row
from . import naming
from .addresses import number_addresses
from .base import EntityType, Request
from .currency import CURRENCY, set_currency
from .schema import (
    ADDRESS,
    BASE,
    EMAIL,
    EMAIL_FILTERABLE,
    PHONE,
    WEB,
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

KINDS = ("Customer", "Vendor", "Employee")
PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
_PERSON: dict[str, Field] = {
    "Title": text(16), "GivenName": text(100, filterable=True), "MiddleName": text(100, filterable=True),
    "FamilyName": text(100, filterable=True), "Suffix": text(16),
}  # fmt: skip
_CONTACT: dict[str, Field] = {"PrimaryPhone": PHONE, "AlternatePhone": PHONE, "Mobile": PHONE, "Fax": PHONE}


class Name(EntityType):
    """What customers, vendors and employees have in common."""

    sequence = "name"
    verbs = frozenset({"create", "update"})
    listed = True
    name_property = "DisplayName"
    noun: ClassVar[str]

    def defaults(self, books: Books, body: dict[str, Any]) -> None:
        """Values of a new entry that the client did not give."""

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Names, uniqueness, activity and defaults."""
        parts = [body[part].strip() for part in PARTS if part in body]
        if "DisplayName" not in body and parts:
            body["DisplayName"] = " ".join(parts)
        if "DisplayName" not in body:
            raise faults.missing("DisplayName, or one of Title, GivenName, MiddleName, FamilyName, Suffix,")
        body["DisplayName"] = body["DisplayName"].strip()
        for prop in ("DisplayName", *PARTS, "PrintOnCheckName"):
            if prop in body and not (old and old.body.get(prop) == body[prop]):
                naming.check_characters(books, prop, body[prop], what=self.noun)
        people = " ".join(body[part] for part in ("GivenName", "FamilyName") if part in body)
        if "PrintOnCheckName" not in body:
            body["PrintOnCheckName"] = (body.get("CompanyName") or people or body["DisplayName"])[:110]
        others = (self.kind, *(kind for kind in KINDS if kind != self.kind))
        naming.apply_activity(books, others, "DisplayName", body, old)
        if naming.taken_by(books, others, "DisplayName", body["DisplayName"], (self.kind, body["Id"])):
            raise faults.duplicate_name(
                "Another customer, vendor or employee is already using this name. Please use a different name."
            )
        if old is None:
            self.defaults(books, body)
            body["V4IDPseudonym"] = (
                "00" + hashlib.sha256(f"{books.realm}{self.kind}{body['Id']}".encode()).hexdigest()[:36]
            )
        number_addresses(books, body, ("BillAddr", "ShipAddr", "PrimaryAddr"), old)


class Customer(Name):
    """A customer, also as sub-customer of another."""

    kind = "Customer"
    noun = "customer"
    nameless = frozenset({"ParentRef", "DefaultTaxCodeRef", "CustomerTypeRef"})
    own_fields = {
        "Taxable": flag(), "BillAddr": ADDRESS, "ShipAddr": ADDRESS, "OtherAddr": ADDRESS, "ContactName": text(100),
        "AltContactName": text(100), "Notes": text(2000), "Job": flag(filterable=True),
        "BillWithParent": flag(filterable=True), "RootCustomerRef": ignored(),
        "ParentRef": ref("Customer", filterable=True), "Level": computed("number", filterable=True),
        "CustomerTypeRef": ref("CustomerType", filterable=True), "SalesTermRef": ref("Term", filterable=True),
        "SalesRepRef": record("ReferenceType"), "PaymentMethodRef": ref("PaymentMethod", filterable=True),
        "CCDetail": ignored(),
        "PriceLevelRef": ignored(), "TaxExemptionReasonId": text(16), "Balance": amount(filterable=True),
        "OpenBalanceDate": day(), "BalanceWithJobs": computed("number", filterable=True), "CreditLimit": amount(),
        "AcctNum": text(100), "CurrencyRef": CURRENCY, "OverDueBalance": ignored(), "TotalRevenue": ignored(),
        "TotalExpense": ignored(), "PreferredDeliveryMethod": choice("Print", "Email", "None", filterable=True),
        "ResaleNum": text(16), "JobInfo": ignored(), "TDSEnabled": ignored(), "CustomerEx": ignored(),
        "SecondaryTaxIdentifier": text(20), "PrimaryTaxIdentifier": text(20), "ARAccountRef": ref("Account"),
        "BusinessNumber": text(10), "GSTIN": text(15), "GSTRegistrationType": text(15), "TaxGroupCodeRef": ignored(),
        "TaxRateRef": ignored(), "IsProject": computed("flag", filterable=True), "ClientEntityId": computed(),
        "source": ignored(), "CustomField": listing(), "AttachableRef": ignored(), "IntuitId": ignored(),
        "Organization": ignored(), "UserId": ignored(), "OtherContactInfo": ignored(), **BASE, **_PERSON,
        "FullyQualifiedName": computed(filterable=True), "CompanyName": text(100, filterable=True),
        "DisplayName": text(500, filterable=True), "PrintOnCheckName": text(110, filterable=True),
        "Active": flag(filterable=True), "V4IDPseudonym": computed(), **_CONTACT,
        "PrimaryEmailAddr": EMAIL_FILTERABLE, "WebAddr": WEB, "DefaultTaxCodeRef": ref("TaxCode"),
    }  # fmt: skip

    def defaults(self, books: Books, body: dict[str, Any]) -> None:
        """As recorded from the sandbox."""
        body.setdefault("Taxable", True)
        body.setdefault("Job", False)
        body.setdefault("BillWithParent", False)
        body.setdefault("PreferredDeliveryMethod", "Print")
        body.setdefault("Balance", 0)
        body["BalanceWithJobs"] = body["Balance"]
        body["IsProject"], body["ClientEntityId"] = False, "0"
        set_currency(books, body)
        body.setdefault("DefaultTaxCodeRef", {"value": "2"})

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Besides the names: the place under a parent, what never changes, and deactivation with a balance."""
        if "ParentRef" in body:
            body["Job"] = True
        super().complete(books, body, old, request)
        naming.place_under_parent(books, self.kind, "DisplayName", body, old)
        if old is None:
            return
        # Recorded: a full update that leaves these out does not change them.
        for name in ("Taxable", "Job", "BillWithParent", "PreferredDeliveryMethod", "DefaultTaxCodeRef"):
            if name in old.body:
                body.setdefault(name, old.body[name])
        body["Balance"], body["CurrencyRef"] = old.body["Balance"], old.body["CurrencyRef"]
        refuse = books.company.options.deactivate_with_balance == "refuse"
        if refuse and old.active and not body["Active"] and old.body["Balance"]:
            raise faults.business("You cannot make a customer inactive while it has an open balance.")

    def open_cents(self, body: Mapping[str, Any]) -> int:
        """A customer's own balance is not part of anybody's."""
        return 0

    def settle(self, books: Books, row: Row, old: Row | None) -> None:
        """A new name goes into the full names below; a new parent takes over the balance."""
        naming.rename_children(books, row, old, "DisplayName")
        parent = books.row("Customer", row.parent) if old is None and row.parent is not None else None
        if parent is not None:
            books.save(parent, new_version=False)  # recorded: a new sub-customer moves the time of its parent
        moved = old is not None and old.parent != row.parent
        total = round(row.body["BalanceWithJobs"] * 100) if moved else 0
        if total and old is not None:
            _shift_jobs(books, old.parent, -total)
            _shift_jobs(books, row.parent, total)


def _shift_jobs(books: Books, customer: int | None, cents: int) -> None:
    while customer is not None:
        row = books.row("Customer", customer)
        if row is None:
            return
        row.body["BalanceWithJobs"] = money(Decimal(row.body["BalanceWithJobs"]) + Decimal(cents) / 100)
        books.save(row, new_version=False)
        customer = row.parent


class Vendor(Name):
    """A vendor: here mostly because its name is taken."""

    kind = "Vendor"
    noun = "vendor"
    nameless = frozenset({"TermRef", "APAccountRef"})
    own_fields = {
        "BillAddr": ADDRESS, "ShipAddr": ADDRESS, "OtherContactInfo": ignored(), "TaxIdentifier": text(20),
        "TermRef": ref("Term"), "Balance": amount(filterable=True), "OpenBalanceDate": day(), "BillRate": decimal(),
        "AcctNum": text(100), "Vendor1099": flag(), "T4AEligible": flag(), "T5018Eligible": flag(),
        "CurrencyRef": CURRENCY, "APAccountRef": ref("Account"),
        "VendorPaymentBankDetail": record("VendorPaymentBankDetail"),
        "BusinessNumber": text(10), "GSTIN": text(15), "GSTRegistrationType": text(15), "HasTPAR": flag(),
        "TaxReportingBasis": text(15), "Source": text(20), "CostRate": decimal(), "CustomField": listing(), **BASE,
        **_PERSON, "CompanyName": text(100, filterable=True), "DisplayName": text(500, filterable=True),
        "PrintOnCheckName": text(110, filterable=True), "Active": flag(filterable=True), "V4IDPseudonym": computed(),
        **_CONTACT, "PrimaryEmailAddr": EMAIL, "WebAddr": WEB, "Notes": text(4000),
    }  # fmt: skip

    def defaults(self, books: Books, body: dict[str, Any]) -> None:
        """As recorded from the sandbox."""
        for name in ("Balance", "BillRate", "CostRate"):
            body.setdefault(name, 0)
        body.setdefault("Vendor1099", False)
        set_currency(books, body)

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Besides the names: only the end of a tax number is ever shown, and the balance is QuickBooks' own."""
        super().complete(books, body, old, request)
        number = body.get("TaxIdentifier", "")
        if number and not number.startswith("XXXXXX"):
            body["TaxIdentifier"] = f"XXXXXX{number[-4:]}"
        if old is not None:
            body["Balance"], body["CurrencyRef"] = old.body["Balance"], old.body["CurrencyRef"]
            body.setdefault("Vendor1099", old.body.get("Vendor1099", False))


class Employee(Name):
    """An employee: here mostly because its name is taken."""

    kind = "Employee"
    noun = "employee"
    own_fields = {
        "SSN": text(100), "PrimaryAddr": ADDRESS, "BillableTime": flag(), "BillRate": decimal(), "HiredDate": day(),
        "ReleasedDate": day(), "BirthDate": day(), "Gender": choice("Male", "Female"), "EmployeeNumber": text(100),
        "CostRate": decimal(), "Notes": text(4000), **BASE, **_PERSON, "DisplayName": text(500, filterable=True),
        "PrintOnCheckName": text(110, filterable=True), "Active": flag(filterable=True), "V4IDPseudonym": computed(),
        "PrimaryPhone": PHONE, "Mobile": PHONE, "PrimaryEmailAddr": EMAIL,
    }  # fmt: skip

    def defaults(self, books: Books, body: dict[str, Any]) -> None:
        """As recorded from the sandbox."""
        body.setdefault("BillableTime", False)


for _type in (Customer, Vendor, Employee):
    _type()

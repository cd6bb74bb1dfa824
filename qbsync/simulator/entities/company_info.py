"""Owns the two entities that every company has once: CompanyInfo and Preferences."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from .. import faults
from ..books import Books
from ..store import Row
from .base import PLAIN, EntityType, Request
from .schema import ADDRESS, BASE, EMAIL, PHONE, WEB, accept, anything, computed, day, record, text

_CLOSING = {"BookCloseDate": day()}


class Single(EntityType):
    """An entity of which there is one, with id 1."""

    verbs = frozenset({"update"})

    def find(self, books: Books, number: Any) -> Row:
        """Whatever id is given, there is but one."""
        row = books.row(self.kind, 1)
        if row is None:
            raise faults.not_found()
        return row


class CompanyInfo(Single):
    """Who the company is."""

    kind = "CompanyInfo"
    own_fields = {
        "CompanyName": text(1024, filterable=True), "LegalName": text(1024), "CompanyAddr": ADDRESS,
        "CustomerCommunicationAddr": ADDRESS, "LegalAddr": ADDRESS, "CustomerCommunicationEmailAddr": EMAIL,
        "PrimaryPhone": PHONE, "CompanyStartDate": computed("date"), "EmployerId": text(50),
        "FiscalYearStartMonth": text(10), "Country": computed(), "Email": EMAIL, "WebAddr": WEB,
        "SupportedLanguages": computed(), "DefaultTimeZone": computed(), "NameValue": anything(),
        "CompanyFileName": text(200), "FlavorStratum": text(50), "SampleFile": anything(), "CompanyUserId": text(50),
        "CompanyUserAdminEmail": text(100), "QBVersion": text(50), "MultiByteCharsSupported": anything(), **BASE,
    }  # fmt: skip


class Preferences(Single):
    """How the company works; many rules read it."""

    kind = "Preferences"
    own_fields = {
        "AccountingInfoPrefs": record("CompanyAccountingPrefs"),
        "AdvancedInventoryPrefs": record("AdvancedInventoryPrefs"),
        "ProductAndServicesPrefs": record("ProductAndServicesPrefs"), "SalesFormsPrefs": record("SalesFormsPrefs"),
        "EmailMessagesPrefs": record("EmailMessagesPrefs"), "PrintDocumentPrefs": anything(),
        "VendorAndPurchasesPrefs": record("VendorAndPurchasesPrefs"), "TimeTrackingPrefs": record("TimeTrackingPrefs"),
        "TaxPrefs": record("TaxPrefs"), "FinanceChargesPrefs": anything(), "CurrencyPrefs": record("CurrencyPrefs"),
        "ReportPrefs": record("ReportPrefs"), "OtherPrefs": anything(), "ChangeLogPrefs": anything(), **BASE,
    }  # fmt: skip

    def update(self, books: Books, sent: Mapping[str, Any], request: Request = PLAIN) -> Row:
        """A sparse update reaches into the groups, so that one preference can be changed alone."""
        merged = dict(deepcopy(dict(sent)))
        row = self.find(books, 1)
        for group, values in sent.items():
            if isinstance(values, dict) and isinstance(row.body.get(group), dict) and group in self.own_fields:
                merged[group] = {n: v for n, v in (row.body[group] | values).items() if v is not None and v != ""}
        merged.setdefault("Id", "1")
        return super().update(books, merged, request)

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """The closing date must be one, as every transaction is compared with it."""
        accounting = body.get("AccountingInfoPrefs", {})
        if accounting.get("BookCloseDate"):
            accept("CompanyAccountingPrefs", _CLOSING, {"BookCloseDate": accounting["BookCloseDate"]})


for _type in (CompanyInfo, Preferences):
    _type()

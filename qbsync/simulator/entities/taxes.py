"""Owns tax codes and rates, and what tax a sale bears."""

from decimal import Decimal
from typing import Any

from .. import faults
from ..books import Books
from ..render import money
from .lists import ListEntry
from .schema import BASE, anything, decimal, flag, ref, text


class TaxRate(ListEntry):
    """A rate. Clients read and query it; at Intuit it is made by the tax service."""

    kind = "TaxRate"
    sequence = "taxrate"
    what = "tax rate"
    verbs = frozenset()
    own_fields = {
        "Name": text(100, filterable=True), "Description": text(100), "Active": flag(filterable=True),
        "RateValue": decimal(), "AgencyRef": anything(), "TaxReturnLineRef": anything(), "SpecialTaxType": text(50),
        "DisplayType": text(50), "EffectiveTaxRate": anything(), **BASE,
    }  # fmt: skip


class TaxCode(ListEntry):
    """A code that bundles rates. Ids `TAX` and `NON` stand beside it in US companies."""

    kind = "TaxCode"
    sequence = "taxcode"
    what = "tax code"
    verbs = frozenset()
    own_fields = {
        "Name": text(100, filterable=True), "Description": text(100), "Active": flag(filterable=True),
        "Hidden": flag(), "Taxable": flag(), "TaxGroup": flag(), "SalesTaxRateList": anything(),
        "PurchaseTaxRateList": anything(), "TaxCodeConfigType": text(50), **BASE,
    }  # fmt: skip


class TaxAgency(ListEntry):
    """An authority that is paid the tax."""

    kind = "TaxAgency"
    sequence = "taxagency"
    what = "tax agency"
    name_property = "DisplayName"
    verbs = frozenset({"create"})
    own_fields = {
        "TaxTrackedOnPurchases": flag(), "TaxTrackedOnSales": flag(), "TaxRegistrationNumber": text(50),
        "LastFileDate": text(20), "TaxTrackedOnSalesAccountRef": ref("Account"), "Name": text(100),
        "DisplayName": text(100, filterable=True), **BASE,
    }  # fmt: skip

    def complete(self, books: Books, body: dict[str, Any], old: Any, request: Any) -> None:
        """A tax agency has a DisplayName where other lists have a Name."""
        if "DisplayName" not in body:
            raise faults.missing("DisplayName")
        body["Name"] = body["DisplayName"]
        super().complete(books, body, old, request)
        body.pop("Active", None)


def check_line_code(books: Books, code: str) -> None:
    """Raise 6100 unless the company knows the code: TAX and NON in the US, its TaxCodes elsewhere."""
    if books.company.country == "US":
        known = code in ("TAX", "NON") or books.row("TaxCode", code) is not None
    else:
        known = books.row("TaxCode", code) is not None
    if not known:
        raise faults.Fault(
            "6100", "Invalid Tax Code",
            f"Invalid Line TaxCode : The tax code {code[:40]} is not valid in this company.", element="",
        )  # fmt: skip


def rates_of(books: Books, code: str) -> list[tuple[str, Decimal]]:
    """(TaxRate id, percent) of a tax code's sales rates."""
    row = books.row("TaxCode", code)
    if row is None:
        return []
    rates = []
    for detail in row.body.get("SalesTaxRateList", {}).get("TaxRateDetail", []):
        rate = books.row("TaxRate", detail["TaxRateRef"]["value"])
        if rate is not None:
            rates.append((str(rate.id), Decimal(rate.body.get("RateValue", 0))))
    return rates


def _by_address(books: Books) -> dict[str, Any] | None:
    """The tax code that automated sales tax finds for an address: always the company's first one."""
    known = books.store.rows(books.realm, "kind = ? ORDER BY id LIMIT 1", ("TaxCode",))
    return {"value": str(known[0].id)} if known else None


def tax_detail(books: Books, body: dict[str, Any], taxable: dict[str, Decimal]) -> dict[str, Any]:
    """The TxnTaxDetail of a sale. `taxable` is the net amount per line tax code.

    In a US company the transaction's TxnTaxCodeRef says what TAX means, and with automated sales tax an amount that
    the client gives is kept; elsewhere each line's own code does.
    """
    sent = body.get("TxnTaxDetail") or {}
    if not books.preference("TaxPrefs", "UsingSalesTax", False):
        return {"TotalTax": 0}
    chosen = sent.get("TxnTaxCodeRef")
    automated = books.preference("TaxPrefs", "PartnerTaxEnabled", False)
    if automated and not chosen and books.company.options.automated_tax == "recompute":
        chosen = _by_address(books)
    if books.company.country != "US" and "NON" in taxable and body.get("GlobalTaxCalculation") != "NotApplicable":
        raise faults.business("Make sure all your transactions have a GST/VAT rate before you save.")
    lines: list[dict[str, Any]] = []
    for code, net in taxable.items():
        actual = (chosen or {}).get("value", "") if code == "TAX" else code
        for rate_id, percent in rates_of(books, actual):
            inclusive = body.get("GlobalTaxCalculation") == "TaxInclusive"
            tax = money(net * percent / (100 + percent if inclusive else 100))
            detail = {
                "TaxRateRef": {"value": rate_id}, "PercentBased": True, "TaxPercent": percent,
                "NetAmountTaxable": money(net - tax if inclusive else net),
            }  # fmt: skip
            lines.append({"Amount": tax, "DetailType": "TaxLineDetail", "TaxLineDetail": detail})
    total = sum((Decimal(line["Amount"]) for line in lines), Decimal(0))
    if automated and not lines and sent.get("TotalTax"):
        total = Decimal(sent["TotalTax"])
    result: dict[str, Any] = {"TxnTaxCodeRef": {"value": chosen["value"]}} if chosen else {}
    result["TotalTax"] = money(total)
    if lines:
        result["TaxLine"] = lines
    return result


for _type in (TaxRate, TaxCode, TaxAgency):
    _type()

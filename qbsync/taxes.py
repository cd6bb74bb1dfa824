"""What a company's sales tax rules make of an invoice: the codes of its lines, the tax at its foot, refusals. Pure.

In the US a line is TAX or NON, and the tax of the whole is what the invoice says: with automated sales tax as an amount
that QuickBooks takes over, without it by a tax code of the company, from which QuickBooks computes it. Elsewhere each
line bears a tax code, and QuickBooks computes the tax from them. What it computes is compared after sending.
https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-sales-tax-for-us-locales (and for-non-us-locales)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from qbsync.states import DocumentReason


@dataclass(frozen=True)
class TaxRules:
    """How a company taxes its sales.

    ``country`` is that of CompanyInfo, empty where it is not known, which is taken for the US. The codes are ids of
    the company's tax codes, chosen in the settings; empty where none was.
    """

    country: str = ""
    uses_sales_tax: bool = False
    is_automated: bool = False
    taxable_code: str = ""
    exempt_code: str = ""

    @property
    def is_us(self) -> bool:
        """Whether the rules of the US edition hold."""
        return self.country in ("", "US")

    @property
    def needs_taxable_code(self) -> bool:
        """Whether taxable lines can go only with a tax code that somebody has chosen."""
        return self.uses_sales_tax and not (self.is_us and self.is_automated)

    @property
    def needs_exempt_code(self) -> bool:
        """Whether lines that are not taxable need a chosen code too."""
        return self.uses_sales_tax and not self.is_us

    def problem(self, tax: Decimal, taxable: Iterable[bool]) -> DocumentReason | None:
        """Return why an invoice with this tax, and lines that are taxable or not, cannot be sent; None where it can."""
        kinds = set(taxable)
        if tax and not self.uses_sales_tax:
            return DocumentReason.TAX_NOT_USED
        missing = (self.needs_taxable_code and not self.taxable_code and True in kinds) or (
            self.needs_exempt_code and not self.exempt_code and False in kinds
        )
        return DocumentReason.TAX_CODE_MISSING if missing else None

    def line_code(self, *, taxable: bool) -> str:
        """Return the tax code of a line; empty where lines bear none."""
        if self.is_us:
            return "TAX" if taxable and self.uses_sales_tax else "NON"
        if not self.uses_sales_tax:
            return ""
        return self.taxable_code if taxable else self.exempt_code

    def of_invoice(self, tax: float, *, has_taxable_line: bool) -> dict[str, Any]:
        """Return what the whole invoice says of tax, given as a JSON number.

        An amount is said also where it is zero: an update would keep the former one otherwise.
        """
        if not self.is_us:
            return {"GlobalTaxCalculation": "TaxExcluded" if self.uses_sales_tax else "NotApplicable"}
        if not self.uses_sales_tax:
            return {}
        detail: dict[str, Any] = {"TotalTax": tax}
        if has_taxable_line and not self.is_automated:
            detail["TxnTaxCodeRef"] = {"value": self.taxable_code}
        return {"TxnTaxDetail": detail}

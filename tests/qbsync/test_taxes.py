"""The sales tax of an invoice by the rules of each kind of company: what is sent, and what cannot be."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from qbsync import payloads
from qbsync.states import DocumentReason
from qbsync.taxes import TaxRules
from tests.qbsync.test_payloads import HOUR, INVOICE

NO_TAX = TaxRules("US")
AUTOMATED = TaxRules("US", uses_sales_tax=True, is_automated=True)
BY_CODE = TaxRules("US", uses_sales_tax=True, taxable_code="2")
BRITISH = TaxRules("GB", uses_sales_tax=True, taxable_code="7", exempt_code="9")
BRITISH_WITHOUT_VAT = TaxRules("GB")
TAXED, EXEMPT = replace(HOUR, taxable=True), HOUR
EIGHT = Decimal("24.75")


@pytest.mark.parametrize(
    ("rules", "codes", "of_the_whole"),
    [
        (NO_TAX, ["NON", "NON"], {}),
        (TaxRules(), ["NON", "NON"], {}),
        (AUTOMATED, ["TAX", "NON"], {"TxnTaxDetail": {"TotalTax": 24.75}}),
        (BY_CODE, ["TAX", "NON"], {"TxnTaxDetail": {"TotalTax": 24.75, "TxnTaxCodeRef": {"value": "2"}}}),
        (BRITISH, ["7", "9"], {"GlobalTaxCalculation": "TaxExcluded"}),
        (BRITISH_WITHOUT_VAT, [None, None], {"GlobalTaxCalculation": "NotApplicable"}),
    ],
)
def test_lines_and_foot_say_what_the_company_asks_for(
    rules: TaxRules, codes: list[str | None], of_the_whole: dict[str, Any]
) -> None:
    tax = EIGHT if rules.uses_sales_tax else Decimal(0)
    sent = payloads.invoice_payload(replace(INVOICE, lines=[TAXED, EXEMPT], tax=tax, tax_rules=rules))
    details = [line["SalesItemLineDetail"] for line in sent["Line"]]
    assert [detail.get("TaxCodeRef", {}).get("value") for detail in details] == codes
    assert {name: sent[name] for name in ("TxnTaxDetail", "GlobalTaxCalculation") if name in sent} == of_the_whole


def test_no_tax_is_said_too_so_that_an_update_takes_the_former_one_off() -> None:
    for rules in (AUTOMATED, BY_CODE):
        sent = payloads.invoice_payload(replace(INVOICE, lines=[EXEMPT], tax_rules=rules))
        assert sent["TxnTaxDetail"] == {"TotalTax": 0.0}


@pytest.mark.parametrize(
    ("rules", "tax", "taxable", "reason"),
    [
        (NO_TAX, "0", [True], None),
        (NO_TAX, "8.25", [True], DocumentReason.TAX_NOT_USED),
        (BRITISH_WITHOUT_VAT, "0", [False], None),
        (BRITISH_WITHOUT_VAT, "8.25", [True], DocumentReason.TAX_NOT_USED),
        (AUTOMATED, "8.25", [True, False], None),
        (BY_CODE, "8.25", [True], None),
        (replace(BY_CODE, taxable_code=""), "8.25", [True], DocumentReason.TAX_CODE_MISSING),
        (replace(BY_CODE, taxable_code=""), "0", [False], None),
        (BRITISH, "8.25", [True, False], None),
        (replace(BRITISH, taxable_code=""), "0", [True], DocumentReason.TAX_CODE_MISSING),
        (replace(BRITISH, taxable_code=""), "0", [False], None),
        (replace(BRITISH, exempt_code=""), "0", [False], DocumentReason.TAX_CODE_MISSING),
        (replace(BRITISH, exempt_code=""), "8.25", [True], None),
    ],
)
def test_what_a_company_cannot_take_has_its_reason(
    rules: TaxRules, tax: str, taxable: list[bool], reason: DocumentReason | None
) -> None:
    assert rules.problem(Decimal(tax), taxable) == reason
    lines = [replace(HOUR, taxable=each) for each in taxable]
    invoice = replace(INVOICE, lines=lines, tax=Decimal(tax), tax_rules=rules)
    if reason:
        with pytest.raises(ValueError, match="cannot take the sales tax"):
            payloads.invoice_payload(invoice)
    else:
        assert payloads.invoice_payload(invoice)["Line"]

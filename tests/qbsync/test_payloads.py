"""What is sent to QuickBooks: names, customers, invoices, payments, marks, amounts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbsync import payloads
from qbsync.payloads import InvoiceData, LineData, NameProblem, PaymentData

MARK = UUID("7d7c2b1e-3a52-4a6c-9f6e-0d9b1f2c3d4e")
MARK_LINE = "[portal 7d7c2b1e-3a52-4a6c-9f6e-0d9b1f2c3d4e]"
HOUR = LineData("Bookkeeping", Decimal("2.5000"), Decimal("120.0000"), Decimal("300.00"), item_id="1")
INVOICE = InvoiceData(
    mark=MARK,
    customer_id="58",
    date=date(2026, 3, 1),
    due_date=date(2026, 3, 31),
    doc_number="INV-1001",
    memo="March",
    lines=[HOUR],
)
PAYMENT = PaymentData(
    mark=MARK,
    customer_id="58",
    date=date(2026, 3, 9),
    amount=Decimal("300.00"),
    number="PAY-7",
    reference="4711",
    memo="",
    applied=[("130", Decimal("250.10"))],
)

NAMES: list[tuple[str, NameProblem | None, str]] = [
    ("O'Brien", None, "O'Brien"),
    ("O’Brien", None, "O’Brien"),
    ("Smith & Sons", None, "Smith & Sons"),
    ("A – B", None, "A – B"),
    ("José", None, "José"),
    ("Jose\u0301", None, "Jose\u0301"),
    ("no\u00a0break", None, "no\u00a0break"),
    ("two  spaces", None, "two  spaces"),
    ("中文有限公司", None, "中文有限公司"),
    ("trailing\\", None, "trailing\\"),
    ("X (deleted)", None, "X (deleted)"),
    ("a" * 500, None, "a" * 500),
    ("Acme: West", NameProblem.COLON, "Acme - West"),
    ("Acme:West", NameProblem.COLON, "Acme - West"),
    ("A : : B", NameProblem.COLON, "A - B"),
    (":A:", NameProblem.COLON, "A"),
    ("A\tB", NameProblem.TAB, "A B"),
    ("A\nB", NameProblem.NEWLINE, "A B"),
    ("A\r\nB", NameProblem.NEWLINE, "A B"),
    ("A\u2028B", NameProblem.NEWLINE, "A B"),
    ("A\x07B", NameProblem.CONTROL, "A B"),
    ("", NameProblem.EMPTY, ""),
    (" \u00a0 ", NameProblem.EMPTY, ""),
    (":", NameProblem.COLON, ""),
    ("a" * 501, NameProblem.TOO_LONG, "a" * 500),
    ("word " * 120, NameProblem.TOO_LONG, ("word " * 100).strip()),
]


@pytest.mark.parametrize(("name", "problem", "proposal"), NAMES)
def test_a_name_is_judged_before_anything_is_sent(name: str, problem: NameProblem | None, proposal: str) -> None:
    assert payloads.name_problem(name) == problem
    assert payloads.proposed_name(name) == proposal


@given(st.text(max_size=700))
def test_a_proposed_name_is_one_that_quickbooks_can_hold(name: str) -> None:
    proposal = payloads.proposed_name(name)
    assert proposal == "" or payloads.name_problem(proposal) is None


def test_every_problem_of_a_name_has_a_sentence() -> None:
    assert all(problem.sentence.endswith(".") for problem in NameProblem)


def test_a_customer_gets_exactly_the_accounts_name_and_the_type_individual() -> None:
    assert payloads.customer_payload("O'Brien", type="individual", individual_type_id="7") == {
        "DisplayName": "O'Brien",
        "CustomerTypeRef": {"value": "7"},
    }


def test_a_customer_has_no_type_where_the_company_has_no_individual() -> None:
    assert payloads.customer_payload("Alice", type="individual") == {"DisplayName": "Alice"}


def test_a_company_gets_its_contact_and_the_type_individual_too() -> None:
    payload = payloads.customer_payload(
        "Acme", type="company", email="bob@acme.test", phone="555-0100", individual_type_id="7"
    )
    assert payload == {
        "DisplayName": "Acme",
        "CompanyName": "Acme",
        "PrimaryEmailAddr": {"Address": "bob@acme.test"},
        "PrimaryPhone": {"FreeFormNumber": "555-0100"},
        "CustomerTypeRef": {"value": "7"},
    }


def test_what_does_not_fit_beside_a_long_name_is_left_out() -> None:
    payload = payloads.customer_payload("b" * 500, type="company", email="c" * 101, phone="5" * 31)
    assert payload == {"DisplayName": "b" * 500, "PrintOnCheckName": "b" * 110}


def test_a_name_that_quickbooks_cannot_hold_is_never_sent() -> None:
    with pytest.raises(ValueError, match="colon"):
        payloads.customer_payload("Acme: West", type="company")


def test_an_invoice_is_sent_with_its_number_mark_and_lines() -> None:
    assert payloads.invoice_payload(INVOICE) == {
        "CustomerRef": {"value": "58"},
        "TxnDate": "2026-03-01",
        "DueDate": "2026-03-31",
        "DocNumber": "INV-1001",
        "PrivateNote": f"March\n{MARK_LINE}",
        "Line": [
            {
                "DetailType": "SalesItemLineDetail",
                "Amount": 300.0,
                "Description": "Bookkeeping",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": "1"},
                    "Qty": 2.5,
                    "UnitPrice": 120.0,
                    "TaxCodeRef": {"value": "NON"},
                },
            }
        ],
    }


def test_an_invoice_has_no_number_where_quickbooks_numbers() -> None:
    payload = payloads.invoice_payload(replace(INVOICE, doc_number="", due_date=None))
    assert "DocNumber" not in payload
    assert "DueDate" not in payload


def test_where_a_company_has_several_currencies_its_own_is_named() -> None:
    assert payloads.invoice_payload(replace(INVOICE, currency="USD"))["CurrencyRef"] == {"value": "USD"}
    assert payloads.payment_payload(replace(PAYMENT, currency="USD"))["CurrencyRef"] == {"value": "USD"}


def test_a_line_whose_product_had_to_be_rounded_goes_as_its_amount_with_the_calculation_in_words() -> None:
    line = replace(HOUR, quantity=Decimal("0.3333"), rate=Decimal("100.5000"), amount=Decimal("33.50"))
    sent = payloads.invoice_payload(replace(INVOICE, lines=[line]))["Line"][0]
    assert sent["Amount"] == 33.5
    assert sent["Description"] == "Bookkeeping (0.3333 × 100.5)"
    assert not {"Qty", "UnitPrice"} & set(sent["SalesItemLineDetail"])


@pytest.mark.parametrize(
    "invoice",
    [
        replace(INVOICE, lines=[]),
        replace(INVOICE, doc_number="1" * 22),
        replace(INVOICE, lines=[replace(HOUR, amount=Decimal("300.01"))]),
    ],
)
def test_an_invoice_that_quickbooks_would_refuse_or_change_is_not_built(invoice: InvoiceData) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        payloads.invoice_payload(invoice)


def test_a_payment_names_what_it_pays_and_leaves_the_rest_as_credit() -> None:
    assert payloads.payment_payload(PAYMENT) == {
        "CustomerRef": {"value": "58"},
        "TxnDate": "2026-03-09",
        "TotalAmt": 300.0,
        "PaymentRefNum": "4711",
        "PrivateNote": MARK_LINE,
        "Line": [{"Amount": 250.1, "LinkedTxn": [{"TxnId": "130", "TxnType": "Invoice"}]}],
    }


def test_a_payment_without_reference_shows_its_number() -> None:
    assert payloads.payment_payload(replace(PAYMENT, reference=""))["PaymentRefNum"] == "PAY-7"


def test_a_reference_that_is_too_long_goes_into_the_note() -> None:
    payload = payloads.payment_payload(replace(PAYMENT, reference="8" * 22, memo="thanks"))
    assert payload["PaymentRefNum"] == "PAY-7"
    assert payload["PrivateNote"] == f"thanks\nReference {'8' * 22}\n{MARK_LINE}"


def test_more_than_was_paid_is_never_applied() -> None:
    with pytest.raises(ValueError, match="More is applied"):
        payloads.payment_payload(replace(PAYMENT, applied=[("1", Decimal("200")), ("2", Decimal("100.01"))]))


def test_an_update_is_sparse_and_names_the_copy() -> None:
    payload = payloads.sparse_update({"PrivateNote": "x"}, qbo_id="130", sync_token="2")
    assert payload == {"PrivateNote": "x", "Id": "130", "SyncToken": "2", "sparse": True}


def test_a_void_names_nothing_but_the_copy() -> None:
    assert payloads.void_payload(qbo_id="130", sync_token="2") == {"Id": "130", "SyncToken": "2"}


@pytest.mark.parametrize(
    "note",
    [
        MARK_LINE,
        f"March\n{MARK_LINE}",
        f"Voided - March\n{MARK_LINE}\nseen by Carol",
        f"a [portal x] {MARK_LINE}",
    ],
)
def test_our_mark_is_found_whatever_is_written_around_it(note: str) -> None:
    assert payloads.mark_of(note) == MARK


@pytest.mark.parametrize("note", ["", None, "March", "[portal 7d7c2b1e]"])
def test_a_note_without_our_mark_has_none(note: str | None) -> None:
    assert payloads.mark_of(note) is None


def test_the_longest_memo_never_pushes_the_mark_out() -> None:
    note = payloads.invoice_payload(replace(INVOICE, memo="m" * 5000))["PrivateNote"]
    assert len(note) == 4000
    assert payloads.mark_of(note) == MARK


@given(st.decimals(min_value="-999999999999.99", max_value="999999999999.99", places=2))
def test_an_amount_survives_the_way_through_json_to_the_cent(amount: Decimal) -> None:
    sent = json.dumps(payloads.number(amount))
    assert Decimal(json.loads(sent, parse_float=str)) == amount
    assert payloads.money(json.loads(sent, parse_float=Decimal)) == amount
    assert payloads.money(json.loads(sent)) == amount


@pytest.mark.parametrize("amount", [Decimal("12345678901234.56"), Decimal("NaN"), Decimal("Infinity")])
def test_an_amount_that_a_json_number_cannot_carry_is_refused_rather_than_rounded(amount: Decimal) -> None:
    with pytest.raises(ValueError, match="more digits"):
        payloads.number(amount)


@pytest.mark.parametrize(("value", "amount"), [(0, "0.00"), (None, "0.00"), ("10.1", "10.10"), (0.1, "0.10")])
def test_quickbooks_prints_amounts_in_several_ways(value: object, amount: str) -> None:
    assert payloads.money(value) == Decimal(amount)

"""Builds what is sent to QuickBooks from plain values: customers, invoices, payments. Pure: no ORM, no gateway.

Amounts are Decimal until the last step and JSON numbers after it. A number of up to 15 digits survives the way
through a float and JSON unchanged; longer ones are refused rather than rounded.
Entities: https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/invoice (customer, payment)
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from qbsync.taxes import TaxRules

LONGEST_NAME = 500
LONGEST_NUMBER = 21
_LONGEST_COMPANY_NAME = 100
_LONGEST_PRINTED_NAME = 110
_LONGEST_EMAIL = 100
_LONGEST_PHONE = 30
_LONGEST_DESCRIPTION = 4000
_LONGEST_NOTE = 4000
_MOST_DIGITS = 15
_CENT = Decimal("0.01")

_LINE_BREAKS = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MARK = re.compile(r"\[portal ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\]")


# --- Names ----------------------------------------------------------------------------------------------------------


class NameProblem(StrEnum):
    """Why QuickBooks cannot hold a name as a DisplayName."""

    EMPTY = "empty"
    COLON = "colon"
    TAB = "tab"
    NEWLINE = "newline"
    CONTROL = "control"
    TOO_LONG = "too_long"

    @property
    def sentence(self) -> str:
        """What people read."""
        return _NAME_SENTENCES[self]


_NAME_SENTENCES = {
    NameProblem.EMPTY: "QuickBooks needs a name.",
    NameProblem.COLON: "QuickBooks does not accept a colon (:) in a name.",
    NameProblem.TAB: "QuickBooks does not accept a tab in a name.",
    NameProblem.NEWLINE: "QuickBooks does not accept a line break in a name.",
    NameProblem.CONTROL: "The name contains an invisible control character, which QuickBooks does not accept.",
    NameProblem.TOO_LONG: f"QuickBooks holds names of at most {LONGEST_NAME} characters.",
}


def name_problem(name: str) -> NameProblem | None:
    """Return why QuickBooks would refuse a customer of this name, or None. Letters of every script are fine."""
    if not name.strip():
        return NameProblem.EMPTY
    if ":" in name:
        return NameProblem.COLON
    if "\t" in name:
        return NameProblem.TAB
    if _LINE_BREAKS.search(name):
        return NameProblem.NEWLINE
    if _CONTROLS.search(name):
        return NameProblem.CONTROL
    return NameProblem.TOO_LONG if len(name) > LONGEST_NAME else None


def proposed_name(name: str) -> str:
    """Return the nearest name that QuickBooks can hold: itself where it can; empty where nothing is left of it."""
    if name_problem(name) is None:
        return name
    without_colons = re.sub(r"\s*:[\s:]*", " - ", name.strip().strip(":"))
    plain = " ".join(_CONTROLS.sub(" ", without_colons).split())
    if len(plain) <= LONGEST_NAME:
        return plain
    cut = plain[:LONGEST_NAME]
    at_a_word = cut.rpartition(" ")[0]
    return at_a_word if plain[LONGEST_NAME] != " " and len(at_a_word) > LONGEST_NAME // 2 else cut.rstrip()


def customer_payload(
    name: str, *, type: str, email: str = "", phone: str = "", individual_type_id: str = ""
) -> dict[str, Any]:
    """Return a new Customer whose DisplayName is exactly this name; contact data that does not fit is left out.

    Args:
        name: the account's name.
        type: the account's: company, individual or other. A company's name is its CompanyName too.
        email, phone: of the primary contact.
        individual_type_id: id of the customer type Individual, which every customer made here gets; empty where the
            company has no such type.

    Raises:
        ValueError: QuickBooks cannot hold the name; ask ``name_problem`` first.
    """
    if problem := name_problem(name):
        raise ValueError(problem.sentence)
    payload: dict[str, Any] = {"DisplayName": name}
    if len(name) > _LONGEST_PRINTED_NAME:
        payload["PrintOnCheckName"] = name[:_LONGEST_PRINTED_NAME].rstrip()
    if type == "company" and len(name) <= _LONGEST_COMPANY_NAME:
        payload["CompanyName"] = name
    if email and len(email) <= _LONGEST_EMAIL:
        payload["PrimaryEmailAddr"] = {"Address": email}
    if phone and len(phone) <= _LONGEST_PHONE:
        payload["PrimaryPhone"] = {"FreeFormNumber": phone}
    if individual_type_id:
        payload["CustomerTypeRef"] = {"value": individual_type_id}
    return payload


# --- Amounts and marks ----------------------------------------------------------------------------------------------


def money(value: Any) -> Decimal:
    """Return an amount of an answer (Decimal, int, float, text or nothing) as Decimal to the cent."""
    return Decimal(str(value or 0)).quantize(_CENT)


def number(value: Decimal) -> float:
    """Return the JSON number that prints as this decimal.

    Raises:
        ValueError: it has more digits than a float carries unchanged.
    """
    if not value.is_finite() or len(value.normalize().as_tuple().digits) > _MOST_DIGITS:
        raise ValueError("The amount has more digits than QuickBooks holds.")
    return float(value)


def mark_of(private_note: str | None) -> UUID | None:
    """Return the mark that we wrote into a document's PrivateNote, whatever people wrote around it; else None."""
    found = _MARK.search(private_note or "")
    return UUID(found[1]) if found else None


def _note(memo: str, mark: UUID, *more: str) -> str:
    line = f"[portal {mark}]"
    text = "\n".join(part for part in (memo.strip(), *more) if part)[: _LONGEST_NOTE - len(line) - 1]
    return f"{text}\n{line}" if text else line


# --- Invoices -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LineData:
    """One line of an invoice, in the firm's currency; ``amount`` is quantity times rate, rounded to the cent."""

    description: str
    quantity: Decimal
    rate: Decimal
    amount: Decimal
    item_id: str
    taxable: bool = False


@dataclass(frozen=True)
class InvoiceData:
    """An invoice as QuickBooks needs to know it.

    ``doc_number`` is empty where QuickBooks numbers by itself (CustomTxnNumbers off). ``tax`` is the sales tax of the
    whole, and ``tax_rules`` say how the company is told of it. ``currency`` is empty unless the company has several:
    QuickBooks asks for it then, and it has to be the customer's.
    """

    mark: UUID
    customer_id: str
    date: datetime.date
    due_date: datetime.date | None
    doc_number: str
    memo: str
    lines: Sequence[LineData]
    tax: Decimal = Decimal(0)
    tax_rules: TaxRules = TaxRules()  # noqa: RUF009 - immutable
    currency: str = ""


def invoice_payload(invoice: InvoiceData) -> dict[str, Any]:
    """Return a new Invoice.

    Raises:
        ValueError: it has no line, too long a number, an amount with too many digits, or tax that the company's
            rules cannot take.
    """
    if invoice.tax_rules.problem(invoice.tax, (line.taxable for line in invoice.lines)):
        raise ValueError("The QuickBooks company cannot take the sales tax of this invoice.")
    if not invoice.lines:
        raise ValueError("QuickBooks takes no invoice without lines.")
    if len(invoice.doc_number) > LONGEST_NUMBER:
        raise ValueError(f"QuickBooks holds document numbers of at most {LONGEST_NUMBER} characters.")
    payload: dict[str, Any] = {
        "CustomerRef": {"value": invoice.customer_id},
        "TxnDate": invoice.date.isoformat(),
        "PrivateNote": _note(invoice.memo, invoice.mark),
        "Line": [_line(line, invoice.tax_rules.line_code(taxable=line.taxable)) for line in invoice.lines],
        **invoice.tax_rules.of_invoice(
            number(invoice.tax), has_taxable_line=any(line.taxable for line in invoice.lines)
        ),
    }
    if invoice.currency:
        payload["CurrencyRef"] = {"value": invoice.currency}
    if invoice.due_date:
        payload["DueDate"] = invoice.due_date.isoformat()
    if invoice.doc_number:
        payload["DocNumber"] = invoice.doc_number
    return payload


def _line(line: LineData, tax_code: str) -> dict[str, Any]:
    detail: dict[str, Any] = {"ItemRef": {"value": line.item_id}}
    description = line.description
    # QuickBooks refuses an amount that is not quantity times rate; how it rounds is not documented, so such a line
    # goes as its amount alone, with the calculation in words.
    exact = line.quantity * line.rate
    if exact == line.amount:
        detail |= {"Qty": number(line.quantity), "UnitPrice": number(line.rate)}
    elif exact.quantize(_CENT, ROUND_HALF_UP) == line.amount:
        calculation = f"({_plain(line.quantity)} × {_plain(line.rate)})"
        description = f"{description[: _LONGEST_DESCRIPTION - len(calculation) - 1]} {calculation}".strip()
    else:
        raise ValueError(f"The amount {line.amount} is not {line.quantity} times {line.rate}.")
    if tax_code:
        detail["TaxCodeRef"] = {"value": tax_code}
    return {
        "DetailType": "SalesItemLineDetail",
        "Amount": number(line.amount),
        "Description": description[:_LONGEST_DESCRIPTION],
        "SalesItemLineDetail": detail,
    }


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


# --- Payments -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PaymentData:
    """A payment as QuickBooks needs to know it; what it does not apply is the customer's credit.

    ``applied`` holds an invoice's id in QuickBooks and the amount that pays it. ``reference`` is the check number or
    the like; where there is none QuickBooks shows ``number``, the portal's own. ``currency`` is as of an invoice.
    """

    mark: UUID
    customer_id: str
    date: datetime.date
    amount: Decimal
    number: str
    reference: str
    memo: str
    applied: Sequence[tuple[str, Decimal]]
    currency: str = ""


def payment_payload(payment: PaymentData) -> dict[str, Any]:
    """Return a new Payment. A reference that is too long for its field goes into the note.

    Raises:
        ValueError: more is applied than was paid, or an amount has too many digits.
    """
    if sum((amount for _, amount in payment.applied), Decimal(0)) > payment.amount:
        raise ValueError("More is applied to invoices than was paid.")
    fits = len(payment.reference) <= LONGEST_NUMBER
    shown = payment.reference if payment.reference and fits else payment.number
    payload: dict[str, Any] = {
        "CustomerRef": {"value": payment.customer_id},
        "TxnDate": payment.date.isoformat(),
        "TotalAmt": number(payment.amount),
        "PrivateNote": _note(payment.memo, payment.mark, "" if fits else f"Reference {payment.reference}"),
        "Line": [
            {"Amount": number(amount), "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]}
            for invoice_id, amount in payment.applied
        ],
    }
    if payment.currency:
        payload["CurrencyRef"] = {"value": payment.currency}
    if 0 < len(shown) <= LONGEST_NUMBER:
        payload["PaymentRefNum"] = shown
    return payload


# --- Changes of what is there ---------------------------------------------------------------------------------------


def sparse_update(payload: dict[str, Any], *, qbo_id: str, sync_token: str) -> dict[str, Any]:
    """Return a payload of this module as a sparse update: what it does not name stays; its lines replace all lines."""
    return {**payload, "Id": qbo_id, "SyncToken": sync_token, "sparse": True}


def reactivation(*, qbo_id: str, sync_token: str) -> dict[str, Any]:
    """Return what makes an inactive customer active again; QuickBooks gives it back the name without “(deleted)”."""
    return {"Id": qbo_id, "SyncToken": sync_token, "sparse": True, "Active": True}


def given_to(
    *, customer_id: str, qbo_id: str, sync_token: str, total: Decimal | None = None, without_lines: bool = False
) -> dict[str, Any]:
    """Return a sparse update that gives an invoice or payment to a customer, and leaves the rest as it is.

    Args:
        customer_id: who gets it.
        qbo_id, sync_token: of the copy.
        total: of a payment, which QuickBooks wants named in every update; None for an invoice.
        without_lines: a payment lets go of what it pays, and is the customer's credit.
    """
    payload: dict[str, Any] = {"CustomerRef": {"value": customer_id}}
    if total is not None:
        payload["TotalAmt"] = number(total)
    if without_lines:
        payload["Line"] = []
    return sparse_update(payload, qbo_id=qbo_id, sync_token=sync_token)


def void_payload(*, qbo_id: str, sync_token: str) -> dict[str, Any]:
    """Return what QuickBooks needs to void a document."""
    return {"Id": qbo_id, "SyncToken": sync_token}

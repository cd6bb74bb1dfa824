"""Turns rows of text into records of accounts, invoices and payments; rows of one number become one. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from accounts.importing.cells import Cells, words_of
from accounts.importing.table import Row
from accounts.models import AccountType, PaymentMethod
from accounts.services.bulk.records import (
    AccountRecord,
    AllocationRecord,
    Errors,
    InvoiceRecord,
    LineRecord,
    PaymentRecord,
)
from accounts.services.clients import ContactInput
from accounts.services.rules import LIMIT, LineInput, money

_TYPES = {"individual": AccountType.INDIVIDUAL, "company": AccountType.COMPANY, "other": AccountType.OTHER}
_METHODS = {
    "check": PaymentMethod.CHECK,
    "cash": PaymentMethod.CASH,
    "credit card": PaymentMethod.CARD,
    "bank transfer": PaymentMethod.ACH,
    "other": PaymentMethod.OTHER,
    "card": PaymentMethod.CARD,
    "ach": PaymentMethod.ACH,
}
_YES, _NO = "yes", "no"
_ANSWERS = {"yes": _YES, "no": _NO, "true": _YES, "false": _NO, "1": _YES, "0": _NO}


def account_records(rows: Iterable[Row], errors: Errors) -> list[AccountRecord]:
    """Return an account for each row that can be read."""
    records = []
    for row in rows:
        cells = Cells(row, errors)
        code, name = cells.required("ID").upper(), cells.required("Name")
        type_ = cells.choice("Type", _TYPES)
        person, email, phone = cells.text("Contact name"), cells.text("Contact email"), cells.text("Contact phone")
        contact = (
            ContactInput(person or name[:200], email, phone, is_primary=True) if person or email or phone else None
        )
        tags, team = words_of(cells.text("Tags")) or None, words_of(cells.text("Team")) or None
        if cells.sound:
            records.append(AccountRecord(row.line, code, name, type_, tags, team, contact))
    return records


def invoice_records(rows: Iterable[Row], errors: Errors) -> list[InvoiceRecord]:
    """Return the invoices of which every row can be read."""
    invoices: dict[str, InvoiceRecord | None] = {}
    firsts: dict[str, Cells] = {}
    for row in rows:
        cells = Cells(row, errors)
        number = cells.required("Number")
        first = firsts.setdefault(number, cells)
        if first is cells:
            account, date = cells.required("Account ID").upper(), cells.date("Date", required=True)
            due_date, memo, tax = cells.date("Due date"), cells.text("Memo"), cells.amount("Sales tax")
            invoices[number] = InvoiceRecord(row.line, number, account, date, due_date, memo, tax=tax) if date else None
        else:
            _same(cells, first, ("Account ID", "Date", "Due date", "Memo", "Sales tax"))
        line = _line(cells)
        invoice = invoices[number]
        if not cells.sound or line is None:
            invoices[number] = None
        elif invoice is not None:
            invoice.lines.append(line)
    return [invoice for invoice in invoices.values() if invoice is not None]


def payment_records(rows: Iterable[Row], errors: Errors) -> list[PaymentRecord]:
    """Return the payments of which every row can be read."""
    payments: dict[str, PaymentRecord | None] = {}
    firsts: dict[str, Cells] = {}
    for row in rows:
        cells = Cells(row, errors)
        number = cells.required("Number")
        first = firsts.setdefault(number, cells)
        if first is cells:
            payments[number] = _payment(cells, number)
        else:
            _same(cells, first, ("Account ID", "Date", "Amount", "Method", "Reference", "Memo", "Sync to QuickBooks"))
        payment = payments[number]
        if payment is not None:
            _allocate(cells, payment)
        if not cells.sound:
            payments[number] = None
    return [payment for payment in payments.values() if payment is not None]


def _same(cells: Cells, first: Cells, titles: Iterable[str]) -> None:
    """Note what differs from the first row of the same number; blank says the same."""
    for title in titles:
        text = cells.text(title)
        if text and text != first.text(title):
            sentence = (
                f"{title} differs from line {first.row.line}, which has the same number. Write the same, or nothing."
            )
            cells.note(title, sentence)


def _line(cells: Cells) -> LineRecord | None:
    """The invoice line in this row: from rate and quantity, or from its amount."""
    quantity, rate, amount = cells.amount("Quantity"), cells.amount("Rate"), cells.amount("Amount")
    taxable = _yes_or_no(cells, "Taxable")
    if not cells.sound:
        return None
    quantity = Decimal(1) if quantity is None else quantity
    if rate is None:
        if amount is None:
            cells.note("Rate", "Rate is missing. Give the rate, or the amount.")
            return None
        rate = _rate(amount, quantity)
    if amount is not None and abs(quantity * rate) < LIMIT:
        comes_to = LineInput(None, "", quantity, rate).amount
        if comes_to != amount:
            cells.note("Amount", f"{money(amount)} is not {quantity} times {rate}, which comes to {money(comes_to)}.")
    return LineRecord(cells.row.line, cells.text("Service"), cells.text("Description"), quantity, rate, taxable)


def _yes_or_no(cells: Cells, title: str) -> bool | None:
    answer = cells.choice(title, _ANSWERS)
    return None if answer is None else answer == _YES


def _rate(amount: Decimal, quantity: Decimal) -> Decimal:
    """The rate that gives the amount, to four decimals; out of range they are refused later, when judged as a line."""
    if quantity <= 0 or abs(amount) >= LIMIT or abs(amount / quantity) >= LIMIT:
        return amount
    return (amount / quantity).quantize(Decimal("0.0001"))


def _payment(cells: Cells, number: str) -> PaymentRecord | None:
    """The payment that a row begins, without its allocations."""
    account, date = cells.required("Account ID").upper(), cells.date("Date", required=True)
    amount, method = cells.amount("Amount", required=True), cells.choice("Method", _METHODS)
    sync_to_quickbooks = _yes_or_no(cells, "Sync to QuickBooks")
    if date is None or amount is None or not cells.sound:
        return None
    return PaymentRecord(
        line=cells.row.line,
        number=number,
        account=account,
        date=date,
        amount=amount,
        method=method or PaymentMethod.CHECK,
        reference=cells.text("Reference"),
        memo=cells.text("Memo"),
        sync_to_quickbooks=sync_to_quickbooks,
    )


def _allocate(cells: Cells, payment: PaymentRecord) -> None:
    """Add what this row says of an invoice that the payment pays."""
    number, part = cells.text("Invoice"), cells.amount("Applied")
    if number and any(allocation.invoice == number for allocation in payment.allocations):
        cells.note("Invoice", f"Invoice {number} is there twice for this payment.")
    if part is not None and part != 0 and not number:
        cells.note("Invoice", "Invoice is missing: it is not said what the amount is applied to.")
    if number and part != 0:
        payment.allocations.append(AllocationRecord(cells.row.line, number, payment.amount if part is None else part))

"""What a value of the books may be: texts, amounts and dates, each checked with a sentence. It writes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from accounts.models import Document, Service
from accounts.services.errors import Problems

CENT = Decimal("0.01")
LIMIT = Decimal(10) ** 12  # of an amount: the columns hold 14 digits, two of them decimals
QUANTITY_LIMIT = Decimal(10) ** 8
RATE_LIMIT = Decimal(10) ** 10
FIRST_DAY, LAST_DAY = date(1980, 1, 1), date(2099, 12, 31)
MOST_LINES = 1000
MOST_LINES_SENTENCE = f"An invoice has at most {MOST_LINES:,} lines."
_NUL = re.compile(r"\x00")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]*")


@dataclass(frozen=True)
class LineInput:
    """One line of an invoice as entered; quantity and rate have at most four decimals."""

    service: Service | None
    description: str
    quantity: Decimal
    rate: Decimal
    taxable: bool = False

    @property
    def amount(self) -> Decimal:
        """Quantity times rate, rounded half-up to the cent."""
        return (self.quantity * self.rate).quantize(CENT, ROUND_HALF_UP)


def gone(document: Document) -> str:
    """Return the word for a document that counts for nothing any more."""
    return "deleted" if document.is_deleted else "void"


def money(amount: Decimal) -> str:
    """Return an amount as sentences show it: 1,234.50."""
    return f"{amount:,.2f}"


def text_problem(value: str, label: str, limit: int, *, required: bool = False, one_line: bool = True) -> str | None:
    """Return the sentence about a text that cannot be kept, or None."""
    if required and not value:
        return f"{label} is missing."
    if len(value) > limit:
        return f"{label} has {len(value):,} characters; at most {limit:,} are possible."
    if (_CONTROL if one_line else _NUL).search(value):
        return f"{label} holds a character that cannot be kept, such as a line break or a tab."
    return None


def code_problem(code: str) -> str | None:
    """Return the sentence about an account ID (already in upper case) that cannot be kept, or None."""
    if len(code) > 12:
        return f"The ID {code[:20]} is too long: at most 12 characters."
    if not _CODE.fullmatch(code):
        return "An ID consists of letters, digits, hyphens, dots and underscores, such as JG2."
    return None


def date_problem(value: date | None, label: str = "The date") -> str | None:
    """Return the sentence about a date that is surely a slip, or None."""
    if value is not None and not FIRST_DAY <= value <= LAST_DAY:
        return f"{label} {value:%Y-%m-%d} is not between {FIRST_DAY.year} and {LAST_DAY.year}."
    return None


def decimal_problem(value: Decimal, label: str, *, limit: Decimal = LIMIT, decimals: int = 2) -> str | None:
    """Return the sentence about a number that its column cannot hold exactly, or None."""
    if not value.is_finite():
        return f"{label} is not a number."
    if abs(value) >= limit:
        return f"{label} is too large: it must be less than {limit:,.0f}."
    if value != value.quantize(Decimal(1).scaleb(-decimals)):
        return f"{label} has more than {decimals} decimals."
    return None


def positive_problem(value: Decimal, label: str, *, limit: Decimal = LIMIT, decimals: int = 2) -> str | None:
    """Return the sentence about a number that is not more than zero, or that cannot be held; or None."""
    problem = decimal_problem(value, label, limit=limit, decimals=decimals)
    return problem or (None if value > 0 else f"{label} must be more than zero.")


def due_date_problem(day: date, due: date | None) -> str | None:
    """Return the sentence about a due date that is a slip or lies before the invoice, or None."""
    if problem := date_problem(due, "The due date"):
        return problem
    return "The due date is before the invoice's date." if due is not None and due < day else None


def line_problem(line: LineInput) -> str | None:
    """Return the sentence about a line that cannot be kept, or None."""
    return (
        text_problem(line.description, "The description", 4000, one_line=False)
        or positive_problem(line.quantity, "The quantity", limit=QUANTITY_LIMIT, decimals=4)
        or decimal_problem(line.rate, "The rate", limit=RATE_LIMIT, decimals=4)
        or decimal_problem(line.amount, "The amount")
        or (None if line.description or line.service else "A line needs a service or a description.")
    )


def tax_problem(tax: Decimal, *, has_taxable_line: bool) -> str | None:
    """Return the sentence about an invoice's sales tax that cannot be kept, or None."""
    if problem := decimal_problem(tax, "The sales tax"):
        return problem
    if tax < 0:
        return "The sales tax cannot be below zero."
    return "There is sales tax, but no line is taxable." if tax and not has_taxable_line else None


def invoice_total(lines: Iterable[LineInput], tax: Decimal) -> Decimal:
    """Return what an invoice comes to: its lines' amounts and the sales tax."""
    return sum((line.amount for line in lines), tax.quantize(CENT))


def total_problem(total: Decimal) -> str | None:
    """Return the sentence about an invoice's total that cannot be kept, or None."""
    if total < 0:
        return f"The total of the lines is {money(total)}; an invoice cannot be below zero."
    return decimal_problem(total, "The total")


def check_lines(lines: Sequence[LineInput], tax: Decimal, firm_id: int, problems: Problems) -> Decimal:
    """Return the total of the lines and the tax; what is wrong is noted under ``lines`` and ``tax``.

    A problem of a line has the line's number.
    """
    if not lines:
        problems.add("An invoice needs at least one line.", "lines")
    if len(lines) > MOST_LINES:
        problems.add(MOST_LINES_SENTENCE, "lines")
    sound = True
    for position, line in enumerate(lines, start=1):
        problem = line_problem(line)
        if not problem and line.service is not None and line.service.firm_id != firm_id:
            problem = "The service is not one of this firm."
        if problem:
            sound = False
            problems.add(f"Line {position}: {problem}", "lines")
    if problem := tax_problem(tax, has_taxable_line=any(line.taxable for line in lines)):
        sound = False
        problems.add(problem, "tax")
    total = invoice_total(lines, tax) if sound else Decimal("0.00")
    if problem := total_problem(total):
        problems.add(problem, "lines")
    return total

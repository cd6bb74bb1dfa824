"""What a bulk import is made of: accounts, invoices and payments named by their own IDs and numbers. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from accounts.services.clients import ContactInput

MOST_ERRORS = 200


@dataclass(frozen=True)
class RowError:
    """What is wrong in one row. ``line`` counts from 1, the header's; ``column`` may be empty."""

    line: int
    column: str
    sentence: str


class Errors:
    """Collects what is wrong: all of it is counted, the first 200 are kept to be shown."""

    def __init__(self) -> None:
        self.kept: list[RowError] = []
        self.count = 0

    def __bool__(self) -> bool:
        return self.count > 0

    def add(self, line: int, column: str, sentence: str | None) -> None:
        """Note the sentence, where there is one."""
        if sentence:
            self.count += 1
            if len(self.kept) < MOST_ERRORS:
                self.kept.append(RowError(line, column, sentence))


class ImportRefused(Exception):
    """Nothing was imported. ``errors`` are the first 200 of ``count``."""

    def __init__(self, errors: Sequence[RowError], count: int) -> None:
        self.errors, self.count = list(errors), count
        super().__init__(" ".join(error.sentence for error in self.errors[:3]))


@dataclass(frozen=True)
class Counts:
    """How many accounts, invoices or payments were (or would be) added, changed and left as they are."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account by its ID. What is None stays as it is; ``contact`` is the primary one, ``team`` addresses."""

    line: int
    code: str
    name: str
    type: str | None = None
    tags: tuple[str, ...] | None = None
    team: tuple[str, ...] | None = None
    contact: ContactInput | None = None


@dataclass(frozen=True, slots=True)
class LineRecord:
    """A line of an invoice. A service that the firm does not have yet is added, with this rate.

    ``taxable`` None: as the invoice's line in this place was, else as the service is.
    """

    line: int
    service: str
    description: str
    quantity: Decimal
    rate: Decimal
    taxable: bool | None = None


@dataclass(frozen=True, slots=True)
class InvoiceRecord:
    """An invoice by its number, of the account with this ID. ``tax`` None: as it is, at first none."""

    line: int
    number: str
    account: str
    date: datetime.date
    due_date: datetime.date | None = None
    memo: str = ""
    lines: list[LineRecord] = field(default_factory=list)
    tax: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AllocationRecord:
    """The part of a payment that pays the invoice with this number."""

    line: int
    invoice: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PaymentRecord:
    """A payment by its number, of the account with this ID. ``sync_to_quickbooks`` None: as it is, at first yes."""

    line: int
    number: str
    account: str
    date: datetime.date
    amount: Decimal
    method: str
    reference: str = ""
    memo: str = ""
    sync_to_quickbooks: bool | None = None
    allocations: list[AllocationRecord] = field(default_factory=list)

"""CSV import of accounts, invoices and payments: ``read`` judges a file, ``apply`` imports all of it or nothing.

The columns are in ``accounts.importing.columns``. Rows are found again by account ID, invoice number and payment
number, so a file can be repeated: what is the same is left as it is, what differs is changed. Invoices and payments
are described in full by their rows; of an account, blank cells leave what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.importing import parsing
from accounts.importing.columns import COLUMNS, Column, Kind
from accounts.importing.table import Row, read_rows
from accounts.services.bulk import accounts, books_import, invoices, payments
from accounts.services.bulk.records import Counts, Errors, ImportRefused, RowError
from portal.models import Firm

__all__ = [
    "COLUMNS",
    "Column",
    "ImportPlan",
    "ImportRefused",
    "ImportResult",
    "Kind",
    "RowError",
    "apply",
    "read",
]

_PARSE: dict[Kind, Callable[[Iterable[Row], Errors], Sequence[Any]]] = {
    Kind.ACCOUNTS: parsing.account_records,
    Kind.INVOICES: parsing.invoice_records,
    Kind.PAYMENTS: parsing.payment_records,
}
_COMPARE: dict[Kind, Callable[[Firm, Sequence[Any], Errors], Any]] = {
    Kind.ACCOUNTS: accounts.compare,
    Kind.INVOICES: invoices.compare,
    Kind.PAYMENTS: payments.compare,
}


@dataclass(frozen=True)
class ImportPlan:
    """What a file would do to the books of a firm, counted in accounts, invoices or payments.

    ``errors`` are the first 200 of ``error_count``, in the order of their lines; with any, nothing can be imported.
    """

    kind: Kind
    firm: Firm
    rows_new: int
    rows_changed: int
    rows_unchanged: int
    errors: list[RowError]
    error_count: int
    records: Sequence[Any] = field(repr=False)

    @property
    def is_ready(self) -> bool:
        """Whether ``apply`` has something to import and nothing against it."""
        return not self.error_count


@dataclass(frozen=True)
class ImportResult:
    """What an import did, counted in accounts, invoices or payments."""

    kind: Kind
    created: int
    updated: int
    unchanged: int


def read(kind: str, file_bytes: bytes, firm: Firm) -> ImportPlan:
    """Judge a file against the firm's books, and change nothing.

    Args:
        kind: ``accounts``, ``invoices`` or ``payments``.
        file_bytes: the file as it came. Nothing about it is trusted.
    """
    kind = Kind(kind)
    errors = Errors()
    records = _PARSE[kind](read_rows(file_bytes, COLUMNS[kind], errors), errors)
    counts: Counts = _COMPARE[kind](firm, records, errors).counts
    shown = sorted(errors.kept, key=lambda error: error.line)
    return ImportPlan(kind, firm, counts.new, counts.changed, counts.unchanged, shown, errors.count, records)


def apply(plan: ImportPlan) -> ImportResult:
    """Import what was read, in one transaction; it is judged again under the locks, as the books may have changed.

    Raises:
        ImportRefused: something is wrong with the file, or by now with one of its rows; nothing was imported.
    """
    if plan.error_count:
        raise ImportRefused(plan.errors, plan.error_count)
    imported = books_import(firm=plan.firm, **{plan.kind.value: plan.records})
    counts: Counts = getattr(imported, plan.kind.value)
    return ImportResult(plan.kind, counts.new, counts.changed, counts.unchanged)

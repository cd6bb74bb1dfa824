"""A long list on screens: one page of its rows, and what ``_pager.html`` says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows, and how many there are; ``counted`` is false where that is only a lower bound."""

    rows: list[Any]
    number: int
    total: int
    counted: bool = True
    size: int = PAGE_SIZE

    @property
    def first(self) -> int:
        """The position of the first row shown, counted from one; zero where there is none."""
        return (self.number - 1) * self.size + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """The position of the last row shown."""
        return (self.number - 1) * self.size + len(self.rows)

    @property
    def previous(self) -> int | None:
        """The page before, or None."""
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        """The page after, or None."""
        return self.number + 1 if self.last < self.total or (not self.counted and len(self.rows) == self.size) else None


def page_of(rows: QuerySet[Any], number: str | None) -> Page:
    """Return a page of rows that are few enough to be counted; ``number`` is as the address has it, whatever it is."""
    total = rows.count()
    last = max(1, -(-total // PAGE_SIZE))
    wanted = int(number) if number and number.isascii() and number.isdigit() and len(number) < 18 else 1
    shown = min(max(wanted, 1), last)
    start = (shown - 1) * PAGE_SIZE
    return Page(list(rows[start : start + PAGE_SIZE]), shown, total)

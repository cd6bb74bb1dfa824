"""Reads one cell: an amount, a date, a word of a list. Each has its sentence for what cannot be read. Pure."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeVar

from accounts.importing.table import Row
from accounts.services.bulk.records import Errors

_AMOUNT = re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+")
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_US = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_LONGEST_NUMBER = 30
T = TypeVar("T")


class Unreadable(ValueError):
    """A cell that cannot be read; the text is the sentence about it."""


def amount_of(text: str) -> Decimal:
    """Return what an amount such as 1,234.50, $12, -5 or (5) says; the last two are below zero.

    Raises:
        Unreadable: it is anything else; 1e9, NaN and 1.234,50 are.
    """
    inner = text.strip()
    negative = False
    if inner.startswith("(") and inner.endswith(")"):
        negative, inner = True, inner[1:-1].strip()
    if inner[:1] in ("-", "−"):
        if negative:
            raise Unreadable(f"“{text[:40]}” is not an amount such as 1,234.50.")
        negative, inner = True, inner[1:].strip()
    inner = inner.removeprefix("$").strip()
    if len(inner) > _LONGEST_NUMBER or not _AMOUNT.fullmatch(inner):
        raise Unreadable(f"“{text[:40]}” is not an amount such as 1,234.50.")
    value = Decimal(inner.replace(",", ""))
    return value.copy_negate() if negative else value


def date_of(text: str) -> datetime.date:
    """Return the day that 2026-01-31 or 1/31/2026 names.

    Raises:
        Unreadable: there is no such day, or it is written in another way.
    """
    if match := _ISO.fullmatch(text):
        year, month, day = map(int, match.groups())
    elif match := _US.fullmatch(text):
        month, day, year = map(int, match.groups())
    else:
        raise Unreadable(f"“{text[:40]}” is not a date such as 2026-01-31 or 1/31/2026.")
    try:
        return datetime.date(year, month, day)
    except ValueError:
        raise Unreadable(f"There is no day {text}.") from None


def choice_of(text: str, words: Mapping[str, str]) -> str:
    """Return what the word stands for; ``words`` has lower-case keys.

    Raises:
        Unreadable: the word is none of them.
    """
    try:
        return words[" ".join(text.lower().split())]
    except KeyError:
        raise Unreadable(f"“{text[:40]}” is none of {', '.join(words)}.") from None


def words_of(text: str) -> tuple[str, ...]:
    """Return the parts of a cell that are separated by semicolons or bars, each one once."""
    parts = (part.strip() for part in re.split(r"[;|]", text))
    return tuple(dict.fromkeys(part for part in parts if part))


class Cells:
    """Reads the cells of one row, and notes what cannot be read. A blank or unreadable cell gives None."""

    def __init__(self, row: Row, errors: Errors) -> None:
        self.row, self.errors = row, errors
        self._before = errors.count

    @property
    def sound(self) -> bool:
        """Whether everything read so far could be read."""
        return self.errors.count == self._before

    def text(self, title: str) -> str:
        """Return the cell's text; empty where the file has no such column."""
        return self.row.cells.get(title, "")

    def required(self, title: str) -> str:
        """Return the cell's text; a blank one is noted."""
        text = self.text(title)
        if not text:
            self.errors.add(self.row.line, title, f"{title} is missing.")
        return text

    def amount(self, title: str, *, required: bool = False) -> Decimal | None:
        """Return the amount in the cell."""
        return self._read(title, amount_of, required)

    def date(self, title: str, *, required: bool = False) -> datetime.date | None:
        """Return the date in the cell."""
        return self._read(title, date_of, required)

    def choice(self, title: str, words: Mapping[str, str]) -> str | None:
        """Return what the cell's word stands for."""
        return self._read(title, lambda text: choice_of(text, words), False)

    def note(self, title: str, sentence: str) -> None:
        """Note what is wrong with the cell."""
        self.errors.add(self.row.line, title, sentence)

    def _read(self, title: str, reader: Callable[[str], T], required: bool) -> T | None:
        text = self.required(title) if required else self.text(title)
        try:
            return reader(text) if text else None
        except Unreadable as problem:
            self.note(title, str(problem))
            return None

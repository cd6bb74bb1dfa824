"""Turns the bytes of somebody's file into rows of text. It trusts nothing in it, and knows nothing of books."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from accounts.importing.columns import Column, folded
from accounts.services.bulk.records import Errors

MOST_BYTES = 64 * 1024 * 1024
MOST_ROWS = 200_000
MOST_LINES = 1_000_000
MOST_COLUMNS = 100
LARGEST_CELL = 20_000
_GUARDED = re.compile(r"'[=+\-@\t\r]")  # how spreadsheets are kept from reading a text as a formula


@dataclass(frozen=True)
class Row:
    """One row: the line on which it begins, and its cells by column title, without surrounding spaces."""

    line: int
    cells: dict[str, str]


def read_rows(data: bytes, columns: Sequence[Column], errors: Errors) -> Iterator[Row]:
    """Yield the rows of a CSV file; blank ones are left out. What is wrong with the file is noted with its line.

    The text may be UTF-8, UTF-16 with a byte order mark, or Windows-1252; the delimiter a comma, semicolon or tab.
    Reading ends at the first place where rows cannot be told apart any more.
    """
    text = _decoded(data, errors)
    if text is None:
        return
    records = _records(text, _delimiter(text, columns), errors)
    header = next(records, None)
    if header is None:
        if not errors:
            errors.add(1, "", "The file is empty.")
        return
    titles = _titles(header[1], columns, header[0], errors)
    if titles is None:
        return
    for count, (line, cells) in enumerate(records, start=1):
        if count > MOST_ROWS:
            errors.add(line, "", f"The file has more than {MOST_ROWS:,} rows. Split it into several files.")
            return
        if _is_sound(line, cells, titles, errors):
            texts = (cell.strip() for cell in cells)
            plain = (text[1:] if _GUARDED.match(text) else text for text in texts)
            yield Row(line, {title: text for title, text in zip(titles, plain, strict=False) if title})


def _decoded(data: bytes, errors: Errors) -> str | None:
    """The file's text, or None where it is no text."""
    if len(data) > MOST_BYTES:
        errors.add(1, "", f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it into several files.")
        return None
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        errors.add(1, "", "This is a workbook, not a CSV file. In the spreadsheet program, save it as CSV first.")
        return None
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
        line = len(re.findall(r"\r\n|\r|\n", text[: text.index("\x00")])) + 1
        errors.add(line, "", "There is a NUL character here, so the file is damaged or is not a CSV file.")
        return None
    errors.add(1, "", "The file's characters cannot be read. Save it as CSV in UTF-8.")
    return None


def _delimiter(text: str, columns: Sequence[Column]) -> str:
    """The delimiter with which the first line names the most columns."""
    first = text.lstrip("\r\n")[:LARGEST_CELL].splitlines()[:1]
    known = set().union(*(column.spellings for column in columns))

    def recognised(delimiter: str) -> int:
        try:
            headings = next(csv.reader(first, delimiter=delimiter), [])
        except csv.Error:
            return 0
        return sum(folded(heading) in known for heading in headings)

    return max(",;\t", key=recognised)


def _records(text: str, delimiter: str, errors: Errors) -> Iterator[tuple[int, list[str]]]:
    """The records that are not blank, each with the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            errors.add(
                line, "", "The cells of this row cannot be told apart: a quotation mark is missing, or one too many."
            )
            return
        if any(cell.strip() for cell in cells):
            yield line, cells
        line = reader.line_num + 1
        if line > MOST_LINES:
            errors.add(line, "", f"The file has more than {MOST_LINES:,} lines. Split it into several files.")
            return


def _titles(headings: list[str], columns: Sequence[Column], line: int, errors: Errors) -> list[str] | None:
    """The column's title at each place of the header (empty: no column), or None where the header is wrong."""
    before = errors.count
    meaning = {spelling: column.title for column in columns for spelling in column.spellings}
    titles: list[str] = []
    for heading in headings[:MOST_COLUMNS]:
        title = meaning.get(folded(heading), "")
        if heading.strip() and not title:
            known = ", ".join(column.title for column in columns)
            errors.add(
                line, heading.strip()[:60], f"“{heading.strip()[:60]}” is no column that is known. Known are: {known}."
            )
        if title and title in titles:
            errors.add(line, title, f"The column {title} is there twice.")
        titles.append(title)
    if len(headings) > MOST_COLUMNS:
        errors.add(line, "", f"The first row has {len(headings):,} cells; that is no header of this kind of file.")
    for column in columns:
        if column.required and column.title not in titles:
            errors.add(line, column.title, f"The column {column.title} is missing.")
    return titles if errors.count == before else None


def _is_sound(line: int, cells: list[str], titles: list[str], errors: Errors) -> bool:
    """Whether each cell is in a column and of a bearable size; what is wrong is noted."""
    before = errors.count
    for place, cell in enumerate(cells):
        title = titles[place] if place < len(titles) else ""
        if not title and cell.strip():
            errors.add(line, "", f"The row has more cells than the header: “{cell.strip()[:40]}” belongs to no column.")
            break
        if len(cell) > LARGEST_CELL:
            errors.add(line, title, f"The cell has {len(cell):,} characters. A closing quotation mark may be missing.")
    return errors.count == before

"""Files as people really send them: encodings, delimiters, headers, quotes, and damage of every kind."""

from pathlib import Path

import pytest

import accounts.importing
from accounts.importing import COLUMNS, Kind
from accounts.importing import table as tables
from accounts.importing.columns import table
from accounts.importing.table import read_rows
from accounts.services.bulk.records import Errors


def rows_of(data: bytes) -> tuple[list[dict[str, str]], list[tuple[int, str]]]:
    """The cells of each row of a file of accounts, and what was said of which line."""
    errors = Errors()
    rows = [row.cells for row in read_rows(data, COLUMNS[Kind.ACCOUNTS], errors)]
    return rows, [(error.line, error.sentence) for error in errors.kept]


ZOE = [{"ID": "ZB1", "Name": "Zoë “Z” Brontë"}]


@pytest.mark.parametrize(
    "data",
    [
        "ID,Name\nZB1,Zoë “Z” Brontë\n".encode(),
        "\ufeffID,Name\r\nZB1,Zoë “Z” Brontë\r\n".encode(),
        "ID;Name\nZB1;Zoë “Z” Brontë".encode("cp1252"),
        "ID\tName\rZB1\tZoë “Z” Brontë\r".encode("utf-16"),
        "\n\nID,Name,,\n\n ZB1 , Zoë “Z” Brontë ,,\n,,,\n   \n".encode(),
        'account_id,"ACCOUNT NAME"\n"ZB1","Zoë “Z” Brontë"\n'.encode(),
    ],
    ids=[
        "utf-8",
        "byte order mark",
        "windows-1252, semicolons",
        "utf-16, tabs, \\r",
        "blank lines and cells",
        "aliases",
    ],
)
def test_a_file_is_read_however_it_was_saved(data: bytes) -> None:
    assert rows_of(data) == (ZOE, [])


def test_quoted_cells_may_hold_delimiters_quotes_and_lines_and_lines_are_still_counted() -> None:
    rows, errors = rows_of(b'ID,Name\nA1,"Smith, ""Al"" \n& Sons"\nB1,Bob,too much\n')
    assert rows == [{"ID": "A1", "Name": 'Smith, "Al" \n& Sons'}]
    assert errors == [(4, "The row has more cells than the header: “too much” belongs to no column.")]


def test_a_short_row_is_blank_at_its_end() -> None:
    assert rows_of(b"ID,Name,Type\nA1,Al\n") == ([{"ID": "A1", "Name": "Al"}], [])


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1 555", "-x", "@home"])
def test_a_cell_that_looks_like_a_formula_is_text_and_its_guard_is_taken_off(text: str) -> None:
    assert rows_of(f"ID,Name\nA1,{text}\nB1,'{text}\n".encode())[0] == [
        {"ID": "A1", "Name": text},
        {"ID": "B1", "Name": text},
    ]


def test_an_apostrophe_that_begins_a_name_stays() -> None:
    assert rows_of(b"ID,Name\nA1,'t Hooft BV\n")[0] == [{"ID": "A1", "Name": "'t Hooft BV"}]


@pytest.mark.parametrize(
    ("data", "line", "sentence"),
    [
        (b"", 1, "The file is empty."),
        (b"\r\n \r\n", 1, "The file is empty."),
        (b"ID,Name,Colour\nA1,Al,red\n", 1, "“Colour” is no column that is known. Known are: ID, Name, Type,"),
        (b"ID,Name,name\nA1,Al,Al\n", 1, "The column Name is there twice."),
        (b"Name\nAl\n", 1, "The column ID is missing."),
        (b"PK\x03\x04 a workbook", 1, "This is a workbook, not a CSV file."),
        (b"ID,Name\nA1,Al\nB1,B\x00b\n", 3, "There is a NUL character here"),
        (b"ID,Name\nA1,\x81\n", 1, "The file's characters cannot be read."),
        (b'ID,Name\nA1,Al\nB1,"Bob\nC1,Cy\n', 3, "a quotation mark is missing, or one too many."),
        (b'ID,Name\nA1,"Al"x\n', 2, "a quotation mark is missing, or one too many."),
        (b"ID,Name\nA1," + b"x" * 20_001 + b"\n", 2, "The cell has 20,001 characters."),
        (b"ID,Name\nA1," + b"x" * 200_000 + b"\n", 2, "a quotation mark is missing"),
        (b"ID,Name" + b"," * 200 + b"\n", 1, "The first row has 202 cells"),
        (b"\xff\xfe\x00", 1, "The file's characters cannot be read."),
    ],
)
def test_a_damaged_file_is_named_with_its_line(data: bytes, line: int, sentence: str) -> None:
    _, errors = rows_of(data)
    assert [(at, sentence in said) for at, said in errors] == [(line, True)], errors


def test_more_rows_than_a_file_may_have_end_the_reading() -> None:
    data = b"ID,Name\n" + b"A,B\n" * 1_000_000
    rows, errors = rows_of(data)
    assert len(rows) == tables.MOST_ROWS
    assert errors == [(200_002, "The file has more than 200,000 rows. Split it into several files.")]


def test_endless_blank_lines_end_the_reading() -> None:
    assert rows_of(b"ID,Name\n" + b"\n" * 1_200_000)[1] == [
        (1_000_001, "The file has more than 1,000,000 lines. Split it into several files.")
    ]


def test_a_file_that_is_too_large_is_not_even_decoded() -> None:
    assert "larger than 64 MB" in rows_of(b"x" * (tables.MOST_BYTES + 1))[1][0][1]


@pytest.mark.parametrize("kind", Kind)
def test_the_readme_tells_of_the_columns_as_they_are(kind: Kind) -> None:
    assert table(kind) in (Path(accounts.importing.__file__).parent / "README.md").read_text()

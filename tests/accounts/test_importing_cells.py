"""Cells: amounts and dates as Americans and their spreadsheets write them, and what is none."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.importing.cells import Unreadable, amount_of, date_of, words_of


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12", "12"),
        ("1,234.50", "1234.50"),
        ("$12", "12"),
        ("$ 1,234,567.89", "1234567.89"),
        ("(5)", "-5"),
        ("($5.25)", "-5.25"),
        ("-5", "-5"),
        ("-$5", "-5"),
        ("−5", "-5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("0012", "12"),
    ],
)
def test_an_amount_is_read(text: str, amount: str) -> None:
    assert amount_of(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    ["1e9", "NaN", "Infinity", "sNaN", "1.234,50", "12,50", "1,23", "1 000", "0x1F", "٣", "½", "(-5)", "--5", "$", "()",
     "5%", "1_000", "12€", "1" * 31, "=1+1", "."],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match=r"is not an amount such as 1,234\.50\."):
        amount_of(text)


@pytest.mark.parametrize("text", ["2026-01-31", "1/31/2026", "01/31/2026", "2026-1-31"])
def test_a_date_is_read(text: str) -> None:
    assert date_of(text) == date(2026, 1, 31)


@pytest.mark.parametrize(
    "text",
    ["31/1/2026", "2026-02-30", "1/31/26", "2026-01-31 10:00", "46053", "Jan 31, 2026", "0000-00-00", "２０２６-01-31"],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        date_of(text)


@given(st.text(max_size=40))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    for read in (amount_of, date_of):
        try:
            read(text)
        except Unreadable as refused:
            assert str(refused)


@given(st.decimals(0, 10**9, places=2))
def test_an_amount_survives_being_written_out(amount: Decimal) -> None:
    assert amount_of(f"${amount:,.2f}") == amount == -amount_of(f"({amount})")


def test_parts_are_separated_by_semicolons_or_bars_and_named_once() -> None:
    assert words_of(" VIP; Monthly |VIP;; ") == ("VIP", "Monthly")

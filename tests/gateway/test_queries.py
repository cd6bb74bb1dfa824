"""Statements in QuickBooks' query language."""

import pytest

from qbsync.gateway import queries


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Alice", "'Alice'"),
        ("O'Brien", r"'O\'Brien'"),
        ("trailing backslash\\", r"'trailing backslash\\'"),
        (r"\' OR 1", r"'\\\' OR 1'"),
        ("中文 & José", "'中文 & José'"),
        ("", "''"),
    ],
)
def test_a_literal_cannot_be_left_by_what_is_in_it(text: str, quoted: str) -> None:
    assert queries.literal(text) == quoted


def test_a_list_holds_literals() -> None:
    assert queries.in_list(["1", "O'Brien"]) == r"('1', 'O\'Brien')"


def test_an_empty_list_is_refused_because_the_language_has_none() -> None:
    with pytest.raises(ValueError, match="at least one"):
        queries.in_list([])


def test_a_page_is_asked_for_in_the_order_of_ids() -> None:
    assert (
        queries.select("Customer", "Active IN (true, false)", fields="Id, DisplayName", start=1001)
        == "SELECT Id, DisplayName FROM Customer WHERE Active IN (true, false) ORDERBY Id "
        "STARTPOSITION 1001 MAXRESULTS 1000"
    )


def test_an_empty_result_has_no_rows() -> None:
    assert queries.rows_of({}) == []
    assert queries.rows_of({"Customer": [{"Id": "1"}], "startPosition": 1, "maxResults": 1}) == [{"Id": "1"}]


def test_a_count_is_told_apart_from_rows_and_from_no_answer() -> None:
    assert queries.count("Customer", "Active = true") == "SELECT COUNT(*) FROM Customer WHERE Active = true"
    assert [queries.count_of(answer) for answer in ({"totalCount": 37}, {}, None)] == [37, None, None]

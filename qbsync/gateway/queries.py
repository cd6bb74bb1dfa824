"""Writes statements in QuickBooks' query language. Pure: sends nothing.

The language: https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

PAGE = 1000
"""The most rows that QuickBooks returns for one query."""


def literal(text: str) -> str:
    """Return the text as a quoted literal. QuickBooks escapes by backslash, so a backslash itself is doubled first."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def in_list(values: Iterable[str]) -> str:
    """Return the right-hand side of ``IN`` for these texts.

    Raises:
        ValueError: there are none, which the language cannot say.
    """
    literals = [literal(value) for value in values]
    if not literals:
        raise ValueError("IN needs at least one value.")
    return f"({', '.join(literals)})"


def select(entity: str, where: str = "", *, fields: str = "*", start: int = 1, limit: int = PAGE) -> str:
    """Return one page of a query in the order of ids, so that pages neither skip nor repeat rows.

    Args:
        entity: ``Customer``, ``Invoice``, …; case-sensitive.
        where: conditions made with :func:`literal` and :func:`in_list`, joined by AND; empty for all.
            List entities leave out inactive rows unless asked by ``Active IN (true, false)``.
        fields: comma-separated, or ``*``.
        start: number of the first row, from 1.
        limit: the most rows, up to :data:`PAGE`.
    """
    condition = f" WHERE {where}" if where else ""
    return f"SELECT {fields} FROM {entity}{condition} ORDERBY Id STARTPOSITION {start} MAXRESULTS {limit}"  # noqa: S608 - QuickBooks has no bound parameters; literal() escapes


def count(entity: str, where: str = "") -> str:
    """Return the question how many rows there are, ``where`` as in :func:`select`. See :func:`count_of`."""
    return f"SELECT COUNT(*) FROM {entity}" + (f" WHERE {where}" if where else "")  # noqa: S608 - as in select()


def count_of(query_response: Any) -> int | None:
    """Return the number in a ``QueryResponse``; None where there is none."""
    number = query_response.get("totalCount") if isinstance(query_response, dict) else None
    return number if isinstance(number, int) else None


def rows_of(query_response: Any) -> list[dict[str, Any]]:
    """Return the rows of a ``QueryResponse``; an empty result names no entity."""
    if not isinstance(query_response, dict):
        return []
    lists = (value for value in query_response.values() if isinstance(value, list))
    return [row for rows in lists for row in rows if isinstance(row, dict)]

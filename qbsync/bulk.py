"""Many rows at a time: read in parts, written in one statement. Knows nothing of what the rows mean.

Django's ``bulk_update`` builds a CASE with a branch for each row for each column, which for 30 rows of 14 columns costs
more than everything else that a batch needs. PostgreSQL takes the same rows as a table of values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from django.db import connection
from django.db.models import Field, Model

_MOST_ROWS = 1000
T = TypeVar("T")


def in_parts(rows: Iterable[T], size: int = _MOST_ROWS) -> Iterator[list[T]]:
    """Yield the rows as lists of this size, the last one as short as it is."""
    remaining = iter(rows)
    while part := list(islice(remaining, size)):
        yield part


def update_rows(rows: Iterable[Model], fields: Sequence[str]) -> None:
    """Write these fields of rows of one model, which are stored already and are found by their keys."""
    changed = list(rows)
    for start in range(0, len(changed), _MOST_ROWS):
        _update(changed[start : start + _MOST_ROWS], fields)


def _update(rows: Sequence[Model], fields: Sequence[str]) -> None:
    meta, quote = rows[0]._meta, connection.ops.quote_name
    by_name = {field.name: field for field in meta.concrete_fields}
    written = [by_name[name] for name in fields]
    columns = [quote(str(field.column)) for field in written]
    settings = ", ".join(f"{name} = new.{name}::{_type(field)}" for name, field in zip(columns, written, strict=True))
    values = ", ".join([f"(%s{', %s' * len(columns)})"] * len(rows))
    statement = (
        f"UPDATE {quote(meta.db_table)} AS stored SET {settings} "  # noqa: S608 - nothing but names of columns
        f"FROM (VALUES {values}) AS new (pk, {', '.join(columns)}) WHERE stored.{quote(str(meta.pk.column))} = new.pk"
    )
    parameters = [
        value
        for row in rows
        for value in (row.pk, *(field.get_db_prep_save(getattr(row, field.attname), connection) for field in written))
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def _type(field: Field) -> str:
    """The column's type, to cast to where all values are NULL or text; without its length, which would cut."""
    return str(field.db_type(connection)).partition("(")[0]

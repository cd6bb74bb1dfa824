"""The row guard: while a member of a firm is served, no row of another firm is loaded from the database.

Selectors keep firms apart; this stands behind them. A query that forgot its firm does then not show another firm's row:
it ends in an error, with a line in the log. It looks at what is loaded as an object. What a query gives as plain values
or sums, and what it updates without loading, only tests can see: ``tests/test_isolation.py`` asks every address.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, Self

from django.apps import apps
from django.db import models

logger = logging.getLogger(__name__)


class OtherFirmsRow(Exception):
    """A row of another firm was loaded: a query of ours forgot whom it works for."""


class Guard:
    """The firm that is served, and which rows of it are known: what belongs to one of them is the firm's as well."""

    def __init__(self, firm: models.Model) -> None:
        self.firm_id = firm.pk
        self.known: dict[type[models.Model], set[Any]] = {model: set() for model in _owning()}
        self.known[type(firm)] = {firm.pk}
        for row in firm._state.fields_cache.values():  # it came with its connection
            if isinstance(row, FirmOwned):
                self.check(row)

    def check(self, row: models.Model) -> None:
        """Take note of a row of the firm.

        Raises:
            OtherFirmsRow: it is another firm's.
        """
        model = type(row)
        values, known = row.__dict__, self.known
        owners = _owners(model)
        if not owners:
            if row.pk not in known[model]:
                self._refuse(row)
            return
        if not any(values.get(column) in known[owner] for column, owner in owners):
            column, owner = owners[0]
            owner_id = getattr(row, column)  # of a row without that column it is asked for
            # The firm is known from the start; loading any other owner checks that one in turn
            if owner_id not in known[owner] and (not _owners(owner) or not owner._base_manager.filter(pk=owner_id)):
                self._refuse(row)
        if model in known:
            known[model].add(row.pk)

    def _refuse(self, row: models.Model) -> None:
        said = f"{row._meta.label} {row.pk} was loaded for firm {self.firm_id} and is another firm's."
        logger.error(said)
        raise OtherFirmsRow(said)


_guard: ContextVar[Guard | None] = ContextVar("guard", default=None)


class FirmOwned(models.Model):
    """A model whose rows belong to a firm: by a column of their own, or by a row that they cannot be without.

    Whoever loads one with ``only()`` includes that column: each row would ask for it by itself otherwise.
    """

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **others: Any) -> Self:
        """Make the object of a row, unless the row is another firm's than the one that is served."""
        row = super().from_db(db, field_names, values, **others)
        if (guard := _guard.get()) is not None:
            guard.check(row)
        return row


def serve(firm: models.Model) -> None:
    """From here on, until the request ends, only rows of this firm are loaded."""
    _guard.set(Guard(firm))


@contextmanager
def unguarded(guard: Guard | None = None) -> Iterator[None]:
    """Load rows of any firm inside, such as the other places of one person, or those that another guard permits."""
    token = _guard.set(guard)
    try:
        yield
    finally:
        _guard.reset(token)


def keep_guarded(content: Iterable[bytes]) -> Iterable[bytes]:
    """Return the content of an answer that is sent bit by bit, each made under the guard that stands now."""
    guard = _guard.get()
    return content if guard is None else _each_guarded(iter(content), guard)


def _each_guarded(content: Iterator[bytes], guard: Guard) -> Iterator[bytes]:
    while True:
        with unguarded(guard):
            part = next(content, None)
        if part is None:
            return
        yield part


@cache
def _owners(model: type[models.Model]) -> tuple[tuple[str, type[models.Model]], ...]:
    """The columns of the model that say whose its rows are, each with the model of the owner."""
    return tuple(
        (field.attname, field.related_model)
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and not field.null and issubclass(field.related_model, FirmOwned)
    )


@cache
def _owning() -> frozenset[type[models.Model]]:
    """The models whose rows own others."""
    return frozenset(owner for model in apps.get_models() for _, owner in _owners(model))

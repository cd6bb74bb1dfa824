"""Moves what is encrypted in the database to the newest key, while the portal runs. Knows every place of a secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db import connection as database
from django.db import transaction

from portal import crypto
from qbsync.crypto import EncryptedTextField

_PAGE = 1000  # rows at a time
_OF_AUTHENTICATORS = ("secret", "seed")  # of an authenticator app, and of recovery codes


@dataclass
class Rotation:
    """What became of the secrets of the database.

    Attributes:
        newest: how many the newest key had encrypted already.
        older: how many an older key had encrypted.
        unreadable: where those are that no key of TOKEN_ENCRYPTION_KEYS opens: column and key of the row.
    """

    newest: int = 0
    older: int = 0
    unreadable: list[str] = field(default_factory=list)


def rotate(*, write: bool) -> Rotation:
    """Encrypt anew with the newest key what an older one has encrypted; only count it where ``write`` is False.

    A secret that somebody replaces meanwhile, as a refresh does with tokens, stays as they have stored it.
    """
    found = Rotation()
    for place, stored, replace in (*_columns(), *_authenticators()):
        if crypto.is_newest(stored):
            found.newest += 1
            continue
        try:
            renewed = crypto.renew(stored)
        except InvalidToken:
            found.unreadable.append(place)
            continue
        found.older += 1
        if write:
            replace(renewed)
    return found


Secret = tuple[str, str, Callable[[str], None]]  # where it is, as it is stored, and how it is replaced


def _columns() -> Iterator[Secret]:
    """Every encrypted column of every model, so that a new one is not forgotten."""
    for model in apps.get_models():
        for column in model._meta.local_concrete_fields:
            if isinstance(column, EncryptedTextField):
                yield from _values(model._meta.db_table, str(column.column))


def _values(table: str, column: str) -> Iterator[Secret]:
    # Past the ORM, which decrypts.
    names = {"table": database.ops.quote_name(table), "column": database.ops.quote_name(column)}
    select = "SELECT id, {column} FROM {table} WHERE id > %s AND {column} <> '' ORDER BY id LIMIT %s".format(**names)  # noqa: S608
    update = "UPDATE {table} SET {column} = %s WHERE id = %s AND {column} = %s".format(**names)  # noqa: S608
    last = 0
    while True:
        with database.cursor() as cursor:
            cursor.execute(select, [last, _PAGE])
            stored = cursor.fetchall()
        for key, value in stored:

            def replace(renewed: str, key: int = key, value: str = value) -> None:
                with database.cursor() as cursor:
                    cursor.execute(update, [renewed, key, value])

            yield f"{table}.{column} of row {key}", value, replace
            last = key
        if len(stored) < _PAGE:
            return


def _authenticators() -> Iterator[Secret]:
    for key, data in list(Authenticator.objects.order_by("pk").values_list("pk", "data")):
        for name in _OF_AUTHENTICATORS:
            if value := data.get(name):

                def replace(renewed: str, key: int = key, name: str = name, value: str = value) -> None:
                    with transaction.atomic():
                        row = Authenticator.objects.select_for_update().filter(pk=key).first()
                        if row is not None and row.data.get(name) == value:
                            row.data[name] = renewed
                            row.save(update_fields=["data"])

                yield f"{Authenticator._meta.db_table}.data of row {key}", value, replace

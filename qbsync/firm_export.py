"""Writes everything of a firm into one file: a CSV table for each of ours, and a manifest that counts their rows."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from accounts.exporting import csv_line, first_line
from portal.models import Firm, User
from portal.ownership import rows_of, ways_to_firm
from qbsync.crypto import EncryptedTextField

_ROWS_AT_ONCE = 2000
_OF_A_PERSON = ["id", "email", "name", "last_login", "date_joined"]
_SECRETS = {"portal.Invitation": {"key"}}
"""Besides what is encrypted in the database: the key of an invitation opens the portal."""


def firm_export(firm: Firm, file: Path) -> dict[str, int]:
    """Write the firm's rows, and the people who work there, to a new file; return how many rows each table has.

    All tables are read in one transaction, as they were at one moment, and row by row, so that a firm of any size needs
    no more memory. Amounts are in the firm's currency, moments in UTC. No password, token or key is among it. Only the
    person who runs this may read the file, and it is there whole or not at all.

    Raises:
        FileExistsError: there is one of this name already.
    """
    if file.exists():
        raise FileExistsError(file)
    part = file.with_name(f".{file.name}.part")
    part.touch(mode=0o600)
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive, transaction.atomic():
            rows = _write_tables(firm, archive)
            told = {"firm": firm.name, "currency": firm.currency, "at": timezone.now().isoformat(), "rows": rows}
            archive.writestr("manifest.json", json.dumps(told, indent=2, ensure_ascii=False))
        os.link(part, file)  # unlike a renaming, it takes no other file's place
    finally:
        part.unlink()
    return rows


def _write_tables(firm: Firm, archive: zipfile.ZipFile) -> dict[str, int]:
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    rows = {model._meta.label: _write(archive, rows_of(firm, model), _fields(model)) for model in ways_to_firm()}
    people: QuerySet[Any] = User.objects.filter(memberships__firm=firm)
    return {**rows, User._meta.label: _write(archive, people, _OF_A_PERSON)}


def _fields(model: type[Model]) -> list[str]:
    secret = _SECRETS.get(model._meta.label, set())
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, EncryptedTextField)]
    return [field.attname for field in fields if field.attname not in secret]


def _write(archive: zipfile.ZipFile, rows: QuerySet[Any], fields: list[str]) -> int:
    count = 0
    name = f"{rows.model._meta.label}.csv"
    with archive.open(name, "w", force_zip64=True) as file, io.TextIOWrapper(file, "utf-8", newline="") as text:
        text.write(first_line(fields))
        for row in rows.order_by("pk").values_list(*fields).iterator(_ROWS_AT_ONCE):
            text.write(csv_line(_cells(row)))
            count += 1
    return count


def _cells(row: Iterable[Any]) -> list[str | Decimal]:
    return [_cell(value) for value in row]


def _cell(value: Any) -> str | Decimal:
    match value:
        case None:
            return ""
        case Decimal():
            return value
        case datetime() | date() | time():
            return value.isoformat()
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)

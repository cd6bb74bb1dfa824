"""`manage.py backup`: writes the whole database into a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.backups import BackupFailed, back_up


class Command(BaseCommand):
    """Runs beside a working portal."""

    help = (
        "Writes the whole database into a file that only you can read. The keys of the settings are not in it: keep "
        "TOKEN_ENCRYPTION_KEYS and SECRET_KEY elsewhere."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file."""
        parser.add_argument("file", type=Path, help="where to write it; must not exist")

    def handle(self, *args: Any, **options: Any) -> None:
        """Back up, and say how large it is."""
        file: Path = options["file"]
        try:
            back_up(file, now=timezone.now())
        except BackupFailed as failed:
            raise CommandError(str(failed)) from None
        self.stdout.write(f"{file} has the whole database, in {file.stat().st_size / 1e6:,.1f} MB.")

"""`manage.py restore`: restores a backup into an empty database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from portal.backups import BackupFailed, restore


class Command(BaseCommand):
    """Never writes over anything; the database has to be empty."""

    help = (
        "Restores a backup into the database that DATABASE_URL names, which must be empty, and brings it up to this "
        "version. Before anything is sent to QuickBooks again, each company is looked through for what was sent since."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file."""
        parser.add_argument("file", type=Path, help="what `manage.py backup` wrote")

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore, migrate, and say what happens next."""
        try:
            moment = restore(options["file"])
        except BackupFailed as failed:
            raise CommandError(str(failed)) from None
        call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write(
            f"The database is as it was on {moment:%B %d, %Y at %H:%M} UTC. Start the portal: its workers first look "
            "for what was sent to QuickBooks since, and send nothing before."
        )

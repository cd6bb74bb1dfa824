"""`manage.py export_firm FIRM --to FILE.zip`: writes everything of a firm into one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.models import Firm
from qbsync.firm_export import firm_export


class Command(BaseCommand):
    """Writes the file, and says how many rows each table has."""

    help = "Writes a firm's books, history and people as CSV tables into one zip file. No secret is among it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the firm's key and the file."""
        parser.add_argument("firm", type=int, help="the key of the firm, as the admin shows it")
        parser.add_argument("--to", type=Path, required=True, metavar="FILE.zip", help="a file that is not there yet")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it, or say why not."""
        firm = Firm.objects.filter(pk=options["firm"]).first()
        if firm is None:
            raise CommandError(f"There is no firm {options['firm']}.")
        try:
            rows = firm_export(firm, options["to"])
        except FileExistsError:
            raise CommandError(f"{options['to']} is there already. Nothing was written.") from None
        except OSError as error:
            raise CommandError(f"{options['to']} cannot be written: {error.strerror}. Nothing was kept.") from error
        self.stdout.write(self.style.SUCCESS(f"{firm.name}: {sum(rows.values()):,} rows of {len(rows)} tables."))

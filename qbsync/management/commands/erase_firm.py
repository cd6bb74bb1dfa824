"""`manage.py erase_firm FIRM`: erases a firm and everything of it, after its name was typed."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.models import Firm
from qbsync.connecting import connection_disconnect
from qbsync.models.connection import LIVE
from qbsync.selectors import connection_of
from qbsync.services.erasing import firm_erase


class Command(BaseCommand):
    """Ends the connection to QuickBooks, then erases the firm's rows in one transaction."""

    help = "Erases a firm with its books, history and people. What is in QuickBooks stays there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the firm's key, and its name for where nobody is there to type it."""
        parser.add_argument("firm", type=int, help="the key of the firm, as sync_status --json and the admin show it")
        parser.add_argument("--name", help="the firm's name, to the letter, instead of asking for it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase it, or say why not."""
        firm = Firm.objects.select_related("quickbooks").filter(pk=options["firm"]).first()
        if firm is None:
            raise CommandError(f"There is no firm {options['firm']}.")
        typed = options["name"]
        if typed is None:
            typed = input(f"This erases {firm.name} for good. Type its name to go on: ")
        if typed != firm.name:
            raise CommandError(f"That is not its name, {firm.name}. Nothing was erased.")
        connection = connection_of(firm)
        if connection is not None and connection.status in LIVE:
            connection_disconnect(connection=connection, by=None)
            self.stdout.write("The connection to QuickBooks was ended.")
        erased = firm_erase(firm=firm)
        for table, count in sorted(erased.rows.items()):
            self.stdout.write(f"  {table}: {count:,}")
        self.stdout.write(self.style.SUCCESS(f"{typed} is erased, and {erased.people} people who worked there alone."))

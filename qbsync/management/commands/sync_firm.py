"""`manage.py sync_firm`: has a firm's due work done now, by the workers or, with --here, in this process."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from qbsync import engine, wake
from qbsync.gateway.limiter import Priority
from qbsync.models import Connection


class Command(BaseCommand):
    """Wakes the workers for one firm, or does their work."""

    help = "Syncs what is due of a firm with QuickBooks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the firm's key or name, and --here."""
        parser.add_argument("firm", help="the firm's key or its exact name")
        parser.add_argument("--here", action="store_true", help="do the work in this process and wait until it is done")

    def handle(self, *args: Any, **options: Any) -> None:
        """Sync the firm."""
        connection = _connection_of(options["firm"])
        if not options["here"]:
            wake.in_background(connection.pk)
            self.stdout.write(f"The workers were told to sync {connection.firm.name}.")
            return
        while (again := engine.run(connection.pk, priority=Priority.BACKGROUND)) is not None:
            self.stdout.write(f"Work is still due; going on in {again:.1f} s.")
            time.sleep(again)
        self.stdout.write(f"Nothing is due any more for {connection.firm.name}.")


def _connection_of(firm: str) -> Connection:
    by = {"firm__pk": int(firm)} if firm.isdigit() else {"firm__name": firm}
    connection = Connection.objects.select_related("firm").filter(**by).first()
    if connection is None:
        raise CommandError(f"No firm “{firm}” is connected to QuickBooks.")
    if not connection.is_ready:
        raise CommandError(f"The connection of {connection.firm.name} is not ready: {connection.get_status_display()}.")
    return connection

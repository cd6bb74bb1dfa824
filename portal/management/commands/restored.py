"""`manage.py restored`: tells the portal that its database was restored by other means."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from portal.backups import note_restored


class Command(BaseCommand):
    """For snapshots and point-in-time recovery, which the portal cannot notice. Run it before the workers start."""

    help = (
        "Tells the portal that its database was restored, by other means than `manage.py restore`, to what it was at a "
        "moment. Before anything is sent to QuickBooks again, each company is looked through for what was sent since."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the moment."""
        parser.add_argument("moment", help="such as 2026-11-28T10:00Z; with its zone; rather too early than too late")

    def handle(self, *args: Any, **options: Any) -> None:
        """Note it."""
        moment = _moment(options["moment"])
        if moment is None or moment.tzinfo is None:
            raise CommandError("Give the moment with its zone, such as 2026-11-28T10:00Z.")
        if moment > timezone.now():
            raise CommandError("That moment is still to come.")
        note_restored(moment)
        self.stdout.write("Noted. Nothing is sent to QuickBooks before each company was looked through.")


def _moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None

"""`manage.py simulator`: starts the QuickBooks simulator alone, without database or broker of the portal."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    """Serve the simulator in the foreground until it is stopped."""

    help = "Run the QuickBooks Online simulator."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen and where the companies are kept."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=9000)
        parser.add_argument("--data-dir", type=Path, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        # Imported here, so that no other command pays for the simulator's packages.
        from qbsync.simulator.app import serve

        serve(options["host"], options["port"], options["data_dir"])

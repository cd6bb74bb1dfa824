"""`manage.py bench_sync`: the benchmarks of the sync, on a database of their own, printed as a table."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.local.addresses import ROOT


class Command(BaseCommand):
    """Hands over to what `make bench` runs. The portal's own data is not touched."""

    help = "Measures the sync against the simulator and prints wanted and measured figures."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take how long to watch."""
        parser.add_argument(
            "--minutes", type=float, default=5.0, help="how long a first sync at Intuit's throttles is watched"
        )
        parser.add_argument("--short", action="store_true", help="small firms: what `make test` runs, a minute or two")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the benchmarks in place of this process."""
        if not (ROOT / "tests" / "bench").is_dir():
            raise CommandError("The benchmarks are part of the project's tests, which are not installed here.")
        if options["minutes"] <= 0:
            raise CommandError("--minutes must be more than 0.")
        os.environ["BENCH_MINUTES"] = "0" if options["short"] else str(options["minutes"])
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "portal.local", "bench"])  # noqa: S606

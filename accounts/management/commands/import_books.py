"""``import_books``: CSV files of accounts, invoices and payments into one firm's books, all of them or nothing."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import importing
from accounts.importing import ImportPlan, ImportRefused, Kind, RowError
from portal.models import Firm


class Command(BaseCommand):
    """Reads the files in the order accounts, invoices, payments; later ones may name what earlier ones add."""

    help = (
        "Import accounts, invoices and payments from CSV files. Every bad row is named; with any, nothing is imported."
        " Safe to repeat: rows are found again by ID and number."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The firm, and a file for each kind."""
        parser.add_argument("--firm", required=True, help="the firm's number or its name")
        for kind in Kind:
            columns = ", ".join(column.title + "*" * column.required for column in importing.COLUMNS[kind])
            parser.add_argument(f"--{kind}", metavar="FILE", type=Path, help=f"columns (* required): {columns}")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, or say which rows are wrong and fail."""
        firm = _firm(options["firm"])
        files = {kind: options[kind.value] for kind in Kind if options[kind.value]}
        if not files:
            raise CommandError("Name at least one file: --accounts, --invoices or --payments.")
        contents = {kind: _contents(path) for kind, path in files.items()}
        wrong = 0
        with transaction.atomic():
            for kind, content in contents.items():
                if wrong:
                    self.stderr.write(f"{files[kind]}: not looked at, as it may build on the file before it.")
                    continue
                plan = importing.read(kind, content, firm)
                wrong += self._import(plan, files[kind], dry_run=options["dry_run"])
            if wrong or options["dry_run"]:
                transaction.set_rollback(True)
        if wrong:
            raise CommandError(f"{wrong:,} {'error' if wrong == 1 else 'errors'}. Nothing was imported.")
        if options["dry_run"]:
            self.stdout.write("This was a dry run. Nothing was changed.")

    def _import(self, plan: ImportPlan, path: Path, *, dry_run: bool) -> int:
        """Import one file and say what it did; return the number of errors, each of which was said."""
        try:
            result = importing.apply(plan)
        except ImportRefused as refused:
            self._report(path, refused.errors, refused.count)
            return refused.count
        added, changed = ("to add", "to change") if dry_run else ("added", "changed")
        counts = f"{result.created:,} {added}, {result.updated:,} {changed}, {result.unchanged:,} as before"
        self.stdout.write(f"{path}: {plan.kind.value}: {counts}.")
        return 0

    def _report(self, path: Path, errors: list[RowError], count: int) -> None:
        for error in errors:
            column = f", {error.column}" if error.column else ""
            self.stderr.write(f"{path}, line {error.line}{column}: {error.sentence}")
        if count > len(errors):
            self.stderr.write(f"{path}: and {count - len(errors):,} more errors.")


def _firm(given: str) -> Firm:
    """The firm of this number or name. Raises CommandError where there is none, or several of the name."""
    firms = list(Firm.objects.filter(pk=int(given)) if given.isdecimal() and len(given) < 19 else [])
    firms = firms or list(Firm.objects.filter(name=given))
    if not firms:
        known = ", ".join(f"{firm.pk} {firm.name}" for firm in Firm.objects.order_by("pk")[:20])
        raise CommandError(f"There is no firm “{given}”. Known are: {known or 'none yet'}.")
    if len(firms) > 1:
        numbers = ", ".join(str(firm.pk) for firm in firms)
        raise CommandError(f"Several firms are called “{given}”. Give one's number instead: {numbers}.")
    return firms[0]


def _contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None

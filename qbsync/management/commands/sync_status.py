"""`manage.py sync_status`: where every firm stands with QuickBooks, for people and, with --json, for programs."""

import json
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Sum

from accounts.models import Invoice, Payment
from portal.models import Firm
from qbsync.models import RequestCount
from qbsync.selectors import account_counts, document_counts


class Command(BaseCommand):
    """Prints the counts that the screens show, from the same selectors."""

    help = "Shows how many accounts, invoices and payments have each QuickBooks status, firm by firm."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --json and --firm."""
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--firm", type=int, help="only the firm of this key")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the counts."""
        firms = Firm.objects.select_related("quickbooks").order_by("pk")
        if options["firm"]:
            firms = firms.filter(pk=options["firm"])
        told = [_status_of(firm) for firm in firms]
        if options["json"]:
            self.stdout.write(json.dumps({"firms": told}, indent=2, ensure_ascii=False))
            return
        for one in told:
            self.stdout.write(f"{one['firm']}: {one['requests']} requests to QuickBooks")
            for what in ("accounts", "reasons", "invoices", "payments"):
                counts = ", ".join(f"{count} {name}" for name, count in one[what].items()) or "none"
                self.stdout.write(f"  {what}: {counts}")


def _status_of(firm: Firm) -> dict[str, Any]:
    accounts, reasons = account_counts(firm)
    requests = RequestCount.objects.filter(connection__firm=firm).aggregate(total=Sum("count"))["total"]
    return {
        "firm": firm.name,
        "accounts": _plain(accounts),
        "reasons": _plain(reasons),
        "invoices": _plain(document_counts(firm, Invoice)),
        "payments": _plain(document_counts(firm, Payment)),
        "requests": requests or 0,
    }


def _plain(counts: Counter[Any]) -> dict[str, int]:
    return {str(name): count for name, count in sorted(counts.items())}

"""Writes the differences of a comparison as CSV. Decides no permission."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from django.db.models import QuerySet

from accounts.exporting import csv_line, first_line
from portal.models import Firm
from qbsync.models import ReconciliationDifference
from qbsync.wording import VERDICTS

_ROWS_AT_ONCE = 1000


def csv_lines(differences: QuerySet[ReconciliationDifference], firm: Firm) -> Iterator[str]:
    """Yield the lines of the file: a heading, then every document that differs. Amounts are plain numbers."""
    amounts = [f"{title} ({firm.currency})" for title in ("Here", "Open here", "QuickBooks", "Open in QuickBooks")]
    yield first_line(["Account ID", "Account", "Kind", "Number", "Date", "Difference", *amounts, "QuickBooks ID"])
    for one in differences.iterator(chunk_size=_ROWS_AT_ONCE):
        sides: list[Decimal | None] = [one.here_amount, one.here_open, one.there_amount, one.there_open]
        named = [
            one.account.code,
            one.account.name,
            one.kind,
            one.number,
            one.day.isoformat(),
            VERDICTS[one.verdict][0],
        ]
        yield csv_line([*named, *("" if side is None else side for side in sides), one.qbo_id])

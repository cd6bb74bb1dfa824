"""Reads comparisons of the two sides: the one under way, the last result, and what differs in it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from accounts.models import Account
from portal.models import Firm
from qbsync.models import Reconciliation, ReconciliationDifference
from qbsync.reconciliation.comparing import Verdict


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the totals: both sides, and by how much ours is larger. In the firm's currency."""

    label: str
    here: Decimal
    there: Decimal

    @property
    def difference(self) -> Decimal:
        """Our sum less QuickBooks'."""
        return self.here - self.there


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows: the comparison under way, the last that came to a result, and why a later one did not.

    ``count`` is how many documents differ in the result, those left out by choice not counted.
    """

    under_way: Reconciliation | None
    result: Reconciliation | None
    problem: str
    count: int

    @property
    def lines(self) -> list[Line]:
        """The totals of the last result."""
        one = self.result
        if one is None:
            return []
        return [
            Line("Invoiced", one.here_invoiced, one.there_invoiced),
            Line("Paid", one.here_paid, one.there_paid),
            Line("Open", one.here_open, one.there_open),
        ]


def reconciliation_shown(firm: Firm, account: Account | None) -> Shown:
    """Return the comparisons of an account, or without one of the firm, as a page shows them."""
    found = list(
        Reconciliation.objects.filter(connection__firm=firm, account=account).select_related("asked_by")
    )  # no more than the few that are kept
    ended = [one for one in found if one.ended_at is not None]
    result = next((one for one in ended if not one.problem), None)
    return Shown(
        under_way=next((one for one in found if one.ended_at is None), None),
        result=result,
        problem=ended[0].problem if ended else "",
        count=result.differences.exclude(verdict=Verdict.LEFT_OUT).count() if result else 0,
    )


def differences_of(result: Reconciliation) -> QuerySet[ReconciliationDifference]:
    """Return what differs, by account, with all that a row of the page or the file names."""
    related = ("account", "invoice", "payment", "reconciliation__connection")
    return result.differences.select_related(*related).order_by("account__name", "account", "kind", "day", "pk")

"""Reads the match queue: the accounts that need a person to say which customer they are. It writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import Account
from portal.models import Membership
from qbsync.models.connection import Connection
from qbsync.scoring import Band
from qbsync.selectors.suggestions import Suggestion, suggestions
from qbsync.states import NAME_REASONS, Reason, Status

PER_PAGE = 25
SURE_AT_ONCE = 100
"""How many accounts are searched for sure matches at a time."""

NEEDS_A_CUSTOMER = NAME_REASONS | {Reason.CUSTOMER_GONE}
"""Failures that end when a person names the customer."""

LOST_LINK = frozenset({Reason.CUSTOMER_INACTIVE, Reason.CUSTOMER_MERGED})
_AHEAD_OF_OTHERS = 5.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """One account of the queue, beside the customers that it may mean."""

    account: Account
    suggestions: list[Suggestion]

    @property
    def preselected(self) -> Suggestion | None:
        """The suggestion that is chosen unless the person says otherwise: the first, where it is likely and free."""
        first = self.suggestions[0] if self.suggestions else None
        return first if first and first.is_free and not first.namesake and first.band != Band.POSSIBLE else None

    @property
    def can_link(self) -> bool:
        """Whether any of the suggestions can be linked now."""
        return any(one.is_offered for one in self.suggestions)


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page of the queue, and how many accounts wait in all."""

    rows: list[Waiting]
    number: int
    left: int

    @property
    def pages(self) -> int:
        """How many pages there are; one where nothing is left."""
        return max(1, -(-self.left // PER_PAGE))


def waiting_accounts(membership: Membership, connection: Connection) -> QuerySet[Account]:
    """Return the accounts that failed for their name or lost their customer, by name; archived ones are left out."""
    needs = Q(quickbooks__status=Status.FAILED, quickbooks__reason__in=NEEDS_A_CUSTOMER)
    lost = Q(quickbooks__status=Status.NOT_SYNCED, quickbooks__reason__in=LOST_LINK)
    return (
        Account.objects.visible_to(membership)
        .filter(needs | lost, quickbooks__connection=connection, archived_at=None)
        .select_related("firm", "quickbooks__remembered_customer")
        .order_by("name", "pk")
    )


def queue_page(membership: Membership, connection: Connection, number: int) -> QueuePage:
    """Return a page of the queue, the last one where the number is too high. A constant number of statements."""
    accounts = waiting_accounts(membership, connection)
    left = accounts.count()
    number = min(max(number, 1), max(1, -(-left // PER_PAGE)))
    return QueuePage(rows=_beside(accounts, connection, (number - 1) * PER_PAGE, PER_PAGE), number=number, left=left)


def with_suggestions(account: Account, connection: Connection) -> Waiting:
    """Return one account beside the customers that it may mean."""
    return Waiting(account, suggestions([account], connection)[account.pk])


def sure_matches(
    membership: Membership, connection: Connection, start: int
) -> tuple[list[tuple[Account, Suggestion]], int]:
    """Return the pairs that can be accepted together, of ``SURE_AT_ONCE`` accounts, and the length of the queue.

    A pair is sure when its suggestion is sure, can be linked as it is, stands alone, and is nobody else's first one.
    """
    accounts = waiting_accounts(membership, connection)
    rows = _beside(accounts, connection, start, SURE_AT_ONCE)
    chosen = [(row.account, found) for row in rows if (found := _alone(row.suggestions))]
    firsts = [row.suggestions[0] for row in rows if row.suggestions]
    wanted = Counter(first.customer.pk for first in firsts if first.band != Band.POSSIBLE)
    return [pair for pair in chosen if wanted[pair[1].customer.pk] == 1], accounts.count()


def _beside(accounts: QuerySet[Account], connection: Connection, start: int, count: int) -> list[Waiting]:
    shown: Sequence[Account] = list(accounts.prefetch_related("contacts")[start : start + count])
    found: Mapping[int, list[Suggestion]] = suggestions(shown, connection) if shown else {}
    return [Waiting(account, found[account.pk]) for account in shown]


def _alone(found: Sequence[Suggestion]) -> Suggestion | None:
    """The first suggestion, if it is sure, free, top-level, and no other one comes near it."""
    if not found:
        return None
    first, others = found[0], found[1:]
    is_plain = first.is_free and not first.namesake and not first.customer.parent_qbo_id
    is_ahead = all(one.score.value < first.score.value - _AHEAD_OF_OTHERS for one in others)
    return first if first.band == Band.SURE and is_plain and is_ahead and not first.is_remembered else None

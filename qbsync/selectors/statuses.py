"""Says where accounts stand with QuickBooks, as SQL: the one reading that every screen and command shares.

The stored status is overridden while reading where it would lie: without a connection, and where nobody is at work.
It never writes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Account
from portal.models import Firm
from qbsync.models.connection import LIVE, Connection
from qbsync.models.links import AccountSync
from qbsync.states import Reason, Status

WITHOUT_WORKER_AFTER = timedelta(minutes=2)
"""How long an account may be Syncing with nobody at it before that is said."""

RESUMES_WITHIN = timedelta(minutes=1)
"""How long after an agreed pause work may take to go on before the pause no longer explains the silence."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one account stands: its effective status, why, since when, and how its documents fare."""

    status: Status
    reason: Reason
    since: datetime | None
    sync: AccountSync | None
    waiting: int = 0
    failed: int = 0

    @property
    def version(self) -> str:
        """What changes whenever something else is to be shown."""
        stamp = self.sync.changed_at.isoformat() if self.sync else ""
        return f"{self.status}:{self.reason}:{stamp}:{self.waiting}:{self.failed}"

    @property
    def is_connected(self) -> bool:
        """Whether the firm has a QuickBooks company at all."""
        return self.reason != Reason.NOT_CONNECTED


def connected(prefix: str = "") -> Q:
    """Return the condition that the account's firm has a company that is set up; ``prefix`` leads to the account."""
    connection = f"{prefix}firm__quickbooks__"
    return Q(**{f"{connection}status__in": LIVE, f"{connection}set_up_at__isnull": False})


def _past(field: str, moment: datetime) -> Q:
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__lte": moment})


def without_worker(prefix: str = "", *, now: datetime) -> Q:
    """Return the condition that the account was asked for, and that nobody has been at work on it for two minutes.

    An agreed wait (a throttle, an answer that may still arrive) counts as work until shortly after it has ended.
    """
    sync, connection = f"{prefix}quickbooks__", f"{prefix}firm__quickbooks__"
    asked_long_ago = Q(**{f"{sync}status": Status.SYNCING, f"{sync}asked_at__lte": now - WITHOUT_WORKER_AFTER})
    return (
        asked_long_ago
        & _past(f"{sync}claimed_until", now)
        & _past(f"{connection}working_until", now)
        & _past(f"{connection}paused_until", now - RESUMES_WITHIN)
        & _past(f"{sync}due_at", now - RESUMES_WITHIN)
    )


def status_expression(prefix: str = "", *, now: datetime) -> Case:
    """Return the effective status as SQL; ``prefix`` leads from the queried model to the account."""
    return Case(
        When(~connected(prefix), then=Value(Status.NOT_SYNCED)),
        When(without_worker(prefix, now=now), then=Value(Status.FAILED)),
        default=Coalesce(F(f"{prefix}quickbooks__status"), Value(Status.NOT_SYNCED)),
        output_field=CharField(),
    )


def reason_expression(prefix: str = "", *, now: datetime) -> Case:
    """Return the reason of the effective status as SQL; ``prefix`` leads from the queried model to the account."""
    return Case(
        When(~connected(prefix), then=Value(Reason.NOT_CONNECTED)),
        When(without_worker(prefix, now=now), then=Value(Reason.NO_WORKER)),
        default=Coalesce(F(f"{prefix}quickbooks__reason"), Value(Reason.NONE)),
        output_field=CharField(),
    )


def annotate_status(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Return the accounts with ``quickbooks_status`` and ``quickbooks_reason``, to filter and sort by too."""
    now = timezone.now()
    return accounts.annotate(quickbooks_status=status_expression(now=now), quickbooks_reason=reason_expression(now=now))


def with_standing(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Return the accounts with all that ``standing`` reads, in the one statement that fetches them."""
    from qbsync.selectors.documents import count_of_account  # reads this module's expressions

    return (
        annotate_status(accounts)
        .annotate(quickbooks_waiting=count_of_account("waiting"), quickbooks_failed=count_of_account("failed"))
        .select_related("quickbooks__customer", "quickbooks__changed_by", "quickbooks__remembered_customer")
        .select_related("firm__quickbooks")
    )


def standing(account: Account) -> Standing:
    """Return where the account stands; reads it anew where it did not come from ``with_standing``."""
    if not hasattr(account, "quickbooks_waiting"):
        account = with_standing(Account.objects.filter(pk=account.pk)).get()
    row = cast(Any, account)
    sync: AccountSync | None = getattr(account, "quickbooks", None)
    connection = connection_of(account.firm)
    reason = Reason(row.quickbooks_reason)
    if reason == Reason.NOT_CONNECTED:
        since = connection.status_changed_at if connection and connection.status not in LIVE else None
    else:
        since = sync.changed_at if sync else None
    return Standing(
        status=Status(row.quickbooks_status),
        reason=reason,
        since=since,
        sync=sync,
        waiting=row.quickbooks_waiting or 0,
        failed=row.quickbooks_failed or 0,
    )


def connection_of(firm: Firm) -> Connection | None:
    """Return the firm's connection, whatever its status; None where there never was one."""
    return getattr(firm, "quickbooks", None)


def connection_with_health(firm_id: int) -> Connection | None:
    """Return the firm's connection with what its banner tells, in one statement.

    ``is_stalled``: accounts wait for a worker. ``needs_somebody``: something failed that does not end by itself.
    """
    from qbsync.selectors.errors import needs_somebody  # reads this module's expressions

    waiting = Account.objects.filter(firm=OuterRef("firm")).filter(without_worker(now=timezone.now()))
    health = {"is_stalled": Exists(waiting), "needs_somebody": needs_somebody()}
    return Connection.objects.filter(firm_id=firm_id).annotate(**health).first()


def account_counts(firm: Firm) -> tuple[Counter[Status], Counter[Reason]]:
    """Return how many of the firm's accounts (not archived) have each status, and each reason. One statement."""
    accounts: QuerySet[Any] = annotate_status(Account.objects.filter(firm=firm, archived_at=None).order_by())
    rows = accounts.values_list("quickbooks_status", "quickbooks_reason").annotate(Count("pk"))
    statuses: Counter[Status] = Counter()
    reasons: Counter[Reason] = Counter()
    for status, reason, count in rows:
        statuses[Status(status)] += count
        if reason:
            reasons[Reason(reason)] += count
    return statuses, reasons

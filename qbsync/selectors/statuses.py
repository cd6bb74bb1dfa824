"""Says where accounts stand with QuickBooks, as SQL: the one reading that every screen and command shares.

The stored status is overridden while reading where it would lie: without a connection, and where nobody is at work.
It never writes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import BooleanField, Case, CharField, Count, Exists, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from accounts.models import Account
from portal.models import Firm
from qbsync import clock
from qbsync.models.connection import LIVE, Connection
from qbsync.models.links import AccountSync
from qbsync.states import Reason, Status

WITHOUT_WORKER_AFTER = timedelta(minutes=2)
"""How long an account may be Syncing with nobody at it before that is said."""

TAKEN_UP_WITHIN = timedelta(seconds=30)
"""How soon a worker that is there takes up what is due, however much there is before it, or begins with something."""

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
    def is_under_way(self) -> bool:
        """Whether somebody pressed and waits: it is Syncing, or would be if a worker were running."""
        return self.status == Status.SYNCING or self.reason == Reason.NO_WORKER

    @property
    def is_connected(self) -> bool:
        """Whether the firm has a QuickBooks company at all."""
        return self.reason != Reason.NOT_CONNECTED


def connected() -> Q:
    """Return the condition that the firm of an account or document has a company that is set up."""
    return Q(firm__quickbooks__status__in=LIVE, firm__quickbooks__set_up_at__isnull=False)


def _past(field: str, moment: datetime) -> Q:
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__lte": moment})


def without_worker(prefix: str = "", *, now: datetime) -> Q:
    """Return the condition that the account was asked for, and that nobody has been at work on it for two minutes.

    An agreed wait (a throttle, an answer that may still arrive) counts as work until shortly after it has ended.
    """
    idle = _past("firm__quickbooks__working_until", now)
    idle &= _past("firm__quickbooks__paused_until", now - RESUMES_WITHIN)
    return _left_alone(prefix, now=now) & idle


def _left_alone(prefix: str = "", *, now: datetime) -> Q:
    """Return what ``without_worker`` asks of the account itself."""
    sync = f"{prefix}quickbooks__"
    asked_long_ago = Q(**{f"{sync}status": Status.SYNCING, f"{sync}asked_at__lte": now - WITHOUT_WORKER_AFTER})
    return asked_long_ago & _past(f"{sync}claimed_until", now) & _past(f"{sync}due_at", now - RESUMES_WITHIN)


def status_expression(prefix: str = "", *, now: datetime) -> Case:
    """Return the effective status as SQL; ``prefix`` leads from the queried model to the account."""
    return Case(
        When(~connected(), then=Value(Status.NOT_SYNCED)),
        When(without_worker(prefix, now=now), then=Value(Status.FAILED)),
        default=Coalesce(F(f"{prefix}quickbooks__status"), Value(Status.NOT_SYNCED)),
        output_field=CharField(),
    )


def reason_expression(prefix: str = "", *, now: datetime) -> Case:
    """Return the reason of the effective status as SQL; ``prefix`` leads from the queried model to the account."""
    return Case(
        When(~connected(), then=Value(Reason.NOT_CONNECTED)),
        When(without_worker(prefix, now=now), then=Value(Reason.NO_WORKER)),
        default=Coalesce(F(f"{prefix}quickbooks__reason"), Value(Reason.NONE)),
        output_field=CharField(),
    )


EVERY = ~Q(pk__in=[])


@dataclass(frozen=True, slots=True)
class Reading:
    """How the stored statuses of one firm read at this moment, as conditions that indexes serve.

    ``status_expression`` computes the same of each row; a large list cannot be searched by what is computed.
    """

    is_connected: bool
    without_worker: Q  # which accounts wait for a worker that is not there; none while somebody is at work
    with_worker: Q  # which Syncing ones do not
    prefix: str = ""  # leads from the queried model to the account

    def _stored(self, field: str, value: object) -> Q:
        return Q(**{f"{self.prefix}quickbooks{field}": value})

    def has_status(self, status: Status) -> Q:
        """Return the condition that accounts of the firm have this effective status."""
        if not self.is_connected:
            return EVERY if status == Status.NOT_SYNCED else ~EVERY
        stored = self._stored("__status", status)
        match status:
            case Status.NOT_SYNCED:
                return stored | self._stored("__isnull", True)
            case Status.FAILED:
                return stored | self.without_worker
            case Status.SYNCING:
                return stored & self.with_worker
            case _:
                return stored

    def has_reason(self, reason: Reason) -> Q:
        """Return the condition that accounts of the firm have this effective reason."""
        if reason == Reason.NOT_CONNECTED or not self.is_connected:
            return ~EVERY if self.is_connected == (reason == Reason.NOT_CONNECTED) else EVERY
        if reason == Reason.NO_WORKER:
            return self.without_worker
        moving = self._stored("__status", Status.SYNCING)
        return self._stored("__reason", reason) & (~moving | moving & self.with_worker)

    def is_linked(self) -> Q:
        """Return the condition that accounts of the firm are linked: Synced, or linked and being synced once more."""
        linked = self._stored("__customer__isnull", False)
        return self.has_status(Status.SYNCED) | self.has_status(Status.SYNCING) & linked


def reading(firm: Firm, prefix: str = "") -> Reading:
    """Return how the statuses of the firm's accounts read now; one statement where its connection is not known yet.

    ``prefix`` leads from the model that is queried to the account.
    """
    now, connection = clock.about_now(), connection_of(firm)
    if connection is None or connection.status not in LIVE or connection.set_up_at is None:
        return Reading(is_connected=False, without_worker=~EVERY, with_worker=EVERY, prefix=prefix)
    at_work = connection.working_until is not None and connection.working_until > now
    paused = connection.paused_until is not None and connection.paused_until > now - RESUMES_WITHIN
    if at_work or paused:
        return Reading(is_connected=True, without_worker=~EVERY, with_worker=EVERY, prefix=prefix)
    # Not the negation of the other, which nobody could estimate
    sync = f"{prefix}quickbooks__"
    recent = Q(**{f"{sync}asked_at__gt": now - WITHOUT_WORKER_AFTER}) | Q(**{f"{sync}claimed_until__gt": now})
    recent |= Q(**{f"{sync}due_at__gt": now - RESUMES_WITHIN})
    left_alone = _left_alone(prefix, now=now)
    return Reading(is_connected=True, without_worker=left_alone, with_worker=recent, prefix=prefix)


def annotate_status(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Return the accounts with ``quickbooks_status`` and ``quickbooks_reason``, to filter and sort by too."""
    now = clock.about_now()
    return accounts.annotate(quickbooks_status=status_expression(now=now), quickbooks_reason=reason_expression(now=now))


def with_standing(accounts: QuerySet[Account], firm: Firm) -> QuerySet[Account]:
    """Return the firm's accounts with all that ``standing`` reads, in the one statement that fetches them."""
    from qbsync.selectors.documents import counts_of_account  # reads this module's expressions

    return (
        accounts.annotate(**counts_of_account(firm))
        .select_related("quickbooks__customer", "quickbooks__changed_by", "quickbooks__remembered_customer")
        .select_related("firm__quickbooks")
    )


def standing(account: Account) -> Standing:
    """Return where the account stands; reads it anew where it did not come from ``with_standing``."""
    if not hasattr(account, "quickbooks_invoices"):
        account = with_standing(Account.objects.filter(pk=account.pk), account.firm).get()
    row = cast(Any, account)
    sync: AccountSync | None = getattr(account, "quickbooks", None)
    connection = connection_of(account.firm)
    status, reason = _effective(sync, connection, clock.about_now())
    if reason == Reason.NOT_CONNECTED:
        since = connection.status_changed_at if connection and connection.status not in LIVE else None
    else:
        since = sync.changed_at if sync else None
    is_linked = status == Status.SYNCED or (status == Status.SYNCING and sync is not None and sync.customer_id)
    counts = [row.quickbooks_invoices or {}, row.quickbooks_payments or {}] if is_linked else []
    return Standing(
        status=status,
        reason=reason,
        since=since,
        sync=sync,
        waiting=sum(one.get("waiting", 0) for one in counts),
        failed=sum(one.get("failed", 0) for one in counts),
    )


def _effective(sync: AccountSync | None, connection: Connection | None, now: datetime) -> tuple[Status, Reason]:
    """The effective status and reason: what ``annotate_status`` has PostgreSQL compute, of a row that is here."""
    if connection is None or connection.status not in LIVE or connection.set_up_at is None:
        return Status.NOT_SYNCED, Reason.NOT_CONNECTED
    if sync is None:
        return Status.NOT_SYNCED, Reason.NONE

    def is_past(value: datetime | None, moment: datetime) -> bool:
        return value is None or value <= moment

    asked_long_ago = sync.asked_at is not None and sync.asked_at <= now - WITHOUT_WORKER_AFTER
    left_alone = is_past(sync.claimed_until, now) and is_past(sync.due_at, now - RESUMES_WITHIN)
    idle = is_past(connection.working_until, now) and is_past(connection.paused_until, now - RESUMES_WITHIN)
    if sync.status == Status.SYNCING and asked_long_ago and left_alone and idle:
        return Status.FAILED, Reason.NO_WORKER
    return Status(sync.status), Reason(sync.reason)


def connection_of(firm: Firm) -> Connection | None:
    """Return the firm's connection, whatever its status; None where there never was one."""
    return getattr(firm, "quickbooks", None)


def connection_with_health(firm: Firm) -> Connection | None:
    """Return the firm's connection with what its banner tells, in one statement; None where there never was one.

    ``is_stalled``: accounts have been Syncing for two minutes with nobody at work. ``is_waiting``: work has been due
    for half a minute. Beside them, how much needs a person: ``errors.attention``.
    """
    from qbsync.selectors.errors import attention  # reads this module's expressions

    known = connection_of(firm)
    if known is None:
        return None
    stalled = Account.objects.filter(reading(firm).without_worker, firm=firm, quickbooks__connection=known)
    due = AccountSync.objects.filter(
        connection=known,
        due_at__lt=clock.about_now() - TAKEN_UP_WITHIN,
        status__in=[Status.SYNCING, Status.SYNCED],
    )
    health = {"is_stalled": Exists(stalled), "is_waiting": Exists(due) | Exists(stalled), **attention(known, firm)}
    return Connection.objects.filter(pk=known.pk).select_related("connected_by").annotate(**health).first()


def account_counts(firm: Firm) -> tuple[Counter[Status], Counter[Reason]]:
    """Return how many of the firm's accounts (not archived) have each status, and each reason. One statement.

    It is counted by what is stored, and what overrides that is the same for all accounts of the firm.
    """
    now = reading(firm)
    accounts: QuerySet[Any] = Account.objects.filter(firm=firm, archived_at=None).order_by()
    if not now.is_connected:
        count = accounts.count()
        return +Counter({Status.NOT_SYNCED: count}), +Counter({Reason.NOT_CONNECTED: count})
    waits = Case(When(now.without_worker, then=Value(True)), default=Value(False), output_field=BooleanField())
    rows = accounts.values_list("quickbooks__status", "quickbooks__reason", waits).annotate(Count("pk"))
    statuses: Counter[Status] = Counter()
    reasons: Counter[Reason] = Counter()
    for status, reason, without_worker, count in rows:
        statuses[Status.FAILED if without_worker else Status(status or Status.NOT_SYNCED)] += count
        if reason or without_worker:
            reasons[Reason.NO_WORKER if without_worker else Reason(reason)] += count
    return statuses, reasons

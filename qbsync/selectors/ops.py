"""Reads where all firms' connections stand, for whoever runs the workers. Names no client, no document and no amount.

A list takes the same number of statements however many firms there are: what is counted of accounts is counted for the
connections of one page, and what urgency goes by is one look into an index for each connection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from accounts.models import Invoice, Payment
from qbsync import clock
from qbsync.gateway.faults import FaultKind
from qbsync.health import READS_USED_UP_AFTER, TOLD_AFTER
from qbsync.models import AccountSync, Connection, ConnectionStatus, HistoryEntry, PushIntent, SyncRun
from qbsync.selectors.documents import with_status_in
from qbsync.selectors.errors import Cause, error_counts
from qbsync.selectors.usage import Usage, usage
from qbsync.states import LOST_REASONS, DocumentStatus, Reason, Status

PER_PAGE = 50
LATE_AFTER = timedelta(minutes=5)
"""How long work may be due with nobody at it. The sweep wakes the workers within a minute."""
RUNS_OF = timedelta(days=7)
_MOST = 50  # of each list on a connection's page


class State(IntEnum):
    """What a connection is doing, the most urgent first."""

    ATTENTION = 0  # QuickBooks refuses it or does not answer, or work is due and nobody is at it
    RESTING = 1  # QuickBooks is left alone for some hours: only time, or a person there, ends its trouble
    WORKING = 2  # a worker is at it, or waits as QuickBooks asked
    IDLE = 3
    DISCONNECTED = 4

    @property
    def key(self) -> str:
        """The state as an address names it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Row:
    """One connection in the list.

    Attributes:
        oldest_due: since when work has been due; None where nothing is.
        due, failed, waiting: how many accounts have work due, need a person, and are Syncing.
        held, held_until: how many accounts a worker has claimed, and until when at most.
        run: the run that is open.
    """

    connection: Connection
    state: State
    oldest_due: datetime | None
    due: int = 0
    failed: int = 0
    waiting: int = 0
    held: int = 0
    held_until: datetime | None = None
    run: SyncRun | None = None


@dataclass(frozen=True, slots=True)
class ConnectionPage:
    """One page of the list, and how many connections there are of each state on all pages."""

    rows: Sequence[Row]
    counts: Mapping[State, int]
    number: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class Held:
    """The accounts of one claim, or of ended claims that nobody has taken over; until when."""

    number: int
    accounts: int
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Open:
    """So many of something that is not settled, and since when at the longest."""

    kind: str
    reason: str
    count: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Detail:
    """All that one connection's page shows."""

    row: Row
    claims: Sequence[Held]
    ended: Held
    runs: Sequence[SyncRun]
    causes: Mapping[str, Sequence[Cause]]
    waiting: Sequence[Open]
    intents: Sequence[Open]
    history: Sequence[HistoryEntry]
    usage: Usage


def connections_page(*, state: State | None = None, search: str = "", number: int = 1) -> ConnectionPage:
    """Return one page of the connections, the most urgent first. Four statements, whatever the number of firms.

    Args:
        state: None for all.
        search: in names of firms and companies, and in QuickBooks' ids of companies.
        number: of the page; one that there is not reads as the last.
    """
    found = _connections(clock.about_now())
    if search := search.replace("\x00", "").strip():
        named = Q(firm__name__icontains=search) | Q(company_name__icontains=search) | Q(realm_id__icontains=search)
        found = found.filter(named)
    by_state = Counter(dict(found.order_by().values_list("state").annotate(Count("pk"))))
    counts = {one: by_state[one.value] for one in State}
    total = sum(counts.values()) if state is None else counts[state]
    pages = max(1, -(-total // PER_PAGE))
    number = min(max(number, 1), pages)
    if state is not None:
        found = found.filter(state=state.value)
    shown = found.select_related("firm", "connected_by")[(number - 1) * PER_PAGE : number * PER_PAGE]
    return ConnectionPage(_rows(list(shown)), counts, number, pages, total)


def connection_detail(connection_id: int) -> Detail | None:
    """Return all that the page of one connection shows; None where there is no such connection.

    Always the same number of statements, whatever the size of the firm.
    """
    now = clock.about_now()
    rows = _rows(list(_connections(now).filter(pk=connection_id).select_related("firm", "connected_by")))
    if not rows:
        return None
    connection = rows[0].connection
    accounts = AccountSync.objects.filter(connection=connection)
    claims = accounts.filter(claimed_until__gt=now).values_list("claim").annotate(Count("pk"), Max("claimed_until"))
    left = accounts.filter(claimed_until__lte=now).aggregate(number=Count("pk"), since=Min("claimed_until"))
    intents = PushIntent.objects.filter(connection=connection, outcome=PushIntent.Outcome.OPEN).order_by()
    entries = HistoryEntry.objects.filter(firm=connection.firm_id, kind=HistoryEntry.Kind.CONNECTION)
    return Detail(
        row=rows[0],
        claims=[Held(*one) for one in claims.order_by("-claim")[:_MOST]],
        ended=Held(0, left["number"], left["since"]),
        runs=list(connection.runs.filter(started_at__gte=now - RUNS_OF).select_related("started_by")[:_MOST]),
        causes=_causes(connection),
        waiting=[*_waiting_accounts(accounts), *_waiting(connection, Invoice), *_waiting(connection, Payment)],
        intents=[
            Open(operation, "", count, since)
            for operation, count, since in intents.values_list("operation").annotate(Count("pk"), Min("sent_at"))
        ],
        history=list(entries.select_related("actor")[:_MOST]),
        usage=usage(connection),
    )


def _connections(now: datetime) -> QuerySet[Any]:
    """All connections with ``oldest_due`` and ``state``, the most urgent first."""
    due = AccountSync.objects.filter(_due(now), connection=OuterRef("pk")).order_by("due_at")
    annotated: QuerySet[Any] = Connection.objects.annotate(oldest_due=Subquery(due.values("due_at")[:1]))
    annotated = annotated.annotate(state=_state(now))
    return annotated.order_by("state", F("oldest_due").asc(nulls_last=True), "firm__name", "pk")


def _due(now: datetime) -> Q:
    return Q(due_at__lte=now, status__in=[Status.SYNCING, Status.SYNCED])


def _state(now: datetime) -> Case:
    """The state as SQL; the first condition that is met decides. The same facts as ``health.notices`` tells."""
    throttled = Q(trouble=FaultKind.THROTTLED, outage_since__lte=now - READS_USED_UP_AFTER)
    silent = ~Q(trouble=FaultKind.THROTTLED) & Q(outage_since__lte=now - TOLD_AFTER)
    return Case(
        When(status=ConnectionStatus.DISCONNECTED, then=Value(State.DISCONNECTED.value)),
        When(status=ConnectionStatus.BROKEN, then=Value(State.ATTENTION.value)),
        When(set_up_at=None, then=Value(State.IDLE.value)),
        When(rests_until__gt=now, then=Value(State.RESTING.value)),
        When(throttled | silent, then=Value(State.ATTENTION.value)),
        When(Q(working_until__gt=now) | Q(paused_until__gt=now), then=Value(State.WORKING.value)),
        When(oldest_due__lte=now - LATE_AFTER, then=Value(State.ATTENTION.value)),
        default=Value(State.IDLE.value),
        output_field=IntegerField(),
    )


def _rows(connections: Sequence[Any]) -> list[Row]:
    """These annotated connections with what is counted of each. Two statements."""
    now, keys = clock.about_now(), [one.pk for one in connections]
    failed = Q(status=Status.FAILED) | Q(status=Status.NOT_SYNCED, reason__in=LOST_REASONS)
    # Of a firm at rest nearly all rows are Synced and have nothing due; an index leaves those out
    busy = Q(status__in=[Status.FAILED, Status.SYNCING]) | Q(status=Status.NOT_SYNCED, reason__in=LOST_REASONS)
    busy |= Q(due_at__isnull=False)
    counted: QuerySet[Any] = AccountSync.objects.filter(busy, connection__in=keys).order_by().values("connection")
    counted = counted.annotate(
        due=Count("pk", filter=_due(now)),
        failed=Count("pk", filter=failed & Q(account__archived_at=None)),
        waiting=Count("pk", filter=Q(status=Status.SYNCING)),
        held=Count("pk", filter=Q(claimed_until__gt=now)),
        held_until=Max("claimed_until", filter=Q(claimed_until__gt=now)),
    )
    numbers: dict[int, dict[str, Any]] = {one.pop("connection"): one for one in counted}
    runs = {run.connection_id: run for run in SyncRun.objects.filter(connection__in=keys, ended_at=None)}
    return [
        Row(one, State(one.state), one.oldest_due, run=runs.get(one.pk), **numbers.get(one.pk, {}))
        for one in connections
    ]


def _causes(connection: Connection) -> dict[str, list[Cause]]:
    """The causes of failures by kind. Where nobody is at an account, that is no failure: it is told as waiting."""
    found = error_counts(connection)
    return {kind: [one for one in causes if one.reason != Reason.NO_WORKER] for kind, causes in found.items()}


def _waiting_accounts(accounts: QuerySet[AccountSync]) -> list[Open]:
    found = accounts.filter(status=Status.SYNCING).order_by().values_list("ask")
    return [Open("accounts", ask, count, since) for ask, count, since in found.annotate(Count("pk"), Min("asked_at"))]


def _waiting(connection: Connection, model: type[Invoice] | type[Payment]) -> list[Open]:
    """The documents that wait, by why; without a reason they are in line."""
    if not connection.is_ready:
        return []
    rows = with_status_in(connection, connection.firm, model.with_deleted.filter(firm=connection.firm_id).order_by())
    stored = When(quickbooks__status=DocumentStatus.WAITING, then=F("quickbooks__reason"))
    why = Coalesce(Case(stored, default=Value(""), output_field=CharField()), Value(""))
    found = rows.filter(quickbooks_status=DocumentStatus.WAITING).annotate(why=why).values_list("why")
    kind = "invoices" if model is Invoice else "payments"
    counted = found.annotate(Count("pk"), Min("quickbooks__changed_at"))
    return [Open(kind, reason, count, since) for reason, count, since in counted]

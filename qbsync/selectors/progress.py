"""Counts how far a connection's sync has come, for its settings page. It never writes."""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Sum

from accounts.models import Invoice, Payment
from qbsync import clock
from qbsync.models.connection import Connection, RequestCount, SyncRun
from qbsync.selectors.documents import document_counts
from qbsync.selectors.statuses import account_counts
from qbsync.states import DocumentStatus, Reason, Status

_REFRESHED_EVERY_S, _REFRESHED_WHEN_FINISHED_EVERY_S, _REFRESHED_AT_LEAST_EVERY_S = 2, 10, 60
_MOST_OF_THE_TIME = 0.1
"""What part of the time counting may take for one page that is left open."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the sync of one firm has come."""

    accounts: Counter[Status]
    reasons: Counter[Reason]
    invoices: Counter[DocumentStatus]
    payments: Counter[DocumentStatus]
    run: SyncRun | None
    time_left: timedelta | None
    earlier_runs: int
    counting_took_s: float = 0.0

    @property
    def refresh_after_s(self) -> int:
        """After how many seconds a page asks again: the larger the firm is, the later, since counting takes longer."""
        usual = _REFRESHED_WHEN_FINISHED_EVERY_S if self.is_finished else _REFRESHED_EVERY_S
        bearable = math.ceil(self.counting_took_s / _MOST_OF_THE_TIME)
        return min(max(usual, bearable), _REFRESHED_AT_LEAST_EVERY_S)

    @property
    def asked_for(self) -> int:
        """How many accounts were ever asked for or are in scope."""
        return sum(count for status, count in self.accounts.items() if status != Status.NOT_SYNCED)

    @property
    def decided(self) -> int:
        """How many of them have their final status."""
        return self.asked_for - self.accounts[Status.SYNCING]

    @property
    def sent(self) -> int:
        """How many documents QuickBooks has."""
        return self.invoices[DocumentStatus.SYNCED] + self.payments[DocumentStatus.SYNCED]

    @property
    def waiting(self) -> int:
        """How many documents are still to be sent."""
        return self.invoices[DocumentStatus.WAITING] + self.payments[DocumentStatus.WAITING]

    @property
    def failed(self) -> int:
        """How many documents QuickBooks refused."""
        return self.invoices[DocumentStatus.FAILED] + self.payments[DocumentStatus.FAILED]

    @property
    def to_send(self) -> int:
        """How many documents there are of Synced accounts, whether sent, waiting or refused."""
        return self.sent + self.waiting + self.failed

    @property
    def is_first(self) -> bool:
        """Whether this is the first sync of the connection."""
        return self.run is None or self.earlier_runs == 0

    @property
    def is_finished(self) -> bool:
        """Whether nothing is under way."""
        return not self.accounts[Status.SYNCING] and not self.waiting and self.run is None


def _time_left(run: SyncRun | None, waiting: int) -> timedelta | None:
    """Return what the documents still waiting will take at the pace of this run; None while there is no pace yet."""
    if run is None or not waiting:
        return None
    done = run.invoices_sent + run.payments_sent
    elapsed = clock.about_now() - run.started_at
    return elapsed * waiting / done if done else None


def progress(connection: Connection) -> Progress:
    """Return how far the sync of the connection's firm has come. Five statements, whatever its size."""
    began_at = time.monotonic()
    accounts, reasons = account_counts(connection.firm)
    invoices = document_counts(connection.firm, Invoice)
    payments = document_counts(connection.firm, Payment)
    took_s = time.monotonic() - began_at
    run = connection.runs.filter(ended_at=None).first()
    waiting = invoices[DocumentStatus.WAITING] + payments[DocumentStatus.WAITING]
    earlier = connection.runs.exclude(ended_at=None).count()
    return Progress(accounts, reasons, invoices, payments, run, _time_left(run, waiting), earlier, took_s)


def requests_this_month(connection: Connection) -> tuple[int, int]:
    """Return how many requests were sent since the month began (UTC), and how many of them Intuit meters."""
    counts = RequestCount.objects.filter(connection=connection, day__gte=clock.about_now().date().replace(day=1))
    rows = dict(counts.values_list("metered").annotate(Sum("count")))
    return sum(rows.values()), rows.get(True, 0)

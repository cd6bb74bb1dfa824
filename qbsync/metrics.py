"""The metrics for Prometheus, read from PostgreSQL and Redis when asked for. No label names a firm or an account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import redis
from django.db.models import Count, Min, Q, Sum
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from portal.workers import queue_lengths
from qbsync import clock
from qbsync.gateway import counting
from qbsync.gateway.company import quota_of
from qbsync.gateway.limiter import QuotaWait
from qbsync.models import AccountSync, Connection, ConnectionStatus, InvoiceSync, PaymentSync, SyncRun
from qbsync.states import DocumentStatus, Status

STUCK_AFTER = timedelta(minutes=5)
"""How long after its end a claim that nobody gave back and nobody took over counts as stuck."""


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format. Those of Redis are left out while it does not answer."""
    registry = CollectorRegistry()
    registry.register(_Portal())
    return generate_latest(registry)


class _Portal(Collector):
    def collect(self) -> Iterator[Metric]:
        """Read everything now."""
        now = clock.about_now()
        yield from _work(now)
        yield from _connections()
        yield from _runs()
        try:
            yield from [*_queues(), *_counts(), *_quota(now)]
            redis_up = 1
        except (redis.RedisError, QuotaWait):
            redis_up = 0
        yield GaugeMetricFamily("portal_redis_up", "Whether Redis answered this scrape.", redis_up)


def _work(now: datetime) -> Iterator[Metric]:
    able = Q(connection__status=ConnectionStatus.ACTIVE, connection__set_up_at__isnull=False)
    able &= Q(connection__rests_until=None) | Q(connection__rests_until__lte=now)
    due = AccountSync.objects.filter(able, due_at__lte=now)
    ages = GaugeMetricFamily("portal_queue_age_seconds", "Age of the oldest work that is due.", labels=["waits_for"])
    counts = GaugeMetricFamily("portal_queue_accounts", "Accounts with work due.", labels=["waits_for"])
    for status, label in ((Status.SYNCING, "link"), (Status.SYNCED, "documents")):
        found = due.filter(status=status).aggregate(oldest=Min("due_at"), number=Count("pk"))
        ages.add_metric([label], (now - found["oldest"]).total_seconds() if found["oldest"] else 0)
        counts.add_metric([label], found["number"])
    yield ages
    yield counts
    stuck = AccountSync.objects.filter(able, due_at__isnull=False, claimed_until__lt=now - STUCK_AFTER).count()
    yield GaugeMetricFamily("portal_stuck_leases", "Claims that ended and that nobody took over.", stuck)
    parked = GaugeMetricFamily("portal_parked", "What waits for a person after a failure.", labels=["kind"])
    parked.add_metric(["account"], AccountSync.objects.filter(status=Status.FAILED).count())
    parked.add_metric(["invoice"], InvoiceSync.objects.filter(status=DocumentStatus.FAILED).count())
    parked.add_metric(["payment"], PaymentSync.objects.filter(status=DocumentStatus.FAILED).count())
    yield parked


def _connections() -> Iterator[Metric]:
    found = GaugeMetricFamily("portal_connections", "Connections by status.", labels=["status"])
    by_status = dict(Connection.objects.order_by().values_list("status").annotate(Count("pk")))
    for status in ConnectionStatus.values:
        found.add_metric([status], by_status.get(status, 0))
    yield found


def _runs() -> Iterator[Metric]:
    done = SyncRun.objects.aggregate(
        runs=Count("pk"), open=Count("pk", filter=Q(ended_at=None)), invoices=Sum("invoices_sent"),
        payments=Sum("payments_sent"),
    )  # fmt: skip
    yield CounterMetricFamily("portal_runs", "Runs of the sync that began.", done["runs"])
    yield GaugeMetricFamily("portal_runs_open", "Runs of the sync that are not over.", done["open"])
    pushed = CounterMetricFamily("portal_documents_pushed", "Documents that QuickBooks took.", labels=["kind"])
    pushed.add_metric(["invoice"], done["invoices"] or 0)
    pushed.add_metric(["payment"], done["payments"] or 0)
    yield pushed


def _queues() -> Iterator[Metric]:
    waiting = GaugeMetricFamily("portal_queue_messages", "Messages that no worker has taken.", labels=["queue"])
    for queue, number in queue_lengths().items():
        waiting.add_metric([queue], number)
    yield waiting


def _counts() -> Iterable[Metric]:
    faults = CounterMetricFamily("portal_faults", "Refusals and lost answers of QuickBooks.", labels=["code"])
    for code, number in counting.counted(counting.FAULTS).items():
        faults.add_metric([code], number)
    refreshes = CounterMetricFamily("portal_token_refreshes", "Refreshes of tokens.", labels=["outcome"])
    outcomes = counting.counted(counting.REFRESHES)
    for outcome in ("done", "failed"):
        refreshes.add_metric([outcome], outcomes.get(outcome, 0))
    return [faults, refreshes]


def _quota(now: datetime) -> Iterator[Metric]:
    """The least that is left of the companies that a worker is at: nobody else uses theirs."""
    at_work = Connection.objects.filter(working_until__gt=now).values_list("realm_id", flat=True)
    left = [quota_of(realm).left() for realm in at_work]
    found = GaugeMetricFamily("portal_quota_left_min", "Least left of any company's minute.", labels=["of"])
    if left:
        found.add_metric(["requests"], min(requests for requests, _ in left))
        found.add_metric(["batches"], min(batches for _, batches in left))
    yield found

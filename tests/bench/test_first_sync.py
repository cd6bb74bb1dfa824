"""The first sync of a firm by a real worker: how much of the quota it uses, and what a document costs."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.bench import measured, size
from tests.bench.conftest import Row
from tests.bench.measured import Cost
from tests.bench.runs import Extent, FirstSync
from tests.qbsync.conftest import Office
from tests.workers import Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

_BATCHES_A_MINUTE, _ITEMS = 40, 30  # Intuit's
_SCALE = 20
_MOST_MB = 140.0  # as the README says


@pytest.mark.skipif(not size.IS_FULL, reason="takes minutes: make bench")
@pytest.mark.parametrize("batch_item_ms", [0, 100])
def test_a_first_sync_uses_95_percent_of_the_quota(
    office: Office, start_measured: Callable[..., Worker], row: Row, batch_item_ms: int
) -> None:
    sync = FirstSync(office, Extent(10_000), batch_item_ms=batch_item_ms)
    start_measured("background")
    sync.begin()
    time.sleep(size.MINUTES * 60)
    share = sync.delivered() / (_BATCHES_A_MINUTE * _ITEMS * size.MINUTES)
    latency = f", {batch_item_ms} ms per batch item" if batch_item_ms else ""
    row(f"{sync.extent}{latency}: quota used in {size.MINUTES:g} min", ">= 95 %", f"{share:.1%}", share >= 0.95)
    row("    answered 429", "0", f"{sync.throttled()}", sync.throttled() == 0)
    assert sync.throttled() == 0
    assert share >= 0.95


def test_a_document_costs_little_and_a_larger_firm_needs_no_more_memory(
    open_office: Callable[[str], Office], start_measured: Callable[..., Worker], row: Row
) -> None:
    small = FirstSync(open_office("Birch"), Extent(size.of(100, 1000)), scale=_SCALE)
    _, cost_of_small = _carry_out(small, start_measured)
    large = FirstSync(open_office("Cedar"), Extent(size.of(400, 10_000)), scale=_SCALE)
    took_s, cost = _carry_out(large, start_measured)

    documents = large.extent.documents
    statements, cpu_ms = cost.statements / documents, 1000 * cost.cpu_s / documents
    row(f"{large.extent}: whole run, throttles x {_SCALE}", "", f"{documents / took_s:.0f} documents/s, {took_s:.0f} s")
    row("    answered 429", "0", f"{large.throttled()}", large.throttled() == 0)
    row("    statements per document", "<= 0.5", f"{statements:.2f}", statements <= 0.5)
    row("    CPU of the worker per document", "<= 3 ms", f"{cpu_ms:.2f} ms", cpu_ms <= 3, timed=True)
    peaks = f"{cost_of_small.peak_mb:.0f} MB, {cost.peak_mb:.0f} MB"
    what = f"peak of a worker's memory, {small.extent.accounts:,} and {large.extent.accounts:,} accounts"
    row(what, f"<= {_MOST_MB:.0f} MB", peaks, cost.peak_mb <= _MOST_MB)
    assert small.throttled() == large.throttled() == 0
    assert statements <= 0.5
    assert cost.peak_mb <= _MOST_MB


def _carry_out(sync: FirstSync, start_measured: Callable[..., Worker]) -> tuple[float, Cost]:
    """Have a new worker do all of it; return how long it took, in seconds, and what it cost."""
    before = measured.cost()
    worker = start_measured("background", QBO_QUOTA_SCALE=_SCALE)
    sync.begin()
    sync.wait()
    took_s = sync.seconds
    worker.stop()
    return took_s, measured.cost() - before

"""How soon a process of each kind is there, and what a web process holds in memory once it has worked."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from tests.bench import firms, size
from tests.bench.conftest import Row
from tests.bench.web import Web, signed_in
from tests.qbsync.conftest import Office
from tests.workers import Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

_TAKES = size.of(1, 5)
_CLIENTS = size.of(60, 1000)
_MOST_S = 3.0
_MOST_MB = 110.0  # as the README says; a worker's is judged where it carries out first syncs
_PAGES = ("/clients/accounts/", "/clients/accounts/?sort=quickbooks", "/clients/invoices/", "/clients/payments/")
_ROUNDS = size.of(2, 50)


def test_a_web_process_is_there_at_once_and_stays_small(office: Office, tmp_path: Path, row: Row) -> None:
    clients = firms.names(_CLIENTS)
    firms.books(office.firm, clients, invoices=_CLIENTS, payments=_CLIENTS // 2)
    starts = []
    for take in range(_TAKES):
        with Web(tmp_path / f"web-{take}.log") as web:
            starts.append(web.started_s)
            browser = signed_in(web.url, office.alice)
            for page in _PAGES * (_ROUNDS if take == 0 else 1):
                assert browser.get(web.url + page, timeout=60).ok
            if take == 0:
                memory_mb = web.memory_mb()
    _judge_start("web", starts, row)
    pages = len(_PAGES) * _ROUNDS
    row(
        f"    its memory after {pages} pages",
        f"<= {_MOST_MB:.0f} MB",
        f"{memory_mb:.0f} MB",
        memory_mb <= _MOST_MB,
    )
    assert memory_mb <= _MOST_MB


def test_a_worker_is_there_at_once(start_measured: Callable[..., Worker], row: Row) -> None:
    starts = []
    for _ in range(_TAKES):
        started_at = time.monotonic()
        worker = start_measured("background")
        starts.append(time.monotonic() - started_at)
        worker.stop()
    _judge_start("a worker", starts, row)


def _judge_start(what: str, starts: list[float], row: Row) -> None:
    took_s = median(starts)
    what = f"start of {what} until it takes work, median of {len(starts)}"
    row(what, f"<= {_MOST_S:g} s", f"{took_s:.1f} s", took_s <= _MOST_S, timed=True)

"""The long round of randomised crash runs behind `make crash`: CRASH_RUNS of them, from CRASH_SEED on."""

import os
import time
from collections.abc import Callable

import pytest

from portal.models import User
from tests.crash.runs import Report, take
from tests.simulated import Simulator
from tests.workers import Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
_AT_A_TIME = 80


def test_nothing_is_duplicated_lost_or_stuck_in_a_long_round(
    simulator: Simulator, alice: User, start_crash_worker: Callable[[], Worker], capsys: pytest.CaptureFixture[str]
) -> None:
    first, count = int(os.environ.get("CRASH_SEED") or 1), int(os.environ.get("CRASH_RUNS") or 1000)
    report, started = Report(), time.monotonic()
    for seed in range(first, first + count, _AT_A_TIME):
        seeds = range(seed, min(seed + _AT_A_TIME, first + count))
        take(seeds, simulator, alice, start_crash_worker, report, pause_s=(0.3, 2.0))
        with capsys.disabled():
            minutes = (time.monotonic() - started) / 60
            print(f"\n{report}\n  after {minutes:.1f} minutes", flush=True)  # noqa: T201
    assert not report.failed

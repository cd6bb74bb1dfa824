"""The long round of drift runs behind `make crash SUITE=drift`: CRASH_RUNS of them, from CRASH_SEED on."""

import os
from collections.abc import Callable

import pytest

from portal.models import User
from tests.crash.drift import DriftReport, take
from tests.simulated import Simulator
from tests.workers import Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
_AT_A_TIME = 10


def test_no_change_in_quickbooks_is_lost_in_a_long_round(
    simulator: Simulator, alice: User, start_crash_worker: Callable[[], Worker], capsys: pytest.CaptureFixture[str]
) -> None:
    first, count = int(os.environ.get("CRASH_SEED") or 1), int(os.environ.get("CRASH_RUNS") or 300)
    report = DriftReport()
    for seed in range(first, first + count, _AT_A_TIME):
        seeds = range(seed, min(seed + _AT_A_TIME, first + count))
        take(seeds, simulator, alice, start_crash_worker, report)
        with capsys.disabled():
            print(f"\n{report}", flush=True)  # noqa: T201
    assert not report.differences

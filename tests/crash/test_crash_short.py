"""A short round of randomised crash runs; `make crash` makes a long one."""

from collections.abc import Callable

import pytest

from portal.models import User
from tests.crash.runs import Report, take
from tests.simulated import Simulator
from tests.workers import Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


def test_nothing_is_duplicated_lost_or_stuck_after_crashes_and_faults(
    simulator: Simulator, alice: User, start_crash_worker: Callable[[], Worker]
) -> None:
    report = Report()
    take(range(1, 21), simulator, alice, start_crash_worker, report, pause_s=(0.3, 1.5))
    print(report)  # noqa: T201
    assert not report.failed, f"\n{report}"

"""A short round of drift runs; `make crash SUITE=drift` makes a long one."""

from collections.abc import Callable

import pytest

from portal.models import User
from tests.crash.drift import DriftReport, take
from tests.simulated import Simulator
from tests.workers import Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


def test_no_change_in_quickbooks_is_lost_while_looks_fail_and_are_killed(
    simulator: Simulator, alice: User, start_crash_worker: Callable[[], Worker]
) -> None:
    report = DriftReport()
    take(range(1, 7), simulator, alice, start_crash_worker, report)
    assert report.acts
    assert not report.differences, f"\n{report}"

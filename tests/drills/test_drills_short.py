"""A short round of the failure drills, with the parts that fail most often; `make drill` takes all of them."""

from pathlib import Path

import pytest

from tests.drills.drilling import take
from tests.drills.whole import Portal

_SOME = (
    "PostgreSQL is killed and started again",
    "Redis is emptied",
    "all workers and beat are killed, three times",
)


@pytest.mark.processes
def test_nothing_is_lost_doubled_or_stuck_when_servers_and_workers_are_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Portal(tmp_path) as portal:
        for drill in _SOME:
            take(portal, drill, capsys)

"""What the benchmarks share: a firm, measured workers, and the table that is printed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis

from portal.models import Firm, Membership, Role, User
from tests.bench import size
from tests.qbsync.conftest import Office
from tests.simulated import Simulator
from tests.workers import Worker

Row = Callable[..., None]
_COLUMNS = ("what", "wanted", "measured", "")
_ORDER = (
    "requests",
    "first_sync",
    "presses",
    "clicks",
    "web",
    "starts",
    "tokens",
    "idle",
    "noticing",
    "many_firms",
    "simulator",
    "accounts_list",
)  # modules, as the table has them


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Row:
    """Put a row into the table: ``row(what, wanted, measured, reached)``; ``reached`` None where nothing is wanted.

    With ``timed=True`` it is judged in the full run only: the short one shares the machine with other tests.
    """

    def put(what: str, wanted: str, measured: str, reached: bool | None = None, *, timed: bool = False) -> None:
        verdict = {True: "reached", False: "NOT REACHED", None: ""}[None if timed and not size.IS_FULL else reached]
        request.node.user_properties.append(("bench", (what, wanted, measured, verdict)))

    return put


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table."""
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.stats.get(kind, [])]
    ran = sorted((one for one in reports if one.when == "call"), key=lambda one: (_place(one.nodeid), one.start))
    rows = [value for one in ran for name, value in one.user_properties if name == "bench"]
    if not rows:
        return
    length = f"{size.MINUTES:g} minutes at Intuit's throttles" if size.IS_FULL else "the short run"
    terminalreporter.section(f"benchmarks, {length}")
    widths = [max(map(len, column)) for column in zip(_COLUMNS, *rows, strict=True)]
    for cells in (_COLUMNS, *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        terminalreporter.write_line(line.rstrip())


def percentile_95(values: Sequence[float]) -> float:
    """The least value that 95 of 100 do not exceed."""
    return sorted(values)[-(-95 * len(values) // 100) - 1]


def _place(nodeid: str) -> int:
    return next(place for place, module in enumerate((*_ORDER, "")) if f"test_{module}" in nodeid)


@pytest.fixture
def open_office(transactional_db: None, simulator: Simulator, broker: redis.Redis) -> Callable[[str], Office]:
    """Make a firm of this name, with its owner, and with empty books and no connection yet."""

    def make(name: str) -> Office:
        owner = User.objects.create_user(f"owner@{name.lower()}.test", "secret", name=f"Olivia {name}")
        firm = Firm.objects.create(name=f"{name} & Co.")
        Membership.objects.create(user=owner, firm=firm, role=Role.OWNER)
        return Office(simulator, firm, owner)

    return make


@pytest.fixture
def office(open_office: Callable[[str], Office]) -> Office:
    """Archer's firm."""
    return open_office("Archer")


@pytest.fixture
def start_measured(transactional_db: None, broker: redis.Redis, tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Start a worker of one process whose cost is measured; more variables of its environment by name.

    start_measured("background", QBO_QUOTA_SCALE=20)
    """
    workers: list[Worker] = []

    def start(queue: str, concurrency: int = 1, **environment: Any) -> Worker:
        variables = {name: str(value) for name, value in environment.items()}
        log = tmp_path / f"{queue}-{len(workers)}.log"
        workers.append(
            Worker(log, queues=(queue,), concurrency=concurrency, environment=variables, include="tests.bench.measured")
        )
        return workers[-1]

    yield start
    for worker in workers:
        worker.stop()

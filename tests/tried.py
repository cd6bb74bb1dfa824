"""What a test went through, added up over all tests of a file and all processes, and told at the end of the run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import pytest


@pytest.fixture
def tried(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Tell what was tried: numbers are added up, of things named each counts once.

    tried(addresses=["profile"], requests=5)
    """
    title = (request.node.getparent(pytest.Module).obj.__doc__ or request.node.name).split("\n")[0].partition(":")[0]

    def tell(**what: int | Iterable[str]) -> None:
        told = {name: value if isinstance(value, int) else list(value) for name, value in what.items()}
        record_property("tried", [title, told])

    return tell


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print a line for each file whose tests told what they tried."""
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    names: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for title, told in (value for name, value in report.user_properties if name == "tried"):
                for what, value in told.items():
                    if isinstance(value, int):
                        sums[title][what] += value
                    else:
                        names[title][what] |= set(value)
                        sums[title][what] = len(names[title][what])
    for title, counts in sorted(sums.items()):
        terminalreporter.write_line(f"{title}: " + ", ".join(f"{count:,} {what}" for what, count in counts.items()))

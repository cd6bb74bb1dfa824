"""`make drill`: each part of a whole portal is taken away in the middle of work; nothing is lost, doubled or stuck."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.drills.whole import REALM, Portal

_DOWN = {"match": {}, "times": 100_000, "kind": "http", "status": 503, "body": "html"}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """One portal for all drills: what one leaves behind, the next has to bear."""
    portal = Portal(tmp_path_factory.mktemp("drill"))
    yield portal
    portal.stop()


def _quickbooks_down(portal: Portal) -> None:
    portal.simulator.faults(REALM, _DOWN)
    time.sleep(30)
    portal.simulator.faults(REALM)


def _two_beats(portal: Portal) -> None:
    second = portal.second_beat()
    time.sleep(15)
    second.terminate()
    second.wait()


def _workers_killed_again_and_again(portal: Portal) -> None:
    for _ in range(3):
        portal.kill("celery")
        time.sleep(2)


DRILLS: dict[str, Callable[[Portal], None]] = {
    "PostgreSQL is killed and started again": lambda portal: portal.kill("postgres"),
    "Redis is killed and started again": lambda portal: portal.kill("valkey"),
    "Redis is emptied": Portal.flush_redis,
    "all workers and beat are killed, three times": _workers_killed_again_and_again,
    "beat runs twice": _two_beats,
    "QuickBooks is down for half a minute": _quickbooks_down,
}


@pytest.mark.parametrize("drill", DRILLS)
def test_nothing_is_lost_doubled_or_stuck(portal: Portal, drill: str, capsys: pytest.CaptureFixture[str]) -> None:
    portal.simulator.latency(REALM, batch_item_ms=50)  # so that the trouble comes in the middle
    work = portal.give_work()
    deadline = time.monotonic() + 60
    while not portal.delivered(work) and time.monotonic() < deadline:
        time.sleep(0.05)
    DRILLS[drill](portal)
    outcome = portal.outcome(work, time.monotonic())
    with capsys.disabled():
        print(f"\n{drill}: {outcome}", flush=True)  # noqa: T201
    assert (outcome.doubled, outcome.lost, outcome.stuck) == (0, 0, 0)

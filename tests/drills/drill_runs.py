"""`make drill`: each part of a whole portal is taken away in the middle of work; nothing is lost, doubled or stuck."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

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


def _redis_silent(portal: Portal) -> None:
    with portal.silenced("valkey"):
        time.sleep(20)
        portal.give_work()
        time.sleep(20)


def _workers_killed_again_and_again(portal: Portal) -> None:
    for _ in range(3):
        portal.kill("celery")
        time.sleep(2)


@dataclass(frozen=True)
class Drill:
    """What happens, and what people are told while it lasts: the banner's headline, where there is time to read it."""

    trouble: Callable[[Portal], None]
    banner: str = ""


DRILLS = {
    "PostgreSQL is killed and started again": Drill(lambda portal: portal.kill("postgres")),
    "Redis is killed and started again": Drill(lambda portal: portal.kill("valkey")),
    "Redis is emptied": Drill(Portal.flush_redis),
    "Redis takes connections and never answers": Drill(_redis_silent, "No worker is running."),
    "all workers and beat are killed, three times": Drill(_workers_killed_again_and_again),
    "beat runs twice": Drill(_two_beats),
    "QuickBooks is down for half a minute": Drill(_quickbooks_down, "QuickBooks does not answer at the moment."),
}


@pytest.mark.parametrize("drill", DRILLS)
def test_nothing_is_lost_doubled_or_stuck(portal: Portal, drill: str, capsys: pytest.CaptureFixture[str]) -> None:
    portal.simulator.latency(REALM, batch_item_ms=50)  # so that the trouble comes in the middle
    work = portal.give_work()
    deadline = time.monotonic() + 60
    while not portal.delivered(work) and time.monotonic() < deadline:
        time.sleep(0.05)
    under_way = portal.under_way()
    assert under_way
    with portal.onlooker(work) as onlooker:
        DRILLS[drill].trouble(portal)
    outcome = portal.outcome(time.monotonic())
    with capsys.disabled():
        print(f"\n{drill}, with {under_way} documents under way: {outcome}; {onlooker}", flush=True)  # noqa: T201
    assert (outcome.doubled, outcome.lost, outcome.stuck) == (0, 0, 0)
    assert (onlooker.untrue, onlooker.broken) == (set(), [])
    if DRILLS[drill].banner:
        assert DRILLS[drill].banner in onlooker.headlines

"""What a drill is: work is begun, a part is taken away in the middle of it, and both sides are compared after."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.drills.onlooker import Onlooker
from tests.drills.whole import REALM, Portal

DOWN = {"match": {}, "times": 100_000, "kind": "http", "status": 503, "body": "html"}
DOES_NOT_ANSWER = "QuickBooks does not answer at the moment."


def take(portal: Portal, drill: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Take that one of DRILLS in the middle of work, and judge by the outcome and by what people saw meanwhile."""
    with portal.onlooker(begin(portal)) as onlooker:
        DRILLS[drill].trouble(portal)
    judge(portal, onlooker, drill, capsys)
    if DRILLS[drill].banner:
        assert DRILLS[drill].banner in onlooker.headlines


def begin(portal: Portal) -> str:
    """Give work, and wait until it is in the middle; return how its numbers begin."""
    portal.simulator.latency(REALM, batch_item_ms=50)
    work = portal.give_work()
    deadline = time.monotonic() + 60
    while not portal.delivered(work) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert portal.under_way()
    return work


def judge(portal: Portal, onlooker: Onlooker, drill: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wait until all is settled and print the drill's line; nothing may be lost, doubled, stuck, untrue or broken."""
    outcome = portal.outcome(time.monotonic())
    with capsys.disabled():
        print(f"\n{drill}: {outcome}; {onlooker}", flush=True)  # noqa: T201
    assert (outcome.doubled, outcome.lost, outcome.stuck) == (0, 0, 0)
    assert (onlooker.untrue, onlooker.broken) == (set(), [])


def _quickbooks_down(portal: Portal) -> None:
    portal.simulator.faults(REALM, DOWN)
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
    "QuickBooks is down for half a minute": Drill(_quickbooks_down, DOES_NOT_ANSWER),
}

"""`make drill`: each part of a whole portal is taken away in the middle of work; nothing is lost, doubled or stuck."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drills.clocks import Hurry
from tests.drills.drilling import DOES_NOT_ANSWER, DOWN, DRILLS, begin, judge, take
from tests.drills.small_disk import NotAllowed, full, small_disk
from tests.drills.whole import REALM, Portal

_SILENT = {"match": {}, "times": 100_000, "kind": "stall", "at": "before", "seconds": 10}
_PACE = 20


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """One portal for all drills: what one leaves behind, the next has to bear."""
    with Portal(tmp_path_factory.mktemp("drill")) as portal:
        yield portal


@pytest.mark.parametrize("drill", DRILLS)
def test_nothing_is_lost_doubled_or_stuck(portal: Portal, drill: str, capsys: pytest.CaptureFixture[str]) -> None:
    take(portal, drill, capsys)


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Portal]:
    """A portal of its own whose web, workers and beat are on a host whose clock is ten minutes slow."""
    with Portal(tmp_path, DJANGO_SETTINGS_MODULE="tests.drills.host", HOST_CLOCK_AHEAD_S="-600") as portal:
        yield portal


def test_hosts_whose_clocks_are_twenty_minutes_apart(slow: Portal, capsys: pytest.CaptureFixture[str]) -> None:
    took = {}
    with (
        slow.second_host(HOST_CLOCK_AHEAD_S="600") as fast,
        slow.onlooker("DRILL") as at_slow,
        slow.onlooker("DRILL", site=fast) as at_fast,
    ):
        for hangs, goes_on in (("-600", "fast"), ("600", "slow")):
            begin(slow)
            with slow.silenced("worker\0-Q", knows=f"HOST_CLOCK_AHEAD_S={hangs}\0"):
                since = time.monotonic()
                slow.give_work()
                assert slow.settled_within(90), f"the {goes_on} host alone does not get on"
                took[goes_on] = time.monotonic() - since
            time.sleep(10)  # what hung goes on with what it was at
    alone = ", ".join(f"the {host} one alone is through after {seconds:.0f} s" for host, seconds in took.items())
    judge(slow, at_slow, f"hosts 10 minutes fast and slow, each hangs in the middle; {alone}", capsys)
    assert (at_fast.untrue, at_fast.broken) == (set(), [])


@pytest.fixture
def cramped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Portal]:
    """A portal of its own on a small disk; its logs, and QuickBooks, are on another one."""
    data = tmp_path / "data"
    try:
        with small_disk(data, 400):
            for elsewhere in ("logs", "simulator"):
                (tmp_path / elsewhere).mkdir()
                (data / elsewhere).symlink_to(tmp_path / elsewhere)
            with Portal(tmp_path) as portal:
                yield portal
    except NotAllowed as said:
        with capsys.disabled():
            print(f"\nthe disk runs full: not run, no small disk can be mounted here ({said})", flush=True)  # noqa: T201
        pytest.skip(str(said))


def test_the_disk_of_postgresql_and_redis_runs_full(cramped: Portal, capsys: pytest.CaptureFixture[str]) -> None:
    with cramped.onlooker(begin(cramped)) as onlooker, full(cramped.folder / "data"):
        time.sleep(30)
    judge(cramped, onlooker, "the disk of PostgreSQL and Redis is full for half a minute", capsys)
    for server, says in (("postgres", "No space left on device"), ("valkey", "writing to the AOF file")):
        assert says in (cramped.folder / "logs" / f"{server}.log").read_text(), f"{server} has not noticed"


@pytest.fixture
def hurried(tmp_path: Path) -> Iterator[tuple[Portal, Hurry]]:
    """A portal of its own, all of whose processes tell a time that can run faster.

    What is regular and what waits for an answer is set for twenty times the pace; leases are as ever.
    """
    file = tmp_path / "hurry"
    variables = {"SWEEP_EVERY_S": "1", "SYNC_LEASE_S": "45", "QBO_TIMEOUT_S": "3", "HURRIED_TIME": str(file)}
    with Portal(tmp_path, DJANGO_SETTINGS_MODULE="tests.drills.host", **variables) as portal:
        yield portal, Hurry(file)


def test_an_hour_without_quickbooks(hurried: tuple[Portal, Hurry], capsys: pytest.CaptureFixture[str]) -> None:
    portal, hurry = hurried
    key, name = portal.account_without_customer()
    asked = 0
    with portal.onlooker(begin(portal)) as onlooker:
        for fault in (DOWN, _SILENT):
            portal.simulator.faults(REALM, fault)
            hurry.run(_PACE)
            until = hurry.moved_s() + 1800
            if fault is _SILENT:
                portal.give_work()
                portal.press(f"/clients/accounts/{key}/quickbooks/create/")
            while (moved := hurry.moved_s()) < until:
                portal.simulator.clock(moved)  # so that the token expires meanwhile
                time.sleep(0.5)
            asked += portal.struck()
        told = portal.tooltip(name)
    hurry.run(1)
    portal.simulator.faults(REALM)
    judge(portal, onlooker, f"QuickBooks is down for an hour, and is asked {asked} times", capsys)
    assert DOES_NOT_ANSWER in onlooker.headlines
    assert told[:2] == ["There is a sync issue with this account:", DOES_NOT_ANSWER]
    assert [one["DisplayName"] for one in portal.simulator.entities(REALM, "Customer")].count(name) == 1
    assert asked < 180  # three a minute

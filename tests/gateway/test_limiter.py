"""The quota that all processes share, on real Redis and against the simulator's throttles."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid

import pytest
from pytest_django import Settings

from qbsync.gateway.limiter import Priority, Quota, QuotaWait, Slot
from tests.simulated import Simulator

PEOPLE, BACKGROUND = Priority.PEOPLE, Priority.BACKGROUND


@pytest.fixture
def name() -> str:
    """A company that nobody has asked anything yet."""
    return f"test/{uuid.uuid4()}"


@pytest.fixture
def quota(settings: Settings, name: str) -> Quota:
    """That company's quota."""
    return Quota(settings.REDIS_URL, name, lease_s=60)


def take_all(quota: Quota, *, is_batch: bool = False, priority: Priority = PEOPLE) -> tuple[list[Slot], float]:
    """Take slots until there is none; return them and the wait that was named then."""
    slots = []
    while True:
        try:
            slots.append(quota.take(is_batch=is_batch, priority=priority))
        except QuotaWait as wait:
            return slots, wait.seconds


def test_an_idle_company_gives_ten_slots_at_once(quota: Quota) -> None:
    slots, wait = take_all(quota)
    assert len(slots) == 10
    assert 0 < wait <= 1


def test_background_work_leaves_slots_to_people(quota: Quota) -> None:
    assert len(take_all(quota, priority=BACKGROUND)[0]) == 8
    assert len(take_all(quota, priority=PEOPLE)[0]) == 2


def test_every_process_takes_from_the_same_slots(settings: Settings, name: str) -> None:
    one, another = (Quota(settings.REDIS_URL, name, lease_s=60) for _ in range(2))
    assert len(take_all(one)[0]) == 10
    assert take_all(another)[0] == []


def test_a_request_that_was_answered_counts_for_a_second_after_its_answer(quota: Quota) -> None:
    slots, _ = take_all(quota)
    time.sleep(1.2)
    assert take_all(quota)[0] == []  # not answered yet: they may arrive only now
    for slot in slots:
        slot.give_back()
    assert take_all(quota)[0] == []
    time.sleep(1.2)
    assert len(take_all(quota)[0]) == 10


def test_slots_of_a_crashed_worker_end_by_themselves(settings: Settings, name: str) -> None:
    quota = Quota(settings.REDIS_URL, name, lease_s=3.5)
    assert len(take_all(quota)[0]) == 10
    time.sleep(3.2)  # the second is over, the slots are not
    assert take_all(quota)[0] == []
    time.sleep(0.5)
    assert len(take_all(quota)[0]) == 10


def test_the_batches_of_a_minute_are_counted_apart(settings: Settings, name: str) -> None:
    # Ten times as many a second, so that the minute's batches are reached at once.
    quota = Quota(settings.REDIS_URL, name, lease_s=60, scale=10)
    for _ in range(4):
        slots, _ = take_all(quota, is_batch=True)
        for slot in slots:
            slot.give_back()
        time.sleep(1.1)
    slots, wait = take_all(quota, is_batch=True)
    assert slots == []
    assert 50 < wait < 62
    assert len(take_all(quota)[0]) == 100


def batches(quota: Quota, priority: Priority) -> int:
    """How many batches are to be had now, however many requests a second are."""
    taken = 0
    for _ in range(4):
        slots, _ = take_all(quota, is_batch=True, priority=priority)
        taken += len(slots)
        for slot in slots:
            slot.give_back()
        time.sleep(1.1)
    return taken


def test_background_work_has_all_batches_of_a_minute_while_nobody_is_about(settings: Settings, name: str) -> None:
    quota = Quota(settings.REDIS_URL, name, lease_s=60, scale=0.1)  # 4 batches a minute
    assert batches(quota, BACKGROUND) == 4
    assert take_all(quota, is_batch=True, priority=PEOPLE)[0] == []


def test_while_people_are_about_the_last_batch_of_a_minute_is_theirs(settings: Settings, name: str) -> None:
    quota = Quota(settings.REDIS_URL, name, lease_s=60, scale=0.1)  # 4 batches a minute, 3 of them for background
    quota.take(is_batch=True, priority=PEOPLE).give_back()
    assert batches(quota, BACKGROUND) == 2
    assert batches(quota, PEOPLE) == 1


def test_after_a_429_nobody_sends_and_a_longer_pause_is_not_shortened(quota: Quota) -> None:
    quota.pause(30)
    quota.pause(1)
    slots, wait = take_all(quota)
    assert slots == []
    assert 25 < wait <= 30


def test_a_pause_ends(quota: Quota) -> None:
    quota.pause(0.2)
    time.sleep(0.3)
    assert len(take_all(quota)[0]) == 10


def test_without_redis_nothing_is_sent_and_the_work_comes_back_later() -> None:
    quota = Quota("redis://127.0.0.1:1/0", "test/nobody", lease_s=60)
    with pytest.raises(QuotaWait) as wait:
        quota.take(is_batch=False, priority=PEOPLE)
    assert wait.value.seconds == 5


def hammer(simulator: Simulator, settings: Settings, realm: str, *runs: tuple[str, ...]) -> list[int]:
    """Let processes send at once; return how often each was told to wait."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "REDIS_URL": settings.REDIS_URL,
        "QBO_API_BASE_URL": simulator.url,
        "LOG_LEVEL": "ERROR",
    }
    token = simulator.tokens(realm)["access_token"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.gateway.hammer", realm, token, *run],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for run in runs
    ]  # fmt: skip
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), "\n".join(outputs)
    return [int(output.strip().splitlines()[-1]) for output in outputs]


def test_three_processes_at_full_speed_are_never_throttled(simulator: Simulator, settings: Settings) -> None:
    realm = simulator.company()
    simulator.latency(realm, request_ms=30)
    waits = hammer(simulator, settings, realm, *[("6", "25", "query", "people")] * 3)
    stats = simulator.stats(realm)
    assert (stats["requests"], stats["throttled"]) == ({"query": 75}, 0)
    assert sum(waits) > 0


def test_an_idle_company_takes_the_minutes_batches_in_one_go(simulator: Simulator, settings: Settings) -> None:
    realm = simulator.company()
    hammer(simulator, settings, realm, *[("8", "20", "batch", "people")] * 2)
    stats = simulator.stats(realm)
    assert (stats["requests"], stats["throttled"]) == ({"batch": 40}, 0)


def test_slow_batches_side_by_side_are_never_throttled(simulator: Simulator, settings: Settings) -> None:
    realm = simulator.company()
    simulator.latency(realm, request_ms=2500)
    hammer(simulator, settings, realm, *[("8", "15", "batch", "background")] * 2)
    stats = simulator.stats(realm)
    assert (stats["requests"], stats["throttled"]) == ({"batch": 30}, 0)

"""Shares a company's quota among all processes, so that our own traffic is never answered 429. Never sleeps.

Intuit allows 500 requests a minute, 10 a second, 10 at once and 40 batches a minute, counted when a request arrives
(https://developer.intuit.com/app/developer/qbo/docs/learn/limits-and-throttles). All we know is that it arrives
between taking its slot and giving it back. So a request counts against the minute and the second from the end of its
slot, not from its start; except where it takes long, when it has surely arrived a while ago.
Every decision is one Lua script on Redis' own clock; the slots of a crashed worker end by themselves.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import redis

from portal import circuit

logger = logging.getLogger(__name__)

REQUESTS_A_MINUTE = 500
REQUESTS_A_SECOND = 10
REQUESTS_AT_ONCE = 10
BATCHES_A_MINUTE = 40
# What background work leaves to people: 50 requests, 2 a second, 2 at once; and 1 batch while there are people: for the
# minute after one of them has taken a batch.
_LEFT_TO_BACKGROUND = (0.9, 0.8, 0.8, 0.975)

_ARRIVED_AFTER_MS = 2000  # a request sent longer ago than this has arrived, however slow its answer
_MARGIN_MS = 50
_REDIS_AWAY_WAIT_S = 5.0
_REDIS_TIMEOUT_S = 5.0

# KEYS: the pause, then sets of slots scored by the moment until which they count: minute, second, at once, batches; and
# a sign that people are about. ARGV: …, the four limits, the limit of batches while nobody is about, and who asks.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local slot, is_batch, lease, arrived = ARGV[1], ARGV[2] == '1', tonumber(ARGV[3]), tonumber(ARGV[4])
local counts_for = {60000 + arrived, 1000 + arrived, lease, 60000 + arrived}
local longest_wait = {60000 + arrived, 1000, 200, 60000 + arrived}
local windows = is_batch and 4 or 3
if is_batch and redis.call('EXISTS', KEYS[6]) == 0 then ARGV[8] = ARGV[9] end
local wait = math.max(redis.call('PTTL', KEYS[1]), 0)
for i = 1, windows do
  local key, limit = KEYS[i + 1], tonumber(ARGV[i + 4])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  local surplus = redis.call('ZCARD', key) - limit
  if surplus >= 0 then
    local ends = redis.call('ZRANGE', key, surplus, surplus, 'WITHSCORES')[2]
    wait = math.max(wait, math.min(ends - now, longest_wait[i]))
  end
end
if wait > 0 then return wait end
for i = 1, windows do
  redis.call('ZADD', KEYS[i + 1], now + counts_for[i], slot)
  redis.call('PEXPIRE', KEYS[i + 1], 120000 + lease)
end
if is_batch and ARGV[10] == 'people' then redis.call('SET', KEYS[6], '1', 'PX', 60000) end
return 0
"""
_GIVE_BACK = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[2])
for i, length in ipairs({60000, 1000, 0, 60000}) do
  redis.call('ZADD', KEYS[i], 'XX', 'LT', now + length, ARGV[1])
end
"""
_USED = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return {redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf'), redis.call('ZCOUNT', KEYS[2], '(' .. now, '+inf')}
"""
_PAUSE = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) end
"""


class Priority(StrEnum):
    """Who waits for the answer: background work leaves a reserve to people."""

    PEOPLE = "people"
    BACKGROUND = "background"


class QuotaWait(Exception):
    """Nothing was sent: there is nothing free at the moment. Come again after ``seconds``; it costs no attempt."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"wait {seconds:.2f} s")
        self.seconds = seconds


@dataclass(frozen=True)
class Slot:
    """The right to send one request. Give it back when QuickBooks has answered; not after a time-out, when it is
    still working on the request: the slot then ends by itself."""

    give_back: Callable[[], None]


class Quota:
    """The quota of one QuickBooks company."""

    def __init__(self, redis_url: str, company: str, *, lease_s: float, scale: float = 1.0) -> None:
        """Open the quota; sends nothing.

        Args:
            redis_url: the Redis that all workers share.
            company: names the company among all that are on this Redis.
            lease_s: after this many seconds a slot that was not given back ends by itself; longer than any request.
            scale: multiplies the limits, for a simulator whose throttles are multiplied.
        """
        self._redis = circuit.client(redis_url, timeout_s=_REDIS_TIMEOUT_S)
        names = ("pause", "minute", "second", "at_once", "batches", "people")
        self._keys = [f"quota:{{{company}}}:{name}" for name in names]
        self._lease_ms = int(lease_s * 1000)
        limits = (REQUESTS_A_MINUTE, REQUESTS_A_SECOND, REQUESTS_AT_ONCE, BATCHES_A_MINUTE)
        self._limits = {
            Priority.PEOPLE: [max(int(limit * scale), 1) for limit in limits],
            Priority.BACKGROUND: [
                max(int(limit * scale * part), 1) for limit, part in zip(limits, _LEFT_TO_BACKGROUND, strict=True)
            ],
        }

    def take(self, *, is_batch: bool, priority: Priority) -> Slot:
        """Return a slot for one request.

        Raises:
            QuotaWait: there is none; nothing was taken.
        """
        slot = secrets.token_hex(8)
        wait_ms = self._run(
            _TAKE, self._keys, slot, int(is_batch), self._lease_ms, _ARRIVED_AFTER_MS, *self._limits[priority],
            self._limits[Priority.PEOPLE][3], priority,
        )  # fmt: skip
        if wait_ms:
            raise QuotaWait(int(wait_ms) / 1000)
        return Slot(lambda: self._give_back(slot))

    def left(self) -> tuple[int, int]:
        """Return how many requests, and how many batches, the running minute still has for people.

        Raises:
            QuotaWait: Redis does not answer.
        """
        return self._left(self._run(_USED, [self._keys[1], self._keys[4]]))

    def pause(self, seconds: float) -> None:
        """Let nobody send anything for so long, because QuickBooks said so. A longer pause is never shortened."""
        self._run(_PAUSE, self._keys[:1], int(seconds * 1000))

    def _left(self, used: Sequence[Any]) -> tuple[int, int]:
        limits = self._limits[Priority.PEOPLE]
        return max(limits[0] - int(used[0]), 0), max(limits[3] - int(used[1]), 0)

    def _give_back(self, slot: str) -> None:
        try:
            self._run(_GIVE_BACK, self._keys[1:5], slot, _MARGIN_MS)
        except QuotaWait:
            logger.warning("A slot was not given back; it ends by itself.")

    def _run(self, script: str, keys: list[str], *args: Any) -> Any:
        try:
            # Repeating a script with the same slot changes nothing.
            return self._redis.register_script(script)(keys=keys, args=args)
        except redis.RedisError as error:
            logger.error("Redis does not answer, so nothing is sent to QuickBooks: %s", error)
            raise QuotaWait(_REDIS_AWAY_WAIT_S) from None


def left_of(quotas: Sequence[Quota]) -> list[tuple[int, int]]:
    """Return what ``left`` says of each of these, which are on one Redis; it is asked once for all of them.

    Raises:
        QuotaWait: Redis does not answer.
    """
    if not quotas:
        return []
    pipeline = quotas[0]._redis.pipeline(transaction=False)
    script = quotas[0]._redis.register_script(_USED)
    try:
        for quota in quotas:
            script(keys=[quota._keys[1], quota._keys[4]], client=pipeline)
        answers = pipeline.execute()
    except redis.RedisError as error:
        raise QuotaWait(_REDIS_AWAY_WAIT_S) from error
    return [quota._left(used) for quota, used in zip(quotas, answers, strict=True)]

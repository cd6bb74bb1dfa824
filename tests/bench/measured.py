"""Runs inside a worker: measures what its tasks cost and leaves that in Redis. Changes nothing of what they do.

A worker that is started with ``-I tests.bench.measured`` counts the statements it sends to the database, the CPU time
it uses, and the peak of its memory.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis
from celery.signals import task_postrun, task_prerun
from django.conf import settings
from django.db import connection

_STATEMENTS, _CPU_S, _PEAKS = "statements", "cpu_s", "peaks"


@dataclass(frozen=True)
class Cost:
    """What all measured workers of a test have used so far."""

    statements: int
    cpu_s: float
    peak_mb: float  # of the one that needed most

    def __sub__(self, before: Cost) -> Cost:
        """What was used since then. The peak stays: workers that are started later add to it only if they need more."""
        return Cost(self.statements - before.statements, self.cpu_s - before.cpu_s, self.peak_mb)


def cost() -> Cost:
    """Return it. A task that is still running is not in it yet."""
    store = redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)
    peaks = store.hvals(_key(_PEAKS))
    return Cost(
        statements=int(store.get(_key(_STATEMENTS)) or 0),
        cpu_s=float(store.get(_key(_CPU_S)) or 0),
        peak_mb=max(map(float, peaks), default=0.0),
    )


class _Meter:
    """The measuring of this process: each task from its beginning to its end."""

    def __init__(self) -> None:
        self.statements = 0
        self.started_at = 0.0

    def begin(self) -> None:
        """A task begins."""
        if self._count not in connection.execute_wrappers:
            connection.execute_wrappers.append(self._count)
        self.statements, self.started_at = 0, time.process_time()

    def end(self) -> None:
        """A task has ended; leave what it took."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        peak_mb = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
        pipeline = redis.Redis.from_url(settings.REDIS_URL).pipeline()
        pipeline.incrby(_key(_STATEMENTS), self.statements)
        pipeline.incrbyfloat(_key(_CPU_S), time.process_time() - self.started_at)
        pipeline.hset(_key(_PEAKS), os.getpid(), str(peak_mb))
        pipeline.execute()

    def _count(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.statements += 1
        return execute(*args)


def _key(name: str) -> str:
    """Beside the messages of this test's broker, so that it goes when they go."""
    return f"{settings.CELERY_BROKER_TRANSPORT_OPTIONS['global_keyprefix']}measured:{name}"


_meter = _Meter()


@task_prerun.connect
def _begin(**_: Any) -> None:
    _meter.begin()


@task_postrun.connect
def _end(**_: Any) -> None:
    _meter.end()

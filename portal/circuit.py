"""A circuit breaker for Redis: where it takes connections and never answers, a process waits once, and then refuses.

A Redis that is down refuses at once. One that is silent, as its host hangs or the network drops what is sent, costs
whoever asks the whole time-out, and a page asks several times: soon every thread of the web server waits. After one
time-out nothing is asked for ``RESTS_S``; then one connection tries for all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

RESTS_S = 5.0


class Circuit:
    """What this process knows of one Redis."""

    def __init__(self) -> None:
        """Know nothing against it."""
        self._lock = threading.Lock()
        self._rests_until: float | None = None
        self._tries: object = None

    @property
    def is_open(self) -> bool:
        """Whether it did not answer a moment ago: better ask nothing of it that can wait."""
        until = self._rests_until
        return until is not None and time.monotonic() < until

    def admits(self, who: object) -> bool:
        """Whether this connection may ask: all may, or the one that tries for all after a rest."""
        with self._lock:
            if self._rests_until is None or who is self._tries:
                return True
            if time.monotonic() < self._rests_until:
                return False
            self._tries, self._rests_until = who, time.monotonic() + RESTS_S
            return True

    def was_silent(self) -> None:
        """It has not answered in time."""
        with self._lock:
            self._tries, self._rests_until = None, time.monotonic() + RESTS_S

    def has_answered(self) -> None:
        """It is there."""
        if self._rests_until is not None:
            with self._lock:
                self._tries = self._rests_until = None


@cache
def of(url: str) -> Circuit:
    """Return the circuit of the Redis at this URL."""
    return Circuit()


class Pool(redis.ConnectionPool):
    """A pool of connections to a Redis that share its circuit.

    What is asked while it is open raises redis.ConnectionError, as where nobody listens.
    """

    @classmethod
    def from_url(cls, url: str, **options: Any) -> Pool:
        """Open the pool; connects to nothing yet."""
        pool: Pool = super().from_url(url, connection_class=_connection_class(url), **options)
        return pool


@cache
def client(url: str, *, timeout_s: float) -> redis.Redis:
    """Return this process' client of a Redis. A connection that was dropped is opened once more, so send it only what
    may be sent twice."""
    retry = Retry(NoBackoff(), retries=1)
    return redis.Redis(
        connection_pool=Pool.from_url(url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=retry)
    )


@cache
def _connection_class(url: str) -> type[redis.connection.AbstractConnection]:
    scheme = url.partition("://")[0]
    base: Any = {"unix": redis.UnixDomainSocketConnection, "rediss": redis.SSLConnection}.get(scheme, redis.Connection)
    circuit = of(url)

    class CircuitConnection(base):
        def connect_check_health(self, *args: Any, **options: Any) -> None:
            self._admitted(super().connect_check_health, *args, **options)

        def send_packed_command(self, *args: Any, **options: Any) -> None:
            self._admitted(super().send_packed_command, *args, **options)

        def read_response(self, *args: Any, **options: Any) -> Any:
            answer = self._timed(super().read_response, *args, **options)
            circuit.has_answered()
            return answer

        def _admitted(self, do: Callable[..., Any], *args: Any, **options: Any) -> None:
            if not circuit.admits(self):
                raise redis.ConnectionError("Redis has not answered a moment ago.")
            self._timed(do, *args, **options)

        def _timed(self, do: Callable[..., Any], *args: Any, **options: Any) -> Any:
            try:
                return do(*args, **options)
            except redis.TimeoutError:
                circuit.was_silent()
                raise

    return CircuitConnection

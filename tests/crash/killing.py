"""Kills workers at the moments that matter: at random, and right when QuickBooks has executed something."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from tests.simulated import Simulator
from tests.workers import Worker

_FREEZE_S = 23.0
_WATCH_S = 4.0


class Killer(threading.Thread):
    """Kills the worker's processes until it is stopped; a thread of its own, which touches no database."""

    def __init__(
        self, start: Callable[[], Worker], simulator_url: str, seed: int, *, pause_s: tuple[float, float]
    ) -> None:
        """Start the first worker; kills begin with ``start()``.

        Args:
            start: starts a worker.
            simulator_url: the simulator whose books are watched.
            seed: of the moments and the ways of killing.
            pause_s: shortest and longest time between two kills.
        """
        super().__init__(name="killer", daemon=True)
        self.worker = start()
        self._is_dead = threading.Event()
        self.realms: list[str] = []
        self.kills = 0
        self._start_worker = start
        self._simulator = Simulator(simulator_url)
        self._dice = random.Random(f"kills {seed}")
        self._pause_s = pause_s
        self._over = threading.Event()
        self._frozen: list[threading.Timer] = []

    def run(self) -> None:
        """Kill, again and again."""
        ways = [self._one, self._pool, self._after_execution, self._during_a_batch, self._freeze, self._all]
        while not self._over.wait(self._dice.uniform(*self._pause_s)):
            if self._is_dead.is_set():
                continue
            self._dice.choices(ways, [4, 3, 5, 4, 2, 1])[0]()
            self.kills += 1

    def replace_the_dead(self) -> None:
        """Start another worker where the whole of one was killed.

        For the main thread: a worker ends with the thread that started it.
        """
        if self._is_dead.is_set():
            self.worker = self._start_worker()
            self._is_dead.clear()

    def stop(self) -> None:
        """No more kills; what was frozen goes on, and a worker is there."""
        self._over.set()
        self.join()
        self.replace_the_dead()
        for timer in self._frozen:
            timer.join()

    def _one(self) -> None:
        if pool := self.worker.pool():
            _signal([self._dice.choice(pool)], signal.SIGKILL)

    def _pool(self) -> None:
        _signal(self.worker.pool(), signal.SIGKILL)

    def _all(self) -> None:
        self.worker.kill()
        self._is_dead.set()

    def _after_execution(self) -> None:
        """Right when something new is in the books: its answer is on the way, or has just been read."""
        pool = self.worker.pool()
        if self._watch("entities", ("Invoice", "Payment", "Customer")):
            time.sleep(self._dice.choice([0.0, 0.0, 0.003, 0.01, 0.03]))
            _signal(pool, signal.SIGKILL)

    def _during_a_batch(self) -> None:
        """Right when a batch has arrived: it may be executed after its sender's end."""
        pool = self.worker.pool()
        if self._watch("requests", ("batch",)):
            _signal(pool, signal.SIGKILL)

    def _watch(self, what: str, kinds: Sequence[str]) -> bool:
        """Wait until the newest companies' counts of these kinds grow."""
        realms = self.realms[-3:]
        before = [self._count(realm, what, kinds) for realm in realms]
        deadline = time.monotonic() + _WATCH_S
        while time.monotonic() < deadline and not self._over.is_set():
            if [self._count(realm, what, kinds) for realm in realms] != before:
                return True
            time.sleep(0.004)
        return False

    def _count(self, realm: str, what: str, kinds: Sequence[str]) -> int:
        counts = self._simulator.stats(realm)[what]
        return sum(counts.get(kind, 0) for kind in kinds)

    def _freeze(self) -> None:
        """Stop one for longer than its claims hold, as a machine that swaps does; it does not know when it goes on."""
        if pool := self.worker.pool():
            chosen = [self._dice.choice(pool)]
            _signal(chosen, signal.SIGSTOP)
            timer = threading.Timer(_FREEZE_S, _signal, (chosen, signal.SIGCONT))
            timer.start()
            self._frozen.append(timer)


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)

"""Keeps a set of processes running until Ctrl-C, and stops them in the reverse order; never says which ones."""

import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from portal.local.processes import Child, Service, stop

_POLL_S = 0.1
# A service that ends again within this time did not work at all; so often in a row, and all of it stops. One that has
# worked before is started again for as long as it takes: what keeps it from working, as a full disk does, is outside.
_HEALTHY_AFTER_S = 20.0
_MOST_RESTARTS = 5
_LONGEST_PAUSE_S = 5.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """A person or the system asked for the end (Ctrl-C, SIGTERM, a closed terminal)."""


class Failed(Exception):
    """Something needed cannot be had; the message is a sentence for the person at the terminal."""


class Supervisor:
    """Children in the order in which they were started.

    Signals only set a flag, which every wait looks at: so Ctrl-C is safe at any moment, also between the start of a
    child and the line that remembers it.
    """

    def __init__(self) -> None:
        self._children: list[Child] = []
        self._failures: dict[str, int] = {}
        self._proven: set[str] = set()
        self._stop_asked = False
        self._previous = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            for number, handler in self._previous.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop_asked = True

    def start(self, service: Service) -> Child:
        """Start a service and remember it. Raises Stopped when the end has been asked for meanwhile."""
        self._check()
        child = Child(service)
        self._children.append(child)
        return child

    def run(self, service: Service) -> tuple[Child, int]:
        """Run a command to its end; return it and its exit code. Raises Stopped (it is stopped with the rest)."""
        child = self.start(service)
        return child, self.finished(child)

    def finished(self, child: Child) -> int:
        """Wait for a command's end; return its exit code. Raises Stopped (it is stopped with the rest)."""
        while not child.has_ended():
            self.pause()
        self._children.remove(child)
        return child.finish()

    def pause(self) -> None:
        """Wait a moment. Raises Stopped when the end has been asked for."""
        self._check()
        time.sleep(_POLL_S)
        self._check()

    def wait_until(self, ready: Callable[[], bool], child: Child, timeout_s: float) -> bool:
        """Whether it became ready in time, and before the child ended. Raises Stopped."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and not child.has_ended():
            if ready():
                return True
            self.pause()
        return False

    def drop(self, child: Child) -> None:
        """Stop a child and forget it."""
        child.stop()
        self._children.remove(child)

    def watch(self, say: Callable[[str], None]) -> None:
        """Start again what ends, naming it, until the end is asked for (returns) or it is of no use (raises Failed)."""
        while not self._stop_asked:
            for place, child in enumerate(self._children):
                if child.has_ended() and not self._stop_asked:
                    self._children[place] = self._started_again(child, say)
            time.sleep(_POLL_S)

    def _started_again(self, child: Child, say: Callable[[str], None]) -> Child:
        service = child.service
        code = child.finish()
        how = f"ended with exit code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"
        lived_well = time.monotonic() - child.started_at >= _HEALTHY_AFTER_S
        if lived_well:
            self._proven.add(service.name)
        failures = self._failures[service.name] = 1 if lived_well else self._failures.get(service.name, 0) + 1
        if failures > _MOST_RESTARTS and service.name not in self._proven:
            raise Failed(f"{service.name} {how} {failures} times in a row. What it said is in {service.log}.")
        say(f"{service.name} {how}; it is started again. What it said is in {service.log}.")
        resume = time.monotonic() + min(failures - 1, _LONGEST_PAUSE_S)
        while time.monotonic() < resume and not self._stop_asked:
            time.sleep(_POLL_S)
        return Child(service)

    def stop(self) -> None:
        """Stop all children: first all that use the servers, together; then the servers, in reverse order."""
        servers = [child for child in self._children if child.service.is_server]
        stop(child for child in self._children if not child.service.is_server)
        for server in reversed(servers):
            server.stop()
        self._children.clear()

    def _check(self) -> None:
        if self._stop_asked:
            raise Stopped

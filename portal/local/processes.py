"""Starts and stops child processes that neither outlive their parent nor catch its Ctrl-C; never says which ones."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from portal.local.addresses import ROOT

# How long a process may take to finish what it is doing, once asked to stop.
GRACE_S = 8.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Service:
    """A process to run: its name for people, its command, where it logs, and the signal that it stops on.

    A server is stopped after all that is not one.
    """

    name: str
    command: list[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    is_server: bool = False


class Child:
    """A started service: the leader of a session, and so of a process group, of its own."""

    def __init__(self, service: Service) -> None:
        """Start it. Its output goes to the end of its log."""
        self.service = service
        self.started_at = time.monotonic()
        service.log.parent.mkdir(parents=True, exist_ok=True)
        with service.log.open("ab") as log:
            self.log_start = log.tell()
            self._process = subprocess.Popen(
                service.command,
                cwd=ROOT,
                env={**os.environ, **service.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(service.stop_signal),
            )
        self.pid = self._process.pid

    def has_ended(self) -> bool:
        """Whether the leader has ended. It is not reaped yet, so its process group cannot be another's."""
        if self._process.returncode is not None:
            return True
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def ask_to_stop(self) -> None:
        """Send the leader its stop signal."""
        if not self.has_ended():
            self._process.send_signal(self.service.stop_signal)

    def finish(self) -> int:
        """Kill what is left of the process group; return the leader's exit code (negative: the signal's number)."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):  # macOS refuses for a group of zombies
                os.killpg(self.pid, signal.SIGKILL)
        return self._process.wait()

    def stop(self) -> None:
        """Stop it alone: see `stop`."""
        stop([self])

    def output(self) -> str:
        """What it has written so far."""
        with self.service.log.open("rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")


def die_with_parent(stop_signal: signal.Signals) -> Callable[[], None]:
    """What a child does before its program: ask the kernel for that signal when this process ends, however it ends."""
    parent = os.getpid()

    def in_child() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, stop_signal)
        if os.getppid() != parent:  # the parent ended before the kernel knew of the wish
            os._exit(1)

    return in_child


def stop(children: Iterable[Child], grace_s: float = GRACE_S) -> None:
    """Stop them together: ask each, wait, and kill the groups of those that are still there after the grace time."""
    children = list(children)
    for child in children:
        child.ask_to_stop()
    deadline = time.monotonic() + grace_s
    while time.monotonic() < deadline and not all(child.has_ended() for child in children):
        time.sleep(0.05)
    for child in children:
        child.finish()

"""Runs a program of a few lines in a process of its own, for tests that kill it or press Ctrl-C."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from portal.local.addresses import ROOT


class Program:
    """A Python program whose output is read line by line."""

    def __init__(self, text: str, *arguments: object, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-c", textwrap.dedent(text), *map(str, arguments)],
            cwd=ROOT,
            env=without_servers(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def line(self) -> str:
        """The next line that it prints; an error when it ends without one."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the program ended with {self._process.wait()}"
        return line.rstrip("\n")

    def press_ctrl_c(self) -> None:
        """Interrupt the whole foreground group, as a terminal does."""
        os.killpg(self._process.pid, signal.SIGINT)

    def kill(self) -> None:
        """End it in the way that it cannot prepare for."""
        self._process.kill()
        self._process.wait()

    def rest(self) -> tuple[str, int]:
        """Wait for its end: what else it printed, and its exit code."""
        return self._process.communicate(timeout=60)[0], self._process.returncode


def without_servers(more: Mapping[str, str]) -> dict[str, str]:
    """The environment of a person who has set none of the portal's variables but these."""
    own = ("DATABASE_URL", "REDIS_URL", "PORTAL_DATA_DIR", "PORT", "SIMULATOR_PORT", "QBO_", "DJANGO_", "PYTEST_")
    return {**{name: value for name, value in os.environ.items() if not name.startswith(own)}, **more}


def wait_for(condition: Callable[[], bool]) -> None:
    """Return as soon as it holds; an error after a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Whether the process still runs: neither gone nor ended and waiting for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False

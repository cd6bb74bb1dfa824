"""Celery workers of a test: real processes on the test's own database and broker; never a task run in the test."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from portal.local.addresses import database_url
from portal.local.processes import Child, Service

_READY_S = 60


class Worker:
    """One worker with its pool of processes."""

    def __init__(
        self, log: Path, *, queues: tuple[str, ...], concurrency: int, environment: dict[str, str], include: str = ""
    ) -> None:
        """Start it and wait until it takes tasks; ``include`` names one more module that it is to load."""
        options = ["-Q", ",".join(queues), "-c", str(concurrency), "-n", f"{log.stem}@%h", "-l", "info"]
        options += ["-I", include] if include else []
        command = [sys.executable, "-m", "celery", "-A", "portal", "worker", *options, "--without-mingle"]
        self._child = Child(Service(log.stem, command, log, {**same_as_the_test(), **environment}))
        deadline = time.monotonic() + _READY_S
        while " ready." not in self._child.output():
            assert not self._child.has_ended(), f"The worker ended:\n{self._child.output()}"
            assert time.monotonic() < deadline, f"The worker is not ready:\n{self._child.output()}"
            time.sleep(0.05)

    def log(self) -> str:
        """What it has logged so far."""
        return self._child.output()

    def pool(self) -> list[int]:
        """The ids of its pool's processes."""
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        pairs = [line.split() for line in listed.splitlines()]
        return [int(pid) for pid, parent in pairs if int(parent) == self._child.pid]

    def kill(self) -> None:
        """End it and its pool at once and unprepared, as a machine that loses its power does."""
        os.killpg(self._child.pid, signal.SIGKILL)
        self._child.finish()

    def stop(self) -> None:
        """Let it finish the tasks it has, then end it; without effect on one that was killed."""
        self._child.stop()


def same_as_the_test() -> dict[str, str]:
    """The variables that lead a process to the database, broker and QuickBooks of the running test."""
    database = urlsplit(database_url())._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    names = ("QBO_API_BASE_URL", "QBO_OAUTH_BASE_URL", "QBO_BROWSER_BASE_URL", "QBO_APP_BASE_URL", "QBO_REDIRECT_URI")
    return {
        "DATABASE_URL": database,
        "REDIS_URL": settings.REDIS_URL,
        "CELERY_KEY_PREFIX": settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"],
        **{name: getattr(settings, name) for name in names},
    }

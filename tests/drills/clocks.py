"""Clocks of a drill: a host whose clock is off, and an hour that goes by in minutes. Loaded in every process."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import time_machine
from celery import Celery
from django.apps import AppConfig

AHEAD = "HOST_CLOCK_AHEAD_S"  # the variable with the seconds by which the clock of the host is ahead of the true one
HURRIED = "HURRIED_TIME"  # the variable with the file that says how far the time of all hosts has been moved


class Clocks(AppConfig):
    """Sets the clock of a process as the variables say, when it has loaded the portal."""

    name = "tests.drills"

    def ready(self) -> None:
        """Called by Django once in each process; those that it forks inherit it."""
        if ahead := float(os.environ.get(AHEAD) or 0):
            time_machine.travel(datetime.now(UTC) + timedelta(seconds=ahead), tick=True).start()
        if file := os.environ.get(HURRIED):
            _hurry(Hurry(Path(file)))


class Hurry:
    """Time that all processes share and a drill can make run faster. It never goes back."""

    def __init__(self, file: Path) -> None:
        """Share it by this file."""
        self._file = file

    def run(self, factor: float) -> None:
        """From now on let time run so many times as fast; 1 is as ever."""
        now = time.time()
        said = json.dumps({"moved_s": self.moved_s(), "since": now, "factor": factor})
        written = self._file.with_suffix(".new")
        written.write_text(said)
        written.replace(self._file)

    def moved_s(self) -> float:
        """By how many seconds this time is ahead of the true one."""
        said = self._read()
        return float(said["moved_s"] + (time.time() - said["since"]) * (said["factor"] - 1))

    def factor(self) -> float:
        """How many times as fast it runs now."""
        return float(self._read()["factor"])

    def _read(self) -> dict[str, float]:
        try:
            said: dict[str, float] = json.loads(self._file.read_text())
        except FileNotFoundError:
            return {"moved_s": 0.0, "since": time.time(), "factor": 1.0}
        return said


def _hurry(hurry: Hurry) -> None:
    """Have the shared clock, and whatever is to be done later, go by that time."""
    from qbsync import clock  # reads the settings

    clock.shift = lambda: timedelta(seconds=hurry.moved_s())
    send = Celery.send_task

    def send_in_hurry(self: Any, *args: Any, **options: Any) -> Any:
        if options.get("countdown"):
            options["countdown"] /= hurry.factor()
        return send(self, *args, **options)

    setattr(Celery, "send_task", send_in_hurry)  # noqa: B010 - mypy knows it as a method

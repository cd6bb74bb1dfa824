"""Lets time-machine move PostgreSQL's clock, as ``qbsync.clock`` reads it, together with the one of this process."""

from datetime import UTC, datetime, timedelta

import time_machine


def move_clocks_together() -> None:
    """Have whatever time-machine does to this process' clock done to the shared one."""
    from qbsync import clock  # reads the settings, which pytest changes first

    clock.shift = _moved


def _moved() -> timedelta:
    if not time_machine.escape_hatch.is_travelling():
        return timedelta(0)
    return datetime.now(UTC) - time_machine.escape_hatch.datetime.datetime.now(UTC)

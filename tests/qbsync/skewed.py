"""What a worker of a test loads so that the clock of its host is off, by the seconds in HOST_CLOCK_AHEAD_S."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine
from celery.signals import worker_init


@worker_init.connect(weak=False)
def _set_the_hosts_clock(**_: Any) -> None:
    """Of the process that takes the messages; those of its pool, which it forks, inherit it."""
    ahead = timedelta(seconds=float(os.environ["HOST_CLOCK_AHEAD_S"]))
    time_machine.travel(datetime.now(UTC) + ahead, tick=True).start()

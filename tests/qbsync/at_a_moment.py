"""What a worker of a test loads so that its tasks run at a moment that the test chose, whatever the day is."""

import os
from datetime import datetime
from typing import Any

import time_machine
from celery.signals import worker_process_init

from tests.moved_time import move_clocks_together

MOMENT = "TEST_MOMENT"  # the variable with the moment, in ISO form with its zone


@worker_process_init.connect(weak=False)
def _travel(**_: Any) -> None:
    time_machine.travel(datetime.fromisoformat(os.environ[MOMENT]), tick=True).start()
    move_clocks_together()

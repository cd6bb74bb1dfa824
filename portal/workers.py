"""Knows which queues a Celery worker takes from: each worker says so every few seconds. Starts and stops none.

``/readyz`` asks the workers themselves and waits for an answer; a page looks here, at what they said last.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from celery import current_app
from celery.signals import heartbeat_sent
from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from portal import circuit

logger = logging.getLogger(__name__)

QUEUES = ("people", "background")
_SAID_EVERY_S = 5.0
_BELIEVED_FOR_S = 45  # a worker whose machine is busy may be late; one that was killed says nothing any more
_said_at = 0.0


def queues_without_worker() -> list[str]:
    """Return the queues of which no worker has said lately that it takes from them; all of them without Redis."""
    try:
        heard = cache.get_many([_key(queue) for queue in QUEUES])
    except RedisError:
        return list(QUEUES)
    return [queue for queue in QUEUES if _key(queue) not in heard]


def queue_lengths() -> dict[str, int]:
    """Return how many messages each queue has that no worker has taken.

    Raises:
        redis.RedisError: the broker does not answer.
    """
    broker = circuit.client(settings.REDIS_URL, timeout_s=2.0)
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    pipeline = broker.pipeline(transaction=False)
    for queue in QUEUES:
        pipeline.llen(f"{prefix}{queue}")
    return dict(zip(QUEUES, pipeline.execute(), strict=True))


@heartbeat_sent.connect
def _say(**_: Any) -> None:
    global _said_at
    if time.monotonic() - _said_at < _SAID_EVERY_S:
        return
    _said_at = time.monotonic()
    try:
        cache.set_many({_key(queue): 1 for queue in _queues()}, timeout=_BELIEVED_FOR_S)
    except RedisError as error:
        logger.warning("A worker could not say that it is there: %s", type(error).__name__)


def _queues() -> list[str]:
    taken = current_app.amqp.queues.consume_from
    return [queue for queue in QUEUES if queue in taken]


def _key(queue: str) -> str:
    return f"worker-takes-from:{queue}"

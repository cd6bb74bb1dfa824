"""Counts for the metrics what the door to Intuit met: in Redis, where all processes count together. Never raises."""

from __future__ import annotations

import logging

import redis
from django.conf import settings

from portal import circuit

logger = logging.getLogger(__name__)

FAULTS = "faults"
"""Refusals and lost answers, by Intuit's code; where it gave none, by FaultKind."""
REFRESHES = "refreshes"
"""Attempts to refresh a token: ``done`` or ``failed``."""


def count(what: str, label: str) -> None:
    """Add one; a count that Redis cannot take is lost, since it is worth no failure."""
    try:
        _redis().hincrby(_key(what), label or "-", 1)
    except redis.RedisError as error:
        logger.debug("A count was lost: %s", type(error).__name__)


def counted(what: str) -> dict[str, int]:
    """Return the counts by label since Redis was emptied last.

    Raises:
        redis.RedisError: it does not answer.
    """
    found = _redis().hgetall(_key(what))
    return {label.decode(): int(number) for label, number in found.items()}  # type: ignore[union-attr]


def _redis() -> redis.Redis:
    return circuit.client(settings.REDIS_URL, timeout_s=2.0)


def _key(what: str) -> str:
    return f"{settings.CELERY_BROKER_TRANSPORT_OPTIONS['global_keyprefix']}metrics:{what}"

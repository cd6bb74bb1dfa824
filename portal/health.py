"""Asks database, broker and workers whether they are there. Each answer is ``OK`` or what is wrong; nothing raises."""

from __future__ import annotations

from functools import lru_cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from portal.celery import app

OK = "ok"
WAIT_S = 1.5  # for the broker to accept a connection and for the first worker to answer


def database() -> str:
    """Return whether PostgreSQL answers a query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "does not answer"
    return OK


def migrations() -> str:
    """Return whether the database has every migration of this code; one with newer migrations as well is fine."""
    try:
        missing = _newest_migrations() - MigrationRecorder(connection).applied_migrations().keys()
    except DatabaseError:
        return "cannot be seen without the database"
    return OK if not missing else f"not applied to {', '.join(sorted({app for app, _ in missing}))}"


@lru_cache(maxsize=1)
def _newest_migrations() -> frozenset[tuple[str, str]]:
    """The last migration of each app, as this process' code has them; reading their files takes a while."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def broker() -> str:
    """Return whether the broker accepts a connection."""
    try:
        with app.connection_for_write(connect_timeout=WAIT_S) as broker_connection:
            broker_connection.ensure_connection(max_retries=1, interval_start=0)
    except (OSError, RedisError, OperationalError):
        return "does not answer"
    return OK


def worker() -> str:
    """Return whether at least one Celery worker answers; the first answer ends the wait."""
    try:
        # A connection of its own: one from the pool may be of a broker that was there a moment ago.
        with app.connection_for_write(connect_timeout=WAIT_S) as broker_connection:
            broker_connection.ensure_connection(max_retries=1, interval_start=0)
            answers = app.control.inspect(timeout=WAIT_S, limit=1, connection=broker_connection).ping()
    except (OSError, RedisError, OperationalError):
        return "cannot be asked without the broker"
    return OK if answers else "none is running"

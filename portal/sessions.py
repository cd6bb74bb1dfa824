"""Sessions that are read from Redis and kept in PostgreSQL, and survive that Redis is away."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import cached_db
from redis import RedisError


class SessionStore(cached_db.SessionStore):
    """Django's own, which survives a cache that cannot be written, but not one that cannot be read.

    To end a session still needs Redis: a copy that is left there would open the portal again once it is back.
    """

    def load(self) -> dict[str, Any]:
        """Return what the session holds, from PostgreSQL where Redis does not answer."""
        try:
            data: dict[str, Any] = super().load()
        except RedisError:
            data = super(cached_db.SessionStore, self).load()
        return data

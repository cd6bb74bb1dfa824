"""One run's door to QuickBooks: its token, its company, and the count of what it sent."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

from django.core.cache import cache
from django.db import connection as database
from django.db.models import F
from django.utils import timezone

from portal import logs
from qbsync import credentials
from qbsync.credentials import Token
from qbsync.gateway.company import Company
from qbsync.gateway.faults import Fault
from qbsync.gateway.limiter import Priority
from qbsync.models import Connection, SyncRun

_ADD = """
    INSERT INTO qbsync_requestcount (connection_id, day, endpoint, metered, count) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (connection_id, day, endpoint, metered)
    DO UPDATE SET count = qbsync_requestcount.count + excluded.count
"""

_SAVE_EVERY_S = 1.0

# A token is replaced when it is refused. More than this many refused tokens in this time are not about the token.
_MOST_REFUSALS, _REFUSALS_WITHIN_S = 4, 120


def count_requests(connection_id: int, requests: Counter[tuple[str, bool]]) -> None:
    """Add requests, counted by endpoint and whether Intuit meters them, to the connection's day."""
    day = timezone.now().date()
    with database.cursor() as cursor:
        for (endpoint, metered), count in sorted(requests.items()):
            cursor.execute(_ADD, [connection_id, day, endpoint, metered, count])


class Session:
    """Opens the company when it is first needed, and keeps the counts of one run."""

    def __init__(
        self, connection: Connection, priority: Priority, *, is_sync: bool = True, timeout_s: float | None = None
    ) -> None:
        """Open nothing yet. What is no sync is counted by day only, and is no run of the history.

        ``timeout_s`` is how long an answer may take; None for as long as the settings say.
        """
        self.connection = connection
        logs.add(connection=connection.pk, firm=connection.firm_id, run=self._open_run() if is_sync else None)
        self._is_sync, self._timeout_s = is_sync, timeout_s
        self.priority = priority
        self._company: Company | None = None
        self._requests: Counter[tuple[str, bool]] = Counter()
        self._done: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._saved_at = 0.0
        self._started_by: int | None = None

    @property
    def company(self) -> Company:
        """The company, opened with a token that is valid for some minutes.

        Raises:
            ConnectionBroken: QuickBooks refuses the connection.
            Fault: Intuit does not answer.
        """
        if self._company is None:
            self._token = credentials.access_token(self.connection.pk)
            self._company = Company(
                self.connection.realm_id,
                self._token.value,
                priority=self.priority,
                on_request=self._count,
                timeout_s=self._timeout_s,
            )
        return self._company

    def token_refused(self, fault: Fault) -> None:
        """Have the token that QuickBooks refused replaced; one that is refused again and again ends the connection.

        Raises:
            ConnectionBroken: it has ended.
            Fault: Intuit does not answer.
        """
        if self._token is None:
            raise fault
        refused, self._company = self._token, None
        key = f"token-refused:{self.connection.pk}"
        cache.add(key, 0, timeout=_REFUSALS_WITHIN_S)
        # Many workers may have sent the same one, and may go on to while it is being replaced.
        is_news = cache.add(f"{key}:{refused.version}", 1, timeout=_REFUSALS_WITHIN_S)
        if is_news and cache.incr(key) > _MOST_REFUSALS:
            self.broken(fault)
            raise credentials.ConnectionBroken(fault.kind)
        credentials.access_token(self.connection.pk, refuse=refused.value)

    def broken(self, fault: Fault) -> None:
        """Mark the connection as needing its owner, unless its tokens have been replaced meanwhile."""
        if self._token is not None:
            credentials.connection_broken(self.connection.pk, fault, version=self._token.version)

    def _count(self, endpoint: str, metered: bool) -> None:
        with self._lock:
            self._requests[endpoint, metered] += 1

    def _open_run(self) -> int | None:
        return SyncRun.objects.filter(connection=self.connection, ended_at=None).values_list("pk", flat=True).first()

    def asked_by(self, user_id: int | None) -> None:
        """Note who asked for what this run does; the first of them is kept with a run that begins here."""
        self._started_by = self._started_by or user_id

    def note(self, **done: int) -> None:
        """Add to the numbers of the run: fields of SyncRun."""
        self._done.update(done)

    def save(self) -> None:
        """Commit the counts so far, unless that was done a moment ago."""
        if time.monotonic() - self._saved_at >= _SAVE_EVERY_S:
            self.close()

    def close(self) -> None:
        """Commit the counts."""
        self._saved_at = time.monotonic()
        with self._lock:
            requests, self._requests = self._requests, Counter()
        done, self._done = self._done, Counter()
        if not requests and not done:
            return
        count_requests(self.connection.pk, requests)
        if not self._is_sync:
            return
        done["requests"] += requests.total()
        added: dict[str, Any] = {field: F(field) + number for field, number in done.items()}
        open_run = SyncRun.objects.filter(connection=self.connection, ended_at=None)
        if not open_run.update(**added):
            begun = {"started_at": timezone.now(), "started_by_id": self._started_by}
            SyncRun.objects.get_or_create(connection=self.connection, ended_at=None, defaults=begun)
            open_run.update(**added)
            logs.add(run=self._open_run())

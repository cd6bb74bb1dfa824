"""Owns the process's shared state: store, clock, companies, throttles, counters and the log of requests."""

import asyncio
import secrets
from collections import defaultdict, deque
from pathlib import Path
from typing import Any

from .clock import Clock
from .company import Companies
from .limits import Limits
from .store import Store

CLIENT_ID, CLIENT_SECRET = "simulator-client", "simulator-secret"
LOG_LENGTH = 1000


class Simulator:
    """Everything that outlives one request."""

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir = data_dir
        self.store = Store(data_dir / "simulator.sqlite3")
        self.clock = Clock(float(self.store.setting("clock_offset_s", 0)))
        self.companies = Companies(self.store)
        self.limits = Limits(self.clock)
        self.in_flight: set[tuple[str, str]] = set()
        self.log: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)
        self.counted: dict[tuple[str, str], int] = defaultdict(int)
        self.events = asyncio.Event()
        self.later: set[asyncio.Task[None]] = set()

    def new_tid(self) -> str:
        """An `intuit_tid`, in the form of those recorded."""
        return f"1-{int(self.clock.now()):08x}-{secrets.token_hex(12)}"

    def count(self, realm: str, name: str) -> None:
        """Count something of a company's traffic; `flush_counts` stores it."""
        self.counted[realm, name] += 1

    def counter(self, realm: str, name: str) -> int:
        """How often something was counted, since ever."""
        row = self.store.db.execute("SELECT value FROM counter WHERE realm = ? AND name = ?", (realm, name)).fetchone()
        return (int(row[0]) if row else 0) + self.counted.get((realm, name), 0)

    def flush_counts(self) -> None:
        """Store what was counted since the last time."""
        if not self.counted:
            return
        rows = [(realm, name, value) for (realm, name), value in self.counted.items()]
        self.counted.clear()
        self.store.db.executemany(
            "INSERT INTO counter VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value", rows
        )

    def close(self) -> None:
        """Store the counts and close."""
        self.flush_counts()
        self.store.close()

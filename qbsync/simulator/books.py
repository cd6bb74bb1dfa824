"""Owns one company's books during one request: reading and writing entities, balances and events together."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import clock as clocks
from .company import Company
from .render import money
from .store import Row, Store

if TYPE_CHECKING:
    from .clock import Clock


class Books:
    """What the entities' rules work on. Every write happens inside a transaction that the caller opened.

    Entities are remembered once read, so that all rules of one write see and change the same ones; after a refused
    write the books are of no further use.
    """

    def __init__(self, store: Store, company: Company, clock: "Clock") -> None:
        self.store, self.company = store, company
        self.realm = company.realm
        self.epoch = clock.now()
        self._seen: dict[tuple[str, int], Row] = {}

    @property
    def today(self) -> date:
        """The company's date."""
        return clocks.today(self.epoch, self.company.zone)

    def stamp(self) -> str:
        """A MetaData time."""
        return clocks.stamp(self.epoch, self.company.zone)

    def preference(self, group: str, name: str, default: Any = None) -> Any:
        """One value of the company's Preferences."""
        return self.company.preferences.get(group, {}).get(name, default)

    def row(self, kind: str, number: int | str) -> Row | None:
        """An entity by its id, deleted ones included."""
        text = str(number)
        if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 2**63):
            return None
        key = (kind, int(text))
        seen = self._seen.get(key)
        if seen is None:
            seen = self.store.get(self.realm, *key)
            if seen is not None:
                self._seen[key] = seen
        return seen

    def forget(self) -> None:
        """Drop what is remembered, between the writes of a long seed."""
        self._seen.clear()

    def next_id(self, sequence: str) -> int:
        """The next id of a list; customers, vendors and employees share one, transactions another."""
        return self.store.next_id(self.realm, sequence)

    def insert(self, row: Row) -> None:
        """Store a new entity."""
        row.created = row.updated = int(self.epoch)
        self._seen[row.kind, row.id] = row
        self.store.insert(self.realm, row)

    def save(self, row: Row, *, new_version: bool) -> None:
        """Store a changed entity; a new version counts its SyncToken up, a computed change only its time."""
        if new_version:
            row.body["SyncToken"] = str(int(row.body["SyncToken"]) + 1)
        row.body["MetaData"]["LastUpdatedTime"] = self.stamp()
        row.updated = int(self.epoch)
        self._seen[row.kind, row.id] = row
        self.store.update(self.realm, row)

    def event(self, row: Row, operation: str, deleted_id: str | None = None) -> None:
        """Note what happened, for webhooks, in the same transaction as the change itself."""
        if self.company.webhook:
            self.store.db.execute(
                "INSERT INTO webhook_event (realm, kind, entity_id, operation, deleted_id, happened) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (self.realm, row.kind, str(row.id), operation, deleted_id, self.epoch),
            )

    def shift_balance(self, customer: int | None, cents: int) -> None:
        """Add to a customer's balance, and to BalanceWithJobs of it and of those above it.

        Recorded customers show it: their LastUpdatedTime moves, their SyncToken does not.
        """
        own = True
        while customer is not None and cents:
            row = self.row("Customer", customer)
            if row is None:
                return
            change = Decimal(cents) / 100
            if own:
                row.body["Balance"] = money(Decimal(row.body.get("Balance", 0)) + change)
            row.body["BalanceWithJobs"] = money(Decimal(row.body.get("BalanceWithJobs", 0)) + change)
            self.save(row, new_version=False)
            customer, own = row.parent, False

    # -- links between transactions -------------------------------------------------

    def links_from(self, kind: str, number: int) -> list[tuple[str, int, int]]:
        """What a payment or deposit is applied to: (kind, id, cents)."""
        found = self.store.db.execute(
            "SELECT to_kind, to_id, amount_cents FROM link WHERE realm=? AND from_kind=? AND from_id=? ORDER BY line",
            (self.realm, kind, number),
        )
        return found.fetchall()

    def links_to(self, kind: str, number: int) -> list[tuple[str, int, int]]:
        """What is applied to a transaction: (kind, id, cents), oldest first."""
        found = self.store.db.execute(
            "SELECT from_kind, from_id, amount_cents FROM link WHERE realm=? AND to_kind=? AND to_id=? ORDER BY rowid",
            (self.realm, kind, number),
        )
        return found.fetchall()

    def set_links(self, kind: str, number: int, targets: list[tuple[str, int, int]]) -> None:
        """Replace what a payment or deposit is applied to."""
        where = (self.realm, kind, number)
        self.store.db.execute("DELETE FROM link WHERE realm=? AND from_kind=? AND from_id=?", where)
        rows = [(*where, line, *target) for line, target in enumerate(targets)]
        if rows:
            self.store.db.executemany("INSERT INTO link VALUES (?,?,?,?,?,?,?)", rows)

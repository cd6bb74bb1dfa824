"""Owns the storage: one SQLite file whose every committed transaction outlives a `kill -9`.

It knows rows, not accounting; what a write means is decided in `entities`.
"""

import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .render import dumps, loads

_SCHEMA = """
CREATE TABLE IF NOT EXISTS company (realm TEXT PRIMARY KEY, name TEXT NOT NULL, settings TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sequence (realm TEXT, name TEXT, value INTEGER NOT NULL, PRIMARY KEY (realm, name))
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entity (
    realm TEXT NOT NULL, kind TEXT NOT NULL, id INTEGER NOT NULL, deleted INTEGER NOT NULL, active INTEGER NOT NULL,
    name TEXT, sorted TEXT, doc TEXT, customer INTEGER, parent INTEGER, txn_date TEXT, created INTEGER NOT NULL,
    updated INTEGER NOT NULL, open_cents INTEGER NOT NULL, body TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS entity_id ON entity (realm, kind, id);
CREATE INDEX IF NOT EXISTS entity_live ON entity (realm, kind, deleted, active, id);
CREATE INDEX IF NOT EXISTS entity_listed ON entity (realm, kind, deleted, active, sorted, id);
CREATE INDEX IF NOT EXISTS entity_name ON entity (realm, name);
CREATE INDEX IF NOT EXISTS entity_doc ON entity (realm, kind, doc);
CREATE INDEX IF NOT EXISTS entity_customer ON entity (realm, customer, kind, txn_date);
CREATE INDEX IF NOT EXISTS entity_parent ON entity (realm, parent) WHERE parent IS NOT NULL;
CREATE INDEX IF NOT EXISTS entity_updated ON entity (realm, kind, updated, id);
CREATE INDEX IF NOT EXISTS entity_date ON entity (realm, kind, txn_date, id);
CREATE TABLE IF NOT EXISTS link (
    realm TEXT NOT NULL, from_kind TEXT NOT NULL, from_id INTEGER NOT NULL, line INTEGER NOT NULL,
    to_kind TEXT NOT NULL, to_id INTEGER NOT NULL, amount_cents INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS link_from ON link (realm, from_kind, from_id, line);
CREATE INDEX IF NOT EXISTS link_to ON link (realm, to_kind, to_id);
CREATE TABLE IF NOT EXISTS replay (
    realm TEXT, requestid TEXT, context TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    created REAL NOT NULL, PRIMARY KEY (realm, requestid)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS grant_ (
    id TEXT PRIMARY KEY, realm TEXT, client_id TEXT NOT NULL, email TEXT NOT NULL, scope TEXT NOT NULL,
    created REAL NOT NULL, revoked INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS token (
    value TEXT PRIMARY KEY, kind TEXT NOT NULL, grant_id TEXT NOT NULL, created REAL NOT NULL, expires REAL NOT NULL,
    redirect_uri TEXT, used INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS token_grant ON token (grant_id, kind);
CREATE TABLE IF NOT EXISTS webhook_event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, realm TEXT NOT NULL, kind TEXT NOT NULL, entity_id TEXT NOT NULL,
    operation TEXT NOT NULL, deleted_id TEXT, happened REAL NOT NULL);
CREATE TABLE IF NOT EXISTS counter (realm TEXT, name TEXT, value INTEGER NOT NULL, PRIMARY KEY (realm, name))
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_COLUMNS = (
    "kind, id, deleted, active, name, sorted, doc, customer, parent, txn_date, created, updated, open_cents, body"
)
_VERSION = 1


@dataclass(slots=True)
class Row:
    """One entity as stored.

    `open_cents` is what it adds to its customer's balance; `body` is QBO's JSON, `text` the same as last stored.
    """

    kind: str
    id: int
    body: dict[str, Any]
    deleted: bool = False
    active: bool = True
    name: str | None = None
    sorted: str | None = None
    doc: str | None = None
    customer: int | None = None
    parent: int | None = None
    txn_date: str | None = None
    created: int = 0
    updated: int = 0
    open_cents: int = 0
    text: str = ""


class Store:
    """The SQLite file, used from one thread only."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "cache_size=-65536",
            "temp_store=MEMORY",
            "case_sensitive_like=ON",
        ):
            self.db.execute(f"PRAGMA {pragma}")
        self.db.create_function("casefold", 1, casefold, deterministic=True)
        self.db.create_function("folded", 1, folded, deterministic=True)
        self._bring_up_to_date()
        self.db.executescript(_SCHEMA)
        self.depth = 0

    def _bring_up_to_date(self) -> None:
        """Give a file that an earlier version has written the columns of this one."""
        if self.db.execute("PRAGMA user_version").fetchone()[0] >= _VERSION:
            return
        if self.db.execute("SELECT 1 FROM sqlite_master WHERE name = 'entity'").fetchone():
            self.db.executescript(
                "BEGIN; ALTER TABLE entity ADD COLUMN sorted TEXT; DROP INDEX IF EXISTS entity_listed;"
                "UPDATE entity SET sorted = casefold(coalesce(json_extract(body, '$.FullyQualifiedName'), name));"
                "COMMIT;"
            )
        self.db.execute(f"PRAGMA user_version = {_VERSION}")

    def close(self) -> None:
        """Close the file; what was committed is there either way."""
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; nested uses are savepoints, so that one item of a batch can fail alone."""
        begin, commit, undo = ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
        if self.depth:
            point = f"s{self.depth}"
            begin, commit, undo = f"SAVEPOINT {point}", f"RELEASE {point}", f"ROLLBACK TO {point}"
        self.db.execute(begin)
        self.depth += 1
        try:
            yield
            self.db.execute(commit)
        except BaseException:
            if self.db.in_transaction:
                self.db.execute(undo)
                if self.depth > 1:
                    self.db.execute(commit)
            raise
        finally:
            self.depth -= 1

    def next_id(self, realm: str, sequence: str) -> int:
        """The next number of a company's sequence, from 1."""
        row = self.db.execute(
            "INSERT INTO sequence VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value",
            (realm, sequence),
        ).fetchone()
        return int(row[0])

    def reserve_id(self, realm: str, sequence: str, number: int) -> None:
        """Never give `number` or a smaller one again."""
        self.db.execute(
            "INSERT INTO sequence VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
            (realm, sequence, number),
        )

    def get(self, realm: str, kind: str, number: int) -> Row | None:
        """One entity, deleted ones included."""
        found = self.db.execute(
            f"SELECT {_COLUMNS} FROM entity WHERE realm = ? AND kind = ? AND id = ?",  # noqa: S608 - constant
            (realm, kind, number),
        ).fetchone()
        return as_row(found) if found else None

    def text(self, realm: str, kind: str, number: int) -> tuple[str, bool] | None:
        """One entity's JSON text and whether it is deleted."""
        found = self.db.execute(
            "SELECT body, deleted FROM entity WHERE realm = ? AND kind = ? AND id = ?", (realm, kind, number)
        ).fetchone()
        return (found[0], bool(found[1])) if found else None

    def rows(self, realm: str, where: str, arguments: tuple[Any, ...]) -> list[Row]:
        """Entities of a company by a condition written in this package (never by a client)."""
        found = self.db.execute(f"SELECT {_COLUMNS} FROM entity WHERE realm = ? AND {where}", (realm, *arguments))  # noqa: S608
        return [as_row(row) for row in found.fetchall()]

    def insert(self, realm: str, row: Row) -> None:
        """Store a new entity."""
        self.db.execute(
            f"INSERT INTO entity (realm, {_COLUMNS}) VALUES (?, ?,?,?,?,?,?,?,?,?,?,?,?,?,?)",  # noqa: S608 - constant
            (realm, *_values(row)),
        )

    def update(self, realm: str, row: Row) -> None:
        """Store an entity's new state."""
        self.db.execute(
            "UPDATE entity SET kind=?, id=?, deleted=?, active=?, name=?, sorted=?, doc=?, customer=?, parent=?, "
            "txn_date=?, "
            "created=?, updated=?, open_cents=?, body=? WHERE realm = ? AND kind = ? AND id = ?",
            (*_values(row), realm, row.kind, row.id),
        )

    def setting(self, name: str, default: Any = None) -> Any:
        """A value of the simulator itself, such as its clock's offset."""
        found = self.db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return loads(found[0]) if found else default

    def set_setting(self, name: str, value: Any) -> None:
        """Keep a value of the simulator itself."""
        self.db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, dumps(value)))


def as_row(found: tuple[Any, ...]) -> Row:
    """A `Row` from the columns in `_COLUMNS` order."""
    kind, number, deleted, active, *columns, body = found
    return Row(kind, number, loads(body), bool(deleted), bool(active), *columns)


def _values(row: Row) -> tuple[Any, ...]:
    row.text = dumps(row.body)
    return (
        row.kind, row.id, row.deleted, row.active, row.name, row.sorted, row.doc, row.customer, row.parent,
        row.txn_date,
        row.created, row.updated, row.open_cents, row.text,
    )  # fmt: skip


def casefold(value: Any) -> Any:
    """Text without its case; anything else as it is."""
    return value.casefold() if isinstance(value, str) else value


def folded(value: Any) -> Any:
    """Text without case, accents and surplus blanks; anything else as it is."""
    if not isinstance(value, str):
        return value
    plain = "".join(each for each in unicodedata.normalize("NFKD", value) if not unicodedata.combining(each))
    return " ".join(plain.casefold().split())

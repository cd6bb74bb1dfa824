"""Owns the life that all entities share: create, read, sparse and full update, delete, SyncToken, references."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, ClassVar

from .. import faults
from ..books import Books
from ..render import dumps
from ..store import Row
from .schema import BASE, Field, Fields, accept

REGISTRY: dict[str, "EntityType"] = {}
_PLURALS = {"Customer": "Names", "Vendor": "Names", "Employee": "Names", "Account": "Accounts"}


@dataclass(frozen=True)
class Request:
    """What qualifies a write besides its body.

    `include` holds the options of the same name; `given_id` is an id that a seed has chosen; `by_user` is set for what
    a person does in QuickBooks itself, who may also do what its API refuses to clients.
    """

    include: frozenset[str] = frozenset()
    given_id: int | None = None
    by_user: bool = False


PLAIN = Request()


class EntityType:
    """One type of entity: its properties in the order QuickBooks prints them, and its rules as hooks."""

    kind: ClassVar[str]
    sequence: ClassVar[str] = "transaction"
    first_id: ClassVar[int] = 0  # what the ids are counted on from
    verbs: ClassVar[frozenset[str]] = frozenset({"create", "update", "delete"})
    listed: ClassVar[bool] = False  # a list entry with Active and a name, rather than a transaction
    counted: ClassVar[bool] = False  # queries that fit in a page carry totalCount
    name_property: ClassVar[str] = ""
    nameless: ClassVar[frozenset[str]] = frozenset()  # references printed without the name
    own_fields: ClassVar[Mapping[str, Field]]

    def __init__(self) -> None:
        self.fields: Fields = {**BASE, **self.own_fields} if "Id" not in self.own_fields else dict(self.own_fields)
        self.references = [(name, each.target) for name, each in self.fields.items() if each.target]
        REGISTRY[self.kind] = self

    # -- hooks ------------------------------------------------------------------------

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """Check the entity and fill what QuickBooks computes, before it is written. Raises `Fault`."""

    def settle(self, books: Books, row: Row, old: Row | None) -> None:
        """After the row is written: carry the change over to others (balances, links)."""

    def open_cents(self, body: Mapping[str, Any]) -> int:
        """What this entity adds to its customer's balance."""
        return 0

    def printed(self, stored: str) -> str:
        """The stored JSON text as answers show it."""
        return stored

    def check_available(self, books: Books) -> None:
        """Raise `Fault` when the company's settings leave it without this type."""

    def asked(self, books: Books, number: str | None, parameters: Mapping[str, str]) -> Row:
        """The entity that a GET with this id and these parameters means. Raises `Fault`."""
        if number is None and "update" in self.verbs and self.kind != "Preferences":
            raise faults.missing("Id")
        return self.find(books, number or "1")

    # -- verbs ------------------------------------------------------------------------

    def create(self, books: Books, sent: Mapping[str, Any], request: Request = PLAIN) -> Row:
        """Write a new entity and return it. Raises `Fault`."""
        if not request.by_user:
            self.refuse_unless("create")
        values = accept(self.kind, self.fields, sent)
        number = request.given_id or self.first_id + books.next_id(self.sequence)
        stamp = books.stamp()
        body = {
            "domain": "QBO", "sparse": False, "Id": str(number), "SyncToken": "0",
            "MetaData": {"CreateTime": stamp, "LastUpdatedTime": stamp}, **values,
        }  # fmt: skip
        self.resolve(books, body, None)
        self.complete(books, body, None, request)
        row = Row(self.kind, number, self.ordered(body))
        self.index(row)
        books.insert(row)
        self.settle(books, row, None)
        books.event(row, "Create")
        return row

    def update(self, books: Books, sent: Mapping[str, Any], request: Request = PLAIN) -> Row:
        """Write an entity's new state and return it. Raises `Fault` (5010 when the SyncToken is old)."""
        if not request.by_user:
            self.refuse_unless("update")
        row = self.current(books, sent)
        sparse = sent.get("sparse") in (True, "true")
        values = accept(self.kind, self.fields, sent, nulls=sparse)
        old = deepcopy(row)
        kept = row.body if sparse else {name: v for name, v in row.body.items() if self.fields[name].read is None}
        body = {name: value for name, value in (kept | values).items() if value is not None}
        self.resolve(books, body, old)
        self.complete(books, body, old, request)
        finished = self.ordered(body)
        if not old.active and finished == old.body:
            row.text = row.text or dumps(row.body)
            return row  # recorded: to deactivate what is inactive already changes nothing, not even the SyncToken
        row.body = finished
        self.index(row)
        books.save(row, new_version=True)
        self.settle(books, row, old)
        books.event(row, "Update")
        return row

    def delete(self, books: Books, sent: Mapping[str, Any]) -> Row:
        """Delete a transaction. Raises `Fault`."""
        self.refuse_unless("delete")
        row = self.current(books, sent)
        old = deepcopy(row)
        self.before_removal(books, row)
        row.deleted, row.active, row.open_cents = True, False, 0
        row.body["status"] = "Deleted"
        books.save(row, new_version=True)
        self.settle(books, row, old)
        books.event(row, "Delete")
        return row

    def void(self, books: Books, sent: Mapping[str, Any]) -> Row:
        """Void a transaction: it stays, with amounts of zero. Raises `Fault`."""
        self.refuse_unless("void")
        row = self.current(books, sent)
        old = deepcopy(row)
        self.before_removal(books, row)
        self.empty(books, row)
        row.body = self.ordered(row.body)
        self.index(row)
        books.save(row, new_version=True)
        self.settle(books, row, old)
        books.event(row, "Void")
        return row

    def before_removal(self, books: Books, row: Row) -> None:
        """What forbids deleting or voiding."""

    def empty(self, books: Books, row: Row) -> None:
        """Set a voided transaction's amounts to zero."""

    # -- shared steps -------------------------------------------------------------------

    def refuse_unless(self, verb: str) -> None:
        """Raise Intuit's 500 when the type does not know the verb."""
        if verb not in self.verbs:
            raise faults.unsupported(f"{verb.upper()} on {self.kind}")

    def current(self, books: Books, sent: Mapping[str, Any]) -> Row:
        """The entity that an update means, at the SyncToken it names. Raises `Fault`."""
        number = sent.get("Id")
        if number is None or number == "":
            raise faults.missing("Id")
        row = self.find(books, number)
        token = sent.get("SyncToken")
        if token is None or token == "":
            raise faults.missing("SyncToken")
        if str(token) != row.body["SyncToken"]:
            raise faults.stale()
        return row

    def find(self, books: Books, number: Any) -> Row:
        """An entity that is there. Raises `Fault` 2030 for what is no id, 610 for what is not there."""
        if isinstance(number, bool) or not str(number).isascii() or not str(number).isdigit():
            raise faults.invalid_id(str(number)[:80])
        row = books.row(self.kind, number)
        if row is None:
            raise faults.not_found()
        if row.deleted:
            raise faults.deleted()
        return row

    def resolve(self, books: Books, body: dict[str, Any], old: Row | None) -> None:
        """Check every reference that is new against the list it points at, and fill in its name."""
        for name, target in self.references:
            value = body.get(name)
            if value is None:
                continue
            before = old.body.get(name) if old else None
            if before is not None and before["value"] == value["value"]:
                body[name] = before
                continue
            body[name] = resolved(books, target, value["value"], named=name not in self.nameless)

    def index(self, row: Row) -> None:
        """Set the columns that queries and rules look entities up by."""
        body = row.body
        row.name = str(body[self.name_property]).casefold() if self.name_property in body else None
        row.sorted = str(body.get("FullyQualifiedName", body.get(self.name_property, ""))).casefold() or None
        row.active = body.get("Active", True) is not False
        row.doc = body.get("DocNumber")
        row.txn_date = body.get("TxnDate")
        holder = body.get("CustomerRef")
        row.customer = int(holder["value"]) if holder and str(holder["value"]).isdigit() else None
        parent = body.get("ParentRef")
        row.parent = int(parent["value"]) if parent else None
        row.open_cents = self.open_cents(body)

    def ordered(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body in the order QuickBooks prints it."""
        return {name: body[name] for name in self.fields if name in body}


def resolved(books: Books, target: str, number: str, *, named: bool = True) -> dict[str, Any]:
    """A reference with its name. Raises `Fault` when there is no such entry or it is inactive."""
    entity = REGISTRY[target]
    row = books.row(target, number) if number.isdigit() else None
    if row is None or row.deleted:
        raise faults.bad_reference(_PLURALS.get(target, target), number[:80])
    if not row.active:
        raise faults.inactive_reference(books.company.options.inactive_reference_code)
    name = row.body.get(entity.name_property)
    return {"value": str(row.id), "name": name} if named and name is not None else {"value": str(row.id)}


def settle_balance(books: Books, row: Row, old: Row | None) -> None:
    """Move the difference of what a transaction adds to its customer's balance."""
    if old is None:
        books.shift_balance(row.customer, row.open_cents)
    elif old.customer == row.customer:
        books.shift_balance(row.customer, row.open_cents - old.open_cents)
    else:
        books.shift_balance(old.customer, -old.open_cents)
        books.shift_balance(row.customer, row.open_cents)

"""Owns what a person does inside QuickBooks: changes, merges, closing the books. Clients cannot ask for these."""

from decimal import Decimal
from typing import Any

from .books import Books
from .entities import REGISTRY, EntityType
from .entities.base import Request
from .render import money
from .store import Row

BY_USER = Request(by_user=True)


def change_as_user(books: Books, entity: EntityType, row: Row, values: dict[str, Any]) -> Row:
    """A sparse update at the present SyncToken. Raises `Fault`."""
    sent = {"Id": str(row.id), "SyncToken": row.body["SyncToken"], "sparse": True, **values}
    return entity.update(books, sent, BY_USER)


def merge(books: Books, kind: str, loser_id: str, winner_id: str) -> None:
    """Merge one entry of a name list into another, as renaming it to the other's name does in QuickBooks.

    The winner takes over transactions, sub-customers and balance; the loser becomes inactive, or unreadable where the
    company's `merged_read` is "gone". Raises `Fault` when either is missing, `ValueError` when they are the same.
    """
    entity = REGISTRY[kind]
    loser, winner = entity.find(books, loser_id), entity.find(books, winner_id)
    if loser.id == winner.id:
        raise ValueError("an entry cannot be merged into itself")
    reference = {"value": str(winner.id), "name": winner.body.get("DisplayName", winner.body.get("Name"))}
    moved = books.store.rows(books.realm, "customer = ? AND deleted = 0", (loser.id,)) if kind == "Customer" else []
    cents = 0
    for row in moved:
        row.body["CustomerRef"], row.customer = reference, winner.id
        cents += row.open_cents
        books.save(row, new_version=True)
    books.shift_balance(loser.id, -cents)
    books.shift_balance(winner.id, cents)
    for child in books.store.rows(books.realm, "kind = ? AND parent = ?", (kind, loser.id)):
        change_as_user(books, entity, child, {"ParentRef": {"value": str(winner.id)}})
    loser = entity.find(books, loser_id)
    if loser.active:
        loser = change_as_user(books, entity, loser, {"Active": False})
    loser.body["Balance"] = money(Decimal(0))
    if books.company.options.merged_read == "gone":
        loser.deleted = True
        loser.body["status"] = "Deleted"
    books.save(loser, new_version=False)
    books.event(winner, "Merge", deleted_id=str(loser.id))

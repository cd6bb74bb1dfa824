"""Owns one write: from the verb and the body that a client sent to the text of the answer."""

from typing import Any

from . import faults
from .books import Books
from .company import Companies
from .entities import REGISTRY, EntityType
from .entities.base import Request
from .render import dumps

VERBS = ("create", "update", "delete", "void")


def write(
    books: Books, companies: Companies, entity: EntityType, operation: str, sent: Any, include: frozenset[str]
) -> str:
    """Carry out a write inside the caller's transaction; returns the entity's JSON text. Raises `Fault`."""
    if not isinstance(sent, dict):
        raise faults.bad_property(f"Can not deserialize instance of com.intuit.schema.finance.v3.{entity.kind}")
    request = Request(include)
    if operation == "update" and "void" in include:
        operation = "void"
    if operation == "create":
        row = entity.create(books, {name: value for name, value in sent.items() if name != "Id"}, request)
    elif operation == "update":
        row = entity.update(books, sent, request)
    elif operation == "delete":
        row = entity.delete(books, sent)
        return dumps({"domain": "QBO", "status": "Deleted", "Id": str(row.id)})
    elif operation == "void":
        row = entity.void(books, sent)
    else:
        raise faults.unsupported(str(operation)[:60])
    if entity.kind == "Preferences":
        companies.refresh_preferences(books.company)
    return as_read(entity, row.text)


def as_read(entity: EntityType, text: str) -> str:
    """An entity as reads and writes answer it. Recorded: a customer's ClientEntityId is in answers to queries only."""
    text = entity.printed(text)
    return text.replace('"ClientEntityId":"0",', "", 1) if entity.kind == "Customer" else text


def operation_of(parameter: str | None, sent: Any) -> str:
    """create or update for a plain POST, as the body has an Id or not; otherwise what `operation=` says."""
    if parameter:
        return parameter
    return "update" if isinstance(sent, dict) and sent.get("Id") not in (None, "") else "create"


def by_name(name: str) -> EntityType:
    """The type that a batch item names. Raises `Fault`."""
    entity = REGISTRY.get(name)
    if entity is None:
        raise faults.unsupported(f"on entity {name[:60]}")
    return entity

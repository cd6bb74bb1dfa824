"""Owns `/send`: marking a form as e-mailed. Nothing is e-mailed."""

from copy import deepcopy
from typing import Any

from . import faults
from .books import Books
from .entities import EntityType
from .render import dumps


def send(books: Books, entity: EntityType, number: Any, address: str | None) -> str:
    """Mark a form as sent; returns its JSON text. Raises `Fault` without an address to send to."""
    entity.refuse_unless("send")
    row = entity.find(books, number)
    old = deepcopy(row)
    if address:
        row.body["BillEmail"] = {"Address": address[:100]}
    if "BillEmail" not in row.body and entity.kind != "Payment":
        raise faults.missing("BillEmail")
    if entity.kind != "Payment":
        row.body["EmailStatus"] = "EmailSent"
        row.body["DeliveryInfo"] = {"DeliveryType": "Email", "DeliveryTime": books.stamp()}
        row.body = entity.ordered(row.body)
    entity.index(row)
    row.open_cents = old.open_cents
    books.save(row, new_version=True)
    books.event(row, "Emailed")
    return dumps(row.body)

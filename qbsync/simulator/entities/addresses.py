"""Owns addresses: each new one gets an id and coordinates that say it could not be placed."""

from typing import Any

from ..books import Books
from ..store import Row

_OWN = ("Id", "Lat", "Long")


def number_addresses(books: Books, body: dict[str, Any], props: tuple[str, ...], old: Row | None) -> None:
    """Complete the addresses that a client has sent; one that is as before stays what it was."""
    for prop in props:
        address = body.get(prop)
        if not address or "Id" in address:
            continue
        before = (old.body.get(prop) or {}) if old else {}
        sent = {name: value for name, value in address.items() if name not in _OWN}
        if before and sent == {name: value for name, value in before.items() if name not in _OWN}:
            body[prop] = before
            continue
        place = {"Lat": address.get("Lat", "INVALID"), "Long": address.get("Long", "INVALID")}
        body[prop] = {"Id": str(books.next_id("address")), **sent, **place}

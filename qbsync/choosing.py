"""What a form carries when a person chose a customer: which one, and that it is to be made active again first.

The mark is part of the value, so that nobody reactivates a customer that was active when they looked at it.
"""

from __future__ import annotations

from dataclasses import dataclass

from qbsync.models import Connection, Customer
from qbsync.selectors import linkable
from qbsync.services import Refused

_REACTIVATE = "reactivate-"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The customer that a person chose, and whether they know that it is inactive."""

    customer: Customer
    reactivate: bool


def value_of(customer: Customer) -> str:
    """Return what a form sends for this customer."""
    return f"{'' if customer.active else _REACTIVATE}{customer.pk}"


def chosen_customer(connection: Connection | None, value: str) -> Chosen:
    """Return what was chosen.

    Raises:
        Refused: nothing was, or it is not a customer of this company (any more).
    """
    if not value:
        raise Refused("Choose a customer first, or create a new one.")
    key = value.removeprefix(_REACTIVATE)
    is_key = key.isascii() and key.isdecimal() and len(key) < 19
    found = linkable(connection).filter(pk=key).first() if connection and is_key else None
    if found is None:
        raise Refused("That customer is no longer available in QuickBooks. Choose another one.")
    return Chosen(found, reactivate=value.startswith(_REACTIVATE))

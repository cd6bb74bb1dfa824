"""How names are compared: the folding of a name, and the verdict on an account among the customers. Pure.

Names are compared through :func:`fold` and in no other way; QuickBooks' own ``=`` is not used, since how it treats case
and accents is not documented.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from qbsync.states import Reason

_TYPOGRAPHIC = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "‛": "'", "ʼ": "'", "′": "'",
        "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"',
        "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-",
    }
)  # fmt: skip
_DELETED = re.compile(r"\s*\(deleted(?: \d+)?\)\s*$", re.IGNORECASE)


def fold(name: str) -> str:
    """Return the form in which two names are equal: NFKC, no case, ASCII quotes and dashes, single spaces.

    Nothing else is dropped: accents, punctuation and legal forms tell customers apart.
    """
    folded = unicodedata.normalize("NFKC", name).translate(_TYPOGRAPHIC).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def name_before_deletion(display_name: str) -> str:
    """Return the name that an inactive customer had: QuickBooks appends “(deleted)” to it, or “(deleted 1)”."""
    return _DELETED.sub("", display_name)


@dataclass(frozen=True)
class Candidate:
    """A customer, vendor or employee in QuickBooks whose folded name equals the account's."""

    kind: str  # "customer", "vendor" or "employee"
    name: str
    key: int = 0  # the mirror row of a customer
    can_match: bool = False  # active, top-level, no project
    active: bool = True
    taken_by: str = ""  # the name of the account that is linked to it
    taken_by_namesake: bool = False  # and that account's name folds to the same


@dataclass(frozen=True)
class Verdict:
    """What was decided for an account: the customer to link (its mirror row), or the reason for none."""

    customer: int | None = None
    reason: Reason = Reason.NONE
    detail: dict[str, Any] = field(default_factory=dict)


def match(name: str, candidates: Sequence[Candidate], namesakes: Sequence[str] = ()) -> Verdict:
    """Return the verdict for an account of this name.

    Args:
        name: the account's name, as people wrote it.
        candidates: whoever in QuickBooks holds a name that folds to the same.
        namesakes: the IDs of other unlinked accounts in scope whose names fold to the same.
    """
    customers = [one for one in candidates if one.can_match]
    free = [one for one in customers if not one.taken_by]
    if namesakes:
        return Verdict(reason=Reason.NAMESAKE_ACCOUNT, detail={"name": name, "others": list(namesakes)})
    if len(free) == 1 and len(customers) == 1:
        return Verdict(customer=free[0].key)
    if len(customers) > 1:
        return Verdict(reason=Reason.SEVERAL_MATCHES, detail={"name": name, "count": len(customers)})
    if customers:
        taken = customers[0]
        reason = Reason.NAMESAKE_LINKED if taken.taken_by_namesake else Reason.CUSTOMER_TAKEN
        return Verdict(reason=reason, detail={"name": name, "customer": taken.name, "account": taken.taken_by})
    return holder_of(name, candidates) or Verdict(reason=Reason.NO_MATCH, detail={"name": name})


def holder_of(name: str, candidates: Sequence[Candidate]) -> Verdict | None:
    """Return the verdict that the name is not free in QuickBooks although no customer matches; None when it is free.

    QuickBooks keeps names unique over customers, vendors and employees (fault 6240), sub-customers included. An
    inactive one does not hold its old name, but is worth re-activating instead of a second customer.
    """
    order = (
        (Reason.HELD_BY_VENDOR, lambda one: one.kind == "vendor" and one.active),
        (Reason.HELD_BY_EMPLOYEE, lambda one: one.kind == "employee" and one.active),
        (Reason.HELD_BY_CUSTOMER, lambda one: one.kind == "customer" and one.active),
        (Reason.HELD_BY_INACTIVE, lambda one: one.kind == "customer" and not one.active),
    )
    for reason, holds in order:
        for one in candidates:
            if holds(one):
                return Verdict(reason=reason, detail={"name": name, "holder": one.name})
    return None

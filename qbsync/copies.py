"""What is watched of a document's copy in QuickBooks, and in what two states of it differ. Pure.

A summary is kept as JSON: ``number``, ``date``, ``total``, ``customer`` (QuickBooks' id), ``void`` and, of a payment,
``applied``: the amount that it pays on each invoice, by QuickBooks' id. Amounts are texts of two decimals.
``updated`` is QuickBooks' time of the last change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

Remote = Mapping[str, Any]
"""A document as QuickBooks answers it."""

Summary = dict[str, Any]

_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which a document and its copy differ, in words for people."""

    what: str
    ours: str
    theirs: str


def customer_id_of(remote: Remote) -> str:
    """Return the id of the customer that a document of QuickBooks is of."""
    reference = remote.get("CustomerRef")
    return str(reference.get("value") or "") if isinstance(reference, Mapping) else ""


def number_of(remote: Remote) -> str:
    """Return the number of an invoice, or a payment's reference."""
    return str(remote.get("DocNumber") or remote.get("PaymentRefNum") or "")


def is_void_copy(remote: Remote) -> bool:
    """Return whether QuickBooks' document is void: it keeps no amount and says so in its note."""
    note = str(remote.get("PrivateNote") or "")
    return money(remote.get("TotalAmt", 0)) == "0.00" and note.startswith("Voided")


def summary(remote: Remote, *, is_payment: bool) -> Summary:
    """Return what is watched of an invoice or payment as QuickBooks answers it."""
    found: Summary = {
        "number": _text(number_of(remote)),
        "date": _text(remote.get("TxnDate") or ""),
        "total": money(remote.get("TotalAmt", 0)),
        "customer": _text(customer_id_of(remote)),
        "void": is_void_copy(remote),
        "updated": _updated(remote),
    }
    if is_payment:
        found["applied"] = _applied(remote.get("Line") or [])
    return found


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the names in which two summaries differ."""
    return [name for name in after if before.get(name) != after[name]]


def said(differences: Sequence[Difference]) -> dict[str, Any]:
    """Return the differences as a row keeps them: one by one, and each side in a few words."""
    return {
        "differences": [[one.what, one.ours, one.theirs] for one in differences],
        "ours": ", ".join(f"{one.what} {one.ours}" for one in differences),
        "theirs": ", ".join(f"{one.what} {one.theirs}" for one in differences),
    }


def token_of(remote: Remote) -> int:
    """Return the SyncToken as a number; -1 where QuickBooks gives none."""
    token = str(remote.get("SyncToken", ""))
    return int(token) if token.isascii() and token.isdecimal() and len(token) < 20 else -1


def money(value: Any) -> str:
    """Return an amount as a text of two decimals; what is no amount is returned as it is."""
    amount = _decimal(value)
    return _text(value) if amount is None else f"{amount:.2f}"


def _applied(lines: Any) -> dict[str, str]:
    """What a payment pays on each invoice. Several lines on one invoice count together."""
    found: dict[str, Decimal] = {}
    for line in lines if isinstance(lines, list) else []:
        for linked in (line.get("LinkedTxn") or []) if isinstance(line, dict) else []:
            if isinstance(linked, dict) and linked.get("TxnType") == "Invoice":
                number, amount = _text(linked.get("TxnId")), _decimal(line.get("Amount")) or Decimal(0)
                found[number] = found.get(number, Decimal(0)) + amount
    return {number: money(amount) for number, amount in sorted(found.items())}


def _decimal(value: Any) -> Decimal | None:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _updated(remote: Remote) -> str:
    """QuickBooks' time of the last change to it."""
    times = remote.get("MetaData")
    return _text(times.get("LastUpdatedTime") or "") if isinstance(times, Mapping) else ""


def _text(value: Any) -> str:
    """A text as the database can hold it, which takes no NUL."""
    return str(value).replace("\x00", "")[:_LONGEST]

"""Builds batch requests and takes their answers apart. Sends nothing.

Items run one after the other, not atomically, and a later item does not see what an earlier one created.
https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/batch
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qbsync.gateway.answers import read_fault
from qbsync.gateway.faults import Fault, FaultKind
from qbsync.gateway.queries import count_of, rows_of

MOST_ITEMS = 30
LONGEST_REQUEST_ID = 36
_LONGEST_ITEM_ID = 10  # Intuit's limit where the request carries a requestid

# Entities are voided in two ways: an invoice by an operation of its own, a payment by an update with an option.
VOID_BY_UPDATE = frozenset({"Payment"})


@dataclass(frozen=True)
class BatchItem:
    """One write. ``operation`` is create, update, void or delete; an update is told full or sparse by its payload."""

    item_id: str
    operation: str
    entity: str
    payload: Mapping[str, Any]

    def as_request(self) -> dict[str, Any]:
        """Return the item as QuickBooks takes it."""
        if self.operation == "void" and self.entity in VOID_BY_UPDATE:
            voiding = {**self.payload, "sparse": True}
            return {"bId": self.item_id, "operation": "update", "optionsData": "include=void", self.entity: voiding}
        return {"bId": self.item_id, "operation": self.operation, self.entity: dict(self.payload)}


@dataclass(frozen=True)
class BatchQuery:
    """One read that rides in a batch."""

    item_id: str
    statement: str

    def as_request(self) -> dict[str, Any]:
        """Return the item as QuickBooks takes it."""
        return {"bId": self.item_id, "Query": self.statement}


@dataclass(frozen=True)
class BatchCount(BatchQuery):
    """A count that rides in a batch; it is answered by a number."""


Outcome = dict[str, Any] | list[dict[str, Any]] | int | Fault


@dataclass(frozen=True)
class BatchAnswer:
    """What QuickBooks answered to a batch.

    Attributes:
        items: for each item's id the entity as it now is, a query's rows, a count's number, or the Fault
            that refused it.
        intuit_tid: Intuit's id of the exchange.
        time: QuickBooks' own time of the answer.
    """

    items: dict[str, Outcome]
    intuit_tid: str
    time: str


def request_of(items: Sequence[BatchItem | BatchQuery]) -> dict[str, Any]:
    """Return the body of the request.

    Raises:
        ValueError: no items, too many, or ids that are too long or not unique.
    """
    ids = {item.item_id for item in items}
    if not 0 < len(items) <= MOST_ITEMS:
        raise ValueError(f"A batch holds 1 to {MOST_ITEMS} items, not {len(items)}.")
    if len(ids) != len(items) or any(not 0 < len(item_id) <= _LONGEST_ITEM_ID for item_id in ids):
        raise ValueError(f"A batch's items need ids of their own of at most {_LONGEST_ITEM_ID} characters.")
    return {"BatchItemRequest": [item.as_request() for item in items]}


def answer_of(items: Sequence[BatchItem | BatchQuery], body: Mapping[str, Any], intuit_tid: str) -> BatchAnswer:
    """Match the response's items to the request's by their ids; an item without an answer has an unknown outcome."""
    reported = body.get("BatchItemResponse")
    found = {
        str(item.get("bId")): item
        for item in (reported if isinstance(reported, list) else [])
        if isinstance(item, dict)
    }
    return BatchAnswer(
        items={item.item_id: _item_answer(item, found.get(item.item_id, {}), intuit_tid) for item in items},
        intuit_tid=intuit_tid,
        time=str(body.get("time", "")),
    )


def _item_answer(item: BatchItem | BatchQuery, reported: Mapping[str, Any], intuit_tid: str) -> Outcome:
    is_write = isinstance(item, BatchItem)
    if fault := reported.get("Fault") or reported.get("fault"):
        return read_fault(fault, status=200, intuit_tid=intuit_tid, is_write=is_write)
    if isinstance(item, BatchCount):
        if (counted := count_of(reported.get("QueryResponse"))) is not None:
            return counted
    elif isinstance(item, BatchQuery) and isinstance(reported.get("QueryResponse"), dict):
        return rows_of(reported["QueryResponse"])
    if isinstance(item, BatchItem) and isinstance(reported.get(item.entity), dict):
        entity: dict[str, Any] = reported[item.entity]
        return entity
    return Fault(
        FaultKind.UNAVAILABLE,
        http_status=200,
        message="The batch's answer does not name this item.",
        intuit_tid=intuit_tid,
        outcome_known=not is_write,
    )

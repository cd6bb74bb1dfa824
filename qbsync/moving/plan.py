"""How documents get from one customer of QuickBooks to another so that no payment is ever on another's invoice. Pure.

Documents that pay one another go together or not at all. Their payments let go of the invoices first, and are credit
of the old customer; then the invoices move; then the payments follow with their lines, by a payment's ordinary update.
Whatever step was the last, what is in QuickBooks tells the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Key = tuple[str, str]
"""QuickBooks' type and id of a document: ``("Invoice", "77")``."""

NOT_SYNCED = "It is not to be synced."
FAILED = "It has failed; settle that first."


class Step(StrEnum):
    """What is to be written next for documents that belong together."""

    DETACH = "detach"  # payments let go of the invoices
    MOVE = "move"  # invoices, and payments that pay nothing, get the new customer
    DONE = "done"  # only payments are left, which follow their invoices


@dataclass(frozen=True, slots=True)
class Copy:
    """A document in QuickBooks, as it is there.

    Attributes:
        kind, qbo_id: QuickBooks' type and id.
        label: how people call it: “Invoice 1001”.
        customer: the id of the customer it is of.
        pays: of a payment: the ids of the invoices that it pays there.
        allocated: of a payment: the ids of the invoices that it pays here.
        obstacle: why QuickBooks would not let it move, or why it is not to be touched; empty where nothing is known.
    """

    kind: str
    qbo_id: str
    label: str
    customer: str
    pays: frozenset[str] = frozenset()
    allocated: frozenset[str] = frozenset()
    obstacle: str = ""

    @property
    def key(self) -> Key:
        """What tells it from all others."""
        return self.kind, self.qbo_id


def groups(copies: Sequence[Copy]) -> list[list[Copy]]:
    """Return the documents in groups that pay one another, there or here; each group has its invoices first."""
    by_key = {copy.key: copy for copy in copies}
    above: dict[Key, Key] = {key: key for key in by_key}

    def top(key: Key) -> Key:
        while above[key] != key:
            above[key] = above[above[key]]
            key = above[key]
        return key

    for copy in copies:
        for invoice in copy.pays | copy.allocated:
            if ("Invoice", invoice) in by_key:
                above[top(copy.key)] = top(("Invoice", invoice))
    found: dict[Key, list[Copy]] = {}
    for copy in copies:
        found.setdefault(top(copy.key), []).append(copy)
    return [sorted(group, key=lambda one: one.kind) for group in found.values()]


def why_it_stays(group: Sequence[Copy]) -> Mapping[Key, str]:
    """Return, for each of a group, why it cannot move: its own obstacle, or another's; empty where all can."""
    hindered = next((copy for copy in group if copy.obstacle), None)
    if hindered is None:
        return {}
    return {copy.key: copy.obstacle or f"It stays with {hindered.label}: {hindered.obstacle}" for copy in group}


def is_untouched(group: Sequence[Copy]) -> bool:
    """Whether nothing of a group has been moved or let go of."""
    return len({copy.customer for copy in group}) == 1 and all(
        copy.pays or not copy.allocated for copy in group if copy.kind == "Payment"
    )


def goal_of(group: Sequence[Copy], wanted: str, linked: str) -> str:
    """Return the customer that a group goes to.

    That is the one wanted, where the account is linked to it or some of the group is there already; a wish that has
    been overtaken by another link leaves the group where it is.
    """
    present = sorted({copy.customer for copy in group})
    return wanted if wanted == linked or wanted in present else present[0]


def next_step(group: Sequence[Copy], goal: str) -> tuple[Step, list[Copy]]:
    """Return what is to be written next to bring a group to the customer, and for which of it."""
    payments = [copy for copy in group if copy.kind == "Payment"]
    away = [copy for copy in group if copy.kind == "Invoice" and copy.customer != goal]
    if away:
        applied = [copy for copy in payments if copy.pays]
        return (Step.DETACH, applied) if applied else (Step.MOVE, away)
    credits = [copy for copy in payments if not (copy.pays or copy.allocated) and copy.customer != goal]
    return (Step.MOVE, credits) if credits else (Step.DONE, [])


def follows(payment: Copy, goal: str) -> bool:
    """Whether a payment has to be sent once more when its group has arrived: for its customer, or for its lines."""
    return payment.customer != goal or payment.pays != payment.allocated

"""Draws one run from its seed: a firm's books, QuickBooks' company, planned faults, and what people do meanwhile. Pure.

A run is drawn from its seed alone, so that one that failed can be repeated without the others.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

WINDOW_S = 19.0
"""How long after sending a write may still be executed, in these runs; a worker's QBO_EXECUTION_WINDOW_S."""
TIMEOUT_S = 2.0
# A late execution may come after the first look for it, some 5 s after its answer was lost, and before this: what is
# left of the window is for a slow machine.
_LATEST_S = 14.0

_LATIN = ("Ash", "Birch", "Cedar", "Dove", "Elm", "Fern", "Gale", "Hazel")


@dataclass(frozen=True)
class PlannedPayment:
    """A payment of an account: the places of the invoices it pays, and how much of each; the rest is credit."""

    pays: tuple[int, ...]
    part: float
    credit: int


@dataclass(frozen=True)
class PlannedAccount:
    """An account, whether QuickBooks has a customer of its name, whether that one is inactive, and its documents."""

    name: str
    is_known: bool
    is_inactive: bool
    invoices: tuple[int, ...]
    payments: tuple[PlannedPayment, ...]


@dataclass(frozen=True)
class Act:
    """Something a person does, so many seconds after the firm was connected; ``pick`` chooses what it is done to."""

    at_s: float
    verb: str
    pick: int


@dataclass(frozen=True)
class Scenario:
    """One run."""

    seed: int
    custom_numbers: bool
    options: dict[str, Any]
    accounts: tuple[PlannedAccount, ...]
    strangers: tuple[str, ...]
    """Customers in QuickBooks that are no account's: others may be merged into them, and accounts linked to them."""
    faults: tuple[dict[str, Any], ...]
    acts: tuple[Act, ...]
    batch_item_ms: int


HERE = (
    "sync", "create", "unsync", "invoice", "payment", "edit_invoice", "edit_payment", "void_invoice", "void_payment",
    "skip_document", "sync_document", "rename", "link_another", "reconnect", "move", "move_the_rest", "reactivate",
    "undo",
)  # fmt: skip
THERE = (
    "note_there", "delete_there", "void_there", "forget_requestids", "date_there", "rename_there", "deactivate_there",
    "merge_there", "revoke",
)  # fmt: skip
VERBS = HERE + THERE
# What people do most while something goes wrong: press again, and correct what they have just entered
_WEIGHTS = (6, 4, 3, 4, 4, 6, 4, 4, 4, 2, 2, 1, 3, 1, 12, 4, 5, 4, 3, 2, 2, 2, 5, 2, 5, 8, 3)


def draw(seed: int) -> Scenario:
    """Return the run of this seed."""
    dice = random.Random(f"crash run {seed}")
    accounts = tuple(_account(dice, place) for place in range(dice.randint(2, 4)))
    acts = tuple(
        Act(round(dice.uniform(0, 12), 2), dice.choices(VERBS, _WEIGHTS)[0], dice.randrange(10_000))
        for _ in range(dice.randint(1, 9))
    )
    # Whoever has no customer gets one sooner or later, so that customers are created, or made active, in most runs.
    wanted = (
        Act(round(dice.uniform(0, 6), 2), "reactivate" if one.is_inactive else "create", dice.randrange(10_000))
        for one in accounts
        if one.is_inactive or not one.is_known
    )
    return Scenario(
        seed=seed,
        custom_numbers=dice.random() < 0.75,
        options={
            "batch_replay": dice.random() < 0.7,
            "replay_faults": dice.random() < 0.5,
            "refresh_rotation": dice.choice(["daily", "always"]),
            "throttle_body": dice.choice(["json", "xml", "envelope"]),
            "inactive_reference_code": dice.choice(["2500", "610"]),
            "merged_read": dice.choice(["inactive", "gone"]),
        },
        accounts=accounts,
        strangers=tuple(f"Stranger {place}" for place in range(dice.randint(1, 3))),
        faults=tuple(_fault(dice) for _ in range(dice.choice([0, 1, 1, 2, 2, 3]))),
        acts=tuple(sorted([*acts, *wanted], key=lambda act: act.at_s)),
        batch_item_ms=dice.choice([0, 0, 5, 40]),
    )


def _account(dice: random.Random, place: int) -> PlannedAccount:
    invoices = tuple(dice.randint(10, 900) for _ in range(dice.randint(0, 3)))
    payments = tuple(
        PlannedPayment(
            pays=tuple(sorted(dice.sample(range(len(invoices)), dice.randint(0, min(2, len(invoices)))))),
            part=dice.choice([1.0, 0.5, 0.3]),
            credit=dice.choice([0, 25]),
        )
        for _ in range(dice.randint(0, 2))
    )
    name = f"{_LATIN[place]} {dice.choice(['& Sons', 'Ltd', 'O’Hara', 'Bakery'])} {place}"
    is_known, is_inactive = dice.choices([(True, False), (True, True), (False, False)], [13, 3, 4])[0]
    return PlannedAccount(name, is_known, is_inactive, invoices, payments)


def _fault(dice: random.Random) -> dict[str, Any]:
    """One planned fault, as the simulator takes it."""
    write = {"endpoint": "batch", "entity": dice.choice(["Invoice", "Invoice", "Payment", "Payment", "Customer"])}
    read = {"endpoint": dice.choice(["query", "cdc", "batch"])}
    late = dice.choice([1.0, 6.0, _LATEST_S])
    kinds: list[dict[str, Any]] = [
        {"match": write, "kind": "drop_before_commit"},
        {"match": write, "kind": "drop_after_commit"},
        {"match": write, "kind": "drop_mid_batch", "items": dice.randint(1, 3)},
        {"match": write, "kind": "truncate"},
        {"match": write, "kind": "stall", "at": "before", "seconds": dice.choice([TIMEOUT_S + 1, _LATEST_S])},
        {"match": write, "kind": "stall", "at": "after", "seconds": TIMEOUT_S + 1},
        {"match": write, "kind": "stall", "at": "body", "seconds": TIMEOUT_S + 1},
        {"match": write, "kind": "late_execution", "seconds": late, "answer": dice.choice(["reset", "504"])},
        {"match": write, "kind": "forget_requestids"},
        {"match": write, "kind": "ignore_requestid", "times": 0},
        {"match": {"endpoint": "batch_item", "entity": write["entity"]}, "kind": "fault"},
        {"match": read, "kind": "http", "status": 503, "body": "html", "times": dice.randint(1, 2)},
        {"match": read, "kind": "http", "status": 429, "body": "xml", "headers": {"Retry-After": "2"}},
        {"match": read, "kind": "stall", "at": "before", "seconds": TIMEOUT_S + 1},
        {"match": {}, "kind": "expire_token"},
        {"match": {"endpoint": "token"}, "kind": "http", "status": 503},
    ]
    weights = [4, 8, 4, 3, 6, 5, 3, 10, 2, 3, 2, 2, 2, 2, 3, 1]
    return {"after": dice.choice([0, 0, 0, 0, 1, 2]), **dice.choices(kinds, weights)[0]}

"""Owns planned faults: which request each one meets, how often, and that this is the same every time."""

import random
from typing import Any

from .company import Company

BEFORE = {"http", "fault", "drop_before_commit", "expire_token", "revoke", "forget_requestids", "late_execution"}
AFTER = {"drop_after_commit", "truncate"}
EITHER = {"stall", "ignore_requestid", "drop_mid_batch", "short_page"}
KINDS = BEFORE | AFTER | EITHER
_MATCHERS = {"endpoint", "entity", "operation", "contains"}
_KEYS = {
    "match", "after", "times", "kind", "rate", "seed", "status", "body", "text", "code", "message", "detail", "type",
    "element", "seconds", "at", "items", "headers", "answer", "rows",
}  # fmt: skip
_NUMBERS = {"after", "times", "rate", "status", "seconds", "items", "rows"}


def check(plan: Any) -> dict[str, Any]:
    """A plan as given to the control API, with its counters. Raises `ValueError` saying what is wrong with it."""
    if not isinstance(plan, dict) or plan.get("kind") not in KINDS:
        raise ValueError(f"a planned fault is an object whose kind is one of {', '.join(sorted(KINDS))}")
    match = plan.get("match", {})
    unknown = set(plan) - _KEYS or (set(match) - _MATCHERS if isinstance(match, dict) else {"match"})
    if unknown:
        raise ValueError(f"a planned fault has no {', '.join(sorted(unknown))}")
    for name in _NUMBERS & set(plan):
        if isinstance(plan[name], bool) or not isinstance(plan[name], int | float) or plan[name] < 0:
            raise ValueError(f"{name} is a number of 0 or more")
    return {"after": 0, "times": 1, **plan, "match": match, "seen": 0, "used": 0}


def meets(plan: dict[str, Any], endpoint: str, entities: set[str], operation: str, text: str) -> bool:
    """Whether a request is one that the plan is about."""
    match = plan["match"]
    if endpoint == "batch_item" and (operation == "query") != (plan["kind"] == "short_page"):
        return False  # of a batch's items, queries have short pages and writes have faults
    return (
        match.get("endpoint", endpoint) == endpoint
        and (not match.get("entity") or match["entity"].lower() in {each.lower() for each in entities})
        and match.get("operation", operation) == operation
        and match.get("contains", "") in text
    )


def due(company: Company, endpoint: str, entities: set[str], operation: str, text: str) -> dict[str, Any] | None:
    """The first plan that strikes this request, counted as used; None when none does."""
    for plan in company.planned:
        if (plan["times"] and plan["used"] >= plan["times"]) or not meets(plan, endpoint, entities, operation, text):
            continue
        plan["seen"] += 1
        if plan["seen"] <= plan["after"]:
            continue
        chance = random.Random(f"{plan.get('seed', 0)}:{plan['seen']}").random()  # noqa: S311 - repeatable on purpose
        if chance < plan.get("rate", 1):
            plan["used"] += 1
            return plan
    return None


def page_of(plan: dict[str, Any] | None) -> int | None:
    """The most rows that a plan lets a page of a query have; None where it does not say."""
    return int(plan.get("rows", 1)) if plan and plan["kind"] == "short_page" else None

"""Owns batches: up to 30 items, one after another, each for itself, answered under their bIds."""

import asyncio
from collections.abc import Callable
from typing import Any

from . import faults, planned, requestids
from .books import Books
from .company import Company
from .query import select
from .render import dumps
from .simulator import Simulator
from .writes import by_name, operation_of, write

MOST_ITEMS = 30
_KEYS = {"bId", "operation", "optionsData", "Query"}
Interrupted = Callable[[int], bool]


def read_items(body: Any, requestid: str | None) -> list[dict[str, Any]]:
    """The items of a batch body. Raises `Fault` for what is no batch, too many items, or bIds too long."""
    items = body.get("BatchItemRequest") if isinstance(body, dict) else None
    if not isinstance(items, list) or not items or not all(isinstance(each, dict) for each in items):
        raise faults.missing("BatchItemRequest")
    if len(items) > MOST_ITEMS:
        raise faults.Fault(
            "1040", "Batch size exceeded", f"Batch size exceeded : at most {MOST_ITEMS} items are allowed in a batch. "
            f"Supplied: {len(items)}",
        )  # fmt: skip
    for item in items:
        if requestid and len(str(item.get("bId", ""))) > requestids.LONGEST_BID:
            raise faults.too_long("bId", requestids.LONGEST_BID, len(str(item["bId"])))
    return items


def run_item(sim: Simulator, company: Company, item: dict[str, Any]) -> str:
    """Answer one item: its entity, QueryResponse or Fault with its bId, as JSON text."""
    b_id = dumps(str(item.get("bId", "")))
    books = Books(sim.store, company, sim.clock)
    try:
        with sim.store.transaction():
            if "Query" in item:
                sim.count(company.realm, "batch_items.query")
                statement = str(item["Query"])
                plan = planned.due(company, "batch_item", set(), "query", statement)
                found = select.run(books, statement, page=planned.page_of(plan))
                return f'{{"QueryResponse":{found},"bId":{b_id}}}'
            names = [name for name in item if name not in _KEYS]
            if len(names) != 1:
                raise faults.bad_property("A batch item holds one entity or a Query")
            entity = by_name(names[0])
            sent = item[names[0]]
            operation = operation_of(item.get("operation"), sent)
            sim.count(company.realm, f"batch_items.{str(operation)[:20]}")
            text = dumps(sent) if company.planned else ""
            plan = planned.due(company, "batch_item", {entity.kind}, operation, text)
            if plan:
                raise planned_fault(plan)
            answer = write(books, sim.companies, entity, operation, sent, options(item.get("optionsData")))
            return f'{{"{entity.kind}":{answer},"bId":{b_id}}}'
    except faults.Fault as fault:
        return f'{{"Fault":{dumps(fault.as_dict())},"bId":{b_id}}}'


async def run(
    sim: Simulator, company: Company, items: list[dict[str, Any]], requestid: str | None, interrupted: Interrupted
) -> list[str]:
    """The answers of all items in their order.

    With a latency per item each one is committed by itself, as a real batch does over seconds, and remembered under
    the batch's requestid so that a repeat after a crash goes on where it was; without, one commit holds them all.
    """
    answers: list[str] = []
    for place, item in enumerate(items):
        if interrupted(place):
            break
        if not company.batch_item_ms:
            answers.append(run_item(sim, company, item))
            continue
        await asyncio.sleep(company.batch_item_ms / 1000)
        key = f"{requestid}#{place}" if requestid else None
        known = requestids.find(sim, company, key, "batch item") if key else None
        if known:
            answers.append(known.body)
            continue
        with sim.store.transaction():
            answers.append(run_item(sim, company, item))
            if key:
                requestids.keep(sim, company, key, "batch item", 200, answers[-1])
    return answers


def options(text: Any) -> frozenset[str]:
    """The `include` values in an item's optionsData."""
    parts = str(text or "").replace("&", ",").split(",")
    return frozenset(part.partition("=")[2] if "=" in part else part for part in parts if part)


def planned_fault(plan: dict[str, Any]) -> faults.Fault:
    """The fault that a plan of kind `fault` describes; unnamed parts are those of a SystemFault."""
    return faults.Fault(
        str(plan.get("code", "10000")),
        plan.get("message", "An application error has occurred while processing your request"),
        plan.get("detail", "System Failure Error: Something went wrong. Please try again later."),
        element=plan.get("element"),
        status=int(plan.get("status", 400 if "code" in plan else 500)),
        kind=plan.get("type", faults.VALIDATION if "code" in plan else "SystemFault"),
    )

"""Owns the execution of a call that was let through: (status, JSON text), or a `Fault`."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

from . import batch, cdc, faults, planned, requestids, sending, taxservice, uploads
from . import clock as clocks
from .books import Books
from .calls import XML, Call
from .company import Company
from .entities import EntityType
from .query import select
from .render import dumps
from .simulator import Simulator
from .writes import VERBS, as_read, write

Result = tuple[int, str]


async def execute(sim: Simulator, company: Company, call: Call, plan: dict[str, Any] | None) -> Result:
    """Answer a call. Raises `Fault`."""
    if call.broken == "encoding":
        raise faults.unsupported(
            "com.sun.org.apache.xerces.internal.impl.io.MalformedByteSequenceException: "
            "Invalid byte 1 of 1-byte UTF-8 sequence."
        )
    if call.endpoint == "query":
        return 200, _query(sim, company, call, planned.page_of(plan))
    if call.endpoint == "cdc" and call.method == "GET":
        books = Books(sim.store, company, sim.clock)
        changed = cdc.run(books, call.parameters.get("entities"), call.parameters.get("changedSince"))
        return 200, f'{{"CDCResponse":{changed},"time":{_time(sim, company)}}}'
    if call.endpoint == "read" and call.entity:
        return 200, _read(sim, company, call)
    if call.method != "POST" or call.endpoint in ("other", "read", "cdc"):
        raise _no_resource(call)
    if call.endpoint == "upload":
        return 200, f'{{"AttachableResponse":[{uploads.take(sim, company, call)}],"time":{_time(sim, company)}}}'
    if call.endpoint == "send" and call.entity:
        return await _once(sim, company, call, plan, lambda: _written(sim, company, call, call.entity))
    if call.content_type not in ("application/json", *XML):
        raise faults.unsupported(
            f"No message body reader has been found for request class Object, ContentType : {call.content_type}."
        )
    if call.broken is not None:
        raise faults.bad_property(f"Unexpected character or end of input: {call.broken}")
    if call.endpoint == "batch":
        return await _batch(sim, company, call, plan)
    if call.endpoint == "taxservice":
        books = Books(sim.store, company, sim.clock)
        return await _once(sim, company, call, plan, lambda: taxservice.create(books, call.sent))
    if call.entity is None or call.operation not in VERBS:
        raise _no_resource(call) if call.entity is None else faults.unsupported(call.operation[:60] or call.method)
    entity = call.entity
    return await _once(sim, company, call, plan, lambda: _written(sim, company, call, entity))


def _time(sim: Simulator, company: Company) -> str:
    return f'"{clocks.stamp_ms(sim.clock.now(), company.zone)}"'


def _no_resource(call: Call) -> faults.Fault:
    return faults.unsupported(
        f"Could not find resource for relative : {call.path} of full path: https://simulator.invalid{call.path}"
    )


def _query(sim: Simulator, company: Company, call: Call, page: int | None) -> str:
    if call.method == "POST" and not call.content_type.startswith(("application/text", "text/plain")):
        raise faults.unsupported(
            f"No message body reader has been found for class java.lang.String, ContentType : {call.content_type}"
        )
    found = select.run(Books(sim.store, company, sim.clock), call.text, page=page)
    return f'{{"QueryResponse":{found},"time":{_time(sim, company)}}}'


def _read(sim: Simulator, company: Company, call: Call) -> str:
    entity = call.entity
    if entity is None:
        raise _no_resource(call)
    books = Books(sim.store, company, sim.clock)
    entity.check_available(books)
    row = entity.asked(books, call.number, call.parameters)
    found = sim.store.text(company.realm, entity.kind, row.id)
    body = as_read(entity, found[0] if found else "{}")
    if call.parameters.get("include") == "invoiceLink" and entity.kind == "Invoice":
        body = dumps(row.body | {"InvoiceLink": f"https://simulator.invalid/portal/{company.realm}/{row.id}"})
    return f'{{"{entity.kind}":{body},"time":{_time(sim, company)}}}'


def _written(sim: Simulator, company: Company, call: Call, entity: EntityType | None) -> str:
    if entity is None:
        raise _no_resource(call)
    books = Books(sim.store, company, sim.clock)
    if call.endpoint == "send":
        body = sending.send(books, entity, call.number, call.parameters.get("sendTo"))
    else:
        body = write(
            books, sim.companies, entity, call.operation, call.sent, batch.options(call.parameters.get("include"))
        )
    return f'{{"{entity.kind}":{body},"time":{_time(sim, company)}}}'


async def _once(
    sim: Simulator, company: Company, call: Call, plan: dict[str, Any] | None, run: Callable[[], str]
) -> Result:
    """Execute a write in one transaction, together with the record that lets its requestid be replayed."""

    async def both() -> Result:
        return 200, run()

    requestid = _requestid(call, plan, batched=False)
    context = requestids.context_of(f"{call.operation} {call.tail}", call.text)
    return await _recorded(sim, company, requestid, context, both, atomic=True)


async def _batch(sim: Simulator, company: Company, call: Call, plan: dict[str, Any] | None) -> Result:
    requestid = _requestid(call, plan, batched=True) if company.options.batch_replay else None
    items = batch.read_items(call.sent, call.parameters.get("requestid"))
    stop = int(plan["items"]) if plan and plan["kind"] == "drop_mid_batch" else None

    async def all_items() -> Result:
        started = _time(sim, company)
        answers = await batch.run(sim, company, items, requestid, lambda place: place == stop)
        return 200, f'{{"BatchItemResponse":[{",".join(answers)}],"time":{started}}}'

    if stop is not None:
        with sim.store.transaction() if not company.batch_item_ms else nullcontext():
            return await all_items()
    context = requestids.context_of("batch", call.text)
    return await _recorded(sim, company, requestid, context, all_items, atomic=not company.batch_item_ms)


def _requestid(call: Call, plan: dict[str, Any] | None, *, batched: bool) -> str | None:
    requestid = call.parameters.get("requestid")
    if not requestid or (plan and plan["kind"] == "ignore_requestid"):
        return None
    requestids.check_length(requestid, batch=batched)
    return requestid


async def _recorded(
    sim: Simulator, company: Company, requestid: str | None, context: str, run: Callable[[], Awaitable[Result]],
    *, atomic: bool,
) -> Result:  # fmt: skip
    """Run, or replay. `atomic`: the run awaits nothing, so one transaction can hold it."""
    if requestid:
        known = requestids.find(sim, company, requestid, context)
        if known:
            return known.status, known.body
        sim.in_flight.add((company.realm, requestid))
    try:
        try:
            with sim.store.transaction() if atomic else nullcontext():
                status, body = await run()
                if requestid:
                    requestids.keep(sim, company, requestid, context, status, body)
        except faults.Fault as fault:
            if not requestid or not company.options.replay_faults:
                raise
            status = fault.status
            body = faults.fault_body(fault, clocks.stamp_ms(sim.clock.now(), company.zone))
            requestids.keep(sim, company, requestid, context, status, body)
        return status, body
    finally:
        if requestid:
            sim.in_flight.discard((company.realm, requestid))

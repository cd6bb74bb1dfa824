"""Owns the way of a request through the Accounting API: token, throttle, planned fault, execution, answer, log."""

import asyncio
import logging
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from . import clock as clocks
from . import faults, limits, pdf, planned, requestids, tokens, xmlform
from .batch import planned_fault
from .books import Books
from .calls import Call, read_call
from .company import Company
from .execute import execute
from .render import dumps
from .simulator import Simulator
from .state import SIM

BODY_CAP = 10 * 1024 * 1024
_SUCCESS, _FAILURE = "application/json;charset=utf-8", "application/json"


@dataclass
class Answer:
    """What goes back. `cut` ends the connection without an answer."""

    status: int
    body: str = ""
    content_type: str = _SUCCESS
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    truncated: bool = False
    stall_body_s: float = 0.0
    raw: bytes = b""


def routes() -> list[web.RouteDef]:
    """Everything below a company."""
    return [web.route("*", "/v3/company/{realm}/{tail:.*}", handle)]


async def handle(request: web.Request) -> web.StreamResponse:
    """Answer one request and write it to the log."""
    sim, started = request.app[SIM], time.perf_counter()
    tid = sim.new_tid()
    call = read_call(request)
    company = sim.companies.known.get(call.realm)
    try:
        answer = await _answer(request, sim, company, call)
    except Exception:
        logging.exception("The simulator failed at %s %s", request.method, request.path)
        answer = Answer(500, faults.fault_body(_SYSTEM_FAULT, None), _FAILURE, {"note": "the simulator failed"})
    took = time.perf_counter() - started
    sim.log.append(
        {
            "at": sim.clock.now(), "realm": call.realm, "method": request.method, "path": request.path_qs[:300],
            "what": call.label, "status": 0 if answer.cut else answer.status, "ms": round(took * 1000, 1), "tid": tid,
            "note": "connection cut" if answer.cut else answer.headers.pop("note", ""),
        }
    )  # fmt: skip
    headers = {
        "intuit_tid": tid, "Content-Type": answer.content_type, "QBO-Version": "1998.156",
        "Service-Time": f"total={int(took * 1000)}, db={int(took * 700)}", "Expires": "0",
        "Cache-Control": "max-age=0, no-cache, no-store, must-revalidate, private", "Server": "nginx",
        **answer.headers,
    }  # fmt: skip
    return await _send(request, answer, headers)


async def _send(request: web.Request, answer: Answer, headers: dict[str, str]) -> web.StreamResponse:
    body = answer.raw or answer.body.encode("utf-8", "replace")
    if answer.cut:
        _reset(request)
        return web.Response(status=500)
    if answer.truncated:
        body = body[: max(1, len(body) // 2)]
    if not answer.stall_body_s:
        return web.Response(status=answer.status, body=body, headers=headers)
    response = web.StreamResponse(status=answer.status, headers={**headers, "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    await asyncio.sleep(answer.stall_body_s)
    await response.write(body[len(body) // 2 :])
    return response


def _reset(request: web.Request) -> None:
    """Cut the connection with a TCP reset."""
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _answer(request: web.Request, sim: Simulator, company: Company | None, call: Call) -> Answer:
    bearer = request.headers.get("Authorization", "")
    value = bearer[7:].strip() if bearer[:7].lower() == "bearer " else ""
    given = tokens.holder(sim, value) if value.isascii() and value else None
    if given is None:
        return _unauthorized(sim, f"Token expired: {value[:2000]}" if value else "Token is missing")
    if company is None or given.realm != company.realm:
        return _forbidden(sim)
    if not sim.limits.admit(company, batch=call.endpoint == "batch"):
        return _throttled(sim, company)
    try:
        if limits.over_quota(sim, company, call.endpoint):
            return _throttled(sim, company)
        return await _admitted(request, sim, company, call, given, value)
    finally:
        sim.limits.leave(company)


async def _admitted(
    request: web.Request, sim: Simulator, company: Company, call: Call, given: tokens.Grant, value: str
) -> Answer:
    try:
        raw = await request.read()
    except web.HTTPRequestEntityTooLarge:
        sim.count(company.realm, f"requests.{call.endpoint}")
        too_large = faults.Fault("10000", "Request too large", "The body of the request is too large", status=413)
        return _fault(sim, company, too_large, call)
    call.take_body(raw)
    sim.count(company.realm, f"requests.{call.endpoint}")
    if company.request_ms:
        await asyncio.sleep(company.request_ms / 1000)
    if company.billing_lapsed:
        detail = "Subscription period has ended or canceled or there was a billing problem"
        return _fault(sim, company, faults.Fault("6190", "Invalid Company Status", f"{detail} : {detail}"), call)
    plan = planned.due(company, call.endpoint, call.entities, call.operation, call.text)
    if plan:
        company.save(sim.store)
        early = await _before(sim, company, call, given, value, plan)
        if early is not None:
            early.headers["note"] = f"planned: {plan['kind']}"
            return early
    answer = await _execute(sim, company, call, plan)
    sim.events.set()
    if plan:
        _after(answer, plan)
        if plan["kind"] == "stall" and plan.get("at") == "after":
            await asyncio.sleep(float(plan.get("seconds", 30)))
    return answer


def _pdf(sim: Simulator, company: Company, call: Call) -> Answer:
    if call.entity is None or "send" not in call.entity.verbs:
        raise faults.unsupported("PDF")
    row = call.entity.find(Books(sim.store, company, sim.clock), call.number)
    return Answer(200, "", "application/pdf", raw=pdf.document(call.entity.kind, company.name, row.body))


async def _execute(sim: Simulator, company: Company, call: Call, plan: dict[str, Any] | None) -> Answer:
    try:
        if call.endpoint == "pdf" and call.method == "GET":
            return _pdf(sim, company, call)
        status, body = await execute(sim, company, call, plan)
    except faults.Fault as fault:
        return _fault(sim, company, fault, call)
    if call.wants_xml:
        return Answer(status, xmlform.write(body), "application/xml")
    return Answer(status, body, _SUCCESS if status == 200 else _FAILURE)


async def _before(
    sim: Simulator, company: Company, call: Call, given: tokens.Grant, value: str, plan: dict[str, Any]
) -> Answer | None:
    """What a plan does before anything is executed; None lets the request go on."""
    kind = plan["kind"]
    if kind == "http":
        return _http(sim, company, plan)
    if kind == "fault":
        return _fault(sim, company, planned_fault(plan), call)
    if kind == "drop_before_commit":
        return Answer(0, cut=True)
    if kind == "expire_token":
        tokens.expire(sim, value)
        return _unauthorized(sim, f"Token expired: {value}")
    if kind == "revoke":
        tokens.revoke_grant(sim, given.id)
        return _unauthorized(sim, f"Token revoked: {value}")
    if kind == "forget_requestids":
        requestids.forget(sim, company)
    if kind == "late_execution":
        task = asyncio.create_task(_late(sim, company, call, float(plan.get("seconds", 5))))
        sim.later.add(task)
        task.add_done_callback(sim.later.discard)
        return Answer(0, cut=True) if plan.get("answer", "reset") == "reset" else _http(sim, company, {"status": 504})
    if kind == "stall" and plan.get("at", "before") == "before":
        await asyncio.sleep(float(plan.get("seconds", 30)))
    return None


async def _late(sim: Simulator, company: Company, call: Call, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await _execute(sim, company, call, None)
    sim.events.set()


def _after(answer: Answer, plan: dict[str, Any]) -> None:
    kind = plan["kind"]
    answer.headers["note"] = f"planned: {kind}"
    if kind in ("drop_after_commit", "drop_mid_batch"):
        answer.cut = True
    elif kind == "truncate":
        answer.truncated = True
    elif kind == "stall" and plan.get("at") == "body":
        answer.stall_body_s = float(plan.get("seconds", 30))


def _http(sim: Simulator, company: Company, plan: dict[str, Any]) -> Answer:
    status = int(plan.get("status", 503))
    moment = clocks.stamp_ms(sim.clock.now(), company.zone)
    headers = {str(name): str(text) for name, text in plan.get("headers", {}).items()}
    shape = plan.get("body", "html" if status >= 500 else "json")
    if "text" in plan:
        kinds = {"json": _FAILURE, "xml": "application/xml", "html": "text/html"}
        return Answer(status, str(plan["text"]), kinds.get(shape, "text/plain"), headers)
    if status == 429:
        kind, body = limits.throttled(shape, moment, sim.clock.now())
        return Answer(status, body, kind, headers)
    if shape == "html":
        return Answer(status, faults.html_page(status, _REASONS.get(status, "Error")), "text/html", headers)
    if shape == "xml":
        return Answer(status, faults.fault_xml(_SYSTEM_FAULT, moment), "application/xml", headers)
    return Answer(status, faults.fault_body(_SYSTEM_FAULT, moment), _FAILURE, headers)


_SYSTEM_FAULT = faults.Fault(
    "10000", "An application error has occurred while processing your request",
    "System Failure Error: Something went wrong. Please try again later.", kind="SystemFault",
)  # fmt: skip
_REASONS = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Time-out"}


def _fault(sim: Simulator, company: Company, fault: faults.Fault, call: Call) -> Answer:
    moment = clocks.stamp_ms(sim.clock.now(), company.zone)
    if call.wants_xml:
        return Answer(fault.status, faults.fault_xml(fault, moment), "application/xml", {"note": fault.code})
    body = dumps({"Fault": fault.as_dict()}) if fault.code == "2030" else faults.fault_body(fault, moment)
    return Answer(fault.status, body, _FAILURE, {"note": fault.code})


def _throttled(sim: Simulator, company: Company) -> Answer:
    sim.count(company.realm, "throttled")
    moment = clocks.stamp_ms(sim.clock.now(), company.zone)
    kind, body = limits.throttled(company.options.throttle_body, moment, sim.clock.now())
    wait = company.options.retry_after_s
    return Answer(429, body, kind, {"Retry-After": str(wait)} if wait else {})


def _unauthorized(sim: Simulator, detail: str) -> Answer:
    message = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    body = faults.envelope(message, detail, "3200", "AUTHENTICATION", int(sim.clock.now() * 1000))
    return Answer(401, body, _FAILURE, {"WWW-Authenticate": 'Bearer realm="Intuit", error="invalid_token"'})


def _forbidden(sim: Simulator) -> Answer:
    message = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
    body = faults.envelope(message, "", "3100", "AUTHORIZATION", int(sim.clock.now() * 1000))
    return Answer(403, body, _FAILURE)

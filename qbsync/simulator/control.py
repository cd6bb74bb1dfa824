"""Owns the control API under `/_sim`: companies, tokens, stats, planned faults and everything else tests arrange."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from . import new_company, people, planned, requestids, tokens
from .books import Books
from .company import Company
from .entities import REGISTRY
from .faults import Fault
from .render import NotJson, loads
from .sample_company import with_sample
from .simulator import Simulator
from .state import SIM

SEED_CAP = 1024**3
FIRST_REALM = 4620816365000000000
Handler = Callable[[web.Request], Awaitable[web.Response]]


def routes() -> list[web.RouteDef]:
    """The control API."""
    one = "/_sim/companies/{realm}"
    return [
        web.get("/_sim/health", health), web.get("/_sim/companies", answered(list_companies)),
        web.post("/_sim/companies", answered(create_company)), web.post("/_sim/clock", answered(set_clock)),
        web.post(one + "/tokens", answered(issue_tokens)), web.get(one + "/stats", answered(stats)),
        web.get(one + "/entities/{kind}", answered(entities)), web.get(one + "/faults", answered(list_faults)),
        web.post(one + "/faults", answered(plan_faults)), web.delete(one + "/faults", answered(clear_faults)),
        web.post(one + "/latency", answered(set_latency)), web.post(one + "/webhooks", answered(set_webhook)),
        web.post(one + "/merge", answered(merge)), web.post(one + "/limits", answered(set_limits)),
        web.post(one + "/options", answered(set_options)), web.post(one + "/change", answered(change)),
    ]  # fmt: skip


def answered(handler: Handler) -> Handler:
    """A handler whose complaints about its input are answered as 400 with a sentence."""

    async def wrapped(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except (ValueError, NotJson, KeyError, TypeError, AttributeError) as error:
            said = f"missing or of the wrong type: {error}" if not isinstance(error, ValueError) else str(error)
            return web.json_response({"error": said}, status=400)
        except Fault as fault:
            return web.json_response({"error": str(fault), "code": fault.code}, status=400)

    return wrapped


async def body_of(request: web.Request, kind: type = dict) -> Any:
    """The JSON body. Raises `ValueError` when it is not of that kind."""
    raw = await request.content.read(SEED_CAP) if request.can_read_body else b"{}"
    while not request.content.at_eof():
        raw += await request.content.read(SEED_CAP)
    found = loads(raw.decode("utf-8") or "{}")
    if not isinstance(found, kind):
        raise ValueError(f"the body must be a JSON {'array' if kind is list else 'object'}")
    return found


def company_of(request: web.Request) -> tuple[Simulator, Company]:
    """The company that the address names."""
    sim = request.app[SIM]
    company = sim.companies.known.get(request.match_info["realm"])
    if company is None:
        raise web.HTTPNotFound(text='{"error": "no such company"}', content_type="application/json")
    return sim, company


async def health(request: web.Request) -> web.Response:
    """Whether the simulator is up."""
    return web.json_response({"ok": True})


async def list_companies(request: web.Request) -> web.Response:
    """Every company's realm and name."""
    known = request.app[SIM].companies.known.values()
    return web.json_response({"companies": [{"realm_id": each.realm, "name": each.name} for each in known]})


async def create_company(request: web.Request) -> web.Response:
    """Make a company. With a `realm_id` that exists already nothing is changed, so that a seed can be repeated."""
    sim, given = request.app[SIM], await body_of(request)
    realm = str(given.get("realm_id") or "")
    if realm in sim.companies.known:
        return web.json_response({"realm_id": realm, "created": False})
    unknown = set(given) - set(REGISTRY) - {"name", "realm_id", "options", "country", "time_zone", "sample"}
    if unknown:
        raise ValueError(f"there is no {', '.join(sorted(unknown))} in a company")
    if realm and not realm.isdigit():
        raise ValueError("realm_id is a string of digits")
    if given.get("sample"):
        given = with_sample(given)
    name = given.get("name") or "Simulated Company"
    with sim.store.transaction():
        realm = realm or str(FIRST_REALM + sim.store.next_id("", "realm"))
        company = Company(realm, str(name), country=given.get("country", "US"),
                          zone_name=given.get("time_zone", "America/Los_Angeles"))  # fmt: skip
        company.options.change(given.get("options", {}))
        new_company.fill(sim, company, given)
        company.save(sim.store)
    sim.companies.known[realm] = company
    return web.json_response({"realm_id": realm, "created": True})


async def issue_tokens(request: web.Request) -> web.Response:
    """Tokens without the browser."""
    sim, company = company_of(request)
    scope = "com.intuit.quickbooks.accounting"
    with sim.store.transaction():
        given = tokens.grant(sim, company.realm, "tests@simulator.test", scope)
        access, refresh = tokens.access(sim, given), tokens.refresh_token(sim, given)
    return web.json_response(
        {"access_token": access, "refresh_token": refresh, "expires_in": tokens.ACCESS_S,
         "x_refresh_token_expires_in": tokens.REFRESH_S, "token_type": "bearer", "realm_id": company.realm}
    )  # fmt: skip


async def stats(request: web.Request) -> web.Response:
    """How often the company was asked for what, and how many entities it holds (deleted ones not counted)."""
    sim, company = company_of(request)
    sim.flush_counts()
    counts = dict(sim.store.db.execute("SELECT name, value FROM counter WHERE realm = ?", (company.realm,)))
    kinds = sim.store.db.execute(
        "SELECT kind, count(*) FROM entity WHERE realm = ? AND deleted = 0 GROUP BY kind", (company.realm,)
    )
    parts = {part: _below(counts, part) for part in ("requests", "batch_items", "metered")}
    return web.json_response({**parts, "throttled": counts.get("throttled", 0), "entities": dict(kinds)})


def _below(counts: dict[str, int], prefix: str) -> dict[str, int]:
    return {name.partition(".")[2]: value for name, value in counts.items() if name.startswith(f"{prefix}.")}


async def entities(request: web.Request) -> web.Response:
    """Every entity of a type, inactive and deleted ones too (those carry "status": "Deleted")."""
    sim, company = company_of(request)
    if request.match_info["kind"] not in REGISTRY:
        raise ValueError(f"there is no entity {request.match_info['kind']}")
    found = sim.store.db.execute(
        "SELECT body FROM entity WHERE realm = ? AND kind = ? ORDER BY id", (company.realm, request.match_info["kind"])
    )
    text = "[" + ",".join(body for (body,) in found) + "]"
    return web.Response(text=text, content_type="application/json")


async def list_faults(request: web.Request) -> web.Response:
    """The planned faults, with how often each was met and used."""
    _, company = company_of(request)
    return web.json_response(company.planned)


async def plan_faults(request: web.Request) -> web.Response:
    """Plan faults, after those planned already."""
    sim, company = company_of(request)
    plans = json.loads((await request.read()).decode() or "[]")
    checked = [planned.check(plan) for plan in (plans if isinstance(plans, list) else [plans])]
    company.planned.extend(checked)
    company.save(sim.store)
    return web.json_response({"planned": len(company.planned)})


async def clear_faults(request: web.Request) -> web.Response:
    """Drop every planned fault."""
    sim, company = company_of(request)
    company.planned.clear()
    company.save(sim.store)
    return web.json_response({"planned": 0})


async def set_latency(request: web.Request) -> web.Response:
    """How long a request, and each item of a batch, takes."""
    sim, company = company_of(request)
    given = await body_of(request)
    company.request_ms = _number(given, "request_ms", company.request_ms)
    company.batch_item_ms = _number(given, "batch_item_ms", company.batch_item_ms)
    company.save(sim.store)
    return web.json_response({"request_ms": company.request_ms, "batch_item_ms": company.batch_item_ms})


async def set_webhook(request: web.Request) -> web.Response:
    """Where events go from now on; an empty url ends it."""
    sim, company = company_of(request)
    given = await body_of(request)
    if given.get("url") and not isinstance(given.get("verifier_token"), str):
        raise ValueError("verifier_token is missing")
    if given.get("format", "cloudevents") not in ("cloudevents", "legacy"):
        raise ValueError("format is cloudevents or legacy")
    scaled = {name: _number(given, name, default) for name, default in (("retry_scale", 1), ("delay_ms", 50))}
    hook = {"url": given.get("url"), "verifier_token": given.get("verifier_token"), "format": given.get("format")}
    company.webhook = {**hook, **scaled} if given.get("url") else {}
    company.save(sim.store)
    return web.json_response({"url": company.webhook.get("url")})


async def merge(request: web.Request) -> web.Response:
    """Merge two entries of a name list."""
    sim, company = company_of(request)
    given = await body_of(request)
    if given.get("entity", "Customer") not in ("Customer", "Vendor"):
        raise ValueError("entity is Customer or Vendor")
    with sim.store.transaction():
        books = Books(sim.store, company, sim.clock)
        people.merge(books, given.get("entity", "Customer"), str(given["from"]), str(given["into"]))
    sim.events.set()
    return web.json_response({"ok": True})


async def change(request: web.Request) -> web.Response:
    """What a person does in QuickBooks: create, sparse update, delete or void, free of throttle and token."""
    sim, company = company_of(request)
    given = await body_of(request)
    entity = REGISTRY.get(str(given.get("entity")))
    if entity is None:
        raise ValueError(f"there is no entity {given.get('entity')}")
    with sim.store.transaction():
        books = Books(sim.store, company, sim.clock)
        values, operation = given.get("values", {}), given.get("operation", "update")
        if operation == "create":
            row = entity.create(books, values, people.BY_USER)
        else:
            row = entity.find(books, given.get("id"))
            sent = {"Id": str(row.id), "SyncToken": row.body["SyncToken"]}
            if operation == "update":
                row = people.change_as_user(books, entity, row, values)
            elif operation in ("delete", "void"):
                row = entity.delete(books, sent) if operation == "delete" else entity.void(books, sent)
            else:
                raise ValueError("operation is create, update, delete or void")
    sim.companies.refresh_preferences(company)
    sim.events.set()
    return web.json_response({"id": str(row.id), "sync_token": row.body["SyncToken"]})


async def set_limits(request: web.Request) -> web.Response:
    """Multiply the throttles; 0 lifts them, 1 is Intuit's."""
    sim, company = company_of(request)
    company.throttle_scale = _number(await body_of(request), "scale", company.throttle_scale)
    company.save(sim.store)
    return web.json_response({"scale": company.throttle_scale})


async def set_options(request: web.Request) -> web.Response:
    """Choose the company's answers to what is not known of Intuit's; `billing_lapsed` and `forget_requestids` too."""
    sim, company = company_of(request)
    given = await body_of(request)
    company.billing_lapsed = bool(given.pop("billing_lapsed", company.billing_lapsed))
    if given.pop("forget_requestids", False):
        requestids.forget(sim, company)
    company.options.change(given)
    company.save(sim.store)
    return web.json_response({**vars(company.options), "billing_lapsed": company.billing_lapsed})


async def set_clock(request: web.Request) -> web.Response:
    """Shift the simulator's clock by so many seconds from the real one; `frozen` makes it stand still."""
    sim = request.app[SIM]
    given = await body_of(request)
    offset = given.get("offset_s")
    if isinstance(offset, bool) or (not isinstance(offset, int) and not hasattr(offset, "is_finite")):
        raise ValueError("offset_s is a number of seconds")
    sim.clock.offset_s = float(offset)
    sim.clock.stop(still=given.get("frozen") is True)
    sim.store.set_setting("clock_offset_s", offset)
    return web.json_response({"offset_s": sim.clock.offset_s})


def _number(given: dict[str, Any], name: str, default: float) -> float:
    value = given.get(name, default)
    if isinstance(value, bool | str | list | dict) or value is None or value < 0:
        raise ValueError(f"{name} is a number of 0 or more")
    return float(value)

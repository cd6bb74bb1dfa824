"""Owns what a person changes on the pages; every refusal comes back on the same page as Intuit words it."""

import json
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from .. import people, planned
from ..books import Books
from ..entities import REGISTRY
from ..faults import Fault
from . import views

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def own_page(handler: Handler) -> Handler:
    """Refuse posts that another site's page sends."""

    async def wrapped(request: web.Request) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text="Only the simulator's own pages may post here.")
        return await handler(request)

    return wrapped


@own_page
async def act(request: web.Request) -> web.StreamResponse:
    """Edit, deactivate, re-activate, merge, delete, void or deposit one entity."""
    sim, company = views.company_of(request)
    kind, _ = views.LISTS[request.match_info["list"]]
    row = views.entity_of(sim, company, kind, request.match_info["id"])
    entity, form = REGISTRY[kind], await request.post()
    action, place = str(form.get("action", "")), str(request.rel_url.path)
    sent = {"Id": str(row.id), "SyncToken": row.body["SyncToken"]}
    done = {"edit": "saved", "deactivate": "deactivated", "reactivate": "reactivated", "merge": "merged",
            "delete": "deleted", "void": "voided", "deposit": "deposited"}.get(action)  # fmt: skip
    try:
        if done is None or row.deleted:
            raise ValueError("This cannot be done here.")
        with sim.store.transaction():
            books = Books(sim.store, company, sim.clock)
            if action in ("deactivate", "reactivate"):
                people.change_as_user(books, entity, row, {"Active": action == "reactivate"})
            elif action == "edit":
                allowed = ("DisplayName", "CompanyName", "PrivateNote", "DocNumber", "TxnDate", "TotalAmt", "Notes")
                given = {name: str(form[name]) for name in allowed if name in form}
                values = {name: value for name, value in given.items() if value != str(row.body.get(name, ""))}
                people.change_as_user(books, entity, row, values)
            elif action == "merge":
                winner = str(form.get("into", ""))
                people.merge(books, kind, str(row.id), winner)
                place = f"/company/{company.realm}/{request.match_info['list']}/{winner}"
            elif action == "deposit":
                line = {"Amount": row.body["TotalAmt"], "LinkedTxn": [{"TxnId": str(row.id), "TxnType": kind}]}
                deposit = {"DepositToAccountRef": {"value": "3"}, "Line": [line]}
                REGISTRY["Deposit"].create(books, deposit, people.BY_USER)
            elif action == "delete":
                entity.delete(books, sent)
            else:
                entity.void(books, sent)
    except Fault as fault:
        return views.show(request, f"{fault.message}: {fault.detail} ({fault.code})")
    except ValueError as error:
        return views.show(request, str(error))
    sim.events.set()
    raise web.HTTPSeeOther(f"{place}?done={done}")


@own_page
async def save_settings(request: web.Request) -> web.StreamResponse:
    """Store the settings page: preferences through the books, the rest in the company."""
    sim, company = views.company_of(request)
    form = await request.post()
    wanted = {
        "SalesFormsPrefs": {"CustomTxnNumbers": "custom_numbers" in form},
        "AccountingInfoPrefs": {"BookCloseDate": str(form.get("book_close_date", ""))},
        "TaxPrefs": {"UsingSalesTax": "sales_tax" in form},
        "CurrencyPrefs": {"MultiCurrencyEnabled": "multicurrency" in form},
    }
    try:
        numbers = {name: float(str(form.get(name, ""))) for name in ("throttle_scale", "request_ms", "batch_item_ms")}
        if any(not 0 <= value < 1e6 for value in numbers.values()):
            raise ValueError
    except ValueError:
        return views.show_settings(request, "Throttles and latency are numbers of 0 or more.")
    try:
        with sim.store.transaction():
            books = Books(sim.store, company, sim.clock)
            entity = REGISTRY["Preferences"]
            people.change_as_user(books, entity, entity.find(books, "1"), wanted)
            for name, value in numbers.items():
                setattr(company, name, value)
            company.billing_lapsed = "billing_lapsed" in form
            company.save(sim.store)
    except Fault as fault:
        return views.show_settings(request, f"{fault.message}: {fault.detail} ({fault.code})")
    finally:
        sim.companies.refresh_preferences(company)
    raise web.HTTPSeeOther(f"{request.path}?done=saved")


@own_page
async def save_faults(request: web.Request) -> web.StreamResponse:
    """Plan a fault given as JSON, or clear all."""
    sim, company = views.company_of(request)
    form = await request.post()
    text = str(form.get("plan", ""))[:10_000]
    if form.get("action") == "clear":
        company.planned.clear()
    else:
        try:
            company.planned.append(planned.check(json.loads(text)))
        except ValueError as error:
            return views.show_faults(request, f"Not planned: {error}", text)
    company.save(sim.store)
    raise web.HTTPSeeOther(f"{request.path}?done={'cleared' if form.get('action') == 'clear' else 'planned'}")

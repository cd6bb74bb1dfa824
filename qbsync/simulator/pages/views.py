"""Owns the pages that show: companies, lists, one customer, one form, settings, planned faults, the log."""

import json
from typing import Any

from aiohttp import web

from ..company import Company
from ..simulator import Simulator
from ..state import SIM
from ..store import Row
from . import reading
from .templates import page

LISTS = {
    "customers": ("Customer", "Customers"), "invoices": ("Invoice", "Invoices"), "payments": ("Payment", "Payments"),
    "vendors": ("Vendor", "Vendors"), "employees": ("Employee", "Employees"),
}  # fmt: skip
DONE = {
    "saved": "Saved.", "deactivated": "Made inactive.", "reactivated": "Active again.", "merged": "Merged.",
    "deleted": "Deleted.", "voided": "Voided.", "deposited": "Deposited: the payment can no longer be changed.",
    "planned": "The fault is planned.", "cleared": "All planned faults are gone.", "created": "Created.",
}  # fmt: skip


def company_of(request: web.Request) -> tuple[Simulator, Company]:
    """The company that the address names, or 404."""
    sim = request.app[SIM]
    company = sim.companies.known.get(request.match_info["realm"])
    if company is None:
        raise web.HTTPNotFound(text="There is no such company in this simulator.")
    return sim, company


def entity_of(sim: Simulator, company: Company, kind: str, number: str) -> Row:
    """An entity for a page, deleted ones too, or 404."""
    row = sim.store.get(company.realm, kind, int(number)) if number.isdigit() and len(number) < 19 else None
    if row is None:
        raise web.HTTPNotFound(text=f"There is no {kind} {number[:20]} in {company.name}.")
    return row


def render(
    request: web.Request, template: str, company: Company | None, status: int = 200, **values: Any
) -> web.Response:
    """A page with what all pages show."""
    done = DONE.get(request.query.get("done", ""))
    values.setdefault("problem", None)
    return page(request, template, status=status, company=company, done=done, **values)


async def companies(request: web.Request) -> web.Response:
    """All companies."""
    sim = request.app[SIM]
    known = [(each, reading.totals(sim, each)) for each in sim.companies.known.values()]
    return render(request, "companies.html", None, known=known)


async def overview(request: web.Request) -> web.Response:
    """One company at a glance."""
    sim, company = company_of(request)
    log = [entry for entry in reversed(sim.log) if entry["realm"] == company.realm][:15]
    return render(request, "overview.html", company, totals=reading.totals(sim, company), log=log)


async def listing(request: web.Request) -> web.Response:
    """Customers, invoices, payments, vendors or employees."""
    sim, company = company_of(request)
    kind, title = LISTS[request.match_info["list"]]
    search = request.query.get("q", "").strip()[:100]
    number = request.query.get("page", "1")
    found = reading.listing(
        sim, company, kind, search, int(number) if number.isdigit() and len(number) < 9 else 1, all_states=True
    )
    names = customer_names(sim, company, found.rows)
    return render(
        request, "list.html", company, kind=kind, title=title, path=request.match_info["list"], found=found,
        search=search, names=names,
    )  # fmt: skip


def customer_names(sim: Simulator, company: Company, rows: list[Row]) -> dict[int, str]:
    """Names of the customers of these transactions."""
    names: dict[int, str] = {}
    for number in {row.customer for row in rows if row.customer is not None}:
        holder = sim.store.get(company.realm, "Customer", number)
        names[number] = holder.body["DisplayName"] if holder else "?"
    return names


async def detail(request: web.Request) -> web.Response:
    """One customer, invoice, payment, vendor or employee."""
    return show(request)


def show(request: web.Request, problem: str | None = None) -> web.Response:
    """The page of one entity, with a refusal when an action has just been refused."""
    sim, company = company_of(request)
    kind, title = LISTS[request.match_info["list"]]
    row = entity_of(sim, company, kind, request.match_info["id"])
    values: dict[str, Any] = {
        "row": row, "body": row.body, "kind": kind, "title": title, "path": request.match_info["list"],
        "raw": json.dumps(row.body, indent=2, default=str),
    }  # fmt: skip
    if kind in ("Customer", "Vendor", "Employee"):
        template = "name.html"
        values["transactions"] = reading.transactions_of(sim, company, row.id) if kind == "Customer" else []
        values["children"] = reading.children_of(sim, company, row.id) if kind == "Customer" else []
        values["others"] = reading.choices(sim, company, kind, row.id) if kind != "Employee" and row.active else []
    else:
        template = "form.html"
        values["applied"] = reading.applied_to(sim, company, row)
        values["names"] = customer_names(sim, company, [row])
    return render(request, template, company, 400 if problem else 200, problem=problem, **values)


async def settings(request: web.Request) -> web.Response:
    """Preferences, closing date, throttles, latency and the answers to open questions."""
    return show_settings(request)


def show_settings(request: web.Request, problem: str | None = None) -> web.Response:
    """The settings page, with a refusal when there was one."""
    _, company = company_of(request)
    return render(request, "settings.html", company, 400 if problem else 200, problem=problem,
                  prefs=company.preferences)  # fmt: skip


async def faults(request: web.Request) -> web.Response:
    """The planned faults."""
    return show_faults(request)


def show_faults(request: web.Request, problem: str | None = None, text: str = "") -> web.Response:
    """The page of planned faults, with a refusal when there was one."""
    _, company = company_of(request)
    example = text or '{"match": {"endpoint": "batch"}, "times": 1, "kind": "http", "status": 503, "body": "html"}'
    return render(request, "faults.html", company, 400 if problem else 200, problem=problem, example=example)


async def log(request: web.Request) -> web.Response:
    """The requests as they come; the rows alone when the page's script asks."""
    sim = request.app[SIM]
    realm = request.query.get("realm", "")
    entries = [entry for entry in reversed(sim.log) if not realm or entry["realm"] == realm][:200]
    template = "_log_rows.html" if request.query.get("rows") else "log.html"
    return render(request, template, sim.companies.known.get(realm), log=entries, realm=realm)


async def deep_link(request: web.Request) -> web.Response:
    """The addresses that QuickBooks itself has for a customer, an invoice and a payment."""
    sim = request.app[SIM]
    kind, parameter, path = {
        "customerdetail": ("Customer", "nameId", "customers"), "invoice": ("Invoice", "txnId", "invoices"),
        "recvpayment": ("Payment", "txnId", "payments"),
    }[request.match_info["what"]]  # fmt: skip
    number = request.query.get(parameter, "")
    realm = request.query.get("realm") or request.query.get("deeplinkcompanyid") or ""
    company = sim.companies.known.get(realm)
    if company is None and number.isdigit() and len(number) < 19:
        company = reading.holder_of(sim, kind, int(number))
    if company is None:
        raise web.HTTPNotFound(text=f"No company of this simulator holds that {kind.lower()}.")
    raise web.HTTPFound(f"/company/{company.realm}/{path}/{number}")

"""Owns the addresses of the pages."""

from aiohttp import web

from . import actions, views
from .templates import STATIC


def routes() -> list[web.AbstractRouteDef]:
    """Pages and their static files."""
    one, lists = "/company/{realm:[0-9]+}", "{list:" + "|".join(views.LISTS) + "}"
    return [
        web.get("/", views.companies),
        web.get("/log", views.log),
        web.get("/app/{what:customerdetail|invoice|recvpayment}", views.deep_link),
        web.get(one, views.overview),
        web.get(one + "/settings", views.settings),
        web.post(one + "/settings", actions.save_settings),
        web.get(one + "/faults", views.faults),
        web.post(one + "/faults", actions.save_faults),
        web.get(f"{one}/{lists}", views.listing),
        web.get(f"{one}/{lists}/{{id}}", views.detail),
        web.post(f"{one}/{lists}/{{id}}", actions.act),
        web.static("/static", STATIC),
    ]

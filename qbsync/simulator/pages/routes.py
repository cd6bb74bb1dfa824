"""Owns the addresses of the pages."""

from aiohttp import web

from .templates import STATIC


def routes() -> list[web.AbstractRouteDef]:
    """Pages and their static files."""
    return [web.static("/static", STATIC)]

"""Owns the rendering of pages: one Jinja environment, everything escaped, the security headers."""

from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_ROOT = Path(__file__).resolve().parent.parent
_environment = Environment(
    loader=FileSystemLoader(_ROOT / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
STATIC = _ROOT / "static"
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def page(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page from a template."""
    text = _environment.get_template(template).render(request=request, **values)
    return web.Response(text=text, status=status, content_type="text/html", headers=_HEADERS)

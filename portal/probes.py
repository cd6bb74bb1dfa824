"""The probes ``/healthz`` and ``/readyz``: for programs, without sign-in, and without a word of any firm."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal import health


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer that the process is up; touches nothing else, so that a database in trouble does not restart it."""
    return JsonResponse({"ok": True})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when database, migrations, broker and a worker are there, else 503; says which of them is missing."""
    parts = {
        "database": health.database(),
        "migrations": health.migrations(),
        "broker": health.broker(),
        "worker": health.worker(),
    }
    ok = all(part == health.OK for part in parts.values())
    return JsonResponse({"ok": ok, **parts}, status=200 if ok else 503)


_PROBES: dict[str, Callable[[HttpRequest], HttpResponseBase]] = {"/healthz": healthz, "/readyz": readyz}


class ProbeMiddleware:
    """Answers the probes before anything else sees them.

    They come from the same machine or a load balancer: over plain http, and to an address that is no host of the
    portal. A redirection to https or a refused host would say nothing of the process.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return _PROBES.get(request.path_info, self.get_response)(request)

"""The ops pages of the admin site: all firms' connections, one of them, and its buttons. The work is done elsewhere.

Whoever may see connections in the admin site sees them; pressing takes the permission to change them. Each button asks
first, is a form that works without JavaScript, and is judged by how the connection is when it is pressed.
"""

from __future__ import annotations

from typing import Any, cast

import redis
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from portal import logs
from portal.models import User
from portal.workers import QUEUES, queue_lengths, queues_without_worker
from qbsync import clock, health
from qbsync.causes import cause_label
from qbsync.gateway.company import quotas_left
from qbsync.gateway.limiter import QuotaWait
from qbsync.models import Connection
from qbsync.models.connection import LIVE
from qbsync.ops import words
from qbsync.ops.buttons import BUTTONS, chosen
from qbsync.presentation import ENDPOINTS
from qbsync.selectors.ops import Row, State, connection_detail, connections_page
from qbsync.services import Refused
from qbsync.services import operations as services
from qbsync.services.retries import is_retried

SEE, PRESS = "qbsync.view_connection", "qbsync.change_connection"


@require_safe
def connections(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show all firms' connections that the address asks for: in which state, found by what, on which page."""
    _refuse_without(request, SEE)
    state = next((one for one in State if one.key == request.GET.get("state")), None)
    search = request.GET.get("q", "").replace("\x00", "")[:200]  # PostgreSQL takes no NUL
    page = connections_page(state=state, search=search, number=_number(request.GET.get("p", "")))
    now = clock.about_now()
    left = _quota_left([row.connection for row in page.rows])
    context = {
        "title": "Connections to QuickBooks",
        "page": page,
        "labels": words.CELLS,
        "rows": [
            _line(row, left) | {"cells": words.cells(row, left.get(row.connection.realm_id), now)} for row in page.rows
        ],
        "states": [("", "All", sum(page.counts.values()))]
        + [(one.key, label, page.counts[one]) for one, label in words.STATES.items()],
        "state": state.key if state is not None else "",
        "search": search,
        "workers": _workers(),
        "earlier": _address(request, page.number - 1) if page.number > 1 else "",
        "later": _address(request, page.number + 1) if page.number < page.pages else "",
    }
    return render(request, "admin/qbsync/ops/connections.html", {**site.each_context(request), **context})


@require_safe
def connection(request: HttpRequest, site: AdminSite, pk: int) -> HttpResponse:
    """Show one connection: what holds it, its runs, what is parked and why, its history, and its buttons."""
    _refuse_without(request, SEE)
    detail = connection_detail(pk)
    if detail is None:
        raise Http404
    now, one = clock.about_now(), detail.row.connection
    logs.add(firm=one.firm_id, connection=pk)
    may_press = request.user.has_perm(PRESS) and one.is_ready
    may_retry = may_press and detail.row.state != State.RESTING
    causes = [
        (kind, cause_label(cause), cause, may_retry and is_retried(kind, cause.reason))
        for kind, found in detail.causes.items()
        for cause in found
    ]
    leases = [
        ("A worker is at it until", one.working_until),
        ("The customers are read until", one.mirror_leased_until),
        ("The token is refreshed until", one.refreshing_until),
        ("Waits for quota until", one.paused_until),
        ("Left alone until", one.rests_until),
    ]
    context = {
        "title": f"{one.firm.name}: connection to QuickBooks",
        "detail": detail,
        **_line(detail.row, _quota_left([one])),
        "leases": [(label, words.moment(at, now)) for label, at in leases if at and at > now],
        "moments": [
            ("Message queued", words.moment(one.queued_at, now) or "none"),
            ("Looked at QuickBooks", words.moment(one.polled_at, now) or "never"),
            ("Next look due", words.moment(one.poll_due_at, now) or "not planned"),
        ],
        "claims": [(held, words.moment(held.until, now)) for held in detail.claims],
        "ended": words.moment(detail.ended.until, now),
        "runs": [
            (words.moment(run.started_at, now), words.moment(run.ended_at, now), words.run_in_numbers(run), run)
            for run in detail.runs
        ],
        "causes": causes,
        "waiting": [(words.waits(each), words.moment(each.since, now)) for each in detail.waiting],
        "intents": [(each, words.moment(each.since, now)) for each in detail.intents],
        "history": [(words.event(entry), entry.actor, words.moment(entry.at, now)) for entry in detail.history],
        "endpoints": [(ENDPOINTS.get(str(each.name), each.name), each) for each in detail.usage.endpoints],
        "buttons": _offered(detail.row) if may_press else [],
        "retries": may_retry and any(offered for *_, offered in causes),
    }
    return render(request, "admin/qbsync/ops/connection.html", {**site.each_context(request), **context})


@require_http_methods(["GET", "HEAD", "POST"])
def press(request: HttpRequest, site: AdminSite, pk: int, verb: str) -> HttpResponse:
    """Say what a button will do; on POST, have it done. What cannot be done any more is said, and changes nothing."""
    _refuse_without(request, SEE, PRESS)
    button, only = BUTTONS.get(verb), chosen(request.GET)
    if button is None or not Connection.objects.filter(pk=pk).exists():
        raise Http404
    logs.add(connection=pk)
    back = reverse("admin:qbsync_connection_ops", args=[pk])
    try:
        if request.method == "POST":
            messages.success(request, button.do(pk, cast(User, request.user), only))
            return redirect(back)
        one = services.operable(pk, resting=button.ends_a_rest)
        context = {
            "title": button.label,
            "subtitle": one.firm.name,
            "connection": one,
            "asks": button.asks(one, only),
            "label": button.label,
            "back": back,
        }
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(back)
    return render(request, "admin/qbsync/ops/press.html", {**site.each_context(request), **context})


def _offered(row: Row) -> list[tuple[str, str]]:
    """The buttons that do something as the connection now is, by their place in the address."""
    is_resting = row.state == State.RESTING
    return [
        (verb, button.label) for verb, button in BUTTONS.items() if verb != "retry" and button.ends_a_rest == is_resting
    ]


def _line(row: Row, left: dict[str, tuple[int, int]]) -> dict[str, Any]:
    """What is said of one connection, in the list and at the top of its page."""
    now, one, notices = clock.about_now(), row.connection, _notices(row)
    return {
        "row": row,
        "connection": one,
        "notices": notices,
        "state_key": row.state.key,
        "state_label": words.STATES[row.state],
        "why": words.why(row, notices, now),
        "due": words.due(row, now),
        "quota": words.left(left.get(one.realm_id)),
    }


def _notices(row: Row) -> list[health.Notice]:
    """What is wrong with the connection itself; that no worker runs is said once, for all."""
    if row.connection.status not in LIVE:
        return []
    return health.notices(row.connection, row.connection.firm, silent_queues=[])


def _workers() -> dict[str, Any]:
    """Of each queue whether a worker takes from it, and how many messages are in it; None where nobody knows."""
    silent = queues_without_worker()
    try:
        lengths = queue_lengths()
    except redis.RedisError:
        return {"queues": [], "knows": False}
    return {"queues": [(queue, queue not in silent, lengths[queue]) for queue in QUEUES], "knows": True}


def _quota_left(shown: list[Connection]) -> dict[str, tuple[int, int]]:
    try:
        return quotas_left([one.realm_id for one in shown if one.status in LIVE])
    except QuotaWait:
        return {}


def _refuse_without(request: HttpRequest, *permissions: str) -> None:
    if not request.user.has_perms(permissions):
        raise PermissionDenied


def _number(given: str) -> int:
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else 1


def _address(request: HttpRequest, number: int) -> str:
    query = request.GET.copy()
    query["p"] = str(number)
    return f"?{query.urlencode()}"

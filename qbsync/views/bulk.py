"""Bulk actions on Clients > Accounts: what is chosen, the preview, the press, and its undo."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import Account
from accounts.selectors import AccountQuery, accounts_found
from portal.access import MemberRequest, manager_required
from qbsync import clock, services
from qbsync.bulkrules import MOST, Left, Verb
from qbsync.models import Connection
from qbsync.selectors.bulk import bulk_preview
from qbsync.services import Refused
from qbsync.services.accounts import connection_for
from qbsync.services.bulk import Done
from qbsync.views.answers import REFUSED, is_htmx

RESULT_KEY = "quickbooks_bulk"
"""Where the session keeps what was done, until the list has shown it."""

LEFT_ALONE = {
    Left.SYNCED: "synced already; what changes is sent by itself.",
    Left.SYNCING: "asked for already; this takes time.",
    Left.SKIPPED: "skipped by someone; Sync brings them back.",
    Left.LINKED: "linked to a customer already; choose Sync for them.",
    Left.BAD_NAME: "of a name that QuickBooks cannot hold; the account’s Info tab proposes one.",
}
"""Why accounts are left alone, after their number."""

_OF_THE_PRESS = ("seen_at", "expected", "at", "csrfmiddlewaretoken")
_OF_THE_CHOICE = ("account", "all", *_OF_THE_PRESS)
_VERBS = {
    Verb.SYNC: services.accounts_sync,
    Verb.CREATE: services.accounts_create_customers,
    Verb.UNSYNC: services.accounts_unsync,
}


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def bulk(request: MemberRequest, verb: str) -> HttpResponse:
    """Show what would happen to the accounts chosen; on POST, have it done and go back to the list."""
    if verb not in list(Verb):
        raise Http404
    params = request.POST if request.method == "POST" else request.GET
    try:
        connection = connection_for(request.firm.pk, must_be_usable=verb != Verb.UNSYNC)
        chosen = _chosen(request, params)
        if request.method != "POST":
            return _preview(request, Verb(verb), params, chosen, connection)
        seen_at = _moment(params.get("seen_at", ""))
        person = request.membership.user
        done = _VERBS[Verb(verb)](firm=request.firm, account_ids=chosen, by=person, seen_at=seen_at)
    except Refused as refused:
        return _answer(request, {"verb": verb, "error": str(refused), "back": _back(params)}, status=REFUSED)
    expected = params.get("expected", "")
    missed = max(int(expected) - done.count, 0) if expected.isdecimal() and len(expected) < 6 else 0
    return _back_to_list(request, params, verb, done, missed)


@require_POST
@manager_required
def undo(request: MemberRequest) -> HttpResponse:
    """Take a bulk Do not sync back: what it skipped and nobody has touched since is synced again."""
    try:
        at = _moment(request.POST.get("at", ""))
        done = services.accounts_unsync_undo(firm=request.firm, by=request.membership.user, at=at)
    except Refused as refused:
        return _answer(request, {"verb": "undo", "error": str(refused), "back": _back(request.POST)}, status=REFUSED)
    return _back_to_list(request, request.POST, "undo", done, 0)


def _chosen(request: MemberRequest, params: QueryDict) -> list[int]:
    """The accounts ticked, or all that the list's filters find; only such as the person may see.

    Raises:
        Refused: none, or more than one action takes.
    """
    if params.get("all"):
        found = accounts_found(request.membership, AccountQuery.from_params(_single(params)))
    else:
        ticked = [int(key) for key in params.getlist("account")[: MOST + 1] if key.isdecimal() and len(key) < 19]
        found = Account.objects.visible_to(request.membership).filter(pk__in=ticked)
    chosen = list(found.order_by().values_list("pk", flat=True)[: MOST + 1])
    if not chosen:
        raise Refused("Select at least one account first.")
    if len(chosen) > MOST:
        raise Refused(f"These are more than {MOST:,} accounts. Narrow the list by its filters, and go part by part.")
    return chosen


def _preview(
    request: MemberRequest, verb: Verb, params: QueryDict, chosen: list[int], connection: Connection
) -> HttpResponse:
    seen_at = clock.about_now()  # before the reading, so that no change is missed
    preview = bulk_preview(verb, chosen, connection)
    context = {
        "verb": verb.value,
        "preview": preview,
        "left": [(LEFT_ALONE[why], count) for why, count in preview.left.items()],
        "connection": connection,
        "currency": request.firm.currency,
        "hidden": [(name, value) for name in params if name not in _OF_THE_PRESS for value in params.getlist(name)],
        "seen_at": seen_at.isoformat(),
        "back": _back(params),
    }
    return _answer(request, context)


def _moment(text: str) -> datetime:
    """The moment that a form carried.

    Raises:
        Refused: it is none; the form was not ours.
    """
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or timezone.is_naive(moment):
        raise Refused("Look at what will happen first, and press the button there.")
    return moment


def _answer(request: MemberRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """The dialog alone for htmx, as a page of its own otherwise."""
    template = "qbsync/_bulk_dialog.html" if is_htmx(request) else "qbsync/bulk_page.html"
    return render(request, template, context, status=200 if is_htmx(request) else status)


def _back(params: QueryDict) -> str:
    """The list as it was when the action was chosen."""
    kept = QueryDict(mutable=True)
    for name in params:
        if name not in _OF_THE_CHOICE and params[name]:
            kept.setlist(name, params.getlist(name))
    return reverse("account_list") + (f"?{kept.urlencode()}" if kept else "")


def _back_to_list(request: MemberRequest, params: QueryDict, verb: str, done: Done, missed: int) -> HttpResponse:
    request.session[RESULT_KEY] = {
        "verb": verb,
        "count": done.count,
        "missed": missed,
        "resumable": done.resumable if verb == Verb.UNSYNC else 0,
        "at": done.at.isoformat(),
    }
    back = _back(params)
    return HttpResponseClientRedirect(back) if is_htmx(request) else redirect(back)


def _single(params: QueryDict) -> dict[str, str]:
    """Each parameter's last value, as the list's address is read."""
    return {name: str(value) for name, value in params.items()}

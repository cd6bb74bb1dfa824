"""Clients > Import: a CSV file is judged first, and imported when the person confirms what the judgement says.

Between the two steps the file waits in the cache, for the person who sent it alone.
"""

from __future__ import annotations

import csv
import secrets
from dataclasses import dataclass

from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts import importing
from accounts.forms import ImportForm
from accounts.importing import COLUMNS, ImportRefused, Kind
from portal.access import MemberRequest, manager_required

KEPT_S = 3600


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file between its judgement and its import."""

    kind: str
    name: str
    content: bytes


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def books_import(request: MemberRequest) -> HttpResponse:
    """Take a file, and go on to what it would do."""
    if request.method == "POST":
        form = ImportForm(request.POST, request.FILES)
        if form.is_valid():
            file, token = form.cleaned_data["file"], secrets.token_urlsafe(16)
            waiting = Waiting(form.cleaned_data["kind"], file.name, file.read())
            cache.set(_key(request, token), waiting, KEPT_S)
            return redirect("books_import_report", token)
    else:
        form = ImportForm(initial={"kind": Kind.ACCOUNTS})
    context = {"form": form, "columns": COLUMNS}
    return render(request, "accounts/import.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def books_import_report(request: MemberRequest, token: str) -> HttpResponse:
    """Show what the file would do and what is wrong with it; import it when that is confirmed."""
    waiting: Waiting | None = cache.get(_key(request, token))
    if waiting is None:
        messages.warning(request, "The file is no longer here. Choose it again; nothing was imported.")
        return redirect("books_import")
    plan = importing.read(waiting.kind, waiting.content, request.firm)
    if request.method == "POST" and plan.is_ready:
        try:
            result = importing.apply(plan)
        except ImportRefused:
            plan = importing.read(waiting.kind, waiting.content, request.firm)
        else:
            cache.delete(_key(request, token))
            counts = f"{result.created:,} added, {result.updated:,} changed, {result.unchanged:,} as before"
            messages.success(request, f"{result.kind.value.capitalize()} imported: {counts}.")
            return redirect("account_list")
    return render(request, "accounts/import_report.html", {"plan": plan, "file": waiting})


@require_safe
@manager_required
def books_import_template(request: MemberRequest, kind: str) -> HttpResponse:
    """Give a CSV file with nothing but the headings of its kind."""
    if kind not in list(Kind):
        raise Http404
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{kind}.csv"'
    csv.writer(response).writerow(column.title for column in COLUMNS[Kind(kind)])
    return response


def _key(request: MemberRequest, token: str) -> str:
    return f"books-import:{request.membership.pk}:{token}"

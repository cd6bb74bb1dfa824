"""How the buttons of an account answer: with the changed panel, or with the refusal in place. Decides nothing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django_htmx.http import reswap, retarget, trigger_client_event

from accounts.models import Account
from portal.access import MemberRequest
from qbsync.selectors import with_standing
from qbsync.selectors.undo import undoable
from qbsync.templatetags.quickbooks import panel_context

REFUSED = 409
"""Answered to plain requests that were refused; htmx gets 200, because it shows nothing else in place."""


_LONGEST_QUERY = 200


def visible_account(request: MemberRequest, pk: int) -> Account:
    """Return the account with where it stands.

    Raises:
        Http404: there is none of this number that the person may see.
    """
    return get_object_or_404(with_standing(Account.objects.visible_to(request.membership), request.firm), pk=pk)


def searched_for(request: MemberRequest) -> str:
    """Return what the person typed to find a customer, as the database can be asked for it; empty for nothing."""
    return " ".join(request.GET.get("q", "").replace("\x00", "").split())[:_LONGEST_QUERY]


def is_htmx(request: MemberRequest) -> bool:
    """Whether a part of a page is asked for, not a page."""
    return bool(request.htmx)  # type: ignore[attr-defined]


def panel_response(request: MemberRequest, pk: int, *, error: str = "") -> HttpResponse:
    """Return the account's panel as it now stands, put where the page has it."""
    context = {**panel_context(visible_account(request, pk), request.membership), "error": error}
    response = render(request, "qbsync/_panel.html", context)
    return reswap(retarget(response, "#quickbooks-panel"), "outerHTML")


def changed(request: MemberRequest, account: Account, said: str) -> HttpResponse:
    """Answer a press that was taken: the dialog closes, the panel shows the new state; plain requests go to Info.

    A page without the panel, as the list of errors, is told that the account has changed.
    """
    if is_htmx(request) and _shows_panel(request, account):
        return trigger_client_event(panel_response(request, account.pk), "dialogClose")
    link = reverse("quickbooks_undo", args=[account.pk])
    can_undo = undoable(account) is not None
    messages.success(request, format_html('{} <a href="{}">Undo</a>', said, link) if can_undo else said)
    if is_htmx(request):
        return trigger_client_event(trigger_client_event(_toast(request), "dialogClose"), "accountChanged")
    return redirect("account_info", account.pk)


def not_changed(request: MemberRequest, account: Account, sentence: str) -> HttpResponse:
    """Answer a press outside of any dialog that was refused, where the person is looking."""
    if is_htmx(request) and _shows_panel(request, account):
        return panel_response(request, account.pk, error=sentence)
    messages.error(request, sentence)
    return _toast(request) if is_htmx(request) else redirect("account_info", account.pk)


def _toast(request: MemberRequest) -> HttpResponse:
    return reswap(retarget(render(request, "portal/_messages.html", {"oob": True}), "#toasts"), "none")


def _shows_panel(request: MemberRequest, account: Account) -> bool:
    """Whether the page that asks is the account's own."""
    page: str | None = request.htmx.current_url_abs_path  # type: ignore[attr-defined]
    return page is None or page.split("?")[0] == account.get_absolute_url()


def dialog_response(request: MemberRequest, template: str, context: dict[str, Any], *, error: str = "") -> HttpResponse:
    """Return what the dialog shows: alone for htmx, as a page of its own otherwise."""
    context = {**context, "error": error, "partial": template, "membership": request.membership}
    page = template if is_htmx(request) else "qbsync/dialog_page.html"
    return render(request, page, context, status=REFUSED if error and not is_htmx(request) else 200)

"""What people see and press of one account's sync: cells, panel, dialogs, the four verbs, the Activity tab."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling

from accounts.models import Account
from portal.access import MemberRequest, manager_required, member_required
from qbsync import clock, services
from qbsync.choosing import Chosen, chosen_customer
from qbsync.models import Connection
from qbsync.numbers import numbers_there
from qbsync.payloads import name_problem, proposed_name
from qbsync.selectors import (
    connection_of,
    consequences,
    customers_found,
    history_of,
    names_held,
    standing,
    with_standing,
    with_suggestions,
)
from qbsync.selectors.moves import copies_in_quickbooks
from qbsync.services import Refused
from qbsync.states import Reason, Status
from qbsync.templatetags.quickbooks import cell_context
from qbsync.timeline import told
from qbsync.views.answers import changed, dialog_response, not_changed, panel_response, searched_for, visible_account

POLLED_AT_MOST = 200
"""How many cells one request of the list may ask for."""


@require_safe
@member_required()
def cells(request: MemberRequest) -> HttpResponse:
    """Answer the list's poller: the cells of those rows that are not any more what they are shown as.

    ``id`` names those shown as Syncing, ``no_worker`` those that wait for a worker.
    """
    syncing, idle = _keys(request, "id"), _keys(request, "no_worker")
    found = with_standing(Account.objects.visible_to(request.membership), request.firm)
    accounts = list(found.filter(pk__in=syncing | idle))
    news = [
        account
        for account, now in ((account, standing(account)) for account in accounts)
        if (now.status != Status.SYNCING if account.pk in syncing else now.reason != Reason.NO_WORKER)
    ]
    response = render(request, "qbsync/_cells.html", {"cells": [cell_context(account) for account in news]})
    if not any(standing(account).is_under_way for account in accounts):
        response.status_code = HttpResponseStopPolling.status_code
    return response


def _keys(request: MemberRequest, name: str) -> set[int]:
    keys = request.GET.getlist(name)[:POLLED_AT_MOST]
    return {int(key) for key in keys if key.isdecimal() and len(key) < 19}


@require_safe
@member_required()
def panel(request: MemberRequest, pk: int) -> HttpResponse:
    """Answer the panel's own poll; 204 while what it shows is still so, which leaves an open menu alone."""
    account = visible_account(request, pk)
    if request.GET.get("shown") == standing(account).version:
        return HttpResponse(status=204)
    return panel_response(request, pk)


@require_safe
@manager_required
def dialog(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the Sync dialog: suggested customers, a search over all of them, and a new one."""
    return _choose_customer(request, visible_account(request, pk), "quickbooks_sync")


@require_safe
@manager_required
def numbers(request: MemberRequest, pk: int) -> HttpResponse:
    """Say which of the account's invoice numbers QuickBooks has already: loaded by the dialog once it is open."""
    account = visible_account(request, pk)
    connection = connection_of(account.firm)
    found = numbers_there(account, connection) if connection and connection.is_ready else None
    return dialog_response(request, "qbsync/_numbers.html", {"account": account, "numbers": found})


@require_POST
@manager_required
def sync(request: MemberRequest, pk: int) -> HttpResponse:
    """Sync now, or to the customer chosen in the dialog."""
    account = visible_account(request, pk)
    try:
        chosen = _chosen(request, account)
        services.account_sync(
            account=account,
            by=request.membership.user,
            customer=chosen.customer if chosen else None,
            reactivate=bool(chosen and chosen.reactivate),
        )
    except Refused as refused:
        if "choose" in request.POST:
            return _choose_customer(request, account, "quickbooks_sync", error=str(refused))
        return not_changed(request, account, str(refused))
    return changed(request, account, f"{account.name} is being synced.")


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def change(request: MemberRequest, pk: int) -> HttpResponse:
    """Link the account to another customer."""
    account, error = visible_account(request, pk), ""
    if request.method == "POST":
        try:
            chosen = chosen_customer(connection_of(account.firm), request.POST.get("customer", ""))
            services.account_change_customer(
                account=account,
                by=request.membership.user,
                customer=chosen.customer,
                reactivate=chosen.reactivate,
                move="move" in request.POST,
            )
        except Refused as refused:
            error = str(refused)
        else:
            return changed(request, account, f"{account.name} is being linked to {chosen.customer}.")
    return _choose_customer(request, account, "quickbooks_change", error=error)


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def create(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what would be created in QuickBooks; on POST, ask for it."""
    account, error = visible_account(request, pk), ""
    if request.method == "POST":
        try:
            services.account_create_customer(account=account, by=request.membership.user)
        except Refused as refused:
            error = str(refused)
        else:
            return changed(request, account, f"A customer for {account.name} is being created in QuickBooks.")
    context = _dialog_context(account)
    if context["is_usable"]:
        context |= _name_context(account, context["connection"])
    return dialog_response(request, "qbsync/_create_dialog.html", context, error=error)


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def unsync(request: MemberRequest, pk: int) -> HttpResponse:
    """Say what unsyncing means; on POST, skip the account at once."""
    account, error = visible_account(request, pk), ""
    if request.method == "POST":
        try:
            services.account_unsync(account=account, by=request.membership.user)
        except Refused as refused:
            error = str(refused)
        else:
            return changed(request, account, f"{account.name} is not synced any more.")
    context = {**_dialog_context(account), "standing": standing(account)}
    return dialog_response(request, "qbsync/_unsync_dialog.html", context, error=error)


@require_safe
@member_required()
def activity(request: MemberRequest, pk: int) -> HttpResponse:
    """Show who and what changed the account's sync, what QuickBooks answered, and when the next try is."""
    account = visible_account(request, pk)
    page = Paginator(history_of(account), 50).get_page(request.GET.get("page"))
    sync = standing(account).sync
    context = {
        "account": account,
        "tab": "activity",
        "page": page,
        "entries": [told(entry, account.firm) for entry in page],
        "next_try_at": sync.due_at if sync and sync.due_at and sync.due_at > clock.about_now() else None,
    }
    return render(request, "qbsync/activity.html", context)


def _chosen(request: MemberRequest, account: Account) -> Chosen | None:
    """The customer picked in the dialog; None where the button was pressed without a dialog.

    Raises:
        Refused: nothing was picked, or what was picked is not a customer of this firm's company.
    """
    value = request.POST.get("customer", "")
    if not value and "choose" not in request.POST:
        return None
    return chosen_customer(connection_of(account.firm), value)


def _dialog_context(account: Account) -> dict[str, Any]:
    """What every dialog shows of an account: its connection, and what would follow."""
    connection = connection_of(account.firm)
    return {
        "account": account,
        "connection": connection,
        "is_usable": connection is not None and connection.is_ready,
        "outcome": consequences(account, connection) if connection else None,
    }


def _name_context(account: Account, connection: Connection) -> dict[str, Any]:
    """What dialogs that offer to create a customer say of the account's name: whether it can be used, and is free."""
    problem = name_problem(account.name)
    return {
        "name_problem": problem,
        "name_held": names_held(connection, [account]).get(account.pk, ""),
        "proposed_name": proposed_name(account.name) if problem else "",
    }


def _choose_customer(request: MemberRequest, account: Account, url_name: str, *, error: str = "") -> HttpResponse:
    query = searched_for(request)
    context = {**_dialog_context(account), "url_name": url_name, "q": query, "standing": standing(account)}
    if connection := context["connection"]:
        context["waiting"] = with_suggestions(account, connection)
        context["found"] = customers_found(account, connection, query)
        if url_name == "quickbooks_change":
            context |= {"moves": copies_in_quickbooks(account, connection), "move": "move" in request.POST}
        elif context["is_usable"]:
            context |= _name_context(account, connection)
    return dialog_response(request, "qbsync/_sync_dialog.html", context, error=error)

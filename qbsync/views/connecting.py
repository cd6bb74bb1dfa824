"""The four steps of connecting QuickBooks. Only the owner walks them; a refusal at any step changes nothing."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.access import MemberRequest, owner_required
from qbsync import connecting, services
from qbsync.connecting import ConnectRefused
from qbsync.documents import tax_rules
from qbsync.forms import ScopeForm, SetUpForm, TaxCodesForm
from qbsync.models.connection import LIVE, Connection
from qbsync.selectors import connection_of
from qbsync.selectors.consequences import held_of_company
from qbsync.selectors.scope import scope_change, scope_sizes
from qbsync.services import Refused

SESSION_KEY = "quickbooks_sign_in"
"""In the session from leaving for Intuit until coming back: the state, the firm it is for, and what was chosen."""


@require_safe
@owner_required
def explain(request: MemberRequest) -> HttpResponse:
    """Step 1: say what will happen."""
    if _is_begun(request):
        return redirect("quickbooks_settings")
    return render(request, "qbsync/connect_explain.html", {"step": 1})


@require_http_methods(["GET", "HEAD", "POST"])
@owner_required
def choose_accounts(request: MemberRequest) -> HttpResponse:
    """Step 2: choose which accounts are synced and from which date on; then on to Intuit, step 3."""
    if _is_begun(request):
        return redirect("quickbooks_settings")
    form = ScopeForm(request.POST or None, firm=request.firm)
    if request.method == "POST" and form.is_valid():
        return _to_intuit(request, form.cleaned_data["scope"], form.cleaned_data["sync_date"])
    return render(
        request, "qbsync/connect_accounts.html", {"step": 2, "form": form, "sizes": scope_sizes(request.firm)}
    )


@require_POST
@owner_required
def reconnect(request: MemberRequest) -> HttpResponse:
    """Go to Intuit once more for the same company; everything chosen before is kept."""
    connection = connection_of(request.firm)
    if connection is None or not connection.realm_id:
        return redirect("quickbooks_connect")
    return _to_intuit(request, connection.scope, connection.sync_date)


@require_http_methods(["GET", "HEAD", "POST"])
@owner_required
def another_company(request: MemberRequest) -> HttpResponse:
    """Say what it means to leave the company that was disconnected; on POST, archive its links and begin anew."""
    connection = connection_of(request.firm)
    if connection is None or not connection.realm_id:
        return redirect("quickbooks_connect")
    if connection.status in LIVE:
        messages.info(request, "QuickBooks is connected. Disconnect it first, then start with another company.")
        return redirect("quickbooks_settings")
    if request.method == "POST":
        try:
            company = services.company_leave(connection=connection, by=request.membership.user)
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("quickbooks_settings")
        messages.success(request, f"The links to {company.company_name or company.realm_id} are archived.")
        return redirect("quickbooks_connect")
    context = {"connection": connection, "held": held_of_company(connection)}
    return render(request, "qbsync/another_company.html", context)


@require_safe
@never_cache
@owner_required
def callback(request: MemberRequest) -> HttpResponse:
    """Step 3 comes back: check that this browser, for this firm, asked for it; then exchange the code."""
    begun: dict[str, Any] = request.session.get(SESSION_KEY) or {}
    if not _is_ours(request, begun):
        messages.error(
            request,
            "This answer from QuickBooks does not belong to a sign-in that you began here. "
            "Nothing was changed; please start again.",
        )
        return redirect("quickbooks_settings")
    del request.session[SESSION_KEY]
    try:
        connection = _complete(request, begun)
    except ConnectRefused as refused:
        messages.error(request, str(refused))
        return redirect("quickbooks_settings")
    if connection.set_up_at is None:
        return redirect("quickbooks_setup")
    messages.success(request, f"QuickBooks is connected again to {connection.company_name}; syncing goes on.")
    return redirect("quickbooks_settings")


@require_http_methods(["GET", "HEAD", "POST"])
@owner_required
def set_up(request: MemberRequest) -> HttpResponse:
    """Step 4: choose income account, service item and what is done with manual payments; then the sync starts."""
    connection = connection_of(request.firm)
    if connection is None or not connection.is_active or connection.set_up_at is not None:
        return redirect("quickbooks_settings")
    try:
        choices = connecting.choices(connection=connection)
    except ConnectRefused as refused:
        return render(request, "qbsync/setup.html", {"step": 4, "error": str(refused), "connection": connection})
    form = SetUpForm(
        request.POST or None,
        income_accounts=choices.income_accounts,
        service_items=choices.service_items,
        initial={
            "income_account": choices.suggested_income_account,
            "service_item": choices.suggested_service_item,
        },
    )
    rules, codes = tax_rules(connection), None
    if rules.needs_taxable_code:
        codes = TaxCodesForm(request.POST or None, connection=connection, rules=rules, codes=choices.tax_codes)
    if request.method == "POST" and form.is_valid() and (codes is None or codes.is_valid()):
        services.connection_set_up(
            connection=connection,
            by=request.membership.user,
            scope=connection.scope,
            sync_date=connection.sync_date,
            income_account=form.chosen("income_account"),
            service_item=form.chosen("service_item"),
            sync_manual_payments=form.cleaned_data["sync_manual_payments"],
            **(codes.chosen() if codes else {}),
        )
        return redirect("quickbooks_settings")
    context = {
        "step": 4,
        "form": form,
        "codes": codes,
        "connection": connection,
        "change": scope_change(connection, scope=connection.scope, sync_date=connection.sync_date),
    }
    return render(request, "qbsync/setup.html", context)


def _to_intuit(request: MemberRequest, scope: str, sync_date: date | None) -> HttpResponse:
    """Send the browser to Intuit's sign-in page, with a random state that only this session knows."""
    state = connecting.new_state()
    try:
        address = connecting.authorize_url(firm=request.firm, state=state)
    except ConnectRefused as refused:
        messages.error(request, str(refused))
        return redirect("quickbooks_settings")
    request.session[SESSION_KEY] = {
        "state": state,
        "firm": request.firm.pk,
        "scope": scope,
        "sync_date": sync_date.isoformat() if sync_date else "",
    }
    return redirect(address)


def _is_ours(request: MemberRequest, begun: dict[str, Any]) -> bool:
    """Whether the answer carries the state that this session left with, on behalf of the same firm."""
    expected, given = str(begun.get("state", "")), request.GET.get("state", "")
    same = secrets.compare_digest(expected.encode(), given.encode())
    return bool(expected) and same and begun.get("firm") == request.firm.pk


def _complete(request: MemberRequest, begun: dict[str, Any]) -> Connection:
    """Exchange the code for tokens.

    Raises:
        ConnectRefused: the person did not allow it, or Intuit or the firm's other connections stand against it.
    """
    if request.GET.get("error") == "access_denied":
        raise ConnectRefused("You did not allow the connection in QuickBooks. Nothing was changed.")
    code, realm_id = request.GET.get("code", ""), request.GET.get("realmId", "")
    if request.GET.get("error") or not code or not realm_id:
        raise ConnectRefused("QuickBooks did not complete the sign-in. Nothing was changed; please try again.")
    return connecting.connection_complete(
        firm=request.firm,
        by=request.membership.user,
        code=code,
        realm_id=realm_id,
        scope=begun["scope"],
        sync_date=date.fromisoformat(begun["sync_date"]) if begun["sync_date"] else None,
    )


def _is_begun(request: MemberRequest) -> bool:
    """Whether there is a connection to go on with, be it live or ended: it keeps what was chosen then."""
    connection = connection_of(request.firm)
    return connection is not None and (connection.status in LIVE or connection.set_up_at is not None)

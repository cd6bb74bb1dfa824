"""Settings > Integrations > QuickBooks: how the connection is, how far the sync has come, and its end."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling

from accounts.selectors import document_page
from portal.access import MemberRequest, manager_required, owner_required
from portal.workers import queues_without_worker
from qbsync import connecting, health, selectors, services
from qbsync.connecting import ConnectRefused
from qbsync.documents import tax_rules
from qbsync.forms import SettingsForm, TaxCodesForm
from qbsync.models import Connection
from qbsync.models.connection import LIVE, SyncRun
from qbsync.presentation import LABELS, REASON_LABELS
from qbsync.selectors import connection_of
from qbsync.selectors.reconciliations import reconciliation_shown
from qbsync.selectors.scope import scope_change
from qbsync.selectors.usage import quota
from qbsync.selectors.usage import usage as requests_by_day
from qbsync.services import Refused
from qbsync.services.accounts import connection_for
from qbsync.states import DocumentStatus, Reason, Status
from qbsync.views.answers import is_htmx


@require_safe
@manager_required
def page(request: MemberRequest) -> HttpResponse:
    """Show the connection in whatever state it is: none, unfinished, healthy, broken, ended."""
    connection = connection_of(request.firm)
    context: dict[str, Any] = {"connection": connection, "is_owner": request.membership.is_owner, "firm": request.firm}
    if connection is not None and connection.status in LIVE:
        silent = queues_without_worker()
        found = health.notices(connection, request.firm, silent_queues=silent)
        context |= {**_progress(connection), "notices": found, "silent_queues": silent}
        context["quota"] = quota()
        context["stands_still"] = any(notice.stands_still for notice in found)
        context["requests"], context["metered"] = selectors.requests_this_month(connection)
        context["runs"] = connection.runs.select_related("started_by")[:8]
        context["reconciliation"] = reconciliation_shown(request.firm, None)
        context["validation"] = connection.link_validations.select_related("asked_by").first()
    return render(request, "qbsync/settings.html", context)


@require_safe
@manager_required
def progress(request: MemberRequest) -> HttpResponse:
    """Answer the poll of the settings page; it ends when the firm is no longer connected."""
    connection = connection_of(request.firm)
    if connection is None or connection.status not in LIVE:
        return HttpResponseStopPolling()
    return render(request, "qbsync/_progress.html", _progress(connection))


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def validate_links(request: MemberRequest) -> HttpResponse:
    """Show the last validation of all links, for its poll; on POST, ask for a new one."""
    error = ""
    if request.method == "POST":
        try:
            services.links_validate(connection=connection_for(request.firm.pk), by=request.membership.user)
        except Refused as refused:
            error = str(refused)
    if not is_htmx(request):
        if error:
            messages.error(request, error)
        return redirect("quickbooks_settings")
    connection = connection_of(request.firm)
    last = connection.link_validations.select_related("asked_by").first() if connection else None
    context = {"connection": connection, "validation": last, "error": error, "firm": request.firm}
    return render(request, "qbsync/_validation.html", context)


@require_safe
@manager_required
def runs(request: MemberRequest) -> HttpResponse:
    """Show every run of the sync, newest first."""
    found = (
        SyncRun.objects.filter(connection__firm=request.firm)
        .select_related("started_by")
        .order_by("-started_at", "-pk")
    )
    context = {"page": document_page(found, request.GET.get("page")), "firm": request.firm}
    return render(request, "qbsync/runs.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def edit(request: MemberRequest) -> HttpResponse:
    """Change which accounts and documents are synced; nothing is unlinked by it, and Skipped accounts stay Skipped.

    What another scope or sync date would do is shown first, and saved when that was seen: ``seen`` says what it was of.
    """
    connection = connection_of(request.firm)
    if connection is None or connection.status not in LIVE or connection.set_up_at is None:
        return redirect("quickbooks_settings")
    names = ("scope", "sync_date", "sync_manual_payments")
    initial = {name: getattr(connection, name) for name in names}
    form = SettingsForm(request.POST or None, firm=request.firm, initial=initial)
    codes, error = _tax_codes_form(request, connection)
    context: dict[str, Any] = {"form": form, "codes": codes, "error": error, "connection": connection}
    if request.method == "POST" and form.is_valid() and (codes is None or codes.is_valid()):
        values = {name: form.cleaned_data[name] for name in names} | (codes.chosen() if codes else {})
        before, after = (connection.scope, connection.sync_date), (values["scope"], values["sync_date"])
        seen = " ".join(str(value) for value in (*before, *after))
        if before == after or request.POST.get("seen") == seen:
            try:
                services.connection_settings_update(
                    connection=connection, by=request.membership.user, expected=before, **values
                )
            except Refused as refused:
                messages.error(request, str(refused))
                return redirect("quickbooks_settings_edit")
            messages.success(request, "The settings were saved; what came into scope is being synced.")
            return redirect("quickbooks_settings")
        context |= {"change": scope_change(connection, scope=after[0], sync_date=after[1]), "seen": seen}
        if "seen" in request.POST:
            context["error"] = "What follows is not what you were shown any more. Look at it once more, and save again."
    return render(request, "qbsync/settings_edit.html", context)


def _tax_codes_form(request: MemberRequest, connection: Connection) -> tuple[TaxCodesForm | None, str]:
    """The choice of tax codes where the company asks for one, else None; with a sentence where it cannot be read."""
    rules = tax_rules(connection)
    if not rules.needs_taxable_code:
        return None, ""
    try:
        codes = connecting.tax_codes(connection=connection)
    except ConnectRefused as refused:
        return None, str(refused)
    return TaxCodesForm(request.POST or None, connection=connection, rules=rules, codes=codes), ""


@require_safe
@manager_required
def usage(request: MemberRequest) -> HttpResponse:
    """Show what was asked of QuickBooks this month, by day and kind, and how much of it Intuit meters."""
    connection = connection_of(request.firm)
    if connection is None:
        return redirect("quickbooks_settings")
    return render(request, "qbsync/usage.html", {"usage": requests_by_day(connection)})


@require_POST
@manager_required
def try_again(request: MemberRequest) -> HttpResponse:
    """Have QuickBooks asked now, where it is left alone for some hours because only time can help."""
    connection = connection_of(request.firm)
    if connection is None or not connection.is_ready:
        messages.info(request, "QuickBooks is not connected.")
    else:
        services.connection_try_again(connection)
        messages.success(request, "QuickBooks is being asked again; this page shows what it answers.")
    return redirect("quickbooks_settings")


@require_http_methods(["GET", "HEAD", "POST"])
@owner_required
def disconnect(request: MemberRequest) -> HttpResponse:
    """Say what disconnecting means; on POST, revoke the grant. The links are kept."""
    connection = connection_of(request.firm)
    if connection is None or connection.status not in LIVE:
        messages.info(request, "QuickBooks is not connected.")
        return redirect("quickbooks_settings")
    if request.method == "POST":
        connecting.connection_disconnect(connection=connection, by=request.membership.user)
        messages.success(request, "QuickBooks is disconnected. The links are kept for this company.")
        return redirect("quickbooks_settings")
    now = selectors.progress(connection)
    waiting = now.invoices[DocumentStatus.WAITING] + now.payments[DocumentStatus.WAITING]
    there = now.invoices[DocumentStatus.SYNCED] + now.payments[DocumentStatus.SYNCED]
    context = {"connection": connection, "linked": now.accounts[Status.SYNCED], "waiting": waiting, "there": there}
    return render(request, "qbsync/disconnect.html", context)


def _progress(connection: Connection) -> dict[str, Any]:
    """What ``_progress.html`` needs."""
    now = selectors.progress(connection)
    return {
        "connection": connection,
        "progress": now,
        "account_rows": [(status.value, label, now.accounts[status]) for status, label in LABELS.items()],
        # That the connection does not work is said by its own notice, once and not for each account.
        "reason_rows": [
            (reason.value, REASON_LABELS[reason], count)
            for reason, count in now.reasons.most_common()
            if reason != Reason.NOT_CONNECTED
        ],
        "document_rows": [
            (name, {status.value: counts[status] for status in DocumentStatus})
            for name, counts in (("Invoices", now.invoices), ("Payments", now.payments))
        ],
    }

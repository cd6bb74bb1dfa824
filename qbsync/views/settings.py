"""Settings > Integrations > QuickBooks: how the connection is, how far the sync has come, and its end."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseStopPolling

from accounts.selectors import document_page
from portal.access import MemberRequest, manager_required, owner_required
from qbsync import connecting, selectors, services
from qbsync.forms import SettingsForm
from qbsync.gateway import faults
from qbsync.models import Connection
from qbsync.models.connection import LIVE, SyncRun
from qbsync.presentation import LABELS, REASON_LABELS
from qbsync.selectors import connection_of
from qbsync.states import DocumentStatus


@manager_required
@require_safe
def page(request: MemberRequest) -> HttpResponse:
    """Show the connection in whatever state it is: none, unfinished, healthy, broken, ended."""
    connection = connection_of(request.firm)
    context: dict[str, Any] = {"connection": connection, "is_owner": request.membership.is_owner, "firm": request.firm}
    if connection is not None and connection.status in LIVE:
        context |= {**_progress(connection), "broken": _broken(connection)}
        context["requests"], context["metered"] = selectors.requests_this_month(connection)
        context["runs"] = connection.runs.all()[:8]
    return render(request, "qbsync/settings.html", context)


@manager_required
@require_safe
def progress(request: MemberRequest) -> HttpResponse:
    """Answer the poll of the settings page; it ends when the firm is no longer connected."""
    connection = connection_of(request.firm)
    if connection is None or connection.status not in LIVE:
        return HttpResponseStopPolling()
    return render(request, "qbsync/_progress.html", _progress(connection))


@manager_required
@require_safe
def runs(request: MemberRequest) -> HttpResponse:
    """Show every run of the sync, newest first."""
    found = SyncRun.objects.filter(connection__firm=request.firm).order_by("-started_at", "-pk")
    context = {"page": document_page(found, request.GET.get("page")), "firm": request.firm}
    return render(request, "qbsync/runs.html", context)


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: MemberRequest) -> HttpResponse:
    """Change which accounts and documents are synced; nothing is unlinked by it, and Skipped accounts stay Skipped."""
    connection = connection_of(request.firm)
    if connection is None or connection.status not in LIVE or connection.set_up_at is None:
        return redirect("quickbooks_settings")
    names = ("scope", "sync_date", "sync_manual_payments")
    initial = {name: getattr(connection, name) for name in names}
    form = SettingsForm(request.POST or None, firm=request.firm, initial=initial)
    if request.method == "POST" and form.is_valid():
        services.connection_settings_update(
            connection=connection, by=request.membership.user, **{name: form.cleaned_data[name] for name in names}
        )
        messages.success(request, "The settings were saved; what came into scope is being synced.")
        return redirect("quickbooks_settings")
    return render(request, "qbsync/settings_edit.html", {"form": form})


@owner_required
@require_http_methods(["GET", "HEAD", "POST"])
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
    return render(request, "qbsync/disconnect.html", {"connection": connection})


def _progress(connection: Connection) -> dict[str, Any]:
    """What ``_progress.html`` needs."""
    now = selectors.progress(connection)
    return {
        "connection": connection,
        "progress": now,
        "account_rows": [(status.value, label, now.accounts[status]) for status, label in LABELS.items()],
        "reason_rows": [(r.value, REASON_LABELS[r], count) for r, count in now.reasons.most_common()],
        "document_rows": [
            (name, {status.value: counts[status] for status in DocumentStatus})
            for name, counts in (("Invoices", now.invoices), ("Payments", now.payments))
        ],
    }


def _broken(connection: Connection) -> faults.Rule | None:
    """The sentence and remedy for what broke the connection."""
    if not connection.broken_reason:
        return None
    return faults.RULES.get(faults.FaultKind(connection.broken_reason))

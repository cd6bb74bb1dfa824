"""Comparing the firm's books with QuickBooks: of one account, or of all that are linked; on the screen and as CSV."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.text import get_valid_filename
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Account
from accounts.selectors import document_page, today_of
from portal.access import MemberRequest, manager_required, member_required
from qbsync import services
from qbsync.models import Reconciliation
from qbsync.reconciliation.exporting import csv_lines
from qbsync.selectors import connection_of, standing
from qbsync.selectors.reconciliations import Shown, differences_of, reconciliation_shown
from qbsync.services import Refused
from qbsync.services.accounts import connection_for
from qbsync.views.answers import is_htmx, visible_account


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def of_firm(request: MemberRequest) -> HttpResponse:
    """Show the last comparison of all linked accounts; on POST, ask for a new one."""
    return _answer(request, None, "qbsync/reconciliation.html", reverse("quickbooks_reconciliation"))


@require_http_methods(["GET", "HEAD", "POST"])
@member_required()
def of_account(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the last comparison of one account; on POST, which is for owners and admins, ask for a new one."""
    if request.method == "POST" and not request.membership.may_manage:
        raise PermissionDenied("Only an owner or an admin of the firm can do this.")
    account = visible_account(request, pk)
    here = reverse("quickbooks_account_reconciliation", args=[pk])
    return _answer(request, account, "qbsync/account_reconciliation.html", here)


@require_safe
@manager_required
def export_of_firm(request: MemberRequest) -> HttpResponse | StreamingHttpResponse:
    """Send the differences of the firm's last comparison as a CSV file."""
    return _export(request, None, "quickbooks_reconciliation")


@require_safe
@member_required()
def export_of_account(request: MemberRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """Send the differences of an account's last comparison as a CSV file."""
    return _export(request, visible_account(request, pk), "quickbooks_account_reconciliation", pk)


def _answer(request: MemberRequest, account: Account | None, template: str, here: str) -> HttpResponse:
    error = ""
    if request.method == "POST":
        try:
            _ask(request, account)
        except Refused as refused:
            error = str(refused)
        if not is_htmx(request):
            if error:
                messages.error(request, error)
            return redirect(here)
    shown = reconciliation_shown(request.firm, account)
    context: dict[str, Any] = {
        "shown": shown,
        "account": account,
        "here": here,
        "error": error,
        "firm": request.firm,
        "may_ask": request.membership.may_manage and _is_comparable(request, account),
        "page": document_page(differences_of(shown.result), request.GET.get("page")) if shown.result else None,
    }
    return render(request, "qbsync/_reconciliation.html" if is_htmx(request) else template, context)


def _ask(request: MemberRequest, account: Account | None) -> None:
    connection = connection_for(request.firm.pk)
    if account is not None and not _is_comparable(request, account):
        raise Refused("This account is not linked to a customer in QuickBooks, so there is nothing to compare.")
    services.reconciliation_ask(connection=connection, account=account, by=request.membership.user)


def _is_comparable(request: MemberRequest, account: Account | None) -> bool:
    if account is None:
        connection = connection_of(request.firm)
        return connection is not None and connection.is_ready
    sync = standing(account).sync
    return standing(account).is_connected and sync is not None and sync.customer_id is not None


def _export(
    request: MemberRequest, account: Account | None, page: str, *args: int
) -> HttpResponse | StreamingHttpResponse:
    shown: Shown = reconciliation_shown(request.firm, account)
    result: Reconciliation | None = shown.result
    if result is None:
        messages.info(request, "Nothing has been compared yet.")
        return redirect(page, *args)
    lines = csv_lines(differences_of(result), request.firm)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = f"quickbooks-differences-{account.code if account else 'all'}-{today_of(request.firm):%Y-%m-%d}.csv"
    # An account's ID is whatever people typed.
    response["Content-Disposition"] = content_disposition_header(True, get_valid_filename(name)) or "attachment"
    response["Cache-Control"] = "private, no-store"
    return response

"""The two buttons of an invoice or payment, Sync to QuickBooks and Do not sync, and its cell after a press."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Account, Invoice, Payment
from portal.access import MemberRequest, manager_required
from qbsync import services
from qbsync.selectors import with_document_standing
from qbsync.services import Refused
from qbsync.states import DocumentStatus
from qbsync.templatetags.quickbooks import document_context
from qbsync.views.answers import is_htmx


def _button(model: type[Invoice] | type[Payment], verb: Callable[..., Any], tab: str) -> Any:
    """Return the view of one button on one kind of document; it answers with the changed cell."""

    @manager_required
    @require_POST
    def press(request: MemberRequest, pk: int) -> HttpResponse:
        document = _visible(request, model, pk)
        error = ""
        try:
            verb(document=document, by=request.membership.user)
        except Refused as refused:
            error = str(refused)
        if is_htmx(request):
            return _cell(request, _visible(request, model, pk), error)
        if error:
            messages.error(request, error)
        return redirect(tab, document.account_id)

    return press


def _poll(model: type[Invoice] | type[Payment]) -> Any:
    """Return the view that a cell asks after a press, until the document has gone."""

    @manager_required
    @require_safe
    def cell(request: MemberRequest, pk: int) -> HttpResponse:
        return _cell(request, _visible(request, model, pk))

    return cell


def _cell(request: MemberRequest, document: Invoice | Payment, error: str = "") -> HttpResponse:
    context = document_context(document, may_manage=True)
    waits = context["standing"].status == DocumentStatus.WAITING and not context["standing"].reason
    return render(request, "qbsync/_document_cell.html", {**context, "error": error, "is_polled": waits})


def _visible(request: MemberRequest, model: type[Any], pk: int) -> Any:
    accounts = Account.objects.visible_to(request.membership)
    found = with_document_standing(model.objects.filter(account__in=accounts)).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


invoice_cell, payment_cell = _poll(Invoice), _poll(Payment)
invoice_sync = _button(Invoice, services.document_sync, "account_invoices")
invoice_skip = _button(Invoice, services.document_skip, "account_invoices")
payment_sync = _button(Payment, services.document_sync, "account_payments")
payment_skip = _button(Payment, services.document_skip, "account_payments")

"""The two buttons of an invoice or payment: Sync to QuickBooks, and Do not sync."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.models import Account, Invoice, Payment
from portal.access import MemberRequest, manager_required
from qbsync import services
from qbsync.selectors import with_document_standing
from qbsync.services import Refused
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
            context = document_context(_visible(request, model, pk), may_manage=True)
            return render(request, "qbsync/_document_cell.html", {**context, "error": error})
        if error:
            messages.error(request, error)
        return redirect(tab, document.account_id)

    return press


def _visible(request: MemberRequest, model: type[Any], pk: int) -> Any:
    accounts = Account.objects.visible_to(request.membership)
    found = with_document_standing(model.objects.filter(account__in=accounts)).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


invoice_sync = _button(Invoice, services.document_sync, "account_invoices")
invoice_skip = _button(Invoice, services.document_skip, "account_invoices")
payment_sync = _button(Payment, services.document_sync, "account_payments")
payment_skip = _button(Payment, services.document_skip, "account_payments")

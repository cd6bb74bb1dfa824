"""The buttons of an invoice or payment: in its cell, and the remedies where its copy was changed in QuickBooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Account, Invoice, Payment
from portal.access import MemberRequest, manager_required
from portal.models import User
from qbsync import services
from qbsync.selectors import with_document_standing
from qbsync.selectors.errors import awaited_invoice
from qbsync.services import Refused
from qbsync.states import DocumentStatus
from qbsync.templatetags.quickbooks import document_context, question_context
from qbsync.views.answers import is_htmx


def _button(model: type[Invoice] | type[Payment], verb: Callable[..., Any], tab: str) -> Any:
    """Return the view of one button on one kind of document; it answers with the changed cell."""

    @require_POST
    @manager_required
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

    @require_safe
    @manager_required
    def cell(request: MemberRequest, pk: int) -> HttpResponse:
        return _cell(request, _visible(request, model, pk))

    return cell


def _remedy(model: type[Invoice] | type[Payment]) -> Any:
    """Return the view of the remedies on a document's own page; it answers with what is left of the question."""

    @require_POST
    @manager_required
    def decide(request: MemberRequest, pk: int, remedy: str) -> HttpResponse:
        document = _visible(request, model, pk)
        remedies = _REMEDIES if model is Invoice else _REMEDIES_OF_PAYMENTS
        if remedy not in remedies:
            raise Http404
        verb, said = remedies[remedy]
        error = ""
        try:
            verb(document=document, by=request.membership.user)
        except Refused as refused:
            error = str(refused)
        if not is_htmx(request):
            messages.add_message(request, messages.ERROR if error else messages.SUCCESS, error or f"{document} {said}")
            return redirect(f"{model.__name__.lower()}_info", document.account_id, document.pk)
        document = _visible(request, model, pk)
        context = document_context(document, may_manage=True)
        context |= {**question_context(document, request.membership), "error": error, "note": "" if error else said}
        context["is_polled"] = context["standing"].status == DocumentStatus.WAITING
        return render(request, "qbsync/_question_answer.html", context)

    return decide


_REMEDIES: dict[str, tuple[Callable[..., Any], str]] = {
    "send": (services.document_sync, "is being sent again."),
    "accept": (services.document_accept, "is as QuickBooks has it, for the sync."),
    "leave": (services.document_skip, "is no longer synced."),
}


def _sync_awaited(*, document: Payment, by: User) -> None:
    invoice = awaited_invoice(document)
    if invoice is None:
        raise Refused("It does not wait for an invoice from before the sync date any more.")
    services.document_sync(document=invoice, by=by)


_REMEDIES_OF_PAYMENTS = {**_REMEDIES, "invoice": (_sync_awaited, "follows when its invoice is in QuickBooks.")}


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
invoice_remedy, payment_remedy = _remedy(Invoice), _remedy(Payment)

"""An account's Invoices tab, an invoice's own page, and the forms that record and change one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts import selectors, services
from accounts.forms import InvoiceForm, line_forms, refuse
from accounts.models import Account, Invoice
from accounts.services import BooksError
from portal.access import MemberRequest, manager_required, member_required
from portal.once import recorded_once


@require_safe
@member_required()
def account_invoices(request: MemberRequest, pk: int) -> HttpResponse:
    """List the account's invoices, newest first."""
    account, today = selectors.account_get(request.membership, pk), selectors.today_of(request.firm)
    page = selectors.document_page(selectors.invoices_of(account), request.GET.get("page"))
    sums = selectors.invoice_sums(account, today)
    context = {"account": account, "tab": "invoices", "page": page, "sums": sums, "today": today}
    return render(request, "accounts/account_invoices.html", context)


@require_safe
@member_required()
def invoice_info(request: MemberRequest, pk: int, invoice_pk: int) -> HttpResponse:
    """Show one invoice: its lines, and the payments on it."""
    account = selectors.account_get(request.membership, pk)
    invoice = get_object_or_404(selectors.invoices_of(account), pk=invoice_pk)
    context = {
        "account": account,
        "invoice": invoice,
        "document": invoice,
        "lines": invoice.lines.select_related("service"),
        "allocations": invoice.allocations.select_related("payment").order_by("payment__date", "pk"),
        "today": selectors.today_of(request.firm),
    }
    return render(request, "accounts/invoice_info.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
@recorded_once("invoice", then="account_invoices")
def invoice_create(request: MemberRequest, pk: int) -> HttpResponse:
    """Bill the account."""
    account = selectors.account_get(request.membership, pk)
    data = request.POST if request.method == "POST" else None
    form = InvoiceForm(data, initial={"date": selectors.today_of(request.firm)})
    lines = line_forms(data, request.firm)
    if data is not None and form.is_valid() & lines.is_valid():
        try:
            invoice = services.invoice_record(account=account, lines=lines.lines(), **_values(form))
        except BooksError as error:
            refuse(form, error)
        else:
            messages.success(request, f"Invoice {invoice.number} was recorded.")
            return redirect("account_invoices", account.pk)
    return _form(request, {"account": account, "form": form, "lines": lines})


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def invoice_edit(request: MemberRequest, pk: int, invoice_pk: int) -> HttpResponse:
    """Change the invoice; another person's change meanwhile is never overwritten."""
    account, invoice = _find(request, pk, invoice_pk)
    data = request.POST if request.method == "POST" else None
    form, lines = InvoiceForm(data, invoice=invoice), line_forms(data, request.firm, invoice)
    if data is not None and form.is_valid() & lines.is_valid():
        seen = form.cleaned_data["revision"]
        try:
            services.invoice_update(invoice=invoice, expected_revision=seen, lines=lines.lines(), **_values(form))
        except BooksError as error:
            refuse(form, error)
        else:
            messages.success(request, f"Invoice {form.cleaned_data['number']} was saved.")
            return redirect("invoice_info", account.pk, invoice.pk)
    return _form(request, {"account": account, "invoice": invoice, "form": form, "lines": lines})


def _find(request: MemberRequest, pk: int, invoice_pk: int) -> tuple[Account, Invoice]:
    account = selectors.account_get(request.membership, pk)
    return account, get_object_or_404(Invoice, account=account, pk=invoice_pk)


def _values(form: InvoiceForm) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in ("number", "date", "due_date", "memo", "tax")}


def _form(request: MemberRequest, context: dict[str, Any]) -> HttpResponse:
    invalid = request.method == "POST"
    return render(request, "accounts/invoice_form.html", context, status=422 if invalid else 200)

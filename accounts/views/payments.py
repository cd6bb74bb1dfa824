"""An account's Payments tab, a payment's own page, and the forms that record and change one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts import selectors, services
from accounts.forms import PaymentForm, refuse
from accounts.models import Account, Payment
from accounts.services import BooksError
from portal.access import MemberRequest, manager_required, member_required
from portal.once import recorded_once


@require_safe
@member_required()
def account_payments(request: MemberRequest, pk: int) -> HttpResponse:
    """List the account's payments, newest first."""
    account = selectors.account_get(request.membership, pk)
    page = selectors.document_page(selectors.payments_of(account), request.GET.get("page"))
    context = {"account": account, "tab": "payments", "page": page, "sums": selectors.payment_sums(account)}
    return render(request, "accounts/account_payments.html", context)


@require_safe
@member_required()
def payment_info(request: MemberRequest, pk: int, payment_pk: int) -> HttpResponse:
    """Show one payment, and the invoices that it pays."""
    account = selectors.account_get(request.membership, pk)
    payment = get_object_or_404(selectors.payments_of(account), pk=payment_pk)
    allocations = payment.allocations.select_related("invoice").order_by("invoice__date", "pk")
    context = {"account": account, "payment": payment, "document": payment, "allocations": allocations}
    return render(request, "accounts/payment_info.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
@recorded_once("payment", then="account_payments")
def payment_create(request: MemberRequest, pk: int) -> HttpResponse:
    """Record money received from the account."""
    account = selectors.account_get(request.membership, pk)
    data = request.POST if request.method == "POST" else None
    initial = {
        "date": selectors.today_of(request.firm),
        "sync_to_quickbooks": selectors.syncs_payments_by_default(request.firm),
    }
    form = PaymentForm(data, initial=initial, invoices=selectors.payable_invoices(account))
    if data is not None and form.is_valid():
        try:
            payment = services.payment_record(account=account, allocations=form.allocations(), **_values(form))
        except BooksError as error:
            refuse(form, error)
        else:
            messages.success(request, f"Payment {payment.number} was recorded.")
            return redirect("account_payments", account.pk)
    return _form(request, {"account": account, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def payment_edit(request: MemberRequest, pk: int, payment_pk: int) -> HttpResponse:
    """Change the payment and what it pays; another person's change meanwhile is never overwritten."""
    account, payment = _find(request, pk, payment_pk)
    data = request.POST if request.method == "POST" else None
    form = PaymentForm(data, invoices=selectors.payable_invoices(account, payment), payment=payment)
    if data is not None and form.is_valid():
        seen, parts = form.cleaned_data["revision"], form.allocations()
        try:
            services.payment_update(payment=payment, expected_revision=seen, allocations=parts, **_values(form))
        except BooksError as error:
            refuse(form, error)
        else:
            messages.success(request, f"Payment {form.cleaned_data['number']} was saved.")
            return redirect("payment_info", account.pk, payment.pk)
    return _form(request, {"account": account, "payment": payment, "form": form})


def _find(request: MemberRequest, pk: int, payment_pk: int) -> tuple[Account, Payment]:
    account = selectors.account_get(request.membership, pk)
    return account, get_object_or_404(Payment, account=account, pk=payment_pk)


def _values(form: PaymentForm) -> dict[str, Any]:
    names = ("number", "date", "amount", "method", "reference", "memo", "sync_to_quickbooks")
    return {name: form.cleaned_data[name] for name in names}


def _form(request: MemberRequest, context: dict[str, Any]) -> HttpResponse:
    invalid = request.method == "POST"
    return render(request, "accounts/payment_form.html", context, status=422 if invalid else 200)

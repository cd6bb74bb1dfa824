"""An account's Info tab, and the forms that create, change, archive and restore an account."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import selectors, services
from accounts.forms import AccountForm, contact_forms, refuse
from accounts.services import BooksError
from portal.access import MemberRequest, manager_required, member_required
from portal.once import recorded_once


@require_safe
@member_required()
def account_info(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what is known of the account, with its QuickBooks panel."""
    account = selectors.account_for_info(request.membership, pk)
    return render(request, "accounts/account_info.html", {"account": account, "tab": "info"})


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
@recorded_once("account", then="account_list")
def account_create(request: MemberRequest) -> HttpResponse:
    """Add a client."""
    data = request.POST if request.method == "POST" else None
    form, contacts = AccountForm(data, firm=request.firm), contact_forms(data)
    if data is not None and form.is_valid() & contacts.is_valid():
        try:
            account = services.account_create(firm=request.firm, contacts=contacts.inputs(), **form.cleaned_data)
        except BooksError as error:
            refuse(form, error)
        else:
            messages.success(request, f"{account.name} was added as {account.code}.")
            return redirect(account)
    return _form(request, form, contacts, {})


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def account_edit(request: MemberRequest, pk: int) -> HttpResponse:
    """Change what is known of the account, and its contacts, as one."""
    account = selectors.account_get(request.membership, pk)
    data = request.POST if request.method == "POST" else None
    form, contacts = AccountForm(data, firm=request.firm, account=account), contact_forms(data, account)
    if data is not None and form.is_valid() & contacts.is_valid():
        try:
            services.account_edit(account=account, contacts=contacts.inputs(), **form.cleaned_data)
        except BooksError as error:
            refuse(form, error)
        else:
            messages.success(request, f"{form.cleaned_data['name']} was saved.")
            return redirect(account)
    return _form(request, form, contacts, {"account": account})


def _form(request: MemberRequest, form: object, contacts: object, context: dict[str, object]) -> HttpResponse:
    invalid = request.method == "POST"
    context |= {"form": form, "contacts": contacts}
    return render(request, "accounts/account_form.html", context, status=422 if invalid else 200)


@require_POST
@manager_required
def account_archive(request: MemberRequest, pk: int) -> HttpResponse:
    """Take the account out of the active list."""
    account = services.account_archive(account=selectors.account_get(request.membership, pk))
    messages.success(request, f"{account.name} was archived.")
    return redirect(account)


@require_POST
@manager_required
def account_restore(request: MemberRequest, pk: int) -> HttpResponse:
    """Bring an archived account back."""
    account = services.account_restore(account=selectors.account_get(request.membership, pk))
    messages.success(request, f"{account.name} is active again.")
    return redirect(account)

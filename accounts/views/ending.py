"""The two ways in which an invoice or payment ends, void or deleted: it is asked first, then done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts import selectors, services
from accounts.models import Invoice, Payment
from accounts.services import BooksError
from portal.access import MemberRequest, manager_required


def _ending(model: type[Invoice] | type[Payment], verb: str, end: Callable[..., Any]) -> Any:
    """Return the view of one way to end one kind of document; ``verb`` is void or delete."""
    kind = model.__name__.lower()

    @require_http_methods(["GET", "HEAD", "POST"])
    @manager_required
    def view(request: MemberRequest, pk: int, document_pk: int) -> HttpResponse:
        account = selectors.account_get(request.membership, pk)
        document = get_object_or_404(model, account=account, pk=document_pk)
        if request.method != "POST":
            in_dialog = request.htmx.target == "dialog"  # type: ignore[attr-defined]
            context = {
                "account": account,
                "document": document,
                "kind": kind,
                "verb": verb,
                "action": reverse(f"{kind}_{verb}", args=[account.pk, document.pk]),
                "back": reverse(f"{kind}_info", args=[account.pk, document.pk]),
            }
            return render(request, "accounts/_ending.html" if in_dialog else "accounts/ending.html", context)
        try:
            end(**{kind: document})
        except BooksError as error:
            messages.error(request, str(error))
        else:
            done = "is void" if verb == "void" else "was deleted"
            messages.success(request, f"{model.__name__} {document.number} {done}.")
            if verb == "delete":
                return redirect(f"account_{kind}s", account.pk)
        return redirect(f"{kind}_info", account.pk, document.pk)

    return view


invoice_void = _ending(Invoice, "void", services.invoice_void)
invoice_delete = _ending(Invoice, "delete", services.invoice_delete)
payment_void = _ending(Payment, "void", services.payment_void)
payment_delete = _ending(Payment, "delete", services.payment_delete)

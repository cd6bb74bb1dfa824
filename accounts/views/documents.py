"""Clients > Invoices and Clients > Payments: each a page, and a part of one when htmx asks for the table alone."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from accounts.document_lists import STATES, DocumentQuery, documents_page
from accounts.selectors import today_of
from portal.access import MemberRequest, member_required


def _list(kind: str) -> Any:
    """Return the view that lists the firm's documents of one kind, invoices or payments."""

    @require_safe
    @member_required()
    def view(request: MemberRequest) -> HttpResponse:
        query = DocumentQuery.from_params(kind, request.GET.dict())
        context = {
            "kind": kind,
            "query": query,
            "page": documents_page(request.membership, query),
            "states": STATES[kind].items(),
            "list_url": f"{kind[:-1]}_list",
            "today": today_of(request.firm),
            "is_filtered": any(value for name, value in query.params.items() if name not in {"page", "sort"}),
        }
        table_alone = request.htmx.target == "document-table"  # type: ignore[attr-defined]
        template = "accounts/_document_table.html" if table_alone else "accounts/document_list.html"
        response = render(request, template, context)
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        return response

    return view


invoice_list, payment_list = _list("invoices"), _list("payments")

"""Clients > Accounts: the list (a page, or the table alone for htmx), its columns, and the list as a file."""

from __future__ import annotations

from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from accounts import selectors
from accounts.columns import OPTIONAL, columns_choose, columns_shown
from accounts.exporting import csv_lines
from accounts.models import AccountType
from portal.access import MemberRequest, member_required


@require_safe
@member_required()
def account_list(request: MemberRequest) -> HttpResponse:
    """Show the accounts that the person may see, as the address asks for them."""
    query = selectors.AccountQuery.from_params(request.GET.dict())
    page = selectors.account_page(request.membership, query)
    tags, members = selectors.tags_of(request.firm), selectors.members_of(request.firm)
    for account in page.rows:
        account.shown_tags = [tags[pk] for pk in account.tag_ids if pk in tags]
        account.shown_team = [members[pk] for pk in account.member_ids if pk in members]
    ignored = {"page", "sort", "state"}
    context = {
        "query": query,
        "page": page,
        "tags": tags.values(),
        "members": members.values(),
        "types": AccountType.choices,
        "columns": columns_shown(request.membership),
        "all_columns": OPTIONAL.items(),
        "sorts": selectors.sort_choices(),
        "is_filtered": any(value for name, value in query.params.items() if name not in ignored),
    }
    table_alone = request.htmx.target == "account-table"  # type: ignore[attr-defined]
    response = render(request, "accounts/_account_table.html" if table_alone else "accounts/account_list.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@require_POST
@member_required()
def account_columns(request: MemberRequest) -> HttpResponse:
    """Keep the person's choice of columns, and show the list as it was."""
    columns_choose(membership=request.membership, columns=request.POST.getlist("column"))
    address = QueryDict(request.POST.get("address", "")).urlencode()
    return redirect(reverse("account_list") + (f"?{address}" if address else ""))


@require_safe
@member_required()
def account_export(request: MemberRequest) -> StreamingHttpResponse:
    """Send all accounts that the list finds, on all its pages, as a CSV file."""
    query = selectors.AccountQuery.from_params(request.GET.dict())
    response = StreamingHttpResponse(csv_lines(request.membership, query), content_type="text/csv; charset=utf-8")
    name = f"accounts-{selectors.today_of(request.firm):%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response

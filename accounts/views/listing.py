"""Clients > Accounts: the list, which is a page, and a part of one when htmx asks for the table alone."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from accounts import selectors
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
        "is_filtered": any(value for name, value in query.params.items() if name not in ignored),
    }
    table_alone = request.htmx.target == "account-table"  # type: ignore[attr-defined]
    response = render(request, "accounts/_account_table.html" if table_alone else "accounts/account_list.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response

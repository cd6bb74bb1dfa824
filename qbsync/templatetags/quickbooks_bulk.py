"""QuickBooks' bulk actions on the list of accounts: the bar under the selection, and what the last one did."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import RequestContext

from portal.paging import Page
from qbsync.models import ConnectionStatus
from qbsync.selectors import connection_of
from qbsync.views.bulk import RESULT_KEY

register = template.Library()

_NOT_KEPT = {"page", "account", "all"}


@register.simple_tag(takes_context=True)
def quickbooks_selectable(context: RequestContext, page: Page) -> bool:
    """Return whether the rows get boxes to tick: for owner and admin, while the firm is connected."""
    if not page.rows or not context["request"].membership.may_manage:
        return False
    connection = connection_of(page.rows[0].firm)
    return connection is not None and connection.status != ConnectionStatus.DISCONNECTED


@register.inclusion_tag("qbsync/_bulk_bar.html", takes_context=True)
def quickbooks_bulk_bar(context: RequestContext, page: Page) -> dict[str, Any]:
    """Show the form that the rows' boxes belong to, with its buttons; it keeps the list's search and filters."""
    asked = context["request"].GET
    kept = [(name, value) for name in asked if name not in _NOT_KEPT for value in asked.getlist(name) if value]
    return {"page": page, "kept": kept, "has_more": page.counted and page.total > len(page.rows)}


@register.inclusion_tag("qbsync/_bulk_result.html", takes_context=True)
def quickbooks_bulk_result(context: RequestContext) -> dict[str, Any]:
    """Show once what the last bulk action did, with Undo where there is one."""
    request = context["request"]
    kept = [(name, value) for name in request.GET for value in request.GET.getlist(name) if value]
    result = request.session.pop(RESULT_KEY, None)
    return {"result": result, "kept": kept, "csrf_token": context.get("csrf_token")}

"""The way from the list of accounts to the match queue."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import RequestContext

from qbsync.filters import FILTER_PARAM
from qbsync.selectors.match_queue import LOST_LINK, NEEDS_A_CUSTOMER
from qbsync.states import Status

register = template.Library()

_LEADS_THERE = {Status.FAILED.value, *(reason.value for reason in NEEDS_A_CUSTOMER | LOST_LINK)}


@register.inclusion_tag("qbsync/_match_link.html", takes_context=True)
def quickbooks_match_link(context: RequestContext) -> dict[str, Any]:
    """Show the way to the match queue where the list is filtered by what the queue holds, to those who may use it."""
    request = context["request"]
    return {"is_shown": request.GET.get(FILTER_PARAM) in _LEADS_THERE and bool(request.membership.may_manage)}

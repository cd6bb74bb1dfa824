"""The way home."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from portal.access import MemberRequest, member_required


@require_safe
@member_required()
def home(request: MemberRequest) -> HttpResponse:
    """Send people to the page where their day starts: Clients > Accounts."""
    return redirect("account_list")

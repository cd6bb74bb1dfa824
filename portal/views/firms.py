"""The switch between the firms of one person."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from portal.access import work_under
from portal.models import User
from portal.selectors.team import memberships_of


@require_POST
@login_required
def switch(request: HttpRequest) -> HttpResponse:
    """Go on in another firm of the person: at the page that was asked for there, else at the accounts.

    A firm that requires two-factor sign-in keeps nobody who has not set it up from their other firms.
    """
    chosen = request.POST.get("membership", "")
    number = int(chosen) if chosen.isdecimal() and len(chosen) < 19 else 0
    membership = get_object_or_404(memberships_of(cast(User, request.user)), pk=number)
    work_under(request, membership)
    messages.success(request, f"You are now in {membership.firm}.")
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return redirect(target if is_ours else "home")

"""Asks a person once more who they are, before they change what guards a sign-in."""

from __future__ import annotations

from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect


def confirmation_first(request: HttpRequest) -> HttpResponse | None:
    """Return the way to confirm who one is and back here, or None where that was done within five minutes.

    What was sent is not kept, as django-allauth would: it is for the person to press again, on a page that is true.
    """
    if not is_reauthentication_required(request, app="portal"):
        return None
    ways = get_adapter(request).get_reauthentication_methods(request.user)
    return redirect(f"{ways[0]['url']}?{urlencode({REDIRECT_FIELD_NAME: request.path})}")

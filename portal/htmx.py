"""Sends a person who has to sign in, or to set up two-factor sign-in, in the middle of an htmx request to that page."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect


class HtmxSignInMiddleware:
    """Without it htmx would follow the redirect and put the sign-in page into a corner of the page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        sign_in = resolve_url(settings.LOGIN_URL)
        htmx = request.htmx  # type: ignore[attr-defined]
        if not htmx:
            return response
        target = urlsplit(response["Location"]).path if response.status_code == 302 else ""
        if target == resolve_url("mfa_activate_totp"):
            return HttpResponseClientRedirect(target)
        # Where the cookies went with the session, the form's token is refused before anybody asks who is there.
        is_refused = response.status_code == 403 and request.user.is_anonymous
        if target == sign_in or is_refused:
            back = htmx.current_url_abs_path or resolve_url(settings.LOGIN_REDIRECT_URL)
            return HttpResponseClientRedirect(f"{sign_in}?{urlencode({'next': back})}")
        return response

"""Sign-in, the way home, and the probes of operations. Shows nothing of a firm's books."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal import health
from portal.access import MemberRequest, member_required
from portal.forms import SignInForm

DEMO_PASSWORD = "demo-portal"  # noqa: S105
DEMO_SIGN_INS = [
    ("owner@demo.test", "Owner"),
    ("admin@demo.test", "Admin"),
    ("employee@demo.test", "Employee"),
    ("newcomer@demo.test", "Owner of a firm that is not connected yet"),
]


class SignInView(LoginView):
    """Sign in by e-mail and password; then on to where the person was going."""

    template_name = "portal/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the demonstration sign-ins, which exist only beside the simulator."""
        context = super().get_context_data(**kwargs)
        if settings.IS_LOCAL:
            context["demo_sign_ins"] = DEMO_SIGN_INS
            context["demo_password"] = DEMO_PASSWORD
        return context


@member_required()
def home(request: MemberRequest) -> HttpResponse:
    """Send people to the page where their day starts: Clients > Accounts."""
    return redirect("account_list")


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process is up; touches nothing else, so that a database in trouble does not restart it."""
    return JsonResponse({"ok": True})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when database, broker and a worker are there, else 503; says which of them is missing."""
    parts = {"database": health.database(), "broker": health.broker(), "worker": health.worker()}
    ok = all(part == health.OK for part in parts.values())
    return JsonResponse({"ok": ok, **parts}, status=200 if ok else 503)

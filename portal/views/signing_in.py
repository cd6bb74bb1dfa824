"""Sign-in and forgotten passwords: django-allauth's views, with what is special here."""

from __future__ import annotations

from typing import Any

from allauth.account import views as account_views
from allauth.mfa.totp import views as authenticator_app
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.mail import MailFailed
from portal.services.sign_in import two_factor_set_up, two_factor_turn_off

DEMO_PASSWORD = "demo-portal"  # noqa: S105
DEMO_SIGN_INS = [
    ("owner@demo.test", "Owner"),
    ("admin@demo.test", "Admin"),
    ("employee@demo.test", "Employee"),
    ("newcomer@demo.test", "Owner of a firm that is not connected yet"),
]


class SignInView(account_views.LoginView):
    """Sign in by e-mail and password, and by the second factor where there is one; then on to where one was going."""

    template_name = "account/sign_in.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the demonstration sign-ins, which exist only beside the simulator."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        if settings.IS_LOCAL:
            context["demo_sign_ins"] = DEMO_SIGN_INS
            context["demo_password"] = DEMO_PASSWORD
        return context


class ForgottenPasswordView(account_views.PasswordResetView):
    """Ask for a link to a new password. The answer never tells whether somebody signs in with that address."""

    def form_valid(self, form: forms.Form) -> HttpResponse:
        """Send the e-mail, or say that it could not be sent."""
        try:
            return super().form_valid(form)
        except MailFailed:
            form.add_error(None, "The e-mail could not be sent just now. Try again in a few minutes.")
            return self.form_invalid(form)


class NewPasswordView(account_views.PasswordResetFromKeyView):
    """Choose a new password; then sign in with it."""

    success_url = reverse_lazy("sign_in")


class TwoFactorSetUpView(authenticator_app.ActivateTOTPView):
    """Set up the second factor, with the authenticator app's first code."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Turn it on, and lead to the recovery codes, or to the profile where there are some already."""
        made_codes = two_factor_set_up(request=self.request, user=self.request.user, form=form)
        return redirect("mfa_view_recovery_codes" if made_codes else "profile")


class TwoFactorOffView(authenticator_app.DeactivateTOTPView):
    """Turn one's own second factor off, where no firm insists on it."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Turn it off."""
        two_factor_turn_off(request=self.request, user=self.request.user)
        return redirect("profile")


@never_cache
@require_safe
def password_reset_link(request: HttpRequest) -> HttpResponse:
    """Take the key of a reset e-mail from the address into the session, and go on to the form."""
    user, _, key = request.GET.get("key", "").partition("-")
    request.session[account_views.INTERNAL_RESET_SESSION_KEY] = key
    known = user if user.isascii() and user.isalnum() else "0"
    return redirect("account_reset_password_from_key", uidb36=known, key=NewPasswordView.reset_url_key)

"""How django-allauth signs people in here: by e-mail address, by invitation only, with secrets encrypted."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.urls import reverse

from portal import crypto, mail
from portal.models import Firm, User


class AccountAdapter(DefaultAccountAdapter):
    """Passwords and e-mails of django-allauth, in the portal's words."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": (
            "This e-mail address and password do not belong together. Check both and try again."
        ),
        "too_many_login_attempts": "There were too many attempts. Wait five minutes, then try again.",
        "rate_limited": "There were too many attempts. Wait five minutes, then try again.",
        "enter_current_password": "This is not your current password.",
        "incorrect_password": "This is not your password.",
        "incorrect_code": "This code is not right. Enter the one that the app shows now.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up: people come by invitation."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send one of django-allauth's e-mails.

        Raises:
            MailFailed: the mail server did not take it.
        """
        mail.send(template_prefix, email, context)

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell a person what changed about their sign-in. The change is made, whether or not the e-mail leaves."""
        with suppress(mail.MailFailed):
            self.send_mail(template_prefix, email or user.email, {"user": user, **(context or {})})

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Whether the password is asked for once more: not within five minutes of signing in."""
        records = get_authentication_records(self.request, self.request.user)
        fresh = bool(records) and time.time() - records[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT
        return not fresh and super().is_reauthentication_required(app=app)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the link of the reset e-mail. The key is in its query, which the access log leaves out."""
        return f"{mail.absolute('password_reset_link')}?{urlencode({'key': key})}"

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Return where a changed password leads."""
        return reverse("profile")


class MFAAdapter(DefaultMFAAdapter):
    """Two-factor sign-in: its secrets are encrypted, and a firm may insist on it."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is not right. Enter the one that the app shows now.",
        "cannot_delete_authenticator": "Your firm requires two-factor sign-in, so it stays on.",
    }

    def encrypt(self, text: str) -> str:
        """Return the secret as it is stored."""
        return crypto.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret as it is used."""
        return crypto.decrypt(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whether no firm of the person insists on two-factor sign-in."""
        return not Firm.objects.filter(members=authenticator.user_id, requires_two_factor=True).exists()

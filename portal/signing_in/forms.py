"""The forms of signing in, of passwords and of the second factor, in the portal's look. django-allauth checks them."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account_forms
from allauth.account.adapter import get_adapter
from allauth.mfa.base import forms as mfa_forms
from allauth.mfa.totp import forms as totp_forms
from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts
from django.http import HttpRequest

from portal.forms import dress
from portal.services.sign_in import password_change, password_replace


class SignInForm(account_forms.LoginForm):
    """E-mail address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "E-mail address"
        self.fields["login"].widget = forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
        _plain_password(self, "password", "Password", "current-password")
        dress(self)


class ForgottenPasswordForm(account_forms.ResetPasswordForm):
    """The address to which a link for a new password goes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "E-mail address"
        self.fields["email"].widget = forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
        dress(self)

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Send the link; to an address that nobody signs in with, a word about that. Both take the same time.

        Raises:
            MailFailed: the mail server did not take it.
        """
        if not self.users:
            get_adapter().send_mail("account/email/unknown_account", self.cleaned_data["email"], {})
        return str(super().save(request, **kwargs))


class NewPasswordForm(account_forms.ResetPasswordKeyForm):
    """A new password in place of a forgotten one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _new_passwords(self)

    def save(self) -> None:
        """Set it."""
        password_replace(user=self.user, password=self.cleaned_data["password1"])


class ChangePasswordForm(account_forms.ChangePasswordForm):
    """The current password, and a new one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain_password(self, "oldpassword", "Current password", "current-password")
        _new_passwords(self)

    def save(self) -> None:
        """Set it."""
        password_change(user=self.user, password=self.cleaned_data["password1"])


class ConfirmPasswordForm(account_forms.ReauthenticateForm):
    """The password once more, before something that guards the sign-in is changed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain_password(self, "password", "Password", "current-password")
        dress(self)


class CodeForm(mfa_forms.AuthenticateForm):
    """The second factor at sign-in: the app's code, or a recovery code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _one_time_code(self)


class ConfirmCodeForm(mfa_forms.ReauthenticateForm):
    """The second factor once more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _one_time_code(self)


class FirstCodeForm(totp_forms.ActivateTOTPForm):
    """The first code of an authenticator app, which proves that it was set up."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _one_time_code(self)


def _plain_password(form: forms.BaseForm, name: str, label: str, autocomplete: str) -> None:
    field = form.fields[name]
    field.label, field.help_text = label, ""
    field.widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})


def _new_passwords(form: forms.BaseForm) -> None:
    _plain_password(form, "password1", "New password", "new-password")
    _plain_password(form, "password2", "New password again", "new-password")
    form.fields["password1"].help_text = " ".join(password_validators_help_texts())
    dress(form)


def _one_time_code(form: forms.BaseForm) -> None:
    field = form.fields["code"]
    field.label = "Code"
    field.widget = forms.TextInput(
        attrs={"autocomplete": "one-time-code", "autofocus": True, "autocapitalize": "off", "spellcheck": "false"}
    )
    dress(form)

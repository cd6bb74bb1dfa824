"""The link of an invitation, from the invited person's side: make a sign-in, or join with the one there is."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from django import forms
from django.contrib.auth import login
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.access import work_under
from portal.forms import dress
from portal.models import Invitation, Membership, User
from portal.services.errors import TeamError
from portal.services.invitations import invitation_accept, invitation_of


class JoinForm(forms.Form):
    """What a new person tells about themselves."""

    name = forms.CharField(label="Your name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label="Choose a password",
        max_length=4096,
        strip=False,
        help_text=" ".join(password_validators_help_texts()),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: object, invitation: Invitation, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.invitation = invitation
        dress(self)

    def clean_password(self) -> str:
        """Refuse a password that is easily guessed from the address, or by anybody."""
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self.invitation.email, name=self.cleaned_data.get("name", "")))
        return password


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """Show an invitation, and accept it."""
    token = request.GET.get("invitation", "")
    try:
        invitation = invitation_of(token)
        if isinstance(request.user, User):
            return _as_user(request, request.user, invitation, token)
        if User.objects.filter(email__iexact=invitation.email).exists():
            return render(request, "portal/join.html", {"invitation": invitation, "must_sign_in": True})
        return _as_new_person(request, invitation, token)
    except TeamError as error:
        return render(request, "portal/join_gone.html", {"error": error}, status=410)


def _as_user(request: HttpRequest, user: User, invitation: Invitation, token: str) -> HttpResponse:
    if user.email.lower() != invitation.email:
        return render(request, "portal/join.html", {"invitation": invitation, "is_somebody_else": True})
    if request.method != "POST":
        return render(request, "portal/join.html", {"invitation": invitation})
    return _go_in(request, invitation_accept(token=token, user=user))


def _as_new_person(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    form = JoinForm(request.POST or None, invitation=invitation)
    if request.method == "POST" and form.is_valid():
        name, password = form.cleaned_data["name"], form.cleaned_data["password"]
        try:
            membership = invitation_accept(token=token, user=None, name=name, password=password)
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            login(request, membership.user)
            record_authentication(request, membership.user, method="password")
            return _go_in(request, membership)
    context = {"invitation": invitation, "form": form}
    return render(request, "portal/join.html", context, status=422 if form.errors else 200)


def _go_in(request: HttpRequest, membership: Membership) -> HttpResponse:
    work_under(request, membership)
    return redirect("home")

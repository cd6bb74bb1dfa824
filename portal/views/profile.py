"""A person's own profile: their name, their password, their second factor."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.access import MemberRequest, member_required
from portal.forms import dress


class NameForm(forms.Form):
    """How a person is called in the portal."""

    name = forms.CharField(label="Name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required()
def profile(request: MemberRequest) -> HttpResponse:
    """Show the person's profile, and take a new name."""
    user = request.membership.user
    form = NameForm(request.POST or None, initial={"name": user.name})
    if request.method == "POST" and form.is_valid():
        user.name = " ".join(form.cleaned_data["name"].split())
        user.save(update_fields=["name"])
        messages.success(request, "Your name was changed.")
        return redirect("profile")
    kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    context = {"form": form, "has_two_factor": Authenticator.Type.TOTP in kinds}
    return render(request, "portal/profile.html", context, status=422 if form.errors else 200)

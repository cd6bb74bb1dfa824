"""Settings > Team > Invite: invitations, from the firm's side."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.access import MemberRequest, manager_required
from portal.mail import MailFailed
from portal.models import Invitation, Role
from portal.services.errors import TeamError
from portal.services.invitations import invitation_create, invitation_renew, invitation_revoke, invitation_send
from portal.views.team import RoleForm


class InvitationForm(RoleForm):
    """Whom to invite, and as what."""

    email = forms.EmailField(label="E-mail address", max_length=254)
    field_order = ["email", "role", "view_all_accounts"]


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def invite(request: MemberRequest) -> HttpResponse:
    """Invite somebody by e-mail."""
    form = InvitationForm(request.POST or None, actor=request.membership)
    if request.method == "POST" and form.is_valid():
        try:
            invitation = invitation_create(
                actor=request.membership,
                email=form.cleaned_data["email"],
                role=Role(form.cleaned_data["role"]),
                view_all_accounts=form.cleaned_data["view_all_accounts"],
            )
        except TeamError as error:
            form.add_error("email", str(error))
        else:
            return _send(request, invitation)
    return render(request, "portal/invite.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@manager_required
def resend(request: MemberRequest, pk: int) -> HttpResponse:
    """Send an invitation again, with a new link."""
    try:
        invitation = invitation_renew(actor=request.membership, pk=pk)
    except TeamError as error:
        messages.error(request, str(error))
        return redirect("team")
    return _send(request, invitation)


@require_POST
@manager_required
def revoke(request: MemberRequest, pk: int) -> HttpResponse:
    """Take an invitation back."""
    try:
        invitation = invitation_revoke(actor=request.membership, pk=pk)
    except TeamError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"The invitation of {invitation.email} was revoked. Its link no longer works.")
    return redirect("team")


def _send(request: MemberRequest, invitation: Invitation) -> HttpResponse:
    try:
        invitation_send(invitation)
    except MailFailed:
        messages.error(request, f"The e-mail to {invitation.email} could not be sent. Send the invitation again later.")
    else:
        messages.success(request, f"The invitation was sent to {invitation.email}.")
    return redirect("team")

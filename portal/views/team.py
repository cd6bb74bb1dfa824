"""Settings > Team: who is in the firm, and what they may do there."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.access import MemberRequest, manager_required, owner_required
from portal.forms import dress
from portal.mail import MailFailed
from portal.models import Membership, Role
from portal.paging import page_of
from portal.selectors.team import history_of, members_of, open_invitations_of
from portal.services.errors import TeamError
from portal.services.members import firm_require_two_factor, member_remove, member_update
from portal.services.two_factor_reset import refusal_of_reset, tell_of_reset, two_factor_reset
from portal.signing_in.confirming import confirmation_first

ROLE_MEANINGS = {
    Role.OWNER: "Everything, and connects QuickBooks.",
    Role.ADMIN: "Everything but connecting QuickBooks: changes accounts, syncs them, and invites people.",
    Role.EMPLOYEE: "Reads. Sees the accounts they are assigned to.",
}


class RoleForm(forms.Form):
    """What a person may do in the firm."""

    role = forms.ChoiceField(label="Role", widget=forms.RadioSelect, initial=Role.EMPLOYEE)
    view_all_accounts = forms.BooleanField(label="View all accounts", required=False)

    def __init__(self, *args: object, actor: Membership, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        given = [role for role in Role if role.rank <= Role(actor.role).rank]
        self.fields["role"].choices = [(role.value, role.label) for role in given]  # type: ignore[attr-defined]
        dress(self)

    @property
    def roles(self) -> list[tuple[object, str]]:
        """The radio buttons, each with what the role means."""
        return [(button, ROLE_MEANINGS[Role(str(button.data["value"]))]) for button in self["role"]]


@require_safe
@manager_required
def team(request: MemberRequest) -> HttpResponse:
    """Show the members and the open invitations."""
    context = {"members": members_of(request.firm), "invitations": open_invitations_of(request.firm)}
    return render(request, "portal/team.html", context)


@require_safe
@manager_required
def history(request: MemberRequest) -> HttpResponse:
    """Show what happened to the team and to its people's sign-ins, the newest first."""
    page = page_of(history_of(request.firm), request.GET.get("page"))
    return render(request, "portal/team_history.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def member(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what a member may do, and change it."""
    person = _member(request, pk)
    initial = {"role": person.role, "view_all_accounts": person.view_all_accounts}
    form = RoleForm(request.POST or None, actor=request.membership, initial=initial)
    if request.method == "POST" and form.is_valid():
        role, view_all = Role(form.cleaned_data["role"]), form.cleaned_data["view_all_accounts"]
        try:
            member_update(actor=request.membership, member=person, role=role, view_all_accounts=view_all)
        except TeamError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"What {person.user} may do was changed.")
            return redirect("team")
    locked = person.is_owner and not request.membership.is_owner
    outranked = Role(person.role).rank < Role(request.membership.role).rank
    may_reset = outranked and getattr(person, "has_two_factor", False)
    context = {"form": form, "person": person, "locked": locked, "may_reset": may_reset}
    return render(request, "portal/member.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def remove(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask whether a member shall go, and take them out of the firm."""
    person = _member(request, pk)
    error = ""
    if request.method == "POST":
        try:
            member_remove(actor=request.membership, member=person)
        except TeamError as refusal:
            error = str(refusal)
        else:
            messages.success(request, f"{person.user} is no longer a member of the firm.")
            return redirect("team" if person.pk != request.membership.pk else "home")
    context = {"person": person, "error": error}
    return render(request, "portal/member_remove.html", context, status=422 if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def reset_two_factor(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask whether a member's lost second factor shall go, and take it off their sign-in."""
    person = _member(request, pk)
    if confirmation := confirmation_first(request):
        return confirmation
    refusal = refusal_of_reset(actor=request.membership, member=person)
    if request.method == "POST":
        try:
            two_factor_reset(actor=request.membership, member=person)
        except TeamError as error:
            refusal = str(error)
        else:
            return _tell_of_reset(request, person)
    context = {"person": person, "refusal": refusal}
    return render(request, "portal/member_reset.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@owner_required
def require_two_factor(request: MemberRequest) -> HttpResponse:
    """Insist on two-factor sign-in for everybody of the firm, or no longer."""
    required = request.POST.get("required") == "yes"
    what = (
        "Two-factor sign-in is now required of everybody." if required else "Two-factor sign-in is no longer required."
    )
    try:
        firm_require_two_factor(actor=request.membership, required=required)
    except TeamError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, what)
    return redirect("team")


def _tell_of_reset(request: MemberRequest, person: Membership) -> HttpResponse:
    done = f"The two-factor sign-in of {person.user} was reset, and they were signed out everywhere."
    try:
        tell_of_reset(person.user, by=request.membership)
    except MailFailed:
        messages.warning(request, f"{done} The e-mail to {person.user.email} could not be sent: tell them yourself.")
    else:
        messages.success(request, f"{done} An e-mail tells them.")
    return redirect("team")


def _member(request: MemberRequest, pk: int) -> Membership:
    """The member, with what ``members_of`` adds.

    Raises:
        Http404: there is none of this number in the firm.
    """
    return get_object_or_404(members_of(request.firm), pk=pk)

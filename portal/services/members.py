"""The verbs on members of a firm: change, remove. Every one of them holds the firm's row while it decides."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from portal.models import Firm, Membership, Role, TeamEvent
from portal.services.errors import TeamError
from portal.services.team_history import note


def lock_team(actor: Membership) -> Membership:
    """Hold the firm's team until the transaction ends, and return the actor's membership as it is now.

    Two people who change each other's role at once come one after the other, and the second is judged by what the
    first one did.

    Raises:
        TeamError: the actor no longer is an owner or admin of the firm.
    """
    Firm.objects.select_for_update(no_key=True).get(pk=actor.firm_id)
    current = Membership.objects.filter(pk=actor.pk).select_related("user", "firm").first()
    if current is None or not current.may_manage:
        raise TeamError("Only an owner or an admin of the firm can do this.")
    return current


def check_may_give(actor: Membership, role: Role) -> None:
    """Refuse a role that the actor may not give.

    Raises:
        TeamError: an admin would make an owner.
    """
    if role.rank > Role(actor.role).rank:
        raise TeamError("Only an owner can make somebody an owner.")


@transaction.atomic
def member_update(*, actor: Membership, member: Membership, role: Role, view_all_accounts: bool) -> Membership:
    """Give a member another role, or another view of the accounts.

    Raises:
        TeamError: the actor may not do that, the firm would be without an owner, or the member is gone.
    """
    actor = lock_team(actor)
    member = _current(actor, member)
    check_may_give(actor, role)
    if member.is_owner and role != Role.OWNER:
        _check_not_the_last_owner(member)
    note_of_member = partial(note, firm=actor.firm_id, actor=actor.user, person=member.user)
    if member.role != role:
        note_of_member(TeamEvent.Kind.ROLE_CHANGED, before=member.role, after=role)
    if member.view_all_accounts != view_all_accounts:
        note_of_member(TeamEvent.Kind.VIEW_CHANGED, view_all_accounts=view_all_accounts)
    member.role, member.view_all_accounts = role, view_all_accounts
    member.save(update_fields=["role", "view_all_accounts"])
    return member


@transaction.atomic
def member_remove(*, actor: Membership, member: Membership) -> None:
    """Take a person out of the firm. What they are assigned to goes with them; what they did stays in the history.

    Raises:
        TeamError: the actor may not do that, the firm would be without an owner, or the member is gone already.
    """
    actor = lock_team(actor)
    member = _current(actor, member)
    if member.is_owner:
        _check_not_the_last_owner(member)
    note(TeamEvent.Kind.REMOVED, firm=actor.firm_id, actor=actor.user, person=member.user, before=Role(member.role))
    member.delete()


@transaction.atomic
def firm_require_two_factor(*, actor: Membership, required: bool) -> None:
    """Insist on two-factor sign-in for everybody of the actor's firm, or no longer. Asked twice it is done once.

    Raises:
        TeamError: the actor is not an owner of the firm.
    """
    actor = lock_team(actor)
    if not actor.is_owner:
        raise TeamError("Only an owner of the firm can do this.")
    if actor.firm.requires_two_factor == required:
        return
    Firm.objects.filter(pk=actor.firm_id).update(requires_two_factor=required)
    kind = TeamEvent.Kind.TWO_FACTOR_REQUIRED if required else TeamEvent.Kind.TWO_FACTOR_NOT_REQUIRED
    note(kind, firm=actor.firm_id, actor=actor.user)


def _current(actor: Membership, member: Membership) -> Membership:
    """The member as it is now, whom the actor may change."""
    current = Membership.objects.filter(pk=member.pk, firm=actor.firm_id).select_related("user").first()
    if current is None:
        raise TeamError("This person is no longer a member of the firm.")
    if current.is_owner and not actor.is_owner:
        raise TeamError("Only an owner can change or remove an owner.")
    return current


def _check_not_the_last_owner(member: Membership) -> None:
    owners = Membership.objects.filter(firm=member.firm_id, role=Role.OWNER, user__is_active=True)
    if not owners.exclude(pk=member.pk).exists():
        raise TeamError(f"{member.user} is the only owner. Make somebody else an owner first.")

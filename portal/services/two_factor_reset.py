"""Takes a lost second factor off a person's sign-in: who may, what goes with it, and the word to the person.

A sign-in may open more than one firm. Whoever weakens it weakens all of them, so that a firm resets only that of people
who work for nobody else; for others whoever runs the portal does it.
"""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import F, QuerySet

from portal import mail
from portal.models import Membership, Role, TeamEvent, User
from portal.services.errors import TeamError
from portal.services.members import lock_team
from portal.services.team_history import note, note_everywhere


def refusal_of_reset(*, actor: Membership, member: Membership) -> str:
    """Return why the actor may not reset the member's second factor, and whom to ask; empty where they may."""
    user = member.user
    if member.user_id == actor.user_id:
        return (
            "Nobody resets their own second factor here. You can turn it off under Your profile. Without phone and "
            "recovery codes, ask another owner or admin of the firm, or whoever runs the portal."
        )
    if member.is_owner:
        return "Only whoever runs the portal can reset the second factor of an owner. Ask them."
    if Role(member.role).rank >= Role(actor.role).rank:
        return "Only an owner of the firm can reset the second factor of an admin."
    if not _factors_of(user).exists():
        return f"{user} has no second factor, so there is nothing to reset."
    if user.is_staff or Membership.objects.filter(user=user).exclude(pk=member.pk).exists():
        return (
            f"The sign-in of {user} opens more than this firm, so that only whoever runs the portal can reset its "
            "second factor. Ask them."
        )
    return ""


@transaction.atomic
def two_factor_reset(*, actor: Membership, member: Membership) -> User:
    """Take the member's second factor away, and end all their sessions. :func:`tell_of_reset` tells them.

    Raises:
        TeamError: the actor may not do that, there is nothing to reset, or the member is gone.
    """
    actor = lock_team(actor)
    current = Membership.objects.filter(pk=member.pk, firm=actor.firm_id).first()
    if current is None:
        raise TeamError("This person is no longer a member of the firm.")
    # Nobody joins another firm while this decides: that needs the person's row
    current.user = User.objects.select_for_update().get(pk=current.user_id)
    if refusal := refusal_of_reset(actor=actor, member=current):
        raise TeamError(refusal)
    _take_away(current.user)
    note(TeamEvent.Kind.TWO_FACTOR_RESET, firm=actor.firm_id, actor=actor.user, person=current.user)
    return current.user


@transaction.atomic
def two_factor_reset_by_operator(*, user: User) -> None:
    """Do the same for anybody, as whoever runs the portal. It stands in the history of each firm of theirs.

    Raises:
        TeamError: there is nothing to reset.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if not _factors_of(user).exists():
        raise TeamError(f"{user} has no second factor, so there is nothing to reset.")
    _take_away(user)
    note_everywhere(TeamEvent.Kind.TWO_FACTOR_RESET, person=user, by_operator=True)


def tell_of_reset(user: User, *, by: Membership | None) -> None:
    """Tell the person by e-mail that their second factor was reset, after it was; whoever runs the portal is None.

    Raises:
        MailFailed: the mail server did not take it.
    """
    link = mail.absolute("mfa_activate_totp")
    mail.send("portal/mail/two_factor_reset", user.email, {"user": user, "by": by, "link": link})


def _factors_of(user: User) -> QuerySet[Authenticator]:
    return Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES)


def _take_away(user: User) -> None:
    """Also the recovery codes: they are of no use alone, and a lost bag may have held them."""
    Authenticator.objects.filter(user=user).delete()
    User.objects.filter(pk=user.pk).update(sessions_ended=F("sessions_ended") + 1)

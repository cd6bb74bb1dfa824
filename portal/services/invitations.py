"""The verbs on invitations: invite, send again, revoke, accept. The e-mail leaves after the row is committed."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal import mail
from portal.invitations import key_of, token_of
from portal.models import INVITATION_LASTS, Firm, Invitation, Membership, Role, TeamEvent, User
from portal.services.errors import TeamError
from portal.services.members import check_may_give, lock_team
from portal.services.team_history import note

BETWEEN_SENDING = timedelta(minutes=1)
MOST_OPEN = 200  # of one firm, so that nobody sends masses of e-mails in its name


@transaction.atomic
def invitation_create(*, actor: Membership, email: str, role: Role, view_all_accounts: bool) -> Invitation:
    """Keep a place in the actor's firm for the person of this address. :func:`invitation_send` tells them.

    Raises:
        TeamError: the actor may not invite to that role, or the address is a member's or is invited already.
    """
    actor = lock_team(actor)
    check_may_give(actor, role)
    email = email.strip().lower()
    if Membership.objects.filter(firm=actor.firm_id, user__email__iexact=email).exists():
        raise TeamError(f"{email} is a member of the firm already.")
    waiting = Invitation.objects.filter(firm=actor.firm_id, accepted_at=None)
    if waiting.filter(email=email).exists():
        raise TeamError(f"{email} is invited already. Send the invitation again below, or revoke it first.")
    if waiting.count() >= MOST_OPEN:
        raise TeamError(f"{MOST_OPEN} invitations are open. Revoke some that are no longer needed.")
    invitation = Invitation.objects.create(
        firm=actor.firm, email=email, role=role, view_all_accounts=view_all_accounts, invited_by=actor.user
    )
    note(
        TeamEvent.Kind.INVITED,
        firm=actor.firm_id,
        actor=actor.user,
        email=email,
        after=role,
        view_all_accounts=view_all_accounts,
    )
    return invitation


@transaction.atomic
def invitation_renew(*, actor: Membership, pk: int) -> Invitation:
    """Give an open invitation a new link and a new week; the earlier link stops working.

    Raises:
        TeamError: it is no longer open, it was sent a moment ago, or the actor may not invite to its role.
    """
    actor = lock_team(actor)
    invitation = _open(actor, pk)
    check_may_give(actor, Role(invitation.role))
    if invitation.sent_at and timezone.now() - invitation.sent_at < BETWEEN_SENDING:
        raise TeamError("This invitation was sent less than a minute ago. It may still be on its way.")
    invitation.key, invitation.invited_by = uuid4(), actor.user
    invitation.expires_at = timezone.now() + INVITATION_LASTS
    invitation.sent_at = None
    invitation.save()
    email, role = invitation.email, invitation.role
    note(TeamEvent.Kind.INVITED_AGAIN, firm=actor.firm_id, actor=actor.user, email=email, after=role)
    return invitation


def invitation_send(invitation: Invitation) -> None:
    """Send the e-mail of a committed invitation, and note when.

    Raises:
        MailFailed: the mail server did not take it; the invitation stands and can be sent again.
    """
    link = f"{mail.absolute('invitation')}?{urlencode({'invitation': token_of(invitation.key)})}"
    mail.send("portal/mail/invitation", invitation.email, {"invitation": invitation, "link": link})
    Invitation.objects.filter(pk=invitation.pk, key=invitation.key).update(sent_at=timezone.now())


@transaction.atomic
def invitation_revoke(*, actor: Membership, pk: int) -> Invitation:
    """Take an open invitation back; its link stops working.

    Raises:
        TeamError: it is no longer open, or is one to be an owner and the actor is none.
    """
    actor = lock_team(actor)
    invitation = _open(actor, pk)
    check_may_give(actor, Role(invitation.role))
    Invitation.objects.filter(pk=pk).delete()
    email, role = invitation.email, invitation.role
    note(TeamEvent.Kind.INVITATION_REVOKED, firm=actor.firm_id, actor=actor.user, email=email, before=role)
    return invitation


def invitation_of(token: str) -> Invitation:
    """Return the invitation that a link is of, if it can still be accepted.

    Raises:
        TeamError: the link is forged, was replaced or revoked, is used, or is older than a week.
    """
    key = key_of(token)
    invitation = Invitation.objects.select_related("firm", "invited_by").filter(key=key).first() if key else None
    if invitation is None:
        raise TeamError("This link does not belong to an open invitation. It may have been revoked, or sent anew.")
    if invitation.accepted_at:
        raise TeamError("This invitation was accepted already. Sign in with your e-mail address and password.")
    if invitation.is_expired:
        raise TeamError("This invitation is older than a week. Ask for a new one.")
    return invitation


@transaction.atomic
def invitation_accept(*, token: str, user: User | None, name: str = "", password: str = "") -> Membership:
    """Make the invited person a member: the user who is signed in with its address, or a new one.

    Raises:
        TeamError: the invitation cannot be accepted any more, or is for another address.
        django.core.exceptions.ValidationError: the name or the password of a new user cannot be taken.
    """
    invitation = invitation_of(token)
    Firm.objects.select_for_update(no_key=True).get(pk=invitation.firm_id)
    invitation = invitation_of(token)  # again, now that nobody else can accept it
    if user is None:
        user = _new_user(invitation.email, name, password)
    elif user.email.lower() != invitation.email:
        raise TeamError(f"This invitation is for {invitation.email}, and you are signed in as {user.email}.")
    membership, has_joined = Membership.objects.get_or_create(
        user=user,
        firm=invitation.firm,
        defaults={"role": invitation.role, "view_all_accounts": invitation.view_all_accounts},
    )
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    if has_joined:
        note(
            TeamEvent.Kind.JOINED,
            firm=invitation.firm_id,
            actor=user,
            person=invitation.invited_by,
            email=invitation.email,
            after=membership.role,
            view_all_accounts=membership.view_all_accounts,
        )
    return membership


def _new_user(email: str, name: str, password: str) -> User:
    taken = TeamError("There is a sign-in with this address already. Open the link again, and sign in with it.")
    if User.objects.filter(email__iexact=email).exists():
        raise taken
    user = User(email=email, name=" ".join(name.split()))
    user.set_password(password)
    user.full_clean()
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:  # another firm's invitation of this address was accepted at the same moment
        raise taken from None
    return user


def _open(actor: Membership, pk: int) -> Invitation:
    invitation = Invitation.objects.filter(pk=pk, firm=actor.firm_id, accepted_at=None).select_related("firm").first()
    if invitation is None:
        raise TeamError("This invitation is no longer open: it was accepted or revoked.")
    return invitation

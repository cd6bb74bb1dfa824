"""What whoever runs the portal changes about people in the admin site, as it stands in the history of their firms.

Django's admin makes the change, in one transaction with this; who of the staff it was, the admin's own log says.
"""

from __future__ import annotations

from functools import partial

from portal.models import Firm, Membership, TeamEvent, User
from portal.services.team_history import note, note_everywhere

Kind = TeamEvent.Kind


def member_added(member: Membership) -> None:
    """Note that a person was given a place in a firm."""
    view, role = member.view_all_accounts, member.role
    _of(member)(Kind.ADDED, after=role, view_all_accounts=view)


def member_changed(member: Membership, *, before: Membership) -> None:
    """Note what is different of a place; one that is now another person's or firm's is one removed and one added."""
    if (member.user_id, member.firm_id) != (before.user_id, before.firm_id):
        member_removed(before)
        member_added(member)
        return
    if member.role != before.role:
        _of(member)(Kind.ROLE_CHANGED, before=before.role, after=member.role)
    if member.view_all_accounts != before.view_all_accounts:
        _of(member)(Kind.VIEW_CHANGED, view_all_accounts=member.view_all_accounts)


def member_removed(member: Membership) -> None:
    """Note that a person's place in a firm was taken away."""
    _of(member)(Kind.REMOVED, before=member.role)


def requirement_changed(firm: Firm) -> None:
    """Note what the firm now requires of everybody's sign-in."""
    kind = Kind.TWO_FACTOR_REQUIRED if firm.requires_two_factor else Kind.TWO_FACTOR_NOT_REQUIRED
    note(kind, firm=firm, actor=None, by_operator=True)


def password_set(user: User) -> None:
    """Note that a person was given another password, in each firm of theirs."""
    note_everywhere(Kind.PASSWORD_CHANGED, person=user, by_operator=True)


def _of(member: Membership) -> partial[None]:
    return partial(note, firm=member.firm_id, actor=None, person=member.user, by_operator=True)

"""Who is in a firm, who is invited to it, and what happened to them."""

from __future__ import annotations

from django.db.models import Count, QuerySet

from portal.access import authenticator_app
from portal.models import Firm, Invitation, Membership, TeamEvent, User


def members_of(firm: Firm) -> QuerySet[Membership]:
    """Return the firm's members by name, with ``has_two_factor`` and ``account_count``, those they are assigned to."""
    members = Membership.objects.filter(firm=firm).select_related("user")
    return members.annotate(has_two_factor=authenticator_app("user"), account_count=Count("accounts")).order_by(
        "user__name", "pk"
    )


def open_invitations_of(firm: Firm) -> QuerySet[Invitation]:
    """Return the firm's invitations that nobody has accepted yet, the newest first; expired ones too."""
    return Invitation.objects.filter(firm=firm, accepted_at=None).select_related("invited_by").order_by("-pk")


def memberships_of(person: User) -> QuerySet[Membership]:
    """Return all places of the person, firm by firm."""
    return Membership.objects.filter(user=person).select_related("firm").order_by("firm__name", "pk")


def history_of(firm: Firm) -> QuerySet[TeamEvent]:
    """Return what happened to the firm's team, the newest first."""
    return TeamEvent.objects.filter(firm=firm).select_related("actor", "person").order_by("-pk")

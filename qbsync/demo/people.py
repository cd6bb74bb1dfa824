"""The two demonstration firms and those who sign in to them. What is there already is left as it is."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from portal.models import Firm, Membership, Role, TeamEvent, User
from portal.services.team_history import note
from qbsync.demo.cases import CASES, NEWCOMER_CASES
from qbsync.demo.clients import Client

PASSWORD = "demo-portal"  # noqa: S105  # of sign-ins that exist only beside the simulator


@dataclass(frozen=True)
class DemoFirm:
    """A firm of the demonstration: its people, its clients, and its company in QuickBooks."""

    name: str
    realm_id: str
    owner: tuple[str, str]  # address and name
    admin: tuple[str, str] | None
    employee: tuple[str, str] | None
    cases: tuple[Client, ...]
    clients: int
    seed: int
    has_customer_types: bool
    is_connected: bool

    @property
    def team(self) -> tuple[str, str, str]:
        """Addresses of the owner, the admin and the employee; the owner's where there is no such person."""
        owner = self.owner[0]
        return owner, (self.admin or self.owner)[0], (self.employee or self.owner)[0]


HARTWELL = DemoFirm(
    name="Hartwell & Lane CPAs",
    realm_id="9341455000000001",
    owner=("owner@demo.test", "Olivia Hartwell"),
    admin=("admin@demo.test", "Adam Lane"),
    employee=("employee@demo.test", "Emma Castellano"),
    cases=CASES,
    clients=300,
    seed=20260101,
    has_customer_types=True,
    is_connected=True,
)
BIRCH = DemoFirm(
    name="Birch Street Tax",
    realm_id="9341455000000002",
    owner=("newcomer@demo.test", "Nora Birch"),
    admin=None,
    employee=None,
    cases=NEWCOMER_CASES,
    clients=60,
    seed=20260102,
    has_customer_types=False,  # so that it is seen that the type is left empty where QuickBooks has none
    is_connected=False,
)


@transaction.atomic
def firm_ensure(demo: DemoFirm) -> Firm:
    """Return the firm that the demonstration's owner owns, made with its people where there is none."""
    found = Firm.objects.filter(memberships__user__email=demo.owner[0], memberships__role=Role.OWNER).first()
    if found is not None:
        return found
    firm = Firm.objects.create(name=demo.name)
    for role, person in ((Role.OWNER, demo.owner), (Role.ADMIN, demo.admin), (Role.EMPLOYEE, demo.employee)):
        if person is not None:
            user = User.objects.filter(email=person[0]).first()
            user = user or User.objects.create_user(person[0], PASSWORD, name=person[1])
            Membership.objects.create(user=user, firm=firm, role=role)
            if role != Role.OWNER:
                owner = owner_of(firm)
                note(TeamEvent.Kind.INVITED, firm=firm, actor=owner, email=user.email, after=role)
                note(TeamEvent.Kind.JOINED, firm=firm, actor=user, person=owner, after=role)
    return firm


def owner_of(firm: Firm) -> User:
    """Return the firm's owner."""
    return User.objects.get(memberships__firm=firm, memberships__role=Role.OWNER)

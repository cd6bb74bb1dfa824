"""The people of the tests of screens: Harbor & Finch with Olivia, Adam and Emma, and Nina, who works elsewhere."""

from dataclasses import dataclass

from django.test import Client

from accounts import services
from accounts.models import Account
from portal.models import Firm, Membership, Role, User

PASSWORD = "correct-horse-battery"


@dataclass(frozen=True)
class Office:
    """A firm with one person of each role, and a stranger who owns another firm."""

    firm: Firm
    owner: Membership
    admin: Membership
    employee: Membership
    stranger: Membership

    def account(self, name: str = "Mary Smith", **values: object) -> Account:
        """An account of the firm."""
        return services.account_create(firm=self.firm, name=name, **values)  # type: ignore[arg-type]


def join(firm: Firm, name: str, role: Role) -> Membership:
    """A new person at a firm, whose address is their first name's."""
    user = User.objects.create_user(f"{name.split()[0].lower()}@example.com", PASSWORD, name=name)
    return Membership.objects.create(user=user, firm=firm, role=role)


def open_office() -> Office:
    """Both firms and everybody in them."""
    firm = Firm.objects.create(name="Harbor & Finch")
    elsewhere = Firm.objects.create(name="New Leaf Tax")
    return Office(
        firm=firm,
        owner=join(firm, "Olivia Harbor", Role.OWNER),
        admin=join(firm, "Adam Finch", Role.ADMIN),
        employee=join(firm, "Emma Stone", Role.EMPLOYEE),
        stranger=join(elsewhere, "Nina New", Role.OWNER),
    )


def browser_of(member: Membership) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(member.user)
    return client

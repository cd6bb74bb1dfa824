"""The people of the tests of screens: Harbor & Finch with Olivia, Adam and Emma, and Nina, who works elsewhere."""

import time
from dataclasses import dataclass

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
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


def set_up(member: Membership) -> str:
    """Give the person an authenticator app and recovery codes; return the app's secret."""
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    TOTP.activate(member.user, secret)
    RecoveryCodes.activate(member.user)
    return secret


def confirm(client: Client, *, for_good: bool = False) -> None:
    """Have the person of this browser have typed their password just now; with ``for_good`` the moment never passes."""
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": 1e11 if for_good else time.time()}]
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session.save()

"""The verbs on who works for which account: one person, many accounts at a time."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Account
from accounts.services.errors import refuse
from portal.models import Membership

_AT_ONCE = 5000


@transaction.atomic
def member_assign(*, member: Membership, accounts: QuerySet[Account]) -> int:
    """Put a member on the team of these accounts; return how many of them are of the member's firm.

    Raises:
        BooksError: the person is no longer a member.
    """
    chosen = _of_their_firm(member, accounts)
    place = Account.team.through
    places = (place(account_id=pk, membership_id=member.pk) for pk in chosen)
    place._default_manager.bulk_create(places, batch_size=_AT_ONCE, ignore_conflicts=True)
    return len(chosen)


@transaction.atomic
def member_take_off(*, member: Membership, accounts: QuerySet[Account]) -> int:
    """Take a member off the team of these accounts; return how many of them are of the member's firm.

    Raises:
        BooksError: the person is no longer a member.
    """
    chosen = _of_their_firm(member, accounts)
    Account.team.through._default_manager.filter(membership=member, account__in=chosen).delete()
    return len(chosen)


def _of_their_firm(member: Membership, accounts: QuerySet[Account]) -> list[int]:
    if not Membership.objects.select_for_update(no_key=True).filter(pk=member.pk).exists():
        raise refuse("This person is no longer a member of the firm.")
    return list(accounts.filter(firm=member.firm_id).order_by().values_list("pk", flat=True))

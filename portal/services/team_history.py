"""Writes the team's history, in the transaction of the change it is about. Services call it, and never views."""

from __future__ import annotations

from django.db import transaction

from portal.models import Firm, Membership, TeamEvent, User


def note(
    kind: TeamEvent.Kind,
    *,
    firm: Firm | int,
    actor: User | None,
    person: User | None = None,
    by_operator: bool = False,
    email: str = "",
    before: str = "",
    after: str = "",
    view_all_accounts: bool | None = None,
) -> None:
    """Add to the history of a firm; ``before`` and ``after`` are roles. What the fields mean, ``TeamEvent`` says.

    Raises:
        TransactionManagementError: no transaction is open, so that the change could be made without the entry.
    """
    _check_in_transaction()
    TeamEvent.objects.create(
        firm_id=firm.pk if isinstance(firm, Firm) else firm,
        kind=kind,
        actor=actor,
        person=person,
        by_operator=by_operator,
        email=email,
        before=before,
        after=after,
        view_all_accounts=view_all_accounts,
    )


def note_everywhere(
    kind: TeamEvent.Kind, *, person: User, actor: User | None = None, by_operator: bool = False
) -> None:
    """Add to the history of each firm that the person works for: their sign-in is the same in all of them.

    Without an actor it is what they did themselves.

    Raises:
        TransactionManagementError: no transaction is open.
    """
    doer = None if by_operator else actor or person
    for firm in Membership.objects.filter(user=person).order_by("firm").values_list("firm", flat=True):
        note(kind, firm=firm, actor=doer, person=person, by_operator=by_operator)


def _check_in_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("The team's history is written with the change it is about.")

"""Reads the mirror of QuickBooks' customers for the Sync dialog: what can be linked, what is taken and by whom.

It finds what people search for; ``suggestions`` proposes before they do. It never decides a link nor asks QuickBooks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Case, Exists, IntegerField, OuterRef, Prefetch, Q, QuerySet, Value, When

from accounts.models import Account
from qbsync.matching import fold
from qbsync.models.connection import Connection
from qbsync.models.links import AccountSync
from qbsync.models.mirror import Customer

SHOWN = 25
"""How many customers one search shows; who has more hits types another letter."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One customer as the dialog offers it."""

    customer: Customer
    taken_by: Account | None

    @property
    def parents(self) -> str:
        """The names above a sub-customer, outermost first; empty for a top-level one."""
        return " › ".join(self.customer.full_name.split(":")[:-1]) if self.customer.parent_qbo_id else ""

    @property
    def is_free(self) -> bool:
        """Whether the customer can be linked now."""
        return self.taken_by is None and self.customer.active


@dataclass(frozen=True, slots=True)
class Found:
    """The customers that a search shows, and how many there are in all."""

    choices: list[Choice]
    total: int

    @property
    def left_out(self) -> int:
        """How many more there are than are shown."""
        return self.total - len(self.choices)


def linkable(connection: Connection) -> QuerySet[Customer]:
    """Return the customers that the dialog knows: no projects, and none that was merged into another."""
    return Customer.objects.filter(connection=connection, is_project=False, merged_into="")


def _with_links(customers: QuerySet[Customer]) -> QuerySet[Customer]:
    return customers.prefetch_related(Prefetch("links", AccountSync.objects.select_related("account"), "taken"))


def _choice(customer: Customer, account: Account) -> Choice:
    links: Sequence[AccountSync] = customer.taken  # type: ignore[attr-defined]
    others = [link.account for link in links if link.account_id != account.pk]
    return Choice(customer=customer, taken_by=others[0] if others else None)


def customers_found(account: Account, connection: Connection, query: str) -> Found:
    """Return the customers with every word of the query in their name, their parents' names or e-mail address.

    Those whose name begins with the query come first, and before others those that can be linked. Three statements.
    """
    matches = linkable(connection)
    for word in query.split():
        matches = matches.filter(
            Q(full_name__icontains=word) | Q(display_name__icontains=word) | Q(email__icontains=word)
        )
    rank = Case(
        When(folded_name=fold(query), then=Value(0)),
        When(folded_name__startswith=fold(query), then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    taken = AccountSync.objects.filter(customer=OuterRef("pk")).exclude(account=account)
    order = (rank, Case(When(Exists(taken), then=2), When(active=False, then=1), default=0), "full_name", "pk")
    shown = _with_links(matches.order_by(*order)[:SHOWN])
    return Found([_choice(customer, account) for customer in shown], matches.count())

"""Reads the mirror of QuickBooks' customers for the Sync dialog: what can be linked, what is taken and by whom.

It finds what people search for; ``suggestions`` proposes before they do. It never decides a link nor asks QuickBooks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Case, Exists, IntegerField, OuterRef, Prefetch, Q, QuerySet, Value, When

from accounts.models import Account
from qbsync.matching import Candidate, fold, holder_of
from qbsync.models.connection import Connection
from qbsync.models.links import AccountSync
from qbsync.models.mirror import Customer, NameHolder
from qbsync.states import Reason
from qbsync.wording import explain

_ANYWHERE = 3
"""From how many letters on a word may stand in the middle of another; an index finds no fewer."""

SHOWN = 25
"""How many customers one search shows; who has more hits types another letter."""

_LONGEST_CHAIN = 10


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
        """Whether the customer can be linked as it is."""
        return self.taken_by is None and self.customer.active

    @property
    def is_offered(self) -> bool:
        """Whether it can be chosen: an inactive one is reactivated first."""
        return self.taken_by is None


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


def survivor_of(gone: Customer) -> Customer | None:
    """Whom the customer lives on in, through any number of merges; None where that one is not active (yet)."""
    found: Customer | None = gone
    for _ in range(_LONGEST_CHAIN):
        if found is None or not found.merged_into:
            break
        found = Customer.objects.filter(connection=gone.connection_id, qbo_id=found.merged_into).first()
    return found if found is not None and found.active and found.pk != gone.pk else None


def reactivable(rows: Sequence[AccountSync]) -> dict[int, Customer]:
    """Return, by account, the inactive customer that the account would be linked to if it were active. One statement.

    That is the one whose link was lost, or the only one that had the account's name; a taken one is not offered.
    """
    lost = {row.account_id: row for row in rows if row.reason == Reason.CUSTOMER_INACTIVE}
    named = {row.account_id: row for row in rows if row.reason == Reason.HELD_BY_INACTIVE}
    if not lost and not named:
        return {}
    connection = next(iter([*lost.values(), *named.values()])).connection_id
    remembered = [row.remembered_customer_id for row in lost.values() if row.remembered_customer_id]
    names = [row.folded_name for row in named.values()]
    inactive = Customer.objects.filter(
        Q(pk__in=remembered) | Q(folded_name__in=names, parent_qbo_id=""),
        connection=connection,
        active=False,
        is_project=False,
        merged_into="",
        links=None,
    )
    by_key = {customer.pk: customer for customer in inactive}
    by_name: dict[str, list[Customer]] = defaultdict(list)
    for customer in by_key.values():
        by_name[customer.folded_name].append(customer)
    found = {pk: by_key.get(row.remembered_customer_id or 0) for pk, row in lost.items()}
    found |= {pk: one[0] for pk, row in named.items() if len(one := by_name[row.folded_name]) == 1}
    return {pk: customer for pk, customer in found.items() if customer}


def name_candidates(
    connection: Connection, names: Collection[str], *, for_update: bool = False
) -> dict[str, list[Candidate]]:
    """Return whoever in QuickBooks holds one of these folded names, by name. Three statements.

    ``for_update`` locks the customers, within the caller's transaction, so that no two accounts take the same.
    """
    found: dict[str, list[Candidate]] = defaultdict(list)
    customers = Customer.objects.filter(connection=connection, folded_name__in=names, merged_into="").order_by("pk")
    locked = list(customers.select_for_update() if for_update else customers)
    links = AccountSync.objects.filter(customer__in=customers.order_by().values("pk")).select_related("account")
    taken = {link.customer_id: link.account for link in links}
    for customer in locked:
        account = taken.get(customer.pk)
        found[customer.folded_name].append(
            Candidate(
                kind="customer",
                name=str(customer),
                key=customer.pk,
                can_match=customer.can_match,
                active=customer.active,
                taken_by=f"{account.name} ({account.code})" if account else "",
                taken_by_namesake=bool(account and fold(account.name) == customer.folded_name),
            )
        )
    for holder in NameHolder.objects.filter(connection=connection, folded_name__in=names):
        found[holder.folded_name].append(Candidate(kind=holder.kind, name=holder.display_name, active=holder.active))
    return found


def names_held(connection: Connection, accounts: Iterable[Account]) -> dict[int, str]:
    """Return, by account, the sentence that nobody can be created under its name, where somebody holds that.

    QuickBooks keeps names unique over customers, vendors and employees. Three statements.
    """
    names = {account.pk: account.name for account in accounts}
    found = name_candidates(connection, {fold(name) for name in names.values()})
    held: dict[int, str] = {}
    for key, name in names.items():
        others = [one for one in found[fold(name)] if one.active and not one.can_match]
        if verdict := holder_of(name, others):
            held[key] = explain(verdict.reason, verdict.detail)[0]
    return held


def _with_links(customers: QuerySet[Customer]) -> QuerySet[Customer]:
    return customers.prefetch_related(Prefetch("links", AccountSync.objects.select_related("account"), "taken"))


def _choice(customer: Customer, account: Account) -> Choice:
    links: Sequence[AccountSync] = customer.taken  # type: ignore[attr-defined]
    others = [link.account for link in links if link.account_id != account.pk]
    return Choice(customer=customer, taken_by=others[0] if others else None)


def _has(word: str) -> Q:
    """The condition that a customer has the word; the index of trigrams serves either form."""
    if len(word) >= _ANYWHERE or not word.isascii():
        return Q(full_name__icontains=word) | Q(email__icontains=word)
    begins = Q(full_name__istartswith=word) | Q(email__istartswith=word)
    inside = Q(full_name__icontains=f" {word}") | Q(full_name__icontains=f":{word}")
    return begins | inside if len(word) > 1 else begins


def customers_found(account: Account, connection: Connection, query: str) -> Found:
    """Return the customers with every word of the query in their name, their parents' names or e-mail address.

    Two letters have to begin a word there, and one the whole: in the middle of one nearly every customer has them.
    Those whose name begins with the query come first, and before others those that can be linked. Three statements.
    """
    matches = linkable(connection)
    for word in query.split():
        matches = matches.filter(_has(word))
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

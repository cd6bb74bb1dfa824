"""Finds the customers that accounts may mean, among any number of them, and scores them. It writes and links nothing.

The database finds names that are similar by its trigram index, and addresses that are equal; ``qbsync.scoring`` then
says how alike each one is, and why.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection as database
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Upper

from accounts.models import Account
from qbsync.matching import fold, name_before_deletion
from qbsync.models.connection import Connection
from qbsync.models.links import AccountSync
from qbsync.models.mirror import Customer, phone_digits
from qbsync.naming import search_keys
from qbsync.scoring import Band, Party, Score, ranked, same_phone

SUGGESTED = 3
"""How many customers are suggested for an account."""

_SIMILAR = 150
"""How many customers of similar names are looked at for each spelling of an account's name."""

_SIMILAR_IN_ALL = 300
"""How many are looked at for all spellings of a name that has several, as a household has."""

_SIMILARITIES, _SHORT = (0.55, 0.4, 0.3, 0.2), 16
"""From which trigram similarity on names are looked at: the next lower one is tried only for a name that the higher one
found too few for, because each step down is several times the work, and the most similar names stay the same. Long
names stop at the last but one: in a short one a single typing error spoils many trigrams."""

_MOST_KEYS = 6
_LONGEST_KEY = 100
_CONTACTS = 3
_MOST_CUSTOMERS = 5000
_OF_ANOTHER = 25.0
"""How far a customer that seems to belong to another account moves down, in points."""

_RESUMES = Score(100.0, ("Linked before; syncing resumes without duplicates",))

_SIMILAR_NAMES = """
    SET LOCAL pg_trgm.similarity_threshold = %s;
    SELECT wanted.number, found.id
    FROM unnest(%s::int[], %s::text[], %s::int[]) AS wanted (number, name, most)
    CROSS JOIN LATERAL (
        SELECT id FROM qbsync_customer
        WHERE connection_id = %s AND folded_name %% wanted.name AND merged_into = '' AND NOT is_project
        ORDER BY similarity(folded_name, wanted.name) DESC, id
        LIMIT wanted.most
    ) AS found
"""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A customer that an account may mean: how sure, why, and what stands against it."""

    customer: Customer
    score: Score
    band: Band
    taken_by: Account | None  # another account is linked to it
    namesake: Account | None  # another account has exactly its name
    is_remembered: bool = False

    @property
    def is_free(self) -> bool:
        """Whether the customer can be linked as it is."""
        return self.taken_by is None and self.customer.active

    @property
    def is_offered(self) -> bool:
        """Whether it can be chosen: an inactive one is reactivated first."""
        return self.taken_by is None

    @property
    def parents(self) -> str:
        """The names above a sub-customer, outermost first; empty for a top-level one."""
        return " › ".join(self.customer.full_name.split(":")[:-1]) if self.customer.parent_qbo_id else ""

    @property
    def rank(self) -> tuple[object, ...]:
        """What suggestions are sorted by: whoever seems to belong to another account moves down."""
        lowered = self.score.value - (_OF_ANOTHER if self.taken_by or self.namesake else 0)
        return not self.is_remembered, -lowered, not self.customer.active, self.customer.full_name, self.customer.pk


def suggestions(
    accounts: Sequence[Account], connection: Connection, *, most: int = SUGGESTED
) -> dict[int, list[Suggestion]]:
    """Return for each account, by its key, the customers that it may mean, the likeliest first.

    Customers that are taken, inactive or below another are among them, marked; the one that the account is linked to is
    not. At most nine round trips for any number of accounts that come with their ``contacts`` and ``quickbooks``.
    """
    parties = {account.pk: _party(account) for account in accounts}
    similar = _similar(accounts, connection)
    for account in accounts:
        similar[account.pk].add(_remembered(account))
    customers = _Customers(connection, set().union(*similar.values()), list(parties.values()))
    found = {}
    for account in accounts:
        party, remembered = parties[account.pk], _remembered(account)
        candidates = [one for one in customers.of(party, similar[account.pk]) if account not in customers.linked(one)]
        scores = ranked(party, [_as_party(customer) for customer in candidates])
        scored = [
            (one, _RESUMES if one.pk == remembered else score) for one, score in zip(candidates, scores, strict=True)
        ]
        offered = [
            Suggestion(
                customer=one,
                score=score,
                band=score.band,
                taken_by=next(iter(customers.linked(one)), None),
                namesake=customers.namesake(one, account),
                is_remembered=one.pk == remembered,
            )
            for one, score in scored
            if score.band
        ]
        found[account.pk] = sorted(offered, key=lambda one: one.rank)[:most]
    return found


def _party(account: Account) -> Party:
    contacts = list(account.contacts.all())
    return Party(
        name=account.name,
        other_names=tuple(contact.name for contact in contacts[:_CONTACTS]),
        emails=tuple(contact.email for contact in contacts if contact.email),
        phones=tuple(contact.phone for contact in contacts if contact.phone),
    )


def _similar(accounts: Sequence[Account], connection: Connection) -> dict[int, set[int]]:
    """For each account the keys of customers with a similar name, by the trigram index. One round trip a similarity."""
    searches = [search for account in accounts for search in _searches(account)]
    found: dict[int, set[int]] = defaultdict(set)
    wanted = dict(enumerate(searches))
    with transaction.atomic(), database.cursor() as cursor:
        for least in _SIMILARITIES:
            if least == _SIMILARITIES[-1]:
                wanted = {number: search for number, search in wanted.items() if len(search.name) <= _SHORT}
            if not wanted:
                break
            names, most = [one.name for one in wanted.values()], [one.most for one in wanted.values()]
            cursor.execute(_SIMILAR_NAMES, [least, list(wanted), names, most, connection.pk])
            counts: Counter[int] = Counter()
            for number, customer_pk in cursor.fetchall():
                found[searches[number].account].add(customer_pk)
                counts[number] += 1
            wanted = {number: search for number, search in wanted.items() if counts[number] < search.most}
    return found


@dataclass(frozen=True, slots=True)
class _Search:
    """One spelling of an account's name that similar names are looked for, and how many of them."""

    account: int
    name: str
    most: int


def _searches(account: Account) -> list[_Search]:
    keys = _keys(account)
    most = min(_SIMILAR, _SIMILAR_IN_ALL // max(1, len(keys)))
    return [_Search(account.pk, key, most) for key in keys]


def _keys(account: Account) -> list[str]:
    """The names to look for: the account's and its contacts', with accents and without."""
    names = [account.name, *(contact.name for contact in list(account.contacts.all())[:_CONTACTS])]
    keys = [key for name in names for key in search_keys(name)]
    accented = [fold(name)[:_LONGEST_KEY] for name in names if not name.isascii()]
    return list(dict.fromkeys(keys + accented))[:_MOST_KEYS]


def _remembered(account: Account) -> int:
    """The key of the customer that the account was linked to before; 0 where there is none."""
    sync: AccountSync | None = getattr(account, "quickbooks", None)
    return (sync and sync.remembered_customer_id) or 0


class _Customers:
    """The customers that may be meant, by all that can lead an account to them. Three statements."""

    def __init__(self, connection: Connection, keys: set[int], parties: Sequence[Party]) -> None:
        fetched = _fetched(connection, keys, parties)
        self._by_key = {customer.pk: customer for customer in fetched}
        self._by_mark: dict[tuple[str, str], set[int]] = defaultdict(set)
        for customer in fetched:
            for mark in _marks([customer.display_name, customer.company_name], [customer.email], [customer.phone]):
                self._by_mark[mark].add(customer.pk)
        rows = AccountSync.objects.filter(connection=connection).select_related("account")
        self._linked: dict[int, list[Account]] = defaultdict(list)
        for link in rows.filter(customer__in=fetched):
            self._linked[link.customer_id or 0].append(link.account)
        self._named: dict[str, list[Account]] = defaultdict(list)
        for row in rows.filter(folded_name__in={customer.folded_name for customer in fetched}, customer=None):
            self._named[row.folded_name].append(row.account)

    def of(self, party: Party, similar: set[int]) -> list[Customer]:
        """The customers whose name is similar (their keys are given), or that share a mark with the party."""
        marks = _marks([party.name], party.emails, party.phones)
        keys = similar.union(*(self._by_mark[mark] for mark in marks if mark in self._by_mark))
        return [self._by_key[key] for key in sorted(keys) if key in self._by_key]

    def linked(self, customer: Customer) -> list[Account]:
        """The account that is linked to the customer, if any."""
        return self._linked[customer.pk]

    def namesake(self, customer: Customer, account: Account) -> Account | None:
        """Another unlinked account that has exactly the customer's name, where the account itself has not."""
        others = self._named[customer.folded_name]
        return others[0] if others and account not in others else None


def _fetched(connection: Connection, keys: set[int], parties: Sequence[Party]) -> list[Customer]:
    """The customers of these keys, and those with a name, company name or address equal to one of the parties'."""
    names = [party.name for party in parties]
    emails = {email.upper() for party in parties for email in party.emails}
    phones = {same_phone(phone) for party in parties for phone in party.phones} - {""}
    wanted = Q(pk__in=keys) | Q(folded_name__in=[fold(name) for name in names])
    wanted |= Q(upper_company__in=[name.upper() for name in names])
    wanted |= Q(upper_email__in=emails) | Q(digits__in=phones)
    found = Customer.objects.filter(connection=connection, is_project=False, merged_into="").alias(
        upper_email=Upper("email"), upper_company=Upper("company_name"), digits=phone_digits()
    )
    return list(found.filter(wanted).order_by("pk")[:_MOST_CUSTOMERS])


def _marks(names: Iterable[str], emails: Iterable[str], phones: Iterable[str]) -> set[tuple[str, str]]:
    marks = {("name", fold(name)) for name in names} | {("email", email.casefold()) for email in emails}
    return {mark for mark in marks | {("phone", same_phone(phone)) for phone in phones} if mark[1]}


def _as_party(customer: Customer) -> Party:
    company = customer.company_name
    return Party(
        name=customer.display_name if customer.active else name_before_deletion(customer.display_name),
        other_names=(company,) if company and company != customer.display_name else (),
        emails=tuple(email for email in customer.email.split(",") if email),
        phones=(customer.phone,) if customer.phone else (),
    )

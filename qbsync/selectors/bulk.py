"""Tells what a bulk action would do to the accounts chosen, before anyone decides. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from accounts.models import Account
from qbsync.bulkrules import Left, Verb, ask_of, why_left
from qbsync.matching import fold, match
from qbsync.models import AccountSync, Connection
from qbsync.payloads import name_problem
from qbsync.selectors.consequences import Consequences, consequences_of
from qbsync.selectors.customers import name_candidates
from qbsync.states import Ask, Reason, Status

_FREE = (Reason.NO_MATCH, Reason.HELD_BY_INACTIVE)


@dataclass(frozen=True, slots=True)
class Preview:
    """How many accounts were chosen, and what becomes of them.

    ``resumed`` go on with the customer they had, ``linked`` find theirs by name, ``created`` get a new one, ``stuck``
    will read Failed with the reason; together they are ``affected``. ``left`` counts those left alone, by why.
    """

    chosen: int
    affected: int
    resumed: int = 0
    linked: int = 0
    created: int = 0
    stuck: int = 0
    left: Mapping[Left, int] = field(default_factory=dict)
    outcome: Consequences | None = None


@dataclass(frozen=True, slots=True)
class _Chosen:
    pk: int
    name: str
    status: Status
    is_linked: bool
    is_remembered: bool


def bulk_preview(verb: Verb, account_ids: Sequence[int], connection: Connection) -> Preview:
    """Return what the action would do to these accounts of the connection's firm; others are not counted.

    A fixed number of statements; the customers are those of our copy of QuickBooks' names.
    """
    chosen = _chosen(account_ids, connection)
    left: Counter[Left] = Counter()
    affected = []
    for one in chosen:
        why = why_left(verb, one.status, is_linked=one.is_linked, name=one.name)
        if why:
            left[why] += 1
        else:
            affected.append(one)
    if verb == Verb.UNSYNC:
        outcome = consequences_of([one.pk for one in affected], connection)
        return Preview(len(chosen), len(affected), left=left, outcome=outcome)
    resumed = [one for one in affected if verb == Verb.SYNC and _ask(one) != Ask.MATCH]
    by_name = [one for one in affected if verb == Verb.CREATE or _ask(one) == Ask.MATCH]
    linked, created = _foreseen(verb, by_name, connection)
    return Preview(
        chosen=len(chosen),
        affected=len(affected),
        resumed=len(resumed),
        linked=len(linked),
        created=len(created),
        stuck=len(by_name) - len(linked) - len(created),
        left=left,
        outcome=consequences_of([one.pk for one in (*resumed, *linked, *created)], connection),
    )


def _chosen(account_ids: Sequence[int], connection: Connection) -> list[_Chosen]:
    rows = Account.objects.filter(pk__in=account_ids, firm=connection.firm_id).order_by().values_list(
        "pk", "name", "quickbooks__status", "quickbooks__customer", "quickbooks__remembered_customer"
    )  # fmt: skip
    return [
        _Chosen(pk, name, Status(status or Status.NOT_SYNCED), customer is not None, remembered is not None)
        for pk, name, status, customer, remembered in rows
    ]


def _ask(one: _Chosen) -> Ask:
    return ask_of(one.status, is_linked=one.is_linked, is_remembered=one.is_remembered)


def _foreseen(verb: Verb, chosen: Sequence[_Chosen], connection: Connection) -> tuple[list[_Chosen], list[_Chosen]]:
    """Those that will be linked by their names, and those for which a customer will be created."""
    folded = {one.pk: fold(one.name) for one in chosen}
    candidates = name_candidates(connection, set(folded.values()))
    namesakes = _namesakes(connection, folded) if verb == Verb.SYNC else set()
    linked: list[_Chosen] = []
    created: list[_Chosen] = []
    for one in chosen:
        name = folded[one.pk]
        verdict = match(one.name, candidates[name], [name] if name in namesakes else [])
        if name_problem(one.name):
            continue
        if verdict.customer is not None:
            linked.append(one)
        elif verb == Verb.CREATE and verdict.reason in _FREE:
            created.append(one)
    return linked, created


def _namesakes(connection: Connection, folded: Mapping[int, str]) -> set[str]:
    """The names that more than one unlinked account in the sync will have."""
    counted = Counter(folded.values())
    stored = AccountSync.objects.filter(
        connection=connection, folded_name__in=counted, status__in=[Status.SYNCING, Status.FAILED], customer=None
    ).exclude(account__in=folded)
    counted.update(stored.values_list("folded_name", flat=True))
    return {name for name, count in counted.items() if count > 1}

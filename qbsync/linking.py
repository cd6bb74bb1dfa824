"""Decides what becomes of claimed Syncing accounts: linked, failed with a reason, or a customer to be written first.

Set-based: a fixed number of statements for any number of accounts. Creates nothing in QuickBooks; the engine does that
with the accounts that are returned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db import IntegrityError, transaction

from qbsync import claims, payloads
from qbsync.matching import Verdict, fold, match
from qbsync.models import AccountSync, Connection, Customer
from qbsync.selectors.customers import name_candidates
from qbsync.services.transitions import Transition, apply
from qbsync.states import Ask, Event, Reason, Status

# With these verdicts a new customer can be created; with any other the name is not free, or a person has to choose.
_FREE = frozenset({Reason.NO_MATCH, Reason.HELD_BY_INACTIVE})
_CHOSEN = frozenset({Ask.LINK, Ask.ACTIVATE})


def decide(connection: Connection, rows: Sequence[AccountSync]) -> tuple[list[AccountSync], list[AccountSync]]:
    """Link or fail the Syncing accounts among these claimed rows.

    Returns:
        the rows that are linked now and still ours (documents may follow), and those whose customer is to be created
        or made active again.
    """
    try:
        return _decide(connection, rows)
    except IntegrityError:
        # Somebody linked one of these customers in the same moment. Seen one by one, only that account is affected.
        if len(rows) == 1:
            return _decide(connection, rows)
        parts = [decide(connection, [row]) for row in rows]
        return [r for linked, _ in parts for r in linked], [r for _, wanted in parts for r in wanted]


def _decide(connection: Connection, rows: Sequence[AccountSync]) -> tuple[list[AccountSync], list[AccountSync]]:
    with transaction.atomic():
        ours = claims.held(rows)
        waiting = [row for row in ours.values() if row.status == Status.SYNCING]
        for row in waiting:
            row.judged_name, row.folded_name = row.account.name, fold(row.account.name)
        verdicts = _verdicts(connection, waiting)
        wanted = [row for row in waiting if _is_to_be_written(row, verdicts[row.pk])]
        customers = Customer.objects.in_bulk([v.customer for v in verdicts.values() if v.customer])
        apply([_transition(row, verdicts[row.pk], customers) for row in waiting if row not in wanted])
        AccountSync.objects.bulk_update(wanted, ["judged_name", "folded_name"])
    linked = [row for row in ours.values() if row.status == Status.SYNCED]
    return linked, wanted


def _is_to_be_written(row: AccountSync, verdict: Verdict) -> bool:
    """Whether QuickBooks has to be asked to create the customer, or to make it active again, before it is linked."""
    if row.ask == Ask.ACTIVATE:
        return verdict.customer is not None and row.asked_customer is not None and not row.asked_customer.active
    return row.ask == Ask.CREATE and verdict.reason in _FREE


def linked_to(rows: Iterable[tuple[AccountSync, Customer]], *, intuit_tid: str = "") -> list[AccountSync]:
    """Link accounts to the customers that were created for them, where they are still Syncing; return those rows."""
    pairs = {row.pk: (row, customer) for row, customer in rows}
    with transaction.atomic():
        ours = claims.held(row for row, _ in pairs.values())
        apply(
            [Transition(row, Event.LINKED, customer=pairs[key][1], intuit_tid=intuit_tid) for key, row in ours.items()]
        )
    return [row for row in ours.values() if row.status == Status.SYNCED]


def failed(row: AccountSync, reason: Reason, detail: dict[str, object], *, code: str = "", tid: str = "") -> None:
    """Turn one claimed Syncing account to Failed."""
    with transaction.atomic():
        for ours in claims.held([row]).values():
            apply([Transition(ours, Event.REFUSED, reason=reason, detail=detail, fault_code=code, intuit_tid=tid)])


def _transition(row: AccountSync, verdict: Verdict, customers: dict[int, Customer]) -> Transition:
    if verdict.customer is None:
        return Transition(row, Event.REFUSED, reason=verdict.reason, detail=verdict.detail)
    return Transition(row, Event.LINKED, customer=customers[verdict.customer])


def _verdicts(connection: Connection, waiting: Sequence[AccountSync]) -> dict[int, Verdict]:
    by_name = [row for row in waiting if row.ask in (Ask.MATCH, Ask.CREATE)]
    candidates = name_candidates(connection, {row.folded_name for row in by_name}, for_update=True)
    namesakes = _namesakes(connection, by_name)
    verdicts = _by_choice(connection, [row for row in waiting if row not in by_name])
    for row in by_name:
        name = row.account.name
        if problem := payloads.name_problem(name):
            detail = {"name": name, "problem": problem.sentence}
            verdicts[row.pk] = Verdict(reason=Reason.NAME_INVALID, detail=detail)
        else:
            others = namesakes[row.pk] if row.ask == Ask.MATCH else []
            verdicts[row.pk] = match(name, candidates[row.folded_name], others)
    return verdicts


def _by_choice(connection: Connection, rows: Sequence[AccountSync]) -> dict[int, Verdict]:
    """Verdicts where no name decides: a person chose the customer, or the link is there already."""
    wanted = {row.pk: row.asked_customer_id if row.ask in _CHOSEN else row.customer_id for row in rows}
    chosen = Customer.objects.select_for_update().in_bulk([key for key in wanted.values() if key])
    taken = {
        link.customer_id: link
        for link in AccountSync.objects.filter(customer__in=chosen).exclude(pk__in=wanted).select_related("account")
    }
    # Two of these accounts may have been given the same customer: the first has it.
    first: dict[int, AccountSync] = {}
    verdicts: dict[int, Verdict] = {}
    for row in rows:
        customer = chosen.get(wanted[row.pk] or 0)
        if customer is None or not _is_to_be_had(customer, row) or customer.connection_id != connection.pk:
            verdicts[row.pk] = Verdict(reason=Reason.CUSTOMER_GONE)
            continue
        other = taken.get(customer.pk) or first.setdefault(customer.pk, row)
        if other.pk == row.pk:
            verdicts[row.pk] = Verdict(customer=customer.pk)
        else:
            detail = {"customer": str(customer), "account": f"{other.account.name} ({other.account.code})"}
            verdicts[row.pk] = Verdict(reason=Reason.CUSTOMER_TAKEN, detail=detail)
    return verdicts


def _is_to_be_had(customer: Customer, row: AccountSync) -> bool:
    return customer.active or (row.ask == Ask.ACTIVATE and not customer.merged_into)


def _namesakes(connection: Connection, rows: Sequence[AccountSync]) -> dict[int, list[str]]:
    """For each row the other unlinked accounts, Syncing or Failed, whose name folds to the same, by name and ID."""
    names = {row.folded_name for row in rows}
    mine = {row.pk for row in rows}
    stored = AccountSync.objects.filter(
        connection=connection, folded_name__in=names, status__in=[Status.SYNCING, Status.FAILED], customer=None
    ).exclude(pk__in=mine)
    groups: dict[str, list[AccountSync]] = defaultdict(list)
    for row in [*rows, *stored.select_related("account")]:
        groups[row.folded_name].append(row)
    return {
        row.pk: [f"{o.account.name} ({o.account.code})" for o in groups[row.folded_name] if o.pk != row.pk]
        for row in rows
    }

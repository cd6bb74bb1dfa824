"""Validates all links on demand: asks for every linked customer by its id, where a look asks only what changed.

So it tells also what no look could: a change that was missed. What it finds is kept, judged and followed as by a look.
It goes on where it was left off, after a wait or a kill, and counts each customer once.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from qbsync import clock, mirror, troubles
from qbsync.changes import documents, links
from qbsync.gateway.batch import MOST_ITEMS
from qbsync.gateway.company import BatchQuery, Company
from qbsync.gateway.faults import Fault
from qbsync.gateway.limiter import Priority, QuotaWait
from qbsync.health import explain_trouble
from qbsync.metering import Session
from qbsync.models import AccountSync, Customer, LinkValidation
from qbsync.states import Reason

IDS_A_QUERY = 500
"""How many customers one query asks for; a request holds up to 30 queries."""

_BUSY_S = 2.0  # another worker reads the company; it is soon done, or dead
_MOST_ATTEMPTS = 5


def run(validation_id: int) -> float | None:
    """Do a validation that was asked for, unless another worker is at it.

    Returns:
        the seconds after which to call again, or None when it has ended or is somebody else's.
    """
    now = clock.now()
    open_one = LinkValidation.objects.filter(pk=validation_id, ended_at=None, due_at__lte=now)
    one = open_one.select_related("connection__firm").first()
    if one is None:
        return None
    connection = one.connection
    if not connection.is_ready:
        _end(one, problem="QuickBooks was not connected, or its connection needs attention.")
        return None
    if connection.rests_until and connection.rests_until > now:
        _end(one, problem=explain_trouble(connection.trouble)[0])
        return None
    session = Session(connection, Priority.PEOPLE, is_sync=False)
    try:
        with mirror.reading(connection) as is_mine:
            if not is_mine:
                return _put_off(one, _BUSY_S)
            one.refresh_from_db()  # another worker may have gone on with it before we had the lease
            if one.ended_at is None:
                _validate(one, session.company)
    except QuotaWait as quota:
        return _put_off(one, quota.seconds)
    except Fault as fault:
        again = troubles.of_connection(connection, session, fault)
        LinkValidation.objects.filter(pk=one.pk).update(attempts=F("attempts") + 1)
        if again is None or one.attempts + 1 >= _MOST_ATTEMPTS:
            _end(one, problem=fault.rule.sentence)
            return None
        return _put_off(one, again)
    finally:
        session.close()
    troubles.over(connection)
    return None


def _validate(one: LinkValidation, company: Company) -> None:
    """Ask for all that are left, then follow what was merged and judge the documents by it, and end."""
    connection = one.connection
    while asked := list(_left(one)[: MOST_ITEMS * IDS_A_QUERY]):
        parts = [asked[start : start + IDS_A_QUERY] for start in range(0, len(asked), IDS_A_QUERY)]
        there = _ask(company, parts)
        mirror.renew_lease(connection)
        for part in parts:
            if not _take(one, part, there):
                return
    links.follow(connection, company)
    documents.judge(connection)
    _end(one)


def _left(one: LinkValidation) -> QuerySet[Customer]:
    """The customers that are still to be asked for: the linked ones, and those whose link was lost."""
    ours = AccountSync.objects.filter(connection=one.connection)
    lost = ours.filter(reason=Reason.CUSTOMER_INACTIVE).values("remembered_customer")
    mine = Q(pk__in=ours.exclude(customer=None).values("customer")) | Q(pk__in=lost)
    return Customer.objects.filter(mine, pk__gt=one.reached).order_by("pk")


def _ask(company: Company, parts: Sequence[Sequence[Customer]]) -> dict[str, Mapping[str, Any]]:
    """Return, by id, who of them is in QuickBooks. Whoever is not in the answer is asked for once more."""
    reads = [
        BatchQuery(str(number), mirror.select_by_ids("Customer", [customer.qbo_id for customer in part]))
        for number, part in enumerate(parts)
    ]
    answer = company.batch(reads, request_id=str(uuid.uuid4()))
    there = {str(row["Id"]): row for read in reads for row in mirror.rows_of(answer.items[read.item_id])}
    missing = [customer.qbo_id for part in parts for customer in part if customer.qbo_id not in there]
    return there | {str(row["Id"]): row for row in mirror.look_up(company, "Customer", missing)}


def _take(one: LinkValidation, part: Sequence[Customer], there: Mapping[str, Mapping[str, Any]]) -> bool:
    """Keep what QuickBooks said of these and count them; False where another worker has done it meanwhile."""
    before = {customer.pk: _told(customer) for customer in part}
    ids = [customer.qbo_id for customer in part]
    with transaction.atomic():
        untouched = LinkValidation.objects.filter(pk=one.pk, reached=one.reached, ended_at=None)
        if not untouched.update(reached=part[-1].pk, checked=F("checked") + len(part)):
            return False
        mirror.settle(one.connection, "Customer", ids, [there[number] for number in ids if number in there])
        after = Customer.objects.filter(pk__in=before)
        changed = sum(_told(customer) != before[customer.pk] for customer in after)
        LinkValidation.objects.filter(pk=one.pk).update(changed=F("changed") + changed)
    one.reached = part[-1].pk
    return True


def _told(customer: Customer) -> tuple[str, bool]:
    """What a change is counted by."""
    return customer.full_name, customer.active


def _put_off(one: LinkValidation, seconds: float) -> float:
    """Give it back; the sweep leaves it alone until it is called again."""
    # A little sooner than the message comes, which would find nothing to do otherwise.
    due_at = clock.about_now() + timedelta(seconds=seconds) - timedelta(milliseconds=10)
    LinkValidation.objects.filter(pk=one.pk).update(due_at=due_at)
    return seconds


def _end(one: LinkValidation, *, problem: str = "") -> None:
    LinkValidation.objects.filter(pk=one.pk).update(ended_at=clock.about_now(), problem=problem)

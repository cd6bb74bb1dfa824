"""One comparison of the firm's books with QuickBooks, from claim to result. Only reads QuickBooks.

QuickBooks is read first and the books after it, so that whatever was sent in between is known. Its account is left out,
as half of its documents would seem to be missing.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from qbsync import clock, troubles
from qbsync.gateway.company import Company
from qbsync.gateway.faults import Fault
from qbsync.gateway.limiter import Priority, QuotaWait
from qbsync.metering import Session
from qbsync.models import Reconciliation, ReconciliationDifference
from qbsync.reconciliation import ours, theirs
from qbsync.reconciliation.comparing import Comparison, Difference, Kind, Theirs, compare

logger = logging.getLogger(__name__)

_MOST_ATTEMPTS = 5


def run(reconciliation_id: int) -> float | None:
    """Do a comparison that was asked for, unless another worker is at it.

    Returns:
        the seconds after which to call again, or None when it has ended or is somebody else's.
    """
    if not _claim(reconciliation_id):
        return None
    one = Reconciliation.objects.select_related("connection__firm", "account").get(pk=reconciliation_id)
    if not one.connection.is_ready:
        _end(one, problem="QuickBooks was not connected, or its connection needs attention.")
        return None
    priority = Priority.PEOPLE if one.account_id else Priority.BACKGROUND
    session = Session(one.connection, priority, is_sync=False)
    try:
        _compare(one, session.company)
    except QuotaWait as quota:
        return _put_off(one, quota.seconds)
    except Fault as fault:
        again = troubles.of_connection(one.connection, session, fault)
        Reconciliation.objects.filter(pk=one.pk).update(attempts=F("attempts") + 1)
        if again is None or one.attempts + 1 >= _MOST_ATTEMPTS:
            _end(one, problem=fault.rule.sentence)
            return None
        return _put_off(one, again)
    finally:
        session.close()
    return None


def _compare(one: Reconciliation, company: Company) -> None:
    connection, started_at = one.connection, clock.about_now()
    customers = ours.linked_customers(connection, one.account)
    known = ours.ids_in_quickbooks(connection, [one.account_id] if one.account_id else None)
    there: dict[tuple[Kind, str], Theirs] = {}
    if customers:
        found = theirs.documents_of(
            company,
            customers=list(customers) if one.account_id else None,
            since=connection.sync_date,
            expected={kind: len(ids) for kind, ids in known.items()},
            heard=lambda: _keep(one),
        )
        ours_or_linked = (row for row in found if row.customer_id in customers or row.qbo_id in known[row.kind])
        there = {(row.kind, row.qbo_id): row for row in ours_or_linked}
        # Older than the sync date, or moved to a customer that was not asked for
        missing = {kind: [key for key in ids if (kind, key) not in there] for kind, ids in known.items()}
        there |= {(row.kind, row.qbo_id): row for row in theirs.copies_of(company, missing, lambda: _keep(one))}
    moving = ours.moving_accounts(connection, started_at) & set(customers.values())
    settled = {customer: account for customer, account in customers.items() if account not in moving}
    # The copies of an account that is left out are left out too, or they would seem to be QuickBooks' alone.
    moved = ours.ids_in_quickbooks(connection, moving)
    mine = list(ours.documents_of(connection, customers, without=moving))
    rest = (row for row in there.values() if row.qbo_id not in moved[row.kind])
    _keep_result(one, compare(mine, rest, settled), documents=len(mine), moving=len(moving))


def _keep_result(one: Reconciliation, result: Comparison, *, documents: int, moving: int) -> None:
    with transaction.atomic():
        one.differences.all().delete()
        ReconciliationDifference.objects.bulk_create(
            (_row(one, difference) for difference in result.differences), batch_size=1000
        )
        for name in ("invoiced", "paid", "open"):
            setattr(one, f"here_{name}", getattr(result.here, name))
            setattr(one, f"there_{name}", getattr(result.there, name))
        one.documents, one.moving_accounts = documents, moving
        one.ended_at, one.leased_until, one.problem = clock.about_now(), None, ""
        one.save()


def _row(one: Reconciliation, difference: Difference) -> ReconciliationDifference:
    mine, copy, document = difference.ours, difference.theirs, difference.document
    return ReconciliationDifference(
        reconciliation=one,
        account_id=difference.account_id,
        verdict=difference.verdict,
        kind=document.kind,
        invoice_id=mine.key if mine and mine.kind == Kind.INVOICE else None,
        payment_id=mine.key if mine and mine.kind == Kind.PAYMENT else None,
        number=document.number,
        day=document.day,
        qbo_id=copy.qbo_id if copy else "",
        here_amount=mine.amount if mine else None,
        here_open=mine.open if mine else None,
        there_amount=copy.amount if copy else None,
        there_open=copy.open if copy else None,
    )


def _claim(reconciliation_id: int) -> bool:
    now = clock.now()
    free = Reconciliation.objects.filter(
        Q(leased_until=None) | Q(leased_until__lt=now), pk=reconciliation_id, ended_at=None
    )
    return free.update(leased_until=now + _lease()) == 1


def _lease() -> timedelta:
    return timedelta(seconds=settings.SYNC_LEASE_S)


def _keep(one: Reconciliation) -> None:
    Reconciliation.objects.filter(pk=one.pk).update(leased_until=clock.now() + _lease())


def _put_off(one: Reconciliation, seconds: float) -> float:
    """Give it back; the sweep does not take it for lost before it is called again."""
    until = clock.about_now() + timedelta(seconds=seconds) - timedelta(milliseconds=10)
    Reconciliation.objects.filter(pk=one.pk).update(leased_until=until)
    return seconds


def _end(one: Reconciliation, *, problem: str) -> None:
    Reconciliation.objects.filter(pk=one.pk).update(ended_at=clock.about_now(), leased_until=None, problem=problem)

"""Makes inactive customers active again for the accounts that ask for it, each with an intent committed before.

The customers are read first: what a lost answer has done is seen there, and the token that is sent is the present one.
An old write that is executed late is refused for its token, or has done what was wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from qbsync import clock, customer_intents, linking, mirror, payloads
from qbsync.creating import Created
from qbsync.gateway.faults import Fault, FaultKind, Retry
from qbsync.gateway.queries import in_list
from qbsync.matching import name_before_deletion
from qbsync.metering import Session
from qbsync.models import AccountSync, Connection, Customer, NameHolder, PushIntent
from qbsync.outcomes import explained
from qbsync.plan import BATCH_SIZE
from qbsync.states import Ask, Reason

_LOOK_AFTER = timedelta(seconds=3)


def reactivate(connection: Connection, session: Session, rows: Sequence[AccountSync]) -> Created:
    """Make the customer that each of these claimed accounts was given active again, and link it.

    Raises:
        Fault, QuotaWait: what concerns the whole connection. Accounts that were not served stay Syncing.
    """
    served = Created()
    for start in range(0, len(rows), BATCH_SIZE):
        inactive = _still_inactive(connection, session, rows[start : start + BATCH_SIZE], served)
        _reactivate(connection, session, inactive, served)
    return served


def _still_inactive(
    connection: Connection, session: Session, rows: Sequence[AccountSync], served: Created
) -> list[AccountSync]:
    """Read the customers; link what is active already, and return the accounts whose customer is not."""
    ids = sorted({row.asked_customer.qbo_id for row in rows if row.asked_customer})
    where = f"Id IN {in_list(ids)} AND Active IN (true, false)"
    mirror.note(connection, list(session.company.query_all("Customer", where)))
    for intent in customer_intents.lost(rows, Ask.ACTIVATE).values():
        customer_intents.settle(intent, PushIntent.Outcome.NOT_EXECUTED)
    linked, wanted = linking.decide(connection, rows)
    served.linked += linked
    return wanted


def _reactivate(connection: Connection, session: Session, rows: Sequence[AccountSync], served: Created) -> None:
    intents = customer_intents.record(connection, rows, Ask.ACTIVATE, _payload)
    if not intents:
        return
    answer = customer_intents.send(session, intents)
    made: list[dict[str, Any]] = []
    done: list[AccountSync] = []
    taken: list[tuple[AccountSync, Fault]] = []
    trouble: Fault | None = None
    for intent in intents:
        row, outcome = intent.account_sync, answer.items[intent.item_id]
        if isinstance(outcome, dict):
            customer_intents.settle(
                intent, PushIntent.Outcome.DONE, qbo_id=str(outcome["Id"]), intuit_tid=answer.intuit_tid
            )
            made.append(outcome)
            done.append(row)
        elif isinstance(outcome, Fault):
            trouble = _refused(intent, outcome, taken, served) or trouble
    mirror.note(connection, made)
    # Decided anew, not linked outright: an account of the customer's own name may have been linked in this moment.
    linked, _ = linking.decide(connection, done)
    served.linked += linked
    _name_taken(connection, session, taken)
    if trouble is not None:
        raise trouble


def _payload(row: AccountSync) -> dict[str, Any]:
    assert row.asked_customer is not None  # noqa: S101 - a constraint of what asks for it
    return payloads.reactivation(qbo_id=row.asked_customer.qbo_id, sync_token=row.asked_customer.sync_token)


def _refused(intent: PushIntent, fault: Fault, taken: list[tuple[AccountSync, Fault]], served: Created) -> Fault | None:
    """Settle one that was refused; return the fault where it concerns the whole connection."""
    row = intent.account_sync
    if not fault.outcome_known:
        served.come_back[row.pk] = clock.about_now() + _LOOK_AFTER
        return None
    if fault.rule.retry in (Retry.WAIT_FOR_QUOTA, Retry.STOP_CONNECTION, Retry.REFRESH_TOKEN):
        customer_intents.forget([intent])
        return fault
    customer_intents.settle(intent, PushIntent.Outcome.REFUSED, fault_code=fault.code, intuit_tid=fault.intuit_tid)
    if fault.kind is FaultKind.NAME_TAKEN:
        taken.append((row, fault))
    elif fault.kind is FaultKind.STALE:
        served.come_back[row.pk] = clock.about_now() + _LOOK_AFTER  # it is read again, and seen as it now is
    else:
        linking.failed(row, Reason.REFUSED, explained(fault), code=fault.code, tid=fault.intuit_tid)
    return None


def _name_taken(connection: Connection, session: Session, refused: Sequence[tuple[AccountSync, Fault]]) -> None:
    """Somebody else has the customer's name by now (6240): say who, and leave the customer inactive."""
    if not refused:
        return
    mirror.refresh(connection, session.company, max_age=timedelta(0))
    for row, fault in refused:
        assert row.asked_customer is not None  # noqa: S101 - a constraint of what asks for it
        customer = row.asked_customer
        detail: dict[str, object] = {
            "customer": name_before_deletion(customer.display_name),
            "holder": _holder(connection, customer),
        }
        linking.failed(row, Reason.INACTIVE_NAME_TAKEN, detail, code=fault.code, tid=fault.intuit_tid)


def _holder(connection: Connection, customer: Customer) -> str:
    """Who has the name of an inactive customer, in words."""
    named = {"connection": connection, "folded_name": customer.folded_name, "active": True}
    if other := NameHolder.objects.filter(**named).first():
        return f"the {other.kind} “{other.display_name}”"
    if namesake := Customer.objects.filter(**named).exclude(pk=customer.pk).first():
        return f"the customer “{namesake}”"
    return "another record in QuickBooks"

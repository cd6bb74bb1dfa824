"""Creates customers for the accounts that ask for one, in batches, each with an intent committed before it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from qbsync import clock, customer_intents, linking, mirror
from qbsync.gateway.faults import Fault, FaultKind, Retry
from qbsync.matching import fold
from qbsync.metering import Session
from qbsync.models import AccountSync, Connection, Customer, PushIntent
from qbsync.outcomes import explained
from qbsync.payloads import customer_payload
from qbsync.plan import BATCH_SIZE
from qbsync.states import Ask, Reason, Status

_CLOCKS_DIFFER = timedelta(minutes=10)
_LOOK_AFTER = timedelta(seconds=3)


@dataclass
class Created:
    """What became of accounts that asked for a customer to be created, or made active again."""

    linked: list[AccountSync] = field(default_factory=list)
    come_back: dict[int, datetime] = field(default_factory=dict)  # by key: QuickBooks has not said yet; ask again then


def create(connection: Connection, session: Session, rows: Sequence[AccountSync]) -> Created:
    """Create a customer for each of these claimed accounts, and link it.

    Raises:
        Fault, QuotaWait: what concerns the whole connection. Accounts that were not served stay Syncing.
    """
    created = Created()
    free = _found_after_all(connection, session, rows, created)
    for start in range(0, len(free), BATCH_SIZE):
        _create(connection, session, free[start : start + BATCH_SIZE], created)
    return created


def _found_after_all(
    connection: Connection, session: Session, rows: Sequence[AccountSync], created: Created
) -> list[AccountSync]:
    """Look for customers whose creation was sent but never answered; return the accounts that are free to send."""
    lost = customer_intents.lost(rows, Ask.CREATE)
    if not lost:
        return list(rows)
    since = min(intent.sent_at for intent in lost.values()) - _CLOCKS_DIFFER
    where = f"MetaData.LastUpdatedTime >= '{since.isoformat(timespec='seconds')}'"
    noted = mirror.note(connection, list(session.company.query_all("Customer", where)))
    linking.linked_to(_under_former_names(rows, lost, noted))
    found, wanted = linking.decide(connection, rows)
    created.linked += found
    free: list[AccountSync] = []
    window = timedelta(seconds=settings.QBO_EXECUTION_WINDOW_S)
    for row in wanted:
        intent = lost.get(row.pk)
        if intent is not None and clock.now() < intent.sent_at + window:
            created.come_back[row.pk] = intent.sent_at + window
            continue
        if intent is not None:
            customer_intents.settle(intent, PushIntent.Outcome.NOT_EXECUTED)
        free.append(row)
    return free  # the intents of those that are linked now are settled by ``recovery``


def _under_former_names(
    rows: Sequence[AccountSync], lost: Mapping[int, PushIntent], noted: Mapping[str, Customer]
) -> list[tuple[AccountSync, Customer]]:
    """The accounts that were renamed since, with the customers that were created for them under their former names."""
    by_name = {customer.folded_name: customer for customer in noted.values() if customer.can_match}
    sent = {key: fold(intent.payload["DisplayName"]) for key, intent in lost.items()}
    renamed = [row for row in rows if row.pk in sent and sent[row.pk] != fold(row.account.name)]
    found = {row.pk: by_name[sent[row.pk]] for row in renamed if sent[row.pk] in by_name}
    taken = set(AccountSync.objects.filter(customer__in=found.values()).values_list("customer", flat=True))
    return [(row, found[row.pk]) for row in renamed if row.pk in found and found[row.pk].pk not in taken]


def _create(connection: Connection, session: Session, rows: Sequence[AccountSync], created: Created) -> None:
    intents = customer_intents.record(connection, rows, Ask.CREATE, lambda row: _payload(connection, row))
    if not intents:
        return
    by_key = {intent.item_id: intent for intent in intents}
    answer = customer_intents.send(session, intents)
    made: list[tuple[AccountSync, dict[str, Any]]] = []
    taken: list[AccountSync] = []
    trouble: Fault | None = None
    for key, outcome in answer.items.items():
        intent = by_key[key]
        row = intent.account_sync
        if isinstance(outcome, dict):
            customer_intents.settle(
                intent, PushIntent.Outcome.DONE, qbo_id=str(outcome["Id"]), intuit_tid=answer.intuit_tid
            )
            made.append((row, outcome))
        elif isinstance(outcome, Fault):
            trouble = _refused(intent, outcome, taken, created) or trouble
    customers = mirror.note(connection, [remote for _, remote in made])
    created.linked += linking.linked_to(
        ((row, customers[str(remote["Id"])]) for row, remote in made), intuit_tid=answer.intuit_tid
    )
    created.linked += _name_taken(connection, session, taken)
    if trouble is not None:
        raise trouble


def _payload(connection: Connection, row: AccountSync) -> dict[str, Any]:
    contact = row.account.contacts.first()  # the primary one comes first
    return customer_payload(
        row.account.name,
        type=row.account.type,
        email=contact.email if contact else "",
        phone=contact.phone if contact else "",
        individual_type_id=connection.individual_type_id,
    )


def _refused(intent: PushIntent, fault: Fault, taken: list[AccountSync], created: Created) -> Fault | None:
    """Settle one refused creation; return the fault where it concerns the whole connection."""
    row = intent.account_sync
    if not fault.outcome_known:
        created.come_back[row.pk] = clock.about_now() + _LOOK_AFTER
        return None
    if fault.rule.retry in (Retry.WAIT_FOR_QUOTA, Retry.STOP_CONNECTION, Retry.REFRESH_TOKEN):
        customer_intents.forget([intent])
        return fault
    customer_intents.settle(intent, PushIntent.Outcome.REFUSED, fault_code=fault.code, intuit_tid=fault.intuit_tid)
    if fault.kind is FaultKind.NAME_TAKEN:
        taken.append(row)
    else:
        linking.failed(row, Reason.REFUSED, explained(fault), code=fault.code, tid=fault.intuit_tid)
    return None


def _name_taken(connection: Connection, session: Session, rows: Sequence[AccountSync]) -> list[AccountSync]:
    """Somebody has the name (6240): read who, and decide again. Never a second customer, never a silent rename."""
    if not rows:
        return []
    mirror.refresh(connection, session.company, max_age=timedelta(0))
    linked, unexplained = linking.decide(connection, rows)
    for row in unexplained:
        linking.failed(row, Reason.REFUSED, explained(Fault(FaultKind.NAME_TAKEN, code="6240")), code="6240")
    return [row for row in linked if row.status == Status.SYNCED]

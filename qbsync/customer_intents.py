"""Intents of writes to customers: committed before the batch is sent, forgotten where it was not, settled after.

``creating`` and ``reactivating`` decide what is written and what follows from the answers.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction

from qbsync import claims, clock
from qbsync.gateway.batch import BatchAnswer, BatchItem
from qbsync.gateway.faults import Fault
from qbsync.gateway.limiter import QuotaWait
from qbsync.metering import Session
from qbsync.models import AccountSync, Connection, PushIntent
from qbsync.shipping import ship
from qbsync.states import Ask, Status

_OPERATIONS = {Ask.CREATE: PushIntent.Operation.CREATE, Ask.ACTIVATE: PushIntent.Operation.UPDATE}


def lost(rows: Sequence[AccountSync], ask: Ask) -> dict[int, PushIntent]:
    """Return, by their accounts' rows, the writes of this kind that were sent and never answered."""
    found = PushIntent.objects.filter(
        account_sync__in=rows,
        invoice_sync=None,
        payment_sync=None,
        outcome=PushIntent.Outcome.OPEN,
        operation=_OPERATIONS[ask],
    )
    return {intent.account_sync_id: intent for intent in found}


def record(
    connection: Connection, rows: Sequence[AccountSync], ask: Ask, payload_of: Callable[[AccountSync], dict[str, Any]]
) -> list[PushIntent]:
    """Commit the intents of those accounts that are still ours and still ask for this, as one request.

    An open one of the other kind is given up: what it would still do is found by the mirror, and harms nothing.
    """
    now = clock.now()
    request_id = str(uuid.uuid4())
    with transaction.atomic():
        ours = [r for r in claims.held(rows).values() if r.status == Status.SYNCING and r.ask == ask]
        PushIntent.objects.filter(
            account_sync__in=ours, invoice_sync=None, payment_sync=None, outcome=PushIntent.Outcome.OPEN
        ).exclude(operation=_OPERATIONS[ask]).update(outcome=PushIntent.Outcome.NOT_EXECUTED, settled_at=now)
        intents = [
            PushIntent(
                connection=connection,
                account_sync=row,
                operation=_OPERATIONS[ask],
                request_id=request_id,
                item_id=str(number),
                payload=payload_of(row),
                claim=row.claim,
                sent_at=now,
            )
            for number, row in enumerate(ours, start=1)
        ]
        return PushIntent.objects.bulk_create(intents)


def send(session: Session, intents: Sequence[PushIntent]) -> BatchAnswer:
    """Send the intents of one request. Those that certainly were not executed are forgotten.

    Raises:
        Fault, QuotaWait: as the gateway; the intents stay open where the outcome is not known.
    """
    items = [BatchItem(one.item_id, one.operation, "Customer", one.payload) for one in intents]
    try:
        return ship(
            session.company,
            items,
            request_id=intents[0].request_id,
            age_s=lambda: (clock.now() - intents[0].sent_at).total_seconds(),
            priority=session.priority,
        )
    except QuotaWait:
        forget(intents)
        raise
    except Fault as fault:
        if fault.outcome_known:
            forget(intents)
        raise


def forget(intents: Sequence[PushIntent]) -> None:
    """Drop intents of what was not executed, so that it is sent as if for the first time."""
    PushIntent.objects.filter(pk__in=[intent.pk for intent in intents]).delete()


def settle(intent: PushIntent, outcome: str, **kept: str) -> None:
    """Keep what became of one intent; ``kept`` are more of its fields."""
    intent.outcome, intent.settled_at = outcome, clock.about_now()
    for name, value in kept.items():
        setattr(intent, name, value)
    intent.save(update_fields=["outcome", "settled_at", *kept])

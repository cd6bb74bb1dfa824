"""Sends the writes of one request whose intents are committed. Touches no database; settling is the senders' business.

They go as one batch. For a person they go one by one when the company's batches of this minute are used up: single
requests have a quota of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import sleep
from typing import Any

from qbsync.gateway.batch import BatchAnswer, BatchItem
from qbsync.gateway.company import Company
from qbsync.gateway.faults import Fault, FaultKind
from qbsync.gateway.limiter import Priority, QuotaWait

LONGEST_WAIT_S = 2.0
"""Longer ones are done by coming back later."""

# What was not sent this soon after its intents were committed is not sent any more: QBO_EXECUTION_WINDOW_S, after which
# its absence in QuickBooks proves something, is counted from there.
_SENT_WITHIN_S = 5.0


def ship(
    company: Company, items: Sequence[BatchItem], *, request_id: str, age_s: Callable[[], float], priority: Priority
) -> BatchAnswer:
    """Send the items under this id; ``age_s`` tells how many seconds ago their intents were committed.

    Raises:
        QuotaWait: nothing was sent, and nothing is free for longer than it is worth waiting here.
        Fault: as the gateway.
    """
    waited = 0.0
    while True:
        try:
            _refuse_if_late(age_s())
            return company.batch(items, request_id=request_id)
        except QuotaWait as quota:
            waited += quota.seconds
            if waited > LONGEST_WAIT_S:
                if priority is Priority.PEOPLE:
                    return _one_by_one(company, items, request_id, age_s)
                raise
            sleep(quota.seconds)


def _refuse_if_late(age_s: float) -> None:
    """Raise QuotaWait where it has waited too long: this process was stopped, or what was sent before took long."""
    if age_s > _SENT_WITHIN_S:
        raise QuotaWait(LONGEST_WAIT_S)


def _one_by_one(
    company: Company, items: Sequence[BatchItem], request_id: str, age_s: Callable[[], float]
) -> BatchAnswer:
    """Send each item as a request of its own; what is not sent is answered as throttled, so that it comes again."""
    outcomes: dict[str, Any] = {}
    intuit_tid, time = "", ""
    for item in items:
        try:
            _refuse_if_late(age_s())
            answer = company.write(
                item.entity, item.payload, operation=item.operation, request_id=f"{request_id}-{item.item_id}"
            )
            outcomes[item.item_id], intuit_tid, time = answer.body, answer.intuit_tid, answer.time
        except QuotaWait as quota:
            outcomes[item.item_id] = Fault(FaultKind.THROTTLED, retry_after_s=quota.seconds)
        except Fault as fault:
            outcomes[item.item_id] = fault
    return BatchAnswer(outcomes, intuit_tid, time)

"""Settles writes of unknown outcome: their worker died, or QuickBooks' answer was lost.

QuickBooks is asked first, and what is there is adopted. What is not there proves nothing until QuickBooks can no longer
be executing the request, QBO_EXECUTION_WINDOW_S after it was sent. It is looked for as it was sent: the document may
have been changed, voided or left out here since, and the account may have another customer. There it may have been
changed as well, or its customer merged: so before anything counts as not executed, it is looked for among all that was
created in QuickBooks around that time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from qbsync import clock, outbox, traces
from qbsync.changes import documents
from qbsync.copies import Remote, token_of
from qbsync.gateway.company import Company
from qbsync.matching import fold
from qbsync.models import AccountSync, Connection, Customer, InvoiceSync, PaymentSync, PushIntent
from qbsync.outbox import Change
from qbsync.outcomes import adopt, wait
from qbsync.states import DocumentReason, DocumentStatus


def recover(connection: Connection, company: Company, accounts: Sequence[AccountSync]) -> dict[int, datetime]:
    """Settle what can be settled of these claimed, linked accounts' open intents.

    Returns:
        for the accounts (by key) that still have open ones, when to look again.
    """
    found_open = list(
        PushIntent.objects.filter(account_sync__in=accounts, outcome=PushIntent.Outcome.OPEN).select_related(
            "invoice_sync__document", "payment_sync__document"
        )
    )
    if not found_open:
        return {}
    intents = [intent for intent in found_open if _row(intent) is not None]
    _settle_customers(connection, accounts, [intent for intent in found_open if _row(intent) is None])
    creates = [intent for intent in intents if intent.operation == PushIntent.Operation.CREATE]
    asked_at = clock.now()
    found = traces.as_sent(company, creates)
    missing = [(i, _window_end(i)) for i in creates if _row(i).mark not in found and _window_end(i) <= asked_at]
    found |= traces.created_around(connection, company, missing)
    look_again: dict[int, datetime] = {}
    changes: list[Change] = []
    for intent in intents:
        row = _row(intent)
        before = row.status
        until = _judge(intent, row, found, asked_at)
        changes.append(Change(row.document, row, before, "adopted" if row.qbo_id else "answer_lost"))
        if until is not None:
            look_again[intent.account_sync_id] = max(until, look_again.get(intent.account_sync_id, until))
    settled = [intent for intent in intents if intent.outcome != PushIntent.Outcome.OPEN]
    outbox.settle(connection, accounts, changes, settled)
    # What was adopted is what was sent; what became of it there since is judged like any other change.
    there = [(row, found[row.mark]) for row in map(_row, settled) if row.mark in found]
    for kind, model in documents.KINDS.items():
        documents.note(connection, kind, [remote for row, remote in there if isinstance(row, model)])
    return look_again


def _settle_customers(connection: Connection, accounts: Sequence[AccountSync], intents: Sequence[PushIntent]) -> None:
    """Settle writes of customers that need no answer any more: their accounts have been linked without it."""
    names = {intent.pk: fold(intent.payload.get("DisplayName", "")) for intent in intents}
    ids = [intent.payload["Id"] for intent in intents if "Id" in intent.payload]
    wanted = Q(folded_name__in=set(names.values()) - {""}) | Q(qbo_id__in=ids)
    there = Customer.objects.filter(wanted, connection=connection, active=True)
    by_name = {customer.folded_name: customer.qbo_id for customer in there}
    active = {customer.qbo_id for customer in there}
    for intent in intents:
        written = intent.payload.get("Id") or by_name.get(names[intent.pk], "")
        intent.qbo_id = written if written in active else ""
        intent.outcome = PushIntent.Outcome.DONE if intent.qbo_id else PushIntent.Outcome.NOT_EXECUTED
    outbox.settle(connection, accounts, [], intents)


def _judge(
    intent: PushIntent, row: InvoiceSync | PaymentSync, found: dict[UUID, Remote], asked_at: datetime
) -> datetime | None:
    """Settle one intent by what QuickBooks was asked at that time, or return when to look again."""
    if intent.operation != PushIntent.Operation.CREATE:
        # Repeated it changes nothing, and an old one that is executed late is refused for its token (5010).
        intent.outcome = PushIntent.Outcome.NOT_EXECUTED
    elif remote := found.get(row.mark):
        adopt(row, _as_sent(intent, row, remote), intent.revision)
        intent.outcome, intent.qbo_id = PushIntent.Outcome.DONE, row.qbo_id
        return None
    else:
        until = _window_end(intent)
        if asked_at < until:
            wait(row, DocumentReason.WAITS_FOR_ANSWER, until=until)
            return until
        intent.outcome = PushIntent.Outcome.NOT_EXECUTED
    if row.status == DocumentStatus.WAITING:
        wait(row, DocumentReason.NONE, until=None)
    return None


def _as_sent(intent: PushIntent, row: InvoiceSync | PaymentSync, remote: Remote) -> Remote:
    """Return what QuickBooks made of the creation, although it may have been edited or voided there since.

    Where the document has been changed here since, ours is sent next and replaces whatever is there.
    """
    if token_of(remote) < 1 or row.document.revision != intent.revision:
        return remote
    total = row.document.total if isinstance(row, InvoiceSync) else row.document.amount
    return {**remote, "TotalAmt": total, **intent.payload, "SyncToken": "0"}


def _row(intent: PushIntent) -> Any:
    return intent.invoice_sync or intent.payment_sync


def _window_end(intent: PushIntent) -> datetime:
    """When QuickBooks can no longer be executing the request."""
    return intent.sent_at + timedelta(seconds=settings.QBO_EXECUTION_WINDOW_S)

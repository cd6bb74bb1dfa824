"""Settles writes of unknown outcome: their worker died, or QuickBooks' answer was lost.

QuickBooks is asked first, and what is there is adopted. What is not there proves nothing until QuickBooks can no longer
be executing the request, QBO_EXECUTION_WINDOW_S after it was sent. It is looked for as it was sent: the document may
have been changed, voided or left out here since, and the account may have another customer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from qbsync import outbox
from qbsync.gateway.company import Company
from qbsync.gateway.queries import in_list
from qbsync.matching import fold
from qbsync.models import AccountSync, Connection, Customer, InvoiceSync, PaymentSync, PushIntent
from qbsync.outbox import Change
from qbsync.outcomes import Remote, adopt, wait
from qbsync.payloads import mark_of
from qbsync.states import DocumentReason, DocumentStatus
from qbsync.upstream import INVOICE_FIELDS, PAYMENT_FIELDS, by_number, rows

_CUSTOMERS_A_QUERY = 500


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
    found = {mark: one for one in _find(company, creates) if (mark := mark_of(str(one.get("PrivateNote") or "")))}
    look_again: dict[int, datetime] = {}
    changes: list[Change] = []
    for intent in intents:
        row = _row(intent)
        before = row.status
        until = _judge(intent, row, found)
        changes.append(Change(row.document, row, before, "adopted" if row.qbo_id else "answer_lost"))
        if until is not None:
            look_again[intent.account_sync_id] = max(until, look_again.get(intent.account_sync_id, until))
    settled = [intent for intent in intents if intent.outcome != PushIntent.Outcome.OPEN]
    outbox.settle(connection, accounts, changes, settled)
    return look_again


def _settle_customers(connection: Connection, accounts: Sequence[AccountSync], intents: Sequence[PushIntent]) -> None:
    """Settle creations of customers that need no answer any more: their accounts have been linked without it."""
    names = {intent.pk: fold(intent.payload["DisplayName"]) for intent in intents}
    there = Customer.objects.filter(connection=connection, folded_name__in=names.values(), active=True)
    by_name = {customer.folded_name: customer.qbo_id for customer in there}
    for intent in intents:
        intent.qbo_id = by_name.get(names[intent.pk], "")
        intent.outcome = PushIntent.Outcome.DONE if intent.qbo_id else PushIntent.Outcome.NOT_EXECUTED
    outbox.settle(connection, accounts, [], intents)


def _judge(intent: PushIntent, row: InvoiceSync | PaymentSync, found: dict[UUID, Remote]) -> datetime | None:
    """Settle one intent, or return when to look again."""
    if intent.operation != PushIntent.Operation.CREATE:
        # Repeated it changes nothing, and an old one that is executed late is refused for its token (5010).
        intent.outcome = PushIntent.Outcome.NOT_EXECUTED
    elif remote := found.get(row.mark):
        adopt(row, remote, intent.revision)
        intent.outcome, intent.qbo_id = PushIntent.Outcome.DONE, row.qbo_id
        return None
    else:
        until = intent.sent_at + timedelta(seconds=settings.QBO_EXECUTION_WINDOW_S)
        if timezone.now() < until:
            wait(row, DocumentReason.WAITS_FOR_ANSWER, until=until)
            return until
        intent.outcome = PushIntent.Outcome.NOT_EXECUTED
    if row.status == DocumentStatus.WAITING:
        wait(row, DocumentReason.NONE, until=None)
    return None


def _row(intent: PushIntent) -> Any:
    return intent.invoice_sync or intent.payment_sync


def _find(company: Company, intents: Sequence[PushIntent]) -> Iterator[Remote]:
    """Every document in QuickBooks that may be one of these, in as few requests as there are kinds of question."""
    invoices = [intent for intent in intents if intent.invoice_sync_id]
    yield from by_number(company, (i.payload["DocNumber"] for i in invoices if "DocNumber" in i.payload))
    # Without custom numbers the number is QuickBooks' own, so only customer and date tell where to look.
    unnumbered = [intent for intent in invoices if "DocNumber" not in intent.payload]
    payments = [intent for intent in intents if intent.payment_sync_id]
    yield from _by_customer_and_date(company, "Invoice", INVOICE_FIELDS, unnumbered)
    yield from _by_customer_and_date(company, "Payment", PAYMENT_FIELDS, payments)


def _by_customer_and_date(
    company: Company, entity: str, fields: str, intents: Sequence[PushIntent]
) -> Iterator[Remote]:
    customers = sorted({intent.payload["CustomerRef"]["value"] for intent in intents})
    dates = sorted(intent.payload["TxnDate"] for intent in intents)
    for start in range(0, len(customers), _CUSTOMERS_A_QUERY):
        some = in_list(customers[start : start + _CUSTOMERS_A_QUERY])
        where = f"CustomerRef IN {some} AND TxnDate >= '{dates[0]}' AND TxnDate <= '{dates[-1]}'"
        yield from rows(company, entity, where, fields)

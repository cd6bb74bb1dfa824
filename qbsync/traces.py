"""Finds in QuickBooks what was sent and never answered: first as it was sent, then by when it was created.

Reads QuickBooks; decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from qbsync import clock
from qbsync.copies import Remote
from qbsync.gateway.company import Company
from qbsync.gateway.queries import in_list
from qbsync.models import Connection, PaymentSync, PushIntent
from qbsync.payloads import mark_of
from qbsync.upstream import INVOICE_FIELDS, PAYMENT_FIELDS, by_number, rows

_CUSTOMERS_A_QUERY = 500
_MARGIN = timedelta(minutes=2)  # by which the clocks may differ from what is known of their difference

Late = tuple[PushIntent, datetime]
"""A creation, and until when it may have been executed."""


def as_sent(company: Company, creates: Sequence[PushIntent]) -> dict[UUID, Remote]:
    """Return, by mark, the documents in QuickBooks that are where these were sent. Costs a request for each kind.

    Invoices are found by their numbers, where those are ours; all else by customer and date.
    """
    invoices = [intent for intent in creates if intent.invoice_sync_id]
    unnumbered = [intent for intent in invoices if "DocNumber" not in intent.payload]
    payments = [intent for intent in creates if intent.payment_sync_id]
    found = _by_mark(by_number(company, (i.payload["DocNumber"] for i in invoices if "DocNumber" in i.payload)))
    found |= _by_mark(_by_customer_and_date(company, "Invoice", INVOICE_FIELDS, unnumbered))
    return found | _by_mark(_by_customer_and_date(company, "Payment", PAYMENT_FIELDS, payments))


def created_around(connection: Connection, company: Company, late: Sequence[Late]) -> dict[UUID, Remote]:
    """Return, by mark, the documents created in QuickBooks while these may have been executed.

    Whatever was done to them there since: another date, another number, another customer by a merge. A payment whose
    note was emptied there is told by its number and amount.
    """
    payments = [(intent, until) for intent, until in late if intent.payment_sync_id]
    invoices = [(intent, until) for intent, until in late if intent.invoice_sync_id]
    found = _by_mark(_created(company, "Invoice", INVOICE_FIELDS, invoices))
    there = list(_created(company, "Payment", PAYMENT_FIELDS, payments))
    found |= _by_mark(there)
    free = _unmarked(connection, there)
    for intent, _ in payments:
        same = next((one for one in free if _is_equal(intent.payload, one)), None)
        if same is not None and intent.payment_sync is not None and intent.payment_sync.mark not in found:
            found[intent.payment_sync.mark] = same
            free.remove(same)
    return found


def _by_mark(remotes: Iterable[Remote]) -> dict[UUID, Remote]:
    return {mark: one for one in remotes if (mark := mark_of(str(one.get("PrivateNote") or "")))}


def _by_customer_and_date(
    company: Company, entity: str, fields: str, intents: Sequence[PushIntent]
) -> Iterator[Remote]:
    customers = sorted({intent.payload["CustomerRef"]["value"] for intent in intents})
    dates = sorted(intent.payload["TxnDate"] for intent in intents)
    for start in range(0, len(customers), _CUSTOMERS_A_QUERY):
        some = in_list(customers[start : start + _CUSTOMERS_A_QUERY])
        where = f"CustomerRef IN {some} AND TxnDate >= '{dates[0]}' AND TxnDate <= '{dates[-1]}'"
        yield from rows(company, entity, where, fields)


def _created(company: Company, entity: str, fields: str, late: Iterable[Late]) -> Iterator[Remote]:
    """What was created in these times, by QuickBooks' own clock; times that overlap are asked for as one."""
    spans: list[tuple[datetime, datetime]] = []
    for sent_at, until in sorted((intent.sent_at, until) for intent, until in late):
        if spans and sent_at - _MARGIN <= spans[-1][1]:
            spans[-1] = (spans[-1][0], until + _MARGIN)
        else:
            spans.append((sent_at - _MARGIN, until + _MARGIN))
    # What is known is how far QuickBooks is ahead of this host; the times are PostgreSQL's.
    ahead = company.clock_ahead + clock.this_host_is_ahead_by() if spans else timedelta(0)
    for span in spans:
        begins, ends = ((moment + ahead).isoformat(timespec="seconds") for moment in span)
        where = f"MetaData.CreateTime >= '{begins}' AND MetaData.CreateTime <= '{ends}'"
        yield from company.query_all(entity, where, fields)


def _unmarked(connection: Connection, payments: Iterable[Remote]) -> list[Remote]:
    """The payments that bear nobody's mark and are no document's copy."""
    unmarked = [one for one in payments if mark_of(str(one.get("PrivateNote") or "")) is None]
    copies = set(
        PaymentSync.objects.filter(connection=connection, qbo_id__in=[str(one["Id"]) for one in unmarked]).values_list(
            "qbo_id", flat=True
        )
    )
    return [one for one in unmarked if str(one["Id"]) not in copies]


def _is_equal(sent: dict[str, Any], payment: Remote) -> bool:
    number, amounts = str(sent.get("PaymentRefNum") or ""), (sent["TotalAmt"], payment.get("TotalAmt") or 0)
    is_same_amount = Decimal(str(amounts[0])) == Decimal(str(amounts[1]))
    return bool(number) and number == str(payment.get("PaymentRefNum") or "") and is_same_amount

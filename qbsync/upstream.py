"""Looks in QuickBooks before anything is sent: our own copies after an unknown outcome, numbers that are taken, tokens.

Reads QuickBooks; never writes to it. What is found there is adopted. What is not found proves nothing until QuickBooks
can no longer be executing the request: QBO_EXECUTION_WINDOW_S after it was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import Invoice
from qbsync import outbox
from qbsync.gateway.company import Company
from qbsync.gateway.queries import PAGE, in_list, select
from qbsync.models import Connection, InvoiceSync, PushIntent
from qbsync.outbox import Change
from qbsync.outcomes import Remote, adopt, fail, wait
from qbsync.payloads import mark_of
from qbsync.plan import Operation
from qbsync.states import DocumentReason
from qbsync.workload import AccountWork, DocumentRow, Item, in_scope

_NUMBERS_A_QUERY = 500
_INVOICE_FIELDS = "Id, SyncToken, DocNumber, TotalAmt, CustomerRef, PrivateNote, TxnDate"
_PAYMENT_FIELDS = "Id, SyncToken, PaymentRefNum, TotalAmt, CustomerRef, PrivateNote, TxnDate"


def reconcile(connection: Connection, company: Company, works: Sequence[AccountWork]) -> None:
    """Adopt what is in QuickBooks already, hold back what may still arrive there, and refresh tokens for updates.

    Afterwards the works hold only what may be sent. Costs no request where nothing has to be looked up.
    """
    open_intents = _open_by_row(works)
    creates = [item for item in _items(works) if item.operation == Operation.CREATE]
    found = list(_find(connection, company, creates, open_intents))
    changes = [change for item in creates if (change := _judge(item, found, open_intents, connection))]
    changes += _refresh(company, [i for i in _items(works) if i.operation != Operation.CREATE], open_intents)
    settled = [intent for intent in open_intents.values() if intent.outcome != PushIntent.Outcome.OPEN]
    outbox.settle(connection, changes, settled)
    for work in works:
        work.invoices = [item for item in work.invoices if _still_due(item)]
        work.payments = [item for item in work.payments if _still_due(item)]
        work.next_try += [i.row.next_try_at for i in (c.item for c in changes) if i.work is work and i.row.next_try_at]
        work.invoice_ids |= {
            c.item.document.pk: c.item.row.qbo_id
            for c in changes
            if c.item.work is work and isinstance(c.item.row, InvoiceSync)
        }
    _adopt_paid_invoices(connection, company, works)


def look_again(connection: Connection, company: Company, items: Sequence[Item]) -> list[Change]:
    """Look at documents whose number QuickBooks says is taken (6140): adopt an equal one, fail with both shown."""
    found = list(_by_number(company, items))
    return [change for item in items if (change := _judge(item, found, {}, connection))]


def _items(works: Iterable[AccountWork]) -> Iterator[Item]:
    for work in works:
        yield from work.invoices
        yield from work.payments


def _key(row: DocumentRow) -> tuple[str, int | None]:
    return type(row).__name__, row.pk


def _open_by_row(works: Sequence[AccountWork]) -> dict[tuple[str, int | None], PushIntent]:
    intents = outbox.open_intents([work.account for work in works])
    return {
        (("InvoiceSync", i.invoice_sync_id) if i.invoice_sync_id else ("PaymentSync", i.payment_sync_id)): i
        for i in intents
        if i.invoice_sync_id or i.payment_sync_id
    }


def _find(
    connection: Connection, company: Company, creates: Sequence[Item], open_intents: Mapping[Any, PushIntent]
) -> Iterator[Remote]:
    """Every document in QuickBooks that may be one of these, in as few requests as there are kinds of question."""
    invoices = [item for item in creates if isinstance(item.document, Invoice)]
    lost = [item for item in creates if _key(item.row) in open_intents]
    if connection.custom_numbers:
        yield from _by_number(company, invoices)
        lost = [item for item in lost if item.entity == "Payment"]
    for entity, fields in (("Invoice", _INVOICE_FIELDS), ("Payment", _PAYMENT_FIELDS)):
        of_kind = [item for item in lost if item.entity == entity]
        if of_kind:
            yield from _by_customer_and_date(company, entity, fields, of_kind)


def _by_number(company: Company, items: Sequence[Item]) -> Iterator[Remote]:
    """The invoices in QuickBooks that have one of these documents' numbers, or of the invoices that payments name."""
    numbers = sorted({item.document.number for item in items})
    for start in range(0, len(numbers), _NUMBERS_A_QUERY):
        where = f"DocNumber IN {in_list(numbers[start : start + _NUMBERS_A_QUERY])}"
        yield from _rows(company, "Invoice", where, _INVOICE_FIELDS)


def _by_customer_and_date(company: Company, entity: str, fields: str, items: Sequence[Item]) -> Iterator[Remote]:
    customers = sorted({_customer_of(item) for item in items})
    dates = [item.document.date for item in items]
    where = (
        f"CustomerRef IN {in_list(customers)} AND TxnDate >= '{min(dates).isoformat()}' "
        f"AND TxnDate <= '{max(dates).isoformat()}'"
    )
    yield from _rows(company, entity, where, fields)


def _rows(company: Company, entity: str, where: str, fields: str) -> Iterator[Remote]:
    """The rows of a question whose answer seldom fills a page, so that one request is enough for it."""
    start = 1
    while True:
        page = company.query(select(entity, where, fields=fields, start=start))
        yield from page
        start += len(page)
        if len(page) < PAGE:
            return


def _judge(
    item: Item, found: Sequence[Remote], open_intents: Mapping[Any, PushIntent], connection: Connection
) -> Change | None:
    """Decide on one document to be created: adopted, failed for its number, held back, or free to go (None)."""
    before, intent = item.row.status, open_intents.get(_key(item.row))
    ours = next((one for one in found if mark_of(str(one.get("PrivateNote") or "")) == item.row.mark), None)
    same_number = [
        one for one in found if item.entity == "Invoice" and str(one.get("DocNumber") or "") == item.document.number
    ]
    equal = ours or next((one for one in same_number if _is_equal(item, one)), None)
    if equal is not None:
        adopt(item.row, equal, _adopted_revision(item, equal, intent))
        item.operation = Operation.UPDATE  # in case ours has changed since
        if intent:
            intent.outcome, intent.qbo_id = PushIntent.Outcome.DONE, item.row.qbo_id
        return Change(item, before, "adopted")
    if intent is not None:
        until = intent.sent_at + timedelta(seconds=settings.QBO_EXECUTION_WINDOW_S)
        if timezone.now() < until:
            wait(item.row, DocumentReason.WAITS_FOR_ANSWER, until=until)
            return Change(item, before, "answer_lost")
        intent.outcome = PushIntent.Outcome.NOT_EXECUTED
    if same_number and connection.custom_numbers:
        fail(item.row, item.document, DocumentReason.NUMBER_TAKEN, _both_sides(item, same_number[0]))
        return Change(item, before, "number_taken", fault_code="6140")
    return None


def _customer_of(item: Item) -> str:
    customer = item.work.account.customer
    return customer.qbo_id if customer else ""


def _total(item: Item) -> Decimal:
    document: Any = item.document
    return Decimal(document.total if isinstance(document, Invoice) else document.amount)


def _is_equal(item: Item, remote: Remote) -> bool:
    """Whether QuickBooks' invoice of the same number is the same invoice: customer and total are equal too."""
    customer = str((remote.get("CustomerRef") or {}).get("value") or "")
    return customer == _customer_of(item) and Decimal(str(remote.get("TotalAmt", 0))) == _total(item)


def _adopted_revision(item: Item, remote: Remote, intent: PushIntent | None) -> int:
    """The revision of ours that the copy shows: the one sent, or the present one where the copy equals it."""
    if intent is not None:
        return min(intent.revision, item.document.revision)
    return item.document.revision if _is_equal(item, remote) else item.document.revision - 1


def _both_sides(item: Item, remote: Remote) -> dict[str, Any]:
    theirs = remote.get("CustomerRef") or {}
    return {
        "number": item.document.number,
        "ours": f"{item.work.account.account.name}, {_total(item)}",
        "theirs": f"{theirs.get('name') or theirs.get('value') or '?'}, {Decimal(str(remote.get('TotalAmt', 0))):.2f}",
        "qbo_id": str(remote.get("Id", "")),
    }


def _still_due(item: Item) -> bool:
    row = item.row
    if row.next_try_at and row.next_try_at > timezone.now():
        return False
    return row.settled_revision < item.document.revision


def _adopt_paid_invoices(connection: Connection, company: Company, works: Sequence[AccountWork]) -> None:
    """Adopt invoices from before the sync date that payments name, where QuickBooks has equal ones.

    Equal: number, customer and total. Without it the payment waits, and says for which invoice.
    """
    if not connection.custom_numbers:
        return
    wanted: dict[int, Item] = {}
    for work in works:
        for payment in work.payments:
            for allocation in payment.document.allocations.all():
                invoice = allocation.invoice
                if not work.invoice_ids.get(invoice.pk) and not in_scope(connection, invoice) and not invoice.is_void:
                    row = getattr(invoice, "quickbooks", None) or InvoiceSync(
                        connection=connection, document=invoice, account_id=invoice.account_id
                    )
                    wanted[invoice.pk] = Item(work, invoice, row, Operation.CREATE)
    if not wanted:
        return
    found = list(_by_number(company, list(wanted.values())))
    changes: list[Change] = []
    for item in wanted.values():
        number = item.document.number
        equal = next((r for r in found if str(r.get("DocNumber") or "") == number and _is_equal(item, r)), None)
        if equal is not None:
            changes.append(Change(item, item.row.status, "adopted"))
            adopt(item.row, equal, item.document.revision)
            item.work.invoice_ids[item.document.pk] = item.row.qbo_id
    outbox.settle(connection, changes, [])


def _refresh(company: Company, items: Sequence[Item], open_intents: Mapping[Any, PushIntent]) -> list[Change]:
    """Read the present tokens of what is to be updated or voided: a payment in QuickBooks raises its invoices'.

    An update of unknown outcome is simply sent again: repeated, it changes nothing, and an old one that is executed
    late is refused for its token (5010).
    """
    changes: list[Change] = []
    for entity, fields in (("Invoice", _INVOICE_FIELDS), ("Payment", _PAYMENT_FIELDS)):
        of_kind = [item for item in items if item.entity == entity]
        if not of_kind:
            continue
        where = f"Id IN {in_list(sorted({item.row.qbo_id for item in of_kind}))}"
        found = {str(one["Id"]): one for one in _rows(company, entity, where, fields)}
        for item in of_kind:
            if intent := open_intents.get(_key(item.row)):
                intent.outcome = PushIntent.Outcome.NOT_EXECUTED
            if change := _catch_up(item, found.get(item.row.qbo_id)):
                changes.append(change)
    return changes


def _catch_up(item: Item, remote: Remote | None) -> Change | None:
    """Take over the token of QuickBooks' copy; a Change where nothing is to be sent after all."""
    row, before = item.row, item.row.status
    if remote is not None and not is_void_copy(remote):
        row.sync_token = str(remote.get("SyncToken", "0"))
        return None
    if item.operation == Operation.VOID:
        row.is_void_there, row.settled_revision = True, item.document.revision
        row.pushed_revision, row.changed_at = item.document.revision, timezone.now()
        return Change(item, before, "voided")
    gone = "It was voided in QuickBooks." if remote is not None else "It was deleted in QuickBooks."
    remedy = "Void it here as well, or enter it anew under another number."
    fail(item.row, item.document, DocumentReason.REFUSED, {"message": gone, "remedy": remedy})
    return Change(item, before, "refused")


def is_void_copy(remote: Remote) -> bool:
    """Whether QuickBooks' document is void: it keeps no amount and says so in its note."""
    note = str(remote.get("PrivateNote") or "")
    return Decimal(str(remote.get("TotalAmt", 0))) == 0 and note.startswith("Voided")

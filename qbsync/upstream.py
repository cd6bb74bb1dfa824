"""Looks in QuickBooks before documents are sent: numbers that are there already, and the present tokens of copies.

Reads QuickBooks; never writes to it. What is there is adopted, so that nothing is booked twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from accounts.models import Invoice
from qbsync import outbox
from qbsync.copies import Remote, customer_id_of, is_void_copy
from qbsync.gateway.company import Company
from qbsync.gateway.queries import PAGE, in_list, select
from qbsync.models import Connection, InvoiceSync
from qbsync.outbox import Change
from qbsync.outcomes import adopt, end, fail, forget_copy
from qbsync.payloads import mark_of
from qbsync.plan import ENDS, Operation
from qbsync.states import DocumentReason
from qbsync.workload import AccountWork, Item, in_scope

INVOICE_FIELDS = "Id, SyncToken, DocNumber, TotalAmt, CustomerRef, PrivateNote, TxnDate"
PAYMENT_FIELDS = "*"  # with the lines, which say what it pays
_VALUES_A_QUERY = 500


def reconcile(connection: Connection, company: Company, works: Sequence[AccountWork]) -> None:
    """Adopt what is in QuickBooks already, and refresh the tokens of what is to be updated.

    Afterwards the works hold only what may be sent. Costs no request where nothing has to be looked up.
    """
    changes: list[Change] = []
    invoices = [i for i in _items(works) if i.operation == Operation.CREATE and isinstance(i.document, Invoice)]
    if connection.custom_numbers:
        found = others_with_number(connection, company, (item.document.number for item in invoices))
        changes += [change for item in invoices if (change := _judge(item, found))]
    changes += _refresh(company, [item for item in _items(works) if item.operation != Operation.CREATE])
    outbox.settle(connection, [work.account for work in works], changes, [])
    for work in works:
        for item in work.invoices:
            if item.row.qbo_id and isinstance(item.row, InvoiceSync):
                work.know(item.document.pk, item.row)
        work.invoices = [item for item in work.invoices if _is_due(item)]
        work.payments = [item for item in work.payments if _is_due(item)]
        work.voided_invoices = [item for item in work.voided_invoices if _is_due(item)]
    _adopt_paid_invoices(connection, company, works)


def renew_tokens(connection: Connection, company: Company, works: Sequence[AccountWork]) -> None:
    """Read the tokens of invoices that are to end once more: their payments, which have just changed, raised them."""
    changes = _refresh(company, [item for work in works for item in work.voided_invoices])
    outbox.settle(connection, [work.account for work in works], changes, [])
    for work in works:
        work.voided_invoices = [item for item in work.voided_invoices if _is_due(item)]


def _is_due(item: Item) -> bool:
    return item.row.settled_revision < item.document.revision


def look_again(connection: Connection, company: Company, items: Sequence[Item]) -> list[Change]:
    """Look at documents whose number QuickBooks says is taken (6140): adopt an equal one, fail with both shown."""
    found = others_with_number(connection, company, (item.document.number for item in items))
    return [change for item in items if (change := _judge(item, found))]


def _items(works: Iterable[AccountWork]) -> Iterator[Item]:
    for work in works:
        yield from work.items()


def by_number(company: Company, numbers: Iterable[str]) -> Iterator[Remote]:
    """Yield the invoices in QuickBooks that have one of these numbers."""
    wanted = sorted(set(numbers))
    for start in range(0, len(wanted), _VALUES_A_QUERY):
        where = f"DocNumber IN {in_list(wanted[start : start + _VALUES_A_QUERY])}"
        yield from rows(company, "Invoice", where, INVOICE_FIELDS)


def others_with_number(connection: Connection, company: Company, numbers: Iterable[str]) -> list[Remote]:
    """Return the invoices in QuickBooks that have one of these numbers and are no copies of ours."""
    return _free(connection, by_number(company, numbers))


def rows(company: Company, entity: str, where: str, fields: str) -> Iterator[Remote]:
    """Yield the rows of a question whose answer seldom fills a page, so that one request is enough for it."""
    start = 1
    while True:
        page = company.query(select(entity, where, fields=fields, start=start))
        yield from page
        start += len(page)
        if len(page) < PAGE:
            return


def _free(connection: Connection, found: Iterable[Remote]) -> list[Remote]:
    """Leave out the copies of other documents: one that has been renumbered here still has its old number there."""
    there = list(found)
    ids = [str(one["Id"]) for one in there]
    taken = set(InvoiceSync.objects.filter(connection=connection, qbo_id__in=ids).values_list("qbo_id", flat=True))
    return [one for one in there if str(one["Id"]) not in taken]


def _judge(item: Item, found: Sequence[Remote]) -> Change | None:
    """Decide on one invoice to be created: adopted, failed for its number, or free to go (None)."""
    before, number = item.row.status, item.document.number
    same = [one for one in found if str(one.get("DocNumber") or "") == number]
    ours = next((one for one in same if mark_of(str(one.get("PrivateNote") or "")) == item.row.mark), None)
    equal = next((one for one in same if _is_equal(item, one)), None)
    if equal is not None:
        adopt(item.row, equal, item.document.revision)
        return Change(item.document, item.row, before, "adopted")
    if ours is not None:
        # Sent before, and changed here or there since: an update settles it.
        adopt(item.row, ours, item.document.revision - 1)
        item.operation = Operation.UPDATE
        return Change(item.document, item.row, before, "adopted")
    if same:
        fail(item.row, item.document, DocumentReason.NUMBER_TAKEN, _both_sides(item, same[0]))
        return Change(item.document, item.row, before, "number_taken", fault_code="6140")
    return None


def _customer_of(item: Item) -> str:
    customer = item.work.account.customer
    return customer.qbo_id if customer else ""


def _total(item: Item) -> Decimal:
    document: Any = item.document
    return Decimal(document.total if isinstance(document, Invoice) else document.amount)


def _is_equal(item: Item, remote: Remote) -> bool:
    """Whether QuickBooks' invoice of the same number is the same invoice: customer and total are equal too."""
    return customer_id_of(remote) == _customer_of(item) and Decimal(str(remote.get("TotalAmt", 0))) == _total(item)


def _both_sides(item: Item, remote: Remote) -> dict[str, Any]:
    theirs = remote.get("CustomerRef") or {}
    return {
        "number": item.document.number,
        "ours": f"{item.work.account.account.name}, {_total(item)}",
        "theirs": f"{theirs.get('name') or theirs.get('value') or '?'}, {Decimal(str(remote.get('TotalAmt', 0))):.2f}",
        "qbo_id": str(remote.get("Id", "")),
    }


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
                        document=invoice, **InvoiceSync.beginning(connection.pk, invoice)
                    )
                    wanted[invoice.pk] = Item(work, invoice, row, Operation.CREATE)
    if not wanted:
        return
    found = others_with_number(connection, company, (item.document.number for item in wanted.values()))
    changes: list[Change] = []
    for item in wanted.values():
        number = item.document.number
        equal = next((r for r in found if str(r.get("DocNumber") or "") == number and _is_equal(item, r)), None)
        if equal is not None:
            changes.append(Change(item.document, item.row, item.row.status, "adopted"))
            adopt(item.row, equal, item.document.revision)
            assert isinstance(item.row, InvoiceSync)  # noqa: S101 - made of one above
            item.work.know(item.document.pk, item.row)
    outbox.settle(connection, [work.account for work in works], changes, [])


def _refresh(company: Company, items: Sequence[Item]) -> list[Change]:
    """Read the present tokens of what is to be updated or voided: a payment in QuickBooks raises its invoices'."""
    changes: list[Change] = []
    for entity, fields in (("Invoice", INVOICE_FIELDS), ("Payment", PAYMENT_FIELDS)):
        of_kind = [item for item in items if item.entity == entity]
        ids = sorted({item.row.qbo_id for item in of_kind})
        found: dict[str, Remote] = {}
        for start in range(0, len(ids), _VALUES_A_QUERY):
            where = f"Id IN {in_list(ids[start : start + _VALUES_A_QUERY])}"
            found |= {str(one["Id"]): one for one in rows(company, entity, where, fields)}
        for item in of_kind:
            if change := _catch_up(item, found.get(item.row.qbo_id)):
                changes.append(change)
    return changes


def _catch_up(item: Item, remote: Remote | None) -> Change | None:
    """Take over the token of QuickBooks' copy; a Change where nothing is to be sent after all."""
    row, before = item.row, item.row.status
    if remote is not None and (item.operation == Operation.DELETE or not is_void_copy(remote)):
        row.sync_token = str(remote.get("SyncToken", "0"))
        row.qbo_customer_id = customer_id_of(remote) or row.qbo_customer_id  # a merge there may have moved it
        return None
    if item.operation in ENDS:
        end(row, item.document.revision)
        return Change(item.document, row, before, "voided" if item.operation == Operation.VOID else "deleted")
    if remote is None:
        forget_copy(row)  # so that it is created anew where a person wants it
    reason = DocumentReason.DELETED_THERE if remote is None else DocumentReason.VOIDED_THERE
    fail(row, item.document, reason, {})
    return Change(item.document, item.row, before, reason)

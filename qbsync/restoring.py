"""After the database was restored from a backup: finds out what was sent to QuickBooks since, before anything else is.

Each document bears its mark in QuickBooks, and has it for life: one that was sent after the backup is here again as if
it never had been, and would be sent twice. So all that changed in the company since is read, and what bears the mark of
a document of ours is taken for its copy. What was entered here after the backup is in QuickBooks alone; it is told, and
the comparison with QuickBooks lists it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction

from accounts.models import Invoice, Payment
from portal.backups import unnoticed_restore
from qbsync import clock, history, mirror
from qbsync.bulk import in_parts
from qbsync.changes import documents
from qbsync.copies import Remote
from qbsync.gateway.company import Company
from qbsync.models import ArchivedCompany, Connection, HistoryEntry, InvoiceSync, PaymentSync
from qbsync.outcomes import adopt
from qbsync.payloads import mark_of
from qbsync.services.reconciliations import reconciliation_ask
from qbsync.upstream import INVOICE_FIELDS, PAYMENT_FIELDS

_MARGIN = timedelta(hours=1)  # clocks differ, and what was under way at the time of the backup began before it
_AT_ONCE = 500
_NAMED = 20  # of the documents that are in QuickBooks alone

_KINDS: tuple[tuple[str, type[Any], type[Any], str], ...] = (
    ("Invoice", Invoice, InvoiceSync, INVOICE_FIELDS),
    ("Payment", Payment, PaymentSync, PAYMENT_FIELDS),
)


def notice() -> None:
    """Where this database was restored from a backup, have every connection look before it sends."""
    with unnoticed_restore() as moment, transaction.atomic():
        if moment is not None:
            Connection.objects.update(
                restored_to=moment,
                # All that was read of QuickBooks is as old as the backup. The leases in it have ended by themselves;
                # those of a portal whose backup was killed, which looks the same, are held.
                mirror_cursor="", mirror_read_at=None, documents_cursor="", poll_due_at=clock.now(),
            )  # fmt: skip
            for company in ArchivedCompany.objects.all():  # that it is looked through, should it be taken up again
                company.connection |= {"restored_to": moment, "documents_cursor": ""}
                company.save(update_fields=["connection"])


def look_through(connection: Connection, company: Company) -> None:
    """Take over what was sent to QuickBooks since the backup; nothing is sent from here. It may be repeated.

    Raises:
        MirrorBusy: another worker reads the company.
        Fault, QuotaWait: as the gateway; nothing counts as looked through.
    """
    with mirror.reading(connection) as is_mine:
        if not is_mine:
            raise mirror.MirrorBusy
        since = (connection.restored_to - _MARGIN).isoformat(timespec="seconds") if connection.restored_to else ""
        found, lost = 0, []
        for entity, model, sync, fields in _KINDS:
            changed = company.query_all(entity, f"MetaData.LastUpdatedTime >= '{since}'", fields)
            for some in in_parts(changed, _AT_ONCE):
                adopted, unknown = _take_over(connection, entity, model, sync, some)
                found += adopted
                lost += unknown
                mirror.renew_lease(connection)
        history.of_connection(
            connection, event="restored", at=clock.about_now(), moment=str(connection.restored_to),
            found=found, only_there=len(lost), numbers=lost[:_NAMED],
        ).save()  # fmt: skip
    documents.judge(connection)
    Connection.objects.filter(pk=connection.pk, restored_to=connection.restored_to).update(restored_to=None)
    connection.restored_to = None
    reconciliation_ask(connection=connection, by=None)


def _take_over(
    connection: Connection, entity: str, model: type[Any], sync: type[Any], remotes: Iterable[Remote]
) -> tuple[int, list[str]]:
    """Adopt those that are copies of documents here; return how many, and the numbers of ours that are unknown here."""
    by_mark = {mark: one for one in remotes if (mark := mark_of(str(one.get("PrivateNote") or "")))}
    with transaction.atomic():
        rows = {row.mark: row for row in sync.objects.filter(connection=connection, mark__in=by_mark)}
        ours = model.with_deleted.filter(firm_id=connection.firm_id, uid__in=by_mark.keys() - rows.keys())
        unsent = {
            document.uid: sync(
                document=document, changed_at=clock.about_now(), **sync.beginning(connection.pk, document)
            )
            for document in ours.filter(quickbooks=None)
        }
        known = rows.keys() | set(ours.values_list("uid", flat=True))
        adopted = [row for row in [*rows.values(), *unsent.values()] if not row.qbo_id]
        entries = [_adopt(connection, row, by_mark[row.mark]) for row in adopted]
        for row in adopted:
            row.save()
        HistoryEntry.objects.bulk_create(entries)
        documents.note(connection, entity, by_mark.values())
    unknown = [
        str(one.get("DocNumber") or one.get("PaymentRefNum") or "") for m, one in by_mark.items() if m not in known
    ]
    return len(adopted), unknown


def _adopt(connection: Connection, row: Any, remote: Remote) -> HistoryEntry:
    """Take it as though ours had been sent as it is here now: where it differs, that is judged as an edit there is.

    One that is void here stays due, so that the copy is voided as well.
    """
    before = row.status
    adopt(row, {**remote, **_as_here(connection, row.document)}, row.document.revision - row.document.is_void)
    return documents.entry_of(connection, row, before, "adopted")


def _as_here(connection: Connection, document: Invoice | Payment) -> dict[str, Any]:
    """What QuickBooks would answer of the document as it is here, of an older state than any."""
    shown: dict[str, Any] = {"TxnDate": document.date.isoformat(), "SyncToken": "-1"}
    if isinstance(document, Invoice):
        return {**shown, "TotalAmt": document.total}
    copies = dict(
        InvoiceSync.objects.filter(connection=connection, document__allocations__payment=document)
        .exclude(qbo_id="")
        .values_list("document", "qbo_id")
    )
    lines = [
        {"Amount": one.amount, "LinkedTxn": [{"TxnType": "Invoice", "TxnId": copies[one.invoice_id]}]}
        for one in document.allocations.all()
        if one.invoice_id in copies
    ]
    return {**shown, "TotalAmt": document.amount, "Line": lines}

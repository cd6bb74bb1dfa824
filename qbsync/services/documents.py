"""What a person asks of one invoice or payment: to send it now, or to leave it out."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import Invoice, Payment
from portal.models import User
from qbsync import wake
from qbsync.models import AccountSync, DocumentSync, HistoryEntry, InvoiceSync, PaymentSync
from qbsync.services.refusal import Refused
from qbsync.states import DocumentReason, DocumentStatus, Status


def document_sync(*, document: Invoice | Payment, by: User) -> DocumentSync:
    """Have the document sent now, also where it failed, was left out, or is dated before the sync date.

    Raises:
        Refused: its account is not synced.
    """
    with transaction.atomic():
        row = _row(document)
        before = row.status
        ask(row, document)
        _save(row, before, by, "asked")
        wake.for_person(_account_row(document).pk)
        AccountSync.objects.filter(account_id=document.account_id).update(due_at=timezone.now())
        return row


def document_skip(*, document: Invoice | Payment, by: User) -> DocumentSync:
    """Leave the document out from now on; a copy that is in QuickBooks stays there.

    Raises:
        Refused: its account is not synced.
    """
    with transaction.atomic():
        row = _row(document)
        before = row.status
        row.status, row.reason, row.detail, row.asked = DocumentStatus.SKIPPED, DocumentReason.NONE, {}, False
        _save(row, before, by, "skipped")
        return row


def ask(row: DocumentSync, document: Invoice | Payment) -> None:
    """Have the row's document sent as it now is, whatever became of it before. Changes the row in memory only."""
    row.status, row.reason, row.detail = DocumentStatus.WAITING, DocumentReason.NONE, {}
    row.settled_revision, row.next_try_at, row.attempts = row.pushed_revision, None, 0
    if row.pushed_revision == document.revision:
        row.status = DocumentStatus.SYNCED
    row.asked = True


def _account_row(document: Invoice | Payment) -> AccountSync:
    """The account's locked row. It is locked before its documents' rows, as everywhere."""
    synced = AccountSync.objects.filter(account_id=document.account_id, status=Status.SYNCED)
    row = synced.select_for_update(no_key=True).first()
    if row is None or not row.connection.is_ready:
        raise Refused("The account is not synced. Sync the account first.")
    return row


def _row(document: Invoice | Payment) -> DocumentSync:
    """The document's locked row, made where there was none."""
    account = _account_row(document)
    model: Any = InvoiceSync if isinstance(document, Invoice) else PaymentSync
    row, _ = model.objects.get_or_create(
        document=document,
        defaults={
            "connection_id": account.connection_id,
            "account_id": document.account_id,
            "changed_at": timezone.now(),
        },
    )
    locked: DocumentSync = model.objects.select_for_update().get(pk=row.pk)
    return locked


def _save(row: DocumentSync, before: str, by: User, event: str) -> None:
    row.changed_at = timezone.now()
    row.save()
    document: Any = row.document  # type: ignore[attr-defined]
    kind = HistoryEntry.Kind.INVOICE if isinstance(row, InvoiceSync) else HistoryEntry.Kind.PAYMENT
    HistoryEntry.objects.create(
        firm_id=document.firm_id, account_id=row.account_id, at=row.changed_at, actor=by, kind=kind,
        subject=document.number, event=event, before=before, after=row.status,
    )  # fmt: skip

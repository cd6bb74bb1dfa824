"""What a person asks of one invoice or payment: to send it now, to leave it out, to accept what QuickBooks has."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.models import Account, Invoice, Payment
from portal.models import User
from qbsync import clock, wake
from qbsync.models import (
    AccountSync,
    Customer,
    DocumentSync,
    HistoryEntry,
    InvoiceSync,
    PaymentSync,
    PushIntent,
)
from qbsync.outcomes import take_over
from qbsync.services.refusal import Refused
from qbsync.states import DRIFT_REASONS, DocumentReason, DocumentStatus, Status


def document_sync(*, document: Invoice | Payment, by: User) -> DocumentSync:
    """Have the document sent now, also where it failed, was left out, or is dated before the sync date.

    Raises:
        Refused: its account is not synced, or its copy was voided in QuickBooks.
    """
    with transaction.atomic():
        row = _row(document)
        before = row.status
        if row.reason == DocumentReason.VOIDED_THERE and not document.is_void:
            raise Refused("It was voided in QuickBooks, where a void cannot be undone. Enter it anew here.")
        if before == DocumentStatus.WAITING and row.asked and row.reason == DocumentReason.NONE and not row.attempts:
            return row  # a second press of the button
        ask(row, document)
        _save(row, before, by, "asked")
        wake.for_person(_account_row(document).pk)
        AccountSync.objects.filter(account_id=document.account_id).update(due_at=clock.about_now())
        return row


def document_skip(*, document: Invoice | Payment, by: User) -> DocumentSync:
    """Leave the document out from now on; a copy that is in QuickBooks stays there.

    Raises:
        Refused: its account is not synced, or it is being moved to another customer.
    """
    with transaction.atomic():
        row = _row(document)
        if row.move_to:
            raise Refused("It is being moved to another customer in QuickBooks. Wait until that is done.")
        before = row.status
        if before == DocumentStatus.SKIPPED:
            return row
        row.status, row.reason, row.detail, row.asked = DocumentStatus.SKIPPED, DocumentReason.NONE, {}, False
        _save(row, before, by, "skipped")
        return row


def document_accept(*, document: Invoice | Payment, by: User) -> DocumentSync:
    """Take what QuickBooks has for what is to be there: the status only, the document here stays as it is.

    An edited copy is Synced from then on; where it was voided or deleted, the document is left out of the sync.

    Raises:
        Refused: its account is not synced, or it was not changed in QuickBooks.
    """
    with transaction.atomic():
        row = _row(document)
        before = row.status
        if not is_drifted(row):
            raise Refused("It is not waiting for a decision any more.")
        accept(row)
        _save(row, before, by, "accepted")
        return row


def is_drifted(row: DocumentSync) -> bool:
    """Whether somebody changed the copy in QuickBooks, and nobody has decided yet what is to count."""
    return row.status == DocumentStatus.FAILED and row.reason in DRIFT_REASONS


def accept(row: DocumentSync) -> None:
    """Have QuickBooks' side of a drifted document count. Changes the row in memory only."""
    if row.theirs:
        take_over(row)  # type: ignore[arg-type]
    if row.reason == DocumentReason.EDITED_THERE:
        row.status, row.reason, row.detail = DocumentStatus.SYNCED, DocumentReason.NONE, {}
        return
    row.status, row.detail, row.asked = DocumentStatus.SKIPPED, {}, False


def documents_move(*, account: Account, by: User) -> int:
    """Have the account's documents that are with other customers in QuickBooks moved to the one that it is linked to.

    Returns:
        how many are to be moved by this press; some may turn out to have to stay, with what belongs to them.

    Raises:
        Refused: the account is not synced.
    """
    with transaction.atomic():
        row = _synced_row(account.pk)
        assert row.customer is not None  # noqa: S101 - a constraint says so
        count = to_be_moved(row, row.customer)
        if not count:
            return 0
        HistoryEntry.objects.create(
            firm_id=account.firm_id, account_id=account.pk, at=clock.about_now(), actor=by,
            kind=HistoryEntry.Kind.ACCOUNT, event="move", before=row.status, after=row.status,
            detail={"customer": str(row.customer)},
        )  # fmt: skip
        AccountSync.objects.filter(pk=row.pk).update(due_at=clock.about_now())
        wake.for_person(row.pk)
        return count


def to_be_moved(account: AccountSync, customer: Customer) -> int:
    """Note that the account's documents in QuickBooks are to go to this customer, once it is linked; return how many.

    Also those whose answer is lost: they may have arrived. The account's row is locked by the caller.
    """
    count = 0
    models: tuple[Any, ...] = (InvoiceSync, PaymentSync)
    for model in models:
        there = Q(qbo_id__gt="") | Q(intents__outcome=PushIntent.Outcome.OPEN)
        elsewhere = model.objects.filter(there, account=account.account_id, is_void_there=False)
        elsewhere = elsewhere.exclude(qbo_customer_id=customer.qbo_id).exclude(move_to=customer.qbo_id)
        keys = list(elsewhere.order_by("pk").values_list("pk", flat=True))
        rows = model.objects.filter(pk__in=keys)
        rows.filter(status=DocumentStatus.SYNCED).update(
            status=DocumentStatus.WAITING, reason=DocumentReason.MOVING, detail={}
        )
        count += rows.update(move_to=customer.qbo_id)
    return count


def ask(row: DocumentSync, document: Invoice | Payment) -> None:
    """Have the row's document sent as it now is, whatever became of it before. Changes the row in memory only."""
    if row.reason in DRIFT_REASONS:  # what was pushed is not what is there any more
        row.pushed_revision = min(row.pushed_revision, document.revision - 1)
        row.theirs, row.theirs_is_news = None, False
    row.status, row.reason, row.detail = DocumentStatus.WAITING, DocumentReason.NONE, {}
    row.settled_revision, row.next_try_at, row.attempts = row.pushed_revision, None, 0
    if row.pushed_revision == document.revision:
        row.status = DocumentStatus.SYNCED
    row.asked = True


def _account_row(document: Invoice | Payment) -> AccountSync:
    """The account's locked row. It is locked before its documents' rows, as everywhere."""
    return _synced_row(document.account_id)


def _synced_row(account_id: int) -> AccountSync:
    synced = AccountSync.objects.filter(account_id=account_id, status=Status.SYNCED)
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
        defaults={"changed_at": clock.about_now(), **model.beginning(account.connection_id, document)},
    )
    locked: DocumentSync = model.objects.select_for_update().get(pk=row.pk)
    return locked


def _save(row: DocumentSync, before: str, by: User, event: str) -> None:
    row.changed_at = clock.about_now()
    row.save()
    document: Any = row.document  # type: ignore[attr-defined]
    kind = HistoryEntry.Kind.INVOICE if isinstance(row, InvoiceSync) else HistoryEntry.Kind.PAYMENT
    HistoryEntry.objects.create(
        firm_id=document.firm_id, account_id=row.account_id, at=row.changed_at, actor=by, kind=kind,
        subject=document.number, event=event, before=before, after=row.status,
    )  # fmt: skip

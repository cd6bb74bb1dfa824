"""Says where invoices and payments stand with QuickBooks, as SQL. It never writes.

A document is Waiting while its revision is newer than the one that was settled; nothing else has to be remembered.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import (
    Case,
    CharField,
    Count,
    DateField,
    F,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import JSONObject

from accounts.models import Invoice, Payment
from portal.models import Firm
from qbsync import clock
from qbsync.models.connection import Connection
from qbsync.models.links import DocumentSync
from qbsync.selectors.statuses import EVERY, connection_of, reading, reason_expression, status_expression
from qbsync.states import DRIFT_REASONS, DocumentReason, DocumentStatus, Reason, Status


@dataclass(frozen=True, slots=True)
class DocumentStanding:
    """Where one document stands: its effective status, why, and whether its account is linked at all."""

    status: DocumentStatus
    reason: DocumentReason
    account_reason: Reason
    account_is_linked: bool
    sync: DocumentSync | None

    @property
    def qbo_id(self) -> str:
        """The id of the copy in QuickBooks; empty where there is none."""
        return self.sync.qbo_id if self.sync else ""


def _all(model: type[Invoice] | type[Payment]) -> QuerySet[Any]:
    return model._default_manager.all()


def _account_is_linked() -> Q:
    """Whether the account of a document is linked: Synced, or a linked one being synced once more."""
    return Q(quickbooks_account_status=Status.SYNCED) | Q(
        quickbooks_account_status=Status.SYNCING, account__quickbooks__customer__isnull=False
    )


def _never_sent_nor_asked() -> Q:
    return Q(quickbooks__isnull=True) | Q(quickbooks__asked=False, quickbooks__qbo_id="")


def _before_sync_date(sync_date: Any) -> Q:
    """Whether the sync date keeps the document here: nobody asked for it by name, and nothing of it was sent."""
    return Q(date__lt=sync_date) & _never_sent_nor_asked()


def _kept_back(model: type[Invoice] | type[Payment]) -> Q:
    """Whether a person decided against sending the document."""
    skipped = Q(quickbooks__status=DocumentStatus.SKIPPED)
    if model is Payment:
        skipped |= Q(sync_to_quickbooks=False) & _never_sent_nor_asked()
    return skipped


def _void_before_sent() -> Q:
    never_sent = Q(quickbooks__isnull=True) | Q(quickbooks__qbo_id="")
    return Q(voided_at__isnull=False) & never_sent


def annotate_documents(documents: QuerySet[Any]) -> QuerySet[Any]:
    """Return the documents with ``quickbooks_status`` and ``quickbooks_reason``, to filter and sort by too."""
    now = clock.about_now()
    overridden = _overridden(documents.model, _account_is_linked(), F("firm__quickbooks__sync_date"))
    was_accepted = Q(quickbooks__status=DocumentStatus.SKIPPED, quickbooks__reason__in=DRIFT_REASONS)
    reason = Case(
        When(_account_is_linked() & was_accepted, then=F("quickbooks__reason")),
        *(When(condition, then=Value(reason)) for condition, _, reason in overridden),
        default=F("quickbooks__reason"),
        output_field=CharField(),
    )
    return documents.annotate(
        quickbooks_account_status=status_expression("account__", now=now),
        quickbooks_account_reason=reason_expression("account__", now=now),
    ).annotate(quickbooks_status=_status(overridden), quickbooks_reason=reason)


def _overridden(
    model: type[Invoice] | type[Payment], account_is_linked: Q, sync_date: Any
) -> list[tuple[Q, DocumentStatus, DocumentReason]]:
    """What a document reads as whatever is stored, as conditions of which the first that is met decides."""
    unsettled = Q(quickbooks__isnull=True) | Q(quickbooks__settled_revision__lt=F("revision"))
    return [
        (~account_is_linked, DocumentStatus.NOT_SYNCED, DocumentReason.ACCOUNT_NOT_SYNCED),
        (_kept_back(model), DocumentStatus.SKIPPED, DocumentReason.NONE),
        (_void_before_sent(), DocumentStatus.NOT_SYNCED, DocumentReason.VOID_BEFORE_SENT),
        (_before_sync_date(sync_date), DocumentStatus.NOT_SYNCED, DocumentReason.BEFORE_SYNC_DATE),
        (
            unsettled & ~Q(quickbooks__status=DocumentStatus.WAITING),
            DocumentStatus.WAITING,
            DocumentReason.NONE,
        ),
    ]


def _status(overridden: list[tuple[Q, DocumentStatus, DocumentReason]]) -> Case:
    """The effective status, as SQL."""
    return Case(
        *(When(condition, then=Value(status)) for condition, status, _ in overridden),
        default=F("quickbooks__status"),
        output_field=CharField(),
    )


def with_document_status(documents: QuerySet[Any], firm: Firm, status: DocumentStatus) -> QuerySet[Any]:
    """Return those of the firm's annotated documents that have this effective status.

    What each of them has stored is asked for as well: an index finds that, and nothing finds what is computed.
    """
    stored = Q(quickbooks__connection=connection_of(firm), quickbooks__status=status)
    match status:
        case DocumentStatus.FAILED | DocumentStatus.SYNCED:
            documents = documents.filter(stored)
        case DocumentStatus.SKIPPED:
            documents = documents.filter(stored | Q(sync_to_quickbooks=False) if documents.model is Payment else stored)
    return documents.filter(quickbooks_status=status)


def with_document_standing(documents: QuerySet[Any]) -> QuerySet[Any]:
    """Return the documents with all that ``document_standing`` reads, in the one statement that fetches them."""
    return annotate_documents(documents).select_related("quickbooks", "account__quickbooks", "firm__quickbooks")


def document_standing(document: Invoice | Payment) -> DocumentStanding:
    """Return where the document stands; reads it anew where it did not come from ``with_document_standing``."""
    if not hasattr(document, "quickbooks_account_status"):
        document = with_document_standing(_all(type(document)).filter(pk=document.pk)).get()
    row = cast(Any, document)
    sync: DocumentSync | None = getattr(document, "quickbooks", None)
    account_sync = getattr(document.account, "quickbooks", None)
    account_status = Status(row.quickbooks_account_status)
    return DocumentStanding(
        status=DocumentStatus(row.quickbooks_status),
        reason=DocumentReason(row.quickbooks_reason or ""),
        account_reason=Reason(row.quickbooks_account_reason),
        account_is_linked=account_status == Status.SYNCED
        or (account_status == Status.SYNCING and account_sync is not None and account_sync.customer_id is not None),
        sync=sync,
    )


def counts_of_account(firm: Firm) -> dict[str, Any]:
    """Return, as SQL by name, how many invoices and payments of an account (the outer query) are Waiting and Failed.

    Each is an object of JSON with ``waiting`` and ``failed``, or None without documents or without a connection.
    It says nothing of whether the account is linked, which whoever reads it knows. Deleted documents count: their
    deletion in QuickBooks waits, or was refused.
    """
    connection = connection_of(firm)
    if connection is None:
        return {f"quickbooks_{entity}": Value(None, output_field=JSONField()) for entity in ("invoices", "payments")}
    sync_date = Value(connection.sync_date, output_field=DateField())

    def of(model: type[Invoice] | type[Payment]) -> Subquery:
        _unlinked, *overridden = _overridden(model, EVERY, sync_date)
        rows = model.with_deleted.filter(account=OuterRef("pk")).order_by()
        counted = (
            rows.annotate(quickbooks_status=_status(overridden))
            .values("account")
            .annotate(
                counts=JSONObject(
                    waiting=Count("pk", filter=Q(quickbooks_status=DocumentStatus.WAITING)),
                    failed=Count("pk", filter=Q(quickbooks_status=DocumentStatus.FAILED)),
                )
            )
        )
        return Subquery(counted.values("counts"), output_field=JSONField())

    return {"quickbooks_invoices": of(Invoice), "quickbooks_payments": of(Payment)}


def with_status_in(connection: Connection, firm: Firm, documents: QuerySet[Any]) -> QuerySet[Any]:
    """Return the firm's documents with ``quickbooks_status``, as ``annotate_documents`` computes it, at less cost.

    What is the same for all documents of the firm is read before: the connection, and whether somebody is at work.
    """
    is_linked = reading(firm, "account__").is_linked()
    sync_date = Value(connection.sync_date, output_field=DateField())
    return documents.annotate(quickbooks_status=_status(_overridden(documents.model, is_linked, sync_date)))


def document_counts(firm: Firm, model: type[Invoice] | type[Payment]) -> Counter[DocumentStatus]:
    """Return how many of the firm's invoices or payments have each effective status. One statement.

    Deleted ones count while their deletion in QuickBooks waits, or where it was refused.
    """
    connection = connection_of(firm)
    if connection is None or not reading(firm).is_connected:
        return Counter({DocumentStatus.NOT_SYNCED: model.objects.filter(firm=firm).count()})
    rows = with_status_in(connection, firm, model.with_deleted.filter(firm=firm).order_by())
    rows = rows.filter(Q(deleted_at=None) | Q(quickbooks_status__in=[DocumentStatus.WAITING, DocumentStatus.FAILED]))
    counted = rows.values_list("quickbooks_status").annotate(Count("pk"))
    return Counter({DocumentStatus(status): count for status, count in counted})

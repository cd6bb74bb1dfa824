"""Reads what needs a person: accounts that failed or lost their link, and documents that QuickBooks refuses.

Each failure has a cause, its reason with QuickBooks' code where there is one; lists are narrowed and counted by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from django.db.models import Case, CharField, Count, F, IntegerField, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from accounts.models import Account, Allocation, Invoice, Payment
from portal.models import Firm
from qbsync import clock
from qbsync.models.connection import Connection
from qbsync.models.links import AccountSync, PaymentSync
from qbsync.selectors.documents import annotate_documents, document_standing, with_status_in
from qbsync.selectors.statuses import annotate_status
from qbsync.states import LOST_REASONS, WAITING_REASONS, DocumentReason, DocumentStatus, Reason, Status

KINDS: dict[str, type[Account] | type[Invoice] | type[Payment]] = {
    "accounts": Account,
    "invoices": Invoice,
    "payments": Payment,
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something failed: its reason, and the code that QuickBooks answered; how many rows have it."""

    reason: str
    code: str = ""
    count: int = 0

    @classmethod
    def from_key(cls, key: str) -> Self | None:
        """Return the cause that an address names; None for what is no reason of ours."""
        reason, _, code = key.replace("\x00", "").partition("-")
        return cls(reason, code[:40]) if reason and reason in {*Reason, *DocumentReason} else None

    @property
    def key(self) -> str:
        """The cause as an address names it: ``refused-6210``."""
        return f"{self.reason}-{self.code}" if self.code else self.reason

    def of(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return those of the failures that have this cause."""
        return rows.filter(quickbooks_reason=self.reason, quickbooks_code=self.code)


def account_errors(connection: Connection | Combinable) -> QuerySet[Account]:
    """Return the accounts (not archived) that failed, or whose customer was deleted or merged, the newest first."""
    possible = Account.objects.filter(
        archived_at=None,
        quickbooks__connection=connection,
        quickbooks__status__in=[Status.FAILED, Status.SYNCING, Status.NOT_SYNCED],
    )
    wrong = Q(quickbooks_status=Status.FAILED) | Q(
        quickbooks_status=Status.NOT_SYNCED, quickbooks_reason__in=LOST_REASONS
    )
    # A detail is of the stored reason; where that is overridden its code says nothing.
    code = Case(
        When(quickbooks_reason=F("quickbooks__reason"), then=_code()), default=Value(""), output_field=CharField()
    )
    found: QuerySet[Any] = annotate_status(possible).annotate(quickbooks_code=code)
    return found.filter(wrong).order_by("-quickbooks__changed_at", "pk")


def documents_for_a_person(connection: Connection | Combinable, model: type[Invoice] | type[Payment]) -> QuerySet[Any]:
    """Return what QuickBooks refuses, and the payments that wait until a person has their invoice synced."""
    waits = Q(quickbooks__status=DocumentStatus.WAITING, quickbooks__reason=DocumentReason.INVOICE_BEFORE_SYNC_DATE)
    return _documents_that(Q(quickbooks__status=DocumentStatus.FAILED) | waits, connection, model)


def _documents_that(
    need: Q, connection: Connection | Combinable, model: type[Invoice] | type[Payment]
) -> QuerySet[Any]:
    """The documents whose stored and effective status both are as the condition has it."""
    possible = model.with_deleted.filter(need, quickbooks__connection=connection)
    found = annotate_documents(possible).annotate(quickbooks_code=_code())
    effective = Q(quickbooks_status=F("quickbooks__status"), quickbooks_reason=F("quickbooks__reason"))
    return found.filter(effective).order_by("-quickbooks__changed_at", "pk")


def waited_for(payments: Sequence[Payment]) -> dict[int, Invoice]:
    """Return, by payment, the first invoice from before the sync date that it waits for. One statement."""
    waiting = [one.pk for one in payments if one.quickbooks.reason == DocumentReason.INVOICE_BEFORE_SYNC_DATE]
    if not waiting:
        return {}
    missing = Allocation.objects.filter(
        Q(invoice__quickbooks=None) | Q(invoice__quickbooks__qbo_id=""),
        payment__in=waiting,
        invoice__date__lt=F("invoice__firm__quickbooks__sync_date"),
    )
    return {one.payment_id: one.invoice for one in missing.select_related("invoice").order_by("-invoice__date", "-pk")}


def awaited_invoice(payment: Payment) -> Invoice | None:
    """Return the first invoice from before the sync date that the payment waits for; None once that is on its way.

    The payment has its standing.
    """
    now = document_standing(payment)
    if now.status != DocumentStatus.WAITING or now.reason != DocumentReason.INVOICE_BEFORE_SYNC_DATE:
        return None
    invoice = waited_for([payment]).get(payment.pk)
    sync = getattr(invoice, "quickbooks", None)
    is_on_its_way = sync is not None and sync.asked and sync.status == DocumentStatus.WAITING
    return None if is_on_its_way else invoice


MOST_COUNTED = 100
"""How many of a kind are counted for the banner at most: it is on every page."""

_HELD_UP_FOR = timedelta(minutes=10)
_FOR_AN_INVOICE = (DocumentReason.WAITS_FOR_INVOICE, DocumentReason.INVOICE_BEFORE_SYNC_DATE)


def attention(connection: Connection, firm: Firm) -> dict[str, Subquery]:
    """Return, as SQL by name, how much of the firm's connection needs a person: what does not end by itself.

    ``failed_accounts`` (or whose link was lost), ``failed_invoices``, ``failed_payments``, and ``held_up_payments``,
    which have waited for their invoice for ten minutes. Counted up to ``MOST_COUNTED`` and one more. It is asked on
    every page, so it looks at stored statuses, which an index finds.
    """
    failed = Q(status=Status.FAILED) & ~Q(reason__in=WAITING_REASONS)
    lost = Q(status=Status.NOT_SYNCED, reason__in=LOST_REASONS)
    held_up = PaymentSync.objects.filter(
        connection=connection,
        status=DocumentStatus.WAITING,
        reason__in=_FOR_AN_INVOICE,
        changed_at__lt=clock.about_now() - _HELD_UP_FOR,
        account__quickbooks__status=Status.SYNCED,
    )

    def refused(model: type[Invoice] | type[Payment]) -> QuerySet[Any]:
        failed = {"quickbooks__connection": connection, "quickbooks__status": DocumentStatus.FAILED, "firm": firm}
        rows = with_status_in(connection, firm, model.with_deleted.filter(**failed))
        return rows.filter(quickbooks_status=DocumentStatus.FAILED)

    return {
        "failed_accounts": _counted(
            AccountSync.objects.filter(failed | lost, connection=connection, account__archived_at=None)
        ),
        "failed_invoices": _counted(refused(Invoice)),
        "failed_payments": _counted(refused(Payment)),
        "held_up_payments": _counted(held_up),
    }


class _Count(Subquery):
    """Counts the rows of a limited query, which an aggregate would not."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def _counted(rows: QuerySet[Any]) -> Subquery:
    return _Count(rows.order_by().values("pk")[: MOST_COUNTED + 1])


def errors_of(connection: Connection | Combinable, kind: str, *, account: int | None = None) -> QuerySet[Any]:
    """Return the failures of one kind, a key of ``KINDS``; of one account, given by its key, or of all."""
    model = KINDS[kind]
    if model is Account:
        rows: QuerySet[Any] = account_errors(connection)
        return rows.filter(pk=account) if account else rows
    rows = documents_for_a_person(connection, Invoice if model is Invoice else Payment)
    return rows.filter(account=account) if account else rows


def causes_of(rows: QuerySet[Any]) -> list[Cause]:
    """Return the causes of these failures, the most frequent first. One statement."""
    counted = rows.order_by().values_list("quickbooks_reason", "quickbooks_code").annotate(n=Count("pk"))
    return [Cause(reason, code, n) for reason, code, n in counted.order_by("-n", "quickbooks_reason")]


def error_counts(connection: Connection, *, account: int | None = None) -> Mapping[str, list[Cause]]:
    """Return the causes of all failures, by kind. Three statements."""
    return {kind: causes_of(errors_of(connection, kind, account=account)) for kind in KINDS}


def _code() -> Coalesce:
    """The code that QuickBooks answered, as SQL; empty where the failure has none."""
    return Coalesce(KeyTextTransform("code", "quickbooks__detail"), Value(""), output_field=CharField())

"""Reads what needs a person: accounts that failed or lost their link, and documents that QuickBooks refuses.

Each failure has a cause, its reason with QuickBooks' code where there is one; lists are narrowed and counted by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from django.db.models import BooleanField, Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from accounts.models import Account, Invoice, Payment
from qbsync.models.connection import Connection
from qbsync.models.links import AccountSync
from qbsync.selectors.documents import annotate_documents
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


def document_errors(connection: Connection | Combinable, model: type[Invoice] | type[Payment]) -> QuerySet[Any]:
    """Return the invoices or payments that QuickBooks refuses, the newest failure first.

    Deleted ones are among them where it is their deletion that QuickBooks refuses: nothing else would show them.
    """
    failed = model.with_deleted.filter(quickbooks__connection=connection, quickbooks__status=DocumentStatus.FAILED)
    found = annotate_documents(failed).annotate(quickbooks_code=_code())
    return found.filter(quickbooks_status=DocumentStatus.FAILED).order_by("-quickbooks__changed_at", "pk")


def needs_somebody() -> Case:
    """Return, as SQL, whether a connection (the outer query) has failures that do not end by themselves.

    It is asked on every page, so it looks at stored statuses, which an index finds.
    """
    failed = Q(status=Status.FAILED) & ~Q(reason__in=WAITING_REASONS)
    lost = Q(status=Status.NOT_SYNCED, reason__in=LOST_REASONS)
    accounts = AccountSync.objects.filter(failed | lost, connection=OuterRef("pk"), account__archived_at=None)
    invoices, payments = document_errors(OuterRef("pk"), Invoice), document_errors(OuterRef("pk"), Payment)
    found = Exists(accounts) | Exists(invoices.order_by()) | Exists(payments.order_by())
    return Case(When(found, then=Value(True)), default=Value(False), output_field=BooleanField())


def errors_of(connection: Connection | Combinable, kind: str, *, account: int | None = None) -> QuerySet[Any]:
    """Return the failures of one kind, a key of ``KINDS``; of one account, given by its key, or of all."""
    model = KINDS[kind]
    if model is Account:
        rows: QuerySet[Any] = account_errors(connection)
        return rows.filter(pk=account) if account else rows
    rows = document_errors(connection, Invoice if model is Invoice else Payment)
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

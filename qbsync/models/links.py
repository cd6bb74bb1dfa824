"""Where each account and document stands with QuickBooks. Statuses are written by ``qbsync.services`` only."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Account, Invoice, Payment
from portal.isolation import FirmOwned
from qbsync.models.connection import Connection
from qbsync.models.mirror import Customer
from qbsync.states import Ask, DocumentStatus, Reason, Status


def _values(enum: Any) -> list[str]:
    return [member.value for member in enum]


class AccountSync(FirmOwned):
    """An account's place in the sync. No row: never linked and never asked for, which reads as Not synced."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="quickbooks")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="accounts")
    status = models.CharField(max_length=12, default=Status.SYNCING)
    reason = models.CharField(max_length=24, blank=True)
    detail = models.JSONField(default=dict, blank=True)  # names and ids that the reason's sentence mentions
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    # The link is by id, so a rename on either side never breaks it. Unsync frees the customer but remembers it.
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="links")
    remembered_customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="+")
    linked_at = models.DateTimeField(null=True)

    # What a Syncing account waits for, and since when; a Failed one that goes on by itself keeps it
    ask = models.CharField(max_length=8, blank=True, default=Ask.NOTHING)
    asked_customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField(null=True)

    # The name as it was last judged
    judged_name = models.CharField(max_length=600, blank=True)
    folded_name = models.CharField(max_length=600, blank=True)

    # The claim: who holds the highest number may send; it ends by itself
    claim = models.PositiveBigIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    # The earliest moment at which something is to be done for this account; empty where nothing is
    due_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(customer__isnull=False), name="link_one_account_per_customer"
            ),
            models.CheckConstraint(condition=Q(status__in=_values(Status)), name="account_status_is_known"),
            models.CheckConstraint(
                condition=~Q(status=Status.SYNCED) | Q(customer__isnull=False), name="synced_has_a_customer"
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.FAILED) | ~Q(reason=Reason.NONE), name="failed_has_a_reason"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[Status.SKIPPED, Status.NOT_SYNCED]) | Q(customer=None),
                name="skipped_and_not_synced_hold_no_customer",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.SYNCING) & ~Q(ask=Ask.NOTHING) & Q(asked_at__isnull=False)
                | Q(status=Status.FAILED)  # keeps what was asked for, where it goes on by itself
                | Q(status__in=[Status.SYNCED, Status.SKIPPED, Status.NOT_SYNCED]) & Q(ask=Ask.NOTHING),
                name="syncing_asks_for_something",
            ),
        ]
        indexes = [
            models.Index(fields=["connection", "status", "reason"], name="account_by_status_and_reason"),
            models.Index(fields=["connection", "folded_name"], name="account_by_folded_name"),
            models.Index(
                fields=["connection", "due_at"],
                condition=Q(due_at__isnull=False),
                name="account_with_work_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.status}"


class DocumentSync(FirmOwned):
    """A document's place in the sync. No row: nothing was tried yet.

    Work is due while the document's revision is newer than ``settled_revision``: the last one that QuickBooks has
    taken, or that was decided not to be sent again as it is.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="%(class)ss")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="%(class)ss")
    status = models.CharField(max_length=12, default=DocumentStatus.WAITING)
    reason = models.CharField(max_length=32, blank=True)
    detail = models.JSONField(default=dict, blank=True)
    changed_at = models.DateTimeField()
    mark = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # in PrivateNote, to find our own again
    asked = models.BooleanField(default=False)  # a person asked for this one, so the sync date does not hold it back
    settled_revision = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)

    # The copy in QuickBooks
    qbo_id = models.CharField(max_length=20, blank=True)
    sync_token = models.CharField(max_length=20, blank=True)
    qbo_number = models.CharField(max_length=40, blank=True)
    qbo_customer_id = models.CharField(max_length=20, blank=True)
    pushed_revision = models.PositiveIntegerField(default=0)
    pushed_at = models.DateTimeField(null=True)
    is_void_there = models.BooleanField(default=False)
    seen = models.JSONField(default=dict, blank=True)  # its copies.summary as it was last taken over

    # What was read of the copy since: written by ``qbsync.changes`` alone, and judged once no push is under way
    theirs = models.JSONField(null=True)
    theirs_is_news = models.BooleanField(default=False)
    # The customer that a person wants the copy moved to, by QuickBooks' id; empty where it is to stay as it is
    move_to = models.CharField(max_length=20, blank=True, default="")

    @classmethod
    def beginning(cls, connection_id: int, document: Invoice | Payment) -> dict[str, Any]:
        """Return what a document's new row begins with. Its mark is the document's name for life: a database that was
        restored has forgotten the row, and not the document."""
        return {"connection_id": connection_id, "account_id": document.account_id, "mark": document.uid}

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "qbo_id"], condition=~Q(qbo_id=""), name="%(class)s_one_per_qbo_id"
            ),
            models.CheckConstraint(condition=Q(status__in=_values(DocumentStatus)), name="%(class)s_status_is_known"),
            models.CheckConstraint(
                condition=~Q(status=DocumentStatus.SYNCED) | ~Q(qbo_id=""), name="%(class)s_synced_has_an_id"
            ),
            models.CheckConstraint(
                condition=~Q(status=DocumentStatus.FAILED) | ~Q(reason=""),
                name="%(class)s_failed_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(pushed_revision__lte=F("settled_revision")), name="%(class)s_pushed_is_settled"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["account", "status"], name="%(class)s_by_account"),
            models.Index(fields=["connection", "status"], name="%(class)s_by_status"),
            models.Index(fields=["connection"], condition=Q(theirs_is_news=True), name="%(class)s_with_news"),
        ]


class InvoiceSync(DocumentSync):
    """Where an invoice stands."""

    document = models.OneToOneField(Invoice, on_delete=models.CASCADE, related_name="quickbooks")

    class Meta(DocumentSync.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.document}: {self.status}"


class PaymentSync(DocumentSync):
    """Where a payment stands."""

    document = models.OneToOneField(Payment, on_delete=models.CASCADE, related_name="quickbooks")

    class Meta(DocumentSync.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.document}: {self.status}"

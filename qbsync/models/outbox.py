"""Intents: what was about to be written to QuickBooks, committed before the request, settled after its answer."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from portal.isolation import FirmOwned
from qbsync.models.connection import Connection
from qbsync.models.links import AccountSync, InvoiceSync, PaymentSync


class PushIntent(FirmOwned):
    """One write of one record. Open from the commit before the request until its outcome is known.

    An open intent whose claim has ended is an unknown outcome: QuickBooks is asked before anything is sent again.
    """

    class Operation(models.TextChoices):
        """What QuickBooks is asked to do."""

        CREATE = "create"
        UPDATE = "update"
        VOID = "void"
        DELETE = "delete"

    class Outcome(models.TextChoices):
        """What became of it."""

        OPEN = "open"  # sent, or about to be; not known to have been executed
        DONE = "done"
        REFUSED = "refused"
        NOT_EXECUTED = "not_executed"  # known not to have reached the books

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="intents")
    account_sync = models.ForeignKey(AccountSync, on_delete=models.CASCADE, related_name="intents")
    invoice_sync = models.ForeignKey(InvoiceSync, on_delete=models.CASCADE, null=True, related_name="intents")
    payment_sync = models.ForeignKey(PaymentSync, on_delete=models.CASCADE, null=True, related_name="intents")
    operation = models.CharField(max_length=8, choices=Operation.choices)
    request_id = models.CharField(max_length=36)  # of the HTTP request; a batch's is shared by its items
    item_id = models.CharField(max_length=10)  # bId, unique within the request
    revision = models.PositiveIntegerField(default=0)
    payload = models.JSONField()
    claim = models.PositiveBigIntegerField()
    sent_at = models.DateTimeField()
    outcome = models.CharField(max_length=14, choices=Outcome.choices, default=Outcome.OPEN)
    settled_at = models.DateTimeField(null=True)
    qbo_id = models.CharField(max_length=20, blank=True)
    fault_code = models.CharField(max_length=20, blank=True)
    intuit_tid = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request_id", "item_id"], name="intent_sent_once"),
            models.UniqueConstraint(
                fields=["invoice_sync"], condition=Q(outcome="open"), name="intent_one_open_per_invoice"
            ),
            models.UniqueConstraint(
                fields=["payment_sync"], condition=Q(outcome="open"), name="intent_one_open_per_payment"
            ),
            models.UniqueConstraint(
                fields=["account_sync"],
                condition=Q(outcome="open", invoice_sync=None, payment_sync=None),
                name="intent_one_open_per_customer",
            ),
            models.CheckConstraint(
                condition=Q(invoice_sync=None) | Q(payment_sync=None), name="intent_is_of_one_record"
            ),
        ]
        indexes = [models.Index(fields=["connection", "sent_at"], condition=Q(outcome="open"), name="intent_open")]

    def __str__(self) -> str:
        return f"{self.operation} {self.request_id}/{self.item_id}: {self.outcome}"

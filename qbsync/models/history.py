"""The history: who or what changed a status, before and after, and what QuickBooks answered.

It is append-only: a trigger refuses every UPDATE and DELETE (migration 0012).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.models import Account
from portal.isolation import FirmOwned
from portal.models import Firm


class HistoryEntry(FirmOwned):
    """One thing that happened to an account, a document or the connection of a firm."""

    class Kind(models.TextChoices):
        """What it happened to."""

        ACCOUNT = "account", "Account"
        INVOICE = "invoice", "Invoice"
        PAYMENT = "payment", "Payment"
        CONNECTION = "connection", "Connection"

    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="quickbooks_history")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, related_name="quickbooks_history")
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )  # empty: the sync itself
    kind = models.CharField(max_length=10, choices=Kind.choices)
    subject = models.CharField(max_length=60, blank=True)  # the document's number
    event = models.CharField(max_length=24)
    before = models.CharField(max_length=14, blank=True)
    after = models.CharField(max_length=14, blank=True)
    reason = models.CharField(max_length=32, blank=True)
    detail = models.JSONField(default=dict, blank=True)
    fault_code = models.CharField(max_length=20, blank=True)
    intuit_tid = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name_plural = "history entries"
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["account", "-at"], name="history_of_account"),
            models.Index(fields=["firm", "-at"], name="history_of_firm"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.kind} {self.subject} {self.event}"

"""What comparing the firm's books with QuickBooks found: both sides' totals, and each document that differs."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Account, Invoice, Payment, money_field
from portal.isolation import FirmOwned
from qbsync.models.connection import Connection
from qbsync.reconciliation.comparing import Kind, Verdict


class Reconciliation(FirmOwned):
    """One comparison of an account, or (without one) of all linked accounts of the firm. Amounts in its currency."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="reconciliations")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)  # why it came to no result
    attempts = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)  # the one worker that is at it holds this

    here_invoiced = money_field(default=Decimal(0))
    here_paid = money_field(default=Decimal(0))
    here_open = money_field(default=Decimal(0))
    there_invoiced = money_field(default=Decimal(0))
    there_paid = money_field(default=Decimal(0))
    there_open = money_field(default=Decimal(0))
    documents = models.PositiveIntegerField(default=0)  # of ours that were compared
    moving_accounts = models.PositiveIntegerField(default=0)  # left out: they were being synced meanwhile

    class Meta:
        ordering: ClassVar[list[str]] = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(ended_at=None, account=None),
                name="reconciliation_one_open_per_firm",
            ),
            models.UniqueConstraint(
                fields=["account"], condition=Q(ended_at=None), name="reconciliation_one_open_per_account"
            ),
        ]

    def __str__(self) -> str:
        return f"Reconciliation of {self.account or self.connection} at {self.asked_at:%Y-%m-%d %H:%M}"


class ReconciliationDifference(FirmOwned):
    """A document that the two sides do not have alike; a side's amounts are empty where it has no such document."""

    reconciliation = models.ForeignKey(Reconciliation, on_delete=models.CASCADE, related_name="differences")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    verdict = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Verdict])
    kind = models.CharField(max_length=8, choices=[(one.value, one.value) for one in Kind])
    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, null=True, related_name="+")
    payment = models.ForeignKey(Payment, on_delete=models.CASCADE, null=True, related_name="+")
    number = models.CharField(max_length=40, blank=True)
    day = models.DateField()
    qbo_id = models.CharField(max_length=20, blank=True)
    here_amount = money_field(null=True)
    here_open = money_field(null=True)
    there_amount = money_field(null=True)
    there_open = money_field(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["account__name", "account", "kind", "day", "number", "pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}: {self.verdict}"

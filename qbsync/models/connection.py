"""A firm's authorised link to one QuickBooks company, its settings, its runs, and the requests it cost."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.isolation import FirmOwned
from portal.models import Firm
from qbsync.crypto import EncryptedTextField


class ConnectionStatus(models.TextChoices):
    """Whether the connection can be used."""

    ACTIVE = "active", "Connected"
    BROKEN = "broken", "Needs attention"  # QuickBooks refuses the tokens; the owner has to reconnect
    DISCONNECTED = "disconnected", "Disconnected"  # the owner ended it; the links are kept


class Scope(models.TextChoices):
    """Which accounts are synced without being asked for."""

    WITH_DOCUMENTS = "with_documents", "Accounts that have invoices or payments"
    ALL = "all", "All accounts"


LIVE = (ConnectionStatus.ACTIVE, ConnectionStatus.BROKEN)
"""The statuses in which the company belongs to the firm and to no other."""


class Connection(FirmOwned):
    """One firm and one QuickBooks company (``realm_id``)."""

    firm = models.OneToOneField(Firm, on_delete=models.CASCADE, related_name="quickbooks")
    realm_id = models.CharField(max_length=40)
    company_name = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=14, choices=ConnectionStatus.choices, default=ConnectionStatus.ACTIVE)
    broken_reason = models.CharField(max_length=40, blank=True)  # a gateway.faults.FaultKind
    status_changed_at = models.DateTimeField()
    connected_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    # Tokens. token_version grows with each stored pair, so that a refresh that raced is recognised.
    access_token = EncryptedTextField(blank=True, default="")
    refresh_token = EncryptedTextField(blank=True, default="")
    access_expires_at = models.DateTimeField(null=True)
    refresh_expires_at = models.DateTimeField(null=True)  # rolling: each refresh begins it anew
    hard_expires_at = models.DateTimeField(null=True)  # no refresh prolongs it, a reconnect does; null: not said
    token_version = models.PositiveIntegerField(default=0)
    refreshing_until = models.DateTimeField(null=True)  # the one caller that refreshes holds this

    # Settings of the sync
    scope = models.CharField(max_length=16, choices=Scope.choices, default=Scope.WITH_DOCUMENTS)
    sync_date = models.DateField(null=True, blank=True)  # documents dated before it stay here
    income_account_id = models.CharField(max_length=20, blank=True)
    income_account_name = models.CharField(max_length=200, blank=True)
    service_item_id = models.CharField(max_length=20, blank=True)
    service_item_name = models.CharField(max_length=200, blank=True)
    # Tax codes of the company for the lines of invoices, where its rules ask for them (see ``taxes``)
    taxable_code_id = models.CharField(max_length=20, blank=True)
    taxable_code_name = models.CharField(max_length=100, blank=True)
    exempt_code_id = models.CharField(max_length=20, blank=True)
    exempt_code_name = models.CharField(max_length=100, blank=True)
    sync_manual_payments = models.BooleanField(
        "By default, sync manually created payments with QuickBooks", default=True
    )
    set_up_at = models.DateTimeField(null=True)  # all four steps are done; nothing is sent before

    # What the company prefers, read with the mirror
    custom_numbers = models.BooleanField(default=True)
    uses_sales_tax = models.BooleanField(default=False)
    automated_sales_tax = models.BooleanField(default=False)  # in the US: QuickBooks knows the rates by itself
    multicurrency = models.BooleanField(default=False)
    home_currency = models.CharField(max_length=3, blank=True)
    country = models.CharField(max_length=2, blank=True)
    books_closed_on = models.DateField(null=True)
    individual_type_id = models.CharField(max_length=20, blank=True)
    company_read_at = models.DateTimeField(null=True)

    # The mirror: QuickBooks' own time up to which it is complete; empty where a full read is needed
    mirror_cursor = models.CharField(max_length=40, blank=True)
    mirror_read_at = models.DateTimeField(null=True)
    mirror_leased_until = models.DateTimeField(null=True)

    # What happened in QuickBooks: the same for the copies of documents, and when to look next
    documents_cursor = models.CharField(max_length=40, blank=True)
    polled_at = models.DateTimeField(null=True)
    poll_due_at = models.DateTimeField(null=True)
    webhooks_proven_at = models.DateTimeField(null=True)  # a push of ours has echoed

    # Work: claim_number is the fencing number of the newest claim; a live working_until says that a worker is at it
    claim_number = models.PositiveBigIntegerField(default=0)
    working_until = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(null=True)  # a background message is on its way
    paused_until = models.DateTimeField(null=True)  # QuickBooks asked us to wait, or does not answer
    outage_since = models.DateTimeField(null=True)  # QuickBooks has not done what we ask for since
    trouble = models.CharField(max_length=40, blank=True)  # why, a gateway.faults.FaultKind; empty while all is well
    # The moment of the backup that this database was restored from: nothing is sent before ``restoring`` is through
    restored_to = models.DateTimeField(null=True)
    rests_until = models.DateTimeField(null=True)  # nothing is sent unasked before; the trouble is not a short one

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["realm_id"], condition=Q(status__in=LIVE), name="connection_one_firm_per_company"
            ),
            models.CheckConstraint(
                condition=Q(status=ConnectionStatus.DISCONNECTED) | ~Q(refresh_token=""),
                name="connection_in_use_has_a_token",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.firm} – {self.company_name or self.realm_id}"

    @property
    def is_active(self) -> bool:
        """Whether requests can be sent."""
        return self.status == ConnectionStatus.ACTIVE

    @property
    def is_ready(self) -> bool:
        """Whether syncing may go on: connected, and set up to the last step."""
        return self.is_active and self.set_up_at is not None


class SyncRun(FirmOwned):
    """One stretch of work on a connection, from its first claim until nothing is due; for progress and history."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="runs")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )  # who asked for it; empty: it began by itself
    accounts_linked = models.PositiveIntegerField(default=0)
    accounts_failed = models.PositiveIntegerField(default=0)
    invoices_sent = models.PositiveIntegerField(default=0)
    payments_sent = models.PositiveIntegerField(default=0)
    documents_failed = models.PositiveIntegerField(default=0)
    requests = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar[list[str]] = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection"], condition=Q(ended_at=None), name="run_one_open_per_connection"
            )
        ]

    def __str__(self) -> str:
        return f"Run of {self.connection} at {self.started_at:%Y-%m-%d %H:%M}"


class RequestCount(FirmOwned):
    """How many requests a connection sent on one day (UTC), by endpoint; reads are metered by Intuit."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="request_counts")
    day = models.DateField()
    endpoint = models.CharField(max_length=20)
    metered = models.BooleanField(default=False)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "day", "endpoint", "metered"],
                name="request_count_one_per_day_and_endpoint",
            )
        ]

    def __str__(self) -> str:
        return f"{self.count} × {self.endpoint} on {self.day}"

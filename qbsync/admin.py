"""What ops may look at of the sync. Reading only: statuses are written by the services, tokens are shown to nobody."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from qbsync.models import AccountSync, Connection, Customer, HistoryEntry, InvoiceSync, PaymentSync, PushIntent, SyncRun

SECRET = ("access_token", "refresh_token")


class ReadOnly(admin.ModelAdmin):
    """A list to search and rows to read."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds rows here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes rows here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes rows here."""
        return False


@admin.register(Connection)
class ConnectionAdmin(ReadOnly):
    """The firms' companies, without their tokens."""

    list_display = ("firm", "company_name", "realm_id", "status", "status_changed_at", "set_up_at", "working_until")
    list_filter = ("status",)
    search_fields = ("firm__name", "company_name", "realm_id")
    exclude = SECRET


@admin.register(AccountSync)
class AccountSyncAdmin(ReadOnly):
    """Where accounts stand, as stored."""

    list_display = ("account", "status", "reason", "customer", "changed_at", "claimed_until", "due_at")
    list_filter = ("status", "reason")
    list_select_related = ("account", "customer")
    search_fields = ("account__name", "account__code")


@admin.register(InvoiceSync, PaymentSync)
class DocumentSyncAdmin(ReadOnly):
    """Where documents stand, as stored."""

    list_display = ("document", "status", "reason", "qbo_id", "settled_revision", "next_try_at", "attempts")
    list_filter = ("status", "reason")
    list_select_related = ("document",)
    search_fields = ("document__number", "qbo_id")


@admin.register(Customer)
class CustomerAdmin(ReadOnly):
    """The mirror of QuickBooks' customers."""

    list_display = ("full_name", "qbo_id", "connection", "active")
    list_select_related = ("connection__firm",)
    search_fields = ("full_name", "qbo_id")


@admin.register(HistoryEntry)
class HistoryEntryAdmin(ReadOnly):
    """What happened, with Intuit's ids for a support case."""

    list_display = ("at", "account", "kind", "subject", "event", "after", "reason", "fault_code", "intuit_tid")
    list_select_related = ("account",)
    search_fields = ("subject", "intuit_tid", "fault_code")


@admin.register(PushIntent)
class PushIntentAdmin(ReadOnly):
    """What was about to be written to QuickBooks."""

    list_display = ("request_id", "item_id", "operation", "outcome", "sent_at", "qbo_id", "fault_code", "intuit_tid")
    list_filter = ("outcome", "operation")
    search_fields = ("request_id", "qbo_id", "intuit_tid")


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnly):
    """The stretches of work."""

    list_display = ("connection", "started_at", "ended_at", "accounts_linked", "invoices_sent", "requests")
    list_select_related = ("connection__firm",)

"""What ops may look at of the sync. Statuses are written by the services alone, tokens are shown to nobody.

In place of a list of connections there are the pages of ``qbsync.ops``, with their buttons; all else is for reading.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from qbsync.models import AccountSync, Connection, Customer, HistoryEntry, InvoiceSync, PaymentSync, PushIntent, SyncRun
from qbsync.ops import views

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
    """The firms' companies: where they stand, and all their fields without the tokens."""

    exclude = SECRET

    def get_urls(self) -> list[URLPattern]:
        """Add the page of one connection and its buttons."""
        wrap = self.admin_site.admin_view
        mine = [
            path("<int:pk>/ops/", wrap(self.ops_view), name="qbsync_connection_ops"),
            path("<int:pk>/ops/<slug:verb>/", wrap(self.press_view), name="qbsync_connection_press"),
        ]
        return [*mine, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show where all firms' connections stand."""
        return views.connections(request, self.admin_site)

    def ops_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show where one connection stands."""
        return views.connection(request, self.admin_site, pk)

    def press_view(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Ask before one of its buttons does something, or have it done."""
        return views.press(request, self.admin_site, pk, verb)


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

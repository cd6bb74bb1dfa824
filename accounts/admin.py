"""The admin site's view of the books, for operations. It only shows: the books are written by their services alone."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import Account, Allocation, Contact, Invoice, InvoiceLine, Payment, Service, Tag


class ReadOnly:
    """Refuses every change, which would pass the services by and leave totals and revisions wrong."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


class ContactInline(ReadOnly, admin.TabularInline):
    """An account's contacts."""

    model = Contact


class LineInline(ReadOnly, admin.TabularInline):
    """An invoice's lines."""

    model = InvoiceLine


class AllocationInline(ReadOnly, admin.TabularInline):
    """What a payment pays."""

    model = Allocation


@admin.register(Account)
class AccountAdmin(ReadOnly, admin.ModelAdmin):
    """Accounts of all firms."""

    list_display = ["code", "name", "type", "firm", "balance_due", "archived_at"]
    list_filter = ["firm", "type"]
    list_select_related = ["firm"]
    search_fields = ["name", "code"]
    inlines = [ContactInline]


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly, admin.ModelAdmin):
    """Invoices of all firms."""

    list_display = ["number", "account", "firm", "date", "tax", "total", "paid", "voided_at", "revision"]
    list_filter = ["firm"]
    list_select_related = ["account", "firm"]
    search_fields = ["number", "account__name"]
    date_hierarchy = "date"
    inlines = [LineInline]


@admin.register(Payment)
class PaymentAdmin(ReadOnly, admin.ModelAdmin):
    """Payments of all firms."""

    list_display = ["number", "account", "firm", "date", "amount", "method", "voided_at", "revision"]
    list_filter = ["firm", "method"]
    list_select_related = ["account", "firm"]
    search_fields = ["number", "reference", "account__name"]
    date_hierarchy = "date"
    inlines = [AllocationInline]


@admin.register(Service)
class ServiceAdmin(admin.ModelAdmin):
    """What firms sell; nothing is computed from it, so it may be changed here."""

    list_display = ["name", "firm", "rate", "taxable"]
    list_filter = ["firm"]
    search_fields = ["name"]


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    """The firms' tags; nothing is computed from them, so they may be changed here."""

    list_display = ["name", "firm", "color"]
    list_filter = ["firm"]
    search_fields = ["name"]

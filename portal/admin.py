"""The admin site's view of people, firms and memberships, for operations."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest

from portal.models import Firm, Membership, User


class MembershipInline(admin.TabularInline):
    """The people of a firm, or the firms of a person."""

    model = Membership
    extra = 0
    autocomplete_fields = ["user", "firm"]


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """People, found by e-mail or name; Django's own forms keep the password safe."""

    ordering = ["email"]
    list_display = ["email", "name", "is_active", "is_staff", "last_login"]
    search_fields = ["email", "name"]
    fieldsets = [
        (None, {"fields": ["email", "name", "password"]}),
        ("Permissions on this site", {"fields": ["is_active", "is_staff", "is_superuser", "user_permissions"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"classes": ["wide"], "fields": ["email", "name", "password1", "password2"]})]
    filter_horizontal = ["user_permissions"]
    list_filter = ["is_active", "is_staff"]
    inlines = [MembershipInline]


@admin.register(Firm)
class FirmAdmin(admin.ModelAdmin):
    """Firms and who works there."""

    list_display = ["name", "time_zone", "currency", "requires_two_factor", "created_at"]
    search_fields = ["name"]
    inlines = [MembershipInline]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a firm in passing: its books and its history would go with it."""
        return False

"""The admin site's view of people, firms and memberships, for operations. The firms' history has what it changes."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest

from portal.models import Firm, Membership, User
from portal.services import by_operator

admin.site.site_header = admin.site.site_title = "Firm portal"
admin.site.index_title = "Operations"

# A row deleted there would weaken a sign-in, end no session and stand nowhere; `manage.py reset_two_factor` is for that
admin.site.unregister(Authenticator)
# A person has the one address that they sign in with; what was entered here would be used for nothing
admin.site.unregister(EmailAddress)


class MembershipInline(admin.TabularInline):
    """The people of a firm, or the firms of a person."""

    model = Membership
    extra = 0
    autocomplete_fields = ["user", "firm"]


class PeopleAdmin(admin.ModelAdmin):
    """An admin with memberships inline, which notes what is done to them."""

    inlines = [MembershipInline]

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save the memberships, and note what changed; Django has a transaction open."""
        before = {member.pk: member for member in Membership.objects.filter(pk__in=formset.queryset.values("pk"))}
        super().save_formset(request, form, formset, change)
        for member in formset.deleted_objects:
            by_operator.member_removed(before.get(member.pk) or member)
        for member, _ in formset.changed_objects:
            by_operator.member_changed(member, before=before[member.pk])
        for member in formset.new_objects:
            by_operator.member_added(member)


class PasswordForm(AdminPasswordChangeForm):
    """Django's own, whose password stands in the history."""

    def save(self, commit: bool = True) -> User:
        """Set the password, and note it."""
        with transaction.atomic():
            user: User = super().save(commit)
            by_operator.password_set(user)
        return user


@admin.register(User)
class UserAdmin(PeopleAdmin, DjangoUserAdmin):
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
    change_password_form = PasswordForm


@admin.register(Firm)
class FirmAdmin(PeopleAdmin):
    """Firms and who works there."""

    list_display = ["name", "time_zone", "currency", "requires_two_factor", "created_at"]
    search_fields = ["name"]

    def save_model(self, request: HttpRequest, obj: Firm, form: ModelForm, change: bool) -> None:
        """Save the firm, and note it where it requires something else than before."""
        super().save_model(request, obj, form, change)
        if "requires_two_factor" in form.changed_data:
            by_operator.requirement_changed(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a firm in passing: its books and its history would go with it."""
        return False

"""What staff change about people in the admin site stands in the history of the firm, as done by whoever runs it."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from portal.models import Firm, Membership, Role, TeamEvent, User
from portal.team_wording import what_happened
from tests.portal.people import Office
from tests.portal.test_passwords import NEW


@pytest.fixture
def staff(office: Office) -> Client:
    """A browser of somebody who runs the portal."""
    client = Client()
    client.force_login(User.objects.create_superuser("sam@example.com", "x", name="Sam Staff"))
    return client


def told(firm: Firm) -> list[str]:
    entries = TeamEvent.objects.filter(firm=firm).select_related("person").order_by("pk")
    assert all(entry.by_operator and entry.actor is None for entry in entries)
    return [strip_tags(what_happened(entry)) for entry in entries]


def firm_form(firm: Firm, members: list[Membership], **more: Any) -> dict[str, Any]:
    """What the page of a firm sends, with these members as they are."""
    form: dict[str, Any] = {"name": firm.name, "time_zone": firm.time_zone, "currency": firm.currency}
    form |= {"memberships-TOTAL_FORMS": len(members) + 1, "memberships-INITIAL_FORMS": len(members)}
    form[f"memberships-{len(members)}-role"] = "employee"  # of the row that is still empty
    for number, member in enumerate(members):
        prefix = f"memberships-{number}"
        form |= {f"{prefix}-id": member.pk, f"{prefix}-firm": firm.pk, f"{prefix}-user": member.user_id}
        form |= {f"{prefix}-role": member.role, f"{prefix}-hidden_columns": ""}
    return form | more


def test_memberships_and_the_requirement_of_a_firm(office: Office, staff: Client) -> None:
    members = [office.owner, office.admin, office.employee]
    url = reverse("admin:portal_firm_change", args=[office.firm.pk])
    assert staff.post(url, firm_form(office.firm, members)).status_code == 302
    assert told(office.firm) == []
    added = {"memberships-3-user": office.stranger.user_id, "memberships-3-firm": office.firm.pk}
    changes = {"memberships-1-role": "owner", "memberships-1-view_all_accounts": "on", "memberships-2-DELETE": "on"}
    form = firm_form(office.firm, members, **changes, **added, requires_two_factor="on")
    assert staff.post(url, {**form, "memberships-3-role": "admin"}).status_code == 302
    assert told(office.firm) == [
        "Required two-factor sign-in of everybody.",
        "Removed Emma Stone (emma@example.com), Employee, from the team.",
        "Changed the role of Adam Finch (adam@example.com) from Admin to Owner.",
        "Gave Adam Finch (adam@example.com) View all accounts.",
        "Added Nina New (nina@example.com) to the team as Admin.",
    ]
    assert set(Membership.objects.filter(firm=office.firm).values_list("role", flat=True)) == {Role.OWNER, Role.ADMIN}


def test_a_place_that_is_made_another_persons(office: Office, staff: Client) -> None:
    url = reverse("admin:portal_firm_change", args=[office.firm.pk])
    members = [office.owner, office.admin, office.employee]
    form = firm_form(office.firm, members, **{"memberships-2-user": office.stranger.user_id})
    assert staff.post(url, form).status_code == 302
    assert told(office.firm) == [
        "Removed Emma Stone (emma@example.com), Employee, from the team.",
        "Added Nina New (nina@example.com) to the team as Employee.",
    ]


def test_a_password_that_staff_set(office: Office, staff: Client) -> None:
    url = reverse("admin:auth_user_password_change", args=[office.employee.user_id])
    form = {"usable_password": "true", "password1": NEW, "password2": NEW, "set-password": "set"}
    assert staff.post(url, form).status_code == 302
    assert User.objects.get(pk=office.employee.user_id).check_password(NEW)
    assert told(office.firm) == ["Changed the password of Emma Stone (emma@example.com)."]


def test_second_factors_are_not_deleted_there(db: None) -> None:
    assert "mfa" not in {model._meta.app_label for model in admin.site._registry}

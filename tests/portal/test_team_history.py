"""The team's history: what stands in it, who reads it, and that nobody changes it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from portal.invitations import token_of
from portal.models import Firm, Invitation, Membership, Role, TeamEvent, User
from portal.services.errors import TeamError
from portal.services.invitations import (
    invitation_accept,
    invitation_create,
    invitation_renew,
    invitation_revoke,
)
from portal.services.members import firm_require_two_factor, member_remove, member_update
from portal.services.team_history import note
from portal.team_wording import SENTENCES, what_happened
from tests.portal.people import PASSWORD, Office, browser_of, join, set_up
from tests.portal.test_passwords import NEW, ask_for_link
from tests.portal.test_two_factor import code_of, signed_in

HISTORY = "/settings/team/history/"


def told(firm: Firm) -> list[str]:
    """Each entry of the firm from the first on: who, and what they did."""
    entries = TeamEvent.objects.filter(firm=firm).select_related("actor", "person").order_by("pk")
    return [f"{entry.actor}: {strip_tags(what_happened(entry))}" for entry in entries]


def update(actor: Membership, member: Membership, role: Role, *, view_all: bool = False) -> None:
    member_update(actor=actor, member=member, role=role, view_all_accounts=view_all)


# --- What stands in it ----------------------------------------------------------------------------------------------


def test_who_invited_whom_and_who_accepted_stands_in_it(office: Office) -> None:
    ivy = invitation_create(actor=office.admin, email="Ivy@example.com", role=Role.EMPLOYEE, view_all_accounts=True)
    Invitation.objects.update(sent_at=None)
    invitation_renew(actor=office.owner, pk=ivy.pk)
    ivy.refresh_from_db()
    invitation_accept(token=token_of(ivy.key), user=None, name="Ivy Invited", password=NEW)
    jo = invitation_create(actor=office.owner, email="jo@example.com", role=Role.OWNER, view_all_accounts=False)
    invitation_revoke(actor=office.owner, pk=jo.pk)
    assert told(office.firm) == [
        "Adam Finch: Invited ivy@example.com as Employee, with View all accounts.",
        "Olivia Harbor: Sent ivy@example.com the invitation again, as Employee.",
        "Ivy Invited: Accepted the invitation of Olivia Harbor (olivia@example.com) and joined as Employee,"
        " with View all accounts.",
        "Olivia Harbor: Invited jo@example.com as Owner.",
        "Olivia Harbor: Revoked the invitation of jo@example.com as Owner.",
    ]


def test_roles_the_view_of_all_accounts_and_removals_stand_in_it(office: Office) -> None:
    update(office.owner, office.employee, Role.EMPLOYEE, view_all=True)
    update(office.owner, office.employee, Role.ADMIN)
    update(office.owner, office.employee, Role.ADMIN)
    member_remove(actor=office.admin, member=office.employee)
    update(office.admin, office.admin, Role.EMPLOYEE)
    other = join(office.firm, "Oscar Other", Role.OWNER)
    member_remove(actor=other, member=other)
    emma = "Emma Stone (emma@example.com)"
    assert told(office.firm) == [
        f"Olivia Harbor: Gave {emma} View all accounts.",
        f"Olivia Harbor: Changed the role of {emma} from Employee to Admin.",
        f"Olivia Harbor: Took View all accounts from {emma}.",
        f"Adam Finch: Removed {emma}, Admin, from the team.",
        "Adam Finch: Changed their own role from Admin to Employee.",
        "Oscar Other: Left the team; they were Owner.",
    ]


def test_what_the_firm_requires_stands_in_it_once(office: Office) -> None:
    set_up(office.owner)
    olivia = browser_of(office.owner)
    for required in ("yes", "yes", "no", "no"):
        olivia.post(reverse("team_two_factor"), {"required": required})
    assert told(office.firm) == [
        "Olivia Harbor: Required two-factor sign-in of everybody.",
        "Olivia Harbor: No longer requires two-factor sign-in.",
    ]
    with pytest.raises(TeamError, match="Only an owner"):
        firm_require_two_factor(actor=office.admin, required=True)


def test_a_second_factor_stands_in_it_when_it_is_set_up_and_when_it_is_turned_off(office: Office) -> None:
    olivia = signed_in(office.owner)
    secret = olivia.get(reverse("mfa_activate_totp")).context["form"].secret
    olivia.post(reverse("mfa_activate_totp"), {"code": "000000"})
    assert told(office.firm) == []
    olivia.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    for _ in range(2):
        olivia.post(reverse("mfa_deactivate_totp"))
    assert told(office.firm) == [
        "Olivia Harbor: Set up two-factor sign-in.",
        "Olivia Harbor: Turned off their two-factor sign-in.",
    ]


def test_a_second_factor_that_has_to_stay_leaves_no_entry(office: Office) -> None:
    secret = set_up(office.owner)
    firm_require_two_factor(actor=office.owner, required=True)
    olivia = signed_in(office.owner)
    olivia.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    olivia.post(reverse("mfa_deactivate_totp"))
    assert told(office.firm) == ["Olivia Harbor: Required two-factor sign-in of everybody."]


def test_new_passwords_stand_in_it_in_each_firm_of_the_person(client: Client, office: Office) -> None:
    Membership.objects.create(user=office.employee.user, firm=office.stranger.firm, role=Role.EMPLOYEE)
    emma = browser_of(office.employee)
    for old in ("wrong", PASSWORD):
        emma.post(reverse("account_change_password"), {"oldpassword": old, "password1": NEW, "password2": NEW})
    address = client.get(ask_for_link(client, "emma@example.com"), follow=True).redirect_chain[-1][0]
    client.post(address, {"password1": PASSWORD, "password2": PASSWORD})
    for firm in (office.firm, office.stranger.firm):
        assert told(firm) == [
            "Emma Stone: Changed their password.",
            "Emma Stone: Replaced a forgotten password, by the link of an e-mail.",
        ]


def test_what_is_refused_or_taken_back_leaves_no_entry(office: Office) -> None:
    with pytest.raises(TeamError):
        update(office.admin, office.owner, Role.EMPLOYEE)
    with pytest.raises(TeamError):
        member_remove(actor=office.owner, member=office.owner)
    with pytest.raises(RuntimeError), transaction.atomic():
        member_remove(actor=office.owner, member=office.employee)
        raise RuntimeError
    assert told(office.firm) == []
    assert Membership.objects.filter(pk=office.employee.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_an_entry_is_written_in_a_transaction_or_not_at_all(office: Office) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        note(TeamEvent.Kind.TWO_FACTOR_SET_UP, firm=office.firm, actor=office.owner.user)
    assert told(office.firm) == []


def test_every_kind_has_a_sentence_even_of_people_who_were_deleted(office: Office) -> None:
    assert set(SENTENCES) == set(TeamEvent.Kind)
    for kind in TeamEvent.Kind:
        note(kind, firm=office.firm, actor=None, before="employee", after="admin", email="ivy@example.com")
    page = browser_of(office.owner).get(HISTORY)
    assert page.content.decode().count("Somebody whose sign-in was deleted") == len(TeamEvent.Kind)


# --- Who reads it ---------------------------------------------------------------------------------------------------


def test_owners_and_admins_read_it_in_the_time_of_the_firm(office: Office) -> None:
    at = datetime(2026, 3, 2, 3, 5, tzinfo=UTC)
    TeamEvent.objects.create(
        firm=office.firm, kind="removed", at=at, actor=office.owner.user, person=office.employee.user, before="employee"
    )
    for person in (office.owner, office.admin):
        page = browser_of(person).get(HISTORY).content.decode()
        assert "Mar 1, 2026, 10:05 PM" in page
        assert "Removed <bdi>Emma Stone</bdi> (emma@example.com), Employee, from the team." in page
    assert browser_of(office.employee).get(HISTORY).status_code == 403
    assert "Emma Stone" not in browser_of(office.stranger).get(HISTORY).content.decode()


def test_where_nothing_has_happened_the_page_says_so(office: Office) -> None:
    assert "Nothing has happened yet" in browser_of(office.owner).get(HISTORY).content.decode()


def test_a_name_is_shown_as_it_is_and_never_as_markup(office: Office) -> None:
    User.objects.filter(pk=office.employee.user_id).update(name="<b>Emma</b>{}")
    member_remove(actor=office.owner, member=office.employee)
    page = browser_of(office.owner).get(HISTORY).content.decode()
    assert "&lt;b&gt;Emma&lt;/b&gt;{}" in page and "<b>Emma" not in page


@pytest.mark.parametrize(("number", "first"), [("1", 60), ("2", 10), ("9" * 17, 10), ("0", 60), ("-1", 60), ("x", 60)])
def test_it_is_paged_from_the_newest_on(office: Office, number: str, first: int) -> None:
    for count in range(1, 61):
        with transaction.atomic():
            note(TeamEvent.Kind.INVITED, firm=office.firm, actor=None, email=f"p{count}@example.com", after="admin")
    page = browser_of(office.owner).get(HISTORY, {"page": number}).content.decode()
    found = re.findall(r"Invited p(\d+)@", page)
    assert found == [str(count) for count in range(first, max(first - 50, 0), -1)]


# --- That nobody changes it -----------------------------------------------------------------------------------------


def _statement(sql: str) -> Callable[[TeamEvent], None]:
    def run(entry: TeamEvent) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, {"pk": entry.pk, "other": User.objects.order_by("pk")[0].pk})

    return run


def _save(entry: TeamEvent) -> None:
    entry.after = "owner"
    entry.save()


ATTEMPTS: dict[str, Callable[[TeamEvent], Any]] = {
    "a changed row that is saved": _save,
    "a row that is deleted": TeamEvent.delete,
    "all rows changed": lambda _: TeamEvent.objects.update(by_operator=True),
    "all rows deleted": lambda _: TeamEvent.objects.all().delete(),
    "another moment": _statement("UPDATE portal_teamevent SET at = at - interval '1 day' WHERE id = %(pk)s"),
    "another doer": _statement("UPDATE portal_teamevent SET actor_id = %(other)s WHERE id = %(pk)s"),
    "another person": _statement("UPDATE portal_teamevent SET person_id = %(other)s WHERE id = %(pk)s"),
    "SQL that deletes": _statement("DELETE FROM portal_teamevent WHERE id = %(pk)s"),
}


@pytest.fixture
def entry(office: Office) -> TeamEvent:
    """What Adam did to Emma."""
    update(office.admin, office.employee, Role.ADMIN)
    return TeamEvent.objects.get()


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_nothing_of_it_can_be_changed_or_deleted(entry: TeamEvent, attempt: str) -> None:
    before = list(TeamEvent.objects.values())
    with pytest.raises(IntegrityError, match="history is append-only"), transaction.atomic():
        ATTEMPTS[attempt](TeamEvent.objects.get(pk=entry.pk))
    assert list(TeamEvent.objects.values()) == before


def test_people_who_are_deleted_leave_what_they_did_without_their_names(entry: TeamEvent, office: Office) -> None:
    before = TeamEvent.objects.values().get(pk=entry.pk)
    office.employee.user.delete()
    assert TeamEvent.objects.values().get(pk=entry.pk) == {**before, "person_id": None}
    office.admin.user.delete()
    assert TeamEvent.objects.values().get(pk=entry.pk) == {**before, "person_id": None, "actor_id": None}
    assert "somebody whose sign-in was deleted" in browser_of(office.owner).get(HISTORY).content.decode()


def test_a_transaction_that_says_which_firm_it_erases_may_delete_that_firms_alone(entry: TeamEvent) -> None:
    for firm, error in ((entry.firm_id + 1, True), (entry.firm_id, False)):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('portal.erasing_firm', %s, true)", [str(firm)])
            if error:
                with pytest.raises(IntegrityError), transaction.atomic():
                    TeamEvent.objects.all().delete()
            else:
                TeamEvent.objects.all().delete()
    assert not TeamEvent.objects.exists()

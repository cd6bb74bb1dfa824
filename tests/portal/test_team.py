"""Settings > Team: who may change what of whom, and what a removed person keeps."""

import threading

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts import services
from accounts.models import Account
from portal.models import Membership, Role, User
from portal.services.errors import TeamError
from portal.services.members import member_remove, member_update
from tests.portal.people import PASSWORD, Office, browser_of, join, open_office


def role_of(member: Membership) -> str:
    return Membership.objects.get(pk=member.pk).role


def change(actor: Membership, member: Membership, role: str, *, view_all: bool = False) -> int:
    form = {"role": role} | ({"view_all_accounts": "on"} if view_all else {})
    return browser_of(actor).post(reverse("team_member", args=[member.pk]), form).status_code


def test_the_page_shows_everybody_with_what_they_may_do(office: Office) -> None:
    office.account("Mary Smith", team=[office.employee])
    page = browser_of(office.admin).get(reverse("team"))
    members = {member.pk: member for member in page.context["members"]}
    assert set(members) == {office.owner.pk, office.admin.pk, office.employee.pk}
    assert members[office.employee.pk].account_count == 1
    assert not members[office.employee.pk].has_two_factor


def test_an_employee_and_a_stranger_get_nowhere(office: Office) -> None:
    emma, nina = browser_of(office.employee), browser_of(office.stranger)
    assert emma.get(reverse("team")).status_code == 403
    assert emma.post(reverse("team_invite")).status_code == 403
    for name in ("team_member", "team_remove", "member_accounts"):
        url = reverse(name, args=[office.admin.pk])
        assert emma.post(url).status_code == 403
        assert nina.post(url).status_code == 404


def test_an_owner_gives_any_role(office: Office) -> None:
    assert change(office.owner, office.employee, "owner") == 302
    assert role_of(office.employee) == Role.OWNER


def test_view_all_accounts_is_given_and_taken(office: Office) -> None:
    office.account("Mary Smith")
    emma = browser_of(office.employee)
    for given, shown in ((True, 1), (False, 0)):
        change(office.admin, office.employee, "employee", view_all=given)
        assert len(emma.get(reverse("account_list")).context["page"].rows) == shown


@pytest.mark.parametrize("whom", ["employee", "admin"])
def test_an_admin_makes_nobody_an_owner(office: Office, whom: str) -> None:
    assert change(office.admin, getattr(office, whom), "owner") == 422
    assert role_of(getattr(office, whom)) != Role.OWNER
    with pytest.raises(TeamError, match="Only an owner can make"):
        member_update(actor=office.admin, member=getattr(office, whom), role=Role.OWNER, view_all_accounts=False)


def test_an_admin_neither_changes_nor_removes_an_owner(office: Office) -> None:
    assert change(office.admin, office.owner, "employee") == 422
    answer = browser_of(office.admin).post(reverse("team_remove", args=[office.owner.pk]))
    assert "Only an owner can change or remove an owner." in answer.content.decode()
    assert role_of(office.owner) == Role.OWNER


def test_nobody_raises_their_own_role(office: Office) -> None:
    assert change(office.employee, office.employee, "admin") == 403
    assert change(office.admin, office.admin, "owner") == 422
    assert (role_of(office.employee), role_of(office.admin)) == (Role.EMPLOYEE, Role.ADMIN)


def test_the_last_owner_is_neither_demoted_nor_removed(office: Office) -> None:
    assert change(office.owner, office.owner, "admin") == 422
    answer = browser_of(office.owner).post(reverse("team_remove", args=[office.owner.pk]))
    assert "is the only owner" in answer.content.decode()
    assert role_of(office.owner) == Role.OWNER


def test_an_owner_who_can_no_longer_sign_in_is_not_counted(office: Office) -> None:
    gone = join(office.firm, "Gordon Gone", Role.OWNER)
    User.objects.filter(pk=gone.user_id).update(is_active=False)
    assert change(office.owner, office.owner, "admin") == 422


@pytest.mark.parametrize("role", ["", "boss", "OWNER", "owner\x00"])
def test_a_role_that_is_none_is_refused(office: Office, role: str) -> None:
    assert change(office.owner, office.employee, role) == 422
    assert role_of(office.employee) == Role.EMPLOYEE


def test_two_owners_who_demote_each_other_at_once_leave_one(transactional_db: None) -> None:
    office = open_office()
    other = join(office.firm, "Oscar Other", Role.OWNER)
    both = [(office.owner, other), (other, office.owner)]
    start, refused = threading.Barrier(2), []

    def demote(actor: Membership, member: Membership) -> None:
        start.wait()
        try:
            member_update(actor=actor, member=member, role=Role.EMPLOYEE, view_all_accounts=False)
        except TeamError as error:
            refused.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=demote, args=pair) for pair in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Membership.objects.filter(firm=office.firm, role=Role.OWNER).count() == 1
    assert refused == ["Only an owner or an admin of the firm can do this."]


def test_a_removed_persons_open_session_sees_nothing_more(office: Office) -> None:
    account = office.account("Mary Smith", team=[office.employee])
    emma = browser_of(office.employee)
    assert emma.get(account.get_absolute_url()).status_code == 200
    assert browser_of(office.admin).post(reverse("team_remove", args=[office.employee.pk])).status_code == 302
    assert emma.get(account.get_absolute_url()).status_code == 403
    assert not account.team.exists()
    assert User.objects.filter(pk=office.employee.user_id).exists()


def test_a_person_who_is_removed_twice_or_by_someone_removed_meanwhile(office: Office) -> None:
    member_remove(actor=office.owner, member=office.employee)
    with pytest.raises(TeamError, match="no longer a member"):
        member_remove(actor=office.owner, member=office.employee)
    member_remove(actor=office.owner, member=office.admin)
    with pytest.raises(TeamError, match="Only an owner or an admin"):
        member_remove(actor=office.admin, member=office.owner)


def test_only_the_owner_requires_two_factor(office: Office) -> None:
    url = reverse("team_two_factor")
    assert browser_of(office.admin).post(url, {"required": "yes"}).status_code == 403
    assert browser_of(office.owner).post(url, {"required": "yes"}).status_code == 302
    office.firm.refresh_from_db()
    assert office.firm.requires_two_factor


# --- Which accounts a person works for ------------------------------------------------------------------------------


def test_accounts_are_assigned_and_taken_off_many_at_a_time(office: Office) -> None:
    accounts = [office.account(f"Client {number}") for number in range(4)]
    url = reverse("member_accounts", args=[office.employee.pk])
    adam = browser_of(office.admin)
    adam.post(f"{url}?show=others", {"account": [accounts[0].pk, accounts[1].pk, "x", "9" * 30]})
    assert set(office.employee.accounts.all()) == set(accounts[:2])
    adam.post(f"{url}?show=others", {"account": [accounts[0].pk, accounts[2].pk]})
    assert set(office.employee.accounts.all()) == set(accounts[:3])
    adam.post(url, {"account": [accounts[0].pk]})
    assert set(office.employee.accounts.all()) == set(accounts[1:3])
    shown = browser_of(office.employee).get(reverse("account_list")).context["page"].rows
    assert {account.pk for account in shown} == {accounts[1].pk, accounts[2].pk}


def test_all_that_the_search_finds_are_assigned_by_one_press(office: Office) -> None:
    for name in ("Smith & Sons", "Mary Smith", "Jane Green"):
        office.account(name)
    url = reverse("member_accounts", args=[office.employee.pk])
    browser_of(office.owner).post(f"{url}?show=others&q=smith", {"all": "yes"})
    assert sorted(account.name for account in office.employee.accounts.all()) == ["Mary Smith", "Smith & Sons"]
    browser_of(office.owner).post(url, {"all": "yes"})
    assert not office.employee.accounts.exists()


def test_another_firms_account_is_never_assigned(office: Office) -> None:
    theirs = services.account_create(firm=office.stranger.firm, name="Theirs")
    url = reverse("member_accounts", args=[office.employee.pk])
    browser_of(office.owner).post(f"{url}?show=others", {"account": [theirs.pk]})
    services.member_assign(member=office.employee, accounts=Account.objects.all())
    assert not theirs.team.exists()


# --- A person in two firms ------------------------------------------------------------------------------------------


@pytest.fixture
def both(office: Office) -> Client:
    """A browser of Olivia, who owns Harbor & Finch and is an admin of New Leaf Tax; its CSRF tokens are checked."""
    Membership.objects.create(user=office.owner.user, firm=office.stranger.firm, role=Role.ADMIN)
    client = Client(enforce_csrf_checks=True)
    client.force_login(office.owner.user)
    return client


def token(client: Client) -> str:
    """The token of a form that is opened now."""
    return str(client.get(reverse("account_create")).context["csrf_token"])


def switch(client: Client, membership: Membership, **form: str) -> str:
    form = {"membership": str(membership.pk), "csrfmiddlewaretoken": token(client), **form}
    return client.post(reverse("firm_switch"), form).headers.get("Location", "")


def elsewhere(office: Office) -> Membership:
    return Membership.objects.get(user=office.owner.user, firm=office.stranger.firm)


def test_switching_shows_the_other_firm_only(office: Office, both: Client) -> None:
    office.account("Ours")
    services.account_create(firm=office.stranger.firm, name="Theirs")
    assert switch(both, elsewhere(office)) == reverse("home")
    page = both.get(reverse("account_list"))
    assert [account.name for account in page.context["page"].rows] == ["Theirs"]
    assert "New Leaf Tax" in page.content.decode()


def test_a_form_opened_before_the_switch_writes_into_neither_firm(office: Office, both: Client) -> None:
    before = token(both)
    switch(both, elsewhere(office))
    form = {"name": "Stray", "type": "individual", "csrfmiddlewaretoken": before}
    answer = both.post(reverse("account_create"), form)
    assert answer.status_code == 403
    assert "switched to another firm" in answer.content.decode()
    assert not Account.objects.filter(name="Stray").exists()


def test_a_form_of_a_firm_that_one_was_removed_from_is_not_sent_into_the_next(office: Office, both: Client) -> None:
    join(office.firm, "Oscar Other", Role.OWNER)
    form = {"name": "Stray", "type": "individual", "csrfmiddlewaretoken": token(both)}
    office.owner.delete()
    answer = both.post(reverse("account_create"), form)
    assert answer.status_code == 403
    assert "no longer a member of the firm" in answer.content.decode()
    both.get(reverse("account_list"))
    assert both.post(reverse("account_create"), form).status_code == 403
    assert not Account.objects.filter(name="Stray").exists()


def test_nobody_switches_into_a_firm_that_is_not_theirs(office: Office) -> None:
    adam = browser_of(office.admin)
    for value in (str(office.stranger.pk), "", "x", "-1", "9" * 40):
        assert adam.post(reverse("firm_switch"), {"membership": value}).status_code == 404
    assert adam.session["membership_id"] == office.admin.pk


def test_the_switch_never_leads_to_another_site(office: Office, both: Client) -> None:
    assert switch(both, elsewhere(office), next="https://evil.example/") == reverse("home")
    assert switch(both, office.owner, next="/clients/invoices/") == "/clients/invoices/"


def test_a_page_that_is_not_there_offers_the_other_firm_whether_or_not_it_is_there(
    office: Office, both: Client
) -> None:
    theirs = services.account_create(firm=office.stranger.firm, name="Theirs")
    hidden, nowhere = (both.get(f"/clients/accounts/{pk}/info/") for pk in (theirs.pk, theirs.pk + 1000))
    assert hidden.status_code == nowhere.status_code == 404
    assert "Look in" in hidden.content.decode() and "Look in" in nowhere.content.decode()
    adam = browser_of(office.admin).get(theirs.get_absolute_url())
    assert adam.status_code == 404 and "Look in" not in adam.content.decode()


def test_a_firm_that_requires_two_factor_keeps_nobody_from_their_other_firm(office: Office, both: Client) -> None:
    office.firm.requires_two_factor = True
    office.firm.save()
    assert both.get(reverse("account_list"))["Location"] == reverse("mfa_activate_totp")
    page = both.get(reverse("mfa_activate_totp"), follow=True)
    form = {"membership": elsewhere(office).pk, "csrfmiddlewaretoken": page.context["csrf_token"]}
    assert both.post(reverse("firm_switch"), form)["Location"] == reverse("home")
    assert both.get(reverse("account_list")).status_code == 200


def test_signing_in_begins_in_the_first_firm(office: Office, both: Client) -> None:
    client = Client()
    client.post(reverse("sign_in"), {"login": "olivia@example.com", "password": PASSWORD})
    assert client.session["membership_id"] == office.owner.pk

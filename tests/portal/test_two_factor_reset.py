"""A lost phone: who may reset whose second factor, what ends with it, and who is told."""

from urllib.parse import parse_qs

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags
from pytest_django import Settings

from portal.models import Firm, Membership, Role, TeamEvent, User
from portal.services.errors import TeamError
from portal.services.members import member_remove
from portal.services.two_factor_reset import two_factor_reset
from portal.team_wording import what_happened
from tests.portal.people import PASSWORD, Office, browser_of, confirm, join, set_up
from tests.portal.test_two_factor import code_of, signed_in

Answer = tuple[int, str]


def page_of(member: Membership) -> str:
    return reverse("team_reset_two_factor", args=[member.pk])


def confirmed(member: Membership) -> Client:
    """A browser in which the person has typed their password just now."""
    client = browser_of(member)
    confirm(client)
    return client


def reset(actor: Membership, member: Membership) -> Answer:
    """Press Reset; return the number of the answer, and what it says."""
    answer = confirmed(actor).post(page_of(member))
    return answer.status_code, strip_tags(answer.content.decode())


def has_factor(member: Membership) -> bool:
    return Authenticator.objects.filter(user=member.user_id).exists()


def told(firm: Firm) -> list[str]:
    entries = TeamEvent.objects.filter(firm=firm).select_related("actor", "person").order_by("pk")
    return [f"{entry.actor}: {strip_tags(what_happened(entry))}" for entry in entries]


@pytest.mark.parametrize(("actor", "member"), [("owner", "admin"), ("owner", "employee"), ("admin", "employee")])
def test_whoever_stands_above_resets_it(office: Office, actor: str, member: str) -> None:
    by, person = getattr(office, actor), getattr(office, member)
    set_up(person)
    page = confirmed(by).get(page_of(person)).content.decode()
    assert "alone is enough to sign in" in page and "Be sure that it is they who ask" in page
    assert reset(by, person)[0] == 302
    assert not has_factor(person), "the recovery codes neither"
    assert told(office.firm) == [f"{by.user}: Reset the two-factor sign-in of {person.user} ({person.user.email})."]
    assert signed_in(person).get(reverse("profile")).context["has_two_factor"] is False


@pytest.mark.parametrize(
    ("actor", "member", "sentence"),
    [
        ("owner", "owner", "Nobody resets their own"),
        ("admin", "admin", "Nobody resets their own"),
        ("admin", "owner", "Only whoever runs the portal can reset the second factor of an owner"),
        ("admin", "another admin", "Only an owner of the firm"),
        ("owner", "another owner", "Only whoever runs the portal"),
    ],
)
def test_nobody_resets_their_own_an_equals_or_an_owners(office: Office, actor: str, member: str, sentence: str) -> None:
    another = {"another admin": Role.ADMIN, "another owner": Role.OWNER}
    person = join(office.firm, "Oscar Other", another[member]) if member in another else getattr(office, member)
    by = getattr(office, actor)
    set_up(person)
    page = confirmed(by).get(page_of(person))
    assert (
        page.status_code == 200 and sentence in page.content.decode() and "Reset</button>" not in page.content.decode()
    )
    status, said = reset(by, person)
    assert status == 422 and sentence in said
    assert has_factor(person) and told(office.firm) == [] and not mail.outbox


def test_an_employee_and_a_stranger_get_nowhere(office: Office) -> None:
    other = join(office.firm, "Oscar Other", Role.EMPLOYEE)
    set_up(other)
    assert reset(office.employee, other)[0] == 403
    assert reset(office.stranger, other)[0] == 404
    assert has_factor(other)


@pytest.mark.parametrize("elsewhere", ["another firm", "the admin site"])
def test_a_sign_in_that_opens_more_than_the_firm_is_not_the_firms_to_weaken(office: Office, elsewhere: str) -> None:
    set_up(office.employee)
    if elsewhere == "another firm":
        Membership.objects.create(user=office.employee.user, firm=office.stranger.firm, role=Role.EMPLOYEE)
    else:
        User.objects.filter(pk=office.employee.user_id).update(is_staff=True)
    status, said = reset(office.owner, office.employee)
    assert status == 422
    assert "opens more than this firm, so that only whoever runs the portal can reset its second factor. Ask" in said
    assert "New Leaf" not in said
    assert has_factor(office.employee) and told(office.firm) == []


def test_it_ends_every_session_of_the_person_and_of_nobody_else(office: Office) -> None:
    secret = set_up(office.employee)
    with_code, without_login_page, adam = (
        signed_in(office.employee),
        browser_of(office.employee),
        browser_of(office.admin),
    )
    with_code.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    for browser in (with_code, without_login_page, adam):
        assert browser.get(reverse("profile")).status_code == 200
    reset(office.owner, office.employee)
    for browser, status in ((with_code, 302), (without_login_page, 302), (adam, 200)):
        assert browser.get(reverse("profile")).status_code == status
    assert signed_in(office.employee).get(reverse("profile")).status_code == 200
    # A second time too, and a changed password goes on to end sessions elsewhere and not here
    here, elsewhere = signed_in(office.employee), signed_in(office.employee)
    here.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": "a-new-phrase", "password2": "a-new-phrase"},
    )
    assert (here.get(reverse("profile")).status_code, elsewhere.get(reverse("profile")).status_code) == (200, 302)


def test_the_person_is_told_by_e_mail(office: Office, settings: Settings) -> None:
    settings.PORTAL_BASE_URL = "https://portal.example"
    set_up(office.employee)
    reset(office.admin, office.employee)
    message = mail.outbox[-1]
    assert (message.to, message.subject) == (["emma@example.com"], "Your two-factor sign-in was reset")
    assert "Adam Finch of Harbor & Finch reset your two-factor sign-in" in str(message.body)
    assert "https://portal.example/profile/two-factor/" in str(message.body)


def test_an_e_mail_that_cannot_be_sent_is_said_and_the_reset_stands(office: Office, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    set_up(office.employee)
    page = confirmed(office.owner).post(page_of(office.employee), follow=True)
    assert "could not be sent: tell them yourself" in page.content.decode()
    assert not has_factor(office.employee)


def test_a_second_press_and_a_person_without_one_are_told_that_there_is_nothing_to_reset(office: Office) -> None:
    set_up(office.employee)
    assert reset(office.owner, office.employee)[0] == 302
    status, said = reset(office.owner, office.employee)
    assert status == 422 and "Emma Stone has no second factor, so there is nothing to reset." in said
    assert len(told(office.firm)) == len(mail.outbox) == 1


def test_whoever_was_removed_or_lowered_meanwhile_changes_nothing(office: Office) -> None:
    set_up(office.employee)
    lowered = Membership.objects.get(pk=office.admin.pk)
    Membership.objects.filter(pk=office.admin.pk).update(role=Role.EMPLOYEE)
    with pytest.raises(TeamError, match="Only an owner or an admin"):
        two_factor_reset(actor=lowered, member=office.employee)
    member_remove(actor=office.owner, member=office.employee)
    with pytest.raises(TeamError, match="no longer a member"):
        two_factor_reset(actor=office.owner, member=office.employee)
    assert reset(office.owner, office.employee)[0] == 404
    assert has_factor(office.employee)


def test_it_wants_a_fresh_password_and_what_was_sent_before_is_not_done_by_it(office: Office) -> None:
    set_up(office.employee)
    idle = browser_of(office.owner)
    for answer in (idle.get(page_of(office.employee)), idle.post(page_of(office.employee))):
        way, _, query = answer["Location"].partition("?")
        assert (way, parse_qs(query)) == (reverse("account_reauthenticate"), {"next": [page_of(office.employee)]})
    back = idle.post(answer["Location"], {"password": PASSWORD})
    assert back["Location"] == page_of(office.employee)
    assert has_factor(office.employee)
    assert idle.post(page_of(office.employee)).status_code == 302
    assert not has_factor(office.employee)


def test_the_members_page_leads_there_where_there_is_something_to_reset(office: Office) -> None:
    def leads(by: Membership, person: Membership) -> bool:
        page = browser_of(by).get(reverse("team_member", args=[person.pk]))
        return page_of(person) in page.content.decode()

    assert not leads(office.owner, office.employee)
    for person in (office.owner, office.admin, office.employee):
        set_up(person)
    assert leads(office.owner, office.employee) and leads(office.owner, office.admin)
    assert leads(office.admin, office.employee)
    assert not leads(office.admin, office.admin) and not leads(office.owner, office.owner)


def test_where_the_firm_requires_it_the_person_is_led_to_set_it_up_again(office: Office) -> None:
    set_up(office.employee)
    Firm.objects.filter(pk=office.firm.pk).update(requires_two_factor=True)
    set_up(office.owner)
    reset(office.owner, office.employee)
    emma = signed_in(office.employee)
    assert emma.get(reverse("account_list"))["Location"] == reverse("mfa_activate_totp")


# --- By whoever runs the portal -------------------------------------------------------------------------------------

COMMAND = "reset_two_factor"


def test_the_command_resets_it_for_anybody_and_stands_in_each_of_their_firms(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Membership.objects.create(user=office.owner.user, firm=office.stranger.firm, role=Role.EMPLOYEE)
    set_up(office.owner)
    olivia = browser_of(office.owner)
    monkeypatch.setattr("builtins.input", lambda _: " OLIVIA@example.com")
    call_command(COMMAND, "Olivia@Example.com")
    assert "Olivia Harbor works for Harbor & Finch, New Leaf Tax." in capsys.readouterr().out
    assert not has_factor(office.owner)
    assert olivia.get(reverse("profile")).status_code == 302
    for firm in (office.firm, office.stranger.firm):
        assert told(firm) == ["None: Reset the two-factor sign-in of Olivia Harbor (olivia@example.com)."]
    assert "whoever runs the Firm portal reset your two-factor sign-in" in str(mail.outbox[-1].body)
    assert "Whoever runs the portal" in signed_in(office.owner).get(reverse("team_history")).content.decode()


@pytest.mark.parametrize("typed", ["", "olivia", "adam@example.com"])
def test_the_command_wants_the_address_once_more(office: Office, typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(office.owner)
    monkeypatch.setattr("builtins.input", lambda _: typed)
    with pytest.raises(CommandError, match="That is not olivia@"):
        call_command(COMMAND, "olivia@example.com")
    assert has_factor(office.owner) and told(office.firm) == [] and not mail.outbox


def test_the_command_with_yes_asks_nothing_and_the_second_time_changes_nothing(office: Office) -> None:
    set_up(office.owner)
    call_command(COMMAND, "olivia@example.com", yes=True)
    with pytest.raises(CommandError, match="has no second factor, so there is nothing to reset"):
        call_command(COMMAND, "olivia@example.com", yes=True)
    assert len(told(office.firm)) == len(mail.outbox) == 1


def test_the_command_names_an_address_that_nobody_signs_in_with(office: Office) -> None:
    with pytest.raises(CommandError, match="Nobody signs in with nobody@"):
        call_command(COMMAND, "nobody@example.com", yes=True)


def test_the_command_says_that_the_e_mail_could_not_be_sent(
    office: Office, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    set_up(office.owner)
    call_command(COMMAND, "olivia@example.com", yes=True)
    assert "tell them yourself" in capsys.readouterr().err
    assert not has_factor(office.owner)

"""Invitations: who invites whom, and what a link can and cannot do."""

import re
import threading
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.signing import Signer
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from portal.invitations import token_of
from portal.models import Firm, Invitation, Membership, Role, User
from portal.services.errors import TeamError
from portal.services.invitations import invitation_accept, invitation_create
from tests.portal.people import PASSWORD, Office, browser_of, open_office

NEW = "an-entirely-new-phrase"


@pytest.fixture(autouse=True)
def _address(settings: Settings) -> None:
    settings.PORTAL_BASE_URL = "http://127.0.0.1:8000"


def invite(actor: Membership, email: str = "Ivy@Example.com", role: str = "employee", **more: str) -> int:
    return browser_of(actor).post(reverse("team_invite"), {"email": email, "role": role, **more}).status_code


def link() -> str:
    """The path and query of the link in the latest e-mail."""
    found = re.search(r"http://\S+", str(mail.outbox[-1].body))
    assert found
    return found[0].removeprefix("http://127.0.0.1:8000")


def accept(client: Client, url: str, name: str = "Ivy Invited", password: str = NEW) -> int:
    return client.post(url, {"name": name, "password": password}).status_code


def member(email: str, firm: Firm) -> Membership | None:
    return Membership.objects.filter(user__email=email, firm=firm).first()


def test_an_invited_person_makes_a_sign_in_and_is_in(client: Client, office: Office) -> None:
    assert invite(office.admin, view_all_accounts="on") == 302
    assert mail.outbox[-1].to == ["ivy@example.com"]
    assert "Harbor & Finch" in client.get(link()).content.decode().replace("&amp;", "&")
    assert accept(client, link()) == 302
    ivy = member("ivy@example.com", office.firm)
    assert ivy and (ivy.role, ivy.view_all_accounts, ivy.user.name) == (Role.EMPLOYEE, True, "Ivy Invited")
    assert client.get(reverse("account_list")).status_code == 200


def test_a_link_works_once(client: Client, office: Office) -> None:
    invite(office.owner)
    accept(client, link())
    again = Client().post(link(), {"name": "Mallory", "password": NEW})
    assert again.status_code == 410
    assert "accepted already" in again.content.decode()
    assert User.objects.filter(email="ivy@example.com").get().name == "Ivy Invited"


def test_a_link_is_good_for_a_week(client: Client, office: Office) -> None:
    invite(office.owner)
    with time_machine.travel(timezone.now() + timedelta(days=6, hours=23), tick=False):
        assert client.get(link()).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1), tick=False):
        assert accept(client, link()) == 410
    assert not User.objects.filter(email="ivy@example.com").exists()


@pytest.mark.parametrize("salt", ["", "portal.invitation", "django.core.signing"])
def test_a_forged_link_opens_nothing(client: Client, office: Office, salt: str) -> None:
    invite(office.owner)
    key = str(Invitation.objects.get().key)
    forged = [key, f"{key}:", f"{key}:AAAA", token_of(Invitation.objects.get().key)[:-1]]
    forged += [Signer(key="guessed", salt=salt or "x").sign(key), "", ":", "\x00", "x" * 5000]
    for token in forged:
        answer = client.post(reverse("invitation"), query_params={"invitation": token}, data={"name": "M"})
        assert answer.status_code == 410
    assert not User.objects.filter(email="ivy@example.com").exists()


def test_a_revoked_link_opens_nothing(client: Client, office: Office) -> None:
    invite(office.owner)
    revoke = reverse("team_revoke", args=[Invitation.objects.get().pk])
    assert browser_of(office.admin).post(revoke).status_code == 302
    assert accept(client, link()) == 410


def test_sending_again_makes_a_new_link_and_ends_the_old_one(client: Client, office: Office) -> None:
    invite(office.owner)
    old, resend = link(), reverse("team_resend", args=[Invitation.objects.get().pk])
    answer = browser_of(office.owner).post(resend, follow=True)
    assert "less than a minute ago" in answer.content.decode()
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        browser_of(office.owner).post(resend)
        assert accept(Client(), old) == 410
        assert accept(client, link()) == 302


def test_an_admin_neither_invites_an_owner_nor_sends_or_revokes_such_an_invitation(office: Office) -> None:
    assert invite(office.admin, role="owner") == 422
    invite(office.owner, role="owner")
    invitation = Invitation.objects.get()
    Invitation.objects.update(sent_at=None)
    for name in ("team_resend", "team_revoke"):
        browser_of(office.admin).post(reverse(name, args=[invitation.pk]))
    invitation.refresh_from_db()
    assert invitation.sent_at is None
    assert len(mail.outbox) == 1


def test_another_firms_invitation_is_out_of_reach(office: Office) -> None:
    invite(office.owner)
    for name in ("team_resend", "team_revoke"):
        browser_of(office.stranger).post(reverse(name, args=[Invitation.objects.get().pk]))
    assert Invitation.objects.count() == 1
    assert len(mail.outbox) == 1


def test_a_member_or_an_invited_address_is_not_invited_again(office: Office) -> None:
    assert invite(office.owner, email="EMMA@example.com") == 422
    assert invite(office.owner) == 302
    assert invite(office.admin, email="ivy@EXAMPLE.com") == 422
    assert len(mail.outbox) == 1


def test_the_last_role_an_admin_gave_ends_when_the_admin_does(office: Office) -> None:
    stale = Membership.objects.get(pk=office.admin.pk)
    office.admin.delete()
    with pytest.raises(TeamError):
        invitation_create(actor=stale, email="ivy@example.com", role=Role.ADMIN, view_all_accounts=False)


def test_somebody_with_a_sign_in_joins_with_it_and_lands_in_the_new_firm(office: Office) -> None:
    invite(office.owner, email="nina@example.com", role="admin")
    url = link()
    anonymous = Client()
    page = anonymous.get(url).content.decode()
    assert "Sign in to accept" in page and "password" not in page.lower().replace("passwords", "")
    assert accept(anonymous, url) == 200
    assert member("nina@example.com", office.firm) is None
    nina = browser_of(office.stranger)
    assert nina.post(url).status_code == 302
    joined = member("nina@example.com", office.firm)
    assert joined and nina.session["membership_id"] == joined.pk
    assert User.objects.get(email="nina@example.com").check_password(PASSWORD)


def test_an_invitation_is_bound_to_its_address(office: Office) -> None:
    invite(office.owner)
    nina = browser_of(office.stranger)
    assert "You are signed in as nina@example.com" in nina.get(link()).content.decode()
    nina.post(link())
    assert member("nina@example.com", office.firm) is None
    with pytest.raises(TeamError, match="is for ivy@"):
        token = token_of(Invitation.objects.get().key)
        invitation_accept(token=token, user=office.stranger.user)


def test_a_weak_password_or_a_name_out_of_bounds_makes_no_sign_in(client: Client, office: Office) -> None:
    invite(office.owner)
    for name, password in (("Ivy", "short"), ("Ivy", "ivy@example.com"), ("", NEW), ("x" * 151, NEW), ("\x00", NEW)):
        assert accept(client, link(), name, password) == 422
    assert not User.objects.filter(email="ivy@example.com").exists()


def test_names_cannot_add_a_header_to_the_e_mail(office: Office) -> None:
    office.firm.name = "Harbor\r\nBcc: all@example.com\n\n" + "é" * 150
    office.firm.save()
    User.objects.filter(pk=office.owner.user_id).update(name="Olivia\r\nBcc: all@example.com")
    assert invite(office.owner) == 302
    message = mail.outbox[-1]
    assert message.recipients() == ["ivy@example.com"]
    assert "\n" not in message.subject and len(message.subject) <= 120
    assert not message.message()["Bcc"]


@pytest.mark.parametrize("email", ["a@b.example\nbcc: c@d.example", "no address", "", "x" * 250 + "@example.com"])
def test_what_is_no_address_is_not_invited(office: Office, email: str) -> None:
    assert invite(office.owner, email=email) == 422
    assert not mail.outbox and not Invitation.objects.exists()


def test_an_e_mail_that_cannot_be_sent_leaves_an_invitation_that_says_so(office: Office, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    page = browser_of(office.owner).post(
        reverse("team_invite"), {"email": "ivy@example.com", "role": "employee"}, follow=True
    )
    assert "could not be sent" in page.content.decode()
    assert "E-mail not sent" in page.content.decode()


def test_a_link_that_is_accepted_twice_at_once_makes_one_member(transactional_db: None) -> None:
    office = open_office()
    invitation = invitation_create(
        actor=office.owner, email="ivy@example.com", role=Role.EMPLOYEE, view_all_accounts=False
    )
    start, refused = threading.Barrier(2), []

    def take() -> None:
        start.wait()
        try:
            invitation_accept(token=token_of(invitation.key), user=None, name="Ivy", password=NEW)
        except TeamError as error:
            refused.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Membership.objects.filter(user__email="ivy@example.com").count() == 1
    assert len(refused) == 1


def test_the_address_of_a_link_keeps_its_secret_out_of_the_path(office: Office) -> None:
    invite(office.owner)
    assert link().partition("?")[0] == reverse("invitation")


def test_where_e_mails_are_files_the_page_says_where(office: Office, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = "/tmp/somewhere/mail"
    assert "/tmp/somewhere/mail" in browser_of(office.owner).get(reverse("team")).content.decode()
    settings.IS_LOCAL = False
    assert "/tmp/somewhere/mail" not in browser_of(office.owner).get(reverse("team")).content.decode()

"""Forgotten, new and changed passwords, and how many attempts there are."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from portal.models import User
from tests.portal.people import PASSWORD, Office, browser_of

NEW = "an-entirely-new-phrase"


def ask_for_link(client: Client, email: str) -> str:
    """Ask for a reset; return the path and query of the link in the e-mail."""
    assert client.post(reverse("account_reset_password"), {"email": email}).status_code == 302
    link = re.search(r"http://\S+", str(mail.outbox[-1].body))
    assert link
    return link[0].removeprefix("http://127.0.0.1:8000")


@pytest.fixture(autouse=True)
def _address(settings: Settings) -> None:
    settings.PORTAL_BASE_URL = "http://127.0.0.1:8000"


def sign_in(client: Client, email: str, password: str) -> bool:
    client.post(reverse("sign_in"), {"login": email, "password": password})
    return "_auth_user_id" in client.session


def test_a_forgotten_password_is_replaced_by_a_link_that_works_once(client: Client, office: Office) -> None:
    link = ask_for_link(client, "Olivia@example.com")
    form = client.get(link, follow=True)
    assert "key=" not in form.redirect_chain[-1][0]
    address = form.redirect_chain[-1][0]
    answer = client.post(address, {"password1": NEW, "password2": NEW}, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("sign_in")
    assert not sign_in(Client(), "olivia@example.com", PASSWORD)
    assert sign_in(Client(), "olivia@example.com", NEW)
    assert "This link no longer works" in Client().get(link, follow=True).content.decode()
    assert mail.outbox[-1].subject == "Your password was changed"


@pytest.mark.parametrize("key", ["", "1-", "1-abc-def", "zz-0", "../-x", "é-1", "-" * 5000])
def test_a_forged_link_changes_nothing(client: Client, office: Office, key: str) -> None:
    page = client.get(reverse("password_reset_link"), {"key": key}, follow=True)
    assert page.status_code == 200
    assert "This link no longer works" in page.content.decode()
    client.post(page.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    assert sign_in(Client(), "olivia@example.com", PASSWORD)


def test_the_answer_does_not_tell_who_signs_in_here(client: Client, office: Office) -> None:
    known = client.post(reverse("account_reset_password"), {"email": "olivia@example.com"})
    unknown = client.post(reverse("account_reset_password"), {"email": "nobody@example.com"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [message.to for message in mail.outbox] == [["olivia@example.com"], ["nobody@example.com"]]
    assert "http" not in str(mail.outbox[1].body)


def test_an_e_mail_that_cannot_be_sent_is_said_so(client: Client, office: Office, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    answer = client.post(reverse("account_reset_password"), {"email": "olivia@example.com"})
    assert "could not be sent just now" in answer.content.decode()


def test_a_changed_password_ends_the_sessions_elsewhere_but_not_here(office: Office) -> None:
    here, elsewhere = browser_of(office.owner), browser_of(office.owner)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert here.post(reverse("account_change_password"), form)["Location"] == reverse("profile")
    assert here.get(reverse("profile")).status_code == 200
    assert elsewhere.get(reverse("profile")).status_code == 302


def test_a_change_needs_the_current_password_and_a_good_new_one(office: Office) -> None:
    olivia = browser_of(office.owner)
    for old, new, sentence in (("wrong", NEW, "not your current password"), (PASSWORD, "short", "too short")):
        form = {"oldpassword": old, "password1": new, "password2": new}
        assert sentence in olivia.post(reverse("account_change_password"), form).content.decode()
    assert sign_in(Client(), "olivia@example.com", PASSWORD)


def test_five_wrong_passwords_close_the_sign_in_for_a_while_even_to_the_right_one(
    client: Client, office: Office, limits: None
) -> None:
    for _ in range(5):
        assert not sign_in(client, "olivia@example.com", "wrong")
    answer = client.post(reverse("sign_in"), {"login": "OLIVIA@example.com", "password": PASSWORD})
    assert "too many attempts" in answer.content.decode()
    assert sign_in(Client(), "adam@example.com", PASSWORD)


def test_nobody_signs_up(client: Client, db: None) -> None:
    for address in ("/accounts/signup/", "/sign-up/", "/signup/"):
        assert client.get(address).status_code == 404


def test_only_the_users_own_address_signs_in(client: Client, office: Office) -> None:
    assert sign_in(client, "olivia@example.com", PASSWORD)
    assert not EmailAddress.objects.exists()


def test_an_inactive_person_cannot_sign_in_nor_ask_for_a_password(client: Client, office: Office) -> None:
    User.objects.filter(pk=office.admin.user_id).update(is_active=False)
    assert not sign_in(client, "adam@example.com", PASSWORD)
    client.post(reverse("account_reset_password"), {"email": "adam@example.com"})
    assert "http" not in str(mail.outbox[-1].body)


def test_a_name_is_kept_on_one_line_and_within_bounds(office: Office) -> None:
    olivia = browser_of(office.owner)
    olivia.post(reverse("profile"), {"name": " Olivia\r\nBcc: all@example.com  Harbor "})
    office.owner.user.refresh_from_db()
    assert office.owner.user.name == "Olivia Bcc: all@example.com Harbor"
    assert olivia.post(reverse("profile"), {"name": "x" * 151}).status_code == 422


def test_the_admin_site_is_entered_through_the_same_sign_in(client: Client, db: None) -> None:
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith(reverse("sign_in"))

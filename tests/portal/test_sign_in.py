"""Signing in and out, and what people without a session, or without a firm, get to see."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from portal.models import User
from tests.portal.people import PASSWORD, Office, browser_of


def test_olivia_signs_in_by_her_address_in_any_case_and_lands_on_the_accounts(client: Client, office: Office) -> None:
    answer = client.post(reverse("sign_in"), {"login": "Olivia@Example.com", "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("account_list")
    assert "Harbor &amp; Finch" in answer.content.decode()


def test_a_wrong_password_is_refused_with_a_sentence(client: Client, office: Office) -> None:
    answer = client.post(reverse("sign_in"), {"login": "olivia@example.com", "password": "wrong"})
    assert "do not belong together" in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_sign_in_goes_on_to_the_page_that_was_asked_for(client: Client, office: Office) -> None:
    asked = reverse("account_list") + "?q=smith"
    answer = client.get(asked)
    assert answer.status_code == 302
    answer = client.post(answer["Location"], {"login": "olivia@example.com", "password": PASSWORD, "next": asked})
    assert answer["Location"] == asked


def test_sign_in_never_goes_on_to_another_site(client: Client, office: Office) -> None:
    form = {"login": "olivia@example.com", "password": PASSWORD, "next": "https://elsewhere.example/"}
    assert client.post(reverse("sign_in"), form)["Location"] == reverse("home")


def test_the_demonstration_sign_ins_are_shown_beside_the_simulator_only(
    client: Client, db: None, settings: Settings
) -> None:
    assert "owner@demo.test" in client.get(reverse("sign_in")).content.decode()
    settings.IS_LOCAL = False
    assert "demo.test" not in client.get(reverse("sign_in")).content.decode()


def test_signing_out_is_a_post_and_ends_the_session(office: Office) -> None:
    olivia = browser_of(office.owner)
    assert olivia.get(reverse("sign_out")).status_code == 405
    assert olivia.post(reverse("sign_out"))["Location"] == reverse("sign_in")
    assert olivia.get(reverse("account_list")).status_code == 302


def test_a_form_without_its_token_is_refused_and_says_that_nothing_was_changed(office: Office) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(office.owner.user)
    answer = careful.post(reverse("account_create"), {"name": "Forged"})
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.content.decode()
    assert not office.firm.accounts.exists()


def test_a_person_without_a_firm_is_told_so_and_can_sign_out(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("charlie@example.com", PASSWORD, name="Charlie Outside"))
    answer = client.get(reverse("account_list"))
    assert answer.status_code == 403
    assert "You are not a member of any firm." in answer.content.decode()
    assert reverse("sign_out") in answer.content.decode()


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_htmx_request_after_the_session_ended_goes_to_sign_in_and_comes_back(
    client: Client, office: Office, method: str
) -> None:
    here = "/clients/accounts/?q=smith"
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{here}"}
    answer = getattr(client, method)(reverse("account_create"), headers=headers)
    assert answer.status_code == 200
    assert answer["HX-Redirect"] == "/sign-in/?next=%2Fclients%2Faccounts%2F%3Fq%3Dsmith"
    assert answer.content == b""


def test_a_press_after_the_cookies_are_gone_goes_to_sign_in_and_comes_back(office: Office) -> None:
    browser = Client(enforce_csrf_checks=True)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/clients/accounts/"}
    answer = browser.post(reverse("account_create"), headers=headers)
    assert (answer.status_code, answer["HX-Redirect"]) == (200, "/sign-in/?next=%2Fclients%2Faccounts%2F")
    assert answer.content == b""
    without_htmx = browser.post(reverse("account_create"))
    assert without_htmx.status_code == 403
    assert "This page was out of date" in without_htmx.text


def test_a_press_with_an_old_token_while_signed_in_is_refused(office: Office) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(office.owner.user)
    assert browser.post(reverse("account_create"), headers={"HX-Request": "true"}).status_code == 403


def test_an_htmx_request_never_comes_back_to_another_site(client: Client, office: Office) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "https://elsewhere.example/page"}
    answer = client.get(reverse("account_list"), headers=headers)
    assert answer["HX-Redirect"] == "/sign-in/?next=%2F"

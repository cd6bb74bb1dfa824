"""The second factor: set up, asked for, recovered, insisted on by a firm."""

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client
from django.urls import reverse

from portal.models import Membership
from tests.portal.people import PASSWORD, Office, browser_of, set_up


def code_of(secret: str) -> str:
    """What an authenticator app with this secret shows now."""
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def signed_in(member: Membership) -> Client:
    """A browser in which the person signed in just now, with a password."""
    client = Client()
    client.post(reverse("sign_in"), {"login": member.user.email, "password": PASSWORD})
    return client


def test_it_is_set_up_with_the_apps_first_code_and_shows_recovery_codes(office: Office) -> None:
    olivia = signed_in(office.owner)
    page = olivia.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    assert "not right" in olivia.post(reverse("mfa_activate_totp"), {"code": "000000"}).content.decode()
    answer = olivia.post(reverse("mfa_activate_totp"), {"code": code_of(secret)}, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("mfa_view_recovery_codes")
    assert len(answer.context["unused_codes"]) == 10
    stored = Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"]
    assert secret not in stored


def test_the_password_alone_opens_nothing_any_more(office: Office) -> None:
    secret = set_up(office.owner)
    olivia = signed_in(office.owner)
    assert olivia.get(reverse("account_list"))["Location"].startswith(reverse("sign_in"))
    assert olivia.post(reverse("mfa_authenticate"), {"code": "123"}).status_code == 200
    assert olivia.get(reverse("account_list")).status_code == 302
    assert olivia.post(reverse("mfa_authenticate"), {"code": code_of(secret)})["Location"] == reverse("home")
    assert olivia.get(reverse("account_list")).status_code == 200


def test_a_code_works_once(office: Office) -> None:
    code = code_of(set_up(office.owner))
    assert signed_in(office.owner).post(reverse("mfa_authenticate"), {"code": code}).status_code == 302
    assert signed_in(office.owner).post(reverse("mfa_authenticate"), {"code": code}).status_code == 200


def test_a_recovery_code_signs_in_once(office: Office) -> None:
    set_up(office.owner)
    code = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()[0]
    assert signed_in(office.owner).post(reverse("mfa_authenticate"), {"code": code}).status_code == 302
    assert signed_in(office.owner).post(reverse("mfa_authenticate"), {"code": code}).status_code == 200


def test_a_firm_that_requires_it_shows_nothing_before_it_is_set_up(office: Office) -> None:
    office.firm.requires_two_factor = True
    office.firm.save()
    adam = signed_in(office.admin)
    for url in (reverse("account_list"), reverse("account_create"), reverse("profile"), reverse("quickbooks_settings")):
        assert adam.get(url)["Location"] == reverse("mfa_activate_totp")
    for url in (reverse("account_create"), reverse("profile")):
        assert adam.post(url, {"name": "Sneaked"})["Location"] == reverse("mfa_activate_totp")
    assert not office.firm.accounts.exists()
    answer = adam.get(reverse("account_list"), headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == reverse("mfa_activate_totp")
    page = adam.get(reverse("mfa_activate_totp"))
    assert "requires it of everybody" in page.content.decode()
    adam.post(reverse("mfa_activate_totp"), {"code": code_of(page.context["form"].secret)})
    assert adam.get(reverse("account_list")).status_code == 200


def test_it_cannot_be_turned_off_while_the_firm_requires_it(office: Office) -> None:
    secret = set_up(office.owner)
    office.firm.requires_two_factor = True
    office.firm.save()
    olivia = signed_in(office.owner)
    olivia.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert "so it stays on" in olivia.post(reverse("mfa_deactivate_totp")).content.decode()
    assert Authenticator.objects.filter(type=Authenticator.Type.TOTP).exists()
    office.firm.requires_two_factor = False
    office.firm.save()
    assert olivia.post(reverse("mfa_deactivate_totp"))["Location"] == reverse("profile")
    assert not Authenticator.objects.exists()


def test_setting_it_up_wants_a_fresh_password(office: Office) -> None:
    idle = browser_of(office.owner)
    assert idle.get(reverse("mfa_activate_totp"))["Location"].startswith(reverse("account_reauthenticate"))
    answer = idle.post(reverse("account_reauthenticate"), {"password": "wrong"})
    assert "not your password" in answer.content.decode()
    assert idle.post(reverse("account_reauthenticate"), {"password": PASSWORD}).status_code == 302
    assert idle.get(reverse("mfa_activate_totp")).status_code == 200


def test_codes_cannot_be_guessed_one_after_the_other(office: Office, limits: None) -> None:
    secret = set_up(office.owner)
    guesser = signed_in(office.owner)
    for _ in range(5):
        assert "not right" in guesser.post(reverse("mfa_authenticate"), {"code": "000000"}).content.decode()
    answer = guesser.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert "too many attempts" in answer.content.decode()
    assert guesser.get(reverse("account_list")).status_code == 302

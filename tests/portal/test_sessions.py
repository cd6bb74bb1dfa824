"""Where a person is signed in: they see it, and end all of it but this."""

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse

from portal.templatetags.portal import browser
from tests.portal.people import PASSWORD, Office

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0"
MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1"
)


def signed_in(user_agent: str, address: str, email: str = "olivia@example.com") -> Client:
    """A browser of this kind at this address, signed in through the form."""
    client = Client(headers={"user-agent": user_agent}, REMOTE_ADDR=address)
    assert client.post(reverse("sign_in"), {"login": email, "password": PASSWORD}).status_code == 302
    return client


def test_a_person_ends_all_their_other_sessions_and_nobody_elses(office: Office) -> None:
    here, there = signed_in(WINDOWS, "192.0.2.1"), signed_in(MAC, "192.0.2.2")
    other = signed_in(MAC, "192.0.2.3", office.admin.user.email)
    page = here.get(reverse("usersessions_list")).text
    for shown in ("Firefox on Windows", "192.0.2.1", "Safari on Mac OS X", "192.0.2.2", "This one"):
        assert shown in page
    assert "192.0.2.3" not in page

    answer = here.post(reverse("usersessions_list"), follow=True)
    assert "You are signed out everywhere else." in answer.text
    assert "192.0.2.2" not in answer.text
    assert here.get(reverse("account_list")).status_code == 200
    assert there.get(reverse("account_list"))["Location"].startswith(reverse("sign_in"))
    assert other.get(reverse("account_list")).status_code == 200


def test_a_session_that_was_signed_out_is_not_listed(office: Office) -> None:
    here, there = signed_in(WINDOWS, "192.0.2.1"), signed_in(MAC, "192.0.2.2")
    there.post(reverse("sign_out"))
    assert "192.0.2.2" not in here.get(reverse("usersessions_list")).text
    assert UserSession.objects.count() == 1


@pytest.mark.parametrize("said", ["", "\x00", "<script>alert(1)</script>", "x" * 5000])
def test_a_browser_may_say_anything_of_itself(said: str) -> None:
    assert browser(said) == "Unknown browser"

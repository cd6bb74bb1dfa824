"""A new colleague in a real browser: invited, accepted, assigned, with a second factor; and a person of two firms."""

import re
from collections.abc import Callable

import pytest
from django.core import mail
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings

from accounts import services
from accounts.models import Account
from portal.models import Membership, Role
from tests.portal.people import PASSWORD, Office, open_office
from tests.portal.test_two_factor import code_of

SignIn = Callable[..., None]
NEW = "an-entirely-new-phrase"


@pytest.fixture
def office(transactional_db: None, site: str, settings: Settings) -> Office:
    settings.PORTAL_BASE_URL = site
    office = open_office()
    for name in ("Mary Smith", "Smith & Sons", "Jane Green"):
        office.account(name)
    return office


def link() -> str:
    found = re.search(r"http://\S+", str(mail.outbox[-1].body))
    assert found
    return found[0]


def test_a_colleague_is_invited_accepts_sees_what_they_are_assigned_to_and_sets_up_two_factor(
    page: Page, browser: Browser, site: str, office: Office, sign_in: SignIn
) -> None:
    sign_in("adam@example.com", PASSWORD)
    page.get_by_role("link", name="Team", exact=True).click()
    page.get_by_role("link", name="Invite").click()
    expect(page.get_by_role("radio", name="Owner")).to_have_count(0)
    page.get_by_label("E-mail address").fill("ivy@example.com")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_role("status")).to_contain_text("The invitation was sent to ivy@example.com.")
    expect(page.get_by_role("row", name="ivy@example.com")).to_contain_text("Open until")

    colleague = browser.new_context(base_url=site, viewport={"width": 390, "height": 800})
    ivy = colleague.new_page()
    ivy.goto(link())
    ivy.get_by_label("Your name").fill("Ivy Invited")
    ivy.get_by_label("Choose a password").fill(NEW)
    ivy.get_by_role("button", name="Accept the invitation").click()
    expect(ivy.get_by_role("heading", name="No accounts are assigned to you")).to_be_visible()

    page.reload()
    page.get_by_role("row", name="Ivy Invited").get_by_role("link", name="0 accounts").click()
    page.get_by_role("link", name="Choose accounts").click()
    page.get_by_label("Mary Smith").check()
    page.get_by_role("button", name="Assign the ticked").click()
    expect(page.get_by_role("status").last).to_contain_text("Ivy Invited was assigned to 1 account.")

    ivy.reload()
    expect(ivy.locator(".row-link")).to_have_text(["Mary Smith"])
    ivy.goto("/profile/")
    ivy.get_by_role("link", name="Set up").click()
    ivy.get_by_text("Enter a key by hand instead").click()
    secret = ivy.locator("details code").inner_text()
    ivy.get_by_label("Code").fill(code_of(secret))
    ivy.get_by_role("button", name="Turn on").click()
    recovery = ivy.get_by_role("list", name="Recovery codes").get_by_role("listitem").first.inner_text()

    ivy.context.clear_cookies()
    ivy.goto("/clients/accounts/?q=mary")
    ivy.get_by_label("E-mail address").fill("ivy@example.com")
    ivy.get_by_label("Password").fill(NEW)
    ivy.get_by_role("button", name="Sign in").click()
    ivy.get_by_label("Code").fill(recovery)
    ivy.get_by_role("button", name="Sign in", exact=True).click()
    ivy.wait_for_url("**/clients/accounts/?q=mary")
    expect(ivy.locator(".row-link")).to_have_text(["Mary Smith"])
    colleague.close()


def test_a_person_of_two_firms_switches_and_an_old_form_writes_into_neither(
    page: Page, office: Office, sign_in: SignIn
) -> None:
    Membership.objects.create(user=office.owner.user, firm=office.stranger.firm, role=Role.ADMIN)
    services.account_create(firm=office.stranger.firm, name="Theirs")
    sign_in("olivia@example.com", PASSWORD)
    form = page.context.new_page()  # what this one reports as an error is the refusal
    form.goto("/clients/accounts/new/")
    form.get_by_label("Name").first.fill("Stray")
    page.get_by_role("button", name="Switch firm").click()
    page.get_by_role("button", name="New Leaf Tax").click()
    expect(page.locator(".row-link")).to_have_text(["Theirs"])
    form.get_by_role("button", name="Add account").click()
    expect(form.get_by_role("heading", name="This page was out of date")).to_be_visible()
    assert not Account.objects.filter(name="Stray").exists()


def test_a_firm_that_requires_two_factor_leads_there_after_signing_in(
    page: Page, office: Office, sign_in: SignIn
) -> None:
    office.firm.requires_two_factor = True
    office.firm.save()
    sign_in("emma@example.com", PASSWORD)
    expect(page.get_by_role("heading", name="Set up two-factor sign-in")).to_be_visible()
    page.goto("/clients/accounts/")
    expect(page.get_by_role("heading", name="Set up two-factor sign-in")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1920])
def test_no_page_of_the_team_scrolls_sideways(page: Page, office: Office, sign_in: SignIn, width: int) -> None:
    user = office.employee.user
    user.name, user.email = "Wolfeschlegelsteinhausenbergerdorff" * 4, f"{'a' * 60}@{'b' * 60}.example"
    user.save()
    page.set_viewport_size({"width": width, "height": 800})
    sign_in("olivia@example.com", PASSWORD)
    here = f"/settings/team/{office.employee.pk}"
    addresses = ["/settings/team/", "/settings/team/invite/", f"{here}/", f"{here}/remove/", f"{here}/accounts/"]
    for address in [*addresses, "/profile/", "/profile/two-factor/", "/profile/password/"]:
        page.goto(address)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{address} is {wider} px wider than {width} px"

"""What needs attention, in the browser: the banner on each page, the connection's health, the month's requests."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings

from portal.models import Membership
from qbsync.models import Connection, ConnectionStatus
from qbsync.states import DocumentReason
from tests.qbsync.desk import Desk, make_desk
from tests.qbsync.test_digest import REFUSED

pytestmark = pytest.mark.django_db(transaction=True)
SETTINGS = "/settings/integrations/quickbooks/"


@pytest.fixture
def office(transactional_db: None) -> Desk:
    """Olivia's firm with an account that failed, an invoice that was refused and a payment that waits."""
    desk = make_desk()
    desk.failed("Nowhere to be found")
    account = desk.synced("Acme")
    desk.invoice(account, **REFUSED)
    long_ago = timezone.now() - timedelta(hours=1)
    desk.payment(
        account,
        status="waiting",
        reason=DocumentReason.WAITS_FOR_INVOICE,
        detail={"invoice": "I-1"},
        changed_at=long_ago,
    )
    today = timezone.now().date()
    for endpoint, metered, count in (("cdc", True, 240), ("query", True, 170), ("batch", False, 61)):
        desk.connection.request_counts.create(day=today, endpoint=endpoint, metered=metered, count=count)
    for member in (desk.olivia, desk.adam, desk.erin):
        member.user.set_password("demo-portal")
        member.user.save()
    return desk


def visit(page: Page, sign_in: Callable[..., None], member: Membership, address: str) -> None:
    """Sign in as this person and go to the page."""
    sign_in(member.user.email)
    page.goto(address)


def test_the_banner_leads_to_what_failed_and_to_what_waits(
    page: Page, office: Desk, sign_in: Callable[..., None]
) -> None:
    visit(page, sign_in, office.adam, "/clients/accounts/")
    page.get_by_role("link", name="1 invoice failed").click()
    expect(page.get_by_role("heading", name="QuickBooks errors")).to_be_visible()
    expect(page.locator(".banner")).to_have_count(0)  # the page itself says it
    page.goto("/clients/accounts/")
    page.get_by_role("link", name="1 payment waiting for an invoice").click()
    expect(page.get_by_role("row").filter(has_text="Acme")).to_have_count(1)


def test_an_employee_reads_that_nothing_is_synced_and_no_more(
    page: Page, office: Desk, sign_in: Callable[..., None]
) -> None:
    visit(page, sign_in, office.erin, "/clients/accounts/")
    expect(page.locator(".banner")).to_have_count(0)
    Connection.objects.update(status=ConnectionStatus.BROKEN, broken_reason="not_admin")
    page.reload()
    expect(page.locator(".banner")).to_have_text(
        "Nothing is being synced to QuickBooks at the moment; nothing is lost."
    )
    expect(page.locator(".banner a")).to_have_count(0)


def test_a_lapsed_subscription_is_explained_and_tried_again_by_a_press(
    page: Page, office: Desk, sign_in: Callable[..., None]
) -> None:
    now = timezone.now()
    Connection.objects.update(
        outage_since=now - timedelta(hours=3), trouble="company_suspended", rests_until=now + timedelta(hours=3)
    )
    visit(page, sign_in, office.adam, "/clients/accounts/")
    page.get_by_role("link", name="See why and what to do").click()
    health = page.locator("#content").get_by_role("alert").filter(has_text="subscription has lapsed")
    expect(health).to_contain_text("Renew the subscription in QuickBooks.")
    health.get_by_role("button", name="Try again now").click()
    expect(page.get_by_text("QuickBooks is being asked again")).to_be_visible()
    assert Connection.objects.get().rests_until is None


def test_the_months_requests_are_shown_and_their_end_is_warned_of(
    page: Page, office: Desk, sign_in: Callable[..., None], settings: Settings
) -> None:
    settings.QBO_INCLUDED_READS = 500
    cache.clear()  # another test may have had the month's sum counted
    visit(page, sign_in, office.adam, SETTINGS)
    expect(page.get_by_text("82 % of this month’s reads are used.")).to_be_visible()
    page.get_by_role("link", name="410 of them reads").click()
    row = page.get_by_role("row").filter(has_text="Changes since the last look")
    expect(row).to_contain_text("240")
    expect(page.get_by_text("Writes are free")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_person_chooses_the_digest_and_ends_it(page: Page, office: Desk, sign_in: Callable[..., None]) -> None:
    visit(page, sign_in, office.adam, SETTINGS)
    page.get_by_role("link", name="E-mail digest").click()
    page.get_by_label("Adam Moss gets the digest").check()
    page.get_by_label("Time for Adam Moss").fill("07:30")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The e-mail digest was saved.")).to_be_visible()
    page.goto(SETTINGS + "digest/")
    expect(page.get_by_label("Adam Moss gets the digest")).to_be_checked()
    expect(page.get_by_label("Time for Adam Moss")).to_have_value("07:30")

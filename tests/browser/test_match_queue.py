"""The match queue by keyboard alone, and without JavaScript."""

import re
from collections.abc import Callable

import pytest
import redis
from playwright.sync_api import Browser, Page, expect

from accounts.models import Account
from qbsync.models import AccountSync
from qbsync.states import Ask, Status
from tests.qbsync.desk import Desk, make_desk

QUEUE = "/settings/integrations/quickbooks/match/"


@pytest.fixture
def desk(transactional_db: None, broker: redis.Redis) -> Desk:
    """Olivia's firm, committed, so that the server sees it. No worker runs: what is asked for stays asked for."""
    return make_desk()


def _sync(account: Account) -> AccountSync:
    return AccountSync.objects.get(account=account)


def test_the_queue_is_worked_off_by_keyboard(page: Page, desk: Desk, sign_in: Callable[..., None]) -> None:
    first, second, third, fourth, fifth = (
        desk.failed(name) for name in ("Acme", "Bright Dental", "Carpenter Rob", "Dune & Daughters", "Evergreen")
    )
    chosen, other = desk.customer("Acme Supplies"), desk.customer("Acme Holdings LLC")
    carpenter, wanted = desk.customer("Robert Carpenter"), desk.customer("Something Else")
    sign_in("olivia@firm.test", "secret")
    page.goto(QUEUE)
    row = page.locator("[data-match-open].is-current")
    left = page.locator(".match-left")
    expect(row).to_contain_text("Acme")
    expect(left).to_have_text("5 left")

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys of the match queue")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(row).to_contain_text("Bright Dental")
    page.keyboard.press("ArrowUp")
    expect(row).to_contain_text("Acme")

    offered = [radio.input_value() for radio in row.get_by_role("radio").all()]
    assert sorted(offered) == sorted([str(chosen.pk), str(other.pk)])
    page.keyboard.press(str(offered.index(str(chosen.pk)) + 1))
    expect(row.get_by_role("radio", name="Acme Supplies")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.locator(f"#match-{first.pk}")).to_contain_text("is linked to Acme Supplies in a moment")
    expect(left).to_have_text("4 left")
    assert (_sync(first).ask, _sync(first).asked_customer) == (Ask.LINK, chosen)

    expect(row).to_contain_text("Bright Dental")
    page.keyboard.press("c")
    expect(page.locator(f"#match-{second.pk}")).to_contain_text("gets a new customer in QuickBooks")
    assert _sync(second).ask == Ask.CREATE

    expect(row).to_contain_text("Carpenter Rob")
    expect(row).to_contain_text("Rob may be Robert")
    page.keyboard.press("Enter")  # the likely one is chosen already
    expect(page.locator(f"#match-{third.pk}")).to_contain_text("is linked to Robert Carpenter")
    assert _sync(third).asked_customer == carpenter

    expect(row).to_contain_text("Dune & Daughters")
    page.keyboard.press("s")
    skipped = page.locator(f"#match-{fourth.pk}")
    expect(skipped).to_contain_text("is skipped")
    assert _sync(fourth).status == Status.SKIPPED
    page.keyboard.press("u")
    expect(skipped).to_contain_text("is looked for by its name once more")
    assert (_sync(fourth).status, _sync(fourth).ask) == (Status.SYNCING, Ask.MATCH)

    expect(row).to_contain_text("Evergreen")
    page.keyboard.press("/")
    page.keyboard.type("something")
    page.keyboard.press("Enter")
    expect(row.get_by_role("radio", name="Something Else")).to_be_visible()
    expect(row).to_contain_text("1 customer with “something”")
    row.get_by_role("radio", name="Something Else").check()
    page.keyboard.press("Enter")
    expect(page.locator(f"#match-{fifth.pk}")).to_contain_text("is linked to Something Else")
    assert _sync(fifth).asked_customer == wanted
    expect(left).to_have_text("Nothing left")
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_role("heading", name="Every account has its customer")).to_be_visible()


def test_a_refusal_is_told_in_the_row(page: Page, desk: Desk, sign_in: Callable[..., None]) -> None:
    desk.failed("Acme")
    customer = desk.customer("Acme LLC")
    sign_in("adam@firm.test", "secret")
    page.goto(QUEUE)
    taker = desk.account("Faster")
    desk.row(taker, Status.SYNCED, customer=customer)
    page.keyboard.press("Enter")
    row = page.locator("[data-match-open].is-current")
    expect(row.get_by_role("alert")).to_contain_text("“Acme LLC” is already linked to Faster")
    expect(row.get_by_role("radio", name="Acme LLC")).to_be_disabled()


def test_the_queue_works_without_javascript(
    page: Page, browser: Browser, desk: Desk, sign_in: Callable[..., None], site: str
) -> None:
    account, other = desk.failed("Acme"), desk.failed("Bright Dental")
    desk.customer("Acme Holdings")
    dental = desk.customer("Dental Bright")
    sign_in("olivia@firm.test", "secret")
    context = browser.new_context(base_url=site, java_script_enabled=False, storage_state=page.context.storage_state())
    plain = context.new_page()
    plain.goto(QUEUE)
    row = plain.get_by_role("article", name="Acme")
    row.get_by_role("searchbox").fill("hold")
    row.get_by_role("button", name="Search").click()
    plain.get_by_role("radio", name="Acme Holdings").first.check()
    plain.get_by_role("button", name="Link").click()
    expect(plain.get_by_role("article", name="Acme")).to_contain_text("is linked to Acme Holdings in a moment")
    plain.get_by_role("button", name="Undo").click()
    expect(plain.get_by_role("article", name="Acme")).to_contain_text("is skipped")
    assert _sync(account).status == Status.SKIPPED

    plain.get_by_role("link", name=re.compile("Accept the sure ones")).click()
    expect(plain.get_by_role("row", name="Bright Dental")).to_contain_text("Same words in another order")
    plain.get_by_role("button", name="Link the ticked accounts").click()
    expect(plain.get_by_role("heading", name="Every account has its customer")).to_be_visible()
    assert _sync(other).asked_customer == dental
    context.close()

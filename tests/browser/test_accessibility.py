"""Every page under axe, light and dark; none scrolls sideways on a phone, and none reports an error to the console.

What the Content-Security-Policy stops is such an error too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby, product
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import resolve
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, expect
from playwright.sync_api import Page as Tab

from accounts.models import Tag
from portal.models import Membership
from qbsync.states import DocumentReason, DocumentStatus, Reason
from tests.pages import NO_PAGE, Page, beginner, leaver, pages_of
from tests.portal.people import confirm
from tests.qbsync.desk import Desk, make_desk
from tests.simulated import Simulator
from tests.test_access_matrix import ASKED

COLORS = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
    "resultTypes": ["violations"],
}
"""What a dark page is asked: all else that axe looks at is the same in both schemes."""
REFUSED: dict[str, Any] = {
    "status": DocumentStatus.FAILED,
    "reason": DocumentReason.REFUSED,
    "detail": {"message": "The books are closed.", "remedy": "Open them.", "answer": "Period closed", "code": "6210"},
    "settled_revision": 1,
}


@pytest.fixture
def desk(transactional_db: None, simulator: Simulator) -> Desk:
    """Olivia's firm with something to show on each page: each status, documents, runs, requests, a comparison."""
    desk = make_desk()
    desk.join(simulator, "Acme Incorporated")
    now = timezone.now()
    synced = desk.synced("Linked LLC")
    synced.team.add(desk.erin)
    synced.tags.add(Tag.objects.create(firm=desk.firm, name="Monthly"))
    desk.payment(synced, status=DocumentStatus.SYNCED, qbo_id="7", pushed_revision=1, settled_revision=1)
    for row in ({"status": DocumentStatus.SYNCED, "qbo_id": "5", "pushed_revision": 1, "settled_revision": 1}, REFUSED):
        desk.invoice(synced, **row)
    desk.invoice(desk.failed("Acme"))
    desk.failed("Ada Twin", Reason.SEVERAL_MATCHES)
    desk.customer("Acme Incorporated")
    desk.skipped("Left Alone")
    desk.syncing("Under Way", asked_at=now)
    desk.account("Never Asked For")
    desk.connection.runs.create(started_at=now - timedelta(minutes=5), ended_at=now, started_by=desk.adam.user)
    desk.firm.team_history.create(kind="removed", actor=desk.olivia.user, person=desk.adam.user, before="employee")
    desk.connection.request_counts.create(day=now.date(), endpoint="query", metered=True, count=17)
    return desk


def test_every_address_that_answers_a_page_is_looked_at(desk: Desk) -> None:
    looked_at = {resolve(page.address.partition("?")[0]).url_name for page in pages_of(desk.firm)}
    asked = {line.name for line in ASKED if line.get != "nobody" and not line.name.startswith("admin:")}
    missing = asked - looked_at - set(NO_PAGE)
    assert not missing, f"Add {', '.join(sorted(missing))} to tests/pages.py, or to NO_PAGE there with the reason."
    idle = set(NO_PAGE) & looked_at | set(NO_PAGE) - asked
    assert not idle, f"Take {', '.join(sorted(idle))} out of NO_PAGE in tests/pages.py."


def test_no_page_has_a_violation_an_error_or_a_sideways_scroll(browser: Browser, site: str, desk: Desk) -> None:
    people = {"owner": desk.olivia, "admin": desk.adam, "employee": desk.erin, "newcomer": desk.nadia}
    people |= {"beginner": beginner(), "leaver": leaver()}
    found: defaultdict[str, list[str]] = defaultdict(list)
    pages = sorted(pages_of(desk.firm), key=lambda page: page.person)
    for person, theirs in groupby(pages, key=lambda page: page.person):
        context = _signed_in(browser, site, desk, people.get(person))
        tab = context.new_page()
        for page in theirs:
            for fault in _faults(tab, page):
                found[fault].append(page.name)
        context.close()
    assert not found, "\n".join(f"{fault}  [{', '.join(names)}]" for fault, names in found.items())


OPENERS = {
    "account-synced": ("QuickBooks actions", ["Change customer", "Unsync"]),
    "account-failed": (
        "QuickBooks actions", ["Sync Account to QuickBooks", "Create in QuickBooks", "Do not sync this account"],
    ),
    "invoice": ("", ["Void", "Delete"]),
    "quickbooks-errors-of-one-cause": ("", ["Retry all of this cause"]),
    "accounts": ("", ["Sync", "Create in QuickBooks", "Do not sync"]),
}  # fmt: skip
"""Pages, the menu on each, and what opens a dialog there."""
LOOKS: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 1440), ("dark", 390))


def test_no_dialog_has_a_violation_or_a_sideways_scroll_and_the_focus_returns(
    browser: Browser, site: str, desk: Desk
) -> None:
    context = _signed_in(browser, site, desk, desk.olivia)
    tab = context.new_page()
    addresses = {page.name: page.address for page in pages_of(desk.firm)}
    addresses["quickbooks-errors-of-one-cause"] = f"{addresses['quickbooks-errors']}?tab=accounts&cause=no_match"
    dialog, found = tab.locator("#dialog"), []
    openers = [(name, menu, item) for name, (menu, items) in OPENERS.items() for item in items]
    for (name, menu, item), (scheme, width) in product(openers, LOOKS):
        tab.emulate_media(color_scheme=scheme)
        tab.set_viewport_size({"width": width, "height": 844})
        tab.goto(addresses[name])
        if name == "accounts":
            tab.get_by_role("checkbox", name="Select Linked LLC").check()
        pressed = tab.locator("[hx-target='#dialog']:visible", has_text=item).first
        comes_back_to = tab.get_by_role("button", name=menu) if menu else pressed
        if menu:
            comes_back_to.click()
        pressed.click()
        expect(dialog).to_have_attribute("open", "")
        where = f"{name}, {item}, {scheme}, {width}"
        found += [f"{where}: {fault}" for fault in _violations(scheme, Axe().run(tab).response)]
        if dialog.evaluate("dialog => dialog.scrollWidth > innerWidth"):
            found.append(f"{where}: it is wider than the window")
        tab.keyboard.press("Escape")
        expect(dialog).not_to_have_attribute("open", "")
        expect(comes_back_to).to_be_focused()
    context.close()
    assert not found, "\n".join(found)


def _signed_in(browser: Browser, site: str, desk: Desk, member: Membership | None) -> BrowserContext:
    context = browser.new_context(base_url=site, reduced_motion="reduce")
    if member:
        client = desk.sign_in(member)
        confirm(client)
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
    return context


def _faults(tab: Tab, page: Page) -> Iterator[str]:
    """What is wrong with the page, in words."""
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        of_the_page_itself = message.location.get("url", "") == tab.url
        its_status = of_the_page_itself and message.text.startswith("Failed to load resource")  # which a refusal has
        if message.type == "error" and not its_status:
            errors.append(message.text)

    def raised(error: Exception) -> None:
        errors.append(str(error))

    tab.on("console", note)
    tab.on("pageerror", raised)
    tab.set_viewport_size({"width": 1440, "height": 900})
    tab.emulate_media(color_scheme="light")
    answer = tab.goto(page.address)
    if answer is None or answer.status >= 500:
        yield f"the server answers {answer and answer.status}"
    axe = Axe()
    yield from _violations("light", axe.run(tab).response)
    tab.emulate_media(color_scheme="dark")
    expect(tab.locator("html")).to_have_attribute("data-bs-theme", "dark")
    yield from _violations("dark", axe.run(tab, options=COLORS).response)
    tab.set_viewport_size({"width": 390, "height": 844})
    if tab.evaluate("document.scrollingElement.scrollWidth > innerWidth"):
        yield "it scrolls sideways at 390 px"
    tab.remove_listener("console", note)
    tab.remove_listener("pageerror", raised)
    yield from errors


def _violations(scheme: str, answer: dict[str, Any]) -> Iterator[str]:
    for violation in answer["violations"]:
        places = "; ".join(" ".join(node["html"].split())[:160] for node in violation["nodes"][:3])
        yield f"{scheme}, {violation['id']}: {places}"

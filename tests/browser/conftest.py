"""A real Chromium on a real server, for the tests in this folder."""

import os
import re
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from portal.local import browser as chromium
from portal.local.addresses import ROOT

_FLAGS = [
    "--no-sandbox",  # root has none, and the pages are ours
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_LONGEST_REQUEST_S = 10.0
_failed = pytest.StashKey[bool]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder, so that it can be left out where there is no browser.

    In CI a failed one gets a second chance, as Playwright's own runner gives it: a shared machine may hold a browser
    up for longer than any patience. The summary names each that needed it; on a developer's machine none gets it.
    """
    second_chance = os.environ.get("CI", "").lower() in ("1", "true", "yes")
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            if second_chance:
                item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember a failure, for the screenshot."""
    report = yield
    item.stash[_failed] = item.stash.get(_failed, False) or report.failed
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of this process."""
    path = chromium.find()
    if path is None:
        pytest.fail("There is no Chromium. `make test` fetches one; or set PORTAL_CHROMIUM to its path.")
    with sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, which Django would take for asynchronous code.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def site(live_server: LiveServer, settings: Settings) -> str:
    """The portal's address, to which QuickBooks also sends the browser back."""
    settings.QBO_REDIRECT_URI = f"{live_server.url}/settings/integrations/quickbooks/callback"
    return live_server.url


@pytest.fixture
def no_request_left(transactional_db: None) -> Iterator[None]:
    """Let the server finish what it is doing before the database is emptied.

    A page that is closed leaves its requests behind: the locks of one are in the way of emptying the tables, and what
    is left in them fails the next test, or the second chance of this one.
    """
    open_ones: set[int] = set()

    def begun(**_: Any) -> None:
        open_ones.add(threading.get_ident())

    def ended(**_: Any) -> None:
        open_ones.discard(threading.get_ident())

    request_started.connect(begun)
    request_finished.connect(ended)
    yield
    deadline = time.monotonic() + _LONGEST_REQUEST_S
    while open_ones and time.monotonic() < deadline:
        time.sleep(0.02)
    request_started.disconnect(begun)
    request_finished.disconnect(ended)


@pytest.fixture
def page(browser: Browser, site: str, no_request_left: None, request: pytest.FixtureRequest) -> Iterator[Page]:
    """An empty page of a new visitor, relative to the portal's address.

    What the browser reports as an error fails the test; the picture of a failed test goes to test-results/.
    """
    context = browser.new_context(base_url=site, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(15_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(_in_words(message)) if message.type == "error" else None)
    yield page
    if errors or request.node.stash.get(_failed, False):
        name = re.sub(r"\W+", "-", request.node.name)
        page.screenshot(path=ROOT / "test-results" / f"{name}.png", full_page=True)
    context.close()
    assert not errors, f"The browser reported: {errors}"


def _in_words(message: ConsoleMessage) -> str:
    return f"{message.text} ({message.location.get('url', '')})"


@pytest.fixture
def sign_in(page: Page) -> Callable[..., None]:
    """Sign in through the form: sign_in("alice@example.com", "password")."""

    def through_the_form(email: str, password: str = "demo-portal") -> None:  # noqa: S107
        page.goto("/sign-in/")
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)

    return through_the_form

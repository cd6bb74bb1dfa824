"""`make screenshots`: pictures of every page into docs/screenshots, light, dark and narrow, from a portal of its own.

It starts what `make run` starts, on other ports and with state that is thrown away, waits until the demonstration firm
is synced, and looks at each page of ``tests.pages``. Names given as arguments choose some: ``accounts match-queue``.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import django
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from portal.local import browser as chromium
from portal.local.addresses import ROOT, database_url
from portal.local.processes import die_with_parent
from tests.ports import free_port

if TYPE_CHECKING:
    from tests.pages import Page

FOLDER = ROOT / "docs" / "screenshots"
_READY_S = 300
_COLORS = 160  # of a page's few, which a palette keeps at a third of the size
Look = tuple[str, Literal["light", "dark"], int, int]
LOOKS: list[Look] = [("light", "light", 1440, 900), ("dark", "dark", 1440, 900), ("narrow", "light", 390, 844)]


def main(chosen: list[str]) -> int:
    """Take the pictures; return the exit code."""
    path = chromium.find_or_fetch()
    if path is None:
        raise SystemExit("There is no Chromium, and none could be fetched. Set PORTAL_CHROMIUM to one.")
    with (
        tempfile.TemporaryDirectory(prefix="portal-pictures-", dir="/tmp", ignore_cleanup_errors=True) as data,
        _portal(Path(data)) as url,
        sync_playwright() as playwright,
    ):
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps an event loop in this thread
        from tests.pages import demo_pages

        pages = [page for page in demo_pages() if not chosen or page.name in chosen]
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for look in LOOKS:
            _take(browser, url, pages, look)
        browser.close()
    size = sum(picture.stat().st_size for picture in FOLDER.glob("*.png"))
    sys.stdout.write(f"{len(pages)} pages; {size / 1e6:.1f} MB are in {FOLDER.relative_to(ROOT)}.\n")
    return 0


@contextmanager
def _portal(data: Path) -> Iterator[str]:
    """The address of a running portal whose demonstration is synced; this process reads its database."""
    port, simulator_port = free_port(), free_port()
    own = ("DATABASE_URL", "REDIS_URL", "QBO_")
    given = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    variables = {"PORTAL_DATA_DIR": str(data), "PORT": str(port), "SIMULATOR_PORT": str(simulator_port)}
    variables["EMAIL_URL"] = "console:"  # else a page names the folder of the e-mails
    command = [sys.executable, "-m", "portal.local", "run"]
    stops_with_us = die_with_parent(signal.SIGINT)
    with subprocess.Popen(command, cwd=ROOT, env={**given, **variables}, preexec_fn=stops_with_us) as run:
        try:
            os.environ.update(variables, DATABASE_URL=database_url(data), DJANGO_SETTINGS_MODULE="portal.settings")
            django.setup()
            _wait_until_synced(run)
            yield f"http://127.0.0.1:{port}"
        finally:
            run.send_signal(signal.SIGINT)


def _wait_until_synced(run: subprocess.Popen[bytes]) -> None:
    from django.db import OperationalError, ProgrammingError, connection

    from qbsync.models import AccountSync
    from qbsync.models.connection import SyncRun
    from qbsync.states import Status

    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline and run.poll() is None:
        time.sleep(1)
        try:
            has_run = SyncRun.objects.exists() and not SyncRun.objects.filter(ended_at=None).exists()
            if has_run and not AccountSync.objects.filter(status=Status.SYNCING).exists():
                return
        except (OperationalError, ProgrammingError):  # the server, or its tables, are not there yet
            connection.close()
    raise SystemExit("The demonstration was not synced in time.")


def _take(browser: Browser, url: str, pages: list[Page], look: Look) -> None:
    name, scheme, width, height = look
    for person in sorted({page.person for page in pages}):
        context = browser.new_context(
            base_url=url,
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
            timezone_id="America/New_York",
        )
        with closing(context):
            if person:
                _sign_in(context, person)
            tab = context.new_page()
            for page in pages:
                if page.person == person:
                    tab.goto(page.address)
                    _save(tab.screenshot(animations="disabled"), FOLDER / f"{page.name}-{name}.png")


def _sign_in(context: BrowserContext, person: str) -> None:
    page = context.new_page()
    page.goto("/sign-in/")
    page.get_by_label("E-mail address").fill(f"{person}@demo.test")
    page.get_by_label("Password").fill("demo-portal")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/sign-in" not in address)
    page.close()


def _save(taken: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(taken)) as picture:
        palette = picture.convert("RGB").quantize(_COLORS, dither=Image.Dither.NONE)
        palette.save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

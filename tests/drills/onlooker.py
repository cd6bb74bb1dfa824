"""A person who keeps looking at the portal's lists while a part is away: what comes, how soon, and if it is true."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Self

import requests

from tests.simulated import Simulator

_LISTS = ("/clients/accounts/", "/clients/invoices/?q={0}", "/clients/payments/?q={0}")
_EVERY_S = 1.0
_PATIENCE_S = 30.0
_ROW = re.compile(r'class="row-link"[^>]*>(?:<bdi>)?([^<]+).*?class="status status-([\w-]+)"', re.DOTALL)
_BANNER = re.compile(r'class="banner[^"]*"\s+role="\w+">.*?<strong>(.*?)</strong>', re.DOTALL)
_TIP = re.compile(r'class="tip-body".*?</div>', re.DOTALL)
_SENTENCE = re.compile(r"<p>(?:<strong>)?(.*?)(?:</strong>)?</p>", re.DOTALL)


def sign_in(site: str) -> requests.Session:
    """A browser in which the owner of the demonstration firm is signed in."""
    browser = requests.Session()
    form = browser.get(f"{site}/sign-in/", timeout=_PATIENCE_S).text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert token
    said = {"csrfmiddlewaretoken": token[1], "login": "owner@demo.test", "password": "demo-portal"}
    answer = browser.post(f"{site}/sign-in/", said, timeout=_PATIENCE_S)
    assert answer.ok and "/sign-in" not in answer.url, answer.text
    return browser


def tooltips(page: str) -> list[list[str]]:
    """The sentences of each tooltip on a page."""
    return [[" ".join(one.split()) for one in _SENTENCE.findall(tip)] for tip in _TIP.findall(page)]


class Onlooker(threading.Thread):
    """Looks at the accounts, invoices and payments again and again, and compares them with what is in QuickBooks.

    Attributes:
        answered: how many pages came.
        away: how many said that they are not available now, and when to try again.
        broken: what came instead of either.
        slowest_s: the longest that a page took.
        headlines: what the banner said, and how often.
        statuses: the statuses that accounts were seen in, with how often.
        untrue: documents that were shown as Synced and were not in QuickBooks.
    """

    def __init__(self, browser: requests.Session, site: str, simulator: Simulator, realm: str, work: str) -> None:
        super().__init__(name="onlooker", daemon=True)
        self._browser, self._site, self._realm, self._work = browser, site, realm, work
        self._simulator = Simulator(simulator.url)  # this thread's own connection
        self._over = threading.Event()
        self.answered = self.away = 0
        self.slowest_s = 0.0
        self.broken: list[str] = []
        self.headlines: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.untrue: set[str] = set()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self.join()

    def __str__(self) -> str:
        said = f", {self.away} times “Not available now”" if self.away else ""
        banner = "".join(f", banner “{headline}”" for headline in self.headlines)
        return f"{self.answered} pages answered within {self.slowest_s:.1f} s{said}{banner}"

    def run(self) -> None:
        """Look, until the with statement ends."""
        while not self._over.is_set():
            for place in _LISTS:
                self._look(place.format(self._work))
            self._over.wait(_EVERY_S)

    def _look(self, place: str) -> None:
        started = time.monotonic()
        try:
            page = self._browser.get(f"{self._site}{place}", timeout=_PATIENCE_S)
        except requests.RequestException as error:
            self.broken.append(f"{place}: {type(error).__name__}")
            return
        self.slowest_s = max(self.slowest_s, time.monotonic() - started)
        if page.status_code == 503 and page.headers.get("Retry-After"):
            self.away += 1
        elif page.status_code != 200:
            self.broken.append(f"{place}: {page.status_code}")
        else:
            self.answered += 1
            self._read(page.text, is_accounts="accounts" in place)

    def _read(self, text: str, *, is_accounts: bool) -> None:
        rows = [found.groups() for part in text.split("<tr")[1:] if (found := _ROW.search(part))]
        self.headlines.update(_BANNER.findall(text)[:1])
        if is_accounts:
            self.statuses.update(status for _, status in rows)
            return
        synced = {number for number, status in rows if status == "synced"}
        if synced:  # what is there is asked for after the page came, so that nothing can have followed it there
            self.untrue |= synced - self._in_quickbooks()

    def _in_quickbooks(self) -> set[str]:
        there = [*self._simulator.entities(self._realm, "Invoice"), *self._simulator.entities(self._realm, "Payment")]
        return {str(one.get(name, "")) for one in there for name in ("DocNumber", "PaymentRefNum")}

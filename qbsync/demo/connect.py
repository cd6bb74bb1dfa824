"""Reaches the simulator over HTTP: makes companies, and connects a firm through the sign-in page."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit, urlunsplit

import requests

from accounts.models import Account
from portal.models import Firm, User
from qbsync import connecting, services
from qbsync.demo.books import SYNC_DATE
from qbsync.models import Connection, Scope

_TIMEOUT_S = 60


class DemoFailed(Exception):
    """The demonstration could not be made; ``str()`` is a sentence."""


class Simulator:
    """The simulator at an address. Every method raises DemoFailed where it does not answer as it should."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy stands between processes of one machine

    def has_company(self, realm_id: str) -> bool:
        """Return whether there is a company of this realm."""
        known = self._call("GET", f"{self.url}/_sim/companies").json()["companies"]
        return any(company["realm_id"] == realm_id for company in known)

    def webhooks_register(self, realm_id: str, *, url: str, verifier_token: str) -> None:
        """Have the company tell the portal at this address what happens in it."""
        hook = {"url": url, "verifier_token": verifier_token}
        self._call("POST", f"{self.url}/_sim/companies/{realm_id}/webhooks", json=hook)

    def company_create(self, company: dict[str, Any]) -> None:
        """Make the company."""
        self._call("POST", f"{self.url}/_sim/companies", json=company)

    def sign_in(self, authorize_url: str, *, realm_id: str, email: str) -> dict[str, str]:
        """Open Intuit's sign-in page, allow access to the company, and return what the browser is sent back with."""
        parts = urlsplit(authorize_url)
        mine = urlsplit(self.url)  # the address that a browser would use may not be reachable from here
        page_url = urlunsplit(parts._replace(scheme=mine.scheme, netloc=mine.netloc))
        form = _Form(self._call("GET", page_url).text)
        fields = {**form.hidden, "realm_id": realm_id, "email": email, "decision": "allow"}
        answer = self._call("POST", urljoin(page_url, form.action), data=fields, allow_redirects=False)
        sent_back = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
        return {name: values[0] for name, values in sent_back.items()}

    def _call(self, method: str, url: str, **options: Any) -> requests.Response:
        try:
            answer = self._session.request(method, url, timeout=_TIMEOUT_S, **options)
        except requests.RequestException as error:
            raise DemoFailed(f"The QuickBooks simulator at {self.url} does not answer. Is it running?") from error
        if not answer.ok:
            raise DemoFailed(f"The QuickBooks simulator refused: {answer.status_code} {answer.text[:300]}")
        return answer


class _Form(HTMLParser):
    """The action and the hidden fields of the form on a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.hidden: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of the form and its fields."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = given.get("action", "")
        elif tag == "input" and given.get("type") == "hidden":
            self.hidden[given.get("name", "")] = given.get("value", "")


def connect(firm: Firm, owner: User, simulator: Simulator, realm_id: str, skipped: list[str]) -> bool:
    """Connect the firm and start its first sync; return False where that was done before, whatever became of it.

    Takes up where an earlier attempt stopped. The accounts of the names ``skipped`` are skipped before the sync.

    Raises:
        DemoFailed: the simulator, or the portal itself, refuses.
    """
    connection = Connection.objects.filter(firm=firm).first()
    if connection is not None and (connection.set_up_at is not None or not connection.is_active):
        return False
    try:
        connection = connection or _signed_in(firm, owner, simulator, realm_id)
        choices = connecting.choices(connection=connection)
    except connecting.ConnectRefused as refused:
        raise DemoFailed(str(refused)) from refused
    for account in Account.objects.filter(firm=firm, name__in=skipped).order_by("pk"):
        services.account_unsync(account=account, by=owner)
    services.connection_set_up(
        connection=connection,
        by=owner,
        scope=Scope.WITH_DOCUMENTS,
        sync_date=SYNC_DATE,
        income_account=_chosen(choices.income_accounts, choices.suggested_income_account),
        service_item=_chosen(choices.service_items, choices.suggested_service_item),
        sync_manual_payments=True,
    )
    return True


def _signed_in(firm: Firm, owner: User, simulator: Simulator, realm_id: str) -> Connection:
    state = connecting.new_state()
    answer = simulator.sign_in(connecting.authorize_url(firm=firm, state=state), realm_id=realm_id, email=owner.email)
    if answer.get("state") != state or not answer.get("code"):
        raise DemoFailed("The simulator's sign-in page did not send the browser back with a code.")
    return connecting.connection_complete(
        firm=firm,
        by=owner,
        code=answer["code"],
        realm_id=answer.get("realmId", ""),
        scope=Scope.WITH_DOCUMENTS,
        sync_date=SYNC_DATE,
    )


def _chosen(offered: Any, suggested: str) -> tuple[str, str]:
    for number, name in offered:
        if number == suggested:
            return number, name
    raise DemoFailed("The company in QuickBooks has no income account or service item to book to.")

"""Speaks OAuth 2 with Intuit: the sign-in address, codes and refresh tokens for tokens, revocation. Stores nothing.

intuit-oauth does the talking. Left alone it fetches the discovery document for every client and sets no timeout.
https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import requests
from django.conf import settings
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError

from qbsync.gateway import counting
from qbsync.gateway.answers import json_of
from qbsync.gateway.faults import Fault, FaultKind
from qbsync.gateway.transport import no_answer

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 3.0, 7.0
LONGEST_S = CONNECT_TIMEOUT_S + READ_TIMEOUT_S
"""No request to Intuit's OAuth servers is waited for longer."""

_TIMEOUTS = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
_DISCOVERY_LASTS_S = 24 * 3600.0
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "revocation_endpoint")
_ACCESS_TOKEN_LASTS_S = 3600
_REFRESH_TOKEN_LASTS_S = 100 * 24 * 3600
_ERRORS = {
    "invalid_grant": FaultKind.GRANT_REVOKED,
    "invalid_client": FaultKind.APP_REFUSED,
    "unauthorized_client": FaultKind.APP_REFUSED,
    "invalid_request": FaultKind.REQUEST_INVALID,
}
T = TypeVar("T")
_discovered: dict[str, tuple[float, dict[str, str]]] = {}
_discovering = threading.Lock()


@dataclass(frozen=True)
class Grant:
    """A pair of tokens as Intuit has just given it, with the seconds that each is valid from now on.

    ``refresh_expires_in_s`` is rolling: each refresh begins it anew. ``hard_expires_in_s`` is what is left of the five
    years that no refresh prolongs; None where Intuit does not say.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_in_s: int
    refresh_expires_in_s: int
    hard_expires_in_s: int | None = None


def authorize_url(state: str) -> str:
    """Return the address of Intuit's sign-in page, to which the browser goes.

    Raises:
        Fault: the discovery document cannot be read.
    """
    url: str = _client().get_authorization_url([Scopes.ACCOUNTING], state_token=state)
    seen_by_browser = urlsplit(settings.QBO_BROWSER_BASE_URL)
    return urlunsplit(urlsplit(url)._replace(scheme=seen_by_browser.scheme, netloc=seen_by_browser.netloc))


def exchange(code: str) -> Grant:
    """Return the tokens for the code that the browser brought back.

    Raises:
        Fault: GRANT_REVOKED where the code is not (or no longer) good; APP_REFUSED, THROTTLED, UNAVAILABLE.
    """
    client = _client()
    return _grant(client, "exchange", lambda: client.get_bearer_token(code))


def prepare() -> None:
    """Have the discovery document at hand, so that a refresh after this takes one request.

    Raises:
        Fault: it cannot be read.
    """
    _discovery()


def refresh(refresh_token: str) -> Grant:
    """Return new tokens. The refresh token may be another one from now on: store it before anything else.

    Raises:
        Fault: GRANT_REVOKED where Intuit no longer takes the refresh token; APP_REFUSED, THROTTLED, UNAVAILABLE. When
            UNAVAILABLE's ``outcome_known`` is False the token may have been replaced without our hearing of it.
    """
    client = _client()
    return _grant(client, "refresh", lambda: client.refresh(refresh_token=refresh_token))


def revoke(token: str) -> None:
    """End the grant of an access or refresh token.

    Raises:
        Fault: it was not ended; REQUEST_INVALID where Intuit does not know the token any more.
    """
    client = _client()
    _call("revoke", lambda: client.revoke(token=token))


def revoke_quietly(token: str) -> bool:
    """End a grant that nobody will use any more, if Intuit can be reached; return whether it did."""
    try:
        revoke(token)
    except Fault as fault:
        logger.warning("A grant that is not used any more could not be revoked: %s", fault)
        return False
    return True


class _Client(AuthClient):
    """intuit-oauth's client with a timeout on each call, and with the discovery document given."""

    def __init__(self, document: dict[str, str]) -> None:
        # Not AuthClient's own __init__, which would fetch the document.
        requests.Session.__init__(self)
        self.client_id, self.client_secret = settings.QBO_CLIENT_ID, settings.QBO_CLIENT_SECRET
        self.redirect_uri = settings.QBO_REDIRECT_URI
        self.environment = settings.QBO_ENVIRONMENT
        self.auth_endpoint = document["authorization_endpoint"]
        self.token_endpoint = document["token_endpoint"]
        self.revoke_endpoint = document["revocation_endpoint"]
        self.realm_id = self.state_token = self.access_token = self.refresh_token = self.id_token = None
        self.expires_in: Any = None
        self.x_refresh_token_expires_in: Any = None
        self.x_refresh_token_hard_expires_in: Any = None
        # With it Intuit also says when the five years end.
        self.headers["x-include-refresh-token-hard-expires-in"] = "true"

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send without ever waiting longer than LONGEST_S, and without following a redirect with our keys."""
        return super().request(*args, **{**kwargs, "timeout": _TIMEOUTS, "allow_redirects": False})


def _client() -> _Client:
    return _Client(_discovery())


def _discovery() -> dict[str, str]:
    """Return Intuit's discovery document, a day old at most; an older one while Intuit does not answer."""
    url = settings.QBO_DISCOVERY_URL
    with _discovering:
        fetched_at, document = _discovered.get(url, (0.0, {}))
        if document and time.monotonic() - fetched_at < _DISCOVERY_LASTS_S:
            return document
        try:
            found = _call("discovery", lambda: _fetch(url))
        except Fault:
            if not document:
                raise
            return document
        _discovered[url] = (time.monotonic(), found)
        return found


def _fetch(url: str) -> dict[str, str]:
    response = requests.get(url, headers={"Accept": "application/json"}, timeout=_TIMEOUTS)
    if response.status_code != 200:
        raise AuthClientError(response)
    document = response.json()
    return {name: str(document[name]) for name in _ENDPOINTS}


def _grant(client: _Client, endpoint: str, call: Callable[[], object]) -> Grant:
    def ask() -> Grant:
        call()
        hard = _seconds(client.x_refresh_token_hard_expires_in, 0)
        return Grant(
            access_token=_token(client.access_token),
            refresh_token=_token(client.refresh_token),
            access_expires_in_s=_seconds(client.expires_in, _ACCESS_TOKEN_LASTS_S),
            refresh_expires_in_s=_seconds(client.x_refresh_token_expires_in, _REFRESH_TOKEN_LASTS_S),
            hard_expires_in_s=hard if hard > 0 else None,
        )

    return _call(endpoint, ask)


def _token(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("The answer holds no token.")
    return value


def _seconds(value: Any, otherwise: int) -> int:
    """Return a number of seconds; a pair of tokens is not thrown away because Intuit words these differently."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return otherwise


def _call(endpoint: str, call: Callable[[], T]) -> T:
    started = time.monotonic()
    outcome = "done"
    try:
        return call()
    except AuthClientError as error:
        fault = _refusal(error)
        outcome = f"status {fault.http_status}, code {fault.code or fault.kind}, intuit_tid {fault.intuit_tid or '-'}"
        raise fault from None  # the library's own message holds the body
    except requests.RequestException as error:
        outcome = type(error).__name__
        raise no_answer(error, is_write=True) from None
    except (AttributeError, KeyError, TypeError, ValueError):
        outcome = "unreadable"
        raise Fault(FaultKind.UNAVAILABLE, http_status=200, outcome_known=False) from None
    finally:
        if endpoint == "refresh":
            counting.count(counting.REFRESHES, "done" if outcome == "done" else "failed")
        logger.info("Intuit OAuth %s: %s, %.0f ms", endpoint, outcome, (time.monotonic() - started) * 1000)


def _refusal(error: AuthClientError) -> Fault:
    """Return the fault for an OAuth error response (RFC 6749, section 5.2)."""
    status: int = error.status_code
    try:
        body = json_of(error.content.decode())
    except ValueError:
        body = None
    code = str(body.get("error", "")) if isinstance(body, dict) else ""
    kind = FaultKind.UNAVAILABLE
    if status == 429:
        kind = FaultKind.THROTTLED
    elif status < 500 and code in _ERRORS:
        kind = _ERRORS[code]
    elif status == 401:
        kind = FaultKind.APP_REFUSED
    return Fault(
        kind,
        code=code[:20],
        http_status=status,
        intuit_tid=(error.intuit_tid or "")[:64],
        outcome_known=status < 500,
    )

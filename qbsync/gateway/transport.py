"""Sends one HTTP request to the Accounting API and says how it went. Knows no entity, no quota and no retry.

python-quickbooks authorises and sends. Its ``make_request`` is passed by: it loses the status and the headers of an
answer and tells faults apart by ranges of codes, so reading the answer is ``qbsync.gateway.answers``' work.
"""

from __future__ import annotations

import logging
import time
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from django.conf import settings
from quickbooks import QuickBooks
from requests.adapters import HTTPAdapter
from requests_oauthlib import OAuth2Session
from urllib3.exceptions import MaxRetryError, NewConnectionError, ReadTimeoutError

from qbsync.gateway import counting
from qbsync.gateway.answers import read_response
from qbsync.gateway.faults import Fault, FaultKind

logger = logging.getLogger(__name__)

MINOR_VERSION = 75
CONNECT_TIMEOUT_S = 10.0
_CONNECTIONS = 10  # as many as Intuit takes at once


class Transport(QuickBooks):
    """One company and one access token. Threads may share it: sending changes nothing in it."""

    timeout_s: float | None = None
    """How long an answer may take; None for as long as the settings say."""

    @classmethod
    def open(cls, realm_id: str, access_token: str, *, timeout_s: float | None = None) -> Transport:
        """Return a transport; sends nothing."""
        transport = cls(company_id=realm_id, minorversion=MINOR_VERSION)
        transport.timeout_s = timeout_s
        session = OAuth2Session(settings.QBO_CLIENT_ID, token={"access_token": access_token, "token_type": "Bearer"})
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=_CONNECTIONS)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        transport.session = session
        return transport

    @property
    def api_url(self) -> str:
        """Where the API is: Intuit's sandbox or production, or a simulator."""
        return f"{settings.QBO_API_BASE_URL}/v3"

    def process_request(
        self, request_type: str, url: str, headers: Any = None, params: Any = None, data: Any = None
    ) -> requests.Response:
        """Send with a timeout, which the library leaves out, and without following a redirect."""
        longest = self.timeout_s or settings.QBO_TIMEOUT_S
        return self.session.request(
            request_type,
            url,
            headers=headers,
            params=params,
            data=data,
            timeout=(min(CONNECT_TIMEOUT_S, longest), longest),
            allow_redirects=False,
        )

    def send(
        self,
        endpoint: str,
        path: str,
        *,
        body: bytes | None = None,
        content_type: str = "application/json",
        params: dict[str, str] | None = None,
        is_write: bool = False,
    ) -> tuple[dict[str, Any], str]:
        """Send one request, a POST where there is a body; return the answer's JSON object and its intuit_tid.

        Args:
            endpoint: what the log calls it.
            path: below the company's own address.
            body: None for a GET.
            is_write: whether the books may have changed when the answer is lost.

        Raises:
            Fault: QuickBooks refused it, or did not answer.
        """
        started = time.monotonic()
        status, code, intuit_tid = 0, "", ""
        try:
            response = self._exchange(path, body, content_type, params, is_write)
            status, intuit_tid = response.status_code, response.headers.get("intuit_tid", "")[:64]
            return read_response(status, response.text, response.headers, is_write=is_write), intuit_tid
        except Fault as fault:
            code = fault.code or fault.kind
            counting.count(counting.FAULTS, code)
            raise
        finally:
            took_ms = (time.monotonic() - started) * 1000
            outcome = f"status {status or '-'}, code {code or '-'}, intuit_tid {intuit_tid or '-'}"
            logger.info("QuickBooks %s: %s, %.0f ms", endpoint, outcome, took_ms, extra={"intuit_tid": intuit_tid})

    def _exchange(
        self, path: str, body: bytes | None, content_type: str, params: dict[str, str] | None, is_write: bool
    ) -> requests.Response:
        try:
            response = self.process_request(
                "GET" if body is None else "POST",
                f"{self.api_url}/company/{self.company_id}/{path}",
                headers={"Content-Type": content_type, "Accept": "application/json"},
                params={"minorversion": str(self.minorversion), **(params or {})},
                data=body,
            )
        except requests.RequestException as error:
            raise no_answer(error, is_write=is_write) from error
        # JSON is UTF-8; without a charset in the header requests would guess from the letters.
        response.encoding = "utf-8"
        return response


def no_answer(error: requests.RequestException, *, is_write: bool) -> Fault:
    """Return the fault for a request that got no answer: what never left cannot have changed the books."""
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    never_left = isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError) or isinstance(
        reason, NewConnectionError
    )
    timed_out = isinstance(error, requests.ReadTimeout) or isinstance(reason, ReadTimeoutError)
    return Fault(
        FaultKind.UNAVAILABLE,
        message="QuickBooks did not answer in time." if timed_out else "The connection to QuickBooks failed.",
        outcome_known=never_left or not is_write,
        timed_out=timed_out,
    )

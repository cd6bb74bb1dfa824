"""The one table of what can go wrong at QuickBooks: its codes, what they mean, what people read, what to do next.

Owns the :class:`Fault` exception. Never reads a response: that is ``qbsync.gateway.answers``.
Codes: https://developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting/error-codes
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What a refusal means to us, whatever code, status and body shape it came in."""

    TOKEN_REFUSED = "token_refused"  # noqa: S105 - a name, not a password
    GRANT_REVOKED = "grant_revoked"
    NOT_AUTHORIZED = "not_authorized"
    NOT_ADMIN = "not_admin"
    COMPANY_SUSPENDED = "company_suspended"
    APP_REFUSED = "app_refused"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    DUPLICATE_REQUEST = "duplicate_request"
    STALE = "stale"
    NOT_FOUND = "not_found"
    DELETED = "deleted"
    REFERENCE_INACTIVE = "reference_inactive"
    NAME_TAKEN = "name_taken"
    NUMBER_TAKEN = "number_taken"
    NAME_MISSING = "name_missing"
    TEXT_INVALID = "text_invalid"
    TEXT_TOO_LONG = "text_too_long"
    PERIOD_CLOSED = "period_closed"
    DEPOSITED = "deposited"
    TAX_CODE = "tax_code"
    AMOUNTS_DIFFER = "amounts_differ"
    NOT_LINKABLE = "not_linkable"
    HAS_DEPENDENTS = "has_dependents"
    FEATURE_MISSING = "feature_missing"
    REFUSED = "refused"
    REQUEST_INVALID = "request_invalid"
    UNKNOWN = "unknown"


class Retry(StrEnum):
    """What the engine does next."""

    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - once; a second refusal of a fresh token ends the connection
    WAIT_FOR_QUOTA = "wait_for_quota"  # costs no attempt
    RETRY_SAME_ID = "retry_same_id"  # after looking upstream, where the outcome is not known
    REREAD_AND_RETRY = "reread_and_retry"
    PARK = "park"  # a person has to change something first
    TRY_RARELY = "try_rarely"  # it ends at QuickBooks, some day, and then everything goes on by itself
    STOP_CONNECTION = "stop_connection"  # the owner has to reconnect


class FaultScope(StrEnum):
    """What a fault says something about: the one record, its account, or the whole connection."""

    RECORD = "record"
    ACCOUNT = "account"
    CONNECTION = "connection"


@dataclass(frozen=True)
class Rule:
    """What follows from a kind of fault: sentence and remedy for people, retry class and scope for the engine."""

    sentence: str
    remedy: str
    retry: Retry
    scope: FaultScope = FaultScope.RECORD


_CONNECTION, _ACCOUNT = FaultScope.CONNECTION, FaultScope.ACCOUNT
_REFRESH, _WAIT, _SAME = Retry.REFRESH_TOKEN, Retry.WAIT_FOR_QUOTA, Retry.RETRY_SAME_ID
_REREAD, _PARK, _RARELY, _STOP = Retry.REREAD_AND_RETRY, Retry.PARK, Retry.TRY_RARELY, Retry.STOP_CONNECTION
_BY_ITSELF = "Nothing to do: it is tried again by itself."

RULES: dict[FaultKind, Rule] = {
    FaultKind.TOKEN_REFUSED: Rule("The access to QuickBooks has expired.", _BY_ITSELF, _REFRESH, _CONNECTION),
    FaultKind.GRANT_REVOKED: Rule(
        "QuickBooks no longer accepts this connection; it was ended there or has expired.",
        "The owner reconnects QuickBooks in Settings; everything is kept.",
        _STOP,
        _CONNECTION,
    ),
    FaultKind.NOT_AUTHORIZED: Rule(
        "QuickBooks does not let this connection into the company.",
        "The owner reconnects QuickBooks in Settings, signing in as an administrator of the company.",
        _STOP,
        _CONNECTION,
    ),
    FaultKind.NOT_ADMIN: Rule(
        "The person who connected QuickBooks has left the company there, or is no longer its administrator.",
        "The owner reconnects QuickBooks in Settings, signing in as an administrator of the company.",
        _STOP,
        _CONNECTION,
    ),
    FaultKind.COMPANY_SUSPENDED: Rule(
        "QuickBooks has closed the company to us: its subscription has ended, or was not paid.",
        "Renew the subscription in QuickBooks. The company is tried again every few hours, and everything goes on by "
        "itself.",
        _RARELY,
        _CONNECTION,
    ),
    FaultKind.APP_REFUSED: Rule(
        "QuickBooks does not accept the portal's own keys.",
        "Tell the people who run the portal: the client id or secret is wrong.",
        _SAME,
        _CONNECTION,
    ),
    FaultKind.THROTTLED: Rule("QuickBooks asked us to wait.", _BY_ITSELF, _WAIT, _CONNECTION),
    FaultKind.UNAVAILABLE: Rule("QuickBooks does not answer.", _BY_ITSELF, _SAME, _CONNECTION),
    FaultKind.DUPLICATE_REQUEST: Rule("QuickBooks already has this request.", _BY_ITSELF, _SAME),
    FaultKind.STALE: Rule("It was changed in QuickBooks at the same time.", _BY_ITSELF, _REREAD),
    FaultKind.NOT_FOUND: Rule(
        "QuickBooks does not find this record, or something that it uses was made inactive there.",
        "Check in QuickBooks that the customer and the items are active, then sync again.",
        _PARK,
    ),
    FaultKind.DELETED: Rule(
        "It was deleted in QuickBooks.", "Sync it again to create it anew, or choose not to sync it.", _PARK
    ),
    FaultKind.REFERENCE_INACTIVE: Rule(
        "The customer, or something else that the record uses, was made inactive in QuickBooks.",
        "Make it active in QuickBooks, or choose another customer, then sync again.",
        _PARK,
        _ACCOUNT,
    ),
    FaultKind.NAME_TAKEN: Rule(
        "QuickBooks already uses this name for a customer, vendor or employee.",
        "Choose the customer of that name, or change one of the two names.",
        _PARK,
        _ACCOUNT,
    ),
    FaultKind.NUMBER_TAKEN: Rule(
        "QuickBooks already has a document with this number.",
        "Change one of the two numbers, then sync again.",
        _PARK,
    ),
    FaultKind.NAME_MISSING: Rule("QuickBooks asks for a name.", "Give the account a name, then sync again.", _PARK),
    FaultKind.TEXT_INVALID: Rule(
        "A text contains something that QuickBooks does not accept, such as a colon in a name.",
        "Change the text that QuickBooks names, then sync again.",
        _PARK,
    ),
    FaultKind.TEXT_TOO_LONG: Rule(
        "A text is longer than QuickBooks holds.", "Shorten the text that QuickBooks names, then sync again.", _PARK
    ),
    FaultKind.PERIOD_CLOSED: Rule(
        "Its date lies in a period that is closed in QuickBooks.",
        "Move the closing date in QuickBooks, or choose not to sync this document.",
        _PARK,
    ),
    FaultKind.DEPOSITED: Rule(
        "The payment is part of a bank deposit in QuickBooks and cannot be changed there.",
        "Remove it from the deposit in QuickBooks, then sync again.",
        _PARK,
    ),
    FaultKind.TAX_CODE: Rule(
        "QuickBooks does not accept the tax code of a line.",
        "Check the tax codes in Settings > Integrations > QuickBooks, and the sales tax settings of the company there.",
        _PARK,
    ),
    FaultKind.AMOUNTS_DIFFER: Rule(
        "An amount is not what QuickBooks calculates from quantity and rate.",
        "Correct the line's quantity or rate, then sync again.",
        _PARK,
    ),
    FaultKind.NOT_LINKABLE: Rule(
        "QuickBooks cannot apply the payment to this invoice.",
        "Check in QuickBooks that the invoice is open and belongs to the same customer.",
        _PARK,
    ),
    FaultKind.HAS_DEPENDENTS: Rule(
        "Other records in QuickBooks depend on it.", "Remove them in QuickBooks first, then sync again.", _PARK
    ),
    FaultKind.FEATURE_MISSING: Rule(
        "The QuickBooks company's plan, or the role of the person who connected it, does not allow this.",
        "Check the plan and the role in QuickBooks.",
        _PARK,
    ),
    FaultKind.REFUSED: Rule(
        "QuickBooks refused it by a rule of its own.", "Read QuickBooks' message, correct it, then sync again.", _PARK
    ),
    FaultKind.REQUEST_INVALID: Rule(
        "QuickBooks did not understand what the portal sent.", "Tell the people who run the portal.", _PARK
    ),
    FaultKind.UNKNOWN: Rule(
        "QuickBooks refused it with a code that the portal does not know.",
        "Read QuickBooks' message, correct it, then sync again.",
        _PARK,
    ),
}

CODES: dict[str, FaultKind] = {
    "100": FaultKind.NOT_AUTHORIZED,
    "120": FaultKind.NOT_ADMIN,
    "500": FaultKind.REQUEST_INVALID,
    "600": FaultKind.DUPLICATE_REQUEST,
    "610": FaultKind.NOT_FOUND,
    "620": FaultKind.NOT_LINKABLE,
    "630": FaultKind.REFUSED,
    "700": FaultKind.REFUSED,
    "800": FaultKind.HAS_DEPENDENTS,
    "1010": FaultKind.REFUSED,
    "1020": FaultKind.REFUSED,
    "1040": FaultKind.REQUEST_INVALID,
    "2010": FaultKind.REQUEST_INVALID,
    "2020": FaultKind.REQUEST_INVALID,
    "2030": FaultKind.REQUEST_INVALID,
    "2040": FaultKind.TEXT_INVALID,
    "2050": FaultKind.TEXT_TOO_LONG,
    "2080": FaultKind.REQUEST_INVALID,
    "2090": FaultKind.REQUEST_INVALID,
    "2110": FaultKind.REQUEST_INVALID,
    "2170": FaultKind.REQUEST_INVALID,
    "2500": FaultKind.REFERENCE_INACTIVE,
    "3001": FaultKind.THROTTLED,
    "3100": FaultKind.NOT_AUTHORIZED,
    "3200": FaultKind.TOKEN_REFUSED,
    "4000": FaultKind.REQUEST_INVALID,
    "4001": FaultKind.REQUEST_INVALID,
    "5010": FaultKind.STALE,
    "5020": FaultKind.FEATURE_MISSING,
    "5030": FaultKind.FEATURE_MISSING,
    "6000": FaultKind.REFUSED,
    "6070": FaultKind.AMOUNTS_DIFFER,
    "6080": FaultKind.NAME_MISSING,
    "6100": FaultKind.TAX_CODE,
    "6140": FaultKind.NUMBER_TAKEN,
    "6190": FaultKind.COMPANY_SUSPENDED,
    "6210": FaultKind.PERIOD_CLOSED,
    "6240": FaultKind.NAME_TAKEN,
    "6270": FaultKind.REFUSED,
    "6430": FaultKind.REFUSED,
    "6540": FaultKind.DEPOSITED,
    "10000": FaultKind.UNAVAILABLE,
}
"""Intuit's codes, without leading zeros. ``classify`` puts the HTTP status and the fault's type beside them."""


class Fault(Exception):
    """QuickBooks refused a request or did not answer it.

    Attributes:
        kind: what it means; its :class:`Rule` says what follows.
        code: Intuit's code as it came, or empty.
        http_status: of the response, or 0 where there was none. A batch's item has its batch's 200.
        message, detail: Intuit's words. They may hold names and amounts: for the account's people, never for a log.
        element: the property that Intuit names, or empty.
        intuit_tid: Intuit's id of the exchange, which its support asks for.
        retry_after_s: how long QuickBooks asks to wait, in seconds; None where it does not say.
        outcome_known: False where a write may have been executed (or may still be) although it was not confirmed.
        timed_out: whether we stopped waiting; QuickBooks may go on with the request for up to 120 s.
    """

    def __init__(
        self,
        kind: FaultKind,
        *,
        code: str = "",
        http_status: int = 0,
        message: str = "",
        detail: str = "",
        element: str = "",
        intuit_tid: str = "",
        retry_after_s: float | None = None,
        outcome_known: bool = True,
        timed_out: bool = False,
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.code = code
        self.http_status = http_status
        self.message = message
        self.detail = detail
        self.element = element
        self.intuit_tid = intuit_tid
        self.retry_after_s = retry_after_s
        self.outcome_known = outcome_known
        self.timed_out = timed_out

    def __str__(self) -> str:
        """Name the fault without Intuit's words, so that a traceback in a log holds nobody's name."""
        return f"{self.kind} (HTTP {self.http_status}, code {self.code or '-'}, intuit_tid {self.intuit_tid or '-'})"

    @property
    def rule(self) -> Rule:
        """What follows from it."""
        return RULES[self.kind]


def classify(status: int, code: str, fault_type: str = "", text: str = "") -> FaultKind:
    """Return what a refusal means: the code decides where it is known, then the HTTP status, then the fault's type.

    Args:
        status: HTTP status of the response; a batch's item has its batch's 200.
        code: Intuit's code, with or without leading zeros; empty where the body could not be read.
        fault_type: ``ValidationFault``, ``SystemFault``, the gateway's ``AUTHENTICATION``, …
        text: message and detail, for the few codes that mean more than one thing.
    """
    known = CODES.get(code.lstrip("0"))
    if known is FaultKind.NOT_FOUND and "deleted this transaction" in text:
        return FaultKind.DELETED
    if status == 429 or known is FaultKind.THROTTLED:
        return FaultKind.THROTTLED
    if known in (FaultKind.NOT_AUTHORIZED, FaultKind.NOT_ADMIN):
        return known
    if status == 401:
        return FaultKind.TOKEN_REFUSED
    if status >= 500:
        return FaultKind.UNAVAILABLE
    if known:
        return known
    kind = fault_type.casefold()
    if "system" in kind or kind == "service":
        return FaultKind.UNAVAILABLE
    if kind.startswith("authentication"):
        return FaultKind.TOKEN_REFUSED
    if kind.startswith("authorization"):
        return FaultKind.NOT_AUTHORIZED
    # A refusal that names no code comes from something between us and QuickBooks: it says nothing about the record.
    return FaultKind.UNKNOWN if code else FaultKind.UNAVAILABLE

"""Reads what QuickBooks answered: the bodies of answers, and faults in each of the four shapes they come in.

Never sends anything and never decides what a fault means: that is ``qbsync.gateway.faults``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

from qbsync.gateway.faults import Fault, FaultKind, classify

_CODE_IN_MESSAGE = re.compile(r"errorCode=(\d+)")
_LONGEST_TEXT = 2000
_MOST_RETRY_AFTER_S = 900.0


@dataclass(frozen=True)
class Answer:
    """What QuickBooks answered to one request.

    Attributes:
        body: the entity, without the envelope around it. Amounts are Decimal, or int where QuickBooks prints ``0``.
        intuit_tid: Intuit's id of the exchange.
        time: QuickBooks' own time of the answer, ISO 8601 with its company's offset.
    """

    body: dict[str, Any]
    intuit_tid: str
    time: str


def json_of(text: str) -> Any:
    """Return the JSON value, numbers with a fraction as Decimal.

    Raises:
        ValueError: it is not JSON.
    """
    return json.loads(text, parse_float=Decimal)


def read_response(status: int, text: str, headers: Mapping[str, str], *, is_write: bool) -> dict[str, Any]:
    """Return the JSON object of a successful response.

    Args:
        status: HTTP status.
        text: the body.
        headers: of the response, in any case.
        is_write: whether the request may have changed the books.

    Raises:
        Fault: the status, or the body whatever the status, is a refusal; or the body cannot be read.
    """
    intuit_tid = headers.get("intuit_tid", "")[:64]
    try:
        body = json_of(text)
    except ValueError:
        body = None
    if isinstance(body, dict):
        reported = body.get("Fault") or body.get("fault")
        if status == 200 and not reported:
            return body
    else:
        reported = _xml_fault(text)
    fault = read_fault(reported, status=status, intuit_tid=intuit_tid, is_write=is_write)
    fault.retry_after_s = _retry_after(headers)
    raise fault


def read_fault(reported: Any, *, status: int, intuit_tid: str, is_write: bool) -> Fault:
    """Return the exception for a ``Fault`` (or gateway's ``fault``) object of a body; anything else is unreadable.

    Of several errors the first decides, and the details of the others are kept behind its own.
    """
    errors = [_lower_keys(error) for error in _errors_of(reported)]
    first = errors[0] if errors else {}
    message = _text(first.get("message"))
    code = _text(first.get("code")) or _code_in(message)
    detail = "; ".join(text for text in (_text(error.get("detail")) for error in errors) if text)
    fault_type = _text(_lower_keys(reported).get("type")) if isinstance(reported, dict) else ""
    kind = classify(status, code, fault_type, f"{message} {detail}")
    # QuickBooks may have carried out what it could not answer. A gateway's 4xx never reached the books, except 408:
    # there the gateway gave up waiting for them.
    never_reached = 400 <= status < 500 and status != 408
    uncertain = kind is FaultKind.DUPLICATE_REQUEST or (kind is FaultKind.UNAVAILABLE and not never_reached)
    return Fault(
        kind,
        code=code[:20],
        http_status=status,
        message=message[:_LONGEST_TEXT],
        detail=detail[:_LONGEST_TEXT],
        element=_text(first.get("element"))[:100],
        intuit_tid=intuit_tid,
        outcome_known=not (is_write and uncertain),
    )


def _errors_of(reported: Any) -> list[dict[str, Any]]:
    found = _lower_keys(reported).get("error") if isinstance(reported, dict) else None
    return [error for error in found if isinstance(error, dict)] if isinstance(found, list) else []


def _lower_keys(value: dict[str, Any]) -> dict[str, Any]:
    return {key.lower(): part for key, part in value.items()}


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _code_in(message: str) -> str:
    found = _CODE_IN_MESSAGE.search(message)
    return found[1] if found else ""


def _xml_fault(text: str) -> dict[str, Any] | None:
    """Return an XML body's Fault in the shape of a JSON one. Bodies that declare entities are not parsed."""
    if not text.lstrip().startswith("<") or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        root = ElementTree.fromstring(text.strip().encode())  # noqa: S314 - without declarations there is nothing to expand
    except ElementTree.ParseError:
        return None
    fault = next((node for node in root.iter() if _local(node) == "fault"), None)
    if fault is None:
        return None
    errors = [
        {**node.attrib, **{_local(part): part.text or "" for part in node}} for node in fault if _local(node) == "error"
    ]
    return {"error": errors, "type": fault.get("type", "")}


def _local(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2].lower()


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of Retry-After, within reason. Intuit documents none, but some of its gateways send it."""
    try:
        seconds = float(headers.get("Retry-After", ""))
    except ValueError:
        return None
    return min(max(seconds, 1.0), _MOST_RETRY_AFTER_S) if math.isfinite(seconds) else None

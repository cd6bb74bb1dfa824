"""Owns Intuit's fault shapes: the `Fault` body, the gateway's lower-case envelope, XML and HTML."""

from html import escape
from typing import Any

from .render import dumps

VALIDATION = "ValidationFault"
_INACTIVE = (
    "Something you're trying to use has been made inactive. "
    "Check the fields with accounts, customers, items, vendors or employees."
)


class Fault(Exception):
    """One refusal as QuickBooks words it.

    `code` is Intuit's (a string), `element` the property at fault: None leaves the key out, as most recorded
    faults do.
    """

    def __init__(
        self,
        code: str,
        message: str,
        detail: str,
        *,
        element: str | None = None,
        status: int = 400,
        kind: str = VALIDATION,
    ) -> None:
        super().__init__(f"{code} {message}: {detail}")
        self.code, self.message, self.detail = code, message, detail
        self.element, self.status, self.kind = element, status, kind

    def as_dict(self) -> dict[str, Any]:
        """The value of the `Fault` key."""
        error = {"Message": self.message, "Detail": self.detail, "code": self.code}
        if self.element is not None:
            error["element"] = self.element
        return {"Error": [error], "type": self.kind}


def fault_body(fault: Fault, time: str | None) -> str:
    """`{"Fault": …, "time": …}` as text."""
    body: dict[str, Any] = {"Fault": fault.as_dict()}
    if time is not None:
        body["time"] = time
    return dumps(body)


def fault_xml(fault: Fault, time: str) -> str:
    """The same as XML, for clients that ask for XML and for faults that come as XML regardless."""
    element = f' element="{escape(fault.element)}"' if fault.element else ""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<IntuitResponse xmlns="http://schema.intuit.com/finance/v3" time="{time}">'
        f'<Fault type="{fault.kind}"><Error code="{fault.code}"{element}>'
        f"<Message>{escape(fault.message)}</Message><Detail>{escape(fault.detail)}</Detail>"
        "</Error></Fault></IntuitResponse>"
    )


def envelope(message: str, detail: str, code: str, kind: str, epoch_ms: int) -> str:
    """The gateway's body for 401, 403 and some 429: lower-case keys and a time in milliseconds."""
    error = {"message": message, "detail": detail, "code": code, "element": None}
    return dumps(
        {
            "warnings": None,
            "intuitObject": None,
            "fault": {"error": [error], "type": kind},
            "report": None,
            "queryResponse": None,
            "batchItemResponse": [],
            "attachableResponse": [],
            "syncErrorResponse": None,
            "requestId": None,
            "time": epoch_ms,
            "status": None,
            "cdcresponse": [],
        }
    )


def html_page(status: int, reason: str) -> str:
    """What a gateway answers when the service behind it does not."""
    title = f"{status} {reason}"
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )


def not_found() -> Fault:
    """610 for an id that was never there, or is inactive where an active one is needed."""
    return Fault("610", "Object Not Found", f"Object Not Found : {_INACTIVE}", element="")


def deleted() -> Fault:
    """610 for a transaction that was there once."""
    return Fault("610", "Object Not Found", "Object Not Found : Another user has deleted this transaction.", element="")


def inactive_reference(code: str) -> Fault:
    """A reference to an inactive list entry: 610 or 2500, as the company's options say."""
    if code == "610":
        return not_found()
    return Fault("2500", "Invalid Reference Id", f"Invalid Reference Id : {_INACTIVE}", element="")


def bad_reference(what: str, number: str) -> Fault:
    """2500 for a reference to nothing."""
    return Fault(
        "2500", "Invalid Reference Id", f"Invalid Reference Id : {what} element id {number} not found", element=""
    )


def stale() -> Fault:
    """5010: the SyncToken is not the current one."""
    return Fault(
        "5010",
        "Stale Object Error",
        "Stale Object Error : You and Sam Simulator were working on this at the same time. "
        "Sam Simulator finished before you did, so your work was not saved.",
        element="",
    )


def missing(name: str) -> Fault:
    """2020: a required parameter is not there."""
    return Fault(
        "2020",
        "Required param missing, need to supply the required value for the API",
        f"Required parameter {name} is missing in the request",
        element=name,
    )


def invalid_id(value: object) -> Fault:
    """2030: an Id that is not a number."""
    return Fault("2030", "Invalid ID", f"Id should be a valid number. Supplied value:{value}", element="Id")


def too_long(name: str, limit: int, supplied: int) -> Fault:
    """2050: a text longer than the property holds."""
    return Fault(
        "2050",
        "String length is either shorter or longer than supported by specification",
        "String length specified does not match the supported length. "
        f"Min:0 Max:{limit:,} supported. Supplied length:{supplied:,}",
        element=name,
    )


def bad_property(detail: str) -> Fault:
    """2010: a property that is unknown or holds a value of the wrong type."""
    return Fault(
        "2010",
        "Request has invalid or unsupported property",
        f"Property Name:{detail}\n specified is unsupported or invalid",
    )


def business(detail: str) -> Fault:
    """6000: the catch-all of business rules."""
    return Fault(
        "6000",
        "A business validation error has occurred while processing your request",
        f"Business Validation Error: {detail}",
        element="",
    )


def unsupported(detail: str) -> Fault:
    """500: an operation or an address that does not exist."""
    return Fault("500", "Unsupported Operation", f"Operation {detail} is not supported.")


def duplicate_name(detail: str) -> Fault:
    """6240: the name is taken in this list or a neighbouring one."""
    return Fault("6240", "Duplicate Name Exists Error", f"The name supplied already exists. : {detail}")

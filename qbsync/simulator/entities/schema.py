"""Owns what a property may hold and turns what a client sent into stored values, or into Intuit's fault."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from .. import faults
from ..render import money, plain

_LIMIT = Decimal("99999999999.99")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?([eE][+-]?\d{1,2})?\Z")


@dataclass(frozen=True)
class Field:
    """One property: how a value is read, whether queries may filter on it, and what a reference points at."""

    read: Callable[[str, Any], Any] | None  # None marks a property that only QuickBooks writes
    filterable: bool = False
    target: str = ""
    kind: str = "text"


Fields = Mapping[str, Field]
BLANK = object()


def text(limit: int, *, filterable: bool = False) -> Field:
    """A string of at most `limit` characters; an empty one clears the property."""

    def read(name: str, value: Any) -> Any:
        if isinstance(value, bool | dict | list):
            raise _mismatch("java.lang.String", value)
        value = str(value) if not isinstance(value, str) else value
        if len(value) > limit:
            raise faults.too_long(name, limit, len(value))
        return value if value.strip() else BLANK

    return Field(read, filterable)


def flag(*, filterable: bool = False) -> Field:
    """true or false, also as text, as Intuit's parser takes them."""

    def read(name: str, value: Any) -> Any:
        if isinstance(value, str) and value.lower() in ("true", "false", ""):
            return BLANK if not value else value.lower() == "true"
        if not isinstance(value, bool):
            raise _mismatch("java.lang.Boolean", value)
        return value

    return Field(read, filterable, kind="flag")


def to_decimal(name: str, value: Any) -> Decimal:
    """A finite number of sane size from a JSON number or text. Raises the fault Intuit's parser gives."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str) or not _NUMBER.match(str(value).strip()):
        raise _mismatch("java.math.BigDecimal", value)
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise _mismatch("java.math.BigDecimal", value) from error
    if abs(number) > _LIMIT:
        raise faults.business(f"The amount of {name} is larger than QuickBooks can hold")
    return number


def amount(*, filterable: bool = False) -> Field:
    """Money: two places."""

    def read(name: str, value: Any) -> Any:
        return BLANK if value == "" else money(to_decimal(name, value))

    return Field(read, filterable, kind="number")


def decimal(*, filterable: bool = False) -> Field:
    """A rate, quantity or count."""

    def read(name: str, value: Any) -> Any:
        return BLANK if value == "" else plain(to_decimal(name, value))

    return Field(read, filterable, kind="number")


def day(*, filterable: bool = False) -> Field:
    """A calendar date; a time behind it is dropped."""

    def read(name: str, value: Any) -> Any:
        if value == "":
            return BLANK
        try:
            if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d($|[T+\-Z ])", value):
                raise ValueError
            return date.fromisoformat(value[:10]).isoformat()
        except ValueError:
            raise _mismatch("java.util.Date", value) from None

    return Field(read, filterable, kind="date")


def choice(*values: str, filterable: bool = False) -> Field:
    """One of an enumeration's values."""

    def read(name: str, value: Any) -> Any:
        if value == "":
            return BLANK
        if value not in values:
            raise faults.Fault("2170", "Invalid Enumeration", f"Invalid Enumeration : {str(value)[:80]}", element=name)
        return value

    return Field(read, filterable)


def ref(target: str, *, filterable: bool = False) -> Field:
    """A reference: `{"value": id}`; its name is QuickBooks' to fill."""

    def read(name: str, value: Any) -> Any:
        if isinstance(value, str | int) and not isinstance(value, bool):
            value = {"value": str(value)}
        if not isinstance(value, dict):
            raise _mismatch("com.intuit.schema.finance.v3.ReferenceType", value)
        unknown = set(value) - {"value", "name", "type"}
        if unknown:
            raise unknown_property(unknown.pop(), "ReferenceType", ("value", "name", "type"))
        target_id = value.get("value")
        if target_id is None or target_id == "":
            return BLANK
        return {"value": str(target_id)}

    return Field(read, filterable, target=target, kind="ref")


def record(class_name: str, parts: Fields | None = None, *, filterable: bool = False) -> Field:
    """A nested object with known properties; without parts it is taken as it is sent."""

    def read(name: str, value: Any) -> Any:
        if value == "":
            return BLANK
        if not isinstance(value, dict):
            raise _mismatch(f"com.intuit.schema.finance.v3.{class_name}", value)
        if not parts:
            return value or BLANK
        return accept(class_name, parts, value) or BLANK

    return Field(read, filterable, kind="record")


def anything() -> Field:
    """Taken and given back as sent."""
    return Field(lambda name, value: value, kind="any")


def listing() -> Field:
    """A list that the entity's own rules read."""

    def read(name: str, value: Any) -> Any:
        if not isinstance(value, list):
            raise _mismatch("java.util.ArrayList", value)
        return value

    return Field(read, kind="any")


def computed(kind: str = "text", *, filterable: bool = False) -> Field:
    """Only QuickBooks writes it; what a client sends is overwritten in silence."""
    return Field(None, filterable, kind=kind)


def ignored() -> Field:
    """Known to Intuit's schema, of no effect here: accepted and dropped."""
    return Field(None)


def accept(class_name: str, fields: Fields, body: Mapping[str, Any], nulls: bool = False) -> dict[str, Any]:
    """The writable values of `body`. A cleared property is kept as None when `nulls`, else left out."""
    values: dict[str, Any] = {}
    for name, value in body.items():
        known = fields.get(name)
        if known is None:
            raise unknown_property(name, class_name, tuple(fields))
        if known.read is None:
            continue
        read = BLANK if value is None else known.read(name, value)
        if read is not BLANK:
            values[name] = read
        elif nulls:
            values[name] = None
    return values


def unknown_property(name: str, class_name: str, known: tuple[str, ...]) -> faults.Fault:
    """2010 as Intuit's parser words it, naming the Java class and the known properties."""
    listed = ", ".join(f'"{each}"' for each in known[:55])
    tail = " [truncated]" if len(known) > 55 else ""
    return faults.bad_property(
        f'Unrecognized field "{name[:200]}" (class com.intuit.schema.finance.v3.{class_name}), '
        f"not marked as ignorable ({len(known)} known properties: {listed}{tail}])"
    )


def _mismatch(java_class: str, value: Any) -> faults.Fault:
    shown = str(value)[:100]
    return faults.bad_property(
        f"Can not construct instance of {java_class} from value '{shown}': not a valid representation"
    )


ADDRESS = record(
    "PhysicalAddress",
    {
        "Id": ignored(), "Line1": text(500), "Line2": text(500), "Line3": text(500), "Line4": text(500),
        "Line5": text(500), "City": text(255), "Country": text(255), "CountryCode": text(255),
        "CountrySubDivisionCode": text(255), "PostalCode": text(30), "PostalCodeSuffix": text(30), "Lat": text(50),
        "Long": text(50), "Tag": text(255), "Note": text(1000), "CountySubDivisionCode": text(255),
    },
)  # fmt: skip
PHONE = record(
    "TelephoneNumber",
    {
        "Id": ignored(), "DeviceType": ignored(), "CountryCode": text(10), "AreaCode": text(10),
        "ExchangeCode": text(10), "Extension": text(10), "FreeFormNumber": text(30), "Default": ignored(),
        "Tag": ignored(),
    },
)  # fmt: skip
_EMAIL: Fields = {"Id": ignored(), "Address": text(100), "Default": ignored(), "Tag": ignored()}
EMAIL = record("EmailAddress", _EMAIL)
EMAIL_FILTERABLE = record("EmailAddress", _EMAIL, filterable=True)
WEB = record("WebSiteAddress", {"Id": ignored(), "URI": text(1000), "Default": ignored(), "Tag": ignored()})
MEMO = record("MemoRef", {"value": text(1000), "id": ignored()})

TAX_DETAIL = record(
    "TxnTaxDetail",
    {
        "DefaultTaxCodeRef": ignored(), "TxnTaxCodeRef": ref(""), "TotalTax": amount(), "TaxLine": listing(),
        "TaxReviewStatus": ignored(), "UseAutomatedSalesTax": ignored(),
    },
)  # fmt: skip

BASE: dict[str, Field] = {
    "domain": ignored(),
    "status": ignored(),
    "sparse": ignored(),
    "Id": computed("id", filterable=True),
    "SyncToken": computed("number"),
    "MetaData": computed("metadata"),
}

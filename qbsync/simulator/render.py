"""Owns the bytes of JSON: amounts are Decimals on the way in and print as QuickBooks prints them."""

import json
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

_CENT = Decimal("0.01")
_ZERO = Decimal(0)
DEEPEST = 64  # far more than any entity, far less than what recursion bears


class NotJson(ValueError):
    """The text is not JSON, or holds what no QuickBooks answer could carry (NaN, lone surrogates)."""


def _refuse_constant(name: str) -> Any:
    raise NotJson(f"{name} is not a JSON value")


_decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)


def loads(text: str) -> Any:
    """Parse JSON with every fraction as `Decimal`. Raises `NotJson`, also for what is nested absurdly deep."""
    try:
        value = _decoder.decode(text)
        if text.count("[") + text.count("{") > DEEPEST and not depth_within(value, DEEPEST):
            raise NotJson("the values are nested too deeply")
        return value
    except NotJson:
        raise
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise NotJson(str(error)) from error


def depth_within(value: Any, limit: int) -> bool:
    """Whether lists and objects are nested at most `limit` deep."""
    level = [value]
    for _ in range(limit + 1):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return True
    return False


def dumps(value: Any) -> str:
    """Compact JSON; a Decimal keeps its own number of places (`100.00`), text is not ASCII-escaped."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is dict:
        return "{" + ",".join([encode_basestring(k) + ":" + dumps(v) for k, v in value.items()]) + "}"
    if kind is list:
        return "[" + ",".join([dumps(item) for item in value]) + "]"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return "null"
    if kind is int:
        return str(value)
    return format(value, "f")


def money(value: Decimal | int) -> Decimal:
    """Two places, and a bare `0` for zero: `100.00`, `0`."""
    rounded = Decimal(value).quantize(_CENT)
    return rounded if rounded else _ZERO


def plain(value: Decimal | int) -> Decimal:
    """A rate or quantity without trailing zeros: `22.5`, `75`."""
    number = Decimal(value).normalize()
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number


def cents(value: Decimal | int) -> int:
    """An amount as whole cents, for sums kept in columns."""
    return int((Decimal(value) * 100).to_integral_value())

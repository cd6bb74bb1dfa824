"""Owns currencies: the home currency, and when another may be used."""

from typing import Any

from .. import faults
from ..books import Books
from .schema import ref

CURRENCY = ref("")
NAMES = {
    "USD": "United States Dollar",
    "CAD": "Canadian Dollar",
    "GBP": "British Pound Sterling",
    "EUR": "Euro",
    "AUD": "Australian Dollar",
}


def home_currency(books: Books) -> str:
    """The code of the company's currency."""
    return str(books.preference("CurrencyPrefs", "HomeCurrency", {}).get("value", "USD"))


def set_currency(books: Books, body: dict[str, Any], needed: str | None = None) -> None:
    """Fill CurrencyRef. Raises `Fault` when it is not the one this entity must have.

    `needed` is the customer's currency for a transaction; without it any currency will do where the company
    has several.
    """
    home = home_currency(books)
    several = bool(books.preference("CurrencyPrefs", "MultiCurrencyEnabled", False))
    given = body.get("CurrencyRef", {}).get("value")
    code = given or needed or home
    if not several and code != home:
        raise faults.business("Multi Currency should be enabled to perform this operation.")
    if several and needed is not None and code != needed:
        raise faults.business("The currency of the transaction must be the currency of its customer.")
    body["CurrencyRef"] = {"value": code, "name": NAMES.get(code, code)}

"""Owns ExchangeRate: what a foreign currency is worth in the home currency from a day on.

It never converts an amount: the simulator keeps no home-currency amounts.
"""

from collections.abc import Mapping
from typing import Any

from .. import faults
from ..books import Books
from ..store import Row
from .base import PLAIN, EntityType, Request
from .currency import home_currency
from .schema import BASE, accept, day, decimal, listing, text

_ASKED = {"sourcecurrencycode": text(3), "asofdate": day()}


class ExchangeRate(EntityType):
    """A currency's rate of one day. Currency and day name it, as it has no Id, and one POST makes or changes it."""

    kind = "ExchangeRate"
    sequence = "exchangerate"
    verbs = frozenset({"create", "update"})
    own_fields = {
        **BASE, "AsOfDate": day(filterable=True), "SourceCurrencyCode": text(3, filterable=True), "Rate": decimal(),
        "TargetCurrencyCode": text(3, filterable=True), "CustomField": listing(),
    }  # fmt: skip

    def check_available(self, books: Books) -> None:
        """Raise 6000 for a company with one currency only."""
        if not books.preference("CurrencyPrefs", "MultiCurrencyEnabled", False):
            raise faults.business("Multi Currency should be enabled to perform this operation.")

    def asked(self, books: Books, number: str | None, parameters: Mapping[str, str]) -> Row:
        """The latest rate of `sourcecurrencycode` on or before `asofdate` (default: today). Raises `Fault`."""
        if number is not None:
            raise faults.unsupported(f"READ BY ID on {self.kind}")
        given = accept(self.kind, _ASKED, {name: parameters[name] for name in _ASKED if name in parameters})
        if "sourcecurrencycode" not in given:
            raise faults.missing("sourcecurrencycode")
        where = "kind = ? AND doc = ? AND txn_date <= ? ORDER BY txn_date DESC LIMIT 1"
        until = given.get("asofdate", books.today.isoformat())
        found = books.store.rows(books.realm, where, (self.kind, given["sourcecurrencycode"].upper(), until))
        if not found:
            raise faults.not_found()
        return found[0]

    def create(self, books: Books, sent: Mapping[str, Any], request: Request = PLAIN) -> Row:
        """Set a rate, whether the day has one or not. Raises `Fault` (5010 for an old SyncToken of that day's rate)."""
        self.check_available(books)
        given = accept(self.kind, self.fields, sent)
        for name in ("SourceCurrencyCode", "Rate"):
            if name not in given:
                raise faults.missing(name)
        given.setdefault("AsOfDate", books.today.isoformat())
        where = "kind = ? AND doc = ? AND txn_date = ?"
        key = (self.kind, given["SourceCurrencyCode"].upper(), given["AsOfDate"])
        found = books.store.rows(books.realm, where, key)
        if not found:
            return super().create(books, given, request)
        token = sent.get("SyncToken") or found[0].body["SyncToken"]
        return super().update(books, {**given, "Id": str(found[0].id), "SyncToken": token}, request)

    def update(self, books: Books, sent: Mapping[str, Any], request: Request = PLAIN) -> Row:
        """The same as `create`."""
        return self.create(books, sent, request)

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """A positive rate of one of the company's foreign currencies, in the home currency."""
        source, home = body["SourceCurrencyCode"].upper(), home_currency(books)
        held = books.store.rows(books.realm, "kind = 'CompanyCurrency' AND deleted = 0 AND active = 1", ())
        if source == home or source not in {row.body["Code"].upper() for row in held}:
            raise faults.business(f"The currency {source} is not a foreign currency of this company.")
        if body.setdefault("TargetCurrencyCode", home) != home:
            raise faults.business(f"TargetCurrencyCode must be the home currency {home}.")
        if body["Rate"] <= 0:
            raise faults.business("The exchange rate must be greater than 0.")
        body["SourceCurrencyCode"] = source

    def index(self, row: Row) -> None:
        """The currency and the day are what a rate is looked up by."""
        super().index(row)
        row.doc, row.txn_date = row.body["SourceCurrencyCode"], row.body["AsOfDate"]

    def ordered(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """As QuickBooks prints it: without an Id, and with the time of its last change only."""
        times = {"LastUpdatedTime": body["MetaData"]["LastUpdatedTime"]}
        return {name: value for name, value in super().ordered({**body, "MetaData": times}).items() if name != "Id"}


ExchangeRate()

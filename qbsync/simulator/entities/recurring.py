"""Owns RecurringTransaction: a form kept as a template, with the schedule that QuickBooks would repeat it by.

It never makes the scheduled transactions, and a template moves no balance and takes no document number.
"""

from collections.abc import Mapping
from typing import Any

from .. import faults
from ..books import Books
from ..render import dumps, loads
from ..store import Row
from .base import PLAIN, REGISTRY, EntityType, Request
from .schema import BASE, choice, computed, day, decimal, flag, ignored, record, text, unknown_property

_FORMS = (
    "Bill", "Purchase", "CreditMemo", "Deposit", "Estimate", "Invoice", "JournalEntry", "RefundReceipt", "SalesReceipt",
    "Transfer", "VendorCredit", "PurchaseOrder",
)  # fmt: skip
_SCHEDULE = {
    "StartDate": day(), "EndDate": day(), "NextDate": day(), "PreviousDate": computed(), "DaysBefore": decimal(),
    "MaxOccurrences": decimal(), "RemindDays": decimal(), "NumInterval": decimal(), "DayOfMonth": decimal(),
    "IntervalType": choice("Yearly", "Monthly", "Weekly", "Daily"), "DayOfWeek": text(20), "MonthOfYear": text(20),
    "WeekOfMonth": decimal(),
}  # fmt: skip
_INFO = {
    "Name": text(100), "RecurType": choice("Automated", "Reminded", "UnScheduled"), "Active": flag(),
    "ScheduleInfo": record("RecurringScheduleInfo", _SCHEDULE),
}  # fmt: skip
_UNNUMBERED = Request(frozenset({"allowduplicatedocnum"}), by_user=True)


class RecurringTransaction(EntityType):
    """`{"Bill": {…, "RecurringInfo": …}}`, stored as the inner form with its type as the property Type."""

    kind = "RecurringTransaction"
    own_fields = {**BASE, "Type": choice(*_FORMS, filterable=True)}

    def __init__(self) -> None:
        super().__init__()
        self.templates = {name: _Template(REGISTRY[name]) for name in _FORMS}

    def create(self, books: Books, sent: Mapping[str, Any], request: Request = PLAIN) -> Row:
        """Keep a new template, or change the one whose Id the inner form names. Raises `Fault`."""
        name, form = _unwrapped(sent)
        if form.get("Id"):
            return self.update(books, sent, request)
        return self.templates[name].create(books, form, request)

    def update(self, books: Books, sent: Mapping[str, Any], request: Request = PLAIN) -> Row:
        """Write the template's new state. Raises `Fault`, also when it is a template of another form."""
        name, form = _unwrapped(sent)
        if self.current(books, form).body["Type"] != name:
            raise faults.not_found()
        return self.templates[name].update(books, form, request)

    def delete(self, books: Books, sent: Mapping[str, Any]) -> Row:
        """Delete a template; the form may be sent whole. Raises `Fault`."""
        return super().delete(books, _unwrapped(sent)[1])

    def ordered(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """As the form is printed."""
        return self.templates[body["Type"]].ordered(body)

    def printed(self, stored: str) -> str:
        """The form under the name of its type."""
        body = loads(stored)
        return dumps({body.pop("Type"): body})


class _Template(EntityType):
    """The templates of one form: its properties and rules, and a schedule."""

    kind = "RecurringTransaction"
    own_fields = {}

    def __init__(self, form: EntityType) -> None:
        own = {"Type": choice(*_FORMS), "RecurringInfo": record("RecurringInfo", _INFO)}
        self.form, self.nameless = form, form.nameless  # type: ignore[misc]
        self.fields = {**own, **form.fields, "DocNumber": ignored()}
        self.references = form.references

    def complete(self, books: Books, body: dict[str, Any], old: Row | None, request: Request) -> None:
        """A named schedule is required; the rest are the form's rules for a new one."""
        info = body.get("RecurringInfo", {})
        if "Name" not in info:
            raise faults.missing("RecurringInfo.Name")
        schedule = info.get("ScheduleInfo", {})
        if "StartDate" in schedule:
            info["ScheduleInfo"] = {"NextDate": schedule["StartDate"], **schedule}
        body["RecurringInfo"] = {"RecurType": "UnScheduled", "Active": True, **info}
        body["DocNumber"] = "template"  # a number that is given is not counted
        self.form.complete(books, body, None, _UNNUMBERED)
        del body["DocNumber"]


def _unwrapped(sent: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    names = [name for name in sent if name not in ("domain", "sparse", "SyncToken", "Id")]
    if len(names) != 1:
        raise faults.bad_property("A RecurringTransaction holds one transaction")
    name = names[0]
    if name not in _FORMS:
        raise unknown_property(name, "RecurringTransaction", _FORMS)
    if not isinstance(sent[name], dict):
        raise faults.bad_property(f"Can not deserialize instance of com.intuit.schema.finance.v3.{name}")
    return name, {**sent[name], "Type": name}


RecurringTransaction()

"""Recurring transactions through python-quickbooks as it is published."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from quickbooks import QuickBooks
from quickbooks.exceptions import QuickbooksException
from quickbooks.objects import Bill, Customer, Invoice, Vendor
from quickbooks.objects.recurringtransaction import (
    RecurringBill,
    RecurringInfo,
    RecurringInvoice,
    RecurringTransaction,
    ScheduleInfo,
)  # fmt: skip

from tests.simulator.client import Company
from tests.simulator.test_python_quickbooks import expense, reference, sale


def monthly(form: Any, name: str) -> RecurringTransaction:
    """An unsaved template of a form for the first of each month."""
    info = RecurringInfo()
    info.Active, info.RecurType, info.Name, info.ScheduleInfo = True, "Automated", name, ScheduleInfo()
    schedule = info.ScheduleInfo
    schedule.StartDate, schedule.IntervalType, schedule.NumInterval, schedule.DayOfMonth = "2026-03-01", "Monthly", 1, 1
    form.RecurringInfo = info
    recurring = RecurringTransaction()
    setattr(recurring, type(form).qbo_object_name, form)
    return recurring


def test_a_recurring_transaction_is_kept_changed_and_deleted(qb: QuickBooks, company: Company) -> None:
    invoice, bill = RecurringInvoice(), RecurringBill()
    invoice.CustomerRef, bill.VendorRef = reference("1"), Vendor.all(qb=qb)[0].to_ref()
    invoice.Line.append(sale(100))
    bill.Line.append(expense(500))
    rent = monthly(bill, "Rent").save(qb=qb)
    made = monthly(invoice, "Retainer").save(qb=qb)
    assert (made.Invoice.Line[0].Amount, made.Invoice.RecurringInfo.ScheduleInfo.NextDate) == (100, "2026-03-01")
    read = RecurringTransaction.get(made.Invoice.Id, qb=qb)
    read.Invoice.RecurringInfo.ScheduleInfo.DayOfMonth = 15
    read.Invoice.Line[0].Amount = 250
    read.save(qb=qb)
    again = RecurringTransaction.get(made.Invoice.Id, qb=qb)
    assert (again.Invoice.TotalAmt, again.Invoice.RecurringInfo.ScheduleInfo.DayOfMonth) == (250, 15)
    with pytest.raises(QuickbooksException) as stale:
        read.delete(qb=qb)
    assert stale.value.error_code == 5010
    assert [each.Bill.Id for each in RecurringTransaction.where("Type = 'Bill'", qb=qb)] == [rent.Bill.Id]
    assert len(RecurringTransaction.all(qb=qb)) == 2
    assert (Customer.get(1, qb=qb).Balance, Invoice.all(qb=qb), Bill.all(qb=qb)) == (0, [], [])
    again.delete(qb=qb)
    assert [each.Bill.Id for each in RecurringTransaction.all(qb=qb)] == [rent.Bill.Id]
    since = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    captured = company.get("cdc", entities="RecurringTransaction", changedSince=since).json()
    found = captured["CDCResponse"][0]["QueryResponse"][0]["RecurringTransaction"]
    assert [each.get("status", "there") for each in sorted(found, key=lambda each: "Bill" in each)] == [
        "Deleted",
        "there",
    ]


def test_a_recurring_transaction_needs_a_form_and_a_schedule_with_a_name(company: Company) -> None:
    form = {"CustomerRef": {"value": "1"}, "Line": [{"Amount": 5, "DetailType": "SalesItemLineDetail"}]}
    for body, code in (
        ({}, "2010"), ({"Customer": {}}, "2010"), ({"Invoice": []}, "2010"), ({"Invoice": form}, "2020"),
        ({"Invoice": {**form, "RecurringInfo": {"Name": "Retainer", "RecurType": "Sometimes"}}}, "2170"),
    ):  # fmt: skip
        assert company.post("recurringtransaction", body).json()["Fault"]["Error"][0]["code"] == code

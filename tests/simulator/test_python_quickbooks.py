"""A full life through python-quickbooks as it is published; only its base address is changed."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from quickbooks import QuickBooks
from quickbooks.batch import batch_create, batch_delete, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import AuthorizationException, ObjectNotFoundException, QuickbooksException
from quickbooks.objects import (
    Account,
    Attachable,
    Bill,
    BillPayment,
    BillPaymentLine,
    CheckPayment,
    CompanyInfo,
    CreditMemo,
    Customer,
    Department,
    Employee,
    Estimate,
    Invoice,
    Item,
    JournalEntry,
    Payment,
    PaymentLine,
    PaymentMethod,
    Preferences,
    Purchase,
    SalesReceipt,
    TaxCode,
    TaxRate,
    Term,
    TimeActivity,
    Transfer,
    Vendor,
    VendorCredit,
)  # fmt: skip
from quickbooks.objects.base import EmailAddress, Ref
from quickbooks.objects.creditcardpayment_entity import CreditCardPayment
from quickbooks.objects.customertype import CustomerType
from quickbooks.objects.detailline import (
    AccountBasedExpenseLine,
    AccountBasedExpenseLineDetail,
    SalesItemLine,
    SalesItemLineDetail,
)  # fmt: skip
from quickbooks.objects.exchangerate import ExchangeRate
from quickbooks.objects.journalentry import JournalEntryLine, JournalEntryLineDetail
from quickbooks.objects.taxservice import TaxRateDetails, TaxService
from quickbooks.objects.trackingclass import Class

from tests.simulator.client import Company


def reference(number: str) -> Ref:
    """A reference by id."""
    made = Ref()
    made.value = number
    return made


def sale(amount: float) -> SalesItemLine:
    """A line for the item Services."""
    line = SalesItemLine()
    line.Amount, line.Description = amount, "Work"
    line.SalesItemLineDetail = SalesItemLineDetail()
    line.SalesItemLineDetail.ItemRef = reference("1")
    return line


def expense(amount: float) -> AccountBasedExpenseLine:
    """A line for the account Office Expenses."""
    line = AccountBasedExpenseLine()
    line.Amount, line.DetailType = amount, "AccountBasedExpenseLineDetail"
    line.AccountBasedExpenseLineDetail = AccountBasedExpenseLineDetail()
    line.AccountBasedExpenseLineDetail.AccountRef = reference("18")
    return line


def new_invoice(amount: float) -> Invoice:
    """An unsaved invoice of Amy's."""
    invoice = Invoice()
    invoice.CustomerRef = reference("1")
    invoice.Line.append(sale(amount))
    return invoice


def test_a_customer_is_made_found_changed_and_made_inactive(qb: QuickBooks) -> None:
    customer = Customer()
    customer.DisplayName, customer.GivenName = "O'Brien & Sons", "Pat"
    customer.PrimaryEmailAddr = EmailAddress()
    customer.PrimaryEmailAddr.Address = "pat@obrien.test"
    saved = customer.save(qb=qb)
    found = Customer.filter(DisplayName="O'Brien & Sons", qb=qb)[0]
    assert (found.Id, found.PrimaryEmailAddr.Address) == (saved.Id, "pat@obrien.test")
    found.CompanyName = "O'Brien Ltd"
    assert found.save(qb=qb).SyncToken == "1"
    again = Customer.get(int(saved.Id), qb=qb)
    again.Active = False
    again.save(qb=qb)
    assert Customer.get(int(saved.Id), qb=qb).DisplayName == "O'Brien & Sons (deleted)"
    assert Customer.count("Active IN (true, false)", qb=qb) == 3
    assert Customer.choose(["Amy's Bird Sanctuary"], field="DisplayName", qb=qb)[0].Id == "1"


def test_an_invoice_is_made_once_per_request_id_sent_paid_voided_and_deleted(qb: QuickBooks) -> None:
    invoice = new_invoice(100)
    first, second = invoice.save(qb=qb, request_id="life-1"), new_invoice(100).save(qb=qb, request_id="life-1")
    assert first.Id == second.Id
    read = Invoice.get(int(first.Id), qb=qb)
    assert (read.TotalAmt, read.Line[0].Description, read.Line[0].SalesItemLineDetail.ItemRef.name) == (
        100, "Work", "Services",
    )  # fmt: skip
    read.send(qb=qb, send_to="amy@birds.test")
    payment = Payment()
    payment.CustomerRef, payment.TotalAmt = reference("1"), 60
    line = PaymentLine()
    line.Amount, line.LinkedTxn = 60, [read.to_linked_txn()]
    payment.Line.append(line)
    paid = payment.save(qb=qb)
    assert paid.UnappliedAmt == 0
    assert Invoice.get(int(first.Id), qb=qb).Balance == 40
    voided = Payment.get(int(paid.Id), qb=qb)
    voided.void(qb=qb)
    assert Payment.get(int(paid.Id), qb=qb).TotalAmt == 0
    now = Invoice.get(int(first.Id), qb=qb)
    now.void(qb=qb)
    assert Invoice.get(int(first.Id), qb=qb).PrivateNote == "Voided"
    Invoice.get(int(first.Id), qb=qb).delete(qb=qb)
    assert Invoice.filter(Id=first.Id, qb=qb) == []
    with pytest.raises(ObjectNotFoundException):
        Invoice.get(int(first.Id), qb=qb)


def test_batches_create_update_and_delete(qb: QuickBooks) -> None:
    made = batch_create([new_invoice(float(amount)) for amount in range(1, 41)], qb=qb)
    assert (len(made.successes), len(made.faults)) == (40, 0)
    for invoice in made.successes:
        invoice.PrivateNote = "seen"
    assert len(batch_update(made.successes, qb=qb).successes) == 40
    stale = batch_delete(made.successes, qb=qb)
    assert {error.code for fault in stale.faults for error in fault.Error} == {"5010"}
    assert len(batch_delete(Invoice.all(max_results=1000, qb=qb), qb=qb).successes) == 40


def test_changes_are_captured(qb: QuickBooks) -> None:
    new_invoice(5).save(qb=qb)
    since = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    changes = change_data_capture([Customer, Invoice], since, qb=qb)
    assert {each.Id for each in changes.Customer} == {"1", "2"}
    assert changes.Invoice[0].TotalAmt == 5


def test_refusals_come_as_the_librarys_exceptions(qb: QuickBooks, company: Company) -> None:
    twin = Customer()
    twin.DisplayName = "CAL TELEPHONE"
    with pytest.raises(QuickbooksException) as refused:
        twin.save(qb=qb)
    assert refused.value.error_code == 6240
    company.control("faults", [{"kind": "http", "status": 429, "body": "xml"}])
    with pytest.raises(QuickbooksException) as throttled:
        Customer.all(qb=qb)
    assert throttled.value.error_code == 10000
    company.control("faults", [{"kind": "expire_token"}])
    with pytest.raises(AuthorizationException):
        Customer.all(qb=qb)


def test_the_lists_a_client_needs_are_there(qb: QuickBooks, company: Company) -> None:
    assert Account.where("AccountType = 'Income'", qb=qb)[0].Classification == "Revenue"
    assert Account.filter(Id="4", qb=qb)[0].Name == "Undeposited Funds"
    assert [each.Name for each in Item.all(order_by="Name", qb=qb)] == ["Hours", "Services"]
    assert {each.Name for each in Term.all(qb=qb)} >= {"Net 30", "Due on receipt"}
    assert {each.Name for each in PaymentMethod.all(qb=qb)} == {"Cash", "Check", "Credit Card"}
    assert CustomerType.all(qb=qb)[0].Name == "Individual"
    assert TaxCode.all(qb=qb)
    assert Vendor.all(qb=qb)[0].DisplayName == "Cal Telephone"
    assert Employee.all(qb=qb)[0].DisplayName == "Emily Platt"
    assert CompanyInfo.get(int(company.realm), qb=qb).Country == "US"
    preferences = Preferences.get(qb=qb)
    assert preferences.SalesFormsPrefs.CustomTxnNumbers is False
    preferences.SalesFormsPrefs.CustomTxnNumbers = True
    preferences.save(qb=qb)
    assert Preferences.get(qb=qb).SalesFormsPrefs.CustomTxnNumbers is True


def test_the_other_lists_can_be_written(qb: QuickBooks) -> None:
    account = Account()
    account.Name, account.AccountType, account.AccountSubType = "Fees", "Income", "ServiceFeeIncome"
    item = Item()
    item.Name, item.Type, item.IncomeAccountRef = "Bookkeeping", "Service", account.save(qb=qb).to_ref()
    assert Item.get(int(item.save(qb=qb).Id), qb=qb).IncomeAccountRef.name == "Fees"
    for kind in (Class, Department, PaymentMethod):
        entry = kind()
        entry.Name = "West"
        assert kind.get(int(entry.save(qb=qb).Id), qb=qb).Name == "West"
    term = Term()
    term.Name, term.DueDays = "Net 45", 45
    assert term.save(qb=qb).Name == "Net 45"


@pytest.mark.parametrize("kind", [Estimate, SalesReceipt, CreditMemo])
def test_the_other_sales_forms_can_be_written(qb: QuickBooks, kind: Any) -> None:
    form = kind()
    form.CustomerRef = reference("1")
    form.Line.append(sale(80))
    saved = form.save(qb=qb)
    read = kind.get(int(saved.Id), qb=qb)
    assert read.TotalAmt == 80
    read.delete(qb=qb)
    assert kind.filter(Id=saved.Id, qb=qb) == []


def test_bills_are_entered_and_paid(qb: QuickBooks) -> None:
    vendor = Vendor.all(qb=qb)[0]
    bill = Bill()
    bill.VendorRef = vendor.to_ref()
    bill.Line.append(expense(200))
    bill = bill.save(qb=qb)
    assert (bill.TotalAmt, Vendor.get(int(vendor.Id), qb=qb).Balance) == (200, 200)
    payment = BillPayment()
    payment.PayType, payment.TotalAmt, payment.VendorRef = "Check", 150, vendor.to_ref()
    payment.CheckPayment = CheckPayment()
    payment.CheckPayment.BankAccountRef = reference("3")
    line = BillPaymentLine()
    line.Amount, line.LinkedTxn = 150, [bill.to_linked_txn()]
    payment.Line.append(line)
    payment = payment.save(qb=qb)
    assert (Bill.get(int(bill.Id), qb=qb).Balance, Vendor.get(int(vendor.Id), qb=qb).Balance) == (50, 50)
    payment.void(qb=qb)
    assert Bill.get(int(bill.Id), qb=qb).Balance == 200
    credit = VendorCredit()
    credit.VendorRef = vendor.to_ref()
    credit.Line.append(expense(30))
    assert credit.save(qb=qb).TotalAmt == 30
    purchase = Purchase()
    purchase.AccountRef, purchase.PaymentType = reference("20"), "CreditCard"
    purchase.Line.append(expense(12))
    assert purchase.save(qb=qb).TotalAmt == 12


def test_journal_entries_balance_or_are_refused(qb: QuickBooks) -> None:
    def entry(credit: float) -> JournalEntry:
        made = JournalEntry()
        for amount, side, account in ((100.0, "Debit", "3"), (credit, "Credit", "11")):
            line = JournalEntryLine()
            line.Amount = amount
            line.JournalEntryLineDetail = JournalEntryLineDetail()
            line.JournalEntryLineDetail.PostingType = side
            line.JournalEntryLineDetail.AccountRef = reference(account)
            made.Line.append(line)
        return made

    assert entry(100).save(qb=qb).TotalAmt == 100
    with pytest.raises(QuickbooksException) as refused:
        entry(99).save(qb=qb)
    assert refused.value.error_code == 6000


def test_transfers_time_and_notes_are_kept(qb: QuickBooks) -> None:
    transfer = Transfer()
    transfer.FromAccountRef, transfer.ToAccountRef, transfer.Amount = reference("3"), reference("11"), 100
    assert transfer.save(qb=qb).Amount == 100
    activity = TimeActivity()
    activity.NameOf, activity.EmployeeRef = "Employee", Employee.all(qb=qb)[0].to_ref()
    activity.Hours, activity.Minutes, activity.Description = 2, 30, "Filing"
    assert TimeActivity.get(int(activity.save(qb=qb).Id), qb=qb).Hours == 2
    note = Attachable()
    note.Note = "Call back"
    assert Attachable.get(int(note.save(qb=qb).Id), qb=qb).Note == "Call back"


def test_a_credit_card_is_paid(qb: QuickBooks) -> None:
    card, bank = Account(), Account()
    card.Name, card.AccountType, card.AccountSubType = "Visa of the firm", "Credit Card", "CreditCard"
    bank.Name, bank.AccountType, bank.AccountSubType = "House bank", "Bank", "Checking"
    payment = CreditCardPayment()
    payment.Amount = 100
    payment.BankAccountRef, payment.CreditCardAccountRef = bank.save(qb=qb).to_ref(), card.save(qb=qb).to_ref()
    made = payment.save(qb=qb)
    made.Amount = 101
    made.save(qb=qb)
    assert CreditCardPayment.get(int(made.Id), qb=qb).Amount == 101
    assert [each.Id for each in CreditCardPayment.all(qb=qb)] == [made.Id]
    payment = CreditCardPayment()
    payment.Amount, payment.BankAccountRef, payment.CreditCardAccountRef = 5, card.to_ref(), bank.to_ref()
    with pytest.raises(QuickbooksException) as refused:
        payment.save(qb=qb)
    assert refused.value.error_code == 6430


def test_a_tax_code_is_made_with_a_new_rate(qb: QuickBooks) -> None:
    service, rate = TaxService(), TaxRateDetails()
    service.TaxCode = "County"
    rate.TaxRateName, rate.RateValue, rate.TaxAgencyId = "County rate", 10, 1
    service.TaxRateDetails.append(rate)
    made = service.save(qb=qb)
    (detail,) = made.TaxRateDetails
    assert (made.TaxCode, detail.TaxRateName, detail.RateValue, detail.TaxAgencyId, detail.TaxApplicableOn) == (
        "County", "County rate", 10, "1", "Sales",
    )  # fmt: skip
    assert TaxRate.get(int(detail.TaxRateId), qb=qb).RateValue == 10
    code = TaxCode.get(int(made.TaxCodeId), qb=qb)
    assert code.SalesTaxRateList.TaxRateDetail[0].TaxRateRef.value == detail.TaxRateId
    with pytest.raises(QuickbooksException) as refused:
        service.save(qb=qb)
    assert refused.value.error_code == 6240


def test_an_exchange_rate_is_set_read_and_changed(qb: QuickBooks, company: Company) -> None:
    with pytest.raises(QuickbooksException) as refused:
        ExchangeRate.all(qb=qb)
    assert refused.value.error_code == 6000
    preferences = Preferences.get(qb=qb)
    preferences.CurrencyPrefs.MultiCurrencyEnabled = True
    preferences.save(qb=qb)
    company.write("CompanyCurrency", {"Code": "EUR", "Name": "Euro"})
    for as_of, value in (("2026-01-05", 1.08), ("2026-02-05", 1.1)):
        rate = ExchangeRate()
        rate.SourceCurrencyCode, rate.AsOfDate, rate.Rate = "EUR", as_of, value
        rate.save(qb=qb)
    found = ExchangeRate.where("SourceCurrencyCode = 'EUR' AND AsOfDate = '2026-02-05'", qb=qb)[0]
    assert (found.Rate, found.TargetCurrencyCode, found.SyncToken) == (1.1, "USD", "0")
    found.Rate = 1.25
    assert found.save(qb=qb).SyncToken == "1"
    with pytest.raises(QuickbooksException) as stale:
        found.save(qb=qb)
    assert stale.value.error_code == 5010
    read = company.get("exchangerate", sourcecurrencycode="EUR", asofdate="2026-02-01").json()["ExchangeRate"]
    assert (read["AsOfDate"], read["Rate"], "Id" in read) == ("2026-01-05", 1.08, False)
    latest = company.get("exchangerate", sourcecurrencycode="EUR").json()["ExchangeRate"]
    assert latest["Rate"] == 1.25
    unknown = company.get("exchangerate", sourcecurrencycode="EUR", asofdate="2025-12-31")
    assert unknown.json()["Fault"]["Error"][0]["code"] == "610"
    rate = ExchangeRate()
    rate.SourceCurrencyCode, rate.AsOfDate, rate.Rate = "GBP", "2026-01-05", 1.3
    with pytest.raises(QuickbooksException) as foreign:
        rate.save(qb=qb)
    assert foreign.value.error_code == 6000


def test_a_file_is_attached(qb: QuickBooks, tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear Amy")
    attachable = Attachable()
    attachable.FileName, attachable._FilePath, attachable.ContentType = file.name, str(file), "text/plain"
    attachable.save(qb=qb)
    assert Attachable.get(int(attachable.Id), qb=qb).FileName == "letter.txt"


def test_raw_bodies_go_the_same_way(qb: QuickBooks) -> None:
    made = qb.create_object("Customer", json.dumps({"DisplayName": "Raw"}), request_id="raw-1")["Customer"]
    changed = qb.update_object(
        "Customer", json.dumps({"Id": made["Id"], "SyncToken": "0", "sparse": True, "Notes": "x"})
    )["Customer"]
    assert (changed["DisplayName"], changed["Notes"]) == ("Raw", "x")

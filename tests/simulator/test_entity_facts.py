"""The table of facts about entities (section 2): each verified one is held to a request and its answer."""

import pytest

from tests.simulator.client import Company, applied, parsed, sale_line
from tests.simulator.facts import Fact, Table, fault

TABLE = Table()
fact = TABLE.fact


@fact("2.1 a new customer's answer has the recorded properties in the recorded order")
def _(company: Company) -> None:
    answer = company.post("customer", {"DisplayName": "Doe5, Jane"})
    made = answer.json()["Customer"]
    recorded = [
        "Taxable", "Job", "BillWithParent", "Balance", "BalanceWithJobs", "CurrencyRef", "PreferredDeliveryMethod",
        "domain", "sparse", "Id", "SyncToken", "MetaData", "FullyQualifiedName", "DisplayName", "PrintOnCheckName",
        "Active", "DefaultTaxCodeRef",
    ]  # fmt: skip
    assert [name for name in made if name in recorded] == recorded
    assert set(made) - set(recorded) == {"IsProject", "V4IDPseudonym"}
    assert "ClientEntityId" not in company.read("Customer", made["Id"])
    (found,) = company.query(f"select * from Customer where Id = '{made['Id']}'")["Customer"]  # noqa: S608
    assert set(found) - set(made) == {"ClientEntityId"}
    assert '"Balance":0,"BalanceWithJobs":0,' in answer.text


@fact("2.1 an address gets an id of its own")
def _(company: Company) -> None:
    first = company.write("Customer", {"DisplayName": "A", "BillAddr": {"Line1": "1 Main St", "City": "Bay"}})
    second = company.write("Customer", {"DisplayName": "B", "BillAddr": {"Line1": "1 Main St", "City": "Bay"}})
    assert first["BillAddr"]["Id"] != second["BillAddr"]["Id"]
    kept = company.update("Customer", first, Notes="x")
    assert kept["BillAddr"] == first["BillAddr"]


@fact("2.1 an address that cannot be placed says so")
def _(company: Company) -> None:
    made = company.write("Customer", {"DisplayName": "A", "BillAddr": {"Line1": "4581 Finch St.", "City": "Bayshore"}})
    assert list(made["BillAddr"]) == ["Id", "Line1", "City", "Lat", "Long"]
    assert (made["BillAddr"]["Lat"], made["BillAddr"]["Long"]) == ("INVALID", "INVALID")


@fact("2.1 a full update is answered as recorded")
def _(company: Company) -> None:
    made = company.write("Customer", {"DisplayName": "Doe2, Jane"})
    sent = {"DisplayName": "Jack Moe", "PrimaryPhone": {"FreeFormNumber": "(415) 444-1234"}}
    changed = company.write("Customer", {**sent, "Id": made["Id"], "SyncToken": "0"})
    assert {name: changed[name] for name in sent} == sent
    kept = ("Taxable", "Job", "BillWithParent", "PreferredDeliveryMethod", "DefaultTaxCodeRef", "Active", "CurrencyRef")
    assert {name: changed[name] for name in kept} == {name: made[name] for name in kept}
    assert (changed["PrintOnCheckName"], changed["FullyQualifiedName"]) == ("Jack Moe", "Jack Moe")
    assert changed["SyncToken"] == "1"


@fact("2.1 to deactivate what is inactive already changes nothing, not even the SyncToken")
def _(company: Company) -> None:
    gone = company.update("Customer", company.read("Customer", "1"), Active=False)
    assert company.update("Customer", gone, Active=False) == gone
    assert company.update("Customer", gone, Active=False, DisplayName=gone["DisplayName"]) == gone


@fact("2.4 a vendor's tax number shows its end alone")
def _(company: Company) -> None:
    made = company.write("Vendor", {"DisplayName": "V", "TaxIdentifier": "99-5688293"})
    assert made["TaxIdentifier"] == "XXXXXX8293"


@fact("2.1 a customer's name cannot be removed by a sparse update")
def _(company: Company) -> None:
    amy = company.read("Customer", "1")
    sent = {"Id": "1", "SyncToken": amy["SyncToken"], "sparse": True, "DisplayName": ""}
    assert fault(company.post("customer", sent))["code"] == "2020"


@fact("2.2 a new invoice's answer has the recorded properties in the recorded order")
def _(company: Company) -> None:
    made = company.invoice(100.0, PrivateNote="n")
    recorded = [
        "AllowIPNPayment", "AllowOnlinePayment", "AllowOnlineCreditCardPayment", "AllowOnlineACHPayment", "domain",
        "sparse", "Id", "SyncToken", "MetaData", "CustomField", "DocNumber", "TxnDate", "CurrencyRef", "PrivateNote",
        "LinkedTxn", "Line", "TxnTaxDetail", "CustomerRef", "DueDate", "TotalAmt", "ApplyTaxAfterDiscount",
        "PrintStatus", "EmailStatus", "Balance",
    ]  # fmt: skip
    assert list(made) == recorded
    assert list(made["Line"][0]) == [
        "Id",
        "LineNum",
        "Amount",
        "DetailType",
        "SalesItemLineDetail",
        "CustomExtensions",
    ]


@fact("2.2 an invoice says who changed it last, between its two times")
def _(company: Company) -> None:
    made = company.invoice(100.0)
    assert list(made["MetaData"]) == ["CreateTime", "LastModifiedByRef", "LastUpdatedTime"]
    assert (
        company.update("Invoice", made, PrivateNote="n")["MetaData"]["LastModifiedByRef"]
        == (made["MetaData"]["LastModifiedByRef"])
    )
    assert list(company.payment(5)["MetaData"]) == ["CreateTime", "LastUpdatedTime"]


@fact("2.2 a form with an address says that it is free and where it ships from")
def _(company: Company) -> None:
    address = {"Line1": "4581 Finch St.", "City": "Bayshore", "CountrySubDivisionCode": "CA", "PostalCode": "94326"}
    made = company.write("Customer", {"DisplayName": "Addressed", "BillAddr": address})
    body = {"CustomerRef": {"value": made["Id"]}, "Line": [sale_line(20)], "SalesTermRef": {"value": "3"}}
    for kind in ("Invoice", "Estimate", "CreditMemo"):
        form = company.write(kind, body)
        assert form["FreeFormAddress"] is True
        assert list(form["ShipFromAddr"]) == ["Id", "Line1", "Line2"]
        assert form["ShipFromAddr"]["Line2"] == "San Pablo, CA  87999"
        assert form["SalesTermRef"] == {"value": "3", "name": "Net 30"}
        assert next(iter(form)) == {"Invoice": "AllowIPNPayment", "CreditMemo": "RemainingCredit"}.get(kind, "domain")


@fact("2.4 new list entries have the recorded properties in the recorded order")
def _(company: Company) -> None:
    item = company.write("Item", {"Name": "Mowing", "Type": "Service", "IncomeAccountRef": {"value": "1"}})
    assert list(item) == [
        "Name", "Active", "FullyQualifiedName", "Taxable", "UnitPrice", "Type", "IncomeAccountRef", "PurchaseCost",
        "TrackQtyOnHand", "DeferredRevenue", "domain", "sparse", "Id", "SyncToken", "MetaData",
    ]  # fmt: skip
    vendor = company.write("Vendor", {"DisplayName": "Norton Lumber", "CompanyName": "Norton"})
    assert list(vendor) == [
        "Balance", "BillRate", "Vendor1099", "CurrencyRef", "CostRate", "domain", "sparse", "Id", "SyncToken",
        "MetaData", "CompanyName", "DisplayName", "PrintOnCheckName", "Active", "V4IDPseudonym",
    ]  # fmt: skip
    assert len(vendor["V4IDPseudonym"]) == 38
    account = company.write("Account", {"Name": "Till", "AccountType": "Bank"})
    assert (account["AccountSubType"], account["Classification"]) == ("CashOnHand", "Asset")
    savings = company.write("Account", {"Name": "Reserve", "AccountSubType": "Savings"})
    assert (savings["AccountType"], savings["Classification"]) == ("Bank", "Asset")


@fact("2.4 CompanyInfo has the recorded properties in the recorded order")
def _(company: Company) -> None:
    info = company.get(f"companyinfo/{company.realm}").json()["CompanyInfo"]
    assert list(info) == [
        "CompanyName", "LegalName", "CompanyAddr", "CustomerCommunicationAddr", "LegalAddr",
        "CustomerCommunicationEmailAddr", "PrimaryPhone", "CompanyStartDate", "FiscalYearStartMonth", "Country",
        "Email", "WebAddr", "SupportedLanguages", "DefaultTimeZone", "NameValue", "domain", "sparse", "Id",
        "SyncToken", "MetaData",
    ]  # fmt: skip


@fact("2.2 the invoice takes the customer's addresses and e-mail")
def _(company: Company) -> None:
    address = {"Line1": "4581 Finch St.", "City": "Bayshore", "CountrySubDivisionCode": "CA", "PostalCode": "94326"}
    made = company.write(
        "Customer", {"DisplayName": "Addressed", "BillAddr": address, "PrimaryEmailAddr": {"Address": "a@x.test"}}
    )
    invoice = company.invoice(5, customer=made["Id"])
    assert invoice["BillAddr"] == made["BillAddr"]
    assert invoice["BillEmail"] == {"Address": "a@x.test"}


@fact("2.2 a sparse update of the note alone works")
def _(company: Company) -> None:
    made = company.invoice(100)
    changed = company.update("Invoice", made, PrivateNote="only this")
    assert (changed["PrivateNote"], changed["TotalAmt"], changed["Line"]) == ("only this", 100, made["Line"])


@fact("2.2 voiding is answered as recorded")
def _(company: Company) -> None:
    made = company.invoice(100, Line=[sale_line(100, Qty=2, UnitPrice=50)])
    answer = company.post("invoice", {"Id": made["Id"], "SyncToken": "0"}, params={"operation": "void"})
    voided = parsed(answer)["Invoice"]
    assert voided["Line"] == [
        {"Id": "1", "LineNum": 1, "Amount": 0, "DetailType": "SalesItemLineDetail",
         "SalesItemLineDetail": {"ItemRef": {"value": "1", "name": "Services"},
                                 "ItemAccountRef": {"value": "1", "name": "Services"}, "TaxCodeRef": {"value": "NON"}},
         "CustomExtensions": []},
        {"Amount": 0, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
    ]  # fmt: skip
    assert (voided["TotalAmt"], voided["Balance"], voided["PrivateNote"], voided["SyncToken"]) == (0, 0, "Voided", "1")


@fact("2.2 deleting is answered as recorded")
def _(company: Company) -> None:
    made = company.invoice(100)
    answer = company.post("invoice", {"Id": made["Id"], "SyncToken": "0"}, params={"operation": "delete"})
    begin = f'{{"Invoice":{{"domain":"QBO","status":"Deleted","Id":"{made["Id"]}"}},"time":"'
    assert answer.text.startswith(begin)


@fact("2.2 InvoiceLink is given to who asks for it")
def _(company: Company) -> None:
    made = company.invoice()
    assert "InvoiceLink" not in company.read("Invoice", made["Id"])
    assert company.get(f"invoice/{made['Id']}", include="invoiceLink").json()["Invoice"]["InvoiceLink"]


@fact("2.3 a new payment's answer has the recorded properties in the recorded order")
def _(company: Company) -> None:
    made = company.payment(
        100, applied(company.invoice(100), 100), PaymentMethodRef={"value": "2"}, PaymentRefNum="123"
    )
    assert list(made) == [
        "CustomerRef", "DepositToAccountRef", "PaymentMethodRef", "PaymentRefNum", "TotalAmt", "UnappliedAmt",
        "ProcessPayment", "domain", "sparse", "Id", "SyncToken", "MetaData", "TxnDate", "CurrencyRef", "Line",
    ]  # fmt: skip
    assert made["PaymentMethodRef"] == {"value": "2"}


@fact("2.2 a full update of the lines alone is answered as recorded")
def _(company: Company) -> None:
    line = {**sale_line(337.5, Qty=4.5, UnitPrice=75), "Description": "Custom Design"}
    made = company.write("SalesReceipt", {"Line": [line]})
    assert list(made) == [
        "domain", "sparse", "Id", "SyncToken", "MetaData", "CustomField", "DocNumber", "TxnDate", "CurrencyRef", "Line",
        "TxnTaxDetail", "TotalAmt", "ApplyTaxAfterDiscount", "PrintStatus", "EmailStatus", "Balance",
        "DepositToAccountRef",
    ]  # fmt: skip
    changed = company.write("SalesReceipt", {"Line": [line], "Id": made["Id"], "SyncToken": "0"})
    assert [changed["Line"][0]["Id"], changed["DocNumber"], changed["TxnDate"]] == [
        "2",
        made["DocNumber"],
        made["TxnDate"],
    ]
    assert changed["DepositToAccountRef"] == {"value": "4", "name": "Undeposited Funds"}


@fact("2.3 payment lines carry the NameValue triplets")
def _(company: Company) -> None:
    invoice = company.invoice(71)
    line = company.payment(55, applied(invoice, 55))["Line"][0]
    assert list(line) == ["Amount", "LinkedTxn", "LineEx"]
    triplet = line["LineEx"]["any"][0]
    assert triplet == {
        "name": "{http://schema.intuit.com/finance/v3}NameValue",
        "declaredType": "com.intuit.schema.finance.v3.NameValue",
        "scope": "javax.xml.bind.JAXBElement$GlobalScope",
        "value": {"Name": "txnId", "Value": invoice["Id"]},
        "nil": False,
        "globalScope": True,
        "typeSubstituted": False,
    }


@fact("2.3 another payment's open balance follows when one is removed")
def _(company: Company) -> None:
    invoice = company.invoice(100)
    one, two = company.payment(60, applied(invoice, 60)), company.payment(30, applied(invoice, 30))
    company.delete("Payment", company.read("Payment", one["Id"]))
    line = company.read("Payment", two["Id"])["Line"][0]
    facts = {each["value"]["Name"]: each["value"]["Value"] for each in line["LineEx"]["any"]}
    assert facts["txnOpenBalance"] == "100.00"


@fact("2.4 a refund receipt needs the account it is paid from")
def _(company: Company) -> None:
    body = {"CustomerRef": {"value": "1"}, "Line": [sale_line(20)]}
    assert fault(company.post("refundreceipt", body))["element"] == "DepositToAccountRef"
    assert company.write("RefundReceipt", {**body, "DepositToAccountRef": {"value": "3"}})["TotalAmt"] == 20


@fact("2.4 preferences tell what a client must know before it writes")
def _(company: Company) -> None:
    found = company.get("preferences").json()["Preferences"]
    assert found["SalesFormsPrefs"]["CustomTxnNumbers"] is False
    assert found["CurrencyPrefs"] == {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}}
    assert (found["TaxPrefs"]["UsingSalesTax"], found["TaxPrefs"]["PartnerTaxEnabled"]) == (False, False)


@pytest.mark.parametrize("check", TABLE.checks, ids=TABLE.names)
def test_fact(company: Company, check: Fact) -> None:
    check(company)

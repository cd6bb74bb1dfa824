"""The table of facts: each verified fact about the API is held to a request and its answer, to the byte where known.

A fact is named by the section that it belongs to (1 protocol, 2 entities, 4 bytes) and a sentence. Facts with tests of
their own elsewhere (OAuth, limits, batches, CDC, webhooks) are here only where bytes or headers are meant.
"""

import re
from collections.abc import Callable

import pytest
import requests

from tests.simulator.client import Company, applied, parsed, sale_line

Fact = Callable[[Company], None]
FACTS: list[tuple[str, Fact]] = []
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
OFFSET = r"[+-]\d\d:\d\d"


def fact(name: str) -> Callable[[Fact], Fact]:
    """Enter a fact into the table."""

    def enter(check: Fact) -> Fact:
        FACTS.append((name, check))
        return check

    return enter


def raw(company: Company, path: str, body: str, content_type: str = "application/json") -> requests.Response:
    """POST a body as text."""
    headers = {"Content-Type": content_type}
    return company.session.post(f"{company.base}/{path}", data=body.encode(), headers=headers, timeout=10)


def fault(answer: requests.Response) -> dict:
    """The only error of a Fault."""
    (error,) = answer.json()["Fault"]["Error"]
    return error


@fact("1.1 create and update are POSTs to the same address")
def _(company: Company) -> None:
    made = company.post("customer", {"DisplayName": "One"}).json()["Customer"]
    changed = {**made, "DisplayName": "Two"}
    assert company.post("customer", changed).json()["Customer"]["Id"] == made["Id"]


@fact("1.1 every answer carries intuit_tid, QBO-Version and Date")
def _(company: Company) -> None:
    for answer in (company.get("customer/1"), company.get("customer/99"), requests.get(f"{company.base}/x", timeout=9)):
        assert re.fullmatch(r"1-[0-9a-f]{8}-[0-9a-f]{24}", answer.headers["intuit_tid"])
        assert answer.headers["QBO-Version"]
        assert answer.headers["Date"].endswith("GMT")


@fact("1.1 read-only attributes are overwritten in silence")
def _(company: Company) -> None:
    sent = {"DisplayName": "R", "FullyQualifiedName": "X:Y", "Level": 3, "SyncToken": "9", "IsProject": True}
    made = company.write("Customer", sent)
    assert (made["FullyQualifiedName"], made["SyncToken"], made["IsProject"]) == ("R", "0", False)
    assert "Level" not in made


@fact("1.1 an unknown attribute is 2010, naming the Java class and the known properties")
def _(company: Company) -> None:
    answer = raw(company, "invoice", '{"BadJson":true}')
    error = fault(answer)
    assert (answer.status_code, error["Message"]) == (400, "Request has invalid or unsupported property")
    begin = (
        'Property Name:Unrecognized field "BadJson" (class com.intuit.schema.finance.v3.Invoice), '
        "not marked as ignorable ("
    )
    assert error["Detail"].startswith(begin)
    assert error["Detail"].endswith(" [truncated]])\n specified is unsupported or invalid")
    assert '"DocNumber"' in error["Detail"]
    assert list(error) == ["Message", "Detail", "code"]


@fact("1.7 an address that leads nowhere is 500 Unsupported Operation with both paths in it")
def _(company: Company) -> None:
    answer = company.get("customer/1/5")
    error = fault(answer)
    path = f"/v3/company/{company.realm}/customer/1/5"
    assert (answer.status_code, error["Message"], error["code"]) == (400, "Unsupported Operation", "500")
    assert error["Detail"].startswith(f"Operation Could not find resource for relative : {path} of full path: https://")
    assert error["Detail"].endswith(f"{path} is not supported.")


@fact("1.7 an id that is no number is 2030, and that body has no time")
def _(company: Company) -> None:
    answer = company.get("customer/1.5")
    assert answer.text == (
        '{"Fault":{"Error":[{"Message":"Invalid ID","Detail":"Id should be a valid number. Supplied value:1.5",'
        '"code":"2030","element":"Id"}],"type":"ValidationFault"}}'
    )
    assert answer.headers["Content-Length"] == "159"


@fact("1.7 a taken name is 6240 with a string code")
def _(company: Company) -> None:
    answer = company.post("customer", {"DisplayName": "Weiskopf Consulting"})
    error = fault(answer)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/json")
    assert (error["Message"], error["code"]) == ("Duplicate Name Exists Error", "6240")
    assert error["Detail"].startswith("The name supplied already exists. : ")
    assert re.fullmatch(STAMP + r"\.\d{3}" + OFFSET, answer.json()["time"])


@fact("1.7 what is not there is 610 in the recorded words")
def _(company: Company) -> None:
    assert fault(company.get("customer/99")) == {
        "Message": "Object Not Found",
        "Detail": "Object Not Found : Something you're trying to use has been made inactive. "
        "Check the fields with accounts, customers, items, vendors or employees.",
        "code": "610",
        "element": "",
    }


@fact("1.7 a deleted transaction is 610, deleted by another user")
def _(company: Company) -> None:
    gone = company.delete("Invoice", company.invoice())
    assert fault(company.get(f"invoice/{gone['Id']}"))["Detail"] == (
        "Object Not Found : Another user has deleted this transaction."
    )


@fact("1.7 an old SyncToken is 5010")
def _(company: Company) -> None:
    amy = company.read("Customer", "1")
    company.update("Customer", amy, Notes="x")
    error = fault(company.post("customer", {**amy, "Notes": "y"}))
    assert (error["Message"], error["code"], error["element"]) == ("Stale Object Error", "5010", "")
    assert re.fullmatch(
        r"Stale Object Error : You and (.+) were working on this at the same time\. "
        r"\1 finished before you did, so your work was not saved\.",
        error["Detail"],
    )


@fact("1.7 a missing DetailType is 2020 with its element")
def _(company: Company) -> None:
    error = fault(company.post("invoice", {"CustomerRef": {"value": "1"}, "Line": [{"Amount": 5}]}))
    assert error["Message"] == "Required param missing, need to supply the required value for the API"
    assert error["Detail"] == "Required parameter Line.DetailType is missing in the request"
    assert (error["code"], error["element"]) == ("2020", "Line.DetailType")


@fact("1.7 a text too long is 2050, with thousands separated")
def _(company: Company) -> None:
    memo = {"value": "m" * 1016}
    body = {"CustomerRef": {"value": "1"}, "Line": [sale_line()], "CustomerMemo": memo}
    error = fault(company.post("invoice", body))
    assert error["Message"] == "String length is either shorter or longer than supported by specification"
    assert error["Detail"] == (
        "String length specified does not match the supported length. Min:0 Max:1,000 supported. Supplied length:1,016"
    )


@fact("1.7 a closed period is 6210 in the recorded words")
def _(company: Company) -> None:
    values = {"AccountingInfoPrefs": {"BookCloseDate": "2025-12-31"}}
    company.control("change", {"entity": "Preferences", "id": "1", "values": values})
    error = fault(company.post("payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 5, "TxnDate": "2025-12-31"}))
    assert error["Message"] == "Account Period Closed, Cannot Update Through Services API"
    assert (error["code"], error["Detail"]) == (
        "6210",
        "The account period has closed and the account books cannot be updated through through the QBO Services API. "
        "Please use the QBO website to make these changes.",
    )


@fact("1.7 a document number in use is 6140 and names who has it")
def _(company: Company) -> None:
    values = {"SalesFormsPrefs": {"CustomTxnNumbers": True}}
    company.control("change", {"entity": "Preferences", "id": "1", "values": values})
    first = company.invoice(DocNumber="A-1")
    body = {"CustomerRef": {"value": "1"}, "Line": [sale_line()], "DocNumber": "A-1"}
    error = fault(company.post("invoice", body))
    assert (error["Message"], error["code"]) == ("Duplicate Document Number Error", "6140")
    assert error["Detail"] == (
        "Duplicate Document Number Error : You must specify a different number. This number has already been used. "
        f"DocNumber=A-1 is assigned to TxnType=Invoice with TxnId={first['Id']}"
    )


@fact("1.8 the query language's faults are 4000 and 4001 in the recorded words")
def _(company: Company) -> None:
    parsing = fault(raw(company, "query", "select * frm Customer", "application/text"))
    assert (parsing["Message"], parsing["code"]) == ("Error parsing query", "4000")
    assert parsing["Detail"].startswith("QueryParserError: Encountered ")
    position = fault(raw(company, "query", "select * from Customer startposition 0", "application/text"))
    assert (position["Message"], position["code"]) == ("Invalid query", "4001")
    assert position["Detail"] == "QueryValidationError: value 0 is too small. Min allowed value is 1"


@fact("1.8 an empty result is an empty object")
def _(company: Company) -> None:
    answer = raw(company, "query", "select * from Payment", "application/text")
    assert re.fullmatch(r'\{"QueryResponse":\{\},"time":"[^"]+"\}', answer.text)


@fact("1.8 faults come as XML to who asks for XML")
def _(company: Company) -> None:
    answer = company.session.get(f"{company.base}/query?query=bogus", headers={"Accept": "application/xml"}, timeout=9)
    assert answer.headers["Content-Type"] == "application/xml"
    begin = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><IntuitResponse xmlns="http://schema.intuit.com/'
    assert answer.text.startswith(begin)
    assert '<Fault type="ValidationFault"><Error code="4000">' in answer.text


@fact("1.9 batch answers put the entity before its bId and the time at the end")
def _(company: Company) -> None:
    item = {"bId": "bid1", "operation": "create", "Vendor": {"DisplayName": "Boraski Family Store"}}
    answer = company.post("batch", {"BatchItemRequest": [item]})
    assert answer.text.startswith('{"BatchItemResponse":[{"Vendor":{"Balance":0,"Vendor1099":false,"CurrencyRef":')
    assert re.search(r'\},"bId":"bid1"\}\],"time":"[^"]+"\}$', answer.text)


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
    assert set(made) - set(recorded) == {"IsProject", "ClientEntityId", "V4IDPseudonym"}
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


@fact("1.8 lists come in the order of their full names, sub-customers under their parents")
def _(company: Company) -> None:
    company.write("Customer", {"DisplayName": "0969 Ocean View Road", "ParentRef": {"value": "1"}})
    company.write("Customer", {"DisplayName": "Amy's Bird Zoo"})
    names = [each["DisplayName"] for each in company.query("select * from Customer")["Customer"]]
    assert names == ["Amy's Bird Sanctuary", "0969 Ocean View Road", "Amy's Bird Zoo", "Weiskopf Consulting"]


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
    assert list(made["Line"][0]) == ["Id", "LineNum", "Amount", "DetailType", "SalesItemLineDetail"]


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
                                 "ItemAccountRef": {"value": "1", "name": "Services"}, "TaxCodeRef": {"value": "NON"}}},
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


@fact("4 the top-level time has milliseconds, MetaData times have none, both the company's offset")
def _(company: Company) -> None:
    answer = company.get("customer/1").json()
    assert re.fullmatch(STAMP + r"\.\d{3}-0[78]:00", answer["time"])
    for moment in answer["Customer"]["MetaData"].values():
        assert re.fullmatch(STAMP + "-0[78]:00", moment)


@fact("4 money prints two decimals, zero prints 0, rates print as they are")
def _(company: Company) -> None:
    line = sale_line(337.5, Qty=4.5, UnitPrice=75)
    answer = company.post("invoice", {"CustomerRef": {"value": "1"}, "Line": [line]})
    for printed in (
        '"Amount":337.50',
        '"UnitPrice":75,"Qty":4.5',
        '"TotalAmt":337.50',
        '"TxnTaxDetail":{"TotalTax":0}',
    ):
        assert printed in answer.text


@fact("4 the content type of answers has a charset, that of faults has none")
def _(company: Company) -> None:
    assert company.get("customer/1").headers["Content-Type"] == "application/json;charset=utf-8"
    assert company.get("customer/99").headers["Content-Type"] == "application/json"


@fact("4 ids and SyncTokens are strings, domain is QBO and sparse false")
def _(company: Company) -> None:
    for kind, entity in (("Customer", company.read("Customer", "1")), ("Invoice", company.invoice())):
        assert (type(entity["Id"]), type(entity["SyncToken"])) == (str, str), kind
        assert (entity["domain"], entity["sparse"]) == ("QBO", False)


@pytest.mark.parametrize("check", [check for _, check in FACTS], ids=[name for name, _ in FACTS])
def test_fact(company: Company, check: Fact) -> None:
    check(company)

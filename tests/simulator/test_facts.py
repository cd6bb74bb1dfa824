"""The table of facts about the protocol and its bytes: each verified one is held to a request and its answer.

A fact is named by its section (1 protocol, 4 bytes) and a sentence. Facts with tests of their own elsewhere (OAuth,
limits, batches, CDC, webhooks) are here only where bytes or headers are meant.
"""

import re

import pytest
import requests

from tests.simulator.client import Company, sale_line
from tests.simulator.facts import OFFSET, STAMP, Fact, Table, fault, raw

TABLE = Table()
fact = TABLE.fact


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
    assert answer.text.startswith('{"BatchItemResponse":[{"Vendor":{"Balance":0,"BillRate":0,"Vendor1099":false,')
    assert re.search(r'\},"bId":"bid1"\}\],"time":"[^"]+"\}$', answer.text)


@fact("1.8 lists come in the order of their full names, sub-customers under their parents")
def _(company: Company) -> None:
    company.write("Customer", {"DisplayName": "0969 Ocean View Road", "ParentRef": {"value": "1"}})
    company.write("Customer", {"DisplayName": "Amy's Bird Zoo"})
    names = [each["DisplayName"] for each in company.query("select * from Customer")["Customer"]]
    assert names == ["Amy's Bird Sanctuary", "0969 Ocean View Road", "Amy's Bird Zoo", "Weiskopf Consulting"]


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


@pytest.mark.parametrize("check", TABLE.checks, ids=TABLE.names)
def test_fact(company: Company, check: Fact) -> None:
    check(company)

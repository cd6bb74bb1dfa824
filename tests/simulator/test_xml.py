"""The XML form, for clients that speak it: requests and answers in the shapes that such clients have recorded."""

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.simulator.client import Company

NAMESPACE = "http://schema.intuit.com/finance/v3"
N = f"{{{NAMESPACE}}}"
INVOICE = """<Invoice xmlns="http://schema.intuit.com/finance/v3" sparse="false"><TxnDate>2026-11-20</TxnDate><Line>
<Description>Plush &amp; Baby Doll</Description><Amount>50</Amount><DetailType>SalesItemLineDetail</DetailType>
<SalesItemLineDetail><ItemRef>1</ItemRef><UnitPrice>50</UnitPrice><Qty>1</Qty></SalesItemLineDetail></Line>
<CustomerRef>1</CustomerRef><CustomerMemo>Thank you</CustomerMemo></Invoice>"""


def post(company: Company, path: str, text: str, content_type: str = "application/xml") -> requests.Response:
    """POST XML and ask for XML."""
    headers = {"Content-Type": content_type, "Accept": "application/xml"}
    return company.session.post(f"{company.base}/{path}", data=text.encode(), headers=headers, timeout=10)


def root(answer: requests.Response) -> ET.Element:
    """The IntuitResponse of a good answer."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/xml"), answer.text
    found = ET.fromstring(answer.text)  # noqa: S314 - the simulator's own
    assert found.tag == N + "IntuitResponse"
    assert re.match(r"\d{4}-\d\d-\d\dT.*\.\d{3}-0[78]:00$", found.attrib["time"])
    return found


def test_an_invoice_is_made_and_read_in_the_recorded_shape(company: Company) -> None:
    invoice = root(post(company, "invoice", INVOICE))[0]
    assert (invoice.tag, invoice.attrib) == (N + "Invoice", {"domain": "QBO", "sparse": "false"})
    for shape in (
        '<CustomerRef name="Amy\'s Bird Sanctuary">1</CustomerRef>', "<CustomerMemo>Thank you</CustomerMemo>",
        "<Description>Plush &amp; Baby Doll</Description>", '<ItemRef name="Services">1</ItemRef>',
        "<TaxCodeRef>NON</TaxCodeRef>", "<SubTotalLineDetail/>", "<TotalAmt>50.00</TotalAmt>", "<TotalTax>0</TotalTax>",
        "<AllowIPNPayment>false</AllowIPNPayment>", '<CurrencyRef name="United States Dollar">USD</CurrencyRef>',
    ):  # fmt: skip
        assert shape in post(company, "query", "select * from Invoice", "application/text").text, shape
    assert company.read("Invoice", "1")["Line"][0]["SalesItemLineDetail"]["UnitPrice"] == 50


def test_queries_carry_positions_as_attributes(company: Company) -> None:
    found = root(post(company, "query", "select * from Customer orderby Id", "application/text"))[0]
    assert (found.tag, found.attrib) == (N + "QueryResponse", {"startPosition": "1", "maxResults": "2"})
    assert [each.findtext(N + "Id") for each in found] == ["1", "2"]
    empty = post(company, "query", "select * from Payment", "application/text")
    assert "<QueryResponse/>" in empty.text


def test_a_sparse_update_and_a_delete(company: Company) -> None:
    text = f'<Customer xmlns="{NAMESPACE}" sparse="true"><Id>1</Id><SyncToken>0</SyncToken><Notes>x</Notes></Customer>'
    assert root(post(company, "customer", text))[0].findtext(N + "SyncToken") == "1"
    assert company.read("Customer", "1")["DisplayName"] == "Amy's Bird Sanctuary"
    root(post(company, "invoice", INVOICE))
    gone = post(company, "invoice?operation=delete", "<Invoice><Id>1</Id><SyncToken>0</SyncToken></Invoice>")
    assert '<Invoice domain="QBO" status="Deleted"><Id>1</Id></Invoice>' in gone.text


def test_a_payment_shows_its_line_details(company: Company) -> None:
    root(post(company, "invoice", INVOICE))
    text = """<Payment><CustomerRef>1</CustomerRef><TotalAmt>20</TotalAmt><Line><Amount>20</Amount><LinkedTxn>
    <TxnId>1</TxnId><TxnType>Invoice</TxnType></LinkedTxn></Line></Payment>"""
    answer = post(company, "payment", text)
    assert "<LineEx><NameValue><Name>txnId</Name><Value>1</Value></NameValue>" in answer.text
    assert company.read("Invoice", "1")["Balance"] == 30


def test_a_batch_and_its_faults(company: Company) -> None:
    text = """<IntuitBatchRequest xmlns="http://schema.intuit.com/finance/v3">
    <BatchItemRequest bId="1" operation="create"><Customer><DisplayName>From XML</DisplayName></Customer>
    </BatchItemRequest>
    <BatchItemRequest bId="2" operation="create"><Vendor><DisplayName>from xml</DisplayName></Vendor></BatchItemRequest>
    <BatchItemRequest bId="3"><Query>select * from Customer where Id = '1'</Query></BatchItemRequest>
    </IntuitBatchRequest>"""
    made, refused, found = root(post(company, "batch", text))
    assert (made.attrib["bId"], made[0].findtext(N + "DisplayName")) == ("1", "From XML")
    assert refused[0][0].attrib["code"] == "6240"
    assert found[0].attrib["maxResults"] == "1"


def test_changes_are_captured(company: Company) -> None:
    since = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    company.session.headers["Accept"] = "application/xml"
    customers, invoices = root(company.get("cdc", entities="Customer,Invoice", changedSince=since))[0]
    assert (customers.attrib["maxResults"], len(invoices)) == ("2", 0)


@pytest.mark.parametrize(
    "text",
    ["", "<", "<Customer>", "not xml", "<Customer/>", "<a>" * 100 + "</a>" * 100, '<Customer x="1">text</Customer>',
     '<!DOCTYPE a [<!ENTITY b "bb">]><Customer><DisplayName>&b;</DisplayName></Customer>',
     "<Customer><Bogus>1</Bogus></Customer>", "<Customer><DisplayName><b>x</b></DisplayName></Customer>"],
)  # fmt: skip
def test_what_is_no_good_xml_is_a_fault_in_xml(company: Company, text: str) -> None:
    before = company.everything()
    answer = post(company, "customer", text)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/xml")
    assert '<Fault type="ValidationFault"><Error code="20' in answer.text
    assert company.everything() == before

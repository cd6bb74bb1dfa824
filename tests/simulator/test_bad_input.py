"""Hostile and broken input: the fault that Intuit gives where it is known, never a traceback, never a change."""

import socket
from collections.abc import Iterator

import pytest
import requests

from tests.simulator.client import Company, sale_line
from tests.simulator.conftest import Process

GOOD = {"CustomerRef": {"value": "1"}, "Line": [sale_line()]}


@pytest.fixture(autouse=True)
def _nothing_changes(company: Company) -> Iterator[None]:
    """Whatever is sent, the company is as it was."""
    before = company.everything()
    yield
    assert company.everything() == before


def code(answer: requests.Response) -> str:
    """The code of a Fault."""
    return str(answer.json()["Fault"]["Error"][0]["code"])


def raw(company: Company, path: str, data: bytes, content_type: str = "application/json") -> requests.Response:
    """POST bytes as they are."""
    headers = {"Content-Type": content_type}
    return company.session.post(f"{company.base}/{path}", data=data, headers=headers, timeout=30)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"42", b'"text"', b'{"DisplayName": "x"', b'{"DisplayName": NaN}', b"{'a': 1}",
     b'{"DisplayName": "\\ud800"}', b"[" * 100_000, b'{"a":' * 50_000, b'{"TotalAmt": 1e999999}'],
)  # fmt: skip
@pytest.mark.parametrize("path", ["customer", "payment", "batch"])
def test_malformed_json_is_a_validation_fault(company: Company, path: str, data: bytes) -> None:
    answer = raw(company, path, data)
    assert answer.status_code == 400
    assert answer.json()["Fault"]["type"] == "ValidationFault"


def test_bytes_that_are_no_utf8_are_said_to_be_malformed(company: Company) -> None:
    answer = raw(company, "customer", b'{"DisplayName": "Jos\xe9"}')
    assert (answer.status_code, code(answer)) == (400, "500")
    assert "MalformedByteSequenceException" in answer.text
    assert (
        code(raw(company, "query", b"select * from Customer where DisplayName = 'Jos\xe9'", "application/text"))
        == "500"
    )


@pytest.mark.parametrize(
    ("path", "content_type"),
    [("customer", "text/plain"), ("customer", "application/pdf"), ("batch", "application/text"),
     ("query", "application/json")],
)  # fmt: skip
def test_a_wrong_content_type_is_unsupported(company: Company, path: str, content_type: str) -> None:
    answer = raw(company, path, b'{"DisplayName": "x"}', content_type)
    assert (answer.status_code, code(answer)) == (400, "500")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "customer/1/5"), ("GET", "kangaroo/1"), ("GET", "Customer/1"), ("PUT", "customer"),
     ("DELETE", "customer/1"), ("PATCH", "customer/1"), ("GET", ""), ("POST", "customer/1"), ("GET", "batch"),
     ("POST", "cdc"), ("GET", "../x"),
     ("POST", "customer?operation=explode"), ("POST", "reports/ProfitAndLoss")],
)  # fmt: skip
def test_an_address_that_leads_nowhere_is_unsupported(company: Company, method: str, path: str) -> None:
    answer = company.session.request(method, f"{company.base}/{path}", json={"DisplayName": "x"}, timeout=10)
    assert answer.status_code in (400, 404)
    if answer.status_code == 400:
        assert code(answer) in ("500", "2020")


@pytest.mark.parametrize("number", ["1.5", "abc", "-1", "1%27", "٣", "1e3"])
def test_an_id_that_is_no_number_is_2030(company: Company, number: str) -> None:
    answer = company.get(f"customer/{number}")
    assert (answer.status_code, code(answer)) == (400, "2030")


@pytest.mark.parametrize("number", ["999", "0", "9" * 30])
def test_an_id_of_nothing_is_610(company: Company, number: str) -> None:
    assert code(company.get(f"customer/{number}")) == "610"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"DisplayName": "x" * 1_000_000}, "2050"),
        ({"DisplayName": "x" * 501}, "2050"),
        ({"DisplayName": "x", "GivenName": "g" * 101}, "2050"),
        ({"DisplayName": "x", "Title": "t" * 17}, "2050"),
        ({"DisplayName": "x", "Notes": "n" * 2001}, "2050"),
        ({"DisplayName": "x", "PrimaryPhone": {"FreeFormNumber": "5" * 31}}, "2050"),
        ({"DisplayName": "x", "PrimaryEmailAddr": {"Address": "e" * 101}}, "2050"),
        ({"DisplayName": ["x"]}, "2010"),
        ({"DisplayName": {"a": 1}}, "2010"),
        ({"DisplayName": "x", "Active": "perhaps"}, "2010"),
        ({"DisplayName": "x", "BillAddr": "here"}, "2010"),
        ({"DisplayName": "x", "BillAddr": {"Planet": "Mars"}}, "2010"),
        ({"DisplayName": "x", "ParentRef": ["1"]}, "2010"),
        ({"DisplayName": "x", "PreferredDeliveryMethod": "Pigeon"}, "2170"),
        ({"DisplayName": "   "}, "2020"),
        ({}, "2020"),
        ({"DisplayName": "x", "ParentRef": {"value": "1'; --"}}, "2500"),
        ({"DisplayName": "x", "CurrencyRef": {"value": "EUR"}}, "6000"),
        ({"DisplayName": "x", "__proto__": {}}, "2010"),
    ],
)
def test_values_that_do_not_fit_are_refused(company: Company, values: dict, expected: str) -> None:
    answer = company.post("customer", values)
    assert (answer.status_code, code(answer)) == (400, expected), answer.text[:300]
    assert len(answer.text) < 5000


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({**GOOD, "Line": "x"}, "2010"),
        ({**GOOD, "Line": [7]}, "2010"),
        ({**GOOD, "Line": [sale_line("12,50")]}, "2010"),
        ({**GOOD, "Line": [sale_line("1e30")]}, "6000"),
        ({**GOOD, "Line": [sale_line(10**14)]}, "6000"),
        ({**GOOD, "Line": [sale_line(True)]}, "2010"),
        ({**GOOD, "Line": [sale_line(-1)]}, "6000"),
        ({**GOOD, "Line": [{**sale_line(), "SalesItemLineDetail": "x"}]}, "2010"),
        ({**GOOD, "Line": [{**sale_line(), "DetailType": "Bribe"}]}, "2170"),
        ({**GOOD, "TxnDate": "2026-02-30"}, "2010"),
        ({**GOOD, "TxnDate": 20260230}, "2010"),
        ({**GOOD, "DueDate": "tomorrow"}, "2010"),
        ({**GOOD, "CustomerRef": {"value": None}}, "2020"),
        ({**GOOD, "DocNumber": "9" * 22}, "2050"),
        ({**GOOD, "TxnTaxDetail": "x"}, "2010"),
        ({**GOOD, "CustomerMemo": {"value": "m" * 1001}}, "2050"),
        ({**GOOD, "CustomField": 5, "BillEmail": {"Address": 5, "Bcc": "x"}}, "2010"),
    ],
)
def test_invoices_that_do_not_fit_are_refused(company: Company, values: dict, expected: str) -> None:
    answer = company.post("invoice", values)
    assert (answer.status_code, code(answer)) == (400, expected), answer.text[:300]


@pytest.mark.parametrize(
    "line",
    ["x", {}, {"Amount": 5}, {"Amount": 5, "LinkedTxn": "x"}, {"Amount": 5, "LinkedTxn": [5]},
     {"Amount": 5, "LinkedTxn": []},
     {"Amount": 5, "LinkedTxn": [{"TxnId": "x", "TxnType": "Invoice"}]},
     {"Amount": 5, "LinkedTxn": [{"TxnId": "1", "TxnType": "Bribe"}]},
     {"Amount": 5, "LinkedTxn": [{"TxnId": {"a": 1}, "TxnType": ["Invoice"]}]},
     {"LinkedTxn": [{"TxnId": "1", "TxnType": "Invoice"}]}],
)  # fmt: skip
def test_payment_lines_that_do_not_fit_are_refused(company: Company, line: object) -> None:
    answer = company.post("payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 10, "Line": [line]})
    assert answer.status_code == 400
    assert answer.json()["Fault"]["type"] == "ValidationFault"


@pytest.mark.parametrize(
    "item",
    [5, None, {}, {"bId": "1"}, {"bId": "1", "Customer": 5, "operation": "create"},
     {"bId": "1", "Customer": {}, "Vendor": {}}, {"bId": {"a": 1}, "Query": 5},
     {"bId": "1", "operation": ["create"], "Customer": {"DisplayName": ["x"]}}],
)  # fmt: skip
def test_batch_items_that_do_not_fit_are_refused(company: Company, item: object) -> None:
    answer = company.post("batch", {"BatchItemRequest": [item]})
    assert answer.status_code in (200, 400)
    assert '"Fault"' in answer.text


def test_a_body_beyond_the_cap_is_refused(company: Company) -> None:
    answer = raw(company, "customer", b" " * (11 * 1024 * 1024))
    assert answer.status_code == 413
    assert answer.json()["Fault"]["Error"][0]["code"] == "10000"


def test_another_realm_and_no_realm_are_refused(company: Company) -> None:
    for realm in ("1", "nonsense", "%00"):
        answer = company.session.get(f"{company.url}/v3/company/{realm}/customer/1", timeout=10)
        assert (answer.status_code, answer.json()["fault"]["error"][0]["code"]) == (403, "3100")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic eA==", "Bearer x\\y", "bearer nonsense"])
def test_without_a_good_token_everything_is_401(company: Company, header: str) -> None:
    answer = requests.get(f"{company.base}/customer/1", headers={"Authorization": header}, timeout=10)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "sent",
    [b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", b"\x16\x03\x01\x02\x00\x01",
     b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_http_is_refused_and_the_next_is_answered(process: Process, company: Company, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", process.port), timeout=10) as connection:
        connection.sendall(sent)
        assert b" 400 " in connection.recv(4096).splitlines()[0]
    assert company.get("customer/1").ok


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/_sim/companies", []), ("/_sim/companies", {"Kangaroo": []}), ("/_sim/companies", {"Customer": {}}),
        ("/_sim/companies", {"Customer": [{"DisplayName": "a:b"}]}), ("/_sim/companies", {"Customer": ["x"]}),
        ("/_sim/companies", {"Customer": [{"Id": "x", "DisplayName": "y"}]}), ("/_sim/companies", {"realm_id": "../x"}),
        ("/_sim/companies", {"Customer": [{"Id": "1", "DisplayName": "y"}, {"Id": "1", "DisplayName": "z"}]}),
        ("/_sim/companies", {"options": {"bogus": 1}}), ("/_sim/companies", {"time_zone": "Mars/Base"}),
        ("/_sim/companies", {"Preferences": []}), ("/_sim/clock", {}), ("/_sim/clock", {"offset_s": "x"}),
        ("{}/latency", {"request_ms": -1}), ("{}/latency", {"request_ms": "x"}), ("{}/limits", {"scale": None}),
        ("{}/merge", {}), ("{}/merge", {"from": "1", "into": "1"}), ("{}/merge", {"from": "1", "into": "99"}),
        ("{}/webhooks", {"url": "http://x/"}), ("{}/options", {"name_equality": 5}),
        ("{}/options", {"name_equality": "odd"}), ("{}/options", {"monthly_reads": -1}), ("{}/change", {"entity": "x"}),
        ("{}/change", {"entity": "Customer", "id": "1", "operation": "explode"}),
    ],
)  # fmt: skip
def test_the_control_api_says_what_is_wrong(company: Company, path: str, body: object) -> None:
    known = requests.get(f"{company.url}/_sim/companies", timeout=10).json()
    url = company.url + path.replace("{}", f"/_sim/companies/{company.realm}")
    answer = requests.post(url, json=body, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert requests.get(f"{company.url}/_sim/companies", timeout=10).json() == known


@pytest.mark.parametrize("prop", ["CustomField", "OtherContactInfo", "BillAddr"])
def test_values_nested_absurdly_deep_are_refused(company: Company, prop: str) -> None:
    data = f'{{"DisplayName": "Deep", "{prop}": {"[" * 500}{"]" * 500}}}'.encode()
    assert code(raw(company, "customer", data)) == "2010"
    assert code(raw(company, "batch", b'{"BatchItemRequest": [{"bId": "1", "operation": "create", "Customer": '
                    + data + b"}]}")) == "2010"  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "select Id from Customer where " + " and ".join(["Id > '0'"] * 5000),  # noqa: S608
        "select Id from Customer orderby " + ",".join(["Id"] * 3000),  # noqa: S608
        "select " + ",".join(["Id"] * 20_000) + " from Customer",  # noqa: S608
        "select Id from Customer where Balance > '1e999999999'",
        "select Id from Customer where Balance > '-1e-999999999'",
    ],
)
def test_queries_of_absurd_size_mean_nothing(company: Company, text: str) -> None:
    assert code(raw(company, "query", text.encode(), "application/text")) == "4001"


def test_a_long_query_fits_into_an_address(company: Company) -> None:
    many = ",".join(f"'{number}'" for number in range(1, 3000))
    answer = company.get("query", query=f"select Id from Customer where Id in ({many}) orderby Id")  # noqa: S608
    assert [each["Id"] for each in answer.json()["QueryResponse"]["Customer"]] == ["1", "2"]


def test_a_token_that_is_no_text_is_a_401(company: Company) -> None:
    answer = requests.get(f"{company.base}/customer/1", headers={"Authorization": b"Bearer \xff\xfe"}, timeout=10)
    assert (answer.status_code, answer.json()["fault"]["error"][0]["code"]) == (401, "3200")


@pytest.mark.parametrize("path", ["oauth2/v1/tokens/bearer", "v2/oauth2/tokens/revoke", "connect/oauth2"])
@pytest.mark.parametrize("data", [b"\xff\xff=%ff", b"grant_type=%ed%a0%80", b"a" * 100_000, b"=&=&="])
def test_a_form_that_is_no_text_is_refused(company: Company, path: str, data: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": "Basic %%%"}
    answer = requests.post(f"{company.url}/{path}", data=data, headers=headers, timeout=10)
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("name", ["a\x00b", "a\x1bb", "a\rb"])
def test_control_characters_are_no_part_of_a_name(company: Company, name: str) -> None:
    assert code(company.post("customer", {"DisplayName": name})) == "2040"


@pytest.mark.parametrize(
    "body",
    [
        [], None, {}, {"TaxCode": "C"}, {"TaxCode": "C", "TaxRateDetails": {}},
        {"TaxCode": "C", "TaxRateDetails": [None]},
        {"TaxCode": "C", "TaxRateDetails": [{"TaxRateId": "../1"}]},
        {"TaxCode": "C", "TaxRateDetails": [{"TaxRateName": "R", "RateValue": "much", "TaxAgencyId": "1"}]},
        {"TaxCode": "C", "TaxRateDetails": [{"TaxRateName": "R", "RateValue": 7, "TaxAgencyId": "99"}]},
        {"TaxCode": "x" * 1000, "TaxRateDetails": [{"TaxRateName": "R", "RateValue": 7, "TaxAgencyId": "1"}]},
        {"TaxCode": "C:D", "TaxRateDetails": [{"TaxRateName": "R", "RateValue": 7, "TaxAgencyId": "1"}]},
    ],
)  # fmt: skip
def test_a_broken_tax_code_leaves_neither_code_nor_rate(company: Company, body: object) -> None:
    answer = company.post("taxservice/taxcode", body)
    assert (answer.status_code, answer.json()["Fault"]["type"]) == (400, "ValidationFault")

"""The pages on which a person looks at the companies and changes them, as plain HTTP."""

import re

import pytest
import requests

from tests.simulator.client import Company, applied, control


@pytest.fixture
def books(company: Company) -> dict:
    """An invoice, half paid, and a name that wants to be a script."""
    company.write("Customer", {"DisplayName": "<script>alert(1)</script>"})
    invoice = company.invoice(100)
    return {"invoice": invoice, "payment": company.payment(50, applied(invoice, 50))}


def page(company: Company, path: str, **params: str) -> str:
    """A page's text."""
    answer = requests.get(f"{company.url}{path}", params=params, timeout=10)
    assert answer.status_code == 200, answer.text
    assert "Simulator</span>" in answer.text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    return answer.text


def act(company: Company, place: str, **form: str) -> requests.Response:
    """Press a button on a page."""
    return requests.post(f"{company.url}/company/{company.realm}/{place}", data=form, timeout=10)


def test_every_page_shows_and_escapes(company: Company, books: dict) -> None:
    base = f"/company/{company.realm}"
    assert "<script>alert" not in page(company, f"{base}/customers")
    assert "&lt;script&gt;" in page(company, f"{base}/customers")
    assert "50.00" in page(company, f"{base}/customers/1")
    assert "1001" in page(company, f"{base}/invoices")
    assert "Payment " in page(company, f"{base}/invoices/{books['invoice']['Id']}")
    assert "Invoice " in page(company, f"{base}/payments/{books['payment']['Id']}")
    for rest in ("", "/payments", "/vendors", "/employees", "/settings", "/faults"):
        page(company, base + rest)
    assert company.realm in page(company, "/")
    assert "create Invoice" in page(company, "/log", realm=company.realm)


def test_lists_are_searched_by_name_number_and_id(company: Company, books: dict) -> None:
    base = f"/company/{company.realm}"
    assert "Weiskopf" in page(company, f"{base}/customers", q="WEISKOPF")
    assert "Amy" not in page(company, f"{base}/customers", q="weiskopf")
    assert "1001" in page(company, f"{base}/invoices", q="amy")
    assert "Nothing found" in page(company, f"{base}/invoices", q="nobody' OR 1=1")
    assert "Page 1 of 1" in page(company, f"{base}/invoices", page="99")


@pytest.mark.parametrize("parameter", ["realm", "deeplinkcompanyid"])
def test_quickbooks_own_addresses_lead_to_the_pages(company: Company, books: dict, parameter: str) -> None:
    assert "<h1>Amy&#39;s Bird Sanctuary" in page(
        company, "/app/customerdetail", nameId="1", **{parameter: company.realm}
    )
    invoice, payment = books["invoice"]["Id"], books["payment"]["Id"]
    assert "<h1>Invoice 1001" in page(company, "/app/invoice", txnId=invoice, **{parameter: company.realm})
    assert "<h1>Payment" in page(company, "/app/recvpayment", txnId=payment, **{parameter: company.realm})
    assert requests.get(f"{company.url}/app/invoice?txnId=987654321", timeout=10).status_code == 404


def test_a_person_renames_deactivates_and_reactivates(company: Company) -> None:
    assert "Saved." in act(company, "customers/1", action="edit", DisplayName="Amy's Birds", CompanyName="").text
    assert company.read("Customer", "1")["DisplayName"] == "Amy's Birds"
    assert "Made inactive." in act(company, "customers/1", action="deactivate").text
    assert company.read("Customer", "1")["Active"] is False
    assert "Active again." in act(company, "customers/1", action="reactivate").text
    refused = act(company, "customers/1", action="edit", DisplayName="Weiskopf Consulting", CompanyName="")
    assert refused.status_code == 400
    assert "Duplicate Name Exists Error" in refused.text


def test_a_person_merges(company: Company) -> None:
    merged = act(company, "customers/2", action="merge", into="1")
    assert "Merged." in merged.text
    assert merged.url.split("?")[0].endswith("/customers/1")
    assert company.read("Customer", "2")["Active"] is False


def test_a_person_deposits_voids_and_deletes(company: Company, books: dict) -> None:
    payment = f"payments/{books['payment']['Id']}"
    assert "Deposited" in act(company, payment, action="deposit").text
    assert "Deposited Transaction cannot be changed" in act(company, payment, action="delete").text
    free = company.payment(5)
    assert "Voided." in act(company, f"payments/{free['Id']}", action="void").text
    invoice = f"invoices/{books['invoice']['Id']}"
    assert "Deleted." in act(company, invoice, action="delete").text
    assert act(company, invoice, action="delete").status_code == 400
    assert act(company, invoice, action="explode").status_code == 400


def test_a_person_closes_the_books_and_slows_the_service(company: Company) -> None:
    form = {"book_close_date": "2025-12-31", "throttle_scale": "2", "request_ms": "1", "batch_item_ms": "0"}
    assert "Saved." in act(company, "settings", **form, custom_numbers="on").text
    assert company.control("limits", {})["scale"] == 2
    refused = company.post("payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 1, "TxnDate": "2025-01-01"})
    assert refused.json()["Fault"]["Error"][0]["code"] == "6210"
    assert "numbers of 0 or more" in act(company, "settings", **{**form, "request_ms": "-1"}).text
    assert act(company, "settings", **{**form, "book_close_date": "soon"}).status_code == 400


def test_a_person_plans_and_clears_faults(company: Company) -> None:
    assert "planned" in act(company, "faults", plan='{"kind": "http", "status": 503}').text
    assert company.get("customer/1").status_code == 503
    assert "Not planned" in act(company, "faults", plan='{"kind": "explode"}').text
    assert act(company, "faults", plan="{").status_code == 400
    assert "are gone" in act(company, "faults", action="clear").text
    assert control(company.url, "GET", f"/_sim/companies/{company.realm}/faults") == []


def test_other_sites_cannot_press_the_buttons(company: Company) -> None:
    url = f"{company.url}/company/{company.realm}/customers/1"
    answer = requests.post(url, data={"action": "deactivate"}, headers={"Origin": "http://evil.test"}, timeout=10)
    assert answer.status_code == 403
    assert company.read("Customer", "1")["Active"] is True


def test_everything_the_pages_load_is_their_own(company: Company) -> None:
    text = page(company, "/log", realm=company.realm)
    loaded = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert all(each.startswith("/") for each in loaded)
    for each in loaded:
        assert requests.get(f"{company.url}{each.replace('&amp;', '&')}", timeout=10).status_code == 200

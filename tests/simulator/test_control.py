"""The control API: companies from lists of any size, repeatable seeds, what a person changes, stats."""

from collections.abc import Callable

import requests

from tests.simulator.client import Company, control
from tests.simulator.conftest import Process


def test_a_seed_can_be_repeated_and_changes_nothing_the_second_time(process: Process) -> None:
    seed = {"realm_id": "9130000000000042", "name": "Demo", "Customer": [{"DisplayName": "A"}]}
    assert control(process.url, "POST", "/_sim/companies", seed) == {"realm_id": seed["realm_id"], "created": True}
    company = Company(process.url, "9130000000000042")
    before = company.everything()
    again = {**seed, "Customer": [{"DisplayName": "B"}]}
    assert control(process.url, "POST", "/_sim/companies", again)["created"] is False
    assert company.everything() == before


def test_entries_may_carry_ids_and_refer_to_each_other(make_company: Callable[..., Company]) -> None:
    line = {"Amount": 50, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "7"}}}
    company = make_company(
        Item=[{"Id": "7", "Name": "Advice", "IncomeAccountRef": {"value": "1"}}],
        Customer=[{"Id": "500", "DisplayName": "Top"}, {"DisplayName": "Below", "ParentRef": {"value": "500"}}],
        Invoice=[{"Id": "90", "DocNumber": "X-1", "CustomerRef": {"value": "500"}, "Line": [line]}],
        Payment=[{"CustomerRef": {"value": "500"}, "TotalAmt": 20,
                  "Line": [{"Amount": 20, "LinkedTxn": [{"TxnId": "90", "TxnType": "Invoice"}]}]}],
    )  # fmt: skip
    assert company.read("Invoice", "90")["Balance"] == 30
    assert company.read("Customer", "501")["FullyQualifiedName"] == "Top:Below"
    assert company.write("Customer", {"DisplayName": "Next"})["Id"] == "502"
    assert {each["Name"] for each in company.query("select * from Item")["Item"]} == {"Advice", "Services", "Hours"}


def test_a_given_default_is_replaced_not_doubled(make_company: Callable[..., Company]) -> None:
    company = make_company(
        Account=[{"Id": "4", "Name": "Undeposited", "AccountType": "Other Current Asset"}],
        Item=[{"Name": "services", "UnitPrice": 90}],
    )
    assert company.read("Account", "4")["Name"] == "Undeposited"
    items = company.query("select * from Item where Id = '1'")["Item"]
    assert (items[0]["Name"], items[0]["UnitPrice"]) == ("services", 90)


def test_inactive_entries_are_made_inactive_as_in_a_companys_past(make_company: Callable[..., Company]) -> None:
    company = make_company(Customer=[{"Id": "1", "DisplayName": "Gone", "Active": False}])
    gone = company.read("Customer", "1")
    assert (gone["DisplayName"], gone["Active"], gone["SyncToken"]) == ("Gone (deleted)", False, "1")


def test_a_large_seed_is_taken_and_paged(make_company: Callable[..., Company]) -> None:
    company = make_company(Customer=[{"DisplayName": f"Customer {number:05}"} for number in range(5000)])
    seen: set[str] = set()
    for start in range(1, 6000, 1000):
        page = company.query(f"select Id from Customer orderby Id maxresults 1000 startposition {start}")  # noqa: S608
        seen |= {each["Id"] for each in page.get("Customer", [])}
    assert len(seen) == 5000


def test_stats_count_what_was_asked_and_what_there_is(company: Company) -> None:
    company.query("select * from Customer")
    company.invoice(10)
    company.delete("Invoice", company.invoice(10))
    company.batch({"operation": "create", "Customer": {"DisplayName": "B"}}, {"Query": "select * from Item"})
    found = company.control("stats", method="GET")
    assert found["requests"] == {"query": 1, "create": 2, "delete": 1, "batch": 1}
    assert found["batch_items"] == {"create": 1, "query": 1}
    assert (found["throttled"], found["entities"]["Invoice"], found["entities"]["Customer"]) == (0, 1, 3)


def test_entities_are_listed_with_the_inactive_and_the_deleted(company: Company) -> None:
    company.delete("Invoice", company.invoice(10))
    company.update("Customer", company.read("Customer", "1"), Active=False)
    assert company.control("entities/Invoice", method="GET")[0]["status"] == "Deleted"
    assert [each["Active"] for each in company.control("entities/Customer", method="GET")] == [False, True]


def test_a_person_changes_things_without_token_or_synctoken(company: Company) -> None:
    company.control("change", {"entity": "Customer", "id": "1", "values": {"DisplayName": "Renamed"}})
    assert company.read("Customer", "1")["DisplayName"] == "Renamed"
    made = company.control("change", {"entity": "CustomerType", "operation": "create", "values": {"Name": "Trust"}})
    assert company.read("CustomerType", made["id"])["Name"] == "Trust"
    invoice = company.invoice(10)
    company.control("change", {"entity": "Invoice", "id": invoice["Id"], "operation": "delete"})
    assert company.query("select * from Invoice") == {}


def test_an_unknown_company_is_404(process: Process) -> None:
    for path in ("stats", "faults", "entities/Customer"):
        assert requests.get(f"{process.url}/_sim/companies/1/{path}", timeout=10).status_code == 404


def test_a_non_us_company_uses_its_own_tax_codes_and_time(make_company: Callable[..., Company]) -> None:
    company = make_company(
        country="CA", time_zone="America/Toronto", Customer=[{"Id": "1", "DisplayName": "A"}],
        Preferences={"TaxPrefs": {"UsingSalesTax": True}, "CurrencyPrefs": {"HomeCurrency": {"value": "CAD"}}},
    )  # fmt: skip
    invoice = company.invoice(100, GlobalTaxCalculation="NotApplicable")
    assert (invoice["CurrencyRef"]["value"], invoice["TotalAmt"]) == ("CAD", 100)
    detail = {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "2"}}
    line = {"Amount": 100, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    body = {"CustomerRef": {"value": "1"}, "Line": [line], "GlobalTaxCalculation": "TaxExcluded"}
    assert company.write("Invoice", body)["TotalAmt"] == 108
    inclusive = company.write("Invoice", {**body, "GlobalTaxCalculation": "TaxInclusive"})
    assert (inclusive["TotalAmt"], inclusive["TxnTaxDetail"]["TotalTax"]) == (100, 7.41)
    assert company.get(f"companyinfo/{company.realm}").json()["time"][-6:] in ("-05:00", "-04:00")


def test_outside_the_us_every_line_bears_a_tax_code(make_company: Callable[..., Company]) -> None:
    company = make_company(
        country="GB", Customer=[{"Id": "1", "DisplayName": "A"}], Preferences={"TaxPrefs": {"UsingSalesTax": True}}
    )
    line = {"Amount": 100, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}
    refused = company.post("invoice", {"CustomerRef": {"value": "1"}, "Line": [line]})
    assert refused.json()["Fault"]["Error"][0]["code"] == "6000"


def test_automated_sales_tax_keeps_the_amount_that_is_sent_or_computes_its_own(
    make_company: Callable[..., Company],
) -> None:
    detail = {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "TAX"}}
    line = {"Amount": 100, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    body = {"CustomerRef": {"value": "1"}, "Line": [line], "TxnTaxDetail": {"TotalTax": 5}}
    for answer, total in (("keep", 105), ("recompute", 108)):
        company = make_company(
            Customer=[{"Id": "1", "DisplayName": "A"}],
            Preferences={"TaxPrefs": {"UsingSalesTax": True, "PartnerTaxEnabled": True}},
            options={"automated_tax": answer},
        )
        assert company.write("Invoice", body)["TotalAmt"] == total


def test_several_currencies_need_to_be_switched_on(make_company: Callable[..., Company]) -> None:
    company = make_company(
        Customer=[{"Id": "1", "DisplayName": "Euro Ltd", "CurrencyRef": {"value": "EUR"}}],
        Preferences={"CurrencyPrefs": {"MultiCurrencyEnabled": True}},
    )
    assert company.invoice(10)["CurrencyRef"]["value"] == "EUR"
    refused = company.post("payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 1, "CurrencyRef": {"value": "USD"}})
    assert refused.json()["Fault"]["Error"][0]["code"] == "6000"


def test_the_sample_company_has_something_of_everything(make_company: Callable[..., Company]) -> None:
    company = make_company(sample=True, Customer=[{"DisplayName": "One More"}])
    assert company.read("Customer", "9")["FullyQualifiedName"] == "Freeman Sporting Goods:55 Twin Lane"
    assert company.read("Customer", "1")["Balance"] == 167
    assert company.query("select * from Item where Type = 'Inventory'")["maxResults"] == 2
    for kind in ("Vendor", "Employee", "Payment", "Estimate", "CustomerType"):
        assert company.query(f"select count(*) from {kind}")["totalCount"] >= 1  # noqa: S608
    assert company.query("select * from Customer where DisplayName = 'One More'")["maxResults"] == 1


def test_forms_are_given_as_pdf(company: Company) -> None:
    invoice = company.invoice(100, PrivateNote="(x)")
    answer = company.get(f"invoice/{invoice['Id']}/pdf")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-1.4")
    assert b"(Invoice 1001)" in answer.content
    assert answer.content.endswith(b"%%EOF\n")
    assert company.get("customer/1/pdf").status_code == 400

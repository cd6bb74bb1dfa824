"""Invoices: lines and totals, numbers, dates, void and delete, closed books, tax."""

from collections.abc import Callable

import pytest

from tests.simulator.client import Company, Refused, applied, parsed, sale_line


def test_a_new_invoice_is_printed_as_recorded(company: Company) -> None:
    answer = company.post("invoice", {"Line": [sale_line(100.0)], "CustomerRef": {"value": "1"}})
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
    invoice = parsed(answer)["Invoice"]
    assert invoice["Line"][0]["Amount"] == invoice["TotalAmt"] == invoice["Balance"] == "100.00"
    assert invoice["Line"][1] == {"Amount": "100.00", "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    assert invoice["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"] == {"value": "NON"}
    assert invoice["TxnTaxDetail"] == {"TotalTax": 0}
    assert invoice["CustomerRef"] == {"value": "1", "name": "Amy's Bird Sanctuary"}
    assert (invoice["PrintStatus"], invoice["EmailStatus"]) == ("NeedToPrint", "NotSet")
    assert (invoice["DocNumber"], invoice["LinkedTxn"], invoice["AllowIPNPayment"]) == ("1001", [], False)


def test_zero_is_printed_bare(company: Company) -> None:
    answer = parsed(company.post("invoice", {"Line": [sale_line(0)], "CustomerRef": {"value": "1"}}))
    assert answer["Invoice"]["TotalAmt"] == 0


@pytest.mark.parametrize(
    ("body", "code", "element"),
    [
        ({"Line": [sale_line()]}, "2020", "CustomerRef"),
        ({"CustomerRef": {"value": "1"}}, "2020", "Line"),
        ({"CustomerRef": {"value": "1"}, "Line": []}, "2020", "Line"),
        ({"CustomerRef": {"value": "1"}, "Line": [{"Amount": 5}]}, "2020", "Line.DetailType"),
        ({"CustomerRef": {"value": "1"}, "Line": [{"DetailType": "SalesItemLineDetail"}]}, "2020", "Line.Amount"),
        ({"CustomerRef": {"value": "99"}, "Line": [sale_line()]}, "2500", ""),
        ({"CustomerRef": {"value": "1"}, "Line": [sale_line(10, ItemRef={"value": "99"})]}, "2500", ""),
        ({"CustomerRef": {"value": "1"}, "Line": [sale_line(10, Qty=3, UnitPrice=3)]}, "6070", ""),
        ({"CustomerRef": {"value": "1"}, "Line": [sale_line(10, TaxCodeRef={"value": "X"})]}, "6100", ""),
        ({"CustomerRef": {"value": "1"}, "Line": [sale_line(-10)]}, "6000", ""),
        ({"CustomerRef": {"value": "1"}, "Line": [sale_line()], "PrivateNote": "x" * 4001}, "2050", "PrivateNote"),
        ({"CustomerRef": {"value": "1"}, "Line": [sale_line()], "TxnDate": "31.12.2026"}, "2010", None),
        ({"CustomerRef": {"value": "1"}, "Line": [sale_line()], "Bogus": 1}, "2010", None),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_written(
    company: Company, body: dict, code: str, element: str | None
) -> None:
    before = company.everything()
    with pytest.raises(Refused) as refused:
        company.write("Invoice", body)
    assert (refused.value.code, refused.value.element) == (code, element)
    assert company.everything() == before


def test_subtotal_discount_and_total_add_up(company: Company) -> None:
    lines = [
        sale_line(75, Qty=2, UnitPrice=37.5),
        sale_line(25),
        {"DetailType": "DescriptionOnly", "Description": "As agreed"},
        {"DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 10}},
    ]
    made = company.write("Invoice", {"CustomerRef": {"value": "1"}, "Line": lines})
    assert (made["TotalAmt"], made["Line"][-1]["Amount"]) == (90, 100)
    assert [line.get("Id") for line in made["Line"]] == ["1", "2", "3", "4", None]


def test_lines_are_replaced_and_known_ids_kept(company: Company) -> None:
    made = company.invoice(100)
    changed = company.update("Invoice", made, Line=[{**sale_line(40), "Id": "1"}, sale_line(5)])
    assert [line.get("Id") for line in changed["Line"]] == ["1", "2", None]
    again = company.update("Invoice", changed, Line=[sale_line(7)])
    assert ([line.get("Id") for line in again["Line"]], again["TotalAmt"]) == (["3", None], 7)


def test_quickbooks_numbers_unless_told_otherwise(company: Company, make_company: Callable[..., Company]) -> None:
    assert company.invoice(DocNumber="MINE")["DocNumber"] == "1001"
    assert company.invoice()["DocNumber"] == "1002"
    custom = make_company(
        Customer=[{"Id": "1", "DisplayName": "A"}], Preferences={"SalesFormsPrefs": {"CustomTxnNumbers": True}}
    )
    assert custom.invoice(DocNumber="MINE")["DocNumber"] == "MINE"
    assert "DocNumber" not in custom.invoice()
    with pytest.raises(Refused) as refused:
        custom.invoice(DocNumber="MINE")
    assert refused.value.code == "6140"
    assert "DocNumber=MINE is assigned to TxnType=Invoice with TxnId=" in refused.value.detail
    body = {"CustomerRef": {"value": "1"}, "Line": [sale_line()], "DocNumber": "MINE"}
    assert custom.write("Invoice", body, include="allowduplicatedocnum")["DocNumber"] == "MINE"
    with pytest.raises(Refused) as long:
        custom.invoice(DocNumber="x" * 22)
    assert long.value.detail.endswith("Min:0 Max:21 supported. Supplied length:22")


def test_the_due_date_follows_the_terms(company: Company) -> None:
    assert company.invoice(TxnDate="2026-01-31")["DueDate"] == "2026-03-02"
    assert company.invoice(TxnDate="2026-01-31", SalesTermRef={"value": "2"})["DueDate"] == "2026-02-15"
    assert company.invoice(TxnDate="2026-01-31", DueDate="2026-02-01")["DueDate"] == "2026-02-01"


def test_a_void_keeps_the_invoice_with_amounts_of_zero(company: Company) -> None:
    made = company.invoice(100, PrivateNote="portal 7")
    voided = company.write("Invoice", {"Id": made["Id"], "SyncToken": "0"}, operation="void")
    assert (voided["TotalAmt"], voided["Balance"], voided["Line"][0]["Amount"]) == (0, 0, 0)
    assert (voided["SyncToken"], voided["PrivateNote"]) == ("1", "Voided - portal 7")
    assert company.read("Customer", "1")["Balance"] == 0


def test_voiding_a_paid_invoice_leaves_the_payment_unapplied(company: Company) -> None:
    invoice = company.invoice(100)
    payment = company.payment(100, applied(invoice, 100))
    now = company.read("Invoice", invoice["Id"])
    company.write("Invoice", {"Id": now["Id"], "SyncToken": now["SyncToken"]}, operation="void")
    after = company.read("Payment", payment["Id"])
    assert (after["UnappliedAmt"], after["Line"]) == (100, [])
    assert company.read("Customer", "1")["Balance"] == -100


def test_a_paid_invoice_can_refuse_to_be_voided(company: Company) -> None:
    company.control("options", {"void_paid_invoice": "refuse"})
    invoice = company.invoice(100)
    company.payment(100, applied(invoice, 100))
    with pytest.raises(Refused) as refused:
        company.delete("Invoice", company.read("Invoice", invoice["Id"]))
    assert refused.value.code == "6000"


def test_a_deleted_invoice_is_answered_as_recorded_and_then_gone(company: Company) -> None:
    made = company.invoice(100)
    gone = company.delete("Invoice", made)
    assert gone == {"domain": "QBO", "status": "Deleted", "Id": made["Id"]}
    with pytest.raises(Refused) as refused:
        company.read("Invoice", made["Id"])
    assert (refused.value.code, refused.value.message) == ("610", "Object Not Found")
    assert company.query("select * from Invoice") == {}
    assert company.read("Customer", "1")["Balance"] == 0


def test_closed_books_refuse_and_open_periods_do_not(company: Company) -> None:
    old = company.invoice(50, TxnDate="2025-12-31")
    new = company.invoice(50, TxnDate="2026-01-01")
    company.control("change", {"entity": "Preferences", "id": "1",
                               "values": {"AccountingInfoPrefs": {"BookCloseDate": "2025-12-31"}}})  # fmt: skip
    for attempt in (
        lambda: company.invoice(TxnDate="2025-06-01"),
        lambda: company.update("Invoice", old, PrivateNote="x"),
        lambda: company.update("Invoice", new, TxnDate="2025-12-31"),
        lambda: company.delete("Invoice", old),
        lambda: company.payment(5, TxnDate="2025-12-30"),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.code == "6210"
    assert company.update("Invoice", new, PrivateNote="x")["PrivateNote"] == "x"


def test_sales_tax_is_computed_from_the_chosen_code(make_company: Callable[..., Company]) -> None:
    taxed = make_company(Customer=[{"Id": "1", "DisplayName": "A"}], Preferences={"TaxPrefs": {"UsingSalesTax": True}})
    made = taxed.write(
        "Invoice",
        {
            "CustomerRef": {"value": "1"}, "TxnTaxDetail": {"TxnTaxCodeRef": {"value": "2"}},
            "Line": [sale_line(100, TaxCodeRef={"value": "TAX"}), sale_line(50)],
        },
    )  # fmt: skip
    assert (made["TxnTaxDetail"]["TotalTax"], made["TotalAmt"]) == (8, 158)
    assert made["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["NetAmountTaxable"] == 100


def test_sending_marks_the_invoice(company: Company) -> None:
    made = company.invoice()
    octets = {"Content-Type": "application/octet-stream"}
    refused = company.session.post(f"{company.base}/invoice/{made['Id']}/send", headers=octets, timeout=30)
    assert refused.json()["Fault"]["Error"][0]["code"] == "2020"
    address = f"{company.base}/invoice/{made['Id']}/send?sendTo=amy@birds.test"
    sent = company.session.post(address, headers=octets, timeout=30).json()["Invoice"]
    assert (sent["EmailStatus"], sent["DeliveryInfo"]["DeliveryType"]) == ("EmailSent", "Email")
    assert sent["BillEmail"] == {"Address": "amy@birds.test"}


def test_an_invoice_given_to_another_customer_takes_its_balance_along(company: Company) -> None:
    invoice = company.invoice(100)
    company.payment(30, applied(invoice, 30))
    company.update("Invoice", company.read("Invoice", invoice["Id"]), CustomerRef={"value": "2"})
    assert company.read("Customer", "2")["Balance"] == 100
    assert company.read("Customer", "1")["Balance"] == -30


def test_an_invoice_of_the_last_day_is_due_on_it(company: Company) -> None:
    assert company.invoice(5, TxnDate="9999-12-31")["DueDate"] == "9999-12-31"

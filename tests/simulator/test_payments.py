"""Payments: application, credit, void, delete, deposits, credit memos."""

import pytest

from tests.simulator.client import Company, Refused, applied, sale_line


def test_a_payment_pays_and_the_rest_is_credit(company: Company) -> None:
    invoice = company.invoice(100)
    payment = company.payment(120, applied(invoice, 60))
    assert (payment["TotalAmt"], payment["UnappliedAmt"]) == (120, 60)
    paid = company.read("Invoice", invoice["Id"])
    assert (paid["Balance"], paid["SyncToken"]) == (40, "1")
    assert paid["LinkedTxn"] == [{"TxnId": payment["Id"], "TxnType": "Payment"}]
    assert company.read("Customer", "1")["Balance"] == -20


def test_a_new_payment_has_the_recorded_defaults_and_line_details(company: Company) -> None:
    invoice = company.invoice(71)
    payment = company.payment(55, applied(invoice, 55))
    assert payment["DepositToAccountRef"] == {"value": "4"}
    assert payment["ProcessPayment"] is False
    extra = {each["value"]["Name"]: each["value"]["Value"] for each in payment["Line"][0]["LineEx"]["any"]}
    assert extra == {"txnId": invoice["Id"], "txnOpenBalance": "71.00", "txnReferenceNumber": "1001"}


def test_a_payment_without_lines_is_the_customers_credit(company: Company) -> None:
    payment = company.payment(75)
    assert (payment["UnappliedAmt"], payment["Line"]) == (75, [])
    assert company.read("Customer", "1")["Balance"] == -75


@pytest.mark.parametrize(
    ("amount", "lines", "code"),
    [(100, [150], "6000"), (100, [60, 60], "6000"), (50, [60], "6000"), (-5, [], "6000"), (50, [-5], "6000")],
)
def test_too_much_is_refused(company: Company, amount: int, lines: list[int], code: str) -> None:
    invoice = company.invoice(100)
    before = company.everything()
    with pytest.raises(Refused) as refused:
        company.payment(amount, *[applied(invoice, each) for each in lines])
    assert refused.value.code == code
    assert company.everything() == before


def test_over_application_can_be_trimmed_instead(company: Company) -> None:
    company.control("options", {"over_application": "trim"})
    payment = company.payment(150, applied(company.invoice(100), 150))
    assert payment["UnappliedAmt"] == 50


def test_another_customers_invoice_cannot_be_paid_but_the_familys_can(company: Company) -> None:
    with pytest.raises(Refused) as refused:
        company.payment(100, applied(company.invoice(100, customer="2"), 100))
    assert refused.value.code == "6000"
    child = company.write("Customer", {"DisplayName": "Kid", "ParentRef": {"value": "1"}})
    payment = company.payment(100, applied(company.invoice(100, customer=child["Id"]), 100))
    assert payment["UnappliedAmt"] == 0


def test_an_invoice_that_is_not_there_or_deleted_cannot_be_paid(company: Company) -> None:
    for invoice in ({"Id": "999"}, company.delete("Invoice", company.invoice(100))):
        with pytest.raises(Refused) as refused:
            company.payment(10, applied(invoice, 10))
        assert refused.value.code == "610"


def test_lines_are_all_or_none_on_update(company: Company) -> None:
    one, two = company.invoice(100), company.invoice(100)
    payment = company.payment(150, applied(one, 100), applied(two, 50))
    noted = company.update("Payment", payment, PrivateNote="kept")
    assert len(noted["Line"]) == 2
    moved = company.update("Payment", noted, Line=[applied(two, 80)])
    assert moved["UnappliedAmt"] == 70
    assert [company.read("Invoice", each["Id"])["Balance"] for each in (one, two)] == [100, 20]
    emptied = company.update("Payment", moved, Line=[])
    assert (emptied["UnappliedAmt"], emptied["Line"]) == (150, [])


@pytest.mark.parametrize("params", [{"operation": "update", "include": "void"}, {"operation": "void"}])
def test_a_void_frees_the_invoice(company: Company, params: dict) -> None:
    invoice = company.invoice(100)
    payment = company.payment(100, applied(invoice, 100))
    sent = {"Id": payment["Id"], "SyncToken": "0", "sparse": True}
    voided = company.write("Payment", sent, **params)
    assert (voided["TotalAmt"], voided["UnappliedAmt"], voided["Line"]) == (0, 0, [])
    assert voided["PrivateNote"] == "Voided"
    assert company.read("Invoice", invoice["Id"])["Balance"] == 100
    assert company.read("Invoice", invoice["Id"])["LinkedTxn"] == []


def test_a_delete_frees_the_invoice(company: Company) -> None:
    invoice = company.invoice(100)
    company.delete("Payment", company.payment(100, applied(invoice, 100)))
    assert company.read("Invoice", invoice["Id"])["Balance"] == 100
    assert company.read("Customer", "1")["Balance"] == 100


def test_a_deposited_payment_cannot_be_changed_until_the_deposit_is_gone(company: Company) -> None:
    payment = company.payment(100, applied(company.invoice(100), 100))
    line = {"Amount": 100, "LinkedTxn": [{"TxnId": payment["Id"], "TxnType": "Payment", "TxnLineId": "0"}]}
    deposit = company.write("Deposit", {"DepositToAccountRef": {"value": "3"}, "Line": [line]})
    held = company.read("Payment", payment["Id"])
    assert held["LinkedTxn"] == [{"TxnId": deposit["Id"], "TxnType": "Deposit"}]
    for attempt in (
        lambda: company.update("Payment", held, TotalAmt=90),
        lambda: company.delete("Payment", held),
        lambda: company.write("Payment", {"Id": held["Id"], "SyncToken": held["SyncToken"]}, operation="void"),
        lambda: company.write("Deposit", {"DepositToAccountRef": {"value": "3"}, "Line": [line]}),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.code == "6540"
    company.delete("Deposit", deposit)
    assert "LinkedTxn" not in company.read("Payment", payment["Id"])
    assert company.delete("Payment", company.read("Payment", payment["Id"]))["status"] == "Deleted"


def test_a_credit_memo_is_applied_by_a_payment_of_zero(company: Company) -> None:
    invoice = company.invoice(100)
    memo = company.write("CreditMemo", {"CustomerRef": {"value": "1"}, "Line": [sale_line(30)]})
    assert (memo["RemainingCredit"], company.read("Customer", "1")["Balance"]) == (30, 70)
    credit = {"Amount": 30, "LinkedTxn": [{"TxnId": memo["Id"], "TxnType": "CreditMemo"}]}
    payment = company.payment(0, applied(invoice, 30), credit)
    assert payment["UnappliedAmt"] == 0
    assert company.read("CreditMemo", memo["Id"])["RemainingCredit"] == 0
    assert company.read("Invoice", invoice["Id"])["Balance"] == 70
    assert company.read("Customer", "1")["Balance"] == 70


def test_an_invoice_reduced_below_what_is_paid_gives_the_rest_back(company: Company) -> None:
    invoice = company.invoice(100)
    payment = company.payment(100, applied(invoice, 100))
    reduced = company.update("Invoice", company.read("Invoice", invoice["Id"]), Line=[sale_line(60)])
    assert (reduced["TotalAmt"], reduced["Balance"]) == (60, 0)
    assert company.read("Payment", payment["Id"])["UnappliedAmt"] == 40
    assert company.read("Customer", "1")["Balance"] == -40

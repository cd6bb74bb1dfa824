"""The books of the demonstration: as many as promised, the same every time, hard cases among them, sums that hold."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

import pytest

from accounts.services.bulk.records import InvoiceRecord, PaymentRecord
from qbsync.demo import clients
from qbsync.demo.books import SYNC_DATE, DemoBooks, draw, total
from qbsync.demo.clients import Documents
from qbsync.demo.company import company
from qbsync.demo.people import BIRCH, HARTWELL, DemoFirm
from qbsync.matching import fold


def drawn(demo: DemoFirm) -> DemoBooks:
    """The firm's books."""
    return draw(clients.clients(demo.cases, demo.clients, demo.seed), demo.team, demo.seed)


@pytest.mark.parametrize(
    ("demo", "counts"),
    [
        (HARTWELL, (300, 900, 700)),
        (BIRCH, (60, 180, 140)),
        (replace(HARTWELL, clients=2000), (2000, 6000, 4667)),
    ],
    ids=["the connected firm", "the newcomer's", "a large one"],
)
def test_there_are_as_many_as_promised(demo: DemoFirm, counts: tuple[int, int, int]) -> None:
    ours = drawn(demo)
    assert (len(ours.accounts), len(ours.invoices), len(ours.payments)) == counts
    for records, key in ((ours.accounts, "code"), (ours.invoices, "number"), (ours.payments, "number")):
        assert len({getattr(record, key) for record in records}) == len(records)


def test_they_are_the_same_every_time() -> None:
    assert drawn(HARTWELL) == drawn(HARTWELL)
    ours = clients.clients(HARTWELL.cases, HARTWELL.clients, HARTWELL.seed)
    assert company(HARTWELL, ours) == company(HARTWELL, ours)


def test_only_the_clients_meant_to_be_are_out_of_scope() -> None:
    mine = clients.clients(HARTWELL.cases, HARTWELL.clients, HARTWELL.seed)
    ours = draw(mine, HARTWELL.team, HARTWELL.seed)
    void = {*ours.void_invoices, *ours.void_payments}
    documents: list[InvoiceRecord | PaymentRecord] = [*ours.invoices, *ours.payments]
    in_scope = {each.account for each in documents if each.date >= SYNC_DATE and each.number not in void}
    for client, account in zip(mine, ours.accounts, strict=True):
        assert (account.code in in_scope) == (client.documents is Documents.USUAL), client.name


def test_invoices_are_partly_paid_and_never_overpaid() -> None:
    ours = drawn(HARTWELL)
    paid: defaultdict[str, Decimal] = defaultdict(Decimal)
    for payment in ours.payments:
        assert sum((part.amount for part in payment.allocations), Decimal(0)) <= payment.amount
        for part in payment.allocations:
            paid[part.invoice] += part.amount
    totals = {invoice.number: total(invoice) for invoice in ours.invoices}
    assert all(amount <= totals[number] for number, amount in paid.items())
    assert any(amount < totals[number] for number, amount in paid.items())
    assert any(len(payment.allocations) == 2 for payment in ours.payments)
    assert any(not payment.allocations for payment in ours.payments)


def test_some_businesses_buy_goods_that_sales_tax_is_due_on() -> None:
    taxed = [invoice for invoice in drawn(HARTWELL).invoices if invoice.tax]
    assert 20 <= len(taxed) <= 80
    assert all(any(line.taxable for line in invoice.lines) for invoice in taxed)
    mine = clients.clients(HARTWELL.cases, HARTWELL.clients, HARTWELL.seed)
    assert company(HARTWELL, mine)["Preferences"]["TaxPrefs"]["UsingSalesTax"]


def test_no_payment_in_scope_waits_for_an_invoice_from_before_the_sync_date() -> None:
    ours = drawn(HARTWELL)
    days = {invoice.number: invoice.date for invoice in ours.invoices}
    assert min(days.values()) < SYNC_DATE
    for payment in ours.payments:
        for part in payment.allocations:
            assert days[part.invoice] <= payment.date
            assert (days[part.invoice] < SYNC_DATE) == (payment.date < SYNC_DATE)


def test_most_clients_are_customers_of_the_same_name_and_the_hard_ones_are_there() -> None:
    mine = clients.clients(HARTWELL.cases, HARTWELL.clients, HARTWELL.seed)
    there = company(HARTWELL, mine)
    customers = {fold(customer["DisplayName"]) for customer in there["Customer"]}
    assert sum(fold(client.name) in customers for client in mine) > 270
    names = {client.name for client in mine}
    assert {"Margaret O'Brien", "Smith & Sons", "José García", "Acme: West", "Blue  Heron  Landscaping"} <= names
    assert sum(client.name == "John Smith" for client in mine) == 2
    assert any(customer.get("ParentRef") for customer in there["Customer"])
    assert any(customer.get("Active") is False for customer in there["Customer"])
    assert {"DisplayName": "Baker Street Bakery", "CompanyName": "Baker Street Bakery"} in there["Vendor"]

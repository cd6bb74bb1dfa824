"""Which invoice numbers QuickBooks has already, as the Sync dialog says before anything is sent."""

from typing import Any

from django.test import Client

from accounts.models import Account
from qbsync.models import InvoiceSync, SyncRun
from qbsync.numbers import MOST_NUMBERS, numbers_there
from tests.qbsync.conftest import Office

LINE: dict[str, Any] = {
    "Amount": 100,
    "DetailType": "SalesItemLineDetail",
    "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": 100},
}


def _there(number: str) -> dict[str, Any]:
    return {"DocNumber": number, "CustomerRef": {"value": "58"}, "TxnDate": "2026-03-02", "Line": [LINE]}


def _connect(office: Office, *numbers: str) -> Account:
    """Acme, not synced yet, beside a company with its customer and invoices of these numbers over 100.00."""
    customers = [{"Id": "58", "DisplayName": "Acme Incorporated"}]
    office.connect(Customer=customers, Invoice=[_there(number) for number in numbers])
    return office.account("Acme")


def _page(office: Office, account: Account) -> str:
    client = Client()
    client.force_login(office.alice)
    address = f"/clients/accounts/{account.pk}/quickbooks/numbers/"
    return " ".join(client.get(address, headers={"HX-Request": "true"}).content.decode().split())


def test_an_equal_invoice_is_told_from_another_one_of_the_same_number(office: Office) -> None:
    account = _connect(office, "E-1", "E-2", "E-4")
    for number, amount in (("E-1", "100.00"), ("E-2", "70.00"), ("E-3", "100.00")):
        office.invoice(account, number=number, amount=amount)
    there = numbers_there(account, office.connection)
    assert there is not None
    assert [(one.invoice.number, one.customer, one.is_equal) for one in there.found] == [
        ("E-1", "Acme Incorporated", True),
        ("E-2", "Acme Incorporated", False),
    ]
    assert (there.asked, there.left_out) == (3, 0)
    shown = _page(office, account)
    assert "2 of 3 invoice numbers are in QuickBooks already" in shown
    assert "Taken over if you choose Acme Incorporated; else it is refused: Failed." in shown
    assert "Another invoice: ours will be refused as Failed." in shown


def test_one_metered_read_is_enough_and_is_counted_but_is_no_run_of_the_sync(office: Office) -> None:
    account = _connect(office)
    for _ in range(MOST_NUMBERS + 2):
        office.invoice(account)
    before = office.requests().get("query", 0)
    there = numbers_there(account, office.connection)
    assert there is not None
    assert (there.asked, there.left_out, list(there.found)) == (MOST_NUMBERS, 2, [])
    assert office.requests()["query"] - before == 1
    assert office.connection.request_counts.get(endpoint="query").count == 1
    assert not SyncRun.objects.exists()


def test_nothing_is_asked_where_nothing_would_be_sent(office: Office) -> None:
    account = _connect(office)
    office.invoice(account, day=office.invoice(office.account("Other")).date.replace(year=2025))
    before = office.requests().get("query", 0)
    there = numbers_there(account, office.connection)
    assert there is not None
    assert there.asked == 0
    assert office.requests().get("query", 0) == before


def test_where_quickbooks_does_not_answer_the_dialog_says_so_and_the_connection_stays_as_it_is(office: Office) -> None:
    account = _connect(office)
    office.invoice(account)
    office.simulator.faults(office.realm, {"match": {"endpoint": "query"}, "kind": "http", "status": 503})
    assert "could not be checked" in _page(office, account)
    office.connection.refresh_from_db()
    assert office.connection.is_ready
    assert not InvoiceSync.objects.exists()

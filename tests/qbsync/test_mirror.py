"""Reading the names of a QuickBooks company."""

from datetime import timedelta

import pytest

from qbsync import mirror
from qbsync.gateway.limiter import Priority
from qbsync.metering import Session
from qbsync.models import Connection, Customer, NameHolder
from tests.qbsync.conftest import Office

pytestmark = pytest.mark.django_db(transaction=True)


def customers(count: int) -> list[dict[str, str]]:
    return [{"DisplayName": f"Client {number:05}"} for number in range(count)]


def test_a_company_of_a_thousand_customers_is_read_in_one_request(office: Office) -> None:
    office.connect(Customer=customers(1000))
    office.sync()
    assert Customer.objects.count() == 1000
    assert office.requests() == {"batch": 1}


def test_a_large_company_is_read_to_the_end_and_not_from_the_quota_of_batches(office: Office) -> None:
    office.connect(Customer=customers(3001))
    office.sync()
    assert Customer.objects.count() == 3001
    assert office.requests() == {"batch": 1, "query": 2}


def test_inactive_customers_are_read_as_well(office: Office) -> None:
    office.connect(Customer=[{"DisplayName": "Acme"}, {"DisplayName": "Old Acme", "Active": False}])
    office.sync()
    assert dict(Customer.objects.values_list("folded_name", "active")) == {"acme": True, "old acme": False}


@pytest.mark.parametrize("rows", [1, 400, 999])
def test_a_first_page_that_is_cut_short_hides_nobody(office: Office, rows: int) -> None:
    office.connect(Customer=customers(1000))
    cut = {"match": {"endpoint": "batch_item", "contains": "* FROM Customer "}, "kind": "short_page", "rows": rows}
    office.simulator.faults(office.realm, cut)
    office.sync()
    assert Customer.objects.count() == 1000
    assert office.requests() == {"batch": 1, "query": 1}


def test_pages_that_are_cut_short_again_and_again_hide_nobody(office: Office) -> None:
    office.connect(Customer=customers(1200), Vendor=[{"DisplayName": f"Vendor {number}"} for number in range(700)])
    office.simulator.faults(
        office.realm,
        {"match": {"endpoint": "batch_item"}, "kind": "short_page", "rows": 300, "times": 0},
        {"match": {"endpoint": "query"}, "kind": "short_page", "rows": 450, "times": 0},
    )
    office.sync()
    assert (Customer.objects.count(), NameHolder.objects.count()) == (1200, 700)
    assert office.requests() == {"batch": 1, "query": 3}


def test_an_empty_page_before_the_end_is_asked_for_once_more(office: Office) -> None:
    office.connect(Customer=customers(20))
    office.simulator.faults(
        office.realm,
        {"match": {"endpoint": "batch_item", "contains": "* FROM Customer "}, "kind": "short_page", "rows": 5},
        {"match": {"endpoint": "query"}, "kind": "short_page", "rows": 0},
    )
    office.sync()
    assert Customer.objects.count() == 20
    assert office.requests() == {"batch": 1, "query": 2}


@pytest.mark.parametrize("cursor", ["of the last read", "none"])
@pytest.mark.parametrize("read", ["inactive", "gone"])
def test_a_customer_that_was_merged_away_loses_its_account(office: Office, read: str, cursor: str) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}, {"DisplayName": "Beta"}], options={"merged_read": read})
    office.sync()
    gone, into = (one["Id"] for one in office.remote("Customer"))
    office.simulator.merge(office.realm, "Customer", gone=gone, into=into)
    if cursor == "none":  # everything is read again
        Connection.objects.update(mirror_cursor="")
    office.connection.refresh_from_db()
    company = Session(office.connection, Priority.PEOPLE).company
    mirror.refresh(office.connection, company, max_age=timedelta(0))
    assert (office.row(acme).status, office.row(acme).detail) == ("not_synced", {"customer": "Acme"})
    assert dict(Customer.objects.values_list("qbo_id", "active")) == {gone: False, into: True}
    office.invoice(acme)
    office.sync()
    assert len(office.remote("Invoice")) == 1, "nothing is sent for it any more"

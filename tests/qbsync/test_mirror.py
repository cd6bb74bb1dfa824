"""Reading the names of a QuickBooks company."""

import pytest

from qbsync.models import Customer
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
    assert office.requests() == {"batch": 1, "query": 3}


def test_inactive_customers_are_read_as_well(office: Office) -> None:
    office.connect(Customer=[{"DisplayName": "Acme"}, {"DisplayName": "Old Acme", "Active": False}])
    office.sync()
    assert dict(Customer.objects.values_list("folded_name", "active")) == {"acme": True, "old acme": False}

"""Bodies of successful answers."""

from decimal import Decimal

from qbsync.gateway.answers import read_response


def test_amounts_are_read_without_a_detour_through_floats() -> None:
    body = read_response(200, '{"Invoice": {"TotalAmt": 1234567890.10, "Balance": 0}}', {}, is_write=True)
    assert body["Invoice"] == {"TotalAmt": Decimal("1234567890.10"), "Balance": 0}


def test_an_envelope_with_an_empty_fault_is_a_success() -> None:
    body = read_response(200, '{"fault": null, "QueryResponse": {}}', {}, is_write=False)
    assert body["QueryResponse"] == {}

"""Writes, queries, batches and changes against the running simulator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from qbsync.gateway import queries
from qbsync.gateway.company import BatchItem, BatchQuery, Company, QuotaWait
from qbsync.gateway.faults import Fault, FaultKind
from tests.simulated import Simulator

Open = Callable[..., Company]


def invoice_of(customer_id: str, amount: float = 120.5) -> dict[str, Any]:
    """An invoice of one line."""
    detail = {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": amount}
    line = {"DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": detail}
    return {"CustomerRef": {"value": customer_id}, "Line": [line]}


def payment_of(customer_id: str, invoice_id: str, amount: float = 120.5) -> dict[str, Any]:
    """A payment of one invoice."""
    line = {"Amount": amount, "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]}
    return {"CustomerRef": {"value": customer_id}, "TotalAmt": amount, "Line": [line]}


def yesterday() -> str:
    """A moment that CDC can look back to."""
    return (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")


def key(record: dict[str, Any]) -> dict[str, Any]:
    """What names one version of a record."""
    return {"Id": record["Id"], "SyncToken": record["SyncToken"]}


def test_a_record_is_created_changed_and_read_back(simulator: Simulator, open_company: Open) -> None:
    realm = simulator.company()
    company = open_company(realm)

    created = company.write("Customer", {"DisplayName": "José O'Brien \\"}, request_id="c-1")
    renamed = {**key(created.body), "sparse": True, "DisplayName": "中文 O’Brien"}
    changed = company.write("Customer", renamed, operation="update", request_id="c-2")

    assert created.intuit_tid
    assert created.time.startswith("20")
    assert changed.body["SyncToken"] == "1"
    assert company.query(queries.select("Customer", f"DisplayName = {queries.literal('中文 O’Brien')}")) == [
        {**changed.body, "ClientEntityId": "0"}  # recorded: QuickBooks gives it to queries only
    ]


def test_amounts_come_back_as_decimal(simulator: Simulator, open_company: Open) -> None:
    company = open_company(simulator.company(Customer=[{"DisplayName": "Alice"}]))
    invoice = company.write("Invoice", invoice_of("1"), request_id="i-1").body
    assert invoice["TotalAmt"] == Decimal("120.50")
    assert isinstance(invoice["TotalAmt"], Decimal)


def test_an_invoice_and_a_payment_are_voided_each_in_its_own_way(simulator: Simulator, open_company: Open) -> None:
    realm = simulator.company(Customer=[{"DisplayName": "Alice"}])
    company = open_company(realm)
    invoice = company.write("Invoice", invoice_of("1"), request_id="i-1").body
    payment = company.write("Payment", payment_of("1", invoice["Id"]), request_id="p-1").body

    void_payment = company.write("Payment", key(payment), operation="void", request_id="p-2").body
    [invoice] = company.query(queries.select("Invoice"))
    void_invoice = company.write("Invoice", key(invoice), operation="void", request_id="i-2").body

    assert (void_payment["TotalAmt"], void_payment["PrivateNote"]) == (0, "Voided")
    assert (void_invoice["TotalAmt"], void_invoice["PrivateNote"]) == (0, "Voided")


def test_a_batch_voids_deletes_and_answers_each_item_for_itself(simulator: Simulator, open_company: Open) -> None:
    realm = simulator.company(Customer=[{"DisplayName": "Alice"}])
    company = open_company(realm)
    made = company.batch(
        [BatchItem(str(n), "create", "Invoice", invoice_of("1")) for n in range(1, 4)], request_id="b-1"
    ).items
    ids = [item["Id"] for item in made.values() if isinstance(item, dict)]
    paid = company.batch([BatchItem("1", "create", "Payment", payment_of("1", ids[0]))], request_id="b-2").items["1"]
    assert isinstance(paid, dict)

    answer = company.batch(
        [
            BatchItem("void", "void", "Payment", key(paid)),
            BatchItem("inv", "void", "Invoice", {"Id": ids[1], "SyncToken": "0"}),
            BatchItem("gone", "delete", "Invoice", {"Id": ids[2], "SyncToken": "0"}),
            BatchItem("stale", "update", "Invoice", {"Id": ids[1], "SyncToken": "9", "sparse": True}),
            BatchItem("taken", "create", "Customer", {"DisplayName": "alice"}),
            BatchQuery("read", queries.select("Customer")),
        ],
        request_id="b-3",
    )

    void, inv, gone, stale, taken, read = answer.items.values()
    assert isinstance(void, dict)
    assert void["TotalAmt"] == 0
    assert isinstance(inv, dict)
    assert inv["TotalAmt"] == 0
    assert isinstance(gone, dict)
    assert gone["status"] == "Deleted"
    assert isinstance(stale, Fault)
    assert (stale.kind, stale.intuit_tid, stale.outcome_known) == (FaultKind.STALE, answer.intuit_tid, True)
    assert isinstance(taken, Fault)
    assert taken.kind is FaultKind.NAME_TAKEN
    assert isinstance(read, list)
    assert [customer["DisplayName"] for customer in read] == ["Alice"]


@pytest.mark.parametrize(
    "items",
    [
        [],
        [BatchQuery(str(n), "SELECT * FROM Customer") for n in range(31)],
        [BatchQuery("1", "SELECT * FROM Customer"), BatchQuery("1", "SELECT * FROM Vendor")],
        [BatchQuery("elevenchars", "SELECT * FROM Customer")],
        [BatchItem("1", "create", "Customer", {"DisplayName": "without requestid"})],
    ],
)
def test_a_batch_that_intuit_would_refuse_is_not_sent(
    simulator: Simulator, open_company: Open, items: list[BatchItem | BatchQuery]
) -> None:
    realm = simulator.company()
    with pytest.raises(ValueError, match="atch"):
        open_company(realm).batch(items)
    assert simulator.stats(realm)["requests"] == {}


def test_a_requestid_that_comes_again_executes_nothing_twice(simulator: Simulator, open_company: Open) -> None:
    realm = simulator.company()
    company = open_company(realm)
    first, again = (company.write("Customer", {"DisplayName": "Alice"}, request_id="same") for _ in range(2))
    assert first.body["Id"] == again.body["Id"]
    assert len(simulator.entities(realm, "Customer")) == 1


def test_all_rows_are_read_until_a_page_is_empty(simulator: Simulator, open_company: Open) -> None:
    realm = simulator.company(Customer=[{"DisplayName": f"Client {n}"} for n in range(1002)])
    rows = list(open_company(realm).query_all("Customer", "Active IN (true, false)", fields="Id, DisplayName"))
    assert [row["DisplayName"] for row in rows] == [f"Client {n}" for n in range(1002)]
    assert simulator.stats(realm)["requests"] == {"query": 3}


def test_changes_come_with_quickbooks_own_time(simulator: Simulator, open_company: Open) -> None:
    realm = simulator.company(Customer=[{"DisplayName": "Alice"}])
    company = open_company(realm)
    since = company.company_info().time
    company.write("Vendor", {"DisplayName": "Paper & Ink"}, request_id="v-1")

    changes = company.cdc(["Customer", "Vendor"], yesterday())

    assert [vendor["DisplayName"] for vendor in changes.entities["Vendor"]] == ["Paper & Ink"]
    assert changes.is_complete
    assert changes.time >= since


def test_a_full_answer_to_cdc_is_not_taken_for_complete(simulator: Simulator, open_company: Open) -> None:
    realm = simulator.company(Customer=[{"DisplayName": f"Client {n}"} for n in range(1001)])
    assert not open_company(realm).cdc(["Customer"], yesterday()).is_complete


def test_the_company_and_its_preferences_are_read(simulator: Simulator, open_company: Open) -> None:
    company = open_company(simulator.company("Munro Books"))
    assert company.company_info().body["CompanyName"] == "Munro Books"
    assert "SalesFormsPrefs" in company.preferences().body


def test_each_request_is_told_with_whether_it_is_metered(simulator: Simulator, open_company: Open) -> None:
    told: list[tuple[str, bool]] = []
    company = open_company(simulator.company(), on_request=lambda *request: told.append(request))
    company.query("SELECT * FROM Customer")
    company.write("Customer", {"DisplayName": "Alice"}, request_id="1")
    company.batch([BatchItem("1", "create", "Customer", {"DisplayName": "Bob"})], request_id="2")
    company.batch([BatchQuery("1", "SELECT * FROM Customer")])
    company.cdc(["Customer"], yesterday())
    assert told == [("query", True), ("create", False), ("batch", False), ("batch", True), ("cdc", True)]


def test_a_refused_token_is_told_from_everything_else(simulator: Simulator, open_company: Open) -> None:
    realm = simulator.company()
    company = open_company(realm)
    simulator.faults(realm, {"match": {"endpoint": "query"}, "kind": "expire_token"})
    with pytest.raises(Fault) as caught:
        company.query("SELECT * FROM Customer")
    assert (caught.value.kind, caught.value.http_status) == (FaultKind.TOKEN_REFUSED, 401)


@pytest.mark.parametrize("body", ["json", "xml", "envelope"])
def test_a_throttle_in_any_shape_pauses_the_company_for_everybody(
    simulator: Simulator, open_company: Open, body: str
) -> None:
    realm = simulator.company()
    simulator.faults(realm, {"match": {"endpoint": "query"}, "kind": "http", "status": 429, "body": body})
    company, another = open_company(realm), open_company(realm)

    with pytest.raises(Fault) as caught:
        company.query("SELECT * FROM Customer")
    with pytest.raises(QuotaWait) as wait:
        another.company_info()

    assert (caught.value.kind, caught.value.retry_after_s) == (FaultKind.THROTTLED, 60)
    assert 50 < wait.value.seconds <= 60
    assert simulator.stats(realm)["requests"].get("read", 0) == 0


def test_reads_wait_for_the_next_second_and_writes_do_not(simulator: Simulator, open_company: Open) -> None:
    realm = simulator.company()
    company = open_company(realm)  # background work: 8 requests a second

    answers = [company.query("SELECT * FROM Customer") for _ in range(20)]
    with pytest.raises(QuotaWait):
        for name in range(20):
            company.write("Customer", {"DisplayName": f"Customer {name}"}, request_id=f"c-{name}")

    assert answers == [[]] * 20
    assert simulator.stats(realm)["requests"]["query"] == 20


def test_a_connection_lost_after_the_commit_is_an_unknown_outcome(simulator: Simulator, open_company: Open) -> None:
    realm = simulator.company()
    company = open_company(realm)
    simulator.faults(realm, {"match": {"endpoint": "create"}, "kind": "drop_after_commit"})

    with pytest.raises(Fault) as caught:
        company.write("Customer", {"DisplayName": "Alice"}, request_id="same")
    repeated = company.write("Customer", {"DisplayName": "Alice"}, request_id="same")

    assert (caught.value.kind, caught.value.outcome_known) == (FaultKind.UNAVAILABLE, False)
    assert [one["Id"] for one in simulator.entities(realm, "Customer")] == [repeated.body["Id"]]


def test_a_batch_without_an_answer_in_time_is_an_unknown_outcome(
    simulator: Simulator, open_company: Open, settings: Settings
) -> None:
    settings.QBO_TIMEOUT_S = 0.5
    realm = simulator.company()
    simulator.latency(realm, request_ms=1500)
    company = open_company(realm)
    with pytest.raises(Fault) as caught:
        company.batch([BatchItem("1", "create", "Customer", {"DisplayName": "Alice"})], request_id="b-1")
    assert (caught.value.timed_out, caught.value.outcome_known) == (True, False)


def test_nobodys_name_and_no_token_reaches_the_log(
    simulator: Simulator, open_company: Open, caplog: pytest.LogCaptureFixture
) -> None:
    realm = simulator.company(Customer=[{"DisplayName": "Alice Munro"}])
    token = simulator.tokens(realm)["access_token"]
    company = Company(realm, token)
    with caplog.at_level("DEBUG"):
        company.query(queries.select("Customer", "DisplayName = 'Alice Munro'"))
        with pytest.raises(Fault):
            company.write("Customer", {"DisplayName": "Alice Munro"}, request_id="1")
    assert "QuickBooks create: status 400, code 6240" in caplog.text
    assert "Alice" not in caplog.text
    assert token not in caplog.text

"""How fast the simulator is: it must not be what a benchmark or a demonstration waits for."""

from __future__ import annotations

import statistics
import time
import uuid
from typing import Any

import requests

from qbsync.gateway.queries import select
from tests.bench import firms, size
from tests.bench.conftest import Row
from tests.simulated import Simulator

_CUSTOMERS = size.of(5_000, 100_000)
_TAKES = size.of(3, 25)


def test_the_simulator_answers_batches_and_pages_fast(simulator: Simulator, row: Row) -> None:
    realm = simulator.company(Customer=firms.customers(firms.names(_CUSTOMERS)))
    simulator.limits(realm, 0)
    address = f"{simulator.url}/v3/company/{realm}"
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {simulator.tokens(realm)['access_token']}"
    session.headers["Accept"] = "application/json"

    def batch(number: int) -> None:
        body = {"BatchItemRequest": [_invoice(f"{number}-{item}") for item in range(30)]}
        answer = session.post(f"{address}/batch", json=body, params={"requestid": str(uuid.uuid4())}).json()
        assert all("Invoice" in one for one in answer["BatchItemResponse"])

    def page(number: int) -> None:
        start = 1 + number * (_CUSTOMERS - 1000) // _TAKES
        query = select("Customer", start=start)
        found = session.get(f"{address}/query", params={"query": query}).json()
        assert len(found["QueryResponse"]["Customer"]) == 1000

    for what, wanted_ms, ask in (("a batch of 30 invoices", 15, batch), ("a page of 1,000 customers", 60, page)):
        took_ms = _median_ms(ask)
        measured, reached = f"{took_ms:.0f} ms", took_ms <= wanted_ms
        row(f"simulator with {_CUSTOMERS:,} customers: {what}", f"<= {wanted_ms} ms", measured, reached, timed=True)


def _median_ms(ask: Any) -> float:
    took = []
    for number in range(_TAKES):
        started_at = time.perf_counter()
        ask(number)
        took.append(time.perf_counter() - started_at)
    return statistics.median(took) * 1000


def _invoice(number: str) -> dict[str, Any]:
    line = {"Amount": 100, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}
    invoice = {"CustomerRef": {"value": "1"}, "DocNumber": number, "Line": [line]}
    return {"bId": number.partition("-")[2], "operation": "create", "Invoice": invoice}

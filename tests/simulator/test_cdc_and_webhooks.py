"""What changed: change data capture, and webhooks in both formats with signature, order and retries."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.simulator.client import Company, control


def since(**ago: float) -> str:
    """A moment ago, as clients send it."""
    return (datetime.now(UTC) - timedelta(**ago)).isoformat(timespec="seconds")


def test_cdc_lists_what_changed_by_entity_with_deletions(company: Company) -> None:
    invoice = company.invoice(50)
    company.delete("Invoice", invoice)
    answer = company.get("cdc", entities="Customer,Invoice,Payment", changedSince=since(minutes=5)).json()
    customers, invoices, payments = answer["CDCResponse"][0]["QueryResponse"]
    assert {each["Id"] for each in customers["Customer"]} == {"1", "2"}
    assert (customers["startPosition"], customers["maxResults"]) == (1, 2)
    gone = invoices["Invoice"][0]
    assert (gone["domain"], gone["status"], gone["Id"]) == ("QBO", "Deleted", invoice["Id"])
    assert set(gone) == {"domain", "status", "Id", "MetaData"}
    assert payments == {}


def test_cdc_shows_inactive_customers_as_updates(company: Company) -> None:
    company.update("Customer", company.read("Customer", "2"), Active=False)
    found = company.get("cdc", entities="customer", changedSince=since(minutes=5)).json()
    names = {each["Id"]: each["DisplayName"] for each in found["CDCResponse"][0]["QueryResponse"][0]["Customer"]}
    assert names["2"] == "Weiskopf Consulting (deleted)"


def test_cdc_gives_nothing_from_before_the_moment(company: Company) -> None:
    ahead = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert company.get("cdc", entities="Customer", changedSince=ahead).json()["CDCResponse"] == [
        {"QueryResponse": [{}]}
    ]


def test_cdc_stops_at_a_thousand_in_all(make_company) -> None:
    names = [{"DisplayName": f"C{number}"} for number in range(1100)]
    company = make_company(Customer=names, Vendor=[{"DisplayName": "V"}])
    answer = company.get("cdc", entities="Customer,Vendor", changedSince=since(minutes=5)).json()
    customers, vendors = answer["CDCResponse"][0]["QueryResponse"]
    assert (customers["maxResults"], vendors) == (1000, {})


@pytest.mark.parametrize(
    "params",
    [{"entities": "Customer"}, {"changedSince": "2026-11-01"}, {"entities": "Kangaroo", "changedSince": since(days=1)},
     {"entities": "Customer", "changedSince": "soon"}, {"entities": "Customer", "changedSince": since(days=40)}],
)  # fmt: skip
def test_a_wrong_cdc_request_is_refused(company: Company, params: dict[str, str]) -> None:
    answer = company.get("cdc", **params)
    assert answer.status_code == 400
    assert answer.json()["Fault"]["type"] == "ValidationFault"


class Receiver:
    """A webhook endpoint that keeps what it is sent and refuses as often as it is told."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, dict[str, str]]] = []
        self.refusals = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append((body, {name.lower(): value for name, value in self.headers.items()}))
                status = 500 if receiver.refusals > 0 else 200
                receiver.refusals -= 1
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Stay quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait_for(self, count: int) -> list[tuple[bytes, dict[str, str]]]:
        """The deliveries, once there are so many."""
        deadline = time.monotonic() + 30
        while len(self.received) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(self.received) >= count
        return self.received


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A running receiver."""
    running = Receiver()
    yield running
    running.server.shutdown()
    running.server.server_close()


def subscribe(company: Company, receiver: Receiver, **more: Any) -> None:
    """Send the company's events there."""
    company.control("webhooks", {"url": receiver.url, "verifier_token": "v-1", "retry_scale": 0.01, **more})


def test_events_come_as_signed_cloudevents(company: Company, receiver: Receiver) -> None:
    subscribe(company, receiver)
    made = company.write("Customer", {"DisplayName": "Hooked"})
    body, headers = receiver.wait_for(1)[0]
    signed = base64.b64encode(hmac.new(b"v-1", body, hashlib.sha256).digest()).decode()
    assert headers["intuit-signature"] == signed
    event = json.loads(body)[0]
    assert (event["specversion"], event["type"]) == ("1.0", "qbo.customer.created.v1")
    assert (event["intuitentityid"], event["intuitaccountid"]) == (made["Id"], company.realm)
    assert len(event["time"]) == len("2025-09-10T21:31:25.179851517Z")


def test_a_merge_names_survivor_and_loser(company: Company, receiver: Receiver) -> None:
    subscribe(company, receiver, delay_ms=150)
    company.control("merge", {"entity": "Customer", "from": "2", "into": "1"})
    events = json.loads(receiver.wait_for(1)[0][0])
    merged = next(event for event in events if event["type"] == "qbo.customer.merged.v1")
    assert (merged["intuitentityid"], merged["data"]) == ("1", {"deletedid": "2"})


def test_the_old_format_can_be_had(company: Company, receiver: Receiver) -> None:
    subscribe(company, receiver, format="legacy")
    invoice = company.invoice(10)
    notification = json.loads(receiver.wait_for(1)[0][0])["eventNotifications"][0]
    entity = notification["dataChangeEvent"]["entities"][0]
    assert notification["realmId"] == company.realm
    assert (entity["name"], entity["id"], entity["operation"]) == ("Invoice", invoice["Id"], "Create")


def test_a_refused_delivery_comes_again_before_later_events(company: Company, receiver: Receiver) -> None:
    receiver.refusals = 2
    subscribe(company, receiver)
    first = company.write("Customer", {"DisplayName": "First"})
    receiver.wait_for(1)
    second = company.write("Customer", {"DisplayName": "Second"})
    receiver.wait_for(3)
    taken = [event["intuitentityid"] for event in json.loads(receiver.received[2][0])]
    assert taken[0] == first["Id"]
    rest = [event for body, _ in receiver.received[2:] for event in json.loads(body)]
    assert second["Id"] in {event["intuitentityid"] for event in rest} or receiver.wait_for(4)


def test_events_outlive_a_kill(own_process, receiver: Receiver) -> None:
    company = Company.made(own_process.url, Customer=[{"Id": "1", "DisplayName": "A"}])
    receiver.refusals = 1000
    subscribe(company, receiver)
    company.invoice(10)
    own_process.kill()
    receiver.refusals = 0
    heard = len(receiver.received)
    own_process.start()
    control(own_process.url, "GET", "/_sim/health")
    assert b"qbo.invoice.created.v1" in receiver.wait_for(heard + 1)[-1][0]

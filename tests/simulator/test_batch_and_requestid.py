"""Batches, and requestid: replay, its lengths, its context, what happens while the first is under way."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.simulator.client import Company, Refused, sale_line


def new(name: str) -> dict:
    """A batch item that creates a customer."""
    return {"operation": "create", "Customer": {"DisplayName": name}}


def test_a_batch_answers_each_item_for_itself(company: Company) -> None:
    invoice = company.invoice(100)
    company.update("Invoice", invoice, PrivateNote="changed since")
    answers = company.batch(
        new("Boraski Family Store"),
        {"operation": "delete", "Invoice": {"Id": "129", "SyncToken": "0"}},
        {"operation": "update", "Invoice": {"Id": invoice["Id"], "SyncToken": "0", "sparse": True}},
        {"Query": "select Id from Customer where Id = '1'"},
        {"operation": "create", "Nonsense": {}},
        {"operation": "frobnicate", "Customer": {"Id": "1"}},
    )
    assert [each["bId"] for each in answers] == ["0", "1", "2", "3", "4", "5"]
    assert answers[0]["Customer"]["DisplayName"] == "Boraski Family Store"
    assert [each["Fault"]["Error"][0]["code"] for each in (*answers[1:3], *answers[4:])] == [
        "610",
        "5010",
        "500",
        "500",
    ]
    assert answers[1]["Fault"]["type"] == "ValidationFault"
    assert answers[3]["QueryResponse"]["Customer"][0]["Id"] == "1"


def test_void_and_options_work_inside_batches(company: Company) -> None:
    invoice, payment = company.invoice(10), company.payment(10)
    voided = {"Id": payment["Id"], "SyncToken": "0", "sparse": True}
    answers = company.batch(
        {"operation": "void", "Invoice": {"Id": invoice["Id"], "SyncToken": "0"}},
        {"operation": "update", "optionsData": "include=void", "Payment": voided},
    )
    assert [answers[0]["Invoice"]["TotalAmt"], answers[1]["Payment"]["TotalAmt"]] == [0, 0]


def test_31_items_are_too_many_and_nothing_is_done(company: Company) -> None:
    with pytest.raises(Refused) as refused:
        company.batch(*[new(f"N{place}") for place in range(31)])
    assert refused.value.code == "1040"
    assert company.query("select count(*) from Customer") == {"totalCount": 2}
    assert len(company.batch(*[new(f"N{place}") for place in range(30)])) == 30


def test_a_repeated_requestid_gives_the_same_bytes_and_writes_once(company: Company) -> None:
    body = {"DisplayName": "Once"}
    first = company.post("customer", body, params={"requestid": "r-1"})
    again = company.post("customer", {"DisplayName": "Other"}, params={"requestid": "r-1"})
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert company.query("select count(*) from Customer") == {"totalCount": 3}


def test_a_repeated_batch_is_replayed_unless_the_company_executes_again(company: Company) -> None:
    assert company.batch(new("A"), requestid="b-1") == company.batch(new("A"), requestid="b-1")
    company.control("options", {"batch_replay": False})
    assert "Fault" in company.batch(new("A"), requestid="b-1")[0]


def test_requestids_belong_to_one_company(company: Company, make_company) -> None:
    other = make_company()
    company.post("customer", {"DisplayName": "Same"}, params={"requestid": "r"})
    assert other.post("customer", {"DisplayName": "Same"}, params={"requestid": "r"}).json()["Customer"]["Id"] == "1"


def test_a_refusal_is_replayed_or_not_as_the_company_is_set(company: Company) -> None:
    taken = {"DisplayName": "Cal Telephone"}
    first = company.post("customer", taken, params={"requestid": "f"})
    again = company.post("customer", {"DisplayName": "Free"}, params={"requestid": "f"})
    assert (first.status_code, first.json()["Fault"]) == (again.status_code, again.json()["Fault"])
    company.control("options", {"replay_faults": False})
    company.post("customer", taken, params={"requestid": "g"})
    assert company.post("customer", {"DisplayName": "Free"}, params={"requestid": "g"}).ok


def test_a_requestid_used_for_another_operation_is_600(company: Company) -> None:
    company.post("customer", {"DisplayName": "One"}, params={"requestid": "x"})
    answer = company.post("vendor", {"DisplayName": "Two"}, params={"requestid": "x"})
    assert answer.json()["Fault"]["Error"][0]["code"] == "600"


def test_another_body_under_the_same_requestid_can_be_refused(company: Company) -> None:
    company.control("options", {"other_body": "refuse"})
    first = company.post("customer", {"DisplayName": "One"}, params={"requestid": "y"})
    assert company.post("customer", {"DisplayName": "One"}, params={"requestid": "y"}).content == first.content
    answer = company.post("customer", {"DisplayName": "Two"}, params={"requestid": "y"})
    assert answer.json()["Fault"]["Error"][0]["code"] == "600"


def test_a_second_request_while_the_first_is_under_way_is_600(company: Company) -> None:
    company.control("latency", {"batch_item_ms": 1000})
    with ThreadPoolExecutor() as pool:
        first = pool.submit(company.batch, new("Slow 1"), new("Slow 2"), requestid="slow")
        while not company.control("stats", method="GET")["requests"].get("batch"):
            time.sleep(0.02)
        with pytest.raises(Refused) as refused:
            company.batch(new("Slow 1"), new("Slow 2"), requestid="slow")
        assert refused.value.code == "600"
        done = first.result()
    assert company.batch(new("Slow 1"), new("Slow 2"), requestid="slow") == done


@pytest.mark.parametrize(("path", "most"), [("customer", 50), ("batch", 36)])
def test_requestids_have_their_lengths(company: Company, path: str, most: int) -> None:
    body = {"DisplayName": "L"} if path == "customer" else {"BatchItemRequest": [{"bId": "1", **new("L")}]}
    answer = company.post(path, body, params={"requestid": "r" * (most + 1)})
    assert answer.json()["Fault"]["Error"][0]["code"] == "2050"
    assert company.post(path, body, params={"requestid": "r" * most}).ok


def test_bids_are_short_when_a_requestid_is_given(company: Company) -> None:
    body = {"BatchItemRequest": [{"bId": "b" * 11, **new("B")}]}
    assert company.post("batch", body, params={"requestid": "r"}).json()["Fault"]["Error"][0]["code"] == "2050"
    assert company.post("batch", body).ok


def test_forgotten_and_expired_requestids_execute_again(company: Company) -> None:
    company.post("invoice", {"CustomerRef": {"value": "1"}, "Line": [sale_line()]}, params={"requestid": "i"})
    company.control("options", {"forget_requestids": True})
    company.post("invoice", {"CustomerRef": {"value": "1"}, "Line": [sale_line()]}, params={"requestid": "i"})
    assert company.query("select count(*) from Invoice") == {"totalCount": 2}


def test_readers_see_a_slow_batch_grow(company: Company) -> None:
    company.control("latency", {"batch_item_ms": 200})
    seen: set[int] = set()
    done = threading.Event()

    def watch() -> None:
        session = requests.Session()
        session.headers.update(company.session.headers)
        while not done.is_set():
            answer = session.get(f"{company.base}/query", params={"query": "select count(*) from Vendor"}, timeout=10)
            seen.add(answer.json()["QueryResponse"]["totalCount"])

    watcher = threading.Thread(target=watch)
    watcher.start()
    company.batch(*[{"operation": "create", "Vendor": {"DisplayName": f"V{place}"}} for place in range(6)])
    done.set()
    watcher.join()
    assert len(seen) > 2

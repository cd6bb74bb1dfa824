"""Planned faults: each kind as a client meets it, and what has happened to the books behind it."""

import time
import xml.etree.ElementTree as ET

import pytest
import requests

from tests.simulator.client import Company

BODY = {"DisplayName": "Fault Test"}


def plan(company: Company, kind: str, **details: object) -> None:
    """Plan one fault."""
    company.control("faults", [{"kind": kind, **details}])


def customers(company: Company) -> int:
    """How many customers there are, asked past the faults."""
    return len(company.control("entities/Customer", method="GET"))


@pytest.mark.parametrize(
    ("status", "shape", "content_type", "words"),
    [
        (503, "html", "text/html", "503 Service Unavailable"),
        (500, "json", "application/json", "SystemFault"),
        (502, "xml", "application/xml", "<Fault type="),
        (429, "xml", "application/xml", "errorCode=003001"),
        (429, "json", "application/json", '"code":"3001"'),
        (429, "envelope", "application/json", '"fault":{"error"'),
    ],
)
def test_a_status_comes_in_the_planned_shape_once(
    company: Company, status: int, shape: str, content_type: str, words: str
) -> None:
    plan(company, "http", status=status, body=shape)
    answer = company.post("customer", BODY)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, content_type)
    assert words in answer.text
    assert "intuit_tid" in answer.headers
    if shape == "xml":
        ET.fromstring(answer.text)  # noqa: S314 - the simulator's own
    assert customers(company) == 2
    assert company.post("customer", BODY).ok


def test_any_fault_can_be_planned_for_one_item_of_a_batch(company: Company) -> None:
    plan(company, "fault", match={"endpoint": "batch_item", "contains": "Bad"}, code="6140", message="Duplicate")
    good, bad = company.batch(
        {"operation": "create", "Customer": {"DisplayName": "Good"}},
        {"operation": "create", "Customer": {"DisplayName": "Bad"}},
    )
    assert "Customer" in good
    assert bad["Fault"]["Error"][0]["code"] == "6140"


@pytest.mark.parametrize(("kind", "written"), [("drop_before_commit", 0), ("drop_after_commit", 1)])
def test_a_cut_connection_has_written_or_not(company: Company, kind: str, written: int) -> None:
    plan(company, kind)
    with pytest.raises(requests.ConnectionError):
        company.post("customer", BODY, params={"requestid": "cut"})
    assert customers(company) == 2 + written
    assert company.post("customer", BODY, params={"requestid": "cut"}).json()["Customer"]["Id"]
    assert customers(company) == 3


def test_a_batch_cut_in_the_middle_has_done_its_first_items(company: Company) -> None:
    plan(company, "drop_mid_batch", items=2)
    items = [{"operation": "create", "Customer": {"DisplayName": f"M{place}"}} for place in range(5)]
    with pytest.raises(requests.ConnectionError):
        company.batch(*items, requestid="mid")
    assert customers(company) == 4


@pytest.mark.parametrize(("at", "written"), [("before", 0), ("after", 1), ("body", 1)])
def test_a_stall_outlasts_the_clients_patience(company: Company, at: str, written: int) -> None:
    plan(company, "stall", seconds=20, at=at)
    with pytest.raises((requests.Timeout, requests.ConnectionError)):
        company.post("customer", BODY, timeout=1)
    assert customers(company) == 2 + written


def test_a_truncated_answer_is_no_json_but_was_executed(company: Company) -> None:
    plan(company, "truncate")
    answer = company.post("customer", BODY)
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"."):
        answer.json()
    assert customers(company) == 3


@pytest.mark.parametrize("answer", ["reset", "504"])
def test_late_execution_comes_after_the_client_gave_up(company: Company, answer: str) -> None:
    plan(company, "late_execution", seconds=2, answer=answer)
    if answer == "504":
        assert company.post("customer", BODY).status_code == 504
    else:
        with pytest.raises(requests.ConnectionError):
            company.post("customer", BODY)
    assert customers(company) == 2
    deadline = time.monotonic() + 30
    while customers(company) == 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert customers(company) == 3


def test_the_token_can_expire_and_the_grant_be_revoked(company: Company) -> None:
    plan(company, "expire_token")
    assert company.get("customer/1").status_code == 401
    assert company.get("customer/1").json()["fault"]["error"][0]["code"] == "3200"
    basic = ("simulator-client", "simulator-secret")
    form = {"grant_type": "refresh_token", "refresh_token": company.tokens["refresh_token"]}
    fresh = requests.post(f"{company.url}/oauth2/v1/tokens/bearer", data=form, auth=basic, timeout=10).json()
    company.session.headers["Authorization"] = f"Bearer {fresh['access_token']}"
    assert company.get("customer/1").ok
    plan(company, "revoke")
    assert company.get("customer/1").status_code == 401
    refused = requests.post(f"{company.url}/oauth2/v1/tokens/bearer", data=form, auth=basic, timeout=10)
    assert refused.json()["error"] == "invalid_grant"


def test_requestids_can_be_forgotten_or_ignored(company: Company) -> None:
    for kind in ("forget_requestids", "ignore_requestid"):
        company.post("customer", {"DisplayName": kind}, params={"requestid": kind})
        plan(company, kind)
        again = company.post("customer", {"DisplayName": kind}, params={"requestid": kind})
        assert again.json()["Fault"]["Error"][0]["code"] == "6240"


def test_a_plan_strikes_where_it_matches_after_so_many_and_so_often(company: Company) -> None:
    match = {"endpoint": "create", "entity": "Vendor"}
    plan(company, "http", match=match, after=1, times=2, status=503)
    assert company.post("customer", {"DisplayName": "Not a vendor"}).ok
    statuses = [company.post("vendor", {"DisplayName": f"V{place}"}).status_code for place in range(4)]
    assert statuses == [200, 503, 503, 200]
    counters = company.control("faults", method="GET")[0]
    assert (counters["seen"], counters["used"]) == (3, 2)


def test_a_rate_is_drawn_the_same_from_the_same_seed(company: Company) -> None:
    def draw() -> list[int]:
        company.control("faults", method="DELETE")
        plan(company, "http", times=0, rate=0.5, seed=7, status=503)
        return [company.get("customer/1").status_code for _ in range(12)]

    first = draw()
    assert draw() == first
    assert {200, 503} == set(first)


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "explode"}, {"kind": "http", "after": -1}, {"kind": "http", "bogus": 1}, {"kind": "http", "match": []},
     {"kind": "http", "match": {"x": 1}}, "http"],
)  # fmt: skip
def test_a_wrong_plan_is_refused_with_a_sentence(company: Company, wrong: object) -> None:
    answer = requests.post(f"{company.url}/_sim/companies/{company.realm}/faults", json=[wrong], timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_lapsed_subscription_stops_the_company(company: Company) -> None:
    company.control("options", {"billing_lapsed": True})
    answer = company.get("customer/1")
    assert (answer.status_code, answer.json()["Fault"]["Error"][0]["code"]) == (400, "6190")


def test_a_page_is_cut_short_although_there_is_more(company: Company) -> None:
    plan(company, "short_page", match={"endpoint": "query"}, rows=1)
    plan(company, "short_page", match={"endpoint": "batch_item", "contains": "FROM Customer"}, rows=1)
    everybody = "SELECT * FROM Customer WHERE Active IN (true, false)"
    assert len(company.query(everybody)["Customer"]) == 1
    assert len(company.query(everybody)["Customer"]) == 2
    (cut,) = company.batch({"Query": everybody})
    assert len(cut["QueryResponse"]["Customer"]) == 1

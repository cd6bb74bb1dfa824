"""Throttles at Intuit's values, and the recorded bodies of 429."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.simulator.client import Company, control
from tests.simulator.conftest import Process


@pytest.fixture(scope="module")
def still_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A simulator whose clock these tests stop and move."""
    running = Process(tmp_path_factory.mktemp("limits"))
    yield running
    running.stop()


@pytest.fixture
def throttled(still_process: Process) -> Company:
    """A company at Intuit's values, on a simulator whose clock stands still."""
    control(still_process.url, "POST", "/_sim/clock", {"offset_s": 0, "frozen": True})
    company = Company.made(still_process.url, Customer=[{"Id": "1", "DisplayName": "A"}])
    company.control("limits", {"scale": 1})
    return company


def tick(company: Company) -> Callable[[float], None]:
    """Moves the company's clock on."""
    moved = 0.0

    def move(seconds: float) -> None:
        nonlocal moved
        moved += seconds
        control(company.url, "POST", "/_sim/clock", {"offset_s": moved, "frozen": True})

    return move


def test_ten_a_second_and_five_hundred_a_minute(throttled: Company) -> None:
    move = tick(throttled)
    statuses = Counter(throttled.get("customer/1").status_code for _ in range(14))
    assert statuses == {200: 10, 429: 4}
    for _ in range(48):
        move(1)
        assert {throttled.get("customer/1").status_code for _ in range(10)} == {200}
    move(1)
    assert Counter(throttled.get("customer/1").status_code for _ in range(12)) == {200: 10, 429: 2}
    move(1)
    assert throttled.get("customer/1").status_code == 429
    move(60)
    assert throttled.get("customer/1").status_code == 200
    assert throttled.control("stats", method="GET")["throttled"] == 7


def test_forty_batches_a_minute(throttled: Company) -> None:
    move = tick(throttled)
    statuses: Counter[int] = Counter()
    for _ in range(42):
        move(0.2)
        body = {"BatchItemRequest": [{"bId": "1", "Query": "select count(*) from Customer"}]}
        statuses[throttled.post("batch", body).status_code] += 1
    assert statuses == {200: 40, 429: 2}
    assert throttled.get("customer/1").ok


def test_ten_at_once(company: Company) -> None:
    company.control("limits", {"scale": 0.2})
    company.control("latency", {"request_ms": 1500})
    ready = threading.Barrier(4)

    def ask() -> int:
        ready.wait()
        return company.get("customer/1").status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = Counter(future.result() for future in [pool.submit(ask) for _ in range(4)])
    assert statuses == {200: 2, 429: 2}


@pytest.mark.parametrize(
    ("shape", "content_type"),
    [("json", "application/json"), ("xml", "application/xml"), ("envelope", "application/json")],
)
def test_a_throttle_is_said_in_the_recorded_words(throttled: Company, shape: str, content_type: str) -> None:
    throttled.control("options", {"throttle_body": shape})
    answer = [throttled.get("customer/1") for _ in range(11)][-1]
    assert (answer.status_code, answer.headers["Content-Type"]) == (429, content_type)
    assert "message=ThrottleExceeded; errorCode=003001; statusCode=429" in answer.text
    assert "The request limit was reached. Try again later" in answer.text
    assert "Retry-After" not in answer.headers
    if shape == "json":
        fault = answer.json()["Fault"]
        assert (fault["type"], fault["Error"][0]["code"]) == ("SERVICE", "3001")


def test_a_throttle_can_say_how_long_to_wait(throttled: Company) -> None:
    throttled.control("options", {"retry_after_s": 60})
    answer = [throttled.get("customer/1") for _ in range(11)][-1]
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")


def test_throttles_scale_and_lift(throttled: Company) -> None:
    throttled.control("limits", {"scale": 2})
    assert Counter(throttled.get("customer/1").status_code for _ in range(21)) == {200: 20, 429: 1}
    throttled.control("limits", {"scale": 0})
    assert {throttled.get("customer/1").status_code for _ in range(30)} == {200}


def test_one_company_does_not_throttle_another(throttled: Company) -> None:
    for _ in range(12):
        throttled.get("customer/1")
    other = Company.made(throttled.url)
    other.control("limits", {"scale": 1})
    assert other.get(f"companyinfo/{other.realm}").ok


def test_a_monthly_quota_of_reads_is_not_helped_by_waiting(throttled: Company) -> None:
    throttled.control("limits", {"scale": 0})
    throttled.control("options", {"monthly_reads": 5})
    assert Counter(throttled.get("customer/1").status_code for _ in range(7)) == {200: 5, 429: 2}
    assert throttled.post("customer", {"DisplayName": "Writes are free"}).ok
    move = tick(throttled)
    move(120)
    assert throttled.get("customer/1").status_code == 429

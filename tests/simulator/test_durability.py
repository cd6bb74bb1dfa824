"""`kill -9` at any moment: what was answered is there, what was not is whole or not at all, replays are the same."""

import os
import random
import sqlite3
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.simulator.client import Company, applied, sale_line
from tests.simulator.conftest import Process

Write = tuple[str, dict[str, Any], str]


def make_write(chance: random.Random, invoices: list[dict[str, Any]]) -> Write:
    """(path, body, requestid) of some write; each names itself in what it writes."""
    mark = uuid.UUID(int=chance.getrandbits(128)).hex
    kind = chance.choice(["customer", "invoice", "payment", "batch"])
    invoice = {"CustomerRef": {"value": "1"}, "PrivateNote": mark, "Line": [sale_line(chance.randint(1, 900))]}
    if kind == "payment" and invoices:
        line = applied(chance.choice(invoices), 0.01)
        return kind, {"CustomerRef": {"value": "1"}, "TotalAmt": 5, "PrivateNote": mark, "Line": [line]}, mark[:30]
    if kind == "batch":
        items = [
            {"bId": str(place), "operation": "create", "Customer": {"DisplayName": f"{mark} {place}"}}
            for place in range(5)
        ]
        return kind, {"BatchItemRequest": items}, mark[:30]
    if kind == "customer":
        return kind, {"DisplayName": mark}, mark[:30]
    return "invoice", invoice, mark[:30]


# The full 200 runs take minutes, most of it starting processes: SIMULATOR_THOROUGH=1 asks for them.
PARTS, RUNS = (4, 50) if os.environ.get("SIMULATOR_THOROUGH") else (1, 5)


@pytest.mark.parametrize("part", range(PARTS))
def test_runs_killed_at_random_lose_and_double_nothing(own_process: Process, part: int) -> None:
    chance = random.Random(part)
    company = Company.made(own_process.url, Customer=[{"Id": "1", "DisplayName": "Kill Test"}])
    answered: dict[str, tuple[Write, bytes]] = {}
    invoices: list[dict[str, Any]] = []
    for _ in range(RUNS):
        writes = [make_write(chance, invoices) for _ in range(6)]
        results: dict[str, bytes] = {}

        def send(write: Write, results: dict[str, bytes] = results) -> None:
            path, body, requestid = write
            try:
                answer = company.session.post(
                    f"{company.base}/{path}", json=body, params={"requestid": requestid}, timeout=10
                )
                if answer.ok:
                    results[requestid] = answer.content
            except requests.RequestException:
                """Killed before the answer: nothing was promised."""

        killer = threading.Timer(chance.uniform(0, 0.03), own_process.kill)
        with ThreadPoolExecutor(3) as pool:
            killer.start()
            for future in [pool.submit(send, write) for write in writes]:
                future.result()
        killer.join()
        own_process.start()
        for write in writes:
            path, body, requestid = write
            again = company.post(path, body, params={"requestid": requestid})
            assert again.ok, again.text
            assert results.get(requestid, again.content) == again.content
            answered[requestid] = (write, again.content)
            if path == "invoice":
                invoices.append(again.json()["Invoice"])
    check_whole(company, [write for write, _ in answered.values()])


def check_whole(company: Company, writes: list[Write]) -> None:
    """Every write is there once, and the balances agree with it."""
    books = {kind: company.control(f"entities/{kind}", method="GET") for kind in ("Customer", "Invoice", "Payment")}
    names = [each["DisplayName"] for each in books["Customer"]]
    assert len(names) == len(set(names))
    marks = [each["PrivateNote"] for each in books["Invoice"] + books["Payment"]]
    assert len(marks) == len(set(marks))
    for path, body, _ in writes:
        if path == "batch":
            assert all(item["Customer"]["DisplayName"] in names for item in body["BatchItemRequest"])
        else:
            assert (body.get("DisplayName") in names) or (body.get("PrivateNote") in marks)
    owed = sum(each["Balance"] for each in books["Invoice"]) - sum(each["UnappliedAmt"] for each in books["Payment"])
    assert round(owed, 2) == company.read("Customer", "1")["Balance"]


def test_a_slow_batch_killed_in_the_middle_goes_on_where_it_was(own_process: Process) -> None:
    company = Company.made(own_process.url)
    company.control("latency", {"batch_item_ms": 300})
    items = [{"operation": "create", "Vendor": {"DisplayName": f"V{place}"}} for place in range(6)]
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(company.batch, *items, requestid="killed")
        while not company.control("entities/Vendor", method="GET"):
            time.sleep(0.02)
        own_process.kill()
        with pytest.raises(requests.ConnectionError):
            first.result()
    own_process.start()
    done = company.control("entities/Vendor", method="GET")
    assert 0 < len(done) < 6
    answers = company.batch(*items, requestid="killed")
    assert [each["Vendor"]["DisplayName"] for each in answers] == [f"V{place}" for place in range(6)]
    assert len(company.control("entities/Vendor", method="GET")) == 6


def test_everything_else_outlives_a_restart(own_process: Process) -> None:
    company = Company.made(own_process.url, name="Lasting Books")
    company.control("options", {"name_equality": "sensitive"})
    company.control("faults", [{"kind": "http", "status": 503, "match": {"endpoint": "cdc"}}])
    company.control("latency", {"request_ms": 1})
    own_process.kill()
    own_process.start()
    assert (
        requests.get(f"{own_process.url}/_sim/companies", timeout=10).json()["companies"][0]["name"] == "Lasting Books"
    )
    assert company.control("options", {})["name_equality"] == "sensitive"
    assert company.control("latency", {}) == {"request_ms": 1, "batch_item_ms": 0}
    assert company.get("cdc", entities="Customer", changedSince="2026-01-01").status_code == 503
    assert company.get(f"companyinfo/{company.realm}").ok


def test_a_file_of_an_earlier_version_is_brought_up_to_date(own_process: Process) -> None:
    company = Company.made(own_process.url, Customer=[{"Id": "1", "DisplayName": "B"}, {"DisplayName": "A"}])
    child = company.write("Customer", {"DisplayName": "0 Lane", "ParentRef": {"value": "1"}})
    own_process.stop()
    file = sqlite3.connect(own_process.data_dir / "simulator.sqlite3")
    file.executescript("DROP INDEX entity_listed; ALTER TABLE entity DROP COLUMN sorted; PRAGMA user_version = 0")
    file.close()
    own_process.start()
    found = company.query("select * from Customer")["Customer"]
    assert [each["DisplayName"] for each in found] == ["A", "B", "0 Lane"]
    assert company.update("Customer", child, Notes="x")["SyncToken"] == "1"

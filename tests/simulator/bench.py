"""`python -m tests.simulator.bench`: how fast the simulator answers with 100,000 customers in the company.

It must never be what limits a benchmark: a batch of 30 items within 15 ms, a page of 1000 customers within 60 ms.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.simulator.client import Company, sale_line
from tests.simulator.conftest import Process

CUSTOMERS, ROUNDS = 100_000, 15
BATCH_MS, PAGE_MS = 15.0, 60.0
BY_NAME = "select * from Customer maxresults 1000"
ONE = "select * from Customer where DisplayName = 'Customer {:06}'"


def median_ms(ask: Callable[[int], Any]) -> float:
    """The median time of a request in milliseconds, as its client sees it."""
    times = []
    for turn in range(ROUNDS):
        started = time.perf_counter()
        ask(turn)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def invoices(company: Company, turn: int) -> list[dict]:
    """A batch of 30 new invoices."""
    line = sale_line(100, Qty=1, UnitPrice=100)
    return company.batch(
        *[
            {"operation": "create", "Invoice": {"CustomerRef": {"value": str(turn * 30 + place + 1)}, "Line": [line]}}
            for place in range(30)
        ],
        requestid=f"invoices-{turn}",
    )


def payments(company: Company, made: list[dict], turn: int) -> list[dict]:
    """A batch of 30 payments of those invoices."""
    items = []
    for answer in made:
        invoice = answer["Invoice"]
        line = {"Amount": 100, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
        payment = {"CustomerRef": {"value": invoice["CustomerRef"]["value"]}, "TotalAmt": 100, "Line": [line]}
        items.append({"operation": "create", "Payment": payment})
    return company.batch(*items, requestid=f"payments-{turn}")


def customers(company: Company, turn: int) -> list[dict]:
    """A batch of 30 new customers."""
    names = [{"operation": "create", "Customer": {"DisplayName": f"New {turn} {place}"}} for place in range(30)]
    return company.batch(*names, requestid=f"customers-{turn}")


def main() -> None:
    """Measure and print a table; the figures are for a machine that has nothing else to do."""
    with tempfile.TemporaryDirectory() as folder:
        process = Process(Path(folder))
        try:
            started = time.perf_counter()
            names = [{"DisplayName": f"Customer {number:06}"} for number in range(CUSTOMERS)]
            company = Company.made(process.url, Customer=names)
            seeded = time.perf_counter() - started
            made = [invoices(company, 1000 + turn) for turn in range(ROUNDS)]
            page = "select * from Customer orderby Id startposition {} maxresults 1000"
            figures = [
                ("batch of 30 customers", median_ms(lambda turn: customers(company, turn)), BATCH_MS),
                ("batch of 30 invoices", median_ms(lambda turn: invoices(company, turn)), BATCH_MS),
                ("batch of 30 payments", median_ms(lambda turn: payments(company, made[turn], turn)), BATCH_MS),
                ("first page of 1000 customers", median_ms(lambda _: company.query(page.format(1))), PAGE_MS),
                ("last page of 1000 customers", median_ms(lambda _: company.query(page.format(99_001))), PAGE_MS),
                ("page of 1000 by name", median_ms(lambda _: company.query(BY_NAME)), PAGE_MS),
                ("one customer by name", median_ms(lambda turn: company.query(ONE.format(turn))), PAGE_MS),
            ]
        finally:
            process.stop()
    lines = [f"{CUSTOMERS:,} customers seeded in {seeded:.1f} s"]
    lines += [f"{name:<32}{value:8.1f} ms   (at most {most:.0f})" for name, value, most in figures]
    print("\n".join(lines))  # noqa: T201 - the table is what it is run for


if __name__ == "__main__":
    main()

"""Sends requests to one company from several threads as fast as the quota lets it: one of several processes in a test.

python -m tests.gateway.hammer <realm> <access token> <threads> <requests> <batch|query> <people|background>
"""

import sys
import threading
import time
from typing import Any

import django

django.setup()

from qbsync.gateway.company import BatchQuery, Company, Priority, QuotaWait  # noqa: E402 - Django's settings come first
from qbsync.gateway.limiter import Quota, Slot  # noqa: E402


def main() -> None:
    """Print how often there was no slot. Ends with a traceback, and status 1, where QuickBooks refused anything."""
    realm, token, threads, requests, kind, priority = sys.argv[1:]
    company = Company(realm, token, priority=Priority(priority))
    remaining = list(range(int(requests)))
    waits: list[float] = []
    failures: list[Exception] = []
    take = Quota.take

    def counted(quota: Quota, **what: Any) -> Slot:
        try:
            return take(quota, **what)
        except QuotaWait as wait:
            waits.append(wait.seconds)
            raise

    Quota.take = counted  # type: ignore[method-assign, assignment]

    def work() -> None:
        while not failures:
            try:
                remaining.pop()
            except IndexError:
                return
            while (wait := _send(company, kind, failures)) is not None:
                time.sleep(min(wait, 0.3))

    workers = [threading.Thread(target=work) for _ in range(int(threads))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]
    print(len(waits))  # noqa: T201 - what the test reads


def _send(company: Company, kind: str, failures: list[Exception]) -> float | None:
    """Send one request; return after how many seconds to try again, None where it was sent or has failed."""
    try:
        if kind == "batch":
            company.batch([BatchQuery("1", "SELECT Id FROM Item")])
        else:
            company.query("SELECT Id FROM Item")
    except QuotaWait as wait:
        return wait.seconds
    except Exception as failure:  # noqa: BLE001 - told to the test by the main thread
        failures.append(failure)
    return None


if __name__ == "__main__":
    main()

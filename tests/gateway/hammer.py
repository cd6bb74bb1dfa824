"""Sends requests to one company from several threads as fast as the quota lets it: one of several processes in a test.

python -m tests.gateway.hammer <realm> <access token> <threads> <requests> <batch|query> <people|background>
"""

import sys
import threading
import time

import django

django.setup()

from qbsync.gateway.company import BatchQuery, Company, Priority, QuotaWait  # noqa: E402 - Django's settings come first


def main() -> None:
    """Print how often there was no slot. Ends with a traceback, and status 1, where QuickBooks refused anything."""
    realm, token, threads, requests, kind, priority = sys.argv[1:]
    company = Company(realm, token, priority=Priority(priority))
    remaining = list(range(int(requests)))
    waits: list[float] = []
    failures: list[Exception] = []

    def work() -> None:
        while not failures:
            try:
                remaining.pop()
            except IndexError:
                return
            while not _sent(company, kind, waits, failures):
                time.sleep(min(waits[-1], 0.3))

    workers = [threading.Thread(target=work) for _ in range(int(threads))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]
    print(len(waits))  # noqa: T201 - what the test reads


def _sent(company: Company, kind: str, waits: list[float], failures: list[Exception]) -> bool:
    try:
        if kind == "batch":
            company.batch([BatchQuery("1", "SELECT Id FROM Item")])
        else:
            company.query("SELECT Id FROM Item")
    except QuotaWait as wait:
        waits.append(wait.seconds)
        return False
    except Exception as failure:  # noqa: BLE001 - told to the test by the main thread
        failures.append(failure)
    return True


if __name__ == "__main__":
    main()

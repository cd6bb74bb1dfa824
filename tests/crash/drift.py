"""Drift runs: people change a company's books while looks at it fail and are killed; then both pictures must agree.

A run is drawn from its seed. Once all is calm every link and every document is compared with what QuickBooks has.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from portal.models import Firm, User
from qbsync.changes import poll
from qbsync.copies import customer_id_of, summary
from qbsync.models import AccountSync, Connection, Customer, InvoiceSync, PaymentSync
from qbsync.states import DocumentReason, Status
from qbsync.tasks import poll_changes, sweep
from tests.crash.checker import unsettled
from tests.crash.killing import Killer
from tests.qbsync.conftest import Office
from tests.simulated import Simulator
from tests.workers import Worker

_SECONDS = 10.0
_CALM_WITHIN_S = 120.0
_WATCHED = ("number", "date", "total", "applied")
_MODELS: dict[str, Any] = {"Invoice": InvoiceSync, "Payment": PaymentSync}


@dataclass
class DriftReport:
    """What came of all runs: the differences, by seed."""

    runs: int = 0
    acts: int = 0
    kills: int = 0
    differences: dict[int, list[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        """The lines that `make crash SUITE=drift` ends with."""
        lines = [f"  seed {seed}: {one}" for seed, found in sorted(self.differences.items()) for one in found]
        count = sum(map(len, self.differences.values()))
        return "\n".join([*lines, f"runs {self.runs}, changes {self.acts}, kills {self.kills}, differences: {count}"])


@dataclass
class _Run:
    seed: int
    office: Office
    dice: random.Random
    first: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    """The customers that somebody deactivated or merged away."""


def take(
    seeds: range, simulator: Simulator, alice: User, start_worker: Callable[[], Worker], report: DriftReport
) -> None:
    """Take one group of runs to calm and add what came of them to the report."""
    killer = Killer(start_worker, simulator.url, seeds.start, pause_s=(0.5, 2.0))
    runs = [_begin(simulator, alice, seed) for seed in seeds]
    _wait(runs)
    for run in runs:
        _remember(run)
        simulator.faults(run.office.realm, *_faults(run.dice))
        killer.realms.append(run.office.realm)
    killer.start()
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        run = random.choice(runs)
        with suppress(AssertionError):  # QuickBooks refuses it
            _act(run)
            report.acts += 1
        if random.random() < 0.7:
            Connection.objects.filter(pk=run.office.connection.pk).update(poll_due_at=timezone.now())
            poll_changes.delay(run.office.connection.pk)
        killer.replace_the_dead()
        time.sleep(0.02)
    killer.stop()
    for run in runs:
        simulator.faults(run.office.realm)
        _look(run)
        if found := _compare(run):
            report.differences[run.seed] = found
    report.runs += len(runs)
    report.kills += killer.kills
    killer.worker.stop()


def _begin(simulator: Simulator, alice: User, seed: int) -> _Run:
    dice = random.Random(f"drift run {seed}")
    office = Office(simulator, Firm.objects.create(name=f"Firm of drift {seed}"), alice)
    names = [f"Client {place}" for place in range(dice.randint(2, 3))]
    for name in names:
        office.account(name, invoices=dice.randint(1, 2), payments=dice.randint(0, 1))
    with transaction.atomic():
        office.connect(Customer=[{"DisplayName": name} for name in (*names, "Spare One", "Spare Two")])
    return _Run(seed, office, dice)


def _wait(runs: list[_Run]) -> None:
    """Wait until all documents are in QuickBooks."""
    deadline = time.monotonic() + _CALM_WITHIN_S
    while under_way := unsettled([run.office.connection.pk for run in runs]):
        assert time.monotonic() < deadline, f"the first sync does not end: {under_way}"
        sweep.delay()
        time.sleep(1.0)


def _remember(run: _Run) -> None:
    for kind in _MODELS:
        for one in run.office.remote(kind):
            run.first[kind, one["Id"]] = summary(one, is_payment=kind == "Payment")


def _faults(dice: random.Random) -> list[dict[str, Any]]:
    kinds: list[dict[str, Any]] = [
        {"kind": "truncate"}, {"kind": "http", "status": 503, "body": "html"}, {"kind": "drop_before_commit"},
        {"kind": "stall", "at": "before", "seconds": 3}, {"kind": "fault", "code": "10000", "status": 200},
    ]  # fmt: skip
    match = {"endpoint": dice.choice(["cdc", "cdc", "query"])}
    return [{"match": match, "after": dice.randint(0, 2), **dice.choice(kinds)} for _ in range(dice.randint(0, 3))]


def _act(run: _Run) -> None:
    """Let a person do something in QuickBooks."""
    simulator, realm, dice = run.office.simulator, run.office.realm, run.dice
    if dice.random() < 0.7:
        kind, number = dice.choice(sorted(run.first))
        match dice.choice(["date", "date", "back", "note", "delete", "void"]):
            case "date":
                simulator.change(realm, kind, number, TxnDate=f"2026-03-{dice.randint(3, 20):02}")
            case "back":
                simulator.change(realm, kind, number, TxnDate=run.first[kind, number]["date"])
            case "note":
                simulator.change(realm, kind, number, PrivateNote="Seen by a bookkeeper")
            case operation:
                simulator.remove(realm, kind, number, operation=operation)
        return
    customers = run.office.remote("Customer")
    one, other = dice.choice(customers), dice.choice(customers)
    match dice.choice(["deactivate", "activate", "rename", "merge"]):
        case "deactivate":
            run.touched.add(one["Id"])
            simulator.change(realm, "Customer", one["Id"], Active=False)
        case "activate":
            simulator.change(realm, "Customer", one["Id"], Active=True)
        case "rename" if one["Active"]:
            simulator.change(realm, "Customer", one["Id"], DisplayName=f"Renamed {dice.randrange(10**6)}")
        case "merge" if one["Active"] and other["Active"] and one["Id"] != other["Id"]:
            run.touched.add(one["Id"])
            simulator.merge(realm, "Customer", gone=one["Id"], into=other["Id"])


def _look(run: _Run) -> None:
    """Look once more, undisturbed."""
    deadline = time.monotonic() + _CALM_WITHIN_S
    begun = timezone.now()
    while True:
        pk = run.office.connection.pk
        Connection.objects.filter(pk=pk).update(poll_due_at=timezone.now())
        again = poll.run(pk)
        polled_at = Connection.objects.values_list("polled_at", flat=True).get(pk=pk)
        if again is None and polled_at and polled_at > begun:
            return
        assert time.monotonic() < deadline, f"seed {run.seed}: the last look is not completed"
        time.sleep(min(again or 0.1, 2.0))


def _compare(run: _Run) -> list[str]:
    return [*_links(run), *(one for kind in _MODELS for one in _documents(run, kind))]


def _links(run: _Run) -> list[str]:
    there = {one["Id"]: one for one in run.office.remote("Customer")}
    found = []
    for mirrored in Customer.objects.filter(connection=run.office.connection):
        one = there[mirrored.qbo_id]
        if (mirrored.display_name, mirrored.active) != (one["DisplayName"], one["Active"]):
            found.append(f"customer {mirrored.qbo_id} is {mirrored}, {mirrored.active}; there {one['DisplayName']}")
    for row in AccountSync.objects.filter(connection=run.office.connection).select_related("customer", "account"):
        if row.status == Status.SYNCED and row.customer and not there[row.customer.qbo_id]["Active"]:
            found.append(f"{row.account} is Synced to an inactive customer")
        elif row.status != Status.SYNCED and not run.touched:
            found.append(f"{row.account} is {row.status} {row.reason}, and nobody touched a customer")
        elif row.status not in (Status.SYNCED, Status.NOT_SYNCED):
            found.append(f"{row.account} is {row.status} {row.reason}")
    return found


def _documents(run: _Run, kind: str) -> list[str]:
    there = {one["Id"]: one for one in run.office.simulator.entities(run.office.realm, kind)}
    rows = {row.document.number: row for row in _MODELS[kind].objects.filter(connection=run.office.connection)}
    found = []
    for (of, number), first in run.first.items():
        if of != kind:
            continue
        row = next((row for row in rows.values() if row.qbo_id == number), None)
        expected = _expected(there[number], first, is_payment=kind == "Payment")
        if expected == DocumentReason.DELETED_THERE:
            if row is not None:
                found.append(f"{kind} {number} was deleted there, and here it is {row.status} {row.reason}")
        elif row is None:
            found.append(f"{kind} {number} is there, and here it counts as deleted")
        elif row.status == "synced" and row.seen["customer"] != customer_id_of(there[number]):
            found.append(f"{kind} {number} is customer {customer_id_of(there[number])}'s, and counts as Synced")
        elif not expected and _is_with_another_customer(row, there[number]):
            continue
        elif (row.status, row.reason) != ("failed" if expected else "synced", expected):
            found.append(f"{kind} {number} should be {expected or 'synced'}: {row.status} {row.reason} {row.detail}")
    gone = sum(one.get("status") == "Deleted" for one in there.values())
    told = sum(row.reason == DocumentReason.DELETED_THERE for row in rows.values())
    return found if gone == told else [*found, f"{gone} {kind}s were deleted there, {told} are told"]


def _is_with_another_customer(row: Any, remote: dict[str, Any]) -> bool:
    """Whether it is told, and true, that it is another customer's than its account's.

    It is allowed because people merge customers here and make the one merged away active again between two looks: its
    account stays linked to it, but its documents are the survivor's.
    """
    is_told = {one[0] for one in row.detail.get("differences", [])} == {"customer"}
    linked = Customer.objects.filter(links__account=row.account_id).values_list("qbo_id", flat=True).first()
    return is_told and customer_id_of(remote) not in ("", linked)


def _expected(remote: dict[str, Any], first: dict[str, Any], *, is_payment: bool) -> str:
    if remote.get("status") == "Deleted":
        return DocumentReason.DELETED_THERE
    now = summary(remote, is_payment=is_payment)
    if now["void"]:
        return DocumentReason.VOIDED_THERE
    watched = [name for name in _WATCHED if name in first]
    return DocumentReason.EDITED_THERE if any(now[name] != first[name] for name in watched) else ""

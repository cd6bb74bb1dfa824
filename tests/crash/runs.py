"""Takes runs, a few dozen at a time, through faults and kills to calm, checks each, and tells what came of them."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields

from portal.models import User
from qbsync.models import PushIntent
from qbsync.tasks import sweep
from tests.crash.checker import Findings, check, unsettled
from tests.crash.killing import Killer
from tests.crash.people import Run, act, begin, look_for_drift, reconnect_the_broken, sync_the_skipped
from tests.crash.scenario import TIMEOUT_S, WINDOW_S, Act, draw
from tests.simulated import Simulator
from tests.workers import Worker

WORKER = {
    "SYNC_LEASE_S": "5", "QBO_EXECUTION_WINDOW_S": str(WINDOW_S), "QBO_TIMEOUT_S": str(TIMEOUT_S),
}  # fmt: skip
_SWEEP_EVERY_S = 2.0
_CALM_WITHIN_S = 150.0


@dataclass
class Report:
    """What came of all runs, by seed where something is wrong."""

    runs: int = 0
    kills: int = 0
    unanswered: int = 0
    """Writes whose outcome was not known for a while, and was found out."""
    failed: dict[int, Findings] = field(default_factory=dict)

    def __str__(self) -> str:
        """The lines that `make crash` ends with."""
        lines = [
            f"  seed {seed}: {kind}: {line}"
            for seed, findings in sorted(self.failed.items())
            for kind, said in vars(findings).items()
            for line in said
        ]
        kinds = [one.name for one in fields(Findings)]
        counts = {kind: sum(len(getattr(one, kind)) for one in self.failed.values()) for kind in kinds}
        last = f"runs {self.runs}, kills {self.kills}, writes left unanswered {self.unanswered}, " + ", ".join(
            f"{kind} {n}" for kind, n in counts.items()
        )
        repeat = [f"repeat one alone: make crash RUNS=1 SEED={min(self.failed)}"] if self.failed else []
        return "\n".join([*lines, *repeat, last])


def take(
    seeds: range, simulator: Simulator, alice: User, start_worker: Callable[[], Worker], report: Report,
    *, pause_s: tuple[float, float],
) -> None:  # fmt: skip
    """Take one group of runs to calm and add what came of them to the report."""
    killer = Killer(start_worker, simulator.url, seeds.start, pause_s=pause_s)
    killer.start()
    runs: list[Run] = []
    due: list[tuple[float, int, int, Act]] = []
    sweeps = _sweeps()
    for place, seed in enumerate(seeds):
        runs.append(begin(simulator, alice, draw(seed)))
        killer.realms.append(runs[-1].office.realm)
        now = time.monotonic()
        for step, what in enumerate(runs[-1].scenario.acts):
            heapq.heappush(due, (now + what.at_s, place, step, what))
        _act(runs, due)
        next(sweeps)
        killer.replace_the_dead()
    while due:
        _act(runs, due)
        next(sweeps)
        killer.replace_the_dead()
        time.sleep(0.05)
    killer.stop()
    for run in runs:
        simulator.faults(run.office.realm)
        simulator.latency(run.office.realm)
        reconnect_the_broken(run)
        look_for_drift(run)
        sync_the_skipped(run)
    under_way = _wait_for_calm(runs, sweeps)
    for run in runs:
        if findings := check(run):
            findings.stuck += [f"not calm: {said}" for said in [under_way.get(run.office.connection.pk)] if said]
            report.failed[run.seed] = findings
    report.runs += len(runs)
    report.kills += killer.kills
    found_out = PushIntent.objects.filter(connection__in=[run.office.connection for run in runs], intuit_tid="")
    report.unanswered += found_out.exclude(outcome=PushIntent.Outcome.OPEN).count()
    killer.worker.stop()


def _act(runs: list[Run], due: list[tuple[float, int, int, Act]]) -> None:
    """Let people do what they do by now."""
    while due and due[0][0] <= time.monotonic():
        _, place, _, what = heapq.heappop(due)
        act(runs[place], what)


def _sweeps() -> Iterator[None]:
    """Sweep every few seconds, as beat does."""
    last = time.monotonic()
    while True:
        if time.monotonic() - last >= _SWEEP_EVERY_S:
            last = time.monotonic()
            sweep.delay()
        yield


def _wait_for_calm(runs: list[Run], sweeps: Iterator[None]) -> dict[int, str]:
    """Wait until nothing is under way; return what still is after a long while, by connection."""
    connections = [run.office.connection.pk for run in runs]
    deadline = time.monotonic() + _CALM_WITHIN_S
    while (under_way := unsettled(connections)) and time.monotonic() < deadline:
        next(sweeps)
        time.sleep(0.3)
    return under_way

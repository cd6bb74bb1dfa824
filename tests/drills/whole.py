"""A whole portal in a folder of its own, the work it is given, and what both sides hold of that work."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg2
import redis
import requests

from portal.local.addresses import ROOT, database_url, redis_url
from portal.local.processes import die_with_parent
from portal.local.run import Local
from tests.drills.onlooker import Onlooker, sign_in, tooltips
from tests.local.programs import Program, without_servers
from tests.ports import free_port
from tests.simulated import Simulator

_RUN = "import sys; from portal.local.run import run; sys.exit(run())"
REALM = "9341455000000001"
_OF_THE_FIRM = "FROM qbsync_accountsync s JOIN qbsync_connection c ON c.id = s.connection_id AND c.realm_id = %s"
_SYNCED = f"SELECT a.code {_OF_THE_FIRM} JOIN accounts_account a ON a.id = s.account_id WHERE s.status = 'synced'"
_NOT_YET = (
    f"SELECT count(*) {_OF_THE_FIRM} JOIN accounts_{{0}} d ON d.account_id = s.account_id"  # noqa: S608 - words of our own
    " LEFT JOIN qbsync_{0}sync r ON r.document_id = d.id"
    " WHERE d.number LIKE 'DRILL%%' AND r.status IS DISTINCT FROM 'synced'"
)
_DOCUMENTS = 60
# The portal and the simulator count twenty times Intuit's quota: no drill is to wait for what another one has used up.
_SHORT = {
    "SYNC_LEASE_S": "5",
    "QBO_EXECUTION_WINDOW_S": "8",
    "QBO_TIMEOUT_S": "5",
    "SWEEP_EVERY_S": "3",
    "QBO_QUOTA_SCALE": "20",
}


@dataclass(frozen=True)
class Outcome:
    """How a drill ended: documents doubled, lost and stuck, and the seconds from the end of the trouble."""

    doubled: int
    lost: int
    stuck: int
    recovered_s: float

    def __str__(self) -> str:
        return f"recovered after {self.recovered_s:.0f} s, doubled {self.doubled}, lost {self.lost}, stuck {self.stuck}"


class Portal:
    """The running portal. Times of leases and waits are shortened, all else is as `make run` has it."""

    def __init__(self, folder: Path, **variables: str) -> None:
        """Start it in this folder, with these variables besides, and wait until the demonstration is synced."""
        self.folder = folder
        self._ports = free_port(), free_port()
        self.site = f"http://127.0.0.1:{self._ports[0]}"
        self._variables = {
            "PORTAL_DATA_DIR": str(folder / "data"),
            "PORT": str(self._ports[0]),
            "SIMULATOR_PORT": str(self._ports[1]),
            **_SHORT,
            **variables,
        }
        self._program = Program(_RUN, **self._variables)
        self._works: list[str] = []
        while "Password of all" not in self._program.line():
            pass
        self.simulator = Simulator(f"http://127.0.0.1:{self._ports[1]}")
        self.simulator.limits(REALM, 20)
        self._wait(lambda: self.is_ready() and self._is_settled(), 300, "the demonstration is not synced")
        ((firm,),) = self._ask("SELECT firm_id FROM qbsync_connection WHERE realm_id = %s")
        self._firm = str(firm)
        self.browser = sign_in(self.site)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop all of it, as Ctrl-C does."""
        self._program.press_ctrl_c()
        said, code = self._program.rest()
        assert code == 0, said

    def is_ready(self, site: str = "") -> bool:
        """Whether every part answers."""
        try:
            return requests.get(f"{site or self.site}/readyz", timeout=30).ok
        except requests.ConnectionError:
            return False

    def give_work(self) -> str:
        """Enter invoices, each with a payment in full, of accounts that are Synced; return how their numbers begin."""
        name = f"DRILL{len(self._works) + 1}-"
        self._works.append(name)
        codes = [code for (code,) in self._ask(_SYNCED)][:20]
        assert codes
        rows = [(f"{name}{place}", codes[place % len(codes)]) for place in range(_DOCUMENTS)]
        invoices = [[number, code, "2026-03-02", "Advice", "100.00"] for number, code in rows]
        payments = [[number, code, "2026-03-03", "100.00", number, number, "100.00"] for number, code in rows]
        self._run(
            "import_books",
            *("--firm", self._firm),
            *("--invoices", self._file(["Number", "Account ID", "Date", "Description", "Amount"], invoices)),
            *(
                "--payments",
                self._file(
                    ["Number", "Account ID", "Date", "Amount", "Reference", "Invoice number", "Applied"], payments
                ),
            ),
        )
        return name

    def press(self, place: str) -> None:
        """Send a form without fields to that place of the portal, as the owner."""
        token = str(self.browser.cookies["csrftoken"])
        answer = requests.post(
            f"{self.site}{place}", cookies=self.browser.cookies, headers={"X-CSRFToken": token}, timeout=30
        )
        assert answer.ok, answer.status_code

    def tooltip(self, account: str) -> list[str]:
        """What the list's tooltip says of this account."""
        answer = requests.get(
            f"{self.site}/clients/accounts/", {"q": account}, cookies=self.browser.cookies, timeout=30
        )
        (said,) = tooltips(answer.text)
        return said

    def struck(self) -> int:
        """How many requests met the faults that are planned now."""
        return sum(one["used"] for one in self.simulator.planned(REALM))

    def outcome(self, since: float, patience_s: float = 180) -> Outcome:
        """Wait until all work given so far is settled, or patience ends; compare both sides."""
        self.settled_within(patience_s)
        recovered_s, stuck = time.monotonic() - since, self.under_way()
        doubled = lost = 0
        for kind, number in (("Invoice", "DocNumber"), ("Payment", "PaymentRefNum")):
            there = Counter(
                str(one.get(number, ""))
                for one in self.simulator.entities(REALM, kind)
                if one.get("status") != "Deleted"
            )
            held = [there[f"{name}{place}"] for name in self._works for place in range(_DOCUMENTS)]
            doubled += sum(count - 1 for count in held if count > 1)
            lost += held.count(0)
        return Outcome(doubled, lost, stuck, recovered_s)

    def settled_within(self, seconds: float) -> bool:
        """Wait until all work given so far is settled; whether it was in time."""
        deadline = time.monotonic() + seconds
        while (left := self.under_way()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return left == 0

    def under_way(self) -> int:
        """How many accounts are being synced, and how many documents of work given here are not Synced."""
        try:
            ((accounts,),) = self._ask(f"SELECT count(*) {_OF_THE_FIRM} WHERE s.status = 'syncing'")
            ((invoices,),), ((payments,),) = (self._ask(_NOT_YET.format(kind)) for kind in ("invoice", "payment"))
        except psycopg2.OperationalError:
            return -1  # not to be known while the database is away
        return int(accounts + invoices + payments)

    def account_without_customer(self) -> tuple[int, str]:
        """An account of the firm that has no customer in QuickBooks: its key and name."""
        no_match = (
            f"SELECT a.id, a.name {_OF_THE_FIRM} JOIN accounts_account a ON a.id = s.account_id WHERE s.reason = "
        )
        return next(iter(self._ask(f"{no_match} 'no_match' ORDER BY a.id")))

    def delivered(self, name: str) -> int:
        """How many of the work's invoices are in QuickBooks."""
        return sum(str(one.get("DocNumber", "")).startswith(name) for one in self.simulator.entities(REALM, "Invoice"))

    def onlooker(self, name: str, *, site: str = "") -> Onlooker:
        """A person who looks at the lists, of that work's documents, within a with statement."""
        return Onlooker(self.browser, site or self.site, self.simulator, REALM, name)

    @contextmanager
    def silenced(self, part: str, *, knows: str = "") -> Iterator[None]:
        """Stop a part (`valkey`; with ``knows``, of one host) meanwhile: it takes connections and never answers."""
        there = self._processes(part, knows)
        assert there, part
        for process in there:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in there:
                os.kill(process, signal.SIGCONT)

    def kill(self, part: str) -> None:
        """End every process of a part (`postgres`, `valkey`, `celery`) at once; wait until all is there again."""
        there = self._processes(part)
        assert there, part
        for process in there:
            with_children = [process, *(one for one in self._children(process) if one)]
            for one in with_children:
                try:
                    os.kill(one, signal.SIGKILL)
                except ProcessLookupError:
                    continue
        self._wait(self.is_ready, 120, f"{part} did not come back")

    def flush_redis(self) -> None:
        """Empty Redis, as one that lost its disk."""
        redis.Redis.from_url(redis_url(self.folder / "data")).flushall()

    @contextmanager
    def second_host(self, **variables: str) -> Iterator[str]:
        """Run web and workers once more, with these variables, as on a host of their own; yields the web's address."""
        port = free_port()
        host = Local(self.folder / "data", port, self._ports[1], simulated=True)
        services = [host.web(), *(service for service in host.workers() if service.name != "beat")]
        processes = [self._start(service.command, **variables) for service in services]
        site = f"http://127.0.0.1:{port}"
        try:
            self._wait(lambda: self.is_ready(site), 120, "the second host does not start")
            yield site
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait()

    def second_beat(self) -> subprocess.Popen[bytes]:
        """Start beat once more."""
        schedule = str(self.folder / "second-schedule")
        return self._start(
            [sys.executable, "-m", "celery", "-A", "portal", "beat", "--schedule", schedule, "--pidfile", ""]
        )

    def _start(self, command: Sequence[str], **variables: str) -> subprocess.Popen[bytes]:
        log = self.folder / "beside.log"
        with log.open("ab") as written:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=without_servers({**self._variables, **variables}),
                stdout=written,
                stderr=written,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )

    def _is_settled(self) -> bool:
        return bool(self._ask(_SYNCED)) and self.under_way() == 0

    def _ask(self, sql: str) -> list[Any]:
        """The answer of the database to a question about the connection of the firm."""
        with closing(psycopg2.connect(database_url(self.folder / "data"))) as connection, connection.cursor() as cursor:
            cursor.execute(sql, [REALM])
            return cursor.fetchall()

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=without_servers(self._variables),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def _file(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        path = self.folder / f"{titles[3]}-{len(self._works)}.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([titles, *rows])
        return str(path)

    def _processes(self, part: str, knows: str = "") -> list[int]:
        """The processes of this portal whose command has the part in it, and whose environment that."""
        mine, found = str(self.folder).encode(), []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command, known = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
            except OSError:
                continue
            if part.encode() in command and knows.encode() in known and (mine in known or mine in command):
                found.append(int(process.name))
        return found

    def _children(self, parent: int) -> list[int]:
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        pairs = [line.split() for line in listed.splitlines()]
        return [int(pid) for pid, of in pairs if int(of) == parent]

    def _wait(self, condition: Callable[[], bool], patience_s: float, otherwise: str) -> None:
        deadline = time.monotonic() + patience_s
        while not condition():
            assert time.monotonic() < deadline, otherwise
            time.sleep(0.2)

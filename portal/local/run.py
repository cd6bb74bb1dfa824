"""`make run`: everything of the portal on this machine, from the database to the QuickBooks simulator, until Ctrl-C."""

import http.client
import os
import socket
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from portal.local.addresses import data_dir, database_url
from portal.local.processes import Child, Service
from portal.local.servers import claimed, ensure_database, start_servers
from portal.local.supervisor import Failed, Stopped, Supervisor

_HOST = "127.0.0.1"
_SIGN_INS = (
    ("owner@demo.test", "connects QuickBooks, and may do everything"),
    ("admin@demo.test", "syncs and unsyncs accounts"),
    ("employee@demo.test", "reads the accounts assigned to them"),
    ("newcomer@demo.test", "owns a firm that is not connected yet"),
)
_LARGEST_LOG = 5_000_000
_START_S = 90.0


@dataclass(frozen=True)
class Local:
    """Where this run keeps its state and listens."""

    data: Path
    port: int
    simulator_port: int
    simulated: bool

    @classmethod
    def from_environment(cls) -> "Local":
        """Read PORTAL_DATA_DIR, PORT, SIMULATOR_PORT and QBO_ENVIRONMENT. Raises Failed for a port that is none."""
        local = cls(
            data=data_dir(),
            port=_port("PORT", 8000),
            simulator_port=_port("SIMULATOR_PORT", 9000),
            simulated=os.environ.get("QBO_ENVIRONMENT", "simulator") == "simulator",
        )
        if local.simulated and local.port == local.simulator_port:
            raise Failed("PORT and SIMULATOR_PORT are the same. Give each its own.")
        return local

    @property
    def url(self) -> str:
        """The portal's address."""
        return f"http://{_HOST}:{self.port}"

    @property
    def simulator_url(self) -> str:
        """The simulator's address."""
        return f"http://{_HOST}:{self.simulator_port}"

    def service(self, name: str, *command: str) -> Service:
        """One of the portal's own processes: a module or script of the project's Python."""
        log = self.data / "logs" / f"{name}.log"
        return Service(name, [sys.executable, *command], log, {"PYTHONUNBUFFERED": "1"})

    def web(self) -> Service:
        """The web server, for this machine alone."""
        options = ["--bind", f"{_HOST}:{self.port}", "--worker-class", "gthread", "--workers", "2", "--threads", "4"]
        options += ["--preload", "--graceful-timeout", "5", "--no-control-socket"]
        return self.service("web", "-m", "gunicorn", "portal.wsgi", *options)

    def workers(self) -> list[Service]:
        """The Celery processes: workers of their own for what a person waits for, and the clock of regular tasks."""
        celery = ("-m", "celery", "-A", "portal")
        schedule = str(self.data / "beat-schedule")
        return [
            *(
                self.service(
                    f"worker-{queue}",
                    *celery,
                    *("worker", "-Q", queue, "-n", f"{queue}@%h", "-c", "2", "-l", "info"),
                    *("--without-gossip", "--without-mingle"),
                )
                for queue in ("people", "background")
            ),
            self.service("beat", *celery, "beat", "-l", "info", "--schedule", schedule, "--pidfile", ""),
        ]

    def simulator(self) -> Service:
        """The QuickBooks company that runs locally."""
        storage = str(self.data / "simulator")
        command = ("-m", "qbsync.simulator", "--port", str(self.simulator_port), "--data-dir", storage)
        return self.service("simulator", *command)


def run() -> int:
    """Start everything, say where it is, and keep it running until Ctrl-C. Returns the exit code."""
    with ExitStack() as stack:
        try:
            local = Local.from_environment()
            stack.enter_context(claimed(local.data))
            # Left by the stack before the claim is, so all has stopped when another run may begin.
            supervisor = stack.enter_context(Supervisor())
            _start(supervisor, local)
            supervisor.watch(_say)
        except Stopped:
            pass
        except Failed as failure:
            _say(str(failure))
            return 1
        _say("Stopping …")
    _say("Stopped. Everything is kept for the next start.")
    return 0


def _start(supervisor: Supervisor, local: Local) -> None:
    for name, port in (("PORT", local.port), ("SIMULATOR_PORT", local.simulator_port))[: 1 + local.simulated]:
        _require_free(name, port)
    _begin_logs_anew(local.data / "logs")
    _say("Starting …")
    start_servers(
        supervisor,
        local.data,
        postgres=not os.environ.get("DATABASE_URL"),
        valkey=not os.environ.get("REDIS_URL"),
    )
    ensure_database(database_url())
    simulator = supervisor.start(local.simulator()) if local.simulated else None
    migration, code = supervisor.run(local.service("migrate", "manage.py", "migrate", "--noinput"))
    if code != 0:
        raise Failed(f"The database could not be brought up to date. {_last_line(migration)}")
    web = supervisor.start(local.web())
    if simulator is not None:
        _require(supervisor, simulator, f"{local.simulator_url}/_sim/health")
        seed = supervisor.start(local.service("seed_demo", "manage.py", "seed_demo"))
    _require(supervisor, web, f"{local.url}/healthz")
    for worker in local.workers():
        supervisor.start(worker)
    if simulator is not None and supervisor.finished(seed) != 0:
        _say(f"The demonstration firm could not be made, so its sign-ins may be missing. {_last_line(seed)}")
    _welcome(local)


def _welcome(local: Local) -> None:
    lines = ["", f"  The portal        {local.url}"]
    if local.simulated:
        lines += [f"  QuickBooks        {local.simulator_url}   (a simulated company; nothing leaves this machine)", ""]
        lines += [f"  {email:<18}  {what}" for email, what in _SIGN_INS]
        lines += ["  Password of all: demo-portal"]
    lines += ["", f"  Logs are in {local.data / 'logs'}. Ctrl-C stops everything; what was entered is kept.", ""]
    _say("\n".join(lines))


def _require(supervisor: Supervisor, child: Child, url: str) -> None:
    if not supervisor.wait_until(lambda: _answers(url), child, _START_S):
        raise Failed(f"{child.service.name} does not start. {_last_line(child)}")


def _answers(url: str) -> bool:
    """Whether a web server answers there at all; one that is set up for https answers with a redirection."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=5)
    try:
        connection.request("GET", address.path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _port(name: str, default: int) -> int:
    given = os.environ.get(name) or str(default)
    if given.isdecimal() and 0 < int(given) < 65536:
        return int(given)
    raise Failed(f"{name} is {given!r}; it is a port's number, from 1 to 65535.")


def _require_free(name: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise Failed(
                f"Port {port} cannot be used ({error.strerror}). Stop what uses it, or choose another:"
                f" {name}={port + 1 if port < 65535 else 8000} make run"
            ) from None


def _begin_logs_anew(folder: Path) -> None:
    """Keep one earlier log of each process once it has grown large."""
    for log in folder.glob("*.log"):
        if log.stat().st_size > _LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))


def _last_line(child: Child) -> str:
    said = child.output().strip().splitlines()
    return f"{said[-1] if said else 'It said nothing.'} ({child.service.log})"


def _say(text: str) -> None:
    with suppress(OSError):  # the terminal may be gone, which is no reason to leave anything running
        print(text, flush=True)

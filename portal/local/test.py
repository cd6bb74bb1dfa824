"""`make test`, `make bench`: throw-away servers, a browser if there is one, pytest; leaves `make run`'s state alone."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from portal.local import browser
from portal.local.addresses import ROOT, database_url, redis_url
from portal.local.processes import GRACE_S, die_with_parent
from portal.local.servers import claimed, ensure_database, start_servers
from portal.local.supervisor import Failed, Stopped, Supervisor

_LEFT_OUT = (
    "LEFT OUT: every browser test, because this machine has no Chromium and none could be fetched.\n"
    "Install chromium (or google-chrome), or set PORTAL_CHROMIUM to one, and run again."
)


def run_bench(arguments: list[str]) -> int:
    """Run the benchmarks in full, one after the other, on servers of their own; return pytest's exit code."""
    os.environ.setdefault("BENCH_MINUTES", "5")
    return _on_own_servers(["-n", "0", "tests/bench", *arguments])


def run_tests(arguments: list[str]) -> int:
    """Run pytest with those arguments on servers of its own; return its exit code.

    With DATABASE_URL or REDIS_URL set, that server is used and none is started in its place.
    """
    chromium = browser.find_or_fetch()
    if chromium is None:
        print(_LEFT_OUT, flush=True)
        if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
            return 1
        arguments = ["-m", "not browser", *arguments]
    else:
        os.environ["PORTAL_CHROMIUM"] = chromium
    code = _on_own_servers(arguments)
    if chromium is None:
        print(_LEFT_OUT, flush=True)
    return code


def _on_own_servers(arguments: list[str]) -> int:
    # Not below TMPDIR, whose path may be too long for a socket.
    data = Path(tempfile.mkdtemp(prefix="portal-test-", dir="/tmp"))
    try:
        with claimed(data), Supervisor() as supervisor:
            _start_servers(supervisor, data)
            return _pytest(supervisor, arguments)
    except Stopped:
        return 130
    except Failed as failure:
        print(failure, flush=True)
        return 1
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _start_servers(supervisor: Supervisor, data: Path) -> None:
    postgres, valkey = not os.environ.get("DATABASE_URL"), not os.environ.get("REDIS_URL")
    start_servers(supervisor, data, postgres=postgres, valkey=valkey, durable=False)
    if postgres:
        os.environ["DATABASE_URL"] = database_url(data)
        ensure_database(os.environ["DATABASE_URL"])
    if valkey:
        os.environ["REDIS_URL"] = redis_url(data)
    os.environ["PORTAL_DATA_DIR"] = str(data)


def _pytest(supervisor: Supervisor, arguments: list[str]) -> int:
    """Run pytest in the terminal's foreground: it gets Ctrl-C itself, and still prints its summary.

    It is one process more than there are cores, as many tests wait: for answers that are late, and for other processes.
    """
    processes = str((os.cpu_count() or 1) + 1)
    command = [sys.executable, "-m", "pytest", "-n", processes, "--dist", "worksteal", *arguments]
    with subprocess.Popen(command, cwd=ROOT, preexec_fn=die_with_parent(signal.SIGINT)) as pytest:
        try:
            while pytest.poll() is None:
                supervisor.pause()
        except Stopped:
            try:
                pytest.wait(timeout=GRACE_S)
            except subprocess.TimeoutExpired:
                pytest.terminate()
    return pytest.returncode

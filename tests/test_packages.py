"""What is said of packages that are pinned wrongly, not installed, or known to be weak."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from portal.local.addresses import ROOT
from tests import packages
from tests.ports import free_port

WEAK = {
    "id": "GHSA-0000-test",
    "summary": "Reads what it should not.",
    "affected": [
        {
            "package": {"name": "django", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}],
        }
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the project's requirements."""
    for path in ROOT.glob("requirements*"):
        shutil.copy(path, tmp_path)
    return tmp_path


def replace(path: Path, pattern: str, text: str) -> None:
    """Replace what there is once in a file."""
    changed, times = re.subn(pattern, text, path.read_text(), flags=re.MULTILINE)
    assert times == 1
    path.write_text(changed)


def test_the_projects_own_packages_are_pinned_and_installed() -> None:
    assert packages.check(ROOT) == []


def test_a_package_that_is_wanted_and_not_pinned_is_named(folder: Path) -> None:
    replace(folder / "requirements.in", "^whitenoise$", "whitenoise\nnot-pinned[extra]")
    replace(folder / "requirements-dev.in", "^ruff$", "ruff>=99")
    said = packages.check(folder)
    assert said[0].startswith("requirements.in wants not-pinned[extra], and requirements.txt pins none")
    assert said[1].startswith("requirements-dev.in wants ruff>=99, and requirements-dev.txt pins 0.")
    assert len(said) == 2


def test_a_package_that_is_pinned_twice_or_not_installed_is_named(folder: Path) -> None:
    replace(folder / "requirements.txt", r"^redis==\S+", "redis==0.1")
    replace(folder / "requirements-dev.txt", r"^ruff==\S+", "ruff==0.1")
    said = packages.check(folder)
    assert said[0].startswith("redis is 0.1 in requirements.txt and ")
    assert said[1].startswith("ruff 0.1 is pinned, and 0.")
    assert said[1].endswith("is installed: rm .venv/ready && make setup.")
    assert len(said) == 2


class Advisories(ThreadingHTTPServer):
    """Answers as the source of advisories does, of one package or of none."""

    def __init__(self, weak: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.weak, self.asked = weak, set[str]()


class _Answer(BaseHTTPRequestHandler):
    server: Advisories

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]["name"]
        self.server.asked.add(asked)
        body = json.dumps({"vulns": [WEAK]} if asked == self.server.weak else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def advisories(request: pytest.FixtureRequest) -> Iterator[Advisories]:
    """A source of advisories of this machine."""
    server = Advisories(request.param)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def audit(port: int, **variables: str) -> subprocess.CompletedProcess[str]:
    """`make audit`, which asks this port."""
    command = [sys.executable, "-m", "tests.packages", "audit", "--osv-url", f"http://127.0.0.1:{port}/query"]
    clean = {name: value for name, value in os.environ.items() if name != packages.REQUIRED}
    return subprocess.run(command, cwd=ROOT, env={**clean, **variables}, capture_output=True, text=True)


@pytest.mark.parametrize("advisories", ["django"], indirect=True)
def test_a_package_with_a_known_weakness_fails_the_audit(advisories: Advisories) -> None:
    answer = audit(advisories.server_address[1])
    assert answer.returncode == 1
    assert re.fullmatch(
        r"django 5\.2\S+: GHSA-0000-test, mended in 99\.1\. Reads what it should not\.\n", answer.stdout
    )


@pytest.mark.parametrize("advisories", [""], indirect=True)
def test_every_package_that_the_portal_runs_on_is_asked_for(advisories: Advisories) -> None:
    answer = audit(advisories.server_address[1])
    assert answer.stdout == "No known weakness in what requirements.txt pins.\n"
    assert answer.returncode == 0
    pinned = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert advisories.asked == set(pinned)


def test_where_nobody_can_be_asked_it_says_so_and_fails_only_where_that_is_wanted() -> None:
    answer = audit(free_port())
    assert answer.stdout.startswith("not audited: ")
    assert answer.returncode == 0
    assert audit(free_port(), AUDIT_REQUIRED="1").returncode == 1

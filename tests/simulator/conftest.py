"""A simulator process for these tests alone, and companies in it. No Django, no database, no import of it."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from intuitlib.client import AuthClient
from quickbooks import QuickBooks

from tests.ports import free_port
from tests.simulator.client import Company, control


class Process:
    """One simulator on a free port; it can be killed and started again on the same data."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "qbsync.simulator", "--port", str(self.port), "--data-dir", str(self.data_dir)]
        self.child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while True:
            assert self.child.poll() is None, "the simulator ended at its start"
            assert time.monotonic() < deadline, "the simulator does not answer"
            try:
                if requests.get(f"{self.url}/_sim/health", timeout=5).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.03)

    def kill(self) -> None:
        """SIGKILL: nothing can be tidied up."""
        self.child.kill()
        self.child.wait()

    def stop(self) -> None:
        """SIGTERM, as `make run` ends it."""
        self.child.terminate()
        self.child.wait(timeout=20)


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """The simulator of this session."""
    running = Process(tmp_path_factory.mktemp("simulator"))
    yield running
    running.stop()


@pytest.fixture
def own_process(tmp_path: Path) -> Iterator[Process]:
    """A simulator for one test, which may kill it or move its clock."""
    running = Process(tmp_path / "data")
    yield running
    if running.child.poll() is None:
        running.stop()


@pytest.fixture
def make_company(process: Process) -> Callable[..., Company]:
    """Make a company with these entities, throttles lifted, and a client for it."""

    def make(**given: object) -> Company:
        return Company.made(process.url, **given)

    return make


@pytest.fixture
def company(make_company: Callable[..., Company]) -> Company:
    """A company with two customers, a vendor, an employee and a customer type."""
    return make_company(
        Customer=[
            {"Id": "1", "DisplayName": "Amy's Bird Sanctuary"},
            {"Id": "2", "DisplayName": "Weiskopf Consulting"},
        ],
        Vendor=[{"DisplayName": "Cal Telephone"}],
        Employee=[{"GivenName": "Emily", "FamilyName": "Platt"}],
        CustomerType=[{"Name": "Individual"}],
    )


@pytest.fixture
def qb(process: Process, company: Company, monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickBooks]:
    """The library's client for the company."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setattr(QuickBooks, "api_url_v3", f"{process.url}/v3")
    auth = AuthClient(
        "simulator-client", "simulator-secret", "http://localhost/cb", f"{process.url}/.well-known/openid_configuration"
    )
    refresh = company.tokens["refresh_token"]
    yield QuickBooks(auth_client=auth, refresh_token=refresh, company_id=company.realm, minorversion=75)


@pytest.fixture(autouse=True)
def _clock_as_it_was(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test leaves the shared simulator's clock moved."""
    yield
    if "process" in request.fixturenames:
        control(request.getfixturevalue("process").url, "POST", "/_sim/clock", {"offset_s": 0})

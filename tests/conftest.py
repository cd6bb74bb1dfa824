"""What every test may use: settings for tests, the QuickBooks simulator, and real Celery workers."""

import os
import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import requests
from django.conf import settings as django_settings
from pytest_django import Settings

from portal.local.addresses import broker_url
from portal.local.processes import Child, Service
from tests.moved_time import move_clocks_together
from tests.simulated import Simulator
from tests.tried import pytest_terminal_summary as pytest_terminal_summary
from tests.tried import tried as tried
from tests.workers import Worker

_SIMULATOR_READY_S = 60


def pytest_configure() -> None:
    """Give each pytest-xdist process a Redis database and a broker prefix of its own, before anything connects."""
    process = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0)
    django_settings.REDIS_URL = _with_redis_database(django_settings.REDIS_URL, 1 + process % 15)
    django_settings.CELERY_BROKER_URL = broker_url(django_settings.REDIS_URL)
    django_settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] = f"test-{process}:"
    django_settings.CACHES["default"]["LOCATION"] = django_settings.REDIS_URL
    # Passwords in tests protect nothing, and a slow hash of each would take most of the tests' time.
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # All tests come from one address and sign the same people in; those of the limits put them back.
    django_settings.ACCOUNT_RATE_LIMITS = False
    move_clocks_together()


def _with_redis_database(url: str, number: int) -> str:
    if url.startswith("unix://"):
        return re.sub(r"\?.*", "", url) + f"?db={number}"
    head, _, query = url.partition("?")
    return re.sub(r"(://[^/]+)(/\d*)?$", rf"\1/{number}", head) + (f"?{query}" if query else "")


@pytest.fixture(scope="session")
def simulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a simulator that runs as long as the tests of this process do."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("simulator")
    command = [sys.executable, "-m", "qbsync.simulator", "--port", str(port), "--data-dir", str(folder / "data")]
    child = Child(Service("simulator", command, folder / "simulator.log"))
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + _SIMULATOR_READY_S
    while not _is_healthy(url):
        assert not child.has_ended(), f"The simulator ended:\n{child.output()}"
        assert time.monotonic() < deadline, f"The simulator is not ready:\n{child.output()}"
        time.sleep(0.05)
    yield url
    child.stop()


def _is_healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/_sim/health", timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture
def simulator(simulator_process: str, settings: Settings) -> Iterator[Simulator]:
    """The simulator, and settings that point to it. Companies stay apart, so each test makes its own."""
    for name in ("QBO_API_BASE_URL", "QBO_OAUTH_BASE_URL", "QBO_BROWSER_BASE_URL"):
        setattr(settings, name, simulator_process)
    settings.QBO_APP_BASE_URL = f"{simulator_process}/app"
    policy = django_settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {**policy, "form-action": ["'self'", simulator_process]}}
    settings.QBO_DISCOVERY_URL = f"{simulator_process}/.well-known/openid_configuration"
    simulator = Simulator(simulator_process)
    yield simulator
    simulator.put_back()


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    """The broker of this test process, with no message of an earlier test in it."""
    client = redis.Redis.from_url(django_settings.REDIS_URL)
    prefix = django_settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    for key in client.scan_iter(match=f"{prefix}*", count=1000):
        client.delete(key)
    yield client
    client.close()


@pytest.fixture
def start_worker(
    transactional_db: None, simulator: Simulator, broker: redis.Redis, tmp_path: Path
) -> Iterator[Callable[..., Worker]]:
    """Start a real Celery worker on what this test has committed; more variables of its environment by name.

    ``include`` names a module of the tests that the worker loads besides its tasks.

    start_worker(queues=("people",), concurrency=1, SYNC_LEASE_S="2")
    """
    workers: list[Worker] = []

    def start(
        queues: tuple[str, ...] = ("people", "background"), concurrency: int = 2, include: str = "", **environment: Any
    ) -> Worker:
        log = tmp_path / f"worker-{len(workers)}.log"
        variables = {name: str(value) for name, value in environment.items()}
        workers.append(Worker(log, queues=queues, concurrency=concurrency, environment=variables, include=include))
        return workers[-1]

    yield start
    for worker in workers:
        worker.stop()


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait until a condition holds; fail with what it last said where it does not."""

    def wait_for(condition: Callable[[], Any], *, within_s: float = 30.0) -> None:
        deadline = time.monotonic() + within_s
        while not (held := condition()):
            assert time.monotonic() < deadline, f"did not come about: {held!r}"
            time.sleep(0.1)

    return wait_for

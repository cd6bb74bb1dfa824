"""The portal's web server as the Dockerfile starts it, on the test's own database and Redis."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import requests
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.utils.module_loading import import_string

from portal.local.processes import Child, Service
from portal.models import User
from tests.ports import free_port
from tests.workers import same_as_the_test

_READY_S = 60
_LOOKS_S = 0.02


class Web:
    """Two processes of eight threads, for the length of a with statement.

    Attributes:
        url: its address.
        started_s: how long it took until it answered.
    """

    def __init__(self, log: Path) -> None:
        port = free_port()
        command = [sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{port}"]
        command += ["--no-control-socket", "--worker-class", "gthread", "--workers", "2", "--threads", "8"]
        self.url = f"http://127.0.0.1:{port}"
        started_at = time.monotonic()
        self._child = Child(Service("web", command, log, same_as_the_test()))
        while not self._answers():
            assert not self._child.has_ended(), self._child.output()
            assert time.monotonic() < started_at + _READY_S, self._child.output()
            time.sleep(_LOOKS_S)
        self.started_s = time.monotonic() - started_at

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.stop()

    def memory_mb(self) -> float:
        """What the larger of its two processes has in memory, in MiB."""
        listed = subprocess.run(["ps", "-A", "-o", "ppid=,rss="], capture_output=True, text=True, check=True).stdout
        rows = [map(int, line.split()) for line in listed.splitlines()]
        return max(kb for parent, kb in rows if parent == self._child.pid) / 1024

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).ok
        except requests.ConnectionError:
            return False


def signed_in(url: str, user: User) -> requests.Session:
    """Return a browser of that person; made in the database, as many sign-ins from one address are rightly refused."""
    store: SessionBase = import_string(f"{settings.SESSION_ENGINE}.SessionStore")()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    session = requests.Session()
    session.trust_env = False
    session.cookies.set(settings.SESSION_COOKIE_NAME, str(store.session_key), domain="127.0.0.1")
    assert session.get(f"{url}/clients/accounts/", timeout=60).url.endswith("/clients/accounts/")
    return session

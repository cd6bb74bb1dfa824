"""`manage.py simulator` starts alone: without a database or a broker of the portal, and without one being named."""

import os
import subprocess
import sys
import time
from pathlib import Path

import requests

from tests.ports import free_port

ROOT = Path(__file__).parents[2]


def test_the_command_needs_nothing_of_the_portal(tmp_path: Path) -> None:
    hidden = ("DATABASE_URL", "REDIS_URL", "PORTAL_DATA_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    port = free_port()
    command = [sys.executable, "manage.py", "simulator", "--port", str(port), "--data-dir", str(tmp_path / "data")]
    child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            assert child.poll() is None
            assert time.monotonic() < deadline
            try:
                assert requests.get(f"http://127.0.0.1:{port}/_sim/health", timeout=5).json() == {"ok": True}
                break
            except requests.ConnectionError:
                time.sleep(0.05)
    finally:
        child.terminate()
    assert child.wait(timeout=20) in (0, -15)

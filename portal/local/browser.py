"""Finds a Chromium for the browser tests, and fetches one where the machine allows it; never starts a test."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

from portal.local.addresses import ROOT

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FETCH_S = 600


def find_or_fetch() -> str | None:
    """The path of a Chromium that starts, or None: PORTAL_CHROMIUM, the system's, Playwright's own, or Debian's."""
    for path in _candidates():
        if path and _starts(path):
            return path
    return None


def _candidates() -> Iterator[str | None]:
    if given := os.environ.get("PORTAL_CHROMIUM"):
        yield given
        return
    for name in _NAMES:
        yield shutil.which(name)
    yield _of_playwright()
    print("No Chromium is installed; fetching one for the browser tests …", flush=True)
    if _run([sys.executable, "-m", "playwright", "install", "chromium"]):
        yield _of_playwright()
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _run(["apt-get", "update", "-q"])
        _run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"])
        yield shutil.which("chromium")


def _of_playwright() -> str | None:
    """Where Playwright keeps its own browser, downloaded or not."""
    script = (
        "from playwright.sync_api import sync_playwright as p\nwith p() as play: print(play.chromium.executable_path)"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


def _starts(path: str) -> bool:
    """Whether it runs at all: a stub, or a download whose libraries are missing, does not."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _run(command: list[str]) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=_FETCH_S, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()
        print(f"  {' '.join(command)}: {words[-1] if words else 'failed'}", flush=True)
    return done.returncode == 0

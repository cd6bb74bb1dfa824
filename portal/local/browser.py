"""Finds a Chromium for the browser tests, and fetches one where the machine allows it; never starts a test."""

import os
import shutil
import subprocess
import sys

from portal.local.addresses import ROOT

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FETCH_S = 600


def find() -> str | None:
    """The path of a Chromium that starts, or None: PORTAL_CHROMIUM, the system's, or Playwright's own."""
    if given := os.environ.get("PORTAL_CHROMIUM"):
        return given if _starts(given) else None
    return next((path for path in map(shutil.which, _NAMES) if path and _starts(path)), None) or _of_playwright()


def find_or_fetch() -> str | None:
    """As `find`; where there is none, Playwright's download, or for root Debian's package."""
    if (found := find()) or os.environ.get("PORTAL_CHROMIUM"):
        return found
    print("No Chromium is installed; fetching one for the browser tests …", flush=True)
    if _run([sys.executable, "-m", "playwright", "install", "chromium"]) and (fetched := _of_playwright()):
        return fetched
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _run(["apt-get", "update", "-q"])
        _run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium", "fonts-dejavu-core"])
    return find()


def _of_playwright() -> str | None:
    """The path of the browser that Playwright downloaded, or None."""
    script = (
        "from playwright.sync_api import sync_playwright as p\nwith p() as play: print(play.chromium.executable_path)"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    path = found.stdout.strip()
    return path if path and _starts(path) else None


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
        said = (done.stderr + done.stdout).splitlines()
        why = next((line for line in said if line.lower().startswith(("e:", "error"))), f"exit code {done.returncode}")
        print(f"  {' '.join(command)}: {why}", flush=True)
    return done.returncode == 0

"""Which browser the tests use, and what `make test` does where there is none."""

import subprocess
import sys
from pathlib import Path

import pytest

from portal.local import browser
from portal.local.addresses import ROOT
from tests.local.programs import without_servers

WORKS, FAILS = "#!/bin/sh\necho Chromium 1\n", "#!/bin/sh\nexit 1\n"


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with no browser; what the test puts into the returned folder is on its PATH."""
    monkeypatch.delenv("PORTAL_CHROMIUM", raising=False)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_a_machine_without_a_browser_is_recognised(bare_machine: Path) -> None:
    assert browser.find() is None


def test_the_systems_browser_is_found(bare_machine: Path) -> None:
    chrome = program(bare_machine / "google-chrome", WORKS)

    assert browser.find() == chrome


def test_a_browser_that_does_not_start_is_passed_over(bare_machine: Path) -> None:
    program(bare_machine / "chromium", FAILS)
    chrome = program(bare_machine / "google-chrome", WORKS)

    assert browser.find() == chrome


def test_the_browser_that_a_person_names_wins(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(bare_machine / "chromium", WORKS)
    own = program(bare_machine / "own", WORKS)
    monkeypatch.setenv("PORTAL_CHROMIUM", own)

    assert browser.find() == own


def test_without_a_browser_the_rest_runs_and_what_is_left_out_is_said() -> None:
    done = _make_test("tests/local/test_addresses.py", "tests/browser", CI="")

    assert done.stdout.count("LEFT OUT: every browser test") == 2, "once before the tests and once after them"
    assert " passed" in done.stdout
    assert done.returncode == 0


def test_without_a_browser_ci_fails() -> None:
    done = _make_test("tests/local/test_addresses.py", CI="true")

    assert "LEFT OUT: every browser test" in done.stdout
    assert " passed" not in done.stdout
    assert done.returncode == 1


def _make_test(*tests: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`make test` of some tests, where the named browser is none and nothing may be fetched."""
    command = [sys.executable, "-m", "portal.local", "test", *tests]
    environment = without_servers({**environment, "PORTAL_CHROMIUM": "/nonexistent/chromium"})
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

"""`make run` as a newcomer uses it: start, look, Ctrl-C, start again."""

import os
import re
from pathlib import Path

import pytest
import requests

from tests.local.programs import Program, wait_for
from tests.ports import free_port

RUN = "import sys; from portal.local.run import run; sys.exit(run())"


@pytest.mark.processes
def test_a_person_starts_signs_in_stops_and_finds_all_of_it_again(tmp_path: Path) -> None:
    port, simulator_port = free_port(), free_port()
    site = f"http://127.0.0.1:{port}"
    variables = {"PORTAL_DATA_DIR": str(tmp_path), "PORT": str(port), "SIMULATOR_PORT": str(simulator_port)}

    for visit in ("first", "second"):
        program = Program(RUN, **variables)
        while "owner@demo.test" not in program.line():
            pass
        wait_for(lambda: requests.get(f"{site}/readyz", timeout=30).ok)

        browser = _signed_in(site, "owner@demo.test")
        assert requests.get(f"http://127.0.0.1:{simulator_port}/_sim/health", timeout=30).json() == {"ok": True}
        if visit == "first":
            browser.get(f"{site}/", timeout=30)
            kept = browser.cookies.copy()
        else:
            browser.cookies = kept
            assert "/sign-in" not in browser.get(f"{site}/", timeout=30).url, "the earlier session is gone"

        program.press_ctrl_c()
        said, code = program.rest()
        assert code == 0
        assert "is started again" not in said, said
        assert _processes_that_know(str(tmp_path)) == []


def _signed_in(site: str, email: str) -> requests.Session:
    browser = requests.Session()
    form = browser.get(f"{site}/sign-in/", timeout=30).text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert token
    answer = browser.post(
        f"{site}/sign-in/",
        {"csrfmiddlewaretoken": token[1], "login": email, "password": "demo-portal"},
        timeout=30,
    )
    assert answer.ok
    assert "/sign-in" not in answer.url, answer.text
    return browser


def _processes_that_know(text: str) -> list[str]:
    """The command lines of this machine's processes that have the text in them or in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            known = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if text.encode() in known and int(process.name) != os.getpid():
            found.append(known.split(b"\0\0")[0].decode(errors="replace"))
    return found

"""What `make run` says before it starts anything."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from portal.local.addresses import ROOT
from tests.local.programs import Program, without_servers

RUN = "import sys; from portal.local.run import run; sys.exit(run())"


def test_a_port_in_use_is_named_with_a_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said, code = Program(RUN, PORTAL_DATA_DIR=str(tmp_path / "data"), PORT=str(port)).rest()

    assert code == 1
    assert said.startswith(f"Port {port} cannot be used (Address already in use).")
    assert f"PORT={port + 1} make run" in said


@pytest.mark.parametrize("port", ["http", "0", "-1", "65536", "80 80"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    said, code = Program(RUN, PORTAL_DATA_DIR=str(tmp_path / "data"), PORT=port).rest()

    assert (said, code) == (f"PORT is {port!r}; it is a port's number, from 1 to 65535.\n", 1)


def test_the_portal_and_the_simulator_cannot_share_a_port(tmp_path: Path) -> None:
    said, code = Program(RUN, PORTAL_DATA_DIR=str(tmp_path), PORT="8340", SIMULATOR_PORT="8340").rest()

    assert (said, code) == ("PORT and SIMULATOR_PORT are the same. Give each its own.\n", 1)


def test_a_database_that_cannot_be_reached_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    url = f"postgresql://nobody@127.0.0.1:{port}/books"
    ports = {"PORT": "8341", "SIMULATOR_PORT": "9371"}

    said, code = Program(RUN, PORTAL_DATA_DIR=str(tmp_path / "data"), DATABASE_URL=url, **ports).rest()

    assert code == 1
    assert "The database cannot be reached: " in said
    assert "Traceback" not in said


def test_a_command_without_a_database_says_what_starts_one(tmp_path: Path) -> None:
    environment = without_servers({"PORTAL_DATA_DIR": str(tmp_path / "never started")})
    command = [sys.executable, "manage.py", "migrate"]

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "The database cannot be reached: " in done.stderr
    assert "`make run` starts it" in done.stderr
    assert "Traceback" not in done.stderr

"""docker-compose.yml and Dockerfile without a Docker engine: each command, in a folder with the image's files."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
import requests
import yaml

from portal.local.addresses import ROOT, database_url, redis_url
from portal.local.processes import Child, Service, stop
from tests.local.programs import without_servers
from tests.ports import free_port

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service.get("image") == "firm-portal"}
ONCE = ("migrate", "seed")
VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?P<empty>:?)-(?P<default>(?:[^${}]|\$\{[^{}]*\})*)\}")


def filled_in(text: str, variables: dict[str, str]) -> str:
    """The text with ${NAME:-default} and ${NAME-default} replaced as Compose replaces them, and $$ by $."""

    def value(found: re.Match[str]) -> str:
        given = variables.get(found["name"])
        is_unset = given is None or (found["empty"] and not given)
        return filled_in(found["default"], variables) if is_unset else str(given)

    return VARIABLE.sub(value, text).replace("$$", "$")


def test_every_service_of_ours_runs_without_rights_it_does_not_need() -> None:
    assert len(OURS) == 7
    for name, service in OURS.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    assert re.findall(r"^USER (\w+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE) == ["portal"]


def test_every_service_that_stays_says_whether_it_is_well() -> None:
    assert {name for name, service in COMPOSE["services"].items() if "healthcheck" not in service} == set(ONCE)


def test_only_what_needs_the_simulator_is_left_out_without_its_profile() -> None:
    profiles = {name: service["profiles"] for name, service in COMPOSE["services"].items() if "profiles" in service}
    assert profiles == {"simulator": ["simulator"], "seed": ["simulator"]}
    for name, service in COMPOSE["services"].items():
        waits_for = set(service.get("depends_on", ()))
        assert name in profiles or not waits_for & set(profiles), f"{name} waits for what may not be there"


def test_nothing_but_this_machine_reaches_the_ports() -> None:
    for service in COMPOSE["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of an empty database, which is gone afterwards."""
    url, name = urlsplit(database_url()), f"compose_{os.getpid()}"
    server = psycopg2.connect(url._replace(path="/postgres").geturl())
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield url._replace(path=f"/{name}").geturl()
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    server.close()


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A folder with what the Dockerfile copies, after what it runs there; the packages are those of the tests."""
    folder = tmp_path / "image"
    folder.mkdir()
    steps = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    for source, target in re.findall(r"^COPY (\S+) (\S+)$", steps, re.MULTILINE):
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, folder / target)
    commands = [step for step in re.findall(r"^RUN (.+)$", steps, re.MULTILINE) if "manage.py" in step]
    assert len(commands) == 1
    done = subprocess.run(
        ["sh", "-c", commands[0]], cwd=folder, env=environment({}), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def environment(variables: dict[str, str]) -> dict[str, str]:
    """What a container's process sees: the variables, and the way to Python."""
    here = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**without_servers({}), **variables, "PATH": here, "HOSTNAME": socket.gethostname()}


class Containers:
    """Starts services as the file has them, in the image's folder, at addresses of this machine."""

    def __init__(self, image: Path, data: Path, database: str) -> None:
        self._image, self._data = image, data
        self._database = database
        self.web, self.simulator = free_port(), free_port()
        self._started: list[Child] = []

    def command(self, words: list[str]) -> list[str]:
        """The command with this machine's ports and folders for the containers'."""
        return [self._here(word) for word in words]

    def run(self, name: str) -> None:
        """Run a service that ends by itself, and see that it ends well."""
        done = subprocess.run(
            self.command(OURS[name]["command"]),
            cwd=self._image,
            env=self._environment(name),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"

    def start(self, name: str) -> None:
        """Start a service that stays."""
        command = OURS[name].get("command") or _command_of_the_image()
        inside = ["sh", "-c", 'cd "$0" && exec "$@"', str(self._image), *self.command(command)]
        self._started.append(
            Child(Service(name, inside, self._data / f"{name}.log", self._environment(name), is_server=False))
        )

    def is_well(self, name: str) -> bool:
        """What the service's health check says; an error when the service has ended."""
        child = next(child for child in self._started if child.service.name == name)
        assert not child.has_ended(), f"{name} ended:\n{child.output()}"
        kind, *words = OURS[name]["healthcheck"]["test"]
        words = self.command(words if kind == "CMD" else ["sh", "-c", *words])
        check = subprocess.run(words, cwd=self._image, env=self._environment(name), capture_output=True, check=False)
        return check.returncode == 0

    def stop(self) -> None:
        """Stop all of them."""
        stop(self._started)

    def _environment(self, name: str) -> dict[str, str]:
        own = {"DATABASE_URL": self._database, "REDIS_URL": redis_url()}
        given = {key: self._here(filled_in(value, own)) for key, value in OURS[name]["environment"].items()}
        more = {"PORTAL_DATA_DIR": str(self._data), "CELERY_KEY_PREFIX": f"compose-{os.getpid()}:"}
        return environment({**given, **more})

    def _here(self, text: str) -> str:
        text = filled_in(text, {}).replace("//simulator:", "//127.0.0.1:").replace("//web:", "//127.0.0.1:")
        text = text.replace("8000", str(self.web)).replace("9000", str(self.simulator))
        return text.replace("/var/lib/portal", str(self._data)).replace("/tmp/beat", f"{self._data}/beat")


def _command_of_the_image() -> list[str]:
    command = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text()).partition("\nCMD ")[2]
    return [word.strip(",") for word in shlex.split(command.strip().removeprefix("[").removesuffix("]"))]


@pytest.fixture
def containers(image: Path, tmp_path: Path, database: str) -> Iterator[Containers]:
    """The services, none of them started yet."""
    data = tmp_path / "data"
    data.mkdir()
    containers = Containers(image, data, database)
    yield containers
    containers.stop()


@pytest.mark.processes
def test_each_command_of_the_file_works_in_the_images_folder(
    containers: Containers, database: str, eventually: Callable[..., None]
) -> None:
    containers.start("simulator")
    containers.run("migrate")
    eventually(lambda: containers.is_well("simulator"))
    containers.run("seed")
    stay = ("web", "worker-people", "worker-background", "beat")
    for name in stay:
        containers.start(name)

    site = f"http://127.0.0.1:{containers.web}"
    eventually(lambda: _ok(f"{site}/readyz"), within_s=60)
    for name in stay:
        eventually(lambda name=name: containers.is_well(name), within_s=60)
    page = requests.get(f"{site}/sign-in/", timeout=30).text
    style = re.search(r'href="(/static/portal/app[^"]*\.css)"', page)
    assert style, page
    assert requests.get(site + style[1], timeout=30).ok
    # The simulator's webhooks come to the name of the service; that they are signed wrongly here is all that is wrong.
    hook = {"Host": "web:8000", "intuit-signature": "bm90IGl0"}
    answer = requests.post(f"{site}/webhooks/quickbooks/", headers=hook, data=b"{}", timeout=30)
    assert answer.status_code == 401, answer.text
    eventually(lambda: _synced(database) > 0, within_s=60)


def _ok(url: str) -> bool:
    try:
        return requests.get(url, timeout=30).ok
    except requests.ConnectionError:
        return False


def _synced(database: str) -> int:
    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM qbsync_accountsync WHERE status = 'synced'")
        row: Any = cursor.fetchone()
    connection.close()
    return int(row[0])

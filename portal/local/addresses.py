"""Says where the database, the broker and all local state are; never starts or contacts anything.

Local servers listen on Unix sockets only, in a folder that belongs to this user alone, so that two clones never
collide and no other user of the machine reaches the books. The addresses follow from the data folder, so a
management command in another terminal finds the servers that `make run` started.
"""

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import quote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
# The kernel holds a socket's path in 108 bytes, the closing zero included; PostgreSQL appends this name.
_LONGEST_SOCKET_PATH = 107
_LONGEST_SOCKET_NAME = "/.s.PGSQL.5432"


def data_dir() -> Path:
    """The folder of all local state: PORTAL_DATA_DIR, relative to the project, or `.local` in the project."""
    return ROOT / (os.environ.get("PORTAL_DATA_DIR") or ".local")


def socket_dir(data: Path) -> Path:
    """The folder of the local servers' sockets: in the data folder, or under /tmp where that path is too long.

    PostgreSQL reads a comma or a quote in a socket's folder as a list, so such paths go to /tmp as well.
    """
    inside = data / "run"
    if len(f"{inside}{_LONGEST_SOCKET_NAME}".encode()) <= _LONGEST_SOCKET_PATH and re.fullmatch(
        r"[\w./+@-]+", str(inside)
    ):
        return inside
    name = hashlib.sha256(str(data).encode()).hexdigest()[:12]
    return Path(f"/tmp/portal-{os.getuid()}-{name}")


def database_url(data: Path | None = None) -> str:
    """DATABASE_URL, or the address of the local PostgreSQL of that data folder (it need not be running)."""
    if data is None and (given := os.environ.get("DATABASE_URL")):
        return given
    return f"postgresql://portal@{quote(str(socket_dir(data or data_dir())), safe='')}/portal"


def redis_url(data: Path | None = None) -> str:
    """REDIS_URL, or the address of the local Valkey of that data folder (it need not be running)."""
    if data is None and (given := os.environ.get("REDIS_URL")):
        return given
    return f"unix://{quote(str(socket_dir(data or data_dir()) / 'valkey.sock'))}?db=0"


def broker_url(redis: str) -> str:
    """The same Redis in Celery's spelling: it writes a Unix socket as redis+socket://…?virtual_host=0."""
    if not redis.startswith("unix://"):
        return redis
    url = urlsplit(redis)
    database = re.search(r"(?:^|&)db=(\d+)", url.query)
    return f"redis+socket://{url.path}?virtual_host={database[1] if database else 0}"

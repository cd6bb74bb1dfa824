"""Where local servers are found."""

from pathlib import Path

import psycopg2.extensions
import pytest
import redis

from portal.local import addresses


def test_the_variables_win_over_the_local_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://books@db/books")
    monkeypatch.setenv("REDIS_URL", "redis://broker:6380/4")

    assert addresses.database_url() == "postgresql://books@db/books"
    assert addresses.redis_url() == "redis://broker:6380/4"
    assert addresses.broker_url("redis://broker:6380/4") == "redis://broker:6380/4"


def test_a_relative_data_folder_is_the_same_from_every_working_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PORTAL_DATA_DIR", "elsewhere")
    monkeypatch.chdir(tmp_path)

    assert addresses.data_dir() == addresses.ROOT / "elsewhere"


@pytest.mark.parametrize("folder", ["/srv/portal", "/srv/" + "deep/" * 40 + "portal", "/srv/Müller, Söhne & Co/portal"])
def test_every_folder_gets_a_socket_that_the_kernel_and_the_clients_accept(folder: str) -> None:
    data = Path(folder)

    server = psycopg2.extensions.parse_dsn(addresses.database_url(data))
    broker = redis.Redis.from_url(addresses.redis_url(data)).connection_pool.connection_kwargs

    assert server["host"] == str(addresses.socket_dir(data))
    assert broker["path"] == str(addresses.socket_dir(data) / "valkey.sock")
    assert len(f"{server['host']}/.s.PGSQL.5432".encode()) <= 107


def test_two_deep_folders_never_share_a_socket() -> None:
    deep = Path("/srv/" + "deep/" * 40)

    assert addresses.socket_dir(deep / "first") != addresses.socket_dir(deep / "second")


def test_celery_is_told_a_socket_in_its_own_spelling() -> None:
    assert addresses.broker_url("unix:///run/valkey.sock?db=3") == "redis+socket:///run/valkey.sock?virtual_host=3"

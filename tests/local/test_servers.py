"""PostgreSQL and Valkey from packages: what they keep, what they survive, and who may not disturb whom."""

import os
from pathlib import Path

import pytest

from portal.local import addresses
from tests.local.programs import Program, wait_for

SERVE = """
    import signal, sys
    from pathlib import Path
    import psycopg2, redis
    from portal.local.addresses import database_url, redis_url
    from portal.local.servers import claimed, ensure_database, start_servers
    from portal.local.supervisor import Failed, Stopped, Supervisor

    data, note = Path(sys.argv[1]), sys.argv[2]
    try:
        with claimed(data), Supervisor() as supervisor:
            start_servers(supervisor, data, postgres=True, valkey=True)
            ensure_database(database_url(data))
            books, broker = psycopg2.connect(database_url(data)), redis.Redis.from_url(redis_url(data))
            with books, books.cursor() as cursor:
                cursor.execute("create table if not exists note (text text)")
                cursor.execute("insert into note values (%s)", [note])
                cursor.execute("select string_agg(text, ' ' order by ctid) from note")
                kept = cursor.fetchone()[0]
            broker.rpush("notes", note)
            broker.execute_command("WAITAOF", 1, 0, 0)
            print(kept, "|", b" ".join(broker.lrange("notes", 0, -1)).decode(), flush=True)
            supervisor.watch(print)
    except (Failed, Stopped) as end:
        print(type(end).__name__, end, flush=True)
"""


def test_what_was_entered_is_there_after_a_stop_and_a_start(tmp_path: Path) -> None:
    for note, kept in (("first", "first | first"), ("second", "first second | first second")):
        program = Program(SERVE, tmp_path / "data", note)
        assert program.line() == kept
        program.press_ctrl_c()
        assert program.rest() == ("", 0)


def test_a_killed_run_can_be_followed_by_another_at_once(tmp_path: Path) -> None:
    killed = Program(SERVE, tmp_path / "data", "first")
    assert killed.line() == "first | first"
    killed.kill()

    program = Program(SERVE, tmp_path / "data", "second")

    assert program.line() == "first second | first second"
    program.press_ctrl_c()
    assert program.rest() == ("", 0)


def test_a_second_run_on_the_same_folder_is_refused_and_told_why(tmp_path: Path) -> None:
    first = Program(SERVE, tmp_path / "data", "first")
    first.line()

    said, _ = Program(SERVE, tmp_path / "data", "second").rest()

    assert said.startswith(f"Failed A portal already runs on {tmp_path / 'data'} (process ")
    assert "PORTAL_DATA_DIR" in said
    first.press_ctrl_c()
    assert first.rest() == ("", 0)


def test_two_folders_too_deep_for_a_socket_run_side_by_side(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 5)
    programs = [Program(SERVE, deep / name, name) for name in ("first", "second")]

    assert [program.line() for program in programs] == ["first | first", "second | second"]
    for program in programs:
        program.press_ctrl_c()
        assert program.rest() == ("", 0)
    assert not any(addresses.socket_dir(deep / name).exists() for name in ("first", "second"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root closes a folder to the user that PostgreSQL runs as")
def test_root_runs_the_database_below_a_folder_that_is_closed_to_others(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    program = Program(SERVE, closed / "data", "first")

    assert program.line() == "first | first"
    program.press_ctrl_c()
    assert program.rest() == ("", 0)


def test_a_start_that_is_interrupted_is_made_good_by_the_next(tmp_path: Path) -> None:
    interrupted = Program(SERVE, tmp_path / "data", "first")
    wait_for(lambda: (tmp_path / "data" / "postgres.unfinished").exists() or (tmp_path / "data" / "postgres").exists())
    interrupted.kill()

    program = Program(SERVE, tmp_path / "data", "second")

    assert program.line().startswith("second | ")
    program.press_ctrl_c()
    assert program.rest() == ("", 0)


def test_a_data_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    cluster = tmp_path / "data" / "postgres"
    cluster.mkdir(parents=True, mode=0o700)
    (cluster / "PG_VERSION").write_text("12\n")
    (cluster / "postgresql.conf").touch()

    said, _ = Program(SERVE, tmp_path / "data", "first").rest()

    assert said.startswith("Failed PostgreSQL does not start. It said: ")
    assert "version 12" in said

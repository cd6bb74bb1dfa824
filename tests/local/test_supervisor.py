"""The supervisor, with real processes: what it starts again, and that it leaves nothing behind."""

import os
import signal
import sys
import textwrap
from pathlib import Path

import pytest

from tests.local.programs import Program, is_alive, wait_for

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
SUPERVISE = """
    import sys
    from pathlib import Path
    from portal.local.processes import Service
    from portal.local.supervisor import Failed, Stopped, Supervisor

    folder, *programs = sys.argv[1:]
    services = [
        Service(f"child-{n}", [sys.executable, "-c", program], Path(folder) / f"{n}.log")
        for n, program in enumerate(programs)
    ]
    try:
        with Supervisor() as supervisor:
            print("starting", flush=True)
            for service in services:
                print(supervisor.start(service).pid, flush=True)
            supervisor.watch(lambda text: print(text, flush=True))
    except Stopped:
        print("stopped while starting")
    except Failed as failure:
        print(failure)
"""


def test_ctrl_c_stops_every_child(tmp_path: Path) -> None:
    program = Program(SUPERVISE, tmp_path, "import time; time.sleep(600)", "import time; time.sleep(600)")
    program.line()
    children = [int(program.line()) for _ in range(2)]

    program.press_ctrl_c()

    assert program.rest() == ("", 0)
    assert not any(is_alive(child) for child in children)


def test_ctrl_c_between_two_starts_leaves_nothing_behind(tmp_path: Path) -> None:
    program = Program(SUPERVISE, tmp_path, *["import time; time.sleep(600)"] * 40)
    program.line()
    first = int(program.line())

    program.press_ctrl_c()
    said, code = program.rest()

    assert code == 0
    started = [first, *(int(word) for word in said.split() if word.isdecimal())]
    assert "stopped while starting" in said or len(started) == 40
    assert not any(is_alive(child) for child in started)


def test_a_child_that_will_not_stop_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    parent = (
        "import subprocess, sys, time;"
        f"print(subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]).pid, flush=True);" + STUBBORN
    )
    program = Program(SUPERVISE, tmp_path, parent)
    program.line()
    child = int(program.line())
    wait_for(lambda: (tmp_path / "0.log").read_text().endswith("\n"))
    grandchild = int((tmp_path / "0.log").read_text())

    program.press_ctrl_c()
    program.rest()

    assert not is_alive(child)
    wait_for(lambda: not is_alive(grandchild))


def test_a_child_that_is_killed_is_named_and_started_again_without_what_it_left(tmp_path: Path) -> None:
    parent = (
        "import subprocess, sys, time;"
        f"print(subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]).pid, flush=True); time.sleep(600)"
    )
    program = Program(SUPERVISE, tmp_path, parent)
    program.line()
    child = int(program.line())
    wait_for(lambda: (tmp_path / "0.log").read_text().endswith("\n"))
    orphan = int((tmp_path / "0.log").read_text())

    os.kill(child, signal.SIGKILL)

    assert "child-0 was ended by SIGKILL; it is started again" in program.line()
    wait_for(lambda: not is_alive(orphan))
    wait_for(lambda: (tmp_path / "0.log").read_text().count("\n") == 2)
    program.press_ctrl_c()
    program.rest()


def test_a_child_that_never_works_ends_the_run_with_its_name(tmp_path: Path) -> None:
    program = Program(SUPERVISE, tmp_path, "raise SystemExit(3)", "import time; time.sleep(600)")
    program.line()
    program.line()
    healthy = int(program.line())

    said, _ = program.rest()

    assert "child-0 ended with exit code 3 6 times in a row" in said
    assert str(tmp_path / "0.log") in said
    assert not is_alive(healthy)


def test_a_child_that_has_worked_is_started_again_for_as_long_as_it_takes(tmp_path: Path) -> None:
    quick = "import portal.local.supervisor as s; s._HEALTHY_AFTER_S, s._LONGEST_PAUSE_S = 1.0, 0.05\n"
    works_first_and_in_the_ninth_run = (
        "import pathlib, sys, time;"
        f"runs = pathlib.Path({str(tmp_path / 'runs')!r}); runs.open('a').write('x'); count = len(runs.read_text());"
        "time.sleep(1.5 if count == 1 else 600 if count == 9 else 0); sys.exit(3)"
    )
    program = Program(quick + textwrap.dedent(SUPERVISE), tmp_path, works_first_and_in_the_ninth_run)
    wait_for(lambda: (tmp_path / "runs").exists() and len((tmp_path / "runs").read_text()) == 9)
    program.press_ctrl_c()
    assert "times in a row" not in program.rest()[0]


@linux_only
def test_a_killed_supervisor_takes_its_children_along(tmp_path: Path) -> None:
    program = Program(SUPERVISE, tmp_path, "import time; time.sleep(600)")
    program.line()
    child = int(program.line())

    program.kill()

    wait_for(lambda: not is_alive(child))

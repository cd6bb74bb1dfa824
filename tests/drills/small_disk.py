"""A file system of some hundred megabytes, for a data folder that is to run full."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NotAllowed(Exception):
    """This machine lets this user mount none; the message says what it said."""


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Have the folder be one, meanwhile. Raises NotAllowed."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "drill", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as missing:
        raise NotAllowed(str(missing)) from None
    if mounted.returncode:
        raise NotAllowed(" ".join(mounted.stderr.split()))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Leave no byte free there meanwhile, whatever is given back; then free it all."""
    ballast, over = folder / "ballast", threading.Event()

    def fill() -> None:
        with ballast.open("ab", buffering=0) as file:
            while not over.wait(0.05):
                _fill(file.fileno())

    filling = threading.Thread(target=fill)
    filling.start()
    try:
        yield
    finally:
        over.set()
        filling.join()
        ballast.unlink()


def _fill(file: int) -> None:
    for size in (1 << 20, 4096):
        try:
            while os.write(file, bytes(size)) == size:
                pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise

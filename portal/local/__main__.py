"""The commands behind `make run`, `make test` and `make bench`."""

import os
import sys

from environs import Env

from portal import secret_files
from portal.local.addresses import ROOT
from portal.local.run import run
from portal.local.test import run_bench, run_tests


def main(arguments: list[str]) -> int:
    """`run`, or `test` or `bench` with pytest's arguments; anything else is answered with how to call it."""
    Env().read_env(ROOT / ".env", recurse=False)
    secret_files.load(os.environ)
    match arguments:
        case ["run"]:
            return run()
        case ["test", *options]:
            return run_tests(options)
        case ["bench", *options]:
            return run_bench(options)
    print("usage: python -m portal.local run | test [pytest options] | bench [pytest options]", file=sys.stderr)
    return 2


sys.exit(main(sys.argv[1:]))

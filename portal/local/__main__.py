"""The commands behind `make run` and `make test`."""

import sys

from environs import Env

from portal.local.addresses import ROOT
from portal.local.run import run
from portal.local.test import run_tests


def main(arguments: list[str]) -> int:
    """`run`, or `test` with pytest's arguments; anything else is answered with how to call it."""
    Env().read_env(ROOT / ".env", recurse=False)
    match arguments:
        case ["run"]:
            return run()
        case ["test", *options]:
            return run_tests(options)
    print("usage: python -m portal.local run | test [pytest options]", file=sys.stderr)
    return 2


sys.exit(main(sys.argv[1:]))

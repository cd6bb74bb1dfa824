"""How large a run of the benchmarks is: the short one of `make test`, or the full one of `make bench`."""

from environs import Env

MINUTES: float = Env().float("BENCH_MINUTES", 0.0)
"""How long the first sync at Intuit's throttles is watched. 0 is the short run, which judges counts and ratios only."""

IS_FULL = MINUTES > 0


def of(short: int, full: int) -> int:
    """Return the one that fits this run."""
    return full if IS_FULL else short

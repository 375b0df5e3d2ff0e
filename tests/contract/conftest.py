"""Runs code of others: in the environment of the published wheels, and under node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Peer = Callable[..., Any]


def runner(variable: str, what: str, folder: Path) -> Peer:
    """Function that runs a script file in another environment and returns the JSON on its last line."""
    python = os.environ.get(variable)
    if not python:
        pytest.skip(f"no {what}: {variable} is not set (./dev nox -s contract sets it)")
    # Neither this environment nor the folder that pytest runs in may reach the other interpreter.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}

    def run(script: Path, *arguments: object) -> Any:
        command = [python, "-W", "ignore", str(script), *(str(argument) for argument in arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
        if done.returncode:
            pytest.fail(f"{script.name} failed with the {what}:\n{done.stderr}")
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture(scope="session")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Peer:
    """Function that runs a script file with the published wheels and returns the JSON on its last line.

    The script gets the other arguments as ``sys.argv[1:]``. ``./dev nox -s contract`` makes the environment.
    """
    return runner("SPATIALDATA_PEER_PYTHON", "published wheels", tmp_path_factory.mktemp("peer"))


NODE = Path(__file__).parent / "node"


@pytest.fixture(scope="session")
def node() -> Peer:
    """Function that runs a script of the folder ``node`` with its arguments and returns the JSON on its last line."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed")
    if not (NODE / "node_modules").is_dir():
        pytest.skip("no JavaScript readers: ./dev nox -s contract installs them with npm")

    def run(script: str, *arguments: object) -> Any:
        command = [program, str(NODE / script), *(str(argument) for argument in arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", cwd=NODE, check=False, timeout=120
        )
        if done.returncode:
            pytest.fail(f"{script} failed under node:\n{done.stderr}")
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture(scope="session")
def validators(tmp_path_factory: pytest.TempPathFactory) -> Peer:
    """Function that runs a script file with ngff-zarr and ome-zarr-models; see ``peer``."""
    return runner("SPATIALDATA_NGFF_PYTHON", "validators", tmp_path_factory.mktemp("validators"))

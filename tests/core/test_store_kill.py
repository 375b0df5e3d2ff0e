"""A process that is killed at any moment of any call that writes leaves a store whose elements are old or new."""

from __future__ import annotations

import itertools
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialdata.models.kind import Kind
from spatialdata.store.repair import repair_store
from spatialdata.store.store import Store
from spatialdata.store.validate import validate_store
from spatialdata.transformations import get_transformation

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL and fork")
KILLS = 208
INTERRUPTS = 48

# Imports once, then forks for each call, so that most of the time goes into calls and not into imports.
SERVER = """
import importlib, json, os, signal, sys, time
import numpy as np, pandas as pd
import dask, dask.array, dask.dataframe, zarr, pyarrow.parquet, geopandas, anndata, tqdm
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel
from spatialdata.models.kind import Kind
from spatialdata.store.metadata import write_attrs, write_channel_names, write_transformations
from spatialdata.store.rename import rename_element
from spatialdata.store.store import Store
from spatialdata.store.write import delete_element, write_element, write_store
from spatialdata.transformations import Translation

def elements(value):
    frame = pd.DataFrame({"x": [float(value)] * 3, "y": [1.0, 2.0, 3.0]})
    return {
        Kind.IMAGE: {"photo": Image2DModel.parse(np.full((1, 8, 8), value, dtype=np.uint8), c_coords=["old"])},
        Kind.LABELS: {"mask": Labels2DModel.parse(np.full((8, 8), value))},
        Kind.POINTS: {"molecules": PointsModel.parse(frame)},
    }

CALLS = {
    "write": lambda root, value: write_store(root, elements(value), {"value": value}, overwrite=True),
    "image": lambda root, value: write_element(
        root, Kind.IMAGE, "photo", elements(value)[Kind.IMAGE]["photo"], overwrite=True
    ),
    "points": lambda root, value: write_element(
        root, Kind.POINTS, "molecules", elements(value)[Kind.POINTS]["molecules"], overwrite=True
    ),
    "delete": lambda root, value: delete_element(root, Kind.LABELS, "mask"),
    "rename": lambda root, value: rename_element(root, Kind.LABELS, "mask", "nuclei"),
    "transformations": lambda root, value: write_transformations(
        root, Kind.IMAGE, "photo", {"moved": Translation([value], ("x",))}
    ),
    "attributes": lambda root, value: write_attrs(root, {"value": value}),
    "channels": lambda root, value: write_channel_names(root, "photo", [f"c{value}"]),
}

def warm(root):
    # A child does everything once and tells which modules that needs. The parent imports them, and starts no threads.
    reading, writing = os.pipe()
    if os.fork() == 0:
        for call in ("write", *CALLS):
            CALLS["write"](root, 1)
            CALLS[call](root, 2)
        with os.fdopen(writing, "w") as pipe:
            pipe.write("\\n".join(sys.modules))
            pipe.flush()
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        names = pipe.read().split()
    os.wait()
    for name in names:
        if name not in sys.modules:
            try:
                importlib.import_module(name)
            except Exception:
                pass

def interrupted(error):
    # A library that is interrupted while it hands over a result may raise an error of its own from there:
    # the futures of dask's synchronous scheduler do, which an interactive session does not use.
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None

# Shells start jobs in the background with interrupts ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
dask.config.set(scheduler="synchronous")
warm(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    call, root, value, delay, number = json.loads(line)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.write(writing, b"x")
            CALLS[call](root, value)
            status = 0
        except BaseException as error:
            status = 3 if interrupted(error) else 1
        finally:
            os._exit(status)
    os.read(reading, 1)
    start = time.perf_counter()
    if delay is not None:
        time.sleep(delay)
        os.kill(child, number)
    _, status = os.waitpid(child, 0)
    os.close(reading), os.close(writing)
    print(json.dumps([os.WIFSIGNALED(status), os.WEXITSTATUS(status), time.perf_counter() - start]), flush=True)
"""


class Server:
    """A process that makes calls in children of its own, which it kills after some time."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-W", "ignore", "-c", SERVER, str(folder / "warm.zarr")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._read() == "ready"

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def call(
        self, name: str, root: Path, value: int, delay: float | None, number: int = signal.SIGTERM
    ) -> tuple[bool, int, float]:
        """Whether the call was killed by the signal, its exit status, and how long it took."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, str(root), value, delay, number]) + "\n")
        self._process.stdin.flush()
        killed, status, seconds = json.loads(self._read())
        return killed, status, seconds

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    running.close()


def facts_of(root: Path) -> dict[str, Any]:
    store = Store.open(root)
    facts: dict[str, Any] = {"attrs": store.attrs}
    for entry in store.entries():
        element = store.source(entry).load()
        if entry.kind is Kind.POINTS:
            values = element.compute()["x"].tolist()
        else:
            channels = element.coords["c"].values.tolist() if "c" in element.coords else []
            values = [np.unique(element.data.compute()).tolist(), channels]
        facts[str(entry)] = (values, {name: repr(t) for name, t in get_transformation(element, get_all=True).items()})
    return facts


CALLS = ("write", "image", "points", "delete", "rename", "transformations", "attributes", "channels")


@dataclass
class Expected:
    """A store, what is in it before and after each call, and how long each call takes."""

    pristine: Path
    old: dict[str, Any]
    new: dict[str, dict[str, Any]]
    seconds: dict[str, float]


@pytest.fixture(scope="module")
def expected(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Expected:
    folder = tmp_path_factory.mktemp("expected")
    pristine = folder / "pristine.zarr"
    assert server.call("write", pristine, 1, None)[1] == 0
    found = Expected(pristine, facts_of(pristine), {}, {})
    for call in CALLS:
        root = folder / f"{call}.zarr"
        shutil.copytree(pristine, root)
        _, status, found.seconds[call] = server.call(call, root, 2, None)
        assert status == 0, call
        found.new[call] = facts_of(root)
        assert found.new[call] != found.old, call
    return found


def test_interrupts_at_random_moments(server: Server, expected: Expected, tmp_path: Path) -> None:
    """Ctrl-C in the middle of a call: it ends because of that, and leaves nothing behind that hinders."""
    rng = np.random.default_rng(1)
    root = tmp_path / "folder" / "store.zarr"
    outcomes = []
    for call in [call for call in CALLS for _ in range(INTERRUPTS // len(CALLS))]:
        shutil.copytree(expected.pristine, root)
        _, status, _ = server.call(call, root, 2, rng.uniform(0, 1.1 * expected.seconds[call]), signal.SIGINT)
        assert status in (0, 3), call
        found = facts_of(root)
        assert found in (expected.old, expected.new[call]), call
        assert status == 3 or found == expected.new[call], call
        # The next writer needs no repair.
        assert server.call(call, root, 2, None)[1] == (
            1 if call in ("delete", "rename") and found != expected.old else 0
        )
        assert facts_of(root) == expected.new[call], call
        if status == 3:
            outcomes.append(call)
            repair_store(root)
            assert [path.name for path in root.parent.iterdir()] == ["store.zarr"]
        shutil.rmtree(root.parent)
    assert len(outcomes) > len(CALLS)


def test_kills_at_random_moments(server: Server, expected: Expected, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pristine, old, new, seconds = expected.pristine, expected.old, expected.new, expected.seconds
    outcomes = []
    folder = tmp_path / "folder"
    root = folder / "store.zarr"
    for call in itertools.cycle(CALLS):
        shutil.copytree(pristine, root)
        killed, _, _ = server.call(call, root, 2, rng.uniform(0, 1.2 * seconds[call]), signal.SIGKILL)
        found = facts_of(root)
        assert found in (old, new[call]), call
        if killed:
            outcomes.append(found == old)
            repair_store(root)
            if len(outcomes) % 4 == 0:
                assert [str(fault) for fault in validate_store(root)] == [], call
            assert [path.name for path in folder.iterdir()] == ["store.zarr"]
        shutil.rmtree(folder)
        if len(outcomes) >= KILLS:
            break
    assert 0 < sum(outcomes) < len(outcomes)

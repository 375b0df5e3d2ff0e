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
KILLS = 200
INTERRUPTS = 40
# Calls that are refused the second time.
ONCE = ("delete", "delete 0.1", "delete 0.6", "rename", "link")

# Imports once, then forks for each call, so that most of the time goes into calls and not into imports.
SERVER = """
import importlib, json, os, signal, sys, time
import numpy as np, pandas as pd
import dask, dask.array, dask.dataframe, zarr, pyarrow.parquet, geopandas, anndata, tqdm
import scipy.sparse
from spatialdata import SpatialData
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel
from spatialdata.models.kind import Kind
from spatialdata.store.formats import SpatialDataContainerFormatV01
from spatialdata.store.linked import Link
from spatialdata.store.metadata import write_attrs, write_channel_names, write_transformations
from spatialdata.store.options import WriteOptions
from spatialdata.store.rename import rename_element
from spatialdata.store.store import Entry, Store
from spatialdata.store.delete import delete_element
from spatialdata.store.link_changes import set_links
from spatialdata.store.write import write_element, write_store
from spatialdata.transformations import Translation

FAR = sys.argv[2]
V01, V06 = WriteOptions.of(formats=SpatialDataContainerFormatV01()), WriteOptions.of(ngff="0.6")

def image(value):
    return Image2DModel.parse(np.full((1, 8, 8), value, dtype=np.uint8), c_coords=["old"])

def labels(value):
    return Labels2DModel.parse(np.full((8, 8), value))

def frame(value):
    return pd.DataFrame({"x": [float(value)] * 3, "y": [1.0, 2.0, 3.0]})

def shapes(value):
    return ShapesModel.parse(np.full((3, 2), float(value)), geometry=0, radius=1.0)

def table(value):
    obs = pd.DataFrame({"value": [value] * 3}, index=list("abc"))
    return anndata.AnnData(scipy.sparse.csr_matrix(np.full((3, 2), float(value))), obs=obs)

def elements(value):
    return {
        Kind.IMAGE: {"photo": image(value)},
        Kind.LABELS: {"mask": labels(value)},
        Kind.POINTS: {"molecules": PointsModel.parse(frame(value))},
    }

def small(value):
    return {Kind.IMAGE: {"photo": image(value)}, Kind.LABELS: {"mask": labels(value)}}

def vectors(value):
    return {Kind.SHAPES: {"cells": shapes(value)}, Kind.TABLE: {"counts": table(value)}}

def linked(root, value):
    # One link in the store that is replaced, another in the new one.
    links = {Entry(Kind.LABELS, f"far{value}"): Link(FAR, "labels/mask")}
    write_store(root, {Kind.IMAGE: {"photo": image(value)}}, {"value": value}, overwrite=True, links=links)

def built(make):
    def build(root, value):
        sdata = SpatialData()
        sdata.path = root
        make(sdata, value)
    return build

def build_points(sdata, value):
    with sdata.create_points("molecules", overwrite=True, resume=False) as builder:
        builder.append(frame(value))
        builder.append(frame(value + 1))

def build_image(sdata, value):
    with sdata.create_image("photo", (1, 8, 8), "uint8", overwrite=True, resume=False) as builder:
        builder.append(np.full((1, 4, 8), value, dtype=np.uint8))
        builder.append(np.full((1, 4, 8), value + 1, dtype=np.uint8))

def build_shapes(sdata, value):
    with sdata.create_shapes("cells", overwrite=True, resume=False) as builder:
        builder.append(shapes(value))
        builder.append(shapes(value + 1))

def build_table(sdata, value):
    with sdata.create_table("counts", overwrite=True, resume=False) as builder:
        builder.append(table(value))

# For each start, how the store is made; and for each call, the start that it changes.
MOVED = {"moved": Translation([5], ("x",))}
STARTS = {
    "write": lambda root, value: write_store(root, elements(value), {"value": value}, overwrite=True),
    "write01": lambda root, value: write_store(root, small(value), {"value": value}, overwrite=True, options=V01),
    "write06": lambda root, value: write_store(root, small(value), {"value": value}, overwrite=True, options=V06),
    "vectors": lambda root, value: write_store(root, vectors(value), {"value": value}, overwrite=True),
    "linked": linked,
}
CALLS = {
    **STARTS,
    "image": lambda root, value: write_element(root, Kind.IMAGE, "photo", image(value), overwrite=True),
    "points": lambda root, value: write_element(
        root, Kind.POINTS, "molecules", PointsModel.parse(frame(value)), overwrite=True
    ),
    "delete": lambda root, value: delete_element(root, Kind.LABELS, "mask"),
    "rename": lambda root, value: rename_element(root, Kind.LABELS, "mask", "nuclei"),
    "transformations": lambda root, value: write_transformations(root, Kind.IMAGE, "photo", MOVED),
    "attributes": lambda root, value: write_attrs(root, {"value": value}),
    "channels": lambda root, value: write_channel_names(root, "photo", [f"c{value}"]),
    "points built": built(build_points),
    "image built": built(build_image),
    "shapes": lambda root, value: write_element(root, Kind.SHAPES, "cells", shapes(value), overwrite=True),
    "table": lambda root, value: write_element(root, Kind.TABLE, "counts", table(value), overwrite=True),
    "shapes built": built(build_shapes),
    "table built": built(build_table),
    "link": lambda root, value: set_links(root, {Entry(Kind.LABELS, "near"): Link(FAR, "labels/mask")}),
    "place of a link": lambda root, value: write_transformations(root, Kind.LABELS, "far1", MOVED),
    "no link": lambda root, value: set_links(root, {Entry(Kind.LABELS, "far1"): None}),
}
for version, calls in (("0.1", ("image", "delete")), ("0.6", ("image", "delete", "transformations", "attributes"))):
    CALLS |= {f"{call} {version}": CALLS[call] for call in calls}

def start_of(call):
    if call in STARTS:
        return call
    if call.endswith((" 0.1", " 0.6")):
        return {"0.1": "write01", "0.6": "write06"}[call[-3:]]
    if call.startswith(("shapes", "table")):
        return "vectors"
    return "linked" if "link" in call else "write"

def warm(root):
    # A child does everything once and tells which modules that needs. The parent imports them, and starts no threads.
    reading, writing = os.pipe()
    if os.fork() == 0:
        STARTS["write"](FAR, 1)
        for call in CALLS:
            STARTS[start_of(call)](root, 1)
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
print(json.dumps({call: start_of(call) for call in CALLS}), flush=True)
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
        # The second store is the one that links lead to.
        command = [sys.executable, "-W", "ignore", "-c", SERVER, str(folder / "warm.zarr"), str(folder / "far.zarr")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.starts: dict[str, str] = json.loads(self._read())

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
    facts: dict[str, Any] = {"version": store.version, "ngff": store.ngff, "attrs": store.attrs}
    for entry in store.entries():
        element = store.source(entry).load()
        facts[str(entry)] = VALUES[entry.kind](element)
        if entry.kind is not Kind.TABLE:
            found = get_transformation(element, get_all=True)
            facts[str(entry)] += [{name: repr(transformation) for name, transformation in found.items()}]
    return facts


VALUES: dict[Kind, Any] = {
    Kind.IMAGE: lambda image: [np.unique(image.data.compute()).tolist(), image.coords["c"].values.tolist()],
    Kind.LABELS: lambda labels: [np.unique(labels.data.compute()).tolist()],
    Kind.POINTS: lambda points: [points.compute()["x"].tolist()],
    Kind.SHAPES: lambda shapes: [shapes.geometry.to_wkt().tolist()],
    Kind.TABLE: lambda table: [table.obs["value"].tolist(), table.X.toarray().tolist()],
}


@dataclass
class Expected:
    """For each call the store that it changes, what is in that before and after, and how long the call takes."""

    pristine: dict[str, Path]
    old: dict[str, dict[str, Any]]
    new: dict[str, dict[str, Any]]
    seconds: dict[str, float]


@pytest.fixture(scope="module")
def expected(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Expected:
    folder = tmp_path_factory.mktemp("expected")
    found = Expected({}, {}, {}, {})
    for start in {*server.starts.values()}:
        assert server.call(start, folder / f"{start}.zarr", 1, None)[1] == 0, start
    for call, start in server.starts.items():
        found.pristine[call], root = folder / f"{start}.zarr", folder / f"after {call}.zarr"
        found.old[call] = facts_of(found.pristine[call])
        shutil.copytree(found.pristine[call], root)
        _, status, found.seconds[call] = server.call(call, root, 2, None)
        assert status == 0, call
        found.new[call] = facts_of(root)
        assert found.new[call] != found.old[call], call
        assert {key: found.new[call][key] for key in ("version", "ngff")} == {
            key: found.old[call][key] for key in ("version", "ngff")
        }, call
    return found


def test_interrupts_at_random_moments(server: Server, expected: Expected, tmp_path: Path) -> None:
    """Ctrl-C in the middle of a call: it ends because of that, and leaves nothing behind that hinders."""
    rng = np.random.default_rng(1)
    root = tmp_path / "folder" / "store.zarr"
    outcomes = []
    for call in itertools.islice(itertools.cycle(server.starts), INTERRUPTS):
        shutil.copytree(expected.pristine[call], root)
        old = expected.old[call]
        _, status, _ = server.call(call, root, 2, rng.uniform(0, 1.1 * expected.seconds[call]), signal.SIGINT)
        assert status in (0, 3), call
        found = facts_of(root)
        assert found in (old, expected.new[call]), call
        assert status == 3 or found == expected.new[call], call
        # The next writer needs no repair.
        assert server.call(call, root, 2, None)[1] == (1 if call in ONCE and found != old else 0), call
        assert facts_of(root) == expected.new[call], call
        if status == 3:
            outcomes.append(call)
            repair_store(root)
            assert [path.name for path in root.parent.iterdir()] == ["store.zarr"]
        shutil.rmtree(root.parent)
    assert len(outcomes) > 8


def test_kills_at_random_moments(server: Server, expected: Expected, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    old, new, seconds = expected.old, expected.new, expected.seconds
    outcomes = []
    folder = tmp_path / "folder"
    root = folder / "store.zarr"
    for call in itertools.cycle(server.starts):
        shutil.copytree(expected.pristine[call], root)
        killed, _, _ = server.call(call, root, 2, rng.uniform(0, 1.2 * seconds[call]), signal.SIGKILL)
        found = facts_of(root)
        assert found in (old[call], new[call]), call
        if killed:
            outcomes.append(found == old[call])
            repair_store(root)
            if len(outcomes) % 4 == 0:
                assert [str(fault) for fault in validate_store(root)] == [], call
            assert [path.name for path in folder.iterdir()] == ["store.zarr"]
        shutil.rmtree(folder)
        if len(outcomes) >= KILLS:
            break
    assert 0 < sum(outcomes) < len(outcomes)

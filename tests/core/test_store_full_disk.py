"""On a full disk, every call that writes says so, and each element of the store is the old or the new one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from anndata import AnnData
from geopandas import GeoDataFrame

from spatialdata import SpatialData, read_zarr
from spatialdata.errors import StoreError
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.store.repair import repair_store
from spatialdata.store.validate import validate_store
from spatialdata.transformations import Translation, get_transformation, set_transformation

SIZE = 4 * 2**20
PAGE = 2**12
Fill = Callable[[int], AbstractContextManager[None]]


def tissue(value: int) -> SpatialData:
    """Elements of some ten kilobytes, which no compression makes smaller."""
    rng = np.random.default_rng(value)
    xy = rng.random((2_000, 2))
    obs = pd.DataFrame(
        {"region": pd.Categorical(["cells"] * 100), "id": np.arange(100)}, index=[f"c{i}" for i in range(100)]
    )
    return SpatialData(
        images={"photo": Image2DModel.parse(rng.integers(0, 255, (1, 150, 150), dtype=np.uint8), c_coords=["old"])},
        labels={"mask": Labels2DModel.parse(rng.integers(0, 2**31, (80, 80)))},
        points={"molecules": PointsModel.parse(pd.DataFrame(xy, columns=["x", "y"]))},
        shapes={
            "cells": ShapesModel.parse(GeoDataFrame({"radius": rng.random(100)}, geometry=shapely.points(xy[:100])))
        },
        tables={"table": TableModel.parse(AnnData(rng.random((100, 50)), obs=obs), "cells", "region", "id")},
        attrs={"value": value},
    )


def facts_of(root: Path) -> dict[str, Any]:
    """What a reader sees of each element."""
    sdata = read_zarr(root)
    facts: dict[str, Any] = {"attrs": sdata.attrs}
    for kind, name, element in sdata.gen_elements():
        if kind in ("images", "labels"):
            values = element.data.compute().sum(dtype=np.int64), [str(c) for c in element.coords.get("c", [])]
        elif kind == "points":
            values = element.compute().to_numpy().sum()
        else:
            values = element.X.sum() if kind == "tables" else element.radius.sum()
        systems = {} if kind == "tables" else get_transformation(element, get_all=True)
        facts[f"{kind}/{name}"] = values, {name: repr(each) for name, each in systems.items()}
    return facts


def _replace(name: str) -> Callable[[SpatialData], None]:
    def call(sdata: SpatialData) -> None:
        sdata[name] = tissue(2)[name]
        sdata.write_element(name, overwrite=True)

    return call


def _add(sdata: SpatialData) -> None:
    sdata["more"] = tissue(2)["mask"]
    sdata.write_element("more")


def _move(sdata: SpatialData) -> None:
    set_transformation(sdata["photo"], Translation([1], ("x",)), "moved")
    sdata.write_transformations("photo")


def _set_attrs(sdata: SpatialData) -> None:
    sdata.attrs["note"] = "x" * 30_000
    sdata.write_attrs()


CALLS: dict[str, Callable[[SpatialData], Any]] = {
    "write": lambda sdata: tissue(2).write(str(sdata.path), overwrite=True),
    "photo": _replace("photo"),
    "molecules": _replace("molecules"),
    "cells": _replace("cells"),
    "table": _replace("table"),
    "add": _add,
    "delete": lambda sdata: sdata.delete_element_from_disk("mask"),
    "rename": lambda sdata: sdata.rename_element("mask", "nuclei"),
    "transformations": _move,
    "attributes": _set_attrs,
    "channels": lambda sdata: sdata.set_channel_names("photo", ["new"], write=True),
    "consolidate": lambda sdata: sdata.write_consolidated_metadata(),
}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[Path, Fill]]:
    """A folder, and what leaves so many bytes free for a while: on a disk of its own, or by a limit of the process."""
    if sys.platform == "win32":
        pytest.skip("neither a small disk nor a limit for the size of files can be had")
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        yield folder, _limited
        return
    yield folder, lambda free: _filled(folder / "ballast", free)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def _filled(ballast: Path, free: int) -> Iterator[None]:
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(PAGE)):
                pass
        except OSError:
            pass
        file.truncate(max(file.tell() // PAGE * PAGE - free, 0))
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def _limited(size: int) -> Iterator[None]:
    """No file may become larger; a write beyond fails as on a full disk."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def failure_of(call: Callable[[SpatialData], None], sdata: SpatialData) -> StoreError | None:
    try:
        call(sdata)
    except StoreError as error:
        return error
    return None


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pristine") / "store.zarr"
    tissue(1).write(root)
    return root


@pytest.mark.parametrize("call", CALLS)
def test_a_full_disk_loses_nothing(call: str, disk: tuple[Path, Fill], pristine: Path, tmp_path: Path) -> None:
    folder, fill = disk
    done = tmp_path / "done.zarr"
    shutil.copytree(pristine, done)
    CALLS[call](read_zarr(done))
    old, new = facts_of(pristine), facts_of(done)
    failures = 0
    for free in (0, PAGE, 4 * PAGE, 12 * PAGE):
        root = folder / "store.zarr"
        shutil.copytree(pristine, root)
        sdata = read_zarr(root)
        with fill(free):
            error = failure_of(CALLS[call], sdata)
            found = facts_of(root)
        assert found in (old, new), free
        if error is None:
            assert found == new, free
        else:
            assert "space" in str(error) or "large" in str(error)
            failures += 1
        repair_store(root)
        assert facts_of(root) == found
        assert [str(fault) for fault in validate_store(root)] == []
        assert [path.name for path in folder.iterdir()] == ["store.zarr"]
        shutil.rmtree(root)
    assert failures


@pytest.mark.parametrize("limited", [False, True])
def test_an_archive_on_a_full_disk(limited: bool, disk: tuple[Path, Fill]) -> None:
    folder, fill = disk
    place = folder / "store.zarr.zip"
    tissue(1).write(place)
    before = place.read_bytes()
    with (_limited if limited else fill)(4 * PAGE), pytest.raises(StoreError, match=r"space|large"):
        tissue(2).write(place, overwrite=True)
    assert place.read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["store.zarr.zip"]

"""What Windows does otherwise, as far as it can be played on another system."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from spatialdata import SpatialData, read_zarr
from spatialdata._core import names
from spatialdata.datasets import blobs
from spatialdata.errors import StoreBusyError, StoreError, ValidationError
from spatialdata.models import Labels2DModel, PointsModel, ShapesModel
from spatialdata.models.kind import Kind
from spatialdata.store import linked, lock, replacing
from spatialdata.store.lock import exclusive
from spatialdata.store.sorting import SortedTable
from spatialdata.store.spill import opened_spills, spill_sorted
from spatialdata.store.write import write_store


def labels(value: int = 1) -> Any:
    return Labels2DModel.parse(np.full((4, 4), value, dtype=np.int32))


@pytest.fixture
def held_open(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Somebody has what is to be moved open for the first so many attempts of each move."""
    left = [0]
    moved = Path.replace
    tried: dict[tuple[Path, Path], int] = {}

    def replace(source: Path, target: Path) -> Path:
        if not {source.suffix, target.suffix} & {".stage", ".backup", ".trash", ".new", ".zip"}:
            return moved(source, target)
        count = tried[source, target] = tried.get((source, target), 0) + 1
        if count <= left[0]:
            raise PermissionError(13, "The process cannot access the file because it is being used by another process")
        del tried[source, target]
        return moved(source, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(replacing, "_WAITS", True)
    monkeypatch.setattr(replacing, "_PAUSES", (0.0, 0.0, 0.0))
    return left


@pytest.mark.parametrize("attempts", [0, 1, 3])
def test_what_is_open_for_a_moment_is_waited_for(held_open: list[int], attempts: int, tmp_path: Path) -> None:
    held_open[0] = attempts
    for name in ("store.zarr", "store.zarr.zip"):
        sdata = SpatialData(labels={"mask": labels()})
        sdata.write(tmp_path / name)
        sdata.write(tmp_path / name, overwrite=True)
        sdata["more"] = labels(2)
        sdata.write_element("more")
        sdata.rename_element("more", "most")
        sdata.delete_element_from_disk("mask")
        assert list(read_zarr(tmp_path / name).labels) == ["most"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store.zarr", "store.zarr.zip"]


def test_what_stays_open_is_an_error_and_nothing_is_lost(held_open: list[int], tmp_path: Path) -> None:
    root = tmp_path / "store.zarr"
    write_store(root, {Kind.LABELS: {"mask": labels(1)}}, {})
    held_open[0] = 99
    with pytest.raises(StoreError, match="PermissionError"):
        write_store(root, {Kind.LABELS: {"mask": labels(2)}}, {}, overwrite=True)
    held_open[0] = 0
    assert int(read_zarr(root)["mask"].max()) == 1


@pytest.fixture
def moved_while_open(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that this process has open while they, or folders around them, are moved or removed."""
    found: list[str] = []

    def opened_below(path: str) -> list[str]:
        files = []
        for descriptor in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):
                files.append(str(descriptor.readlink()))
        return [file for file in files if file == path or file.startswith(f"{path}/")]

    def watched(original: Callable[..., Any], paths: int) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            # Below a descriptor names are relative; the folder that is removed has been looked at before.
            for path in args[:paths] if "dir_fd" not in options else ():
                # A thread that has read a file may let go of it a moment later.
                for _ in range(100):
                    opened = opened_below(str(Path(path).absolute()))
                    if not opened:
                        break
                    time.sleep(0.02)
                found.extend(opened)
            return original(*args, **options)

        return call

    for module, name, paths in ((os, "replace", 2), (os, "rename", 2), (os, "unlink", 1), (shutil, "rmtree", 1)):
        monkeypatch.setattr(module, name, watched(getattr(module, name), paths))
    monkeypatch.setattr(lock, "_REMOVES_OPEN_FILES", False)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_is_moved_or_removed_while_this_process_has_it_open(
    moved_while_open: list[str], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    places = rng.uniform(0, 64, (70_000, 2))
    sdata = blobs(length=64)
    sdata["many"] = PointsModel.parse(pd.DataFrame(places, columns=["x", "y"]), npartitions=3)
    sdata["discs"] = ShapesModel.parse(places[:9000], geometry=0, radius=1.0)
    root = tmp_path / "store.zarr"
    sdata.write(root)
    sdata = read_zarr(root, lazy=True)
    for name in ("many", "discs", "blobs_image", "table"):
        sdata[name]
        sdata.write_element(name, overwrite=True)
    sdata["many"].head()
    sdata["discs"].geometry.iloc[0]
    sdata.write(root, overwrite=True)
    sdata = read_zarr(root)
    for name in ("many", "discs", "blobs_labels"):
        sdata[name]
        sdata.rename_element(name, f"{name}_2")
        sdata.delete_element_from_disk(f"{name}_2")
    assert moved_while_open == []
    # What is watched is seen: a file that is open is found.
    with (tmp_path / "open").open("w"), contextlib.suppress(FileNotFoundError):
        (tmp_path / "open").unlink()
    assert moved_while_open == [str(tmp_path / "open")]


def test_an_archive_that_stays_open_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    archive = tmp_path / "store.zarr.zip"
    SpatialData(labels={"mask": labels(1)}).write(archive)
    sdata = read_zarr(archive)
    moved = Path.replace

    def replace(source: Path, target: Path) -> Path:
        if target == archive:
            raise PermissionError(13, "The process cannot access the file because it is being used by another process")
        return moved(source, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(StoreError, match=r"stays as it was.*on Windows, open.*another archive"):
        sdata.write(archive, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["store.zarr.zip"]
    assert int(read_zarr(archive)["mask"].max()) == 1


def test_the_file_of_the_lock_goes_when_it_is_closed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(lock, "_REMOVES_OPEN_FILES", False)
    for _ in range(2):
        with exclusive(tmp_path / "store.zarr"):
            assert [path.name for path in tmp_path.iterdir()] == [".store.zarr.lock"]
            with pytest.raises(StoreBusyError), exclusive(tmp_path / "store.zarr"):
                pass
        assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_spilled_files_are_not_mapped_any_more_when_they_are_removed(tmp_path: Path) -> None:
    path = tmp_path / "spilled.arrow"
    spill_sorted(SortedTable(np.arange(3, dtype=np.uint32), pa.table({"x": [1.0, 2.0, 3.0]})), path)

    def is_mapped() -> bool:
        return str(path) in Path("/proc/self/maps").read_text()

    with opened_spills([path]) as spills:
        assert spills.parts[0].table.column("x").to_pylist() == [1.0, 2.0, 3.0]
        assert is_mapped()
    # Arrow's own threads let go of a file a moment after it was read.
    for _ in range(200):
        if not is_mapped():
            break
        time.sleep(0.05)
    assert not is_mapped()


BAD = ["con", "CON", "aux.tif", "Lpt1", "com²", "nul.a.b", "cells."]
GOOD = ["cons", "con_1", "my.con", "auxiliary", "lpt", "com10"]


def test_names_that_windows_has_for_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in BAD + GOOD:
        assert names.name_problem(name) is None
    elsewhere = SpatialData(labels={"con": labels()})
    monkeypatch.setattr(names, "_IS_WINDOWS", True)
    for name in GOOD:
        assert names.name_problem(name) is None
    for name in BAD:
        assert "Windows" in str(names.name_problem(name))
        assert names.name_problem(name, is_dataframe_column=True) is None
        with pytest.raises(ValueError, match="Windows"):
            SpatialData(labels={name: labels()})
    with pytest.raises(ValidationError, match="'con' cannot be that of a folder on Windows"):
        elsewhere.write(tmp_path / "store.zarr")
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_another_drive_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "other.zarr"
    SpatialData(labels={"mask": labels()}).write(other)
    sdata = SpatialData()
    sdata.write(tmp_path / "store.zarr")

    def no_way(*_paths: object) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(linked.os.path, "relpath", no_way)
    sdata.link_element("far", "other.zarr")
    monkeypatch.undo()
    monkeypatch.chdir("/")
    np.testing.assert_array_equal(read_zarr(tmp_path / "store.zarr")["far"], labels())

"""Elements are built in stores in archives and behind addresses, and such stores are repaired."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from upath import UPath

from spatialdata import SpatialData, read_zarr
from spatialdata.errors import StoreBusyError, StoreError, StoreExistsError, UnfinishedBuildError
from spatialdata.models import Labels2DModel
from spatialdata.store.consolidated import stale_paths
from spatialdata.store.files import path_of, stage_elsewhere
from spatialdata.store.repair import repair_store
from spatialdata.store.transfer import upload_tree
from spatialdata.testing import assert_spatial_data_objects_are_identical

MEMORY = "memory://bucket/folder/store.zarr"


@pytest.fixture(autouse=True)
def _forget_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Batches wait in the folder for temporary files.
    (tmp_path / "waiting").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "waiting"))
    yield
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


def waiting(tmp_path: Path) -> list[str]:
    return [path.name for path in tmp_path.rglob("*") if path.is_file() and "building" in str(path)]


def tiny() -> SpatialData:
    return SpatialData(labels={"mask": Labels2DModel.parse(np.full((4, 4), 1))}, attrs={"value": 1})


def rows(start: int) -> pd.DataFrame:
    return pd.DataFrame({"x": np.arange(start, start + 5.0), "y": 0.5, "gene": ["a", "b", "a", "b", f"c{start}"]})


def build_all(sdata: SpatialData) -> None:
    with sdata.create_points("molecules", feature_key="gene") as points:
        for start in (0, 10):
            points.append(rows(start))
    with sdata.create_shapes("cells") as shapes:
        shapes.append(np.arange(6.0).reshape(3, 2), geometry=0, radius=1.0)
        shapes.append(np.arange(4.0).reshape(2, 2), geometry=0, radius=2.0)
    with sdata.create_table("counts", var=pd.DataFrame(index=["a", "b"])) as table:
        table.append(AnnData(np.eye(2), var=pd.DataFrame(index=["a", "b"])))
        table.append(np.ones((3, 2)))
    with sdata.create_image("photo", (1, 32, 16), "uint8", scale_factors=[2]) as image:
        image[:, :16] = np.full((1, 16, 16), 7, dtype="uint8")
        image[:, 16:] = np.full((1, 16, 16), 9, dtype="uint8")
    with sdata.create_labels("nuclei", (8, 8), "int32") as labels:
        labels[2:4, 2:4] = np.full((2, 2), 5, dtype="int32")


@pytest.fixture
def bucket(backend: str, tmp_path: Path) -> Iterator[Any]:
    pytest.importorskip("s3fs", reason="fsspec reads s3 with s3fs")
    moto = pytest.importorskip("moto.server", reason="moto serves s3 in tests")
    server = moto.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = {"key": "name", "secret": "word", "client_kwargs": {"endpoint_url": f"http://{host}:{port}"}}
    fsspec.filesystem("s3", **options).makedirs(f"built-{backend}", exist_ok=True)
    yield UPath(f"s3://built-{backend}/{tmp_path.name}/store.zarr", **options)
    server.stop()


@pytest.mark.parametrize("kind", ["memory", "zip"])
def test_elements_of_all_kinds(kind: str, tmp_path: Path) -> None:
    check_elements_of_all_kinds(MEMORY if kind == "memory" else tmp_path / "store.zarr.zip", tmp_path)


def test_elements_of_all_kinds_in_a_bucket(bucket: Any, tmp_path: Path) -> None:
    check_elements_of_all_kinds(bucket, tmp_path)


def check_elements_of_all_kinds(place: Any, tmp_path: Path) -> None:
    for target in (place, tmp_path / "twin.zarr"):
        sdata = tiny()
        sdata.write(target)
        build_all(sdata)
        assert sdata.is_self_contained()
    back = read_zarr(place)
    assert sorted(name for _, name, _ in back.gen_elements()) == [
        "cells", "counts", "mask", "molecules", "nuclei", "photo",
    ]  # fmt: skip
    assert_spatial_data_objects_are_identical(back, read_zarr(tmp_path / "twin.zarr"))
    assert waiting(tmp_path) == []


@pytest.mark.parametrize("kind", ["memory", "zip"])
def test_an_interrupted_build_goes_on(kind: str, tmp_path: Path) -> None:
    place = MEMORY if kind == "memory" else str(tmp_path / "store.zarr.zip")
    sdata = tiny()
    sdata.write(place)
    with contextlib.suppress(KeyboardInterrupt), sdata.create_points("molecules") as builder:
        builder.append(rows(0))
        raise KeyboardInterrupt
    assert_spatial_data_objects_are_identical(read_zarr(place), tiny())
    with pytest.raises(UnfinishedBuildError, match="resume=True"):
        sdata.create_points("molecules").__enter__()
    with sdata.create_points("molecules", resume=True) as builder:
        assert builder.batches_done == 1
        with pytest.raises(StoreBusyError):
            sdata.create_points("molecules", resume=True).__enter__()
        builder.append(rows(10))
    found = read_zarr(place)["molecules"].compute()
    assert found["x"].tolist() == [*range(5), *range(10, 15)]
    assert waiting(tmp_path) == []
    with pytest.raises((StoreExistsError, ValueError), match="already"):
        read_zarr(place).create_points("molecules").__enter__()


def test_a_connection_that_drops_at_the_end(
    dropping: Callable[[int], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The store is as it was until the element is complete in it, and the batches wait for another try."""
    system = type(fsspec.filesystem("memory"))
    outcomes = []
    for allowed in range(50):
        sdata = tiny()
        sdata.write(MEMORY, overwrite=True)
        connection = dropping(allowed)
        with monkeypatch.context() as patch:
            for name in ("put_file", "cp_file", "rm_file", "rm"):
                patch.setattr(system, name, connection.around(getattr(system, name)))
            with contextlib.suppress(StoreError), sdata.create_points("molecules") as builder:
                builder.append(rows(0))
        found = read_zarr(MEMORY)
        outcomes.append("molecules" in found.points)
        if not outcomes[-1]:
            assert_spatial_data_objects_are_identical(found, tiny())
        if connection.left > 0:
            break
        # The element may be complete at the address, but not yet listed.
        repair_store(MEMORY)
        with read_zarr(MEMORY).create_points("molecules", resume=True, overwrite=True) as builder:
            # Once the element is in the store, nothing waits any more.
            assert builder.batches_done == 1 or outcomes[-1]
            if not builder.batches_done:
                builder.append(rows(0))
        assert read_zarr(MEMORY)["molecules"].compute()["x"].tolist() == list(range(5))
    assert outcomes == sorted(outcomes)
    assert outcomes[-1]
    assert not outcomes[0]
    assert waiting(tmp_path) == []


def test_web_servers_are_read_only() -> None:
    sdata = tiny()
    sdata.path = "https://host/store.zarr"  # type: ignore[assignment]
    for call in (lambda: sdata.create_points("molecules"), lambda: sdata.create_image("photo", (1, 4, 4), "uint8")):
        with pytest.raises(StoreError, match=r"web servers are read only. Give a folder or a bucket"):
            call()
    with pytest.raises(StoreError, match=r"web servers are read only. Give a folder or a bucket"):
        repair_store("https://host/store.zarr")


def test_repair_of_an_interrupted_element(everything: Callable[[], SpatialData], tmp_path: Path) -> None:
    everything().write(MEMORY)
    place: Any = path_of(MEMORY)
    everything().write(tmp_path / "twin.zarr")
    # One was interrupted while it brought the new element, the other while it put it in place.
    upload_tree(tmp_path / "twin.zarr/images/photo/s0", place / "images" / ".photo.stage" / "s0")
    upload_tree(tmp_path / "twin.zarr/labels/mask", place / "labels" / ".mask.stage")
    place.fs.rm(f"{place.path}/labels/mask", recursive=True)
    done = repair_store(MEMORY)
    assert any("removed" in line and ".photo.stage" in line for line in done)
    assert any("put" in line and ".mask.stage" in line for line in done)
    assert not [name for name in place.fs.find(place.path) if ".stage" in name]
    assert_spatial_data_objects_are_identical(read_zarr(MEMORY), everything())
    assert repair_store(MEMORY) == ["wrote the consolidated metadata anew"]


def test_repair_writes_consolidated_metadata(backend: str, bucket: Any, everything: Callable[[], SpatialData]) -> None:
    everything().write(bucket, consolidate_metadata=False)
    assert repair_store(bucket) == ["wrote the consolidated metadata anew"]
    assert stale_paths(bucket) == []
    assert_spatial_data_objects_are_identical(read_zarr(bucket), everything())


@pytest.mark.parametrize("lost", [False, True])
def test_repair_of_a_store_that_was_being_replaced(
    lost: bool, everything: Callable[[], SpatialData], tmp_path: Path
) -> None:
    place: Any = path_of(MEMORY)
    tiny().write(MEMORY)
    everything().write(tmp_path / "twin.zarr")
    upload_tree(tmp_path / "twin.zarr", stage_elsewhere(place))
    if lost:
        place.fs.rm_file(f"{place.path}/zarr.json")
    done = repair_store(MEMORY)
    assert len(done) == 2
    assert done[0].startswith("put" if lost else "removed")
    assert_spatial_data_objects_are_identical(read_zarr(MEMORY), everything() if lost else tiny())


def test_repair_of_an_archive(everything: Callable[[], SpatialData], tmp_path: Path) -> None:
    everything().write(tmp_path / "store.zarr.zip", consolidate_metadata=False)
    assert repair_store(tmp_path / "store.zarr.zip") == ["wrote the consolidated metadata anew"]
    assert_spatial_data_objects_are_identical(read_zarr(tmp_path / "store.zarr.zip"), everything())

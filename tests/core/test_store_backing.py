"""Where elements lie: in memory, in the store of the object, or elsewhere; and how they are renamed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
import zarr

from spatialdata import SpatialData, SpatialDataFormatType, get_dask_backing_files, read_zarr
from spatialdata.models import Image2DModel, PointsModel
from spatialdata.store.formats import RasterFormatV03

Everything = Callable[[], SpatialData]


@pytest.fixture
def stored(tmp_path: Path, everything: Everything) -> SpatialData:
    everything().write(tmp_path / "store.zarr")
    return read_zarr(tmp_path / "store.zarr")


def real(path: Path) -> str:
    return os.path.realpath(path)


def test_backing_files_of_each_kind(stored: SpatialData, tmp_path: Path, everything: Everything) -> None:
    root = tmp_path / "store.zarr"
    assert get_dask_backing_files(stored["photo"]) == [real(root / "images" / "photo")]
    assert get_dask_backing_files(stored["pyramid"]) == [real(root / "images" / "pyramid")]
    points = [real(root / "points" / "molecules" / "points.parquet" / "part.0.parquet")]
    assert get_dask_backing_files(stored["molecules"]) == points
    assert get_dask_backing_files(stored["cells"]) == get_dask_backing_files(stored["table"]) == []
    rasters = [real(root / "images" / "photo"), real(root / "images" / "pyramid"), real(root / "labels" / "mask")]
    assert get_dask_backing_files(stored) == [*rasters, *points]
    assert get_dask_backing_files(everything()) == []
    with pytest.raises(TypeError, match="is no element"):
        get_dask_backing_files(3)  # type: ignore[call-overload, arg-type, unused-ignore]


def test_what_is_derived_is_still_read_from_there(stored: SpatialData, tmp_path: Path) -> None:
    photo = stored["photo"]
    mixed = Image2DModel.parse(da.concatenate([photo.data * 2, photo.data + 1]).rechunk((1, 7, 7)))
    assert get_dask_backing_files(mixed) == [real(tmp_path / "store.zarr" / "images" / "photo")]
    near = stored["molecules"].query("x > 0.5").assign(z=1.0)
    assert get_dask_backing_files(near) == get_dask_backing_files(stored["molecules"])


def test_files_that_others_opened(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "raw.zarr" / "a", data=np.zeros((1, 4, 4)))
    image = Image2DModel.parse(da.from_zarr(zarr.open_array(tmp_path / "raw.zarr" / "a", mode="r")))
    assert get_dask_backing_files(image) == [real(tmp_path / "raw.zarr")]
    pd.DataFrame({"x": [1.0], "y": [2.0]}).to_parquet(tmp_path / "raw.parquet")
    points = PointsModel.parse(dd.read_parquet(tmp_path / "raw.parquet"))
    assert get_dask_backing_files(points) == [real(tmp_path / "raw.parquet")]


def test_self_contained(stored: SpatialData, tmp_path: Path, everything: Everything) -> None:
    assert stored.is_self_contained()
    assert everything().is_self_contained()
    other = SpatialData(images={"mine": stored["photo"]}, shapes={"cells": stored["cells"]})
    assert other.is_self_contained()
    other.write(tmp_path / "other.zarr")
    assert other.elements_are_self_contained() == {"mine": False, "cells": True}
    assert not other.is_self_contained()
    assert other.is_self_contained("cells")
    with pytest.raises(KeyError, match="nothing"):
        other.is_self_contained("nothing")


def test_paths(stored: SpatialData, everything: Everything) -> None:
    del stored["photo"]
    stored["more"] = everything()["photo"]
    in_memory = set(stored.elements_paths_in_memory())
    on_disk = set(stored.elements_paths_on_disk())
    assert (in_memory - on_disk, on_disk - in_memory) == ({"images/more"}, {"images/photo"})
    with pytest.raises(ValueError, match="not backed"):
        everything().elements_paths_on_disk()


def test_format_type_is_a_union() -> None:
    assert isinstance(RasterFormatV03(), SpatialDataFormatType)


@pytest.mark.parametrize("load", [True, False])
def test_rename(stored: SpatialData, load: bool, everything: Everything) -> None:
    before = everything()
    names = [
        ("photo", "dapi"),
        ("molecules", "transcripts"),
        ("cells", "nuclei"),
        ("mask", "MASK"),
        ("table", "counts"),
    ]
    for name, new in names:
        if load:
            _ = stored[name]
        stored.rename_element(name, new)
    np.testing.assert_array_equal(stored["dapi"].data.compute(), before["photo"].data.compute())
    pd.testing.assert_frame_equal(stored["transcripts"].compute(), before["molecules"].compute())
    again = read_zarr(str(stored.path))
    assert {name for _, name, _ in again.gen_elements()} == {
        "dapi",
        "transcripts",
        "nuclei",
        "MASK",
        "counts",
        "pyramid",
        "spots",
    }
    for sdata in (stored, again):
        table = sdata["counts"]
        assert table.uns["spatialdata_attrs"]["region"] == "nuclei"
        assert set(table.obs["region"]) == {"nuclei"}
    assert stored.is_self_contained()
    assert "MASK" in zarr.open_group(str(stored.path), mode="r")["labels"].attrs["ome"]["labels"]  # type: ignore[index, operator, call-overload]


@pytest.mark.parametrize(
    ("new", "message"), [("pyramid", "pyramid"), ("CELLS", "'cells' already"), ("a b", "contains")]
)
def test_names_that_cannot_be_given(stored: SpatialData, new: str, message: str) -> None:
    with pytest.raises((ValueError, KeyError), match=message):
        stored.rename_element("photo", new)
    assert "photo" in stored
    assert "images/photo" in stored.elements_paths_on_disk()


def test_renaming_in_memory(everything: Everything) -> None:
    sdata: Any = everything()
    order = list(sdata.images)
    sdata.rename_element("photo", "dapi")
    assert list(sdata.images) == ["dapi" if name == "photo" else name for name in order]
    sdata["photo"] = sdata["dapi"]

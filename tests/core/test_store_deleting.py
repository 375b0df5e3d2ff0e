"""What is deleted from a store stays in the object that has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialdata import SpatialData, get_dask_backing_files, read_zarr
from spatialdata._sdata import deleting
from spatialdata.models import Labels2DModel
from spatialdata.testing import assert_elements_are_identical

Everything = Callable[[], SpatialData]


@pytest.mark.parametrize("loaded", [True, False])
@pytest.mark.parametrize("place", ["folder", "archive", "memory"])
def test_elements_stay_in_the_object(place: str, loaded: bool, everything: Everything, tmp_path: Path) -> None:
    ends = {"folder": "store.zarr", "archive": "store.zarr.zip"}
    path = "memory://deleting/store.zarr" if place == "memory" else tmp_path / ends[place]
    everything().write(path, overwrite=True)
    sdata = read_zarr(path)
    names = [name for _, name, _ in everything().gen_elements()]
    if loaded:
        assert all(sdata[name] is not None for name in names)
    sdata.delete_element_from_disk(names)
    assert list(read_zarr(path).gen_elements()) == []
    for _, name, element in everything().gen_elements():
        assert_elements_are_identical(sdata[name], element)
        assert get_dask_backing_files(sdata[name]) == []
    sdata.write_element(names)
    for _, name, element in read_zarr(path).gen_elements():
        assert_elements_are_identical(element, sdata[name])


def test_what_was_written_by_the_object_itself(tmp_path: Path) -> None:
    sdata = SpatialData(labels={"mask": Labels2DModel.parse(np.eye(8, dtype=int), scale_factors=[2])})
    sdata.write(tmp_path / "store.zarr")
    mask: Any = sdata["mask"]
    for _ in range(3):
        sdata.delete_element_from_disk("mask")
        sdata.write_element("mask")
    np.testing.assert_array_equal(mask["scale0"]["image"].data.compute(), np.eye(8))


def test_others_that_are_computed_from_it(everything: Everything, tmp_path: Path) -> None:
    everything().write(tmp_path / "store.zarr")
    sdata = read_zarr(tmp_path / "store.zarr")
    sdata["double"] = sdata["mask"].copy(data=sdata["mask"].data * 2)
    with pytest.raises(ValueError, match=r"'double' of the object are read from there"):
        sdata.delete_element_from_disk("mask")
    assert "mask" in read_zarr(tmp_path / "store.zarr")
    sdata.delete_element_from_disk("photo")
    del sdata["double"]
    sdata.delete_element_from_disk("mask")


def test_a_raster_too_large_to_be_loaded(
    everything: Everything, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything().write(tmp_path / "store.zarr")
    sdata = read_zarr(tmp_path / "store.zarr")
    monkeypatch.setattr(deleting, "_LOADED_AT_MOST", 1000)
    with pytest.raises(ValueError, match=r"'photo' of the object is read from there and takes .* GiB in memory"):
        sdata.delete_element_from_disk("photo")
    assert "photo" in read_zarr(tmp_path / "store.zarr")
    del sdata["photo"]
    sdata.delete_element_from_disk("photo")
    assert "photo" not in read_zarr(tmp_path / "store.zarr")

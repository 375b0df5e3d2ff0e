"""Old versions of the format are written as the published package wrote them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import zarr
from spatialdata._io.format import (
    PointsFormatV02,
    RasterFormatV01,
    RasterFormatV03,
    ShapesFormatV01,
    SpatialDataContainerFormatV01,
    SpatialDataContainerFormatV02,
)

from spatialdata import SpatialData, read_zarr
from spatialdata.models import Image2DModel, Labels2DModel
from spatialdata.models.kind import Kind
from spatialdata.store.formats import formats_of
from spatialdata.store.store import Entry, Store
from spatialdata.testing import assert_elements_are_identical

Everything = Callable[[], SpatialData]


def written(sdata: SpatialData, path: Path, **options: Any) -> SpatialData:
    sdata.write(path, update_sdata_path=False, **options)
    return read_zarr(path)


@pytest.mark.parametrize(
    ("formats", "raster", "shapes"),
    [
        (SpatialDataContainerFormatV01(), "0.2", "0.2"),
        ([SpatialDataContainerFormatV01(), RasterFormatV01(), ShapesFormatV01()], "0.1", "0.1"),
    ],
)
def test_container_01(tmp_path: Path, formats: Any, raster: str, shapes: str, everything: Everything) -> None:
    sdata = everything()
    back = written(sdata, tmp_path / "old.zarr", sdata_formats=formats)
    assert back.attrs == {"project": "demo"}
    for _, name, element in sdata.gen_elements():
        assert_elements_are_identical(element, back[name])
    store = Store.open(tmp_path / "old.zarr")
    assert (store.version, store.has_consolidated_metadata()) == ("0.1", True)
    assert store.source(Entry(Kind.IMAGE, "photo")).version == raster
    assert store.source(Entry(Kind.SHAPES, "cells")).version == shapes
    assert not list((tmp_path / "old.zarr").rglob("zarr.json"))
    group = zarr.open_group(tmp_path / "old.zarr", mode="r", zarr_format=2)
    assert sorted(group.group_keys()) == ["images", "labels", "points", "shapes", "tables"]
    array = group["images/photo/s0"]
    assert isinstance(array, zarr.Array)
    np.testing.assert_array_equal(array[...], sdata["photo"].data.compute())
    assert (tmp_path / "old.zarr" / "images" / "photo" / "s0" / "0" / "0" / "0").is_file()
    multiscales = group["images/photo"].attrs.asdict()["multiscales"]
    assert multiscales[0]["version"] == {"0.1": "0.4", "0.2": "0.4-dev-spatialdata"}[raster]


def test_elements_join_a_store_in_its_version(tmp_path: Path, everything: Everything) -> None:
    sdata = everything()
    sdata.write(tmp_path / "old.zarr", sdata_formats=SpatialDataContainerFormatV01())
    sdata["more"] = everything()["mask"]
    sdata.write_element("more")
    assert json.loads((tmp_path / "old.zarr" / "labels" / ".zattrs").read_text())["labels"] == ["mask", "more"]
    sdata.write_element("cells", overwrite=True, sdata_formats=ShapesFormatV01())
    assert_elements_are_identical(read_zarr(tmp_path / "old.zarr")["cells"], sdata["cells"])
    with pytest.raises(ValueError, match=r"container version 0\.1, but 0\.2 is asked for"):
        sdata.write_element("more", overwrite=True, sdata_formats=SpatialDataContainerFormatV02())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("0.1", "is no format"),
        (
            [SpatialDataContainerFormatV01(), RasterFormatV03()],
            r"RasterFormatV03 cannot lie in a container of version 0\.1",
        ),
        ([PointsFormatV02(), PointsFormatV02()], "Two formats are given for points"),
        (RasterFormatV01(), "cannot lie in a container of version 0.2"),
    ],
)
def test_formats_that_do_not_go_together(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        formats_of(given)


def test_ragged_shapes_lose_nothing_silently(tmp_path: Path, everything: Everything) -> None:
    cells = everything()["cells"].assign(area=1.0)
    formats = [SpatialDataContainerFormatV01(), ShapesFormatV01()]
    with pytest.raises(OSError, match=r"Found the columns 'area'"):
        SpatialData(shapes={"cells": cells}).write(tmp_path / "old.zarr", sdata_formats=formats)
    assert not (tmp_path / "old.zarr").exists()


@pytest.mark.parametrize("formats", [None, SpatialDataContainerFormatV01()])
def test_attributes_of_elements_survive(tmp_path: Path, formats: Any, everything: Everything) -> None:
    sdata = everything()
    stain = {"stain": "DAPI", "exposure": [1, 2.5]}
    sdata["photo"].attrs.update(stain)
    sdata["pyramid"]["scale0"]["image"].attrs.update(stain)
    own = {"model": {"name": "nuclei"}, "label_index_to_category": {1: "a", 7: 3}}
    sdata["mask"].attrs.update(own)
    sdata["molecules"].attrs["run"] = 7
    sdata["cells"].attrs["source"] = "hand"
    back = written(sdata, tmp_path / "store.zarr", sdata_formats=formats)
    assert {key: back["photo"].attrs[key] for key in stain} == stain
    assert {key: back["pyramid"]["scale0"]["image"].attrs[key] for key in stain} == stain
    assert {key: back["mask"].attrs[key] for key in own} == own
    assert (back["molecules"].attrs["run"], back["cells"].attrs["source"]) == (7, "hand")
    back.write_transformations("photo")
    assert read_zarr(tmp_path / "store.zarr")["photo"].attrs["stain"] == "DAPI"


def test_attributes_that_cannot_be_stored_are_named(tmp_path: Path, everything: Everything) -> None:
    sdata = everything()
    sdata["photo"].attrs["when"] = pd.Timestamp("2026-01-01")
    with pytest.warns(
        UserWarning, match=r"images/photo: an attribute is not stored. attrs/when: a value of type Timestamp"
    ):
        sdata.write(tmp_path / "store.zarr")


@pytest.mark.parametrize("compressor", [{"lz4": 3}, {"zstd": 7}])
def test_codec_chunks_and_shards(tmp_path: Path, compressor: dict[str, int]) -> None:
    sdata = SpatialData(
        images={"photo": Image2DModel.parse(np.arange(2 * 90 * 70, dtype=np.uint16).reshape(2, 90, 70))}
    )
    back = written(
        sdata,
        tmp_path / "store.zarr",
        raster_compressor=compressor,
        raster_chunks={"c": 1, "y": 16, "x": 16},
        raster_shards={"y": 40, "x": 64},
    )
    array = zarr.open_array(tmp_path / "store.zarr" / "images" / "photo" / "s0", mode="r")
    assert (array.chunks, array.shards) == ((1, 16, 16), (1, 48, 64))
    codec = array.compressors[0].to_dict()
    name, level = next(iter(compressor.items()))
    found = codec["configuration"]
    assert (found.get("cname", codec["name"]), found.get("clevel", found.get("level"))) == (name, level)
    np.testing.assert_array_equal(back["photo"].data.compute(), sdata["photo"].data.compute())


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("u1", "bitshuffle"), ("i2", "shuffle"), ("u4", "shuffle"), ("i8", "shuffle"), ("f4", None), ("?", None)],
)
def test_the_codec_of_images_by_their_type(tmp_path: Path, dtype: str, expected: str | None) -> None:
    pixels = (np.arange(2 * 30 * 20) % 7).reshape(2, 30, 20).astype(dtype)
    labels = Labels2DModel.parse(np.ones((30, 20), np.int32))
    sdata = SpatialData(images={"photo": Image2DModel.parse(pixels)}, labels={"cells": labels})
    back = written(sdata, tmp_path / "store.zarr")
    np.testing.assert_array_equal(back["photo"].data.compute(), pixels)
    np.testing.assert_array_equal(zarr.open_array(tmp_path / "store.zarr/images/photo/s0", mode="r")[:], pixels)
    image, ids = (
        json.loads((tmp_path / "store.zarr" / element / "s0" / "zarr.json").read_text())["codecs"][1]
        for element in ("images/photo", "labels/cells")
    )
    assert image["name"] == ("zstd" if expected is None else "blosc")
    assert image["configuration"].get("shuffle") == expected
    assert ids["configuration"]["shuffle"] == "noshuffle"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"raster_compressor": {"gzip": 1}}, "raster_compressor="),
        ({"raster_compressor": {"lz4": 40}}, "from 0 to 9, not 40"),
        ({"raster_chunks": {"q": 3}}, "raster_chunks="),
        ({"raster_shards": {"y": 0}}, "raster_shards="),
        ({"points_layout": "random"}, "points_layout='random' is not known"),
    ],
)
def test_options_are_checked_first(
    tmp_path: Path, options: dict[str, Any], message: str, everything: Everything
) -> None:
    with pytest.raises(ValueError, match=message):
        everything().write(tmp_path / "store.zarr", **options)
    assert not (tmp_path / "store.zarr").exists()

"""A store that is written anew in its own place keeps its versions, unless others are asked for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialdata import SpatialData, read_zarr
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel
from spatialdata.store.formats import (
    CurrentSpatialDataContainerFormat,
    RasterFormatV01,
    SpatialDataContainerFormatV01,
)

V01 = SpatialDataContainerFormatV01()
CURRENT = CurrentSpatialDataContainerFormat()


def small() -> SpatialData:
    return SpatialData(
        images={"photo": Image2DModel.parse(np.arange(48, dtype=np.uint8).reshape(1, 6, 8), c_coords=["dapi"])},
        labels={"mask": Labels2DModel.parse(np.eye(6, dtype=np.int32))},
        points={"molecules": PointsModel.parse(np.eye(3))},
    )


def version_of(root: Path, element: str = "images/photo") -> tuple[str, str]:
    """The version of the container, and that of OME-Zarr of one raster, by the documents."""
    if (root / ".zgroup").is_file():
        own = json.loads((root / ".zattrs").read_bytes())
        raster = json.loads((root / element / ".zattrs").read_bytes())
        return own["spatialdata_attrs"]["version"], raster["multiscales"][0]["version"]
    own = json.loads((root / "zarr.json").read_bytes())["attributes"]
    raster = json.loads((root / element / "zarr.json").read_bytes())["attributes"]
    return own["spatialdata_attrs"]["version"], raster["ome"]["version"]


OLD = ("0.1", "0.4-dev-spatialdata")
USUAL = ("0.2", "0.5-dev-spatialdata")
NEW = ("0.2", "0.6")


@pytest.mark.parametrize(
    ("made", "asked", "expected"),
    [
        ({"sdata_formats": V01}, {}, OLD),
        ({"sdata_formats": V01}, {"sdata_formats": RasterFormatV01()}, ValueError),
        ({"sdata_formats": V01}, {"sdata_formats": [V01, RasterFormatV01()]}, ("0.1", "0.4")),
        ({"sdata_formats": V01}, {"sdata_formats": CURRENT}, USUAL),
        ({"sdata_formats": V01}, {"ngff": "0.6"}, NEW),
        ({"sdata_formats": V01}, {"ngff": "0.5-dev-spatialdata"}, USUAL),
        ({}, {}, USUAL),
        ({}, {"ngff": "0.6"}, NEW),
        ({"ngff": "0.6"}, {}, NEW),
        ({"ngff": "0.6"}, {"sdata_formats": CURRENT}, NEW),
        ({"ngff": "0.6"}, {"ngff": "0.5-dev-spatialdata"}, USUAL),
        ({"ngff": "0.6"}, {"sdata_formats": V01}, OLD),
    ],
)
def test_the_store_of_the_object(made: Any, asked: Any, expected: Any, tmp_path: Path) -> None:
    root = tmp_path / "store.zarr"
    sdata = small()
    sdata.write(root, **made)
    before = version_of(root)
    if expected is ValueError:
        with pytest.raises(ValueError, match="cannot lie in a container"):
            sdata.write(root, overwrite=True, **asked)
        assert version_of(root) == before
        return
    sdata.write(root, overwrite=True, **asked)
    assert version_of(root) == expected
    again = read_zarr(root)
    assert np.array_equal(np.asarray(again["photo"]), np.asarray(small()["photo"]))
    # The second time, too, and from an object that was opened there.
    again.write(str(root), overwrite=True)
    assert version_of(root) == (("0.1", "0.4-dev-spatialdata") if expected[0] == "0.1" else expected)


@pytest.mark.parametrize(("made", "expected"), [({"sdata_formats": V01}, OLD), ({"ngff": "0.6"}, NEW)])
def test_elements_follow_their_store(made: Any, expected: Any, tmp_path: Path) -> None:
    root = tmp_path / "store.zarr"
    small().write(root, **made)
    sdata = read_zarr(root)
    sdata["more"] = Labels2DModel.parse(np.eye(6, dtype=np.int32))
    sdata.write_element("more")
    sdata.write_element("photo", overwrite=True)
    with sdata.create_image("built", (1, 8, 8), "uint8") as builder:
        builder[:, :, :] = np.ones((1, 8, 8), dtype="uint8")
    for element in ("images/photo", "labels/more", "images/built"):
        assert version_of(root, element) == expected


def test_another_place_gets_the_current_versions(tmp_path: Path) -> None:
    root, other = tmp_path / "store.zarr", tmp_path / "other.zarr"
    sdata = small()
    sdata.write(root, ngff="0.6")
    small().write(other, sdata_formats=V01)
    sdata.write(other, overwrite=True, update_sdata_path=False)
    assert version_of(other) == USUAL
    # The store of the object has gone: there is nothing to keep.
    shutil.rmtree(root)
    sdata = small()
    sdata.path = root
    sdata.write(root)
    assert version_of(root) == USUAL


def said(root: Path) -> object:
    return json.loads((root / "zarr.json").read_bytes())["attributes"]["spatialdata_attrs"].get("ngff_version")


def test_a_store_without_rasters_keeps_its_version_of_ome_zarr(tmp_path: Path) -> None:
    root = tmp_path / "store.zarr"
    points = SpatialData(points={"molecules": PointsModel.parse(np.eye(3))}, attrs={"a": 1})
    points.write(root, ngff="0.6")
    assert said(root) == "0.6"
    again = read_zarr(root)
    again.write(root, overwrite=True)
    again.attrs["b"] = 2
    again.write_attrs()
    assert said(root) == "0.6"
    assert read_zarr(root).attrs == {"a": 1, "b": 2}
    again.attrs["ome"] = {}
    with pytest.raises(ValueError, match="Give it another name"):
        again.write_attrs()
    again["photo"] = small()["photo"]
    again.write_element("photo")
    assert version_of(root) == NEW
    again.delete_element_from_disk("photo")
    assert said(root) == "0.6"
    again.write_element("photo")
    assert version_of(root) == NEW


def test_a_store_in_06_is_none_any_longer_with_a_raster_of_another_version(tmp_path: Path) -> None:
    root = tmp_path / "store.zarr"
    sdata = small()
    sdata.write(root, ngff="0.6")
    sdata.write_element("photo", overwrite=True, ngff="0.5-dev-spatialdata")
    assert said(root) is None
    sdata.write_element("photo", overwrite=True, ngff="0.6")
    assert said(root) == "0.6"
    sdata.write(root, overwrite=True, ngff="0.5-dev-spatialdata")
    assert said(root) is None


def test_a_store_that_says_its_version_by_its_scene_only(tmp_path: Path) -> None:
    root = tmp_path / "store.zarr"
    small().write(root, ngff="0.6")
    document = json.loads((root / "zarr.json").read_bytes())
    del document["attributes"]["spatialdata_attrs"]["ngff_version"]
    (root / "zarr.json").write_text(json.dumps(document))
    sdata = read_zarr(root)
    sdata.delete_element_from_disk(["photo", "mask"])
    assert said(root) == "0.6"

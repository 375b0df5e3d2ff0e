"""OME-Zarr images of other tools open as objects; what is expected is spelled out by hand from the specification."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from spatialdata import read_zarr
from spatialdata.errors import StoreError
from spatialdata.transformations import get_transformation

AXES = [{"name": name, "type": kind} for name, kind in zip("tczyx", ["time", "channel"] + ["space"] * 3, strict=True)]


def write(path: Path, version: str, axes: str, pixels: np.ndarray[Any, Any], label: bool = False) -> None:
    """An image with two levels; a pixel of the finest is 0.5 high and 0.25 wide, and the first lies at (10, 20)."""
    zarr_format = 2 if version == "0.4" else 3
    group = zarr.open_group(path, mode="w", zarr_format=zarr_format)  # type: ignore[arg-type]
    halves = pixels[..., ::2, ::2]
    for name, data in (("0", pixels), ("1", halves)):
        group.create_array(name, data=data)
    size = {"y": 0.5, "x": 0.25}
    datasets = [
        {
            "path": str(level),
            "coordinateTransformations": [
                {"type": "scale", "scale": [size.get(axis, 1.0) * (2**level if axis in size else 1) for axis in axes]},
                {"type": "translation", "translation": [{"y": 10.0, "x": 20.0}.get(axis, 0.0) for axis in axes]},
            ],
        }
        for level in (0, 1)
    ]
    multiscale: dict[str, Any] = {"axes": [axis for axis in AXES if axis["name"] in axes], "datasets": datasets}
    body: dict[str, Any] = {"multiscales": [multiscale]}
    if not label and "c" in axes:
        body["omero"] = {"channels": [{"label": f"stain {number}"} for number in range(pixels.shape[axes.index("c")])]}
    if version == "0.4":
        multiscale["version"] = version
        group.attrs.update(body)
    else:
        group.attrs["ome"] = {"version": version, **body}


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_image_with_labels(tmp_path: Path, version: str) -> None:
    path = tmp_path / "slide.ome.zarr"
    pixels = np.arange(1 * 2 * 1 * 6 * 8, dtype=np.uint16).reshape(1, 2, 1, 6, 8)
    write(path, version, "tczyx", pixels)
    zarr_format = 2 if version == "0.4" else 3
    labels = zarr.open_group(path / "labels", mode="w", zarr_format=zarr_format)  # type: ignore[arg-type]
    labels.attrs.update({"labels": ["cells"]} if version == "0.4" else {"ome": {"version": "0.5", "labels": ["cells"]}})
    write(path / "labels" / "cells", version, "zyx", np.arange(48).reshape(1, 6, 8), label=True)
    sdata = read_zarr(path)
    assert "(1, 2, 1, 6, 8)" in repr(sdata)
    image = sdata.images["slide"]["scale0"]["image"]
    assert image.dims == ("c", "y", "x")
    assert image.coords["c"].values.tolist() == ["stain 0", "stain 1"]
    np.testing.assert_array_equal(image.data.compute(), pixels[0, :, 0])
    np.testing.assert_array_equal(sdata.images["slide"]["scale1"]["image"].data.compute(), pixels[0, :, 0, ::2, ::2])
    np.testing.assert_array_equal(sdata.labels["cells"]["scale0"]["image"].data.compute(), np.arange(48).reshape(6, 8))
    for element in (sdata["slide"], sdata["cells"]):
        matrix = get_transformation(element).to_affine_matrix(("x", "y"), ("x", "y"))
        np.testing.assert_allclose(matrix, [[0.25, 0, 20], [0, 0.5, 10], [0, 0, 1]])
    assert list(read_zarr(path, selection="labels").labels) == ["cells"]
    sdata.write(tmp_path / "store.zarr")
    back = read_zarr(tmp_path / "store.zarr")
    np.testing.assert_array_equal(back["slide"]["scale0"]["image"].data.compute(), pixels[0, :, 0])


def test_an_image_without_channels_and_one_in_space(tmp_path: Path) -> None:
    write(tmp_path / "flat.zarr", "0.5", "yx", np.ones((4, 4), dtype=np.uint8))
    assert read_zarr(tmp_path / "flat.zarr")["flat"]["scale0"]["image"].dims == ("c", "y", "x")
    write(tmp_path / "deep.zarr", "0.5", "zyx", np.ones((3, 4, 4), dtype=np.uint8))
    assert read_zarr(tmp_path / "deep.zarr")["deep"]["scale0"]["image"].shape == (1, 3, 4, 4)


def test_what_does_not_fit_an_element_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "flat.zarr" / "labels").mkdir(parents=True)
    write(tmp_path / "flat.zarr", "0.5", "yx", np.ones((4, 4), dtype=np.uint8))
    zarr.open_group(tmp_path / "flat.zarr" / "labels", mode="w", zarr_format=3).attrs["ome"] = {"labels": ["ids"]}
    write(tmp_path / "flat.zarr" / "labels" / "ids", "0.5", "cyx", np.ones((5, 4, 4), dtype=np.uint8), label=True)
    with pytest.raises(StoreError, match="has 5 values along 'c'"):
        read_zarr(tmp_path / "flat.zarr")
    write(tmp_path / "new.zarr", "0.9", "yx", np.ones((4, 4), dtype=np.uint8))
    with pytest.raises(StoreError, match=r"NGFF version '0\.9'\. Valid: '0\.4', '0\.5'"):
        read_zarr(tmp_path / "new.zarr")

"""Rasters whose pixels were computed are taken as they are: every result is that of the lazy ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from xarray import DataArray, DataTree

import spatialdata as sd
from spatialdata import SpatialData
from spatialdata.datasets import blobs
from spatialdata.transformations import Scale, set_transformation

BOX: dict[str, Any] = {
    "axes": ("x", "y"), "min_coordinate": [5, 6], "max_coordinate": [40, 50], "target_coordinate_system": "global",
}  # fmt: skip
FRAME: dict[str, Any] = {
    "axes": ("x", "y"), "min_coordinate": [0, 0], "max_coordinate": [60, 60], "target_coordinate_system": "global",
    "target_width": 30,
}  # fmt: skip

Operation = Callable[[Any, Any, SpatialData], Any]
OPERATIONS: dict[str, Operation] = {
    "box of an image": lambda image, _, __: sd.bounding_box_query(image, **BOX),
    "box of labels": lambda _, labels, __: sd.bounding_box_query(labels, **BOX),
    "polygon of an image": lambda image, _, sdata: sd.polygon_query(
        image, sdata["blobs_polygons"].geometry.iloc[0], target_coordinate_system="global"
    ),
    "polygon of labels": lambda _, labels, sdata: sd.polygon_query(
        labels, sdata["blobs_polygons"].geometry.iloc[0], target_coordinate_system="global"
    ),
    "image by labels": lambda image, labels, _: sd.aggregate(image, labels, agg_func="mean"),
    "image by polygons": lambda image, _, sdata: sd.aggregate(image, sdata["blobs_polygons"], agg_func="mean"),
    "points by labels": lambda _, labels, sdata: sd.aggregate(sdata["blobs_points"], labels, agg_func="count"),
    "labels by labels": lambda _, labels, __: sd.aggregate(labels, labels, agg_func="count", fractions=True),
    "image drawn": lambda image, _, __: sd.rasterize(image, **FRAME),
    "labels drawn": lambda _, labels, __: sd.rasterize(labels, **FRAME),
    "polygons": lambda _, labels, __: sd.to_polygons(labels),
    "circles": lambda _, labels, __: sd.to_circles(labels),
    "centroids": lambda _, labels, __: sd.get_centroids(labels).compute(),
    "extent": lambda image, labels, _: (sd.get_extent(image), sd.get_extent(labels)),
    "mapped": lambda image, _, __: sd.map_raster(image, lambda block: block + 1),
    "instances": lambda _, labels, __: sd.get_element_instances(labels),
    "unpadded": lambda image, _, __: sd.unpad_raster(image),
    "moved": lambda image, _, __: sd.transform(image, to_coordinate_system="turned"),
    "masked": lambda image, _, sdata: sd.mask(image, sdata["blobs_polygons"]),
    "properties": lambda image, labels, _: sd.get_region_properties(labels, image),
    "nearest": lambda _, labels, sdata: sd.nearest(sdata["blobs_points"], labels),
    "copied": lambda image, _, __: sd.deepcopy(image),
}


def _computed(raster: Any) -> Any:
    return raster.map_over_datasets(lambda level: level.compute()) if isinstance(raster, DataTree) else raster.compute()


def _seen(result: Any) -> Any:
    """What can be compared of a result."""
    if isinstance(result, SpatialData):
        return [_seen(element) for _, _, element in sorted(result.gen_elements(), key=lambda one: one[1])]
    if isinstance(result, DataTree):
        return [_seen(result[name].ds["image"]) for name in sorted(result.children)]
    if isinstance(result, DataArray):
        return result.dims, {name: axis.to_numpy().tolist() for name, axis in result.coords.items()}, result.to_numpy()
    if hasattr(result, "obs_names"):
        return result.obs.to_dict(), result.var_names.tolist(), result.X.toarray()
    if isinstance(result, pd.DataFrame):
        return result.to_wkt().to_dict() if hasattr(result, "to_wkt") else result.to_dict()
    return result.tolist() if isinstance(result, pd.Index) else result


@pytest.fixture(scope="module")
def sdata() -> SpatialData:
    made = blobs(length=64)
    for name in ("blobs_image", "blobs_multiscale_image"):
        set_transformation(made[name], Scale([2.0, 3.0], ("x", "y")), "turned")
    return made


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("scales", ["", "multiscale_"])
def test_computed_pixels_give_what_lazy_ones_give(sdata: SpatialData, name: str, scales: str) -> None:
    image, labels = sdata[f"blobs_{scales}image"], sdata[f"blobs_{scales}labels"]
    expected = _seen(OPERATIONS[name](image, labels, sdata))
    found = _seen(OPERATIONS[name](_computed(image), _computed(labels), sdata))
    np.testing.assert_equal(found, expected)


def test_an_object_says_what_to_do_with_computed_pixels(sdata: SpatialData) -> None:
    with pytest.raises(sd.errors.ValidationError, match="must be a dask array, not numpy"):
        SpatialData.init_from_elements({"image": _computed(sdata["blobs_image"])})

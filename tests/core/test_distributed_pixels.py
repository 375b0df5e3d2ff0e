"""Pixels, regions and tables: the same calls on threads here and on a cluster of two processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import dask
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import sparse

from spatialdata import (
    SpatialData,
    aggregate,
    bounding_box_query,
    col,
    get_element_instances,
    get_region_properties,
    map_raster,
    mask,
    nearest,
    polygon_query,
    rasterize,
    rasterize_bins,
    read_zarr,
    region_of_labels,
    relabel_sequential,
    select,
    to_circles,
    to_polygons,
    transform,
    unpad_raster,
)
from spatialdata.dataloader import ImageTilesDataset
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel, ShapesModel, TableModel
from spatialdata.transformations import Affine, set_transformation

pytestmark = [
    # Processes that end leave sockets and loops behind, and graphs of tests are large beside their data.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Sending large graph:UserWarning"),
    pytest.mark.filterwarnings("ignore:Port .* is already in use:UserWarning"),
]


def counts(region: str, ids: np.ndarray) -> ad.AnnData:
    obs = pd.DataFrame({"region": pd.Categorical([region] * len(ids)), "id": ids, "r": ids // 4, "c": ids % 4})
    obs.index = obs.index.astype(str)
    numbers = sparse.csc_matrix(np.random.default_rng(1).poisson(1.0, (len(ids), 3)))
    return TableModel.parse(ad.AnnData(numbers, obs=obs), region=region, region_key="region", instance_key="id")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    placed = {"global": Affine([[0.6, -0.8, 5], [0.8, 0.6, -2], [0, 0, 1]], ("x", "y"), ("x", "y"))}
    discs = shapely.buffer(shapely.points(rng.uniform(0, 60, (30, 2))), 4.0)
    ids = rng.integers(0, 9, (6, 6)).repeat(10, axis=0).repeat(10, axis=1)
    deep = np.stack([ids, np.roll(ids, 7, axis=0)])
    sdata = SpatialData(
        images={
            "image": Image2DModel.parse(rng.random((2, 60, 60)), chunks=(1, 25, 25), transformations=placed),
            "volume": Image3DModel.parse(rng.random((1, 2, 60, 60)), chunks=(1, 1, 30, 60)),
        },
        labels={
            "labels": Labels2DModel.parse(ids, chunks=(20, 20), transformations=placed),
            "solids": Labels3DModel.parse(deep, chunks=(1, 30, 30)),
        },
        shapes={
            "shapes": ShapesModel.parse(gpd.GeoDataFrame(geometry=discs), transformations=placed),
            "bins": ShapesModel.parse(np.argwhere(np.ones((5, 4)))[:, ::-1] * 3.0 + 10, geometry=0, radius=1.5),
        },
        tables={"counts": counts("bins", np.arange(20)), "cells": counts("labels", np.unique(ids[ids > 0]))},
    )
    path = tmp_path_factory.mktemp("cluster") / "s.zarr"
    sdata.write(path)
    return path


def matrix(found: Any) -> np.ndarray:
    return np.asarray(found["table"].X.toarray())


def weighed(image: Any) -> Any:
    """The image with names, the second of which is that of weights."""
    return image.assign_coords(c=["v", "w"])


def smoothed(block: np.ndarray) -> np.ndarray:
    return (block + np.roll(block, 1, axis=1) + np.roll(block, -2, axis=2)) / 3


def properties(sdata: SpatialData, regions: str, image: str) -> np.ndarray:
    found = get_region_properties(sdata[regions], sdata[image], statistics=["mean", "max"], quantiles=[0.5])
    return np.asarray(found.select_dtypes("number").to_numpy())


def outlines(shapes: Any) -> np.ndarray:
    radius = shapes["radius"] if "radius" in shapes else np.zeros(len(shapes))
    return np.concatenate([shapely.get_coordinates(shapes.geometry).ravel(), radius, shapes.index])


def drawn(element: Any) -> np.ndarray:
    return np.asarray(rasterize(element, ("x", "y"), [-40, 0], [40, 80], "global", target_width=16).values)


def tiles(sdata: SpatialData) -> np.ndarray:
    dataset = ImageTilesDataset(sdata, {"bins": "image"}, {"bins": "global"}, tile_scale=2.0)
    return np.concatenate([np.ravel(dataset[number]["image"].values) for number in (3, 7, 11)])


def annotated(sdata: SpatialData, target: str, by: str) -> np.ndarray:
    found = sdata.annotate(target, by=by)["counts" if target == "bins" else "cells"].obs[by]
    return np.asarray(found.cat.codes)


def turned(element: Any) -> Any:
    """A raster with a depth in another place, turned and sheared in space."""
    matrix = [[0.6, -0.8, 0.1, 30], [0.8, 0.6, 0, -5], [0.05, 0, 1, -0.3], [0, 0, 0, 1]]
    moved = element.copy()
    set_transformation(moved, Affine(matrix, ("x", "y", "z"), ("x", "y", "z")))
    return moved


CIRCLE = shapely.Point(0, 20).buffer(15)
CALLS: dict[str, Callable[[SpatialData], np.ndarray]] = {
    "pixels with weights": lambda s: matrix(
        aggregate(weighed(s["image"]), s["labels"], weights="w", agg_func=["var", "median"])
    ),
    "parts of pixels": lambda s: matrix(aggregate(s["image"], s["shapes"], fractions=True)),
    "labels by shapes": lambda s: matrix(aggregate(s["labels"], s["shapes"], fractions=True)),
    "volumes by shapes": lambda s: matrix(aggregate(s["volume"], s["shapes"], agg_func="std")),
    "volumes by volumes": lambda s: matrix(aggregate(s["volume"], s["solids"], agg_func=["mean", "mode"])),
    "parts of cubes": lambda s: matrix(aggregate(turned(s["volume"]), s["solids"], fractions=True)),
    "parts of columns": lambda s: matrix(aggregate(s["image"], s["solids"], fractions=True)),
    "solids by solids": lambda s: matrix(aggregate(turned(s["solids"]), s["solids"], fractions=True)),
    "pixels in a volume": lambda s: select(turned(s["volume"]), region_of_labels(s["solids"], [1, 5])).values,
    "surfaces": lambda s: get_region_properties(s["solids"], outlines=True)["surface_area"].to_numpy(),
    "shapes by volumes": lambda s: matrix(aggregate(s["bins"], s["solids"], fractions=True)),
    "labels in a polygon": lambda s: polygon_query(s["labels"], CIRCLE, "global").values,
    "box of an object": lambda s: bounding_box_query(s, ("x", "y"), [0, 0], [20, 30], "global")["volume"].values,
    "properties of labels": lambda s: properties(s, "labels", "image"),
    "properties of shapes": lambda s: properties(s, "shapes", "image"),
    "properties of volumes": lambda s: properties(s, "solids", "volume"),
    "measured": lambda s: s.measure("labels", "image", statistics=["mean", "std"]).to_df().to_numpy(),
    "annotated bins": lambda s: annotated(s, "bins", "labels"),
    "ids": lambda s: get_element_instances(s["labels"]).to_numpy(),
    "filtered": lambda s: s.filter("cells", obs=col("id") > 4)["labels"].values,
    "bins": lambda s: rasterize_bins(s, "bins", "counts", "c", "r").values,
    "ids of bins": lambda s: rasterize_bins(s, "bins", "counts", "c", "r", return_region_as_labels=True).values,
    "mapped": lambda s: map_raster(s["image"], smoothed, depth=2).values,
    "relabelled": lambda s: relabel_sequential(s["labels"].data * 10).compute(),
    "unpadded": lambda s: unpad_raster(mask(s["image"], CIRCLE)).values,
    "masked by labels": lambda s: mask(s["image"], s["labels"], invert=True).values,
    "outlines": lambda s: outlines(to_polygons(s["labels"])),
    "circles of labels": lambda s: outlines(to_circles(s["labels"])),
    "turned image": lambda s: transform(s["image"], to_coordinate_system="global").values,
    "turned labels": lambda s: transform(s["labels"], to_coordinate_system="global").values,
    "drawn image": lambda s: drawn(s["image"]),
    "drawn labels": lambda s: drawn(s["labels"]),
    "drawn shapes": lambda s: drawn(s["shapes"]),
    "nearest labels": lambda s: nearest(s["shapes"], s["labels"], k=2)[["instance", "distance"]].to_numpy(),
    "tiles": tiles,
}


@pytest.mark.parametrize("name", CALLS)
def test_a_cluster_gives_what_threads_give(name: str, store: Path, client: Any) -> None:
    here = CALLS[name](read_zarr(store))
    with client.as_current():
        (worker,) = dask.compute(dask.delayed(os.getpid)())
        there = CALLS[name](read_zarr(store))
    assert worker != os.getpid()
    np.testing.assert_array_equal(there, here)
    assert np.any(here)

"""Tiles around regions, against numpy slices, with torch and without."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import pickle
from typing import Any

import anndata as ad
import dask
import dask.array as da
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatialdata import SpatialData, deepcopy, get_extent
from spatialdata.dataloader import ImageTiles, ImageTilesDataset
from spatialdata.errors import TransformationError, UnsupportedElementError
from spatialdata.models import (
    Image2DModel,
    Image3DModel,
    Labels2DModel,
    Labels3DModel,
    PointsModel,
    ShapesModel,
    TableModel,
)
from spatialdata.testing import assert_spatial_data_objects_are_identical
from spatialdata.transformations import Scale, ThinPlateSpline, set_transformation

HALF = {"um": Scale([0.5, 0.5], ("x", "y"))}


@pytest.fixture
def sdata() -> SpatialData:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (3, 90, 110)).astype(np.uint8)
    xy = rng.uniform(8, 36, (12, 2))
    ids = np.zeros((90, 110), dtype=int)
    ids[20:30, 40:52], ids[50:61, 70:75] = 5, 9
    obs = pd.DataFrame(
        {
            "region": pd.Categorical(["circles"] * 10),
            "id": np.arange(109, 99, -1),
            "kind": pd.Categorical(list("abababcbab")),
        }
    )
    obs["size"], obs.index = np.arange(10.0), [f"row_{i}" for i in range(10)]
    table = TableModel.parse(ad.AnnData(np.arange(20.0).reshape(10, 2), obs=obs), "circles", "region", "id")
    boxes = gpd.GeoDataFrame(geometry=shapely.box(*(xy - 2).T, *(xy + 2).T))
    return SpatialData(
        images={
            "image": Image2DModel.parse(
                da.from_array(pixels, chunks=(1, 32, 25)), scale_factors=[2], transformations=HALF
            )
        },
        labels={"cells": Labels2DModel.parse(ids, transformations=HALF)},
        points={"points": PointsModel.parse(np.zeros((1, 2)), transformations=HALF)},
        shapes={
            "circles": ShapesModel.parse(
                xy,
                geometry=0,
                radius=rng.uniform(1, 3, 12),
                index=np.arange(100, 112),
                transformations={"um": Scale([1.0, 1.0], ("x", "y"))},
            ),
            "boxes": ShapesModel.parse(boxes, transformations={"um": Scale([1.0, 1.0], ("x", "y"))}),
        },
        tables={"table": table},
    )


def pixels_in(sdata: SpatialData, bounds: pd.Series) -> np.ndarray:
    """The pixels whose centre lies in the bounds, which are in units of half a pixel."""
    pixels = sdata["image"]["scale0"].image.values
    y, x = ((np.arange(size) + 0.5) / 2 for size in pixels.shape[1:])
    rows, columns = (y >= bounds.miny) & (y < bounds.maxy), (x >= bounds.minx) & (x < bounds.maxx)
    return pixels[:, rows][:, :, columns]


def test_tiles_hold_the_pixels_around_each_region(sdata: SpatialData) -> None:
    before = deepcopy(sdata)
    tiles = ImageTilesDataset(sdata, {"circles": "image"}, {"circles": "um"}, tile_scale=1.5)
    assert len(tiles) == 12
    circles = sdata["circles"]
    np.testing.assert_allclose(tiles.tiles_coords["extent"], 3 * circles.radius)
    np.testing.assert_allclose(tiles.tiles_coords[["x", "y"]], circles.geometry.get_coordinates())
    assert tiles.dataset_index["instance_id"].tolist() == circles.index.tolist()
    for number in range(12):
        bounds = tiles.tiles_coords.iloc[number]
        tile = tiles[number]["image"]
        np.testing.assert_array_equal(tile.values, pixels_in(sdata, bounds))
        np.testing.assert_array_equal(tiles.pixels(number), tile.values)
        extent = get_extent(tile, "um")
        assert abs(extent["x"][0] - bounds.minx) <= 0.25 + 1e-9
        assert abs(extent["y"][1] - bounds.maxy) <= 0.25 + 1e-9
    assert_spatial_data_objects_are_identical(sdata, before)
    with pytest.raises(IndexError):
        tiles[12]
    np.testing.assert_array_equal(tiles[-1]["image"].values, tiles[11]["image"].values)


def test_rows_and_annotations(sdata: SpatialData) -> None:
    tiles = ImageTilesDataset(sdata, {"circles": "image"}, {"circles": "um"}, tile_dim_in_units=8, table_name="table")
    assert (
        tiles.dataset_table.obs["id"].tolist() == tiles.dataset_index["instance_id"].tolist() == list(range(100, 110))
    )
    item = tiles[3]
    assert item["table"].obs["id"].tolist() == item["circles"].index.tolist() == [103]
    assert item["table"].X.tolist() == [[12.0, 13.0]]
    assert item["image"].shape == (3, 16, 16)
    pairs = ImageTilesDataset(
        sdata, {"circles": "image"}, {"circles": "um"}, tile_dim_in_units=8, table_name="table",
        return_annotations=["size"], transform=lambda item: (item[0].values.sum(), item[1]),
    )  # fmt: skip
    total, value = pairs[3]
    assert total == tiles[3]["image"].values.sum()
    assert value.tolist() == [[6.0]]
    categories = ImageTilesDataset(
        sdata, {"circles": "image"}, {"circles": "um"}, table_name="table", return_annotations="kind"
    )
    assert "".join(categories[i][1][0, 0] for i in range(10)) == "abababcbab"[::-1]


def test_labels_polygons_and_drawn_tiles(sdata: SpatialData) -> None:
    regions = {"cells": "image", "boxes": "image"}
    tiles = ImageTilesDataset(sdata, regions, dict.fromkeys(regions, "um"), tile_dim_in_units=6)
    assert tiles.regions == ["cells", "boxes"]
    assert tiles.dataset_index["region"].tolist() == ["cells"] * 2 + ["boxes"] * 12
    assert tiles.dataset_index["instance_id"].tolist()[:2] == [5, 9]
    np.testing.assert_allclose(tiles.tiles_coords[["x", "y"]].iloc[0], [23.0, 12.5])
    drawn = ImageTilesDataset(
        sdata, regions, dict.fromkeys(regions, "um"), tile_dim_in_units=6, rasterize=True,
        rasterize_kwargs={"target_unit_to_pixels": 2},
    )  # fmt: skip
    assert {drawn[number]["image"].shape for number in range(len(drawn))} == {(3, 12, 12)}
    np.testing.assert_array_equal(drawn[0]["image"].values, tiles[0]["image"].values)
    np.testing.assert_array_equal(drawn.pixels(0), tiles.pixels(0))


@pytest.fixture
def volumes() -> SpatialData:
    ids = np.zeros((4, 12, 14), dtype=int)
    ids[1:3, 2:8, 4:10], ids[:, 9:11, 1:3] = 3, 7
    pixels = np.random.default_rng(4).integers(0, 99, (2, 4, 12, 14))
    placed = {"global": Scale([1, 1, 3], ("x", "y", "z"))}
    return SpatialData(
        images={"image": Image3DModel.parse(pixels, chunks=(1, 2, 5, 5), transformations=placed)},
        labels={"cells": Labels3DModel.parse(ids, transformations=placed)},
    )


def test_tiles_around_labels_with_a_depth_hold_all_planes(volumes: SpatialData) -> None:
    """Their side goes by the ball with the volume of the label."""
    pixels = volumes["image"].values
    tiles = ImageTilesDataset(volumes, {"cells": "image"}, {"cells": "global"}, tile_dim_in_units=4)
    np.testing.assert_array_equal(tiles[0]["image"].values, pixels[:, :, 3:7, 5:9])
    np.testing.assert_array_equal(tiles.pixels(1), pixels[:, :, 8:12, 0:4])
    scaled = ImageTilesDataset(volumes, {"cells": "image"}, {"cells": "global"}, tile_scale=2.0)
    sides = [4 * (3 * volume / (4 * np.pi)) ** (1 / 3) for volume in (3 * 72, 3 * 16)]
    np.testing.assert_allclose(scaled.tiles_coords["extent"], sides)


def test_drawn_tiles_of_an_image_with_a_depth(volumes: SpatialData) -> None:
    drawn = ImageTilesDataset(
        volumes, {"cells": "image"}, {"cells": "global"}, tile_dim_in_units=4, rasterize=True,
        rasterize_kwargs={"target_unit_to_pixels": 1},
    )  # fmt: skip
    found = drawn[0]["image"]
    assert found.dims == ("c", "z", "y", "x")
    np.testing.assert_array_equal(found.values, volumes["image"].values[:, :, 3:7, 5:9].repeat(3, 1))


def test_tiles_of_bent_images_are_drawn(sdata: SpatialData) -> None:
    places = np.array([[0.0, 0], [90, 0], [0, 90], [50, 50]])
    bent = ThinPlateSpline(places, places + np.array([[0.0, 0], [0, 0], [0, 0], [3, 2]]), ("x", "y"))
    set_transformation(sdata["image"], bent, "bent")
    set_transformation(sdata["cells"], bent, "bent")
    with pytest.raises(TransformationError, match=r"not linear.*rasterize=True"):
        ImageTilesDataset(sdata, {"cells": "image"}, {"cells": "bent"}, tile_dim_in_units=8)
    drawn = ImageTilesDataset(
        sdata, {"cells": "image"}, {"cells": "bent"}, tile_dim_in_units=8, rasterize=True,
        rasterize_kwargs={"target_width": 4},
    )  # fmt: skip
    assert drawn[1]["image"].shape == (3, 4, 4)


def test_tiles_in_any_order_from_a_small_memory(sdata: SpatialData) -> None:
    rng = np.random.default_rng(1)
    lower = rng.uniform(-5, 50, (60, 2))
    tiles = ImageTiles(sdata["image"], lower, lower + 7, "um", cache_bytes=1)
    whole = ImageTiles(sdata["image"], lower, lower + 7, "um")
    assert sorted(tiles.chunk_order().tolist()) == list(range(60))
    copy = pickle.loads(pickle.dumps(tiles))
    for number in tiles.chunk_order():
        bounds = pd.Series(
            dict(zip(["minx", "miny", "maxx", "maxy"], [*lower[number], *(lower[number] + 7)], strict=True))
        )
        expected = pixels_in(sdata, bounds)
        for each in (tiles, whole, copy):
            np.testing.assert_array_equal(each.pixels(number), expected)
    volume = Image3DModel.parse(rng.normal(size=(2, 4, 9, 9)))
    np.testing.assert_array_equal(ImageTiles(volume, [[2, 3]], [[5, 7]])[0].values, volume.values[:, :, 3:7, 2:5])
    labels = next(iter(ImageTiles(sdata["cells"], [[20, 10]], [[22, 11]], "um")))
    assert labels.dims == ("y", "x")
    assert labels.values.tolist() == [[5] * 4] * 2
    with pytest.raises(UnsupportedElementError, match="Tiles are cut"):
        ImageTiles(sdata["circles"], [[0, 0]], [[1, 1]])


def test_arguments_are_checked(sdata: SpatialData) -> None:
    with pytest.raises(ValueError, match="Both must name the same"):
        ImageTilesDataset(sdata, {"circles": "image"}, {"boxes": "um"})
    with pytest.raises(ValueError, match="of the points"):
        ImageTilesDataset(sdata, {"points": "image"}, {"points": "um"})
    with pytest.raises(ValueError, match="of the labels"):
        ImageTilesDataset(sdata, {"circles": "cells"}, {"circles": "um"})
    with pytest.raises(ValueError, match="'global'"):
        ImageTilesDataset(sdata, {"circles": "image"}, {"circles": "global"})
    with pytest.raises(KeyError, match="'spots'"):
        ImageTilesDataset(sdata, {"spots": "image"}, {"spots": "um"})
    with pytest.raises(ValueError, match="Give table_name"):
        ImageTilesDataset(sdata, {"circles": "image"}, {"circles": "um"}, return_annotations="kind")
    with pytest.raises(ValueError, match="above 0"):
        ImageTilesDataset(sdata, {"circles": "image"}, {"circles": "um"}, tile_scale=0)
    with pytest.raises(ValueError, match="for rasterize=True"):
        ImageTilesDataset(sdata, {"circles": "image"}, {"circles": "um"}, rasterize_kwargs={"target_width": 3})
    with pytest.raises(RuntimeError, match="None of the 12 regions of 'boxes'"):
        ImageTilesDataset(sdata, {"boxes": "image"}, {"boxes": "um"}, table_name="table")


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
@pytest.mark.parametrize("workers", [0, 2])
def test_batches_of_torch(sdata: SpatialData, workers: int) -> None:
    import torch
    from torch.utils.data import DataLoader, Dataset

    tiles = ImageTilesDataset(
        sdata, {"circles": "image"}, {"circles": "um"}, tile_dim_in_units=8, table_name="table",
        return_annotations="size", transform=to_tensors,
    )  # fmt: skip
    assert isinstance(tiles, Dataset)
    batches = list(
        DataLoader(tiles, batch_size=4, num_workers=workers, multiprocessing_context="spawn" if workers else None)
    )
    assert [tuple(images.shape) for images, _ in batches] == [(4, 3, 16, 16)] * 2 + [(2, 3, 16, 16)]
    assert torch.cat([sizes for _, sizes in batches]).ravel().tolist() == list(np.arange(9.0, -1, -1))


def to_tensors(item: tuple) -> tuple:
    import torch

    return torch.from_numpy(item[0].values), torch.from_numpy(item[1])


def total(item: tuple) -> int:
    return int((item[0] + 0).values.sum())


def look(tiles: ImageTilesDataset, number: int, found: Any) -> None:
    found.put((number, tiles[number]))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no process can be forked here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_forked_workers_need_no_threads_of_their_parent(sdata: SpatialData) -> None:
    tiles = ImageTilesDataset(
        sdata, {"circles": "image"}, {"circles": "um"}, tile_dim_in_units=8, table_name="table",
        return_annotations="size", transform=total,
    )  # fmt: skip
    expected = {number: tiles[number] for number in (2, 5)}  # starts the threads of dask
    fork = multiprocessing.get_context("fork")
    found = fork.Queue()
    workers = [fork.Process(target=look, args=(tiles, number, found)) for number in expected]
    for worker in workers:
        worker.start()
    assert dict(found.get(timeout=60) for _ in workers) == expected
    for worker in workers:
        worker.join(60)


def test_tiles_are_elements_that_can_be_worked_with(sdata: SpatialData) -> None:
    tile = ImageTiles(sdata["image"], [[3, 4]], [[9, 8]], "um")[0]
    Image2DModel.validate(tile)
    pixels = tile.data.compute()
    assert type(pixels) is np.ndarray
    np.testing.assert_array_equal(dask.compute(tile.data)[0], pixels)
    np.testing.assert_array_equal((tile * 2).values, pixels * 2)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(tile)).values, pixels)
    other = ImageTiles(sdata["image"], [[3, 4]], [[9, 8]], "um")[0]
    tile.attrs["transform"].clear()
    tile.coords["c"] = ["a", "b", "d"]
    assert list(other.attrs["transform"]) == ["um"]
    assert other.coords["c"].values.tolist() == [0, 1, 2]

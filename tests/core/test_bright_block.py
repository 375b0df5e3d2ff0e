"""A bright block of pixels in pyramids, flat and with a depth, followed through every level, cut and store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialdata import (
    SpatialData,
    aggregate,
    bounding_box_query,
    get_centroids,
    get_extent,
    get_pyramid_levels,
    get_region_properties,
    mask,
    rasterize,
    read_zarr,
    to_polygons,
    transform,
    unpad_raster,
)
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel, PointsModel
from spatialdata.store.formats import SpatialDataContainerFormatV01
from spatialdata.transformations import Affine, Identity

# The block is whole in the pixels of every level; the sizes of the raster are no multiples of theirs.
SHAPE = {2: (45, 61), 3: (11, 45, 61)}
FIRST, LAST = {2: (16, 24), 3: (4, 16, 24)}, {2: (24, 40), 3: (8, 24, 40)}
AXES: dict[int, tuple[Any, ...]] = {2: ("y", "x"), 3: ("z", "y", "x")}
FACTORS: list[Any] = [{"y": 2, "x": 2}, {"z": 2, "y": 4, "x": 4}]


def placed(depth: int, seed: int) -> Affine:
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(depth, depth)))[0] * rng.uniform(0.3, 3, depth)
    if depth == 3:  # planes stay planes, so that flat outlines can be compared
        turn[0], turn[:, 0] = 0, 0
        turn[0, 0] = 1.7
        turn[1:, 1:] = [[1.2, 0.4], [-0.3, 0.9]]
    matrix = np.eye(depth + 1)
    matrix[:depth, :depth], matrix[:depth, depth] = turn, rng.uniform(-50, 50, depth)
    return Affine(matrix, AXES[depth], AXES[depth])


def bright(depth: int, map_: Affine) -> tuple[Any, Any]:
    pixels = np.zeros(SHAPE[depth], dtype=np.int32)
    pixels[tuple(slice(a, b) for a, b in zip(FIRST[depth], LAST[depth], strict=True))] = 7
    models: Any = (Image2DModel, Labels2DModel) if depth == 2 else (Image3DModel, Labels3DModel)
    factors = [{axis: factor for axis, factor in each.items() if axis in AXES[depth]} for each in FACTORS]
    t = {"global": map_, "pixels": Identity()}
    image = models[0].parse(pixels[None], transformations=t, scale_factors=factors)
    return image, models[1].parse(pixels, transformations=t, scale_factors=factors)


def corners(depth: int, map_: Affine) -> np.ndarray:
    sides = zip(FIRST[depth], LAST[depth], strict=True)
    own = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, depth)
    return own @ map_.matrix[:-1, :-1].T + map_.matrix[:-1, -1]


def bright_corners(level: Any) -> np.ndarray:
    """The corners in the world of the bright pixels of one level, by its own transformation."""
    axes = tuple(str(dim) for dim in level.dims if dim != "c")
    values = level.values[0] if "c" in level.dims else level.values
    places = np.argwhere(values == 7)
    first, last = places.min(axis=0), places.max(axis=0) + 1
    assert len(places) == np.prod(last - first)
    own = np.stack(np.meshgrid(*zip(first, last, strict=True), indexing="ij"), axis=-1).reshape(-1, len(axes))
    matrix = level.attrs["transform"]["global"].to_affine_matrix(axes, axes)
    return own @ matrix[:-1, :-1].T + matrix[:-1, -1]


def stays(raster: Any, depth: int, map_: Affine, levels: int = 3) -> None:
    found = get_pyramid_levels(raster)
    assert len(found) == levels
    for level in found:
        np.testing.assert_allclose(bright_corners(level), corners(depth, map_), rtol=1e-12, atol=1e-10)


def follow(image: Any, labels: Any, depth: int, map_: Affine) -> None:
    """The block is where it was, on every level and for every operation."""
    axes = AXES[depth]
    block = corners(depth, map_)
    world = block.mean(axis=0)
    for raster in (image, labels):
        stays(raster, depth, map_)
        cut = bounding_box_query(raster, axes, np.array(FIRST[depth]) - 3.2, np.array(LAST[depth]) + 2.7, "pixels")
        stays(cut, depth, map_)
        stays(unpad_raster(cut), depth, map_)
        again = bounding_box_query(cut, axes, block.min(axis=0) - 1e-6, block.max(axis=0) + 1e-6, "global")
        stays(again, depth, map_)
        extent = get_extent(unpad_raster(raster))
        for axis, low, high in zip(axes, block.min(axis=0), block.max(axis=0), strict=True):
            np.testing.assert_allclose(extent[axis], (low, high))
        outline = shapely.box(FIRST[depth][-1], FIRST[depth][-2], LAST[depth][-1], LAST[depth][-2])
        for found in get_pyramid_levels(mask(raster, outline, "pixels", invert=True)):
            assert not (found.values == 7).any()
        stays(mask(raster, outline, "pixels"), depth, map_)
    centre = get_centroids(labels).compute()
    np.testing.assert_allclose(centre.loc[7, list(axes)].to_numpy(dtype=float), world)
    measured = get_region_properties(labels, image)
    columns = [f"centroid_{axis}" for axis in axes]
    np.testing.assert_allclose(measured.loc[7, columns].to_numpy(dtype=float), world)
    point = PointsModel.parse(world[None, ::-1])
    assert aggregate(point, labels)["table"].X.toarray().tolist() == [[1]]
    assert aggregate(image, labels, agg_func="mean")["table"].X.toarray().tolist() == [[7.0]]
    low, high = world - 0.05, world + 0.05
    for width in (1, 5):  # the first from a coarser level, where its pixels fit
        for raster in (image, labels):
            assert (rasterize(raster, axes, low, high, "global", target_width=width).values == 7).all()
    coarse = rasterize(image, axes, block.min(axis=0) - 30, block.max(axis=0) + 30, "global", target_unit_to_pixels=0.2)
    matrix = coarse.attrs["transform"]["global"].to_affine_matrix(axes, axes)
    index = np.argwhere(coarse.values[0] == 7) + 0.5
    own = map_.inverse().transform_coordinates(index @ matrix[:-1, :-1].T + matrix[:-1, -1], axes)
    assert ((own >= np.array(FIRST[depth]) - 1e-6) & (own <= np.array(LAST[depth]) + 1e-6)).all()
    for moved in get_pyramid_levels(transform(labels, to_coordinate_system="global")):
        matrix = moved.attrs["transform"]["global"].to_affine_matrix(axes, axes)
        index = np.argwhere(moved.values == 7) + 0.5
        own = map_.inverse().transform_coordinates(index @ matrix[:-1, :-1].T + matrix[:-1, -1], axes)
        assert ((own >= np.array(FIRST[depth]) - 1e-6) & (own <= np.array(LAST[depth]) + 1e-6)).all()
    if depth == 2:
        found = transform(to_polygons(labels), to_coordinate_system="global").geometry[7]
        expected = shapely.Polygon(corners(2, map_)[[0, 1, 3, 2]][:, ::-1])
        assert found.symmetric_difference(expected).area < 1e-9 * expected.area


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_bright_block_stays_where_it_is(seed: int) -> None:
    map_ = placed(2, seed)
    follow(*bright(2, map_), 2, map_)


def test_a_bright_block_with_a_depth_stays_where_it_is() -> None:
    map_ = placed(3, 1)
    follow(*bright(3, map_), 3, map_)


@pytest.mark.parametrize("options", [{}, {"ngff": "0.6"}, {"sdata_formats": SpatialDataContainerFormatV01()}])
@pytest.mark.parametrize("depth", [2, 3])
def test_a_bright_block_stays_where_it_is_on_disk(depth: int, options: dict[str, Any], tmp_path: Path) -> None:
    map_ = placed(depth, 4)
    elements = dict(zip(("image", "labels"), bright(depth, map_), strict=True))
    low, high = np.array(FIRST[depth]) - 3.2, np.array(LAST[depth]) + 2.7
    cuts = {
        f"{name}_cut": bounding_box_query(each, AXES[depth], low, high, "pixels") for name, each in elements.items()
    }
    first, second = tmp_path / "first.zarr", tmp_path / "second.zarr"
    SpatialData.init_from_elements({**elements, **cuts}).write(first, **options)
    read_zarr(first).write(second, **options)
    back = read_zarr(second)
    for name in (*elements, *cuts):
        stays(back[name], depth, map_)
        cut = bounding_box_query(back[name], AXES[depth], low + 1, high - 1, "pixels")
        stays(cut, depth, map_)

"""One bright pixel, followed through every operation that says where it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from spatialdata import (
    SpatialData,
    aggregate,
    bounding_box_query,
    get_centroids,
    get_extent,
    get_region_properties,
    mask,
    rasterize,
    read_zarr,
    to_circles,
    to_polygons,
    transform,
    unpad_raster,
)
from spatialdata.dataloader import ImageTiles
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel
from spatialdata.transformations import Affine

ROW, COLUMN, SHAPE = 11, 23, (30, 40)


def placed(seed: int) -> Affine:
    rng = np.random.default_rng(seed)
    angle, scale = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 3, 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn * scale + rng.uniform(-0.1, 0.1, (2, 2))
    matrix = np.block([[linear, rng.uniform(-50, 50, (2, 1))], [np.zeros((1, 2)), np.ones((1, 1))]])
    return Affine(matrix, ("x", "y"), ("x", "y"))


def bright(map_: Affine, scales: list[int] | None = None) -> tuple[object, object, np.ndarray]:
    """An image and labels with one bright pixel, and the place of its centre in the world."""
    pixels = np.zeros(SHAPE, dtype=np.int32)
    pixels[ROW, COLUMN] = 7
    t = {"global": map_}
    image = Image2DModel.parse(pixels[None], transformations=t, chunks=(1, 8, 9), scale_factors=scales)
    labels = Labels2DModel.parse(pixels, transformations=t, chunks=(9, 8), scale_factors=scales)
    centre = map_.matrix[:2, :2] @ [COLUMN + 0.5, ROW + 0.5] + map_.matrix[:2, 2]
    return image, labels, centre


def corners(map_: Affine) -> np.ndarray:
    pixel = np.array([[COLUMN, ROW], [COLUMN + 1, ROW], [COLUMN + 1, ROW + 1], [COLUMN, ROW + 1]])
    return pixel @ map_.matrix[:2, :2].T + map_.matrix[:2, 2]


def follow(image: object, labels: object, map_: Affine, world: np.ndarray) -> None:
    pixel = shapely.Polygon(corners(map_))
    low, high = corners(map_).min(axis=0), corners(map_).max(axis=0)
    centre = get_centroids(labels).compute()
    np.testing.assert_allclose(centre.loc[7, ["x", "y"]].to_numpy(dtype=float), world)
    measured = get_region_properties(labels, image)
    np.testing.assert_allclose(measured.loc[7, ["centroid_x", "centroid_y"]].to_numpy(dtype=float), world)
    assert measured.loc[7, "0_mean"] == 7
    assert measured.loc[7, "area"] == pytest.approx(pixel.area)
    outline = transform(to_polygons(labels), to_coordinate_system="global").geometry[7]
    assert outline.symmetric_difference(pixel).area < 1e-9 * pixel.area + 1e-9
    circle = get_centroids(to_circles(labels)).compute().loc[7]
    np.testing.assert_allclose(circle[["x", "y"]].to_numpy(dtype=float), world)
    for cut in (unpad_raster(image), unpad_raster(labels)):
        extent = get_extent(cut)
        np.testing.assert_allclose([extent["x"], extent["y"]], np.stack([low, high], axis=1))
    near = np.minimum(high - low, 1) / 50
    found = bounding_box_query(labels, ("x", "y"), world - near, world + near, "global")
    assert 7 in levels(found)[0].values
    drawn = rasterize(labels, ("x", "y"), world - near, world + near, "global", target_width=5)
    assert (drawn.values[0][drawn.shape[1] // 2, 2]) == 7
    np.testing.assert_array_equal(levels(mask(image, pixel.buffer(near.min())))[0].values, levels(image)[0].values)
    assert not levels(mask(image, pixel.buffer(near.min()), invert=True))[0].values.any()
    assert 7 in ImageTiles(image, [world - near], [world + near]).pixels(0) or tiny(map_, near)


def tiny(map_: Affine, near: np.ndarray) -> bool:
    """Whether a tile may be so small that it holds the centre of no pixel."""
    return bool((np.linalg.svd(map_.matrix[:2, :2])[1].min() > near).any())


def levels(raster: object) -> list:
    from spatialdata import get_pyramid_levels

    return get_pyramid_levels(raster)


@given(seed=st.integers(0, 2**32 - 1))
def test_a_bright_pixel_stays_where_it_is(seed: int) -> None:
    map_ = placed(seed)
    follow(*bright(map_)[:2], map_, bright(map_)[2])


def test_a_bright_pixel_stays_where_it_is_after_a_round_trip(tmp_path: Path) -> None:
    map_ = placed(3)
    image, labels, world = bright(map_, scales=[2])
    SpatialData(images={"image": image}, labels={"labels": labels}).write(tmp_path / "bright.zarr")
    back = read_zarr(tmp_path / "bright.zarr")
    follow(back["image"], back["labels"], map_, world)


def test_a_point_and_a_shape_on_the_pixel_are_drawn_there() -> None:
    map_ = placed(5)
    image, labels, world = bright(map_)
    point = PointsModel.parse(world[None])
    spot = ShapesModel.parse(world[None], geometry=0, radius=0.01)
    box = {
        "axes": ("x", "y"),
        "min_coordinate": world - 0.3,
        "max_coordinate": world + 0.3,
        "target_coordinate_system": "global",
    }
    for element in (point, spot):
        drawn = rasterize(element, **box, target_width=61)
        assert drawn.values[0, 30, 30] > 0
        assert (drawn.values[0] > 0).sum() <= 9
    shapes = transform(to_polygons(labels), to_coordinate_system="global")
    assert aggregate(point, shapes)["table"].X.toarray().tolist() == [[1]]
    table = aggregate(image, labels, agg_func="mean")["table"]
    assert table.X.toarray().tolist() == [[7.0]]

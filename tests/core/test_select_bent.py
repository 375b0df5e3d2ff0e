"""Queries of elements whose place has no matrix; all coordinates are mapped forward by scipy and tested one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from scipy.interpolate import RBFInterpolator
from scipy.ndimage import map_coordinates

from spatialdata import (
    SpatialData,
    bounding_box_query,
    get_centroids,
    get_extent,
    polygon_query,
    read_zarr,
    select,
)
from spatialdata.errors import TransformationError
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, PointsModel, ShapesModel
from spatialdata.regions import Circle
from spatialdata.transformations import (
    Bijection,
    Coordinates,
    Displacements,
    Scale,
    Sequence,
    ThinPlateSpline,
    Translation,
    get_transformation,
)

XY = ("x", "y")
SOURCE = np.array([[0.0, 0], [100, 0], [0, 80], [100, 80], [50, 40], [20, 60]])
TARGET = SOURCE + np.array([[3, 1], [-4, 2], [2, -3], [5, 4], [9, -8], [-6, 5]])
SPLINE = ThinPlateSpline(SOURCE, TARGET, XY)
NODES = np.stack(np.meshgrid(np.linspace(0, 80, 9), np.linspace(0, 100, 11), indexing="ij"), axis=-1)
SHIFTS = np.stack([4 * np.sin(NODES[..., 1] / 17), 5 * np.cos(NODES[..., 0] / 13)], axis=-1)


def by_spline(xy: np.ndarray) -> np.ndarray:
    return np.asarray(RBFInterpolator(SOURCE, TARGET, kernel="thin_plate_spline", degree=1)(xy))


def by_shifts(xy: np.ndarray) -> np.ndarray:
    places = np.clip(xy[:, ::-1] / 10, 0, [8, 10]).T
    dy, dx = (map_coordinates(SHIFTS[..., axis], places, order=1) for axis in (0, 1))
    return xy + np.column_stack([dx, dy])


def by_both(xy: np.ndarray) -> np.ndarray:
    return by_spline(xy * [0.5, 2.0] + 1.0) * 3.0


CASES: dict[str, tuple[Any, Callable[[np.ndarray], np.ndarray]]] = {
    "spline": (SPLINE, by_spline),
    "displacements": (Displacements(SHIFTS, ("y", "x"), [10, 10]), by_shifts),
    "coordinates": (Coordinates(NODES + SHIFTS, ("y", "x"), [10, 10]), by_shifts),
    "bijection": (Bijection(SPLINE, SPLINE.inverse()), by_spline),
    "sequence": (
        Sequence([Scale([0.5, 2.0], XY), Translation([1.0, 1.0], XY), SPLINE, Scale([3.0, 3.0], XY)]),
        by_both,
    ),
}
LIMITS = {"sequence": (200.0, 40.0)}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[Any, Callable[[np.ndarray], np.ndarray], tuple[float, float]]:
    return *CASES[request.param], LIMITS.get(request.param, (100.0, 80.0))


def boxes(moved: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Boxes of many sizes around parts of what was mapped, one that holds nothing, and one that holds all."""
    generator = np.random.default_rng(3)
    low, high = moved.min(axis=0), moved.max(axis=0)
    corners = np.sort(generator.uniform(low - 5, high + 5, (12, 2, 2)), axis=1)
    return [*((a, b) for a, b in corners), (high + 50, high + 60), (low - 1, high + 1)]


def test_points_in_boxes(case) -> None:
    transformation, forward, reach = case
    xy = np.random.default_rng(0).uniform(0, reach, (3000, 2))
    points = PointsModel.parse(xy, transformations={"bent": transformation})
    moved = forward(xy)
    asked = boxes(moved)
    lower, upper = (np.array(side) for side in zip(*asked, strict=True))
    found = bounding_box_query(points, XY, lower, upper, "bent")
    for one, low, high in zip(found, lower, upper, strict=True):
        expected = np.flatnonzero(((moved > low) & (moved < high)).all(axis=1))
        assert ([] if one is None else one.compute().index.tolist()) == expected.tolist()
        if one is not None:
            assert get_transformation(one, "bent") == transformation


def test_points_in_polygons_and_circles(case) -> None:
    transformation, forward, reach = case
    xy = np.random.default_rng(1).uniform(0, reach, (2000, 2))
    points = PointsModel.parse(xy, transformations={"bent": transformation})
    moved = forward(xy)
    centre, radius = moved.mean(axis=0), float(np.ptp(moved, axis=0).min() / 3)
    star = shapely.Polygon(
        [centre + radius * (1.2 if k % 2 else 0.5) * np.array([np.cos(k), np.sin(k)]) for k in np.arange(0, 6.2, 0.62)]
    )
    inside = polygon_query(points, star, "bent").compute().index
    assert inside.tolist() == np.flatnonzero(shapely.intersects_xy(star, *moved.T)).tolist()
    disc = select(points, Circle(target_coordinate_system="bent", centre=centre, radius=radius)).compute().index
    assert disc.tolist() == np.flatnonzero(np.hypot(*(moved - centre).T) <= radius).tolist()


def test_points_of_a_store_are_read_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spatialdata.store import parquet, points, portions

    for module in (parquet, points):
        monkeypatch.setattr(module, "ROWS_PER_GROUP", 500)
    xy = np.random.default_rng(2).uniform(0, [100, 80], (20_000, 2))
    element = PointsModel.parse(xy, transformations={"bent": SPLINE})
    SpatialData(points={"p": element}).write(tmp_path / "s.zarr")
    read: list[int] = []
    original = portions._table

    def counted(*args: Any, **kwargs: Any) -> Any:
        table = original(*args, **kwargs)
        read.append(table.num_rows)
        return table

    monkeypatch.setattr(portions, "_table", counted)
    sdata = read_zarr(tmp_path / "s.zarr")
    found = bounding_box_query(sdata["p"], XY, [20, 20], [40, 30], "bent")
    moved = by_spline(xy)
    expected = np.flatnonzero(((moved > [20, 20]) & (moved < [40, 30])).all(axis=1))
    assert sorted(found.compute().index) == expected.tolist()
    assert len(expected) <= sum(read) < 10_000
    assert bounding_box_query(sdata["p"], XY, [500, 500], [600, 600], "bent") is None


def centres(width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width] + 0.5
    return np.column_stack([x.ravel(), y.ravel()])


def test_rasters_in_boxes(case) -> None:
    transformation, forward, (width, height) = case
    shape = (int(height), int(width))
    pixels = np.arange(shape[0] * shape[1]).reshape(shape)
    labels = Labels2DModel.parse(pixels, chunks=(33, 40), transformations={"bent": transformation})
    moved = forward(centres(shape[1], shape[0]))
    for low, high in boxes(moved):
        inside = ((moved >= low) & (moved <= high)).all(axis=1).reshape(shape)
        found = bounding_box_query(labels, XY, low, high, "bent")
        if not inside.any():
            assert found is None
            continue
        rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
        expected = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        np.testing.assert_array_equal(found.data.compute(), expected)
        place = get_transformation(found, "bent").transform_coordinates([[0.5, 0.5]], XY)
        np.testing.assert_allclose(place, forward(np.array([[columns[0] + 0.5, rows[0] + 0.5]])), atol=1e-9)


def test_masked_pixels(case) -> None:
    transformation, forward, (width, height) = case
    shape = (int(height), int(width))
    image = Image2DModel.parse(np.ones((2, *shape)), chunks=(1, 30, 30), transformations={"bent": transformation})
    moved = forward(centres(shape[1], shape[0]))
    low, high = moved.min(axis=0), moved.max(axis=0)
    triangle = shapely.Polygon([low + 0.2 * (high - low), (low + high) / [2, 1.3], [high[0], low[1]]])
    inside = shapely.intersects_xy(triangle, *moved.T).reshape(shape)
    found = polygon_query(image, triangle, "bent")
    assert int(found.data.sum().compute()) == 2 * inside.sum()
    y, x = np.nonzero(found.data[0].compute())
    places = get_transformation(found, "bent").transform_coordinates(np.column_stack([x, y]) + 0.5, XY)
    assert shapely.intersects_xy(triangle, *places.T).all()


def test_levels_of_a_pyramid_stay_together() -> None:
    image = Image2DModel.parse(np.zeros((1, 80, 100)), scale_factors=[2, 2], transformations={"bent": SPLINE})
    found = bounding_box_query(image, XY, [20, 20], [70, 60], "bent")
    extents = [get_extent(found[f"scale{k}"]["image"], "bent") for k in range(3)]
    for extent in extents[1:]:
        for axis, (low, high) in extent.items():
            np.testing.assert_allclose([low, high], extents[0][axis], atol=6)
    request = bounding_box_query(image, XY, [20, 20], [70, 60], "bent", return_request_only=True)
    assert {axis: part.stop - part.start for axis, part in request.items()} == {
        axis: found["scale0"]["image"].sizes[axis] for axis in ("y", "x")
    }
    nothing = bounding_box_query(image, XY, [500, 500], [600, 600], "bent", return_request_only=True)
    assert image["scale0"]["image"].sel(nothing).size == 0


def test_volumes() -> None:
    source = np.array([[0.0, 0, 0], [20, 0, 0], [0, 16, 0], [0, 0, 8], [20, 16, 8], [10, 8, 4]])
    target = source + np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0], [0, 0, -1], [2, -2, 1]])
    volume = Image3DModel.parse(
        np.arange(8 * 16 * 20).reshape(1, 8, 16, 20),
        transformations={"bent": ThinPlateSpline(source, target, ("x", "y", "z"))},
    )
    z, y, x = np.mgrid[0:8, 0:16, 0:20] + 0.5
    xyz = np.column_stack([x.ravel(), y.ravel(), z.ravel()])
    moved = RBFInterpolator(source, target, kernel="thin_plate_spline", degree=1)(xyz)
    inside = ((moved >= [5, 4, 2]) & (moved <= [14, 12, 5])).all(axis=1).reshape(8, 16, 20)
    rows = [np.flatnonzero(inside.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    expected = volume.data.compute()[(slice(None), *(slice(row[0], row[-1] + 1) for row in rows))]
    found = bounding_box_query(volume, ("x", "y", "z"), [5, 4, 2], [14, 12, 5], "bent")
    np.testing.assert_array_equal(found.data.compute(), expected)


def moved_polygon(polygon: Any, forward: Callable[[np.ndarray], np.ndarray]) -> Any:
    return shapely.transform(shapely.segmentize(polygon, 0.05), forward)


def test_polygons(case) -> None:
    transformation, forward, reach = case
    generator = np.random.default_rng(4)
    corners = generator.uniform(0, reach, (60, 2))
    sizes = generator.uniform(0.5, 12, (60, 2))
    polygons = [shapely.box(*corner, *(corner + size)) for corner, size in zip(corners, sizes, strict=True)]
    shapes = ShapesModel.parse(geopandas.GeoDataFrame(geometry=polygons), transformations={"bent": transformation})
    moved = np.array([moved_polygon(polygon, forward) for polygon in polygons], dtype=object)
    total = shapely.total_bounds(moved)
    low, high = total[:2] + 0.25 * (total[2:] - total[:2]), total[2:] - 0.4 * (total[2:] - total[:2])
    region = shapely.box(*low, *high)
    far = np.abs(shapely.distance(moved, region.boundary)) > 0.05  # beyond what straight pieces of edges leave open
    for found, expected in (
        (bounding_box_query(shapes, XY, low, high, "bent"), shapely.intersects(moved, region)),
        (polygon_query(shapes, region, "bent"), shapely.intersects(moved, region)),
    ):
        chosen = np.isin(np.arange(60), found.index)
        np.testing.assert_array_equal(chosen[far], expected[far])
        assert (chosen[expected]).all() or not far.all()
        assert found.geometry.equals(shapes.geometry.loc[found.index])
    within = select(shapes, _region(region), rule="within")
    np.testing.assert_array_equal(np.isin(np.arange(60), within.index)[far], shapely.covered_by(moved, region)[far])


def _region(polygon: Any) -> Any:
    from spatialdata.regions import PolygonRegion

    return PolygonRegion(target_coordinate_system="bent", polygon=polygon)


def test_clipped_polygons_have_the_area_that_the_map_leaves_them() -> None:
    square = geopandas.GeoDataFrame(geometry=[shapely.box(10, 10, 90, 70)])
    shapes = ShapesModel.parse(square, transformations={"bent": SPLINE})
    region = shapely.Point(50, 35).buffer(20, quad_segs=64)
    cut = polygon_query(shapes, region, "bent", clip=True)
    there = moved_polygon(cut.geometry[0], by_spline)
    expected = moved_polygon(square.geometry[0], by_spline).intersection(region)
    assert there.symmetric_difference(expected).area < 1e-2 * expected.area / 10


def test_circles() -> None:
    generator = np.random.default_rng(5)
    xy, radius = generator.uniform(0, [100, 80], (200, 2)), generator.uniform(0.5, 4, 200)
    circles = ShapesModel.parse(xy, geometry=0, radius=radius, transformations={"bent": SPLINE})
    moved = by_spline(xy)
    box = bounding_box_query(circles, XY, [20, 20], [70, 60], "bent")
    assert box.index.tolist() == np.flatnonzero(((moved >= [20, 20]) & (moved <= [70, 60])).all(axis=1)).tolist()
    discs = shapely.transform(shapely.buffer(shapely.points(xy), radius, quad_segs=128), by_spline)
    region = shapely.Point(50, 40).buffer(20)
    found = polygon_query(circles, region, "bent")
    assert found.index.tolist() == np.flatnonzero(shapely.intersects(discs, region)).tolist()
    assert found.radius.tolist() == radius[found.index].tolist()


def test_objects_are_queried_as_their_elements_are() -> None:
    xy = np.random.default_rng(6).uniform(0, [100, 80], (300, 2))
    sdata = SpatialData(
        points={"p": PointsModel.parse(xy, transformations={"bent": SPLINE})},
        images={"i": Image2DModel.parse(np.zeros((1, 80, 100)), transformations={"bent": SPLINE})},
        shapes={"s": ShapesModel.parse(xy, geometry=0, radius=1, transformations={"bent": SPLINE})},
    )
    found = bounding_box_query(sdata, XY, [20, 20], [70, 60], "bent")
    moved = by_spline(xy)
    expected = np.flatnonzero(((moved > [20, 20]) & (moved < [70, 60])).all(axis=1)).tolist()
    assert found["p"].compute().index.tolist() == found["s"].index.tolist() == expected
    assert "i" in found


def test_centres_are_moved() -> None:
    square = geopandas.GeoDataFrame(geometry=[shapely.box(10, 10, 20, 30)])
    shapes = ShapesModel.parse(square, transformations={"bent": SPLINE})
    np.testing.assert_allclose(get_centroids(shapes, "bent").compute(), by_spline(np.array([[15.0, 20.0]])))
    pixels = np.zeros((80, 100), dtype=int)
    pixels[10:30, 10:20] = 7
    labels = Labels2DModel.parse(pixels, transformations={"bent": SPLINE})
    np.testing.assert_allclose(get_centroids(labels, "bent").compute().loc[[7]], by_spline(np.array([[15.0, 20.0]])))


def test_a_map_that_drops_an_axis_is_refused() -> None:
    flat = Image2DModel.parse(
        np.zeros((1, 8, 8)),
        transformations={"bent": ThinPlateSpline(np.eye(4, 3), np.eye(4, 3) * 2, ("x", "y", "z"))},
    )
    with pytest.raises(TransformationError, match="maps the axes"):
        bounding_box_query(flat, XY, [0, 0], [1, 1], "bent")


def test_extents_are_those_of_bent_outlines() -> None:
    squares = [shapely.box(10, 10, 30, 40), shapely.box(60, 30, 95, 75)]
    shapes = ShapesModel.parse(geopandas.GeoDataFrame(geometry=squares), transformations={"bent": SPLINE})
    found = get_extent(shapes, "bent")
    expected = shapely.total_bounds(np.array([moved_polygon(square, by_spline) for square in squares], dtype=object))
    np.testing.assert_allclose([*found["x"], *found["y"]], expected[[0, 2, 1, 3]], atol=2e-3)
    circles = ShapesModel.parse(np.array([[50.0, 40.0]]), geometry=0, radius=12, transformations={"bent": SPLINE})
    disc = shapely.transform(shapely.Point(50, 40).buffer(12, quad_segs=2000), by_spline)
    found = get_extent(circles, "bent")
    np.testing.assert_allclose([*found["x"], *found["y"]], np.array(disc.bounds)[[0, 2, 1, 3]], atol=0.01)

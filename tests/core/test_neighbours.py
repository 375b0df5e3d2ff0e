"""Neighbours and tiles against distances of all pairs."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from spatialdata import select
from spatialdata.errors import UnsupportedElementError
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel
from spatialdata.ops.neighbours import nearest, within_distance
from spatialdata.regions import BoundingBox, Circle, PolygonRegion, tiles_of
from spatialdata.transformations import Scale

seeds = st.integers(0, 10_000)
KINDS = ("points", "circles", "polygons", "labels")
SCALED = {"global": Scale([2.0, 2.0], ("x", "y"))}


def instances(kind: str, seed: int) -> tuple[Any, list[Any], np.ndarray, np.ndarray]:
    """An element at twice its coordinates; its ids, its geometries in the world, and the radii of these."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 20, (25, 2))
    ids = rng.permutation(25) + 100
    none = np.zeros(25)
    if kind == "points":
        frame = pd.DataFrame(xy, columns=["x", "y"], index=np.sort(ids))
        element = PointsModel.parse(frame, npartitions=3, transformations=SCALED)
        return element, np.sort(ids).tolist(), shapely.points(2 * xy), none
    if kind == "circles":
        radii = rng.uniform(0.1, 2, 25)
        element = ShapesModel.parse(xy, geometry=0, radius=radii, index=pd.Index(ids), transformations=SCALED)
        return element, ids.tolist(), shapely.points(2 * xy), 2 * radii
    if kind == "polygons":
        boxes = shapely.box(*xy.T, *(xy + rng.uniform(0.1, 3, (25, 2))).T)
        frame = gpd.GeoDataFrame(geometry=boxes, index=ids)
        return (
            ShapesModel.parse(frame, transformations=SCALED),
            ids.tolist(),
            shapely.transform(boxes, lambda c: 2 * c),
            none,
        )
    values = np.zeros((12, 12), dtype=int)
    for number, (y, x) in enumerate(rng.permutation(np.argwhere(values == 0))[:9], start=3):
        values[y, x] = number
    found = [shapely.box(2 * x, 2 * y, 2 * x + 2, 2 * y + 2) for n in range(3, 12) for y, x in np.argwhere(values == n)]
    return Labels2DModel.parse(values, transformations=SCALED), list(range(3, 12)), np.array(found), np.zeros(9)


def all_pairs(a: tuple[Any, ...], b: tuple[Any, ...]) -> np.ndarray:
    distance = shapely.distance(a[2][:, None], b[2][None, :]) - a[3][:, None] - b[3]
    return np.maximum(distance, 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
@pytest.mark.parametrize("k", [1, 4, 40])
def test_nearest(kind: str, other: str, k: int) -> None:
    a, b = instances(kind, 1), instances(other, 2)
    found = nearest(a[0], b[0], k)
    distance = all_pairs(a, b)
    wanted = min(k, len(b[1]))
    assert found["instance"].tolist() == np.repeat(a[1], wanted).tolist()
    np.testing.assert_allclose(found["distance"], np.sort(distance, axis=1)[:, :wanted].ravel(), atol=1e-9)
    position = {instance: number for number, instance in enumerate(b[1])}
    rows = np.repeat(np.arange(len(a[1])), wanted)
    measured = distance[rows, [position[instance] for instance in found["neighbour"]]]
    np.testing.assert_allclose(measured, found["distance"], atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_within_a_distance(kind: str, other: str) -> None:
    a, b = instances(kind, 3), instances(other, 4)
    found = within_distance(a[0], b[0], 3.0)
    expected = {(a[1][i], b[1][j]) for i, j in np.argwhere(all_pairs(a, b) <= 3)}
    assert set(zip(found["instance"], found["neighbour"], strict=True)) == expected
    assert len(found) == len(expected)
    assert (found["distance"] <= 3).all()


@pytest.mark.parametrize("kind", KINDS)
def test_an_instance_is_not_its_own_neighbour(kind: str) -> None:
    a = instances(kind, 5)
    found = nearest(a[0], a[0], 2)
    assert (found["instance"] != found["neighbour"]).all()
    assert len(found) == 2 * len(a[1])
    assert (within_distance(a[0], a[0], 50)["instance"].value_counts() >= 1).all()


def test_points_in_space() -> None:
    points = PointsModel.parse(np.array([[0.0, 0, 0], [0, 0, 5], [3, 0, 0]]))
    assert nearest(points, points)["neighbour"].tolist() == [2, 0, 0]
    flat = PointsModel.parse(np.array([[0.0, 0.0]]))
    assert nearest(points, flat)["distance"].tolist() == [0, 0, 3]


def test_nothing_and_nonsense() -> None:
    points = PointsModel.parse(np.zeros((1, 2)))
    assert nearest(points, points).empty
    assert list(nearest(points, points).columns) == ["instance", "neighbour", "distance"]
    with pytest.raises(ValueError, match="from 1 on"):
        nearest(points, points, 0)
    with pytest.raises(ValueError, match="from 0 on"):
        within_distance(points, points, -1)
    with pytest.raises(TypeError, match="no instances"):
        nearest(points, Image2DModel.parse(np.zeros((1, 2, 2))))


@given(seeds, st.floats(3, 8), st.sampled_from(["box", "polygon", "circle"]))
def test_every_point_of_a_region_is_in_one_tile(seed: int, size: float, kind: str) -> None:
    rng = np.random.default_rng(seed)
    xy = rng.integers(0, 21, (80, 2)) / 2
    points = PointsModel.parse(xy)
    system = "global"
    region: Any = {
        "box": BoundingBox(
            target_coordinate_system=system,
            axes=("x", "y"),
            min_coordinate=[0, 1],
            max_coordinate=[10, 9],
            closed="both",
        ),
        "polygon": PolygonRegion(
            target_coordinate_system=system, polygon=shapely.Polygon([(0, 0), (10, 2), (5, 5), (6, 10)])
        ),
        "circle": Circle(target_coordinate_system=system, centre=np.array([5.0, 5.0]), radius=4.0),
    }[kind]
    inside = select(points, region).compute().index
    tiles = tiles_of(region, size, halo=0.5)
    counts = np.zeros(len(xy), dtype=int)
    for tile in tiles:
        assert (tile.outer.min_coordinate == tile.inner.min_coordinate - 0.5).all()
        found = select(points, tile.inner)
        if found is not None:
            counts[found.compute().index] += 1
    assert (counts[inside] == 1).all()
    assert (counts <= 1).all()


def test_rounding_leaves_no_tile_of_its_own() -> None:
    box = BoundingBox(target_coordinate_system="global", axes=("x",), min_coordinate=[-0.7], max_coordinate=[-0.1])
    tiles = tiles_of(box, 0.1)
    assert len(tiles) == 6
    edges = np.array([tile.inner.bounds("x") for tile in tiles])
    assert edges[:, 1] - edges[:, 0] == pytest.approx(0.1)
    assert (edges[1:, 0] == edges[:-1, 1]).all()
    assert edges[-1, 1] > -0.1


def test_bad_tiles() -> None:
    box: Any = {"target_coordinate_system": "global", "axes": ("x",), "min_coordinate": [0]}
    with pytest.raises(ValueError, match="without bounds"):
        tiles_of(BoundingBox(**box, max_coordinate=[np.inf]), 1.0)
    for size, halo in ((0.0, 0.0), (1.0, -1.0)):
        with pytest.raises(ValueError, match="above 0"):
            tiles_of(BoundingBox(**box, max_coordinate=[3]), size, halo)
    assert len(tiles_of(BoundingBox(**box, max_coordinate=[3]), {"x": 1.5})) == 2
    element: Any = PointsModel.parse(np.ones((1, 2)))
    with pytest.raises(UnsupportedElementError, match="box of its extent"):
        tiles_of(element, 1.0)


def test_neighbours_of_hooks_whose_middle_lies_outside() -> None:
    hooks = [shapely.LineString([(x, 0), (x + 6, 0), (x + 6, 5)]).buffer(0.4) for x in range(0, 40, 8)]
    shapes = ShapesModel.parse(gpd.GeoDataFrame(geometry=[*hooks, shapely.box(2, 3, 3, 4)]))
    found = nearest(shapes, shapes, k=2)
    geometry = shapes.geometry.to_numpy()
    distance = shapely.distance(geometry[:, None], geometry)
    np.fill_diagonal(distance, np.inf)
    np.testing.assert_allclose(found["distance"].to_numpy().reshape(-1, 2), np.sort(distance, axis=1)[:, :2])


def test_empty_figures_have_no_neighbours_and_are_none() -> None:
    shapes = ShapesModel.parse(gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1), shapely.box(3, 0, 4, 1)]))
    with_empty = shapes.copy()
    with_empty.attrs = dict(shapes.attrs)
    with_empty.loc[1, "geometry"] = shapely.Polygon()
    assert nearest(with_empty, shapes)[["instance", "neighbour"]].to_numpy().tolist() == [[0, 0]]
    assert nearest(shapes, with_empty)["neighbour"].tolist() == [0, 0]


@pytest.mark.parametrize("k", [0, -1, 1.5, "2", None])
def test_k_is_a_whole_number(k: object) -> None:
    points = PointsModel.parse(np.array([[0.0, 0.0], [1.0, 0.0]]))
    with pytest.raises(ValueError, match="k must be a whole number from 1 on"):
        nearest(points, points, k=k)  # type: ignore[arg-type]


@pytest.mark.parametrize("distance", [-1, np.nan, "2", None])
def test_a_distance_is_a_number(distance: object) -> None:
    points = PointsModel.parse(np.array([[0.0, 0.0], [1.0, 0.0]]))
    with pytest.raises(ValueError, match="The distance must be a number from 0 on"):
        within_distance(points, points, distance)  # type: ignore[arg-type]

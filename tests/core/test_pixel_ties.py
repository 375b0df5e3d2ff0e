"""Pixel centres exactly on the border between neighbours: each belongs to one of them, whatever draws or measures."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from spatialdata import aggregate, get_region_properties, mask, rasterize
from spatialdata.models import Image2DModel, ShapesModel
from spatialdata.transformations import Affine

SIZE = 24


def drawn(shapes: gpd.GeoDataFrame, size: int = SIZE, **kwargs) -> np.ndarray:
    box = {"axes": ("x", "y"), "min_coordinate": [0, 0], "max_coordinate": [size, size]}
    raster = rasterize(shapes, **box, target_coordinate_system="global", target_unit_to_pixels=1, **kwargs)
    return raster.values


def triangles(seed: int, count: int = 30) -> gpd.GeoDataFrame:
    """Triangles without gaps over the square, their corners at pixel centres, so that edges run through others."""
    rng = np.random.default_rng(seed)
    corners = np.array([[0.5, 0.5], [0.5, SIZE - 0.5], [SIZE - 0.5, 0.5], [SIZE - 0.5, SIZE - 0.5]])
    points = np.unique(np.concatenate([corners, rng.integers(0, SIZE, (count, 2)) + 0.5]), axis=0)
    polygons = shapely.polygons(points[Delaunay(points).simplices])
    return ShapesModel.parse(gpd.GeoDataFrame(geometry=polygons, index=np.arange(1, len(polygons) + 1)))


def owner(shapes: gpd.GeoDataFrame) -> np.ndarray:
    """The id of the polygon just beyond each pixel centre, to the right and a little less upwards; 0 for none."""
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    inside = shapely.contains_xy(shapes.geometry.to_numpy()[:, None, None], x + 1e-5, y + 1e-9)
    assert (inside.sum(axis=0) <= 1).all()
    return (inside * shapes.index.to_numpy()[:, None, None]).sum(axis=0)


@given(st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_centres_on_edges_of_triangles_belong_to_one(seed: int) -> None:
    shapes = triangles(seed)
    expected = owner(shapes)
    assert (expected[:-1, :-1] > 0).all()
    np.testing.assert_array_equal(drawn(shapes, return_regions_as_labels=True), expected)
    np.testing.assert_array_equal(drawn(shapes, agg_func="count")[0], expected > 0)


@pytest.mark.parametrize("chunks", [SIZE, 7])
def test_all_that_looks_at_pixels_follows_the_same_rule(chunks: int) -> None:
    shapes = triangles(3)
    expected = owner(shapes)
    pixels = np.random.default_rng(0).integers(1, 100, (1, SIZE, SIZE))
    image = Image2DModel.parse(pixels, dims=("c", "y", "x"), chunks=(1, chunks, chunks))
    sums = np.bincount(expected.ravel(), weights=pixels.ravel(), minlength=len(shapes) + 1)[1:]
    counts = np.bincount(expected.ravel(), minlength=len(shapes) + 1)[1:]
    table = aggregate(image, shapes, agg_func=["sum", "count"])["table"].X.toarray()
    np.testing.assert_allclose(table, np.stack([sums, counts], axis=1))
    found = get_region_properties(shapes, image, statistics=["sum", "count"])
    np.testing.assert_allclose(found["0_count"], counts)
    np.testing.assert_allclose(found["0_sum"].fillna(0), sums)
    union = np.zeros((SIZE, SIZE), dtype=int)
    for polygon in shapes.geometry:
        union += mask(image, polygon).values[0] > 0
    np.testing.assert_array_equal(union, expected > 0)


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_squares_with_borders_on_pixel_centres_share_no_pixel_when_turned(turn: int) -> None:
    side = np.arange(0.5, SIZE - 4, 3)
    x, y = (part.ravel() for part in np.meshgrid(side, side))
    cos, sin = [(1, 0), (0, 1), (-1, 0), (0, -1)][turn]
    middle = SIZE / 2
    matrix = np.array([
        [cos, -sin, middle - cos * middle + sin * middle],
        [sin, cos, middle - sin * middle - cos * middle],
        [0, 0, 1],
    ])  # fmt: skip
    turned = {"global": Affine(matrix, ("x", "y"), ("x", "y"))}
    frame = gpd.GeoDataFrame(geometry=shapely.box(x, y, x + 3, y + 3))
    counts = drawn(ShapesModel.parse(frame, transformations=turned), agg_func="count")[0]
    assert counts.max() == 1
    assert counts.sum() == 9 * len(frame)


def test_holes_and_their_fillings_share_no_pixel() -> None:
    outer, hole = shapely.box(0.5, 0.5, 9.5, 9.5), shapely.box(3.5, 2.5, 6.5, 7.5)
    ring = ShapesModel.parse(gpd.GeoDataFrame(geometry=[outer.difference(hole), hole], index=[1, 2]))
    ids = drawn(ring, 10, return_regions_as_labels=True)
    expected = np.zeros((10, 10), dtype=int)
    expected[:9, :9] = 1
    expected[2:7, 3:6] = 2
    np.testing.assert_array_equal(ids, expected)
    assert drawn(ring, 10, agg_func="count")[0].max() == 1


def test_a_polygon_with_very_many_crossings_in_a_row() -> None:
    teeth = np.array([[x / 10, 0.0 if x % 2 else 9.0] for x in range(2000)])
    comb = shapely.Polygon(np.concatenate([teeth, [[199.9, 10.0], [0.0, 10.0]]]))
    ids = drawn(ShapesModel.parse(gpd.GeoDataFrame(geometry=[comb])), 200, return_regions_as_labels=True)
    y, x = np.mgrid[:200, :200] + 0.5
    np.testing.assert_array_equal(ids > 0, shapely.contains_xy(comb, x + 1e-5, y + 1e-9))

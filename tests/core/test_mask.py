"""Masking what has a depth, by what has one, and in places that are not linear; against numpy, shapely and scipy."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy.interpolate import RBFInterpolator

from spatialdata import get_pyramid_levels, mask
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel, ShapesModel
from spatialdata.transformations import Scale, ThinPlateSpline

XY, XYZ = ("x", "y"), ("x", "y", "z")
SOURCE = np.array([[0.0, 0], [40, 0], [0, 30], [40, 30], [20, 15], [8, 24]])
TARGET = SOURCE + np.array([[2, 1], [-3, 1], [1, -2], [3, 2], [4, -3], [-2, 2]])
BENT = {"global": ThinPlateSpline(SOURCE, TARGET, XY)}
RING = shapely.Point(18.31, 13.17).buffer(9).difference(shapely.Point(18.31, 13.17).buffer(4))


def forward(xy: np.ndarray) -> np.ndarray:
    return np.asarray(RBFInterpolator(SOURCE, TARGET, kernel="thin_plate_spline", degree=1)(xy))


def centres(height: int = 30, width: int = 40) -> np.ndarray:
    y, x = np.mgrid[:height, :width] + 0.5
    return np.column_stack([x.ravel(), y.ravel()])


@pytest.mark.parametrize("invert", [False, True])
def test_flat_regions_stand_for_all_planes(invert: bool) -> None:
    pixels = np.random.default_rng(0).normal(size=(2, 4, 12, 16))
    placed = {"global": Scale([2, 2, 7], XYZ)}
    image = Image3DModel.parse(pixels, chunks=(1, 3, 5, 5), transformations=placed, scale_factors=[2])
    ids = np.zeros((12, 16), dtype=int)
    ids[2:8, 2:12] = 5
    labels = Labels2DModel.parse(ids, transformations={"global": Scale([2, 2], XY)})
    x, y = 2 * centres(12, 16).T
    for by, inside in ((RING, shapely.contains_xy(RING, x, y).reshape(12, 16)), (labels, ids > 0)):
        found = mask(image, by, invert=invert, fill_value=-1)
        assert found["scale0"]["image"].attrs["transform"] == image["scale0"]["image"].attrs["transform"]
        expected = np.where(inside != invert, pixels, -1)
        np.testing.assert_array_equal(get_pyramid_levels(found, n=0).values, expected)
    coarse, before = (get_pyramid_levels(element, n=1) for element in (mask(image, labels), image))
    assert coarse.shape == before.shape == (2, 2, 6, 8)
    np.testing.assert_array_equal(coarse.values, np.where(ids[::2, ::2] > 0, before.values, 0))


def test_labels_with_a_depth_mask_each_plane() -> None:
    values = np.random.default_rng(1).integers(1, 99, (6, 8, 10))
    ids = np.random.default_rng(2).integers(0, 2, (3, 8, 10))
    fine = Labels3DModel.parse(values, chunks=(4, 5, 5))
    by = Labels3DModel.parse(ids, chunks=(1, 8, 3), transformations={"global": Scale([1, 1, 2], XYZ)})
    np.testing.assert_array_equal(mask(fine, by).values, np.where(ids.repeat(2, 0), values, 0))


def test_flat_data_are_kept_where_any_plane_has_a_label() -> None:
    pixels = np.random.default_rng(3).normal(size=(1, 8, 10))
    ids = (np.random.default_rng(4).uniform(size=(3, 8, 10)) < 0.2).astype(int)
    found = mask(Image2DModel.parse(pixels), Labels3DModel.parse(ids, chunks=(2, 4, 4)))
    np.testing.assert_array_equal(found.values, np.where(ids.any(axis=0), pixels, 0))


@pytest.mark.parametrize("bent", ["data", "regions", "both"])
@pytest.mark.parametrize("kind", ["shapes", "circles", "labels"])
def test_places_that_are_not_linear(bent: str, kind: str) -> None:
    """Pixels closer to a border than a twentieth of a pixel are left open."""
    data = Labels2DModel.parse(np.ones((30, 40), dtype=int), transformations=BENT if bent != "regions" else None)
    of_regions = BENT if bent != "data" else None
    if kind == "labels":
        ids = np.zeros((30, 40), dtype=int)
        ids[3:17, 9:31], ids[8:12, 14:20] = 4, 0
        by = Labels2DModel.parse(ids, chunks=13, transformations=of_regions)
        region = shapely.box(9, 3, 31, 17).difference(shapely.box(14, 8, 20, 12))
    elif kind == "shapes":
        by = ShapesModel.parse(gpd.GeoDataFrame(geometry=[RING]), transformations=of_regions)
        region = RING
    else:
        by = ShapesModel.parse(np.array([[18.0, 13.0]]), geometry=0, radius=8.0, transformations=of_regions)
        region = shapely.Point(18, 13).buffer(8, quad_segs=64)
    places = forward(centres()) if bent != "regions" else centres()
    if bent != "data":
        region = shapely.transform(shapely.segmentize(region, 0.02), forward)
    clear = shapely.distance(region.boundary, shapely.points(places)) > 0.05
    expected = shapely.contains_xy(region, *places.T)
    assert clear.mean() > 0.95
    np.testing.assert_array_equal(mask(data, by).values.ravel()[clear] > 0, expected[clear])

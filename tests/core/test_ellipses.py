"""Circles under maps that stretch one direction more than another, against polygons of many sides."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import affinity

from spatialdata import SpatialData, aggregate, nearest, rasterize
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel
from spatialdata.transformations import Affine

pytestmark = pytest.mark.filterwarnings("ignore:The transformation stretches")

MATRIX = np.array([[2.0, 0.6, 3.0], [-0.3, 0.9, 12.0]])
PLACE = Affine(np.vstack([MATRIX, [0.0, 0.0, 1.0]]), ("x", "y"), ("x", "y"))
CENTRES = np.array([[4.0, 3.0], [11.0, 6.0], [6.0, 12.0]])
RADII = np.array([2.5, 3.0, 1.2])


def circles() -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame({"radius": RADII, "v": [1.0, 2.0, 4.0]}, geometry=shapely.points(CENTRES))
    return ShapesModel.parse(frame, transformations={"global": PLACE})


def ellipses() -> np.ndarray[Any, Any]:
    """The circles in the coordinate system, as polygons of 8192 sides."""
    discs = shapely.buffer(shapely.points(CENTRES), RADII, quad_segs=2048)
    (a, b, x), (c, d, y) = MATRIX.tolist()
    return np.array([affinity.affine_transform(disc, [a, b, c, d, x, y]) for disc in discs])


def squares(edge: float) -> gpd.GeoDataFrame:
    corners = np.mgrid[0:36:edge, 0:30:edge].reshape(2, -1)
    boxes = shapely.box(*corners, *(corners + edge))
    return gpd.GeoDataFrame({"w": np.arange(1.0, len(boxes) + 1)}, geometry=boxes)


def matrix(result: SpatialData) -> np.ndarray[Any, Any]:
    return np.asarray(result["table"].X.toarray())


def test_points_by_circles() -> None:
    xy = np.random.default_rng(1).uniform([0, 0], [36, 30], (4000, 2))
    points = PointsModel.parse(pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1], "v": 1.0}))
    found = matrix(aggregate(points, circles(), value_key="v", agg_func="sum"))[:, 0]
    expected = [shapely.contains_xy(ellipse, *xy.T).sum() for ellipse in ellipses()]
    assert found.tolist() == expected


@pytest.mark.parametrize("fractions", [False, True])
def test_shapes_by_circles_and_circles_by_shapes(fractions: bool) -> None:
    boxes = squares(3.0)
    shared = shapely.area(shapely.intersection(ellipses()[:, None], boxes.geometry.to_numpy()[None]))
    part_of_boxes = shared / 9.0 if fractions else (shared > 0).astype(float)
    part_of_circles = shared / shapely.area(ellipses())[:, None] if fractions else (shared > 0).astype(float)
    options: dict[str, Any] = {"agg_func": "sum", "fractions": fractions}
    by_circles = aggregate(ShapesModel.parse(boxes), circles(), value_key="w", **options)
    np.testing.assert_allclose(matrix(by_circles)[:, 0], part_of_boxes @ boxes.w, rtol=1e-4)
    by_boxes = aggregate(circles(), ShapesModel.parse(boxes), value_key="v", **options)
    np.testing.assert_allclose(matrix(by_boxes)[:, 0], circles().v.to_numpy() @ part_of_circles, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("fractions", [False, True])
def test_images_and_labels_by_circles(fractions: bool) -> None:
    pixels = np.random.default_rng(2).random((1, 30, 36))
    image = Image2DModel.parse(pixels, dims=("c", "y", "x"))
    found = matrix(aggregate(image, circles(), agg_func="sum", fractions=fractions))[:, 0]
    y, x = np.mgrid[0:30, 0:36]
    if fractions:
        part = shapely.area(shapely.intersection(ellipses()[:, None, None], shapely.box(x, y, x + 1, y + 1)))
    else:
        part = shapely.contains_xy(ellipses()[:, None, None], x + 0.5, y + 0.5).astype(float)
    np.testing.assert_allclose(found, (part * pixels).sum(axis=(1, 2)), rtol=1e-5)
    drawn = rasterize(circles(), ("x", "y"), [0, 0], [36, 30], "global", target_width=36)
    centres = shapely.contains_xy(ellipses()[:, None, None], x + 0.5, y + 0.5)
    np.testing.assert_array_equal(np.squeeze(drawn.to_numpy()) > 0, centres.any(axis=0))


def test_labels_by_circles() -> None:
    ids = Labels2DModel.parse(np.arange(1, 30 * 36 + 1, dtype=np.int32).reshape(30, 36), dims=("y", "x"))
    y, x = np.mgrid[0:30, 0:36]
    shared = shapely.area(shapely.intersection(ellipses()[:, None, None], shapely.box(x, y, x + 1, y + 1)))
    assert not ((shared > 0) & (shared < 1e-4)).any()
    found = matrix(aggregate(ids, circles(), agg_func="count")).sum(axis=1)
    assert found.tolist() == (shared > 0).sum(axis=(1, 2)).tolist()


def test_distances() -> None:
    xy = np.random.default_rng(3).uniform([0, 0], [36, 30], (60, 2))
    points = PointsModel.parse(pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1]}))
    found = nearest(points, circles()).set_index("instance").distance.sort_index()
    expected = shapely.distance(shapely.points(xy)[:, None], ellipses()[None]).min(axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-3)

"""Values and regions with one place, far away and turned: what touches still touches, against shapely without it."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from spatialdata import aggregate
from spatialdata.models import PointsModel, ShapesModel
from spatialdata.transformations import Affine, Identity, Scale

BOXES = [shapely.box(x, y, x + 2, y + 2) for x in range(0, 8, 2) for y in range(0, 8, 2)]
PLACES = np.stack(np.meshgrid(np.arange(9.0), np.arange(9.0)), axis=-1).reshape(-1, 2)
FAR = [
    Affine([[1.0, 0.7, 4e6 + 0.3], [0.1, 1.3, -9e6], [0.0, 0.0, 1.0]], ("x", "y"), ("x", "y")),
    Affine([[0.3, -0.9, 1 / 3], [0.9, 0.3, 1e7], [0.0, 0.0, 1.0]], ("x", "y"), ("x", "y")),
    Scale([0.2125, 0.7], ("x", "y")),
    Identity(),
]


def sums(values: object, by: object, **asked: object) -> np.ndarray:
    return np.asarray(aggregate(values, by, target_coordinate_system="far", **asked)["table"].X.toarray()[:, 0])


@pytest.mark.parametrize("far", FAR)
def test_points_on_shared_corners_count_in_all_boxes(far: Affine) -> None:
    points = PointsModel.parse(PLACES, transformations={"far": far})
    boxes = ShapesModel.parse(gpd.GeoDataFrame(geometry=BOXES), transformations={"far": far})
    expected = shapely.intersects(np.array(BOXES)[:, None], shapely.points(PLACES)[None]).sum(axis=1)
    np.testing.assert_array_equal(sums(points, boxes), expected)
    result = aggregate(points, boxes, target_coordinate_system="far")
    moved = result["by"].geometry.iloc[0].exterior.coords[0]
    matrix = far.to_affine_matrix(("x", "y"), ("x", "y"))
    np.testing.assert_allclose(moved, matrix[:2, :2] @ BOXES[0].exterior.coords[0] + matrix[:2, 2])


@pytest.mark.parametrize("far", FAR)
def test_boxes_that_touch_meet_and_share_nothing(far: Affine) -> None:
    values = gpd.GeoDataFrame({"v": np.arange(1.0, 17.0)}, geometry=BOXES)
    shapes = ShapesModel.parse(values, transformations={"far": far})
    boxes = ShapesModel.parse(gpd.GeoDataFrame(geometry=BOXES[::-1]), transformations={"far": far})
    meet = shapely.intersects(np.array(BOXES[::-1])[:, None], np.array(BOXES)[None])
    np.testing.assert_array_equal(sums(shapes, boxes, value_key="v"), meet @ values.v)
    np.testing.assert_array_equal(sums(shapes, boxes, value_key="v", fractions=True), values.v[::-1])


def test_circles_that_a_map_stretches_are_ellipses() -> None:
    stretched = Scale([1.0, 4.0], ("x", "y"))
    places = np.array([[0.0, 0.0], [0.0, 0.45], [1.9, 0.0], [0.6, 0.7], [0.9, 0.5]])
    points = PointsModel.parse(places, transformations={"far": stretched})
    circles = ShapesModel.parse(np.zeros((1, 2)), geometry=0, radius=1.0, transformations={"far": stretched})
    with pytest.warns(UserWarning, match="circle"):
        found = sums(points, circles)
    assert found.tolist() == [(np.hypot(*places.T) <= 1).sum()]

"""Regions, and how they are brought to an element."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from spatialdata._core.sources import Window
from spatialdata.errors import TransformationError, UnknownCoordinateSystemError
from spatialdata.models import PointsModel
from spatialdata.regions.place import place
from spatialdata.regions.project import projection_over
from spatialdata.regions.prune import rows_meeting
from spatialdata.regions.region import BoundingBox, PolygonRegion, boxes_of
from spatialdata.transformations import Affine, MapAxis, Scale

numbers = st.floats(-3, 3, allow_nan=False).map(lambda value: round(value, 3))


def affine(values: list[float]) -> Affine:
    return Affine([[*values[:2], values[4]], [*values[2:4], values[5]], [0, 0, 1]], ("x", "y"), ("x", "y"))


def box(lower, upper, axes=("x", "y"), system="global") -> BoundingBox:
    return BoundingBox(target_coordinate_system=system, axes=axes, min_coordinate=lower, max_coordinate=upper)


@given(st.lists(numbers, min_size=6, max_size=6), st.integers(0, 10_000))
def test_a_placed_box_agrees_with_points_moved_into_its_system(values: list[float], seed: int) -> None:
    assume(abs(values[0] * values[3] - values[1] * values[2]) > 0.05)
    rng = np.random.default_rng(seed)
    coordinates = rng.uniform(-5, 5, (200, 2))
    points = PointsModel.parse(coordinates, transformations={"global": affine(values)})
    placed = place(box([-2, -3], [4, 1]), points)
    moved = coordinates @ np.array([values[:2], values[2:4]]).T + values[4:]
    inside = ((moved > [-2, -3]) & (moved < [4, 1])).all(axis=1)
    np.testing.assert_array_equal(placed.contains(coordinates, border=False), inside)
    window = placed.window()
    lower, upper = np.array(window.lower), np.array(window.upper)
    assert ((coordinates[inside] >= lower - 1e-9) & (coordinates[inside] <= upper + 1e-9)).all()
    corners = shapely.get_coordinates(placed.polygon(np.array([-5.0, -5, 5, 5])))
    mapped = corners @ np.array([values[:2], values[2:4]]).T + values[4:]
    np.testing.assert_allclose(mapped.min(axis=0), [-2, -3], atol=1e-6)
    np.testing.assert_allclose(mapped.max(axis=0), [4, 1], atol=1e-6)


def test_axes_that_a_box_does_not_have_are_unbounded() -> None:
    points = PointsModel.parse(np.array([[1.0, 2.0, 30.0], [9.0, 2.0, 30.0]]))
    placed = place(box([0], [5], axes=("x",)), points)
    assert placed.window() == Window(("x",), (0.0,), (5.0,))
    np.testing.assert_array_equal(placed.contains(points.compute().to_numpy(), border=False), [True, False])


def test_axes_that_the_data_do_not_have_are_left_out() -> None:
    points = PointsModel.parse(np.array([[1.0, 2.0]]))
    assert place(box([0, 0, 50], [5, 5, 60], axes=("x", "y", "z")), points).contains(
        np.array([[1.0, 2.0]]), border=False
    )


def test_a_polygon_keeps_its_holes_when_it_is_placed() -> None:
    ring = shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(3, 3), (6, 3), (6, 6), (3, 6)]])
    points = PointsModel.parse(np.zeros((1, 2)), transformations={"global": Scale([3.0, 3.0], ("x", "y"))})
    placed = place(PolygonRegion(target_coordinate_system="global", polygon=ring), points)
    assert placed.geometry.equals(shapely.Polygon([(0, 0), (3, 0), (3, 3), (0, 3)], [[(1, 1), (2, 1), (2, 2), (1, 2)]]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((("x", "c"), [0, 0], [1, 1]), "spatial axes"),
        ((("x", "x"), [0, 0], [1, 1]), "each once"),
        ((("x", "y"), [0], [1]), "one number for each"),
        ((("x", "y"), [2, 0], [1, 1]), "exceeds"),
        ((("x", "y"), [np.nan, 0], [1, 1]), "no numbers"),
        ((("x", "y"), ["a", 0], [1, 1]), "needs numbers"),
        ((("x", "y"), [0, 0], [[1, 1]]), "same shape"),
    ],
)
def test_bad_boxes_are_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        boxes_of(*arguments, "global")


def test_bad_polygons_are_refused() -> None:
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    with pytest.raises(ValueError, match="not valid"):
        PolygonRegion(target_coordinate_system="global", polygon=bow_tie)
    with pytest.raises(ValueError, match="empty"):
        PolygonRegion(target_coordinate_system="global", polygon=shapely.Polygon())
    with pytest.raises(TypeError, match="Polygon or MultiPolygon"):
        PolygonRegion(target_coordinate_system="global", polygon=shapely.Point(0, 0))


def test_transformations_that_lose_an_axis_or_have_no_inverse_are_refused() -> None:
    flat = Scale([1.0, 0.0], ("x", "y"))
    points = PointsModel.parse(np.zeros((1, 2)), transformations={"global": flat})
    with pytest.raises(TransformationError, match="singular"):
        place(box([0, 0], [1, 1]), points)
    with pytest.raises(TransformationError, match="lost"):
        projection_over(Affine([[1, 0, 0], [0, 0, 1]], ("x", "y"), ("x",)), ("x", "y"))
    with pytest.raises(TransformationError, match="channel"):
        projection_over(MapAxis({"x": "c", "c": "x"}), ("c", "y", "x"))
    with pytest.raises(UnknownCoordinateSystemError, match="'there'"):
        place(box([0, 0], [1, 1], system="there"), points)


def test_a_polygon_is_a_column_through_all_depths() -> None:
    tilt = Affine([[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], ("x", "y", "z"), ("x", "y", "z"))
    points = PointsModel.parse(np.zeros((1, 3)), transformations={"global": tilt})
    placed = place(PolygonRegion(target_coordinate_system="global", polygon=shapely.box(0, 0, 1, 1)), points)
    assert placed.contains(np.array([[0.2, 0.5, 0.3], [0.9, 0.5, 0.3]])).tolist() == [True, False]


def test_rows_that_may_meet_a_window() -> None:
    bounds = np.array([[0, 0, 1, 1], [5, 5, 6, 6], [np.nan] * 4, [1, 1, 9, 9]], dtype=float)
    assert rows_meeting(bounds, Window(("x", "y"), (1.0, 1.0), (2.0, 2.0))).tolist() == [0, 3]
    assert rows_meeting(bounds, Window((), (), ())).tolist() == [0, 1, 3]

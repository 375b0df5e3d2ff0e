"""Shapes by regions that are open to a side, that say which bounds are theirs, or under maps that stretch."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from spatialdata import bounding_box_query, select
from spatialdata.models import ShapesModel
from spatialdata.regions import BoundingBox, Circle
from spatialdata.transformations import Affine, BaseTransformation, Displacements, MapAxis, Scale, Sequence

TURN = Affine([[0.6, -0.8, 5], [0.8, 0.6, -2], [0, 0, 1]], ("x", "y"), ("x", "y"))
WAVE = Displacements(np.random.default_rng(1).normal(size=(4, 4, 2)), ("y", "x"), spacing=[12, 12])


def box(lower: list[float], upper: list[float], closed: Any = None) -> BoundingBox:
    return BoundingBox(
        target_coordinate_system="global", axes=("x", "y"), min_coordinate=lower, max_coordinate=upper, closed=closed
    )


def numbers(found: gpd.GeoDataFrame | None) -> list[int]:
    return [] if found is None else found.index.tolist()


@pytest.mark.parametrize("place", [Scale([1.0, 1.0], ("x", "y")), MapAxis({"x": "y", "y": "x"}), TURN])
@pytest.mark.parametrize("sides", ["left", "right", "top"])
def test_discs_in_a_box_without_a_bound(place: BaseTransformation, sides: str) -> None:
    """The box has no border where the data end, so that discs there are inside however large they are."""
    rng = np.random.default_rng(4)
    centres, radii = rng.uniform(0, 30, (40, 2)), rng.uniform(1, 6, 40)
    discs = ShapesModel.parse(centres, geometry=0, radius=radii, transformations={"global": place})
    x, y = place.transform_coordinates(centres, ("x", "y")).T
    lower, upper, room = {
        "left": ([-np.inf, 9.0], [16.0, np.inf], np.minimum(16.0 - x, y - 9.0)),
        "right": ([7.0, -np.inf], [np.inf, np.inf], x - 7.0),
        "top": ([-np.inf, 9.0], [np.inf, 26.0], np.minimum(y - 9.0, 26.0 - y)),
    }[sides]
    expected = np.flatnonzero(room >= radii)
    assert len(expected) > 3
    assert numbers(select(discs, box(lower, upper), rule="within")) == expected.tolist()


@pytest.mark.parametrize("place", [TURN, Sequence([WAVE, TURN])])
def test_discs_are_not_cut_where_a_box_has_no_bound(place: BaseTransformation) -> None:
    rng = np.random.default_rng(5)
    centres, radii = rng.uniform(0, 30, (20, 2)), rng.uniform(2, 6, 20)
    discs = ShapesModel.parse(centres, geometry=0, radius=radii, transformations={"global": place})
    whole = select(discs, box([-np.inf, -np.inf], [np.inf, np.inf]), clip=True)
    sides = shapely.buffer(shapely.points(centres), radii, quad_segs=16)
    np.testing.assert_allclose(shapely.area(whole.geometry.to_numpy()), shapely.area(sides), rtol=1e-9)


@pytest.mark.parametrize("closed", [None, "both", "left", "right", "neither"])
def test_squares_that_fill_a_box_are_within_it(closed: Any) -> None:
    """A border leaves no area outside, so that boxes side by side lose nothing that lies in one of them."""
    corners = np.stack(np.meshgrid([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 3.0]), axis=-1).reshape(-1, 2)
    squares = ShapesModel.parse(gpd.GeoDataFrame(geometry=shapely.box(*corners.T, *(corners + 1).T)))
    halves = [box([0, 0], [2, 4], closed), box([2, 0], [4, 4], closed)]
    left, right = (numbers(found) for found in select(squares, halves, rule="within"))
    assert left == np.flatnonzero(corners[:, 0] < 2).tolist()
    assert right == np.flatnonzero(corners[:, 0] >= 2).tolist()


@pytest.mark.parametrize("rule", ["meets", "within"])
def test_discs_that_a_map_stretches_are_ellipses(rule: Any) -> None:
    """A disc as the region takes what the same disc as a polygon takes."""
    rng = np.random.default_rng(6)
    centres, radii = rng.uniform(0, 30, (60, 2)), rng.uniform(0.5, 3, 60)
    matrix = np.array([[1.9, 0.4], [0.0, 0.7]])
    place = Affine(np.block([[matrix, np.zeros((2, 1))], [np.zeros((1, 2)), np.ones((1, 1))]]), ("x", "y"), ("x", "y"))
    discs = ShapesModel.parse(centres, geometry=0, radius=radii, transformations={"global": place})
    region = shapely.Point(32, 10).buffer(9, quad_segs=512)
    ellipses = shapely.transform(
        shapely.buffer(shapely.points(centres), radii, quad_segs=512), lambda c: np.asarray(c @ matrix.T)
    )
    doubtful = shapely.distance(shapely.boundary(ellipses), region.boundary) < 1e-3
    meet = shapely.intersects(ellipses, region) if rule == "meets" else shapely.covers(region, ellipses)
    assert not doubtful[meet].all()
    asked = Circle(target_coordinate_system="global", centre=(32, 10), radius=9.0)
    found = np.isin(np.arange(60), numbers(select(discs, asked, rule=rule)))
    assert (found == meet)[~doubtful].all()


def test_a_half_plane_takes_centres_whatever_their_radius() -> None:
    discs = ShapesModel.parse(np.array([[0.0, 0.0], [5.0, 5.0]]), geometry=0, radius=4.0)
    found = bounding_box_query(discs, ("x",), [1.0], [np.inf], target_coordinate_system="global")
    assert numbers(found) == [1]

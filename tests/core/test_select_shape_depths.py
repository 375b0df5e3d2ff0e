"""Shapes with z by boxes with bounds along z."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from spatialdata import SpatialData, bounding_box_query, read_zarr, select
from spatialdata.errors import TransformationError
from spatialdata.models import PointsModel, ShapesModel
from spatialdata.regions import BoundingBox
from spatialdata.transformations import Affine, Displacements, Scale, Sequence, Translation

DEPTHS = [(0.0, 1.0), (2.0, 5.0), (5.0, 6.0), (7.0, 9.0)]


def box(low: float, high: float, closed: Any = None) -> BoundingBox:
    return BoundingBox(
        target_coordinate_system="global", axes=("z",), min_coordinate=[low], max_coordinate=[high], closed=closed
    )


def tilted(transformations: Any = None) -> gpd.GeoDataFrame:
    """Triangles from one depth to another, and one without a depth."""
    geometry = [shapely.Polygon([(1, 1, low), (3, 1, high), (3, 2, low)]) for low, high in DEPTHS]
    frame = gpd.GeoDataFrame(geometry=[*geometry, shapely.box(0, 0, 2, 2)], index=list("abcdf"))
    return ShapesModel.parse(frame, transformations=transformations)


def names(found: gpd.GeoDataFrame | None) -> str:
    return "" if found is None else "".join(found.index)


@pytest.mark.parametrize(("rule", "expected"), [("meets", "bcf"), ("within", "cf"), ("centroid", "cf")])
@pytest.mark.parametrize("up", [1.0, -2.0])
def test_triangles_between_two_depths(rule: Any, expected: str, up: float) -> None:
    """Whichever way the map turns z; what has no depth lies at all."""
    place = Sequence([Scale([up], ("z",)), Translation([10.0], ("z",))])
    low, high = sorted(value * up + 10 for value in (4.0, 6.5))
    assert names(select(tilted({"global": place}), box(low, high), rule=rule)) == expected


@pytest.mark.parametrize(
    ("closed", "expected"), [(None, "abc"), ("both", "abc"), ("left", "ab"), ("right", "bc"), ("neither", "b")]
)
def test_centres_of_circles_on_the_bounds(closed: Any, expected: str) -> None:
    centres = [shapely.Point(1, 1, depth) for depth in (0.0, 5.0, 9.0, 9.5)]
    discs = ShapesModel.parse(gpd.GeoDataFrame({"radius": 2.0}, geometry=centres, index=list("abcd")))
    assert names(select(discs, box(0, 9, closed))) == expected


def test_objects_before_and_after_a_round_trip(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sdata = SpatialData(points={"molecules": PointsModel.parse(rng.uniform(0, 9, (40, 3)))}, shapes={"cells": tilted()})
    sdata.write(tmp_path / "store.zarr", update_sdata_path=False)
    ask = {"axes": ("x", "y", "z"), "min_coordinate": [0, 0, 6], "max_coordinate": [9, 9, 8]}
    for one in (sdata, read_zarr(tmp_path / "store.zarr")):
        found = bounding_box_query(one, **ask, target_coordinate_system="global")
        assert names(found["cells"]) == "cdf"
        assert found["molecules"]["z"].compute().between(6, 8).all()


@pytest.mark.parametrize(
    "place",
    [
        Affine(np.eye(4) + np.eye(4)[[2, 1, 2, 3]] * [[1], [0], [0], [0]], ("x", "y", "z"), ("x", "y", "z")),
        Displacements(np.ones((3, 3, 2)), ("y", "x"), spacing=[2, 2]),
    ],
)
def test_maps_that_leave_depths_unknown_are_refused(place: Any) -> None:
    with pytest.raises(TransformationError, match="z"):
        select(tilted({"global": place}), box(0, 5))

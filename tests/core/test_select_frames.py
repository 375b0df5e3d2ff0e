"""Queries by the rows of a frame of geopandas, against one query for each polygon and shapely."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from spatialdata import SpatialData, bounding_box_query, polygon_query, select
from spatialdata.models import Image2DModel, PointsModel, ShapesModel
from spatialdata.transformations import Affine

RNG = np.random.default_rng(5)
PLACES = RNG.uniform(0, 10, (300, 2))
POLYGONS = [
    shapely.box(0, 0, 4, 4),
    shapely.box(1, 1, 9, 9).difference(shapely.box(2, 2, 8, 8)),
    shapely.MultiPolygon([shapely.box(0, 8, 1, 9), shapely.box(5, 5, 6, 6)]),
    shapely.box(50, 50, 51, 51),
]
TURNED = Affine([[0.0, -2.0, 3.0], [2.0, 0.0, 1.0], [0.0, 0.0, 1.0]], ("x", "y"), ("x", "y"))


def inside(polygon: shapely.Geometry) -> list[int]:
    return np.flatnonzero(shapely.intersects_xy(polygon, *PLACES.T)).tolist()


def indices(found: list[object]) -> list[list[int]]:
    return [[] if one is None else one.compute().index.tolist() for one in found]  # type: ignore[attr-defined]


def test_each_row_is_a_region() -> None:
    points = PointsModel.parse(PLACES)
    frame = gpd.GeoDataFrame(geometry=POLYGONS, index=["d", "c", "b", "a"])
    expected = [inside(polygon) for polygon in POLYGONS]
    assert indices(polygon_query(points, frame, "global")) == expected
    assert indices(polygon_query(points, frame.geometry, "global")) == expected
    assert polygon_query(points, frame.iloc[:0], "global") == []


def test_shapes_are_brought_along_by_their_transformation() -> None:
    points = PointsModel.parse(PLACES, transformations={"world": TURNED})
    shapes = ShapesModel.parse(gpd.GeoDataFrame(geometry=POLYGONS), transformations={"world": TURNED})
    assert indices(polygon_query(points, shapes, "world")) == [inside(polygon) for polygon in POLYGONS]
    with pytest.raises(ValueError, match="nowhere"):
        polygon_query(points, shapes, "nowhere")


def test_circles_are_discs() -> None:
    centres, radii = PLACES[:5], np.array([0.5, 1.0, 1.5, 2.0, 9.0])
    circles = ShapesModel.parse(centres, geometry=0, radius=radii)
    near = np.linalg.norm(PLACES[None] - centres[:, None], axis=2) <= radii[:, None]
    found = polygon_query(PointsModel.parse(PLACES), circles, "global")
    assert indices(found) == [np.flatnonzero(row).tolist() for row in near]


def test_objects_and_images_by_frames() -> None:
    image = Image2DModel.parse(np.arange(1.0, 101.0).reshape(1, 10, 10))
    shapes = ShapesModel.parse(gpd.GeoDataFrame(geometry=[shapely.box(x, x, x + 1.5, x + 1) for x in range(3)]))
    sdata = SpatialData(images={"image": image}, shapes={"shapes": shapes})
    frame = gpd.GeoDataFrame(geometry=POLYGONS)
    found = sdata.query.polygon(frame, "global", clip=True)
    for one, polygon in zip(found, POLYGONS, strict=True):
        alone = polygon_query(sdata, polygon, "global", clip=True)
        assert sorted(name for _, name, _ in one.gen_elements()) == sorted(name for _, name, _ in alone.gen_elements())
        if "image" in one:
            np.testing.assert_array_equal(one["image"].values, alone["image"].values)
        if "shapes" in one:
            assert one["shapes"].geometry.geom_equals(alone["shapes"].geometry).all()


@pytest.mark.parametrize(
    ("geometry", "fault"),
    [
        (shapely.Point(1, 1), "no polygons"),
        (None, "no polygons"),
        (shapely.Polygon(), "empty"),
        (shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), "not valid"),
    ],
)
def test_rows_that_are_no_regions_are_named(geometry: shapely.Geometry | None, fault: str) -> None:
    frame = gpd.GeoDataFrame(geometry=[POLYGONS[0], geometry], index=["good", "bad"])
    with pytest.raises(ValueError, match=f"Of the 2 regions 1 are {fault}, for example those of the index 'bad'"):
        polygon_query(PointsModel.parse(PLACES), frame, "global")


def test_a_polygon_is_no_region() -> None:
    with pytest.raises(TypeError, match="not Polygon"):
        select(PointsModel.parse(PLACES), shapely.box(0, 0, 1, 1))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not tuple"):
        select(PointsModel.parse(PLACES), [(0, 1)])  # type: ignore[list-item]
    assert bounding_box_query(PointsModel.parse(PLACES), ("x", "y"), [20, 20], [21, 21], "global") is None

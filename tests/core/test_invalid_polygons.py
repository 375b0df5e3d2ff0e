"""Polygons whose border crosses or touches itself: areas and cuts are those of the area that points lie in."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from spatialdata import aggregate, polygon_query
from spatialdata.models import Labels2DModel, ShapesModel

FAULTY = {
    "bow": shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]),
    "uneven bow": shapely.Polygon([(0, 0), (4, 4), (4, 0), (0, 4.5)]),
    "touching": shapely.Polygon([(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)]),
    "spike": shapely.Polygon([(0, 0), (2, 0), (2, 2), (3, 3), (2, 2), (0, 2)]),
    "overlapping parts": shapely.MultiPolygon([shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3)]),
}
REGIONS = [shapely.box(0, 0, 1, 1), shapely.box(-1, -1, 5, 5), shapely.box(0.9, 0.9, 1.2, 1.2), shapely.box(7, 7, 8, 8)]


def parts(a: list[shapely.Geometry], b: list[shapely.Geometry]) -> np.ndarray:
    """The part of each of the second that lies in each of the first."""
    first, second = (shapely.make_valid(np.array(one)) for one in (a, b))
    return np.asarray(shapely.area(shapely.intersection(first[:, None], second[None])) / shapely.area(second))


@pytest.mark.parametrize("name", FAULTY)
def test_fractions(name: str) -> None:
    faulty = ShapesModel.parse(gpd.GeoDataFrame({"v": [3.0]}, geometry=[FAULTY[name]]))
    regions = ShapesModel.parse(gpd.GeoDataFrame({"v": [1.0, 2.0, 3.0, 4.0]}, geometry=REGIONS))
    there = aggregate(faulty, regions, value_key="v", fractions=True)["table"].X.toarray()[:, 0]
    np.testing.assert_allclose(there, parts(REGIONS, [FAULTY[name]])[:, 0] * 3)
    back = aggregate(regions, faulty, value_key="v", fractions=True)["table"].X.toarray()[:, 0]
    np.testing.assert_allclose(back, parts([FAULTY[name]], REGIONS) @ [1.0, 2.0, 3.0, 4.0])
    assert not shapely.is_valid(faulty.geometry.iloc[0])


def test_circles_and_pixels_in_parts() -> None:
    bow = ShapesModel.parse(gpd.GeoDataFrame({"v": [2.0]}, geometry=[FAULTY["bow"]]))
    circles = ShapesModel.parse(np.array([[1.0, 0.5], [1.0, 1.5]]), geometry=0, radius=0.25)
    circles["v"] = [1.0, 10.0]
    found = aggregate(circles, bow, value_key="v", fractions=True)["table"].X.toarray()
    discs = [shapely.Point(1.0, y).buffer(0.25, quad_segs=2000) for y in (0.5, 1.5)]
    np.testing.assert_allclose(found[0, 0], parts([FAULTY["bow"]], discs) @ [1.0, 10.0], rtol=1e-5)
    labels = Labels2DModel.parse(np.array([[1, 2], [3, 0]]))
    found = aggregate(bow, labels, value_key="v", fractions=True)["table"].X.toarray()[:, 0]
    pixels = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(0, 1, 1, 2)]
    np.testing.assert_allclose(found, parts(pixels, [FAULTY["bow"]])[:, 0] * 2)


@pytest.mark.parametrize("name", FAULTY)
def test_cutting(name: str) -> None:
    window = shapely.box(0.5, 0.5, 1.7, 1.7)
    faulty = ShapesModel.parse(gpd.GeoDataFrame(geometry=[FAULTY[name], shapely.box(0, 0, 1, 1)]))
    cut = polygon_query(faulty, window, "global", clip=True)
    expected = [shapely.make_valid(one).intersection(window).area for one in faulty.geometry]
    np.testing.assert_allclose(cut.area, expected)
    assert cut.is_valid.all()

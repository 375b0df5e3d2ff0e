from __future__ import annotations

import shapely

from spatialdata.studies.breast_cancer.figures.regions import _roomiest_point
from spatialdata.studies.breast_cancer.figures.style import NOTHING, palette_of


def test_a_region_is_numbered_in_its_largest_part():
    square, strip = shapely.box(0, 0, 4, 4), shapely.box(10, 0, 11, 3)
    line = shapely.LineString([(20, 0), (40, 0)])
    for shape in (square, shapely.union_all([square, strip]), shapely.GeometryCollection([line, strip, square])):
        assert shapely.Point(_roomiest_point(shape)).distance(shapely.Point(2, 2)) < 0.1


def test_what_stands_for_nothing_is_grey_and_takes_no_color():
    colors = palette_of(["A", "unassigned", "B", "none"])
    assert list(colors) == ["A", "unassigned", "B", "none"]
    assert colors["unassigned"] == colors["none"] == NOTHING
    assert {colors["A"], colors["B"]} == set(palette_of(["A", "B"]).values())
    assert len({NOTHING, colors["A"], colors["B"]}) == 3

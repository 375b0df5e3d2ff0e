"""Shapes as layers, against shapely."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box

from napari_spatialdata import Interactive, LossyDisplayWarning
from napari_spatialdata.layers.mesh import triangulate
from napari_spatialdata.layers.outlines import outlines
from napari_spatialdata.layers.shapes import MESH_FROM, sketch_shapes
from spatialdata import SpatialData
from spatialdata.transformations import Identity, Scale

from .conftest import shapes_of

HERE = {"global": Identity()}
RING = Polygon([(0, 0), (20, 0), (20, 20), (0, 20)], holes=[box(5, 5, 10, 10).exterior.coords])


@st.composite
def polygons(draw: st.DrawFn) -> Polygon | MultiPolygon:
    """Discs with up to two holes, one or two of them."""

    def one(x: float) -> Polygon:
        radius = draw(st.floats(1, 10))
        disc = Point(x, draw(st.floats(-50, 50))).buffer(radius, quad_segs=draw(st.integers(1, 6)))
        centre = disc.centroid
        for place in range(draw(st.integers(0, 2))):
            disc = disc.difference(Point(centre.x + (place - 0.5) * radius, centre.y).buffer(radius / 6))
        return disc

    return MultiPolygon([one(0), one(100)]) if draw(st.booleans()) else one(0)


def shoelace(path: np.ndarray) -> float:
    y, x = path.T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


@settings(max_examples=40, deadline=None)
@given(geometry=st.lists(polygons(), min_size=1, max_size=4))
def test_paths_and_triangles_cover_exactly_the_polygons(geometry: list) -> None:
    array = np.array(geometry, dtype=object)
    paths, owners = outlines(array)
    vertices, faces, rows, failed = triangulate(array)
    corners = vertices[faces]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    areas = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2
    assert len(failed) == 0
    for row, polygon in enumerate(geometry):
        drawn = sum(shoelace(path) for path, owner in zip(paths, owners, strict=True) if owner == row)
        assert drawn == pytest.approx(polygon.area, rel=1e-9)
        mine = rows[faces[:, 0]] == row
        assert areas[mine].sum() == pytest.approx(polygon.area, rel=1e-9)
        inside = corners[mine].mean(axis=1)
        assert shapely.contains_xy(polygon.buffer(1e-6), inside[:, 1], inside[:, 0]).all()


def test_holes_are_open_in_the_layer(viewer) -> None:
    sdata = SpatialData.init_from_elements({"ring": shapes_of([RING], HERE)})
    interactive = Interactive(sdata, headless=True, viewer=viewer)
    interactive.add_element("ring", "global")
    mask = interactive.get_layer("ring").to_masks(mask_shape=(20, 20))[0]
    y, x = np.mgrid[:20, :20]
    away = shapely.distance(RING.boundary, shapely.points(x, y)) > 0
    np.testing.assert_array_equal(mask[away], shapely.contains_xy(RING, x, y)[away])


def test_every_part_of_a_multipolygon_belongs_to_its_row() -> None:
    parts = [box(0, 0, 1, 1), box(5, 5, 6, 7)]
    (sketch,) = sketch_shapes(
        shapes_of([MultiPolygon(parts), box(9, 9, 10, 10)], HERE, name=["two", "one"]), flatten=True
    )
    assert sketch.rows.tolist() == [0, 0, 1]
    assert sketch.options["features"]["name"].tolist() == ["two", "two", "one"]
    np.testing.assert_allclose([shoelace(path) for path in sketch.data], [1, 2, 1])


def test_text_ids_are_kept() -> None:
    (sketch,) = sketch_shapes(shapes_of([box(0, 0, 1, 1)], HERE, index=["cell-1"]), flatten=True)
    assert sketch.instances.tolist() == ["cell-1"]
    assert sketch.options["features"]["index"].tolist() == ["cell-1"]


def test_many_polygons_become_a_mesh_of_the_same_extent(viewer) -> None:
    squares = [box(x, y, x + 0.5, y + 0.5) for x in range(30) for y in range(MESH_FROM // 30 + 1)]
    sdata = SpatialData.init_from_elements({"cells": shapes_of(squares, HERE)})
    interactive = Interactive(sdata, headless=True, viewer=viewer)
    interactive.add_element("cells", "global")
    layer = interactive.get_layer("cells")
    assert type(layer).__name__ == "Surface"
    np.testing.assert_allclose(layer.extent.world, [(0, 0), (MESH_FROM // 30 + 0.5, 29.5)])


def test_polygons_that_cannot_be_drawn_are_named() -> None:
    bowtie = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    many = [box(x, 0, x + 1, 1) for x in range(MESH_FROM)]
    (sketch,) = sketch_shapes(
        shapes_of([*many, bowtie], HERE, index=[*map(str, range(MESH_FROM)), "bad"]), flatten=True
    )
    assert sketch.note == "1 polygons cannot be triangulated and are not drawn (first ids: bad)"
    assert set(sketch.rows.tolist()) == set(range(MESH_FROM))


def test_circles_have_their_diameter_in_every_system(viewer) -> None:
    systems = {"global": Scale([3, 3], axes=("x", "y")), "wide": Scale([4, 1], axes=("x", "y"))}
    sdata = SpatialData.init_from_elements({"spots": shapes_of([Point(1, 2), Point(5, 6)], systems, radius=[1.0, 2.5])})
    interactive = Interactive(sdata, headless=True, viewer=viewer)
    interactive.add_element("spots", "global")
    layer = interactive.get_layer("spots")
    np.testing.assert_array_equal(layer.data, [(2, 1), (6, 5)])
    np.testing.assert_allclose(layer.size, [6, 15])
    with pytest.warns(LossyDisplayWarning, match="ellipses in 'wide'"):
        interactive.switch_coordinate_system("wide")
    np.testing.assert_allclose(np.pi * (layer.size / 2) ** 2, [np.pi * 4, np.pi * 6.25 * 4])


def test_elements_are_not_changed() -> None:
    element = shapes_of([RING, box(0, 0, 1, 1)], HERE, name=["a", "b"])
    before = element.copy(deep=True)
    sketch_shapes(element, flatten=True)
    assert element.equals(before)
    assert list(element.columns) == list(before.columns)

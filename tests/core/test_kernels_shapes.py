"""Polygons as arrays: read from well-known binary, taken apart, put together, and asked which of them meet."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from spatialdata.kernels.box_pairs import pairs_of_boxes
from spatialdata.kernels.meeting import APART, MEETING, pairs_meeting, surely_simple
from spatialdata.kernels.polygons import bounds_of_polygons, polygons_of, taken_polygons
from spatialdata.kernels.wkb_reading import points_of_wkb, polygons_of_wkb
from spatialdata.models.packed import PackedPoints, PackedPolygons

seeds = st.integers(0, 2**32 - 1)


def star(rng: np.random.Generator, scale: float = 1.0) -> shapely.Polygon:
    angle = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 12)))
    corners = rng.uniform(0.2, 1, len(angle))[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return shapely.Polygon(np.round(scale * corners, int(rng.integers(1, 6))) + rng.integers(-3, 4, 2))


def with_hole(rng: np.random.Generator) -> shapely.Polygon:
    x, y = rng.integers(-5, 5, 2)
    hole = shapely.box(x + 0.5, y + 0.5, x + 1, y + 1.5)
    return shapely.Polygon(
        shapely.box(x, y, x + 3, y + 2).exterior, [hole.exterior, shapely.box(x + 2, y + 1, x + 2.5, y + 1.5).exterior]
    )


def mixed(seed: int, size: int = 12) -> np.ndarray:
    """Stars, polygons with holes, multipolygons and empty ones."""
    rng = np.random.default_rng(seed)
    made = []
    for kind in rng.integers(0, 6, size):
        if kind == 0:
            made.append(shapely.Polygon())
        elif kind == 1:
            made.append(shapely.MultiPolygon())
        elif kind == 2:
            made.append(shapely.MultiPolygon([with_hole(rng), shapely.transform(star(rng), lambda xy: xy + 20)]))
        elif kind == 3:
            made.append(with_hole(rng))
        else:
            made.append(star(rng))
    return np.array(made, dtype=object)


def rows_of(geometry: np.ndarray, **options: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The bytes of geometries, with others between them, and where each row starts and ends."""
    parts = [b"" if one is None else shapely.to_wkb(one, **options) for one in geometry]
    begin = np.cumsum([3, *(len(part) + 3 for part in parts)])[:-1]
    data = np.frombuffer(b"abc" + b"".join(part + b"xyz" for part in parts), dtype=np.uint8)
    return data, begin.astype(np.int64), (begin + [len(part) for part in parts]).astype(np.int64)


@given(seeds)
def test_polygons_are_read_from_bytes(seed: int) -> None:
    geometry = mixed(seed)
    order = np.random.default_rng(seed).permutation(len(geometry))
    data, begin, end = rows_of(geometry)
    found = polygons_of_wkb(data, begin[order], end[order])
    assert found is not None
    polygons, kinds = found
    np.testing.assert_array_equal(kinds, shapely.get_type_id(geometry[order]))
    np.testing.assert_array_equal(polygons.coordinates, shapely.get_coordinates(geometry[order]))
    np.testing.assert_array_equal(bounds_of_polygons(polygons), shapely.bounds(geometry[order]))
    again = PackedPolygons(polygons, kinds).geometries()
    assert shapely.to_wkb(again).tolist() == shapely.to_wkb(geometry[order]).tolist()


@given(seeds)
def test_polygons_come_from_objects_and_become_them_again(seed: int) -> None:
    geometry = mixed(seed)
    packed = PackedPolygons(polygons_of(geometry), shapely.get_type_id(geometry).astype(np.int8))
    rows = np.random.default_rng(seed).integers(0, len(geometry), 20)
    assert shapely.to_wkb(packed.geometries()).tolist() == shapely.to_wkb(geometry).tolist()
    assert shapely.to_wkb(packed.take(rows).geometries()).tolist() == shapely.to_wkb(geometry[rows]).tolist()
    np.testing.assert_array_equal(packed.take(rows).bounds, shapely.bounds(geometry[rows]))


def test_points_are_read_from_bytes() -> None:
    places = np.array([[0.0, 1.0], [-2.5, 1e300], [3.0, -0.0]])
    data, begin, end = rows_of(shapely.points(places))
    found = points_of_wkb(data, begin, end)
    assert found is not None
    np.testing.assert_array_equal(found, places)
    assert shapely.equals(PackedPoints(found).geometries(), shapely.points(places)).all()
    assert polygons_of_wkb(data, begin, end) is None


BOX = shapely.box(0, 0, 2, 1)


@pytest.mark.parametrize(
    ("other", "options"),
    [
        (shapely.Point(0, 0), {}),
        (shapely.LineString([(0, 0), (1, 1)]), {}),
        (shapely.GeometryCollection([BOX]), {}),
        (shapely.force_3d(BOX, 4.0), {}),
        (shapely.force_3d(BOX, 4.0), {"flavor": "iso"}),
        (shapely.set_srid(BOX, 4326), {"include_srid": True}),
        (BOX, {"byte_order": 0}),
        (shapely.MultiPolygon([BOX]), {"byte_order": 0}),
        (None, {}),
        (shapely.Polygon([(0, 0), (np.inf, 0), (1, 1)]), {}),
    ],
)
def test_other_rows_are_left_to_geos(other: object, options: dict[str, object]) -> None:
    for geometry in ([other], [BOX, other], [other, BOX]):
        assert polygons_of_wkb(*rows_of(np.array(geometry, dtype=object), **options)) is None


@pytest.mark.parametrize(
    "other",
    [shapely.Point(), shapely.Point(1, np.nan), shapely.Point(1, 2, 3), shapely.MultiPoint([(1, 2)]), None, BOX],
)
def test_other_rows_than_points_are_left_to_geos(other: object) -> None:
    assert points_of_wkb(*rows_of(np.array([shapely.Point(0, 0), other], dtype=object))) is None


@given(seeds, st.data())
def test_damaged_bytes_are_never_read_beyond_their_end(seed: int, data: st.DataObject) -> None:
    whole, begin, end = rows_of(mixed(seed, 3))
    damaged = whole.copy()
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(int(begin[0]), int(end[-1]) - 1))] = data.draw(st.integers(0, 255))
    shorter = end - np.array([data.draw(st.integers(0, 40)) for _ in end])
    for ends in (end, np.maximum(shorter, begin)):
        found = polygons_of_wkb(damaged, begin, ends)
        if found is not None:
            # What was read is what GEOS reads.
            rows = [damaged[start:stop].tobytes() for start, stop in zip(begin, ends, strict=True)]
            np.testing.assert_array_equal(found[0].coordinates, shapely.get_coordinates(shapely.from_wkb(rows)))


@given(seeds)
def test_polygons_that_meet(seed: int) -> None:
    rng = np.random.default_rng(seed)
    geometry = mixed(seed, 14)
    valid = geometry[shapely.is_valid(geometry)]
    # Neighbours that share a border or a corner, and one inside another one.
    a = np.array(
        [*valid, shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(-30, -30, 30, 30)], dtype=object
    )
    b = shapely.transform(a, lambda xy: xy + rng.choice([0.0, 1.0, 0.3]))
    first, second = (side.ravel() for side in np.indices((len(a), len(b))))
    sides = [(*polygons, bounds_of_polygons(polygons)) for polygons in (polygons_of(a), polygons_of(b))]
    found = pairs_meeting(*sides, first, second)
    expected = shapely.intersects(a[first], b[second])
    np.testing.assert_array_equal(expected[found == MEETING], True)
    np.testing.assert_array_equal(expected[found == APART], False)


def test_most_pairs_are_decided_without_geos() -> None:
    rng = np.random.default_rng(0)
    places = rng.uniform(0, 30, (200, 2))
    discs = shapely.buffer(shapely.points(places), 1.5, quad_segs=4)
    sides = polygons_of(discs)
    first, second = (side.ravel() for side in np.indices((200, 200)))
    sides = (*sides, bounds_of_polygons(sides))
    found = pairs_meeting(sides, sides, first, second)
    apart = first != second
    np.testing.assert_array_equal(found[apart] == MEETING, shapely.intersects(discs[first], discs[second])[apart])


@given(seeds)
def test_what_is_surely_simple_is_valid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tangled = [shapely.Polygon(rng.integers(0, 6, (rng.integers(3, 8), 2))) for _ in range(30)]
    geometry = np.array([*mixed(seed), *tangled, shapely.box(0, 0, 1, 1)], dtype=object)
    found = surely_simple(*polygons_of(geometry)[:3])
    assert shapely.is_valid(geometry[found]).all()
    assert found[-1]


def test_plain_rings_are_simple() -> None:
    convex = shapely.buffer(shapely.points(np.random.default_rng(1).uniform(0, 9, (50, 2))), 1.0)
    hollow = shapely.Polygon([(0, 0), (4, 0), (4, 4), (2, 1), (0, 4)])
    straight = shapely.Polygon([(0, 0), (1, 0), (2, 0), (2, 2), (0, 2)])
    geometry = np.array([*convex, hollow, straight], dtype=object)
    assert surely_simple(*polygons_of(geometry)[:3]).all()
    assert not surely_simple(*polygons_of(np.array([with_hole(np.random.default_rng(0))], dtype=object))[:3]).any()


@given(seeds)
def test_pairs_of_boxes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sets = []
    for size in rng.integers(0, 40, 2):
        corners = rng.integers(0, 12, (size, 2)).astype(float)
        boxes = np.concatenate([corners, corners + rng.choice([0.0, 1.0, 2.5, 40.0], (size, 2))], axis=1)
        boxes[rng.uniform(size=size) < 0.1] = np.nan
        sets.append(boxes)
    a, b = sets
    meets = (a[:, None, :2] <= b[:, 2:]).all(axis=2) & (a[:, None, 2:] >= b[:, :2]).all(axis=2)
    found = np.stack(pairs_of_boxes(a, b), axis=1)
    np.testing.assert_array_equal(found, np.argwhere(meets))


def test_no_polygons() -> None:
    empty = polygons_of(np.zeros(0, dtype=object))
    assert bounds_of_polygons(empty).shape == (0, 4)
    assert taken_polygons(empty, np.zeros(0, dtype=np.int64)).start.tolist() == [0]
    assert [len(side) for side in pairs_of_boxes(np.zeros((0, 4)), np.zeros((0, 4)))] == [0, 0]

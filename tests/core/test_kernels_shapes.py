"""Polygons as arrays: read from well-known binary, taken apart, put together, and asked which of them meet."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from spatialdata.kernels import polygons as module
from spatialdata.kernels.box_pairs import pairs_of_boxes
from spatialdata.kernels.meeting import APART, MEETING, pairs_meeting, surely_simple
from spatialdata.kernels.near_boxes import boxes_meeting_any, boxes_of_edges, rows_meeting_box
from spatialdata.kernels.polygons import bounds_of_polygons, polygons_of, taken_polygons
from spatialdata.kernels.wkb_reading import polygons_of_wkb
from spatialdata.kernels.wkb_rows import Rows, corners_of_rows, rings_of_rows
from spatialdata.models.packed import PackedPolygons

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


def rows_of(geometry: np.ndarray, **options: object) -> Rows:
    """The bytes of geometries, with others between them, and where each row starts and ends."""
    parts = [b"" if one is None else shapely.to_wkb(one, **options) for one in geometry]
    begin = np.cumsum([3, *(len(part) + 3 for part in parts)])[:-1]
    data = np.frombuffer(b"abc" + b"".join(part + b"xyz" for part in parts), dtype=np.uint8)
    return Rows(data, begin.astype(np.int64), (begin + [len(part) for part in parts]).astype(np.int64))


def pieces_of(geometry: np.ndarray, rng: np.random.Generator, **options: object) -> list[Rows]:
    """The bytes of geometries in pieces, some of which may be without rows."""
    cuts = np.sort(rng.integers(0, len(geometry) + 1, 3))
    return [rows_of(part, **options) for part in np.split(geometry, cuts)]


@given(seeds)
def test_polygons_are_read_from_bytes(seed: int) -> None:
    geometry, rng = mixed(seed), np.random.default_rng(seed)
    order = rng.permutation(len(geometry))
    found = polygons_of_wkb(pieces_of(geometry, rng), order)
    assert found is not None
    polygons, kinds = found
    np.testing.assert_array_equal(kinds, shapely.get_type_id(geometry[order]))
    np.testing.assert_array_equal(polygons.coordinates, shapely.get_coordinates(geometry[order]))
    np.testing.assert_array_equal(bounds_of_polygons(polygons), shapely.bounds(geometry[order]))
    again = PackedPolygons(polygons, kinds).geometries()
    assert shapely.to_wkb(again).tolist() == shapely.to_wkb(geometry[order]).tolist()


@pytest.mark.parametrize("loaded", [{}, {"numba": None}])
@given(seed=seeds)
def test_polygons_come_from_objects_and_become_them_again(loaded: dict[str, None], seed: int) -> None:
    geometry = mixed(seed)
    packed = PackedPolygons(polygons_of(geometry), shapely.get_type_id(geometry).astype(np.int8))
    rows = np.random.default_rng(seed).integers(0, len(geometry), 20)
    assert shapely.to_wkb(packed.geometries()).tolist() == shapely.to_wkb(geometry).tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "sys", SimpleNamespace(modules=loaded))
        taken = packed.take(rows)
        assert shapely.to_wkb(taken.geometries()).tolist() == shapely.to_wkb(geometry[rows]).tolist()
        np.testing.assert_array_equal(taken.bounds, shapely.bounds(geometry[rows]))


@given(seeds)
def test_rings_are_read_from_bytes_without_compiled_code(seed: int) -> None:
    rng = np.random.default_rng(seed)
    geometry = np.array([star(rng) for _ in range(12)], dtype=object)
    order = rng.permutation(len(geometry))
    pieces = pieces_of(geometry, rng)
    for wanted, numbers in ((geometry, None), (geometry[order], order)):
        found = rings_of_rows(pieces, numbers)
        assert found is not None
        np.testing.assert_array_equal(found[0], shapely.get_coordinates(wanted))
        np.testing.assert_array_equal(np.diff(found[1]), shapely.get_num_coordinates(wanted))


def test_rings_of_very_many_lengths_are_left_to_compiled_code() -> None:
    angle = [np.linspace(0, 2 * np.pi, count, endpoint=False) for count in range(3, 140)]
    geometry = np.array([shapely.Polygon(np.stack([np.cos(one), np.sin(one)], axis=1)) for one in angle], dtype=object)
    assert rings_of_rows([rows_of(geometry)], None) is None
    assert rings_of_rows([rows_of(geometry[:50]), rows_of(geometry[50:])], None) is not None


@pytest.mark.parametrize("byte", [b"", b"xyz"])
def test_rows_of_one_length_are_read_from_bytes(byte: bytes) -> None:
    places = np.array([[0.0, 1.0], [-2.5, 1e300], [3.0, -0.0]])
    boxes = shapely.box(places[:, 0], 0, places[:, 0] + 1, 2)
    for geometry, expected in (
        (shapely.points(places), places[:, None]),
        (boxes, shapely.get_coordinates(boxes).reshape(-1, 5, 2)),
    ):
        parts = [part + byte for part in shapely.to_wkb(geometry)]
        end = np.cumsum([len(part) for part in parts])
        data = np.frombuffer(b"".join(parts), dtype=np.uint8)
        found = corners_of_rows(Rows(data, end - len(parts[0]), end - len(byte)))
        np.testing.assert_array_equal(found, expected)


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
        rows = rows_of(np.array(geometry, dtype=object), **options)
        assert polygons_of_wkb([rows]) is None
        assert rings_of_rows([rows], None) is None
        if not isinstance(other, shapely.Point) or len(geometry) > 1:
            assert corners_of_rows(rows) is None


@pytest.mark.parametrize(
    "other",
    [shapely.Point(), shapely.Point(1, np.nan), shapely.Point(1, 2, 3), shapely.MultiPoint([(1, 2)]), None, BOX],
)
def test_other_rows_than_points_are_left_to_geos(other: object) -> None:
    assert corners_of_rows(rows_of(np.array([shapely.Point(0, 0), other], dtype=object))) is None


@pytest.mark.parametrize("other", [shapely.MultiPolygon([BOX]), with_hole(np.random.default_rng(0)), shapely.Polygon()])
def test_polygons_of_other_than_one_ring_are_left_to_compiled_code(other: object) -> None:
    for geometry in ([other], [BOX, other], [other, BOX]):
        rows = rows_of(np.array(geometry, dtype=object))
        assert rings_of_rows([rows], None) is None
        assert corners_of_rows(rows) is None


@given(seeds, st.data())
def test_damaged_bytes_are_never_read_beyond_their_end(seed: int, data: st.DataObject) -> None:
    geometry = mixed(seed, 3) if seed % 2 else np.array([star(np.random.default_rng(seed + n)) for n in range(3)])
    whole, begin, end = rows_of(geometry)
    damaged = whole.copy()
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(int(begin[0]), int(end[-1]) - 1))] = data.draw(st.integers(0, 255))
    shorter = end - np.array([data.draw(st.integers(0, 40)) for _ in end])
    for ends in (end, np.maximum(shorter, begin)):
        rows = Rows(damaged, begin, ends)
        by_row, by_length = polygons_of_wkb([rows]), rings_of_rows([rows], None)
        for found in (None if by_row is None else by_row[0].coordinates, None if by_length is None else by_length[0]):
            if found is not None:
                # What was read is what GEOS reads.
                plain = [damaged[start:stop].tobytes() for start, stop in zip(begin, ends, strict=True)]
                np.testing.assert_array_equal(found, shapely.get_coordinates(shapely.from_wkb(plain)))


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


def test_stars_that_go_round_twice_are_not_simple() -> None:
    angle = np.arange(5) * 2 * np.pi / 5
    star_of_five = shapely.Polygon(np.stack([np.cos(2 * angle), np.sin(2 * angle)], axis=1))
    twice = shapely.Polygon(np.tile(np.stack([np.cos(angle), np.sin(angle)], axis=1), (2, 1)))
    backwards = shapely.reverse(star_of_five)
    geometry = np.array([star_of_five, twice, backwards], dtype=object)
    assert not shapely.is_valid(geometry).any()
    assert not surely_simple(*polygons_of(geometry)[:3]).any()


@given(seeds)
def test_boxes_near_others(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 12, (40, 2)).astype(float)
    bounds = np.concatenate([corners, corners + rng.choice([0.0, 1.0, 2.5], (40, 2))], axis=1)
    bounds[rng.uniform(size=40) < 0.1] = np.nan
    boxes = shapely.box(*bounds.T)
    left, bottom, right, top = 3.0, 4.0, 7.0, float(rng.choice([4.0, 9.0, np.inf]))
    expected = np.flatnonzero(shapely.intersects(boxes, shapely.box(left, bottom, right, min(top, 99))))
    np.testing.assert_array_equal(rows_meeting_box(bounds, left, bottom, right, top), expected)
    region = polygons_of(np.array([with_hole(rng), star(rng)], dtype=object))
    edges = [
        shapely.box(*np.minimum(begin, end), *np.maximum(begin, end))
        for ring in np.split(region.coordinates, region.start[1:-1])
        for begin, end in itertools.pairwise(ring)
    ]
    rows = np.flatnonzero(~np.isnan(bounds[:, 0]))
    near = boxes_meeting_any(bounds, rows, boxes_of_edges(region.coordinates, region.start))
    expected = shapely.intersects(boxes[rows][:, None], np.array(edges)).any(axis=1)
    np.testing.assert_array_equal(near, expected)


def test_no_polygons() -> None:
    empty = polygons_of(np.zeros(0, dtype=object))
    assert bounds_of_polygons(empty).shape == (0, 4)
    assert taken_polygons(empty, np.zeros(0, dtype=np.int64)).start.tolist() == [0]
    assert [len(side) for side in pairs_of_boxes(np.zeros((0, 4)), np.zeros((0, 4)))] == [0, 0]

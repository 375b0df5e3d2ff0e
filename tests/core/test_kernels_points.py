"""The kernels for points and pixels against shapely, scipy, pandas and numpy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_matrix, csr_matrix

from spatialdata.kernels import centres
from spatialdata.kernels.cells import are_gathered, cells_of_boxes, gathered
from spatialdata.kernels.counts import count_pairs, sum_pairs
from spatialdata.kernels.edges import INSIDE, OUTSIDE, UNCERTAIN, outlines_of, where_in
from spatialdata.kernels.locate import points_in_discs, points_in_polygons
from spatialdata.kernels.moments import (
    bounds_of_runs,
    squares_by_slot,
    squares_of_runs,
    sums_of_runs,
    totals_by_slot,
)
from spatialdata.kernels.overlap import profiles_of, shared_areas_of_profiles
from spatialdata.kernels.pixels import count_into, pixels_of, pixels_of_plane
from spatialdata.kernels.polygons import polygons_of
from spatialdata.models.label_runs import ids_and_runs

seeds = st.integers(0, 10_000)


def on_whole_coordinates(star: shapely.Polygon) -> shapely.Geometry:
    """The star with its corners rounded; as it is where GEOS cannot round it."""
    try:
        return shapely.set_precision(star.buffer(0), 1)
    except shapely.GEOSException:
        return star


def polygons(seed: int) -> np.ndarray:
    """Stars of up to 200 corners, on whole coordinates for every second seed; crossing themselves too; with holes."""
    rng = np.random.default_rng(seed)
    found: list[shapely.Geometry] = []
    for corners in rng.integers(3, 200, 12):
        angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
        ring = rng.integers(0, 20, 2) + rng.uniform(0.2, 5, (corners, 1)) * np.c_[np.cos(angle), np.sin(angle)]
        star = shapely.Polygon(ring)
        found.append(on_whole_coordinates(star) if seed % 2 else star)
    holed = shapely.box(0, 0, 9, 9).difference(shapely.box(2, 2, 5, 5))
    several = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(3, 3, 4, 5)])
    return np.array([*found, holed, several, shapely.Polygon()], dtype=object)


@given(seeds, st.booleans())
def test_points_in_polygons(seed: int, whole: bool) -> None:
    rng = np.random.default_rng(seed)
    figures = polygons(seed)
    x, y = rng.integers(0, 20, (2, 200)).astype(float) if whole else rng.uniform(-1, 21, (2, 200))
    x[0], y[1] = np.nan, np.inf
    outlines = outlines_of(figures)
    point, polygon = (np.full(20_000, 77, dtype=np.int32) for _ in range(2))
    size = points_in_polygons(x, y, tuple(cells_of_boxes(outlines.bounds)), tuple(outlines), point, polygon)
    point, polygon = point[:size], polygon[:size]
    number = np.where(polygon < 0, -1 - polygon, polygon)
    assert sorted(zip(point, number, strict=True)) == list(zip(point, number, strict=True))
    certain = np.zeros((len(x), len(figures)), dtype=bool)
    certain[point[polygon >= 0], polygon[polygon >= 0]] = True
    doubtful = np.zeros_like(certain)
    doubtful[point[polygon < 0], number[polygon < 0]] = True
    expected = shapely.intersects_xy(figures[None], x[:, None], y[:, None])
    assert (certain == expected)[~doubtful].all()


@given(seeds)
def test_centres_of_many_polygons(seed: int) -> None:
    # The way through WKB frees them from the grid that GEOS would round their centres to.
    valid = shapely.from_wkb(shapely.to_wkb(shapely.make_valid(polygons(seed))))
    valid = valid[np.isin(shapely.get_type_id(valid), (3, 6)) & ~shapely.is_empty(valid)]
    flat = shapely.Polygon([(0, 0), (2, 0), (1, 0)])
    figures = np.array([*valid, flat, *shapely.transform(valid, lambda corners: corners + 1e6)], dtype=object)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(centres, "MANY", 0)
        patch.setattr(centres, "_AT_ONCE", 1 + seed % 9)
        found, areas = centres.centres_and_areas_of(np.append(figures, shapely.Polygon()))
    assert np.isnan(found[-1]).all()
    np.testing.assert_allclose(found[:-1], shapely.get_coordinates(shapely.centroid(figures)), rtol=1e-11, atol=1e-9)
    np.testing.assert_allclose(areas, [*shapely.area(figures), 0.0], rtol=1e-12)


def test_centres_of_geometries_of_several_kinds() -> None:
    figures = np.array([shapely.box(0, 0, 2, 4), shapely.LineString([(0, 0), (2, 0)]), shapely.Point(3, 4)] * 2000)
    found, areas = centres.centres_and_areas_of(figures)
    np.testing.assert_array_equal(found, [(1, 2), (1, 0), (3, 4)] * 2000)
    np.testing.assert_array_equal(areas, [8, 0, 0] * 2000)


def test_where_a_point_lies() -> None:
    outlines = tuple(outlines_of([shapely.box(0, 0, 2, 2).difference(shapely.box(0.5, 0.5, 1, 1))]))
    for x, y, where in [(1.5, 1.5, INSIDE), (0.7, 0.7, OUTSIDE), (0.5, 0.7, INSIDE), (2, 2, INSIDE), (1, 0, INSIDE)]:
        assert where_in(outlines, 0, float(x), float(y)) == where
    line = tuple(outlines_of([shapely.Polygon([(0, 0), (3, 1), (0, 1)])]))
    assert where_in(line, 0, 1.5, 0.5) in (INSIDE, UNCERTAIN)
    assert where_in(line, 0, np.nan, 0.5) == OUTSIDE


def test_pairs_that_find_no_room_are_counted() -> None:
    outlines = outlines_of([shapely.box(0, 0, 2, 2)] * 5)
    point, polygon = np.full(3, -7, dtype=np.int32), np.full(3, -7, dtype=np.int32)
    where = np.array([1.0, 1.5])
    assert (
        points_in_polygons(where, where, tuple(cells_of_boxes(outlines.bounds)), tuple(outlines), point, polygon) == 10
    )
    assert point.tolist() == [0, 0, 0]
    assert polygon.tolist() == [0, 1, 2]


@given(seeds)
def test_points_in_discs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    centres, radii = rng.integers(0, 20, (30, 2)).astype(float), rng.choice([1.0, 2.0, 5.0], 30)
    bounds = np.concatenate([centres - radii[:, None], centres + radii[:, None]], axis=1)
    x, y = rng.integers(-2, 23, (2, 100)).astype(float)
    point, disc = (np.empty(5000, dtype=np.int32) for _ in range(2))
    size = points_in_discs(x, y, tuple(cells_of_boxes(bounds)), centres, radii, point, disc)
    expected = (x[:, None] - centres[:, 0]) ** 2 + (y[:, None] - centres[:, 1]) ** 2 <= radii**2
    assert [*zip(point[:size], disc[:size], strict=True)] == [*zip(*np.nonzero(expected), strict=True)]


@given(seeds)
def test_the_cells_hold_every_box(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lower = rng.uniform(0, 100, (60, 2))
    boxes = np.c_[lower, lower + rng.lognormal(0, 2, (60, 2))]
    boxes[3] = np.nan
    cells = cells_of_boxes(boxes)
    x, y = rng.uniform(-20, 150, (2, 300))
    inside = (x[:, None] >= boxes[:, 0]) & (y[:, None] >= boxes[:, 1]) & (x[:, None] <= boxes[:, 2])
    inside &= y[:, None] <= boxes[:, 3]
    for point, box in np.argwhere(inside):
        cell = int((y[point] - cells.y) * cells.per_cell) * cells.columns + int((x[point] - cells.x) * cells.per_cell)
        assert box in cells.items[cells.start[cell] : cells.start[cell + 1]]
    order = gathered(x, y, tuple(cells))
    known = boxes[~np.isnan(boxes[:, 0])]
    within = (x >= known[:, 0].min()) & (x <= known[:, 2].max()) & (y >= known[:, 1].min()) & (y <= known[:, 3].max())
    assert sorted(order.tolist()) == np.flatnonzero(within).tolist()


@pytest.mark.parametrize("bounds", [np.full((2, 4), np.nan), np.zeros((0, 4)), np.array([[1.0, 2.0, 1.0, 2.0]] * 2)])
def test_cells_of_nothing_and_of_flat_boxes(bounds: np.ndarray) -> None:
    found = gathered(np.array([1.0]), np.array([2.0]), tuple(cells_of_boxes(bounds)))
    assert found.tolist() == ([0] if len(bounds) and not np.isnan(bounds).any() else [])


@given(seeds, st.booleans(), st.sampled_from([0, 200, 3000]))
def test_sums_of_pairs(seed: int, weighted: bool, pairs: int) -> None:
    rng = np.random.default_rng(seed)
    region, category = (rng.integers(0, size, pairs).astype(np.int32) for size in (30, 9))
    weight = rng.normal(size=pairs)
    found = sum_pairs(region, category, weight, 31, 10) if weighted else count_pairs(region, category, 31)
    matrix = csr_matrix(found[::-1], shape=(31, 10))
    values = weight if weighted else np.ones(pairs)
    expected = coo_matrix((values, (region, category)), shape=(31, 10)).tocsr()
    np.testing.assert_allclose(matrix.toarray(), expected.toarray(), atol=1e-12)
    assert matrix.nnz == expected.nnz
    assert matrix.has_sorted_indices


@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.uint32, np.int64, np.uint64])
def test_statistics_of_labels(dtype: type, background: bool) -> None:
    rng = np.random.default_rng(5)
    most = min(5000, int(np.iinfo(dtype).max))
    labels = rng.integers(0, most, (200, 60)).repeat(3, axis=1).repeat(2, axis=0).astype(dtype)
    pixels = rng.normal(10, 2, labels.shape)
    pixels.ravel()[::7] = np.nan
    ids, runs = ids_and_runs(labels, background=background)
    np.testing.assert_array_equal(ids, np.unique(labels)[0 if background else 1 :])
    count, total = sums_of_runs(*runs.fields, pixels, len(ids))
    least, greatest = bounds_of_runs(*runs.fields, pixels, len(ids))
    squares = squares_of_runs(*runs.fields, pixels, total / np.maximum(count, 1))
    labels, values = labels.ravel(), pixels.ravel()
    slots = np.where(background | (labels > 0), np.searchsorted(ids, labels), -1).astype(np.int32)
    by_pixel = totals_by_slot(slots, values, len(ids))
    for found, other in zip((count, total, least, greatest), by_pixel, strict=True):
        np.testing.assert_allclose(found, other)
    np.testing.assert_allclose(squares, squares_by_slot(slots, values, total / np.maximum(count, 1)))
    expected = pd.Series(values).groupby(labels).agg(["count", "sum", "min", "max", "var"]).loc[ids]
    np.testing.assert_array_equal(count, expected["count"])
    np.testing.assert_allclose(total, expected["sum"])
    several = count > 1
    np.testing.assert_allclose((squares / np.maximum(count - 1, 1))[several], expected["var"][several])
    np.testing.assert_allclose(np.where(count == 0, np.nan, least), expected["min"])
    np.testing.assert_allclose(np.where(count == 0, np.nan, greatest), expected["max"])


@given(seeds)
def test_areas_that_polygons_share(seed: int) -> None:
    rng = np.random.default_rng(seed)
    figures = [shapely.make_valid(one).buffer(0) for one in polygons(seed) if not one.is_empty]
    figures += [
        shapely.box(0, 0, 4, 4),
        shapely.box(4, 0, 8, 4),
        shapely.box(2, 4, 6, 5),
        shapely.box(0, 0, 8, 8).reverse(),
    ]
    shapes = np.array([one for one in figures if one.area > 0], dtype=object)
    shapes = shapely.transform(shapes, lambda xy: xy + np.array([1e4, -3e3]))
    first, second = (np.ascontiguousarray(axis.ravel()) for axis in np.indices((len(shapes), len(shapes))))
    second = rng.permutation(second)
    profiles = tuple(profiles_of(polygons_of(shapes)))
    found = shared_areas_of_profiles(profiles, profiles, first, second)
    expected = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-8)


def test_points_in_the_order_of_a_curve_are_gathered() -> None:
    side = np.arange(300.0)
    cells = tuple(cells_of_boxes(np.stack([side, side, side + 1, side + 1], axis=1)))
    along = np.linspace(0, 300, 20_000)
    assert are_gathered(along, along, cells)
    shuffled = np.random.default_rng(0).permutation(along)
    assert not are_gathered(shuffled, shuffled, cells)
    assert are_gathered(along[:0], along[:0], cells)


@given(seeds, st.booleans())
def test_pixels_of_points(seed: int, deep: bool) -> None:
    rng = np.random.default_rng(seed)
    axes = 3 if deep else 2
    columns = np.round(rng.uniform(-3, 12, (axes, 300)), seed % 3)
    # What lies at no place, far away, and on the border.
    columns[0, :4], columns[1, 4:8] = [np.nan, np.inf, -np.inf, 1e300], [-1e300, np.nan, -0.0, 0.0]
    linear, offset = np.round(rng.uniform(-2, 2, (axes, axes)), 1), np.round(rng.uniform(0, 3, axes), 1)
    shape = rng.integers(1, 12, axes)
    with np.errstate(invalid="ignore"):
        places = [offset[row] + linear[row, 0] * columns[0] + linear[row, 1] * columns[1] for row in range(axes)]
        if deep:
            places = [place + linear[row, 2] * columns[2] for row, place in enumerate(places)]
    inside = np.all([(place >= 0) & (place < size) for place, size in zip(places, shape, strict=True)], axis=0)
    numbers = [np.where(inside, place, 0).astype(np.int64) for place in places]
    expected = np.where(inside, np.ravel_multi_index(numbers, tuple(shape)), -1)
    onto = linear, offset, shape.astype(np.int64)
    answers = [pixels_of(tuple(columns), *onto)] + ([] if deep else [pixels_of_plane(*columns, *onto)])
    for pixel, first, last in answers:
        np.testing.assert_array_equal(pixel, expected)
        assert (first, last) == ((expected[inside].min(), expected.max()) if inside.any() else (0, -1))
        count = np.zeros(last - first + 1, dtype=np.uint32)
        count_into(count, pixel, first)
        np.testing.assert_array_equal(count, np.bincount(expected[inside] - first, minlength=len(count)))

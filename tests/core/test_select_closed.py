"""Half-open boxes, and rules for shapes, for every kind of element and any map along the axes; by brute force."""

from __future__ import annotations

import operator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialdata._core.elements import levels_of
from spatialdata.models import Image2DModel, Labels2DModel, Labels3DModel, PointsModel, ShapesModel
from spatialdata.ops.select import bounding_box_query, polygon_query, select
from spatialdata.regions import BoundingBox, PolygonRegion
from spatialdata.transformations import Affine

CLOSED = ("both", "left", "right", "neither")
XYZ = ("x", "y", "z")


@st.composite
def placings(draw: st.DrawFn, axes: int) -> np.ndarray:
    """A map that takes axes to axes, some of them backwards; all its numbers are exact in binary."""
    order = draw(st.permutations(range(2))) + ([2] if axes == 3 else [])
    factors = draw(st.lists(st.sampled_from([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0]), min_size=axes, max_size=axes))
    matrix = np.eye(axes + 1)
    matrix[:axes, :axes] = 0
    for row, (column, factor) in enumerate(zip(order, factors, strict=True)):
        matrix[row, column] = factor
    matrix[:axes, axes] = draw(st.lists(st.sampled_from([-1.5, 0.0, 0.5, 3.0]), min_size=axes, max_size=axes))
    return matrix


@st.composite
def boxes(draw: st.DrawFn, axes: int, matrix: np.ndarray, shape: tuple[int, ...]) -> BoundingBox:
    """A box whose bounds are edges and centres of pixels."""
    sides = []
    for row in matrix[:axes]:
        axis = int(np.flatnonzero(row[:axes])[0])
        edges = row[axis] * np.arange(-1, 2 * shape[::-1][axis] + 2) / 2 + row[axes]
        sides.append(sorted(draw(st.tuples(*[st.sampled_from(edges.tolist())] * 2))))
    lower, upper = np.array(sides).T
    closed = draw(st.sampled_from([None, *CLOSED]))
    return BoundingBox(
        target_coordinate_system="global", axes=XYZ[:axes], min_coordinate=lower, max_coordinate=upper, closed=closed
    )


def within(places: np.ndarray, box: BoundingBox, closed: str) -> np.ndarray:
    above = operator.ge if closed in ("both", "left") else operator.gt
    below = operator.le if closed in ("both", "right") else operator.lt
    return np.all(above(places, box.min_coordinate) & below(places, box.max_coordinate), axis=-1)


def centres(shape: tuple[int, ...], step: tuple[float, ...]) -> np.ndarray:
    """The pixel centres x, y(, z), of shape ``(*shape, axes)``, in pixels of the finest level."""
    grids = np.meshgrid(*[(np.arange(n) + 0.5) * s for n, s in zip(shape, step, strict=True)], indexing="ij")
    return np.stack(grids[::-1], axis=-1)


@settings(max_examples=40)
@given(st.data(), st.sampled_from([2, 3]))
def test_pixels_of_all_levels(data: st.DataObject, axes: int) -> None:
    shape = (4, 8, 12)[-axes:]
    matrix = data.draw(placings(axes))
    box = data.draw(boxes(axes, matrix, shape))
    names = XYZ[:axes]
    ids = np.arange(1, np.prod(shape) + 1).reshape(shape)
    model = Labels2DModel if axes == 2 else Labels3DModel
    labels = model.parse(ids, chunks=5, scale_factors=[2], transformations={"global": Affine(matrix, names, names)})
    found = select(labels, box)
    for number, level in enumerate(levels_of(labels)):
        step = tuple(a / b for a, b in zip(shape, level.shape, strict=True))
        world = centres(level.shape, step) @ matrix[:axes, :axes].T + matrix[:axes, axes]
        inside = within(world, box, box.closed or "both")
        kept = [] if found is None else levels_of(found)
        if not inside.any():
            assert len(kept) <= number
            break
        expected = level.values[tuple(slice(ax.min(), ax.max() + 1) for ax in np.nonzero(inside))]
        assert inside.sum() == expected.size
        np.testing.assert_array_equal(kept[number].values, expected)


@settings(max_examples=40)
@given(st.data(), st.sampled_from([2, 3]))
def test_points_and_centres_of_circles(data: st.DataObject, axes: int) -> None:
    matrix = data.draw(placings(axes))
    box = data.draw(boxes(axes, matrix, (4, 8, 12)[-axes:]))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    places = rng.integers(0, 48, (150, axes)) / 4
    placed = {"global": Affine(matrix, XYZ[:axes], XYZ[:axes])}
    world = places @ matrix[:axes, :axes].T + matrix[:axes, axes]
    points = PointsModel.parse(pd.DataFrame(places, columns=list(XYZ[:axes])), npartitions=2, transformations=placed)
    found = select(points, box)
    inside = np.flatnonzero(within(world, box, box.closed or "neither"))
    assert ([] if found is None else found.compute().index.tolist()) == inside.tolist()
    if axes == 2:
        circles = ShapesModel.parse(places, geometry=0, radius=1.0, transformations=placed)
        found = select(circles, box)
        inside = np.flatnonzero(within(world, box, box.closed or "both"))
        assert ([] if found is None else found.index.tolist()) == inside.tolist()


@given(st.integers(0, 10_000), st.sampled_from(["meets", "within", "centroid"]), st.booleans())
def test_rules_and_cuts_of_polygons(seed: int, rule: Any, clip: bool) -> None:
    """Of shapes with holes and parts, by a region with a hole, after an affine map."""
    rng = np.random.default_rng(seed)
    xy, size = rng.uniform(-6, 6, (30, 2)), rng.uniform(0.3, 4, 30)
    hulls = shapely.buffer(shapely.points(xy), size, quad_segs=3)
    holes = shapely.buffer(shapely.points(xy), size / 2, quad_segs=2)
    geometry = np.where(np.arange(30) % 2, shapely.difference(hulls, holes), hulls)
    geometry[::3] = [shapely.union_all([one, shapely.transform(one, lambda c: c + 9)]) for one in geometry[::3]]
    linear = rng.uniform(-2, 2, (2, 2)) + 3 * np.eye(2)
    offset = rng.uniform(-3, 3, 2)
    matrix = np.block([[linear, offset[:, None]], [np.zeros((1, 2)), np.ones((1, 1))]])
    shapes = ShapesModel.parse(
        gpd.GeoDataFrame({"n": np.arange(30)}, geometry=geometry, index=np.arange(30) + 7),
        transformations={"global": Affine(matrix, ("x", "y"), ("x", "y"))},
    )
    region = shapely.Point(4, 3).buffer(15, quad_segs=5).difference(shapely.Point(6, 2).buffer(5, quad_segs=4))
    world = shapely.transform(geometry, lambda c: c @ linear.T + offset)
    margin = {
        "meets": shapely.distance(world, region),
        "within": shapely.area(shapely.difference(world, region)),
        "centroid": shapely.distance(shapely.centroid(world), region),
    }[rule]
    if ((margin > 0) & (margin < 1e-7)).any():
        return
    found = select(shapes, PolygonRegion(target_coordinate_system="global", polygon=region), rule=rule, clip=clip)
    expected = np.flatnonzero(margin == 0) if rule != "within" else np.flatnonzero(margin < 1e-7)
    kept = [] if found is None else found["n"].tolist()
    if clip:
        areas = shapely.area(shapely.intersection(world, region))
        expected = expected[areas[expected] > 0]
        moved = shapely.transform(found.geometry.to_numpy(), lambda c: c @ linear.T + offset) if kept else np.array([])
        np.testing.assert_allclose(shapely.area(moved), areas[expected], rtol=1e-7, atol=1e-9)
    assert kept == expected.tolist()
    if found is not None:
        assert found.index.tolist() == (expected + 7).tolist()


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([None, [2], [2, 2]]))
def test_polygons_cut_out_of_volumes_with_levels(seed: int, factors: list[int] | None) -> None:
    """Each level is masked by the centres of its own pixels, on all planes."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(1, 1000, (4, 16, 16))
    angle = rng.uniform(0, 2 * np.pi)
    matrix = np.eye(4)
    matrix[:2, :2] = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * rng.uniform(0.5, 2)
    matrix[2, 2], matrix[:3, 3] = 3.0, rng.uniform(-5, 5, 3)
    volume = Labels3DModel.parse(
        ids, chunks=5, scale_factors=factors, transformations={"global": Affine(matrix, XYZ, XYZ)}
    )
    middle = matrix[:2, :2] @ [8, 8] + matrix[:2, 3]
    region = shapely.Point(middle).buffer(rng.uniform(3, 12), quad_segs=4)
    region = region.difference(shapely.Point(middle + rng.uniform(-2, 2, 2)).buffer(2, quad_segs=3))
    found = polygon_query(volume, region, "global")
    if found is None:
        return
    for before, after in zip(levels_of(volume), levels_of(found), strict=False):
        step = 16 / before.shape[1]
        world = centres(before.shape[1:], (step, step)) @ matrix[:2, :2].T + matrix[:2, 3]
        inside = shapely.intersects_xy(region, world[..., 0], world[..., 1])
        expected = np.where(inside, before.values, 0)
        assert after.shape[0] == before.shape[0]
        np.testing.assert_array_equal(_filled(after.values), _filled(expected))


def _filled(labels: np.ndarray) -> np.ndarray:
    """The rectangle around what is not background."""
    places = np.argwhere(labels)
    if not len(places):
        return labels[:0]
    return labels[tuple(slice(low, high + 1) for low, high in zip(places.min(axis=0), places.max(axis=0), strict=True))]


@pytest.mark.parametrize("closed", CLOSED)
def test_boxes_side_by_side_share_pixels_only_if_both_bounds_belong(closed: Any) -> None:
    """Also where the axis runs backwards."""
    for factor in (1.0, -1.0):
        placed = {"global": Affine([[factor, 0, 0], [0, 1, 0], [0, 0, 1]], ("x", "y"), ("x", "y"))}
        image = Image2DModel.parse(np.arange(1.0, 9.0).reshape(1, 1, 8), transformations=placed)
        ends = np.array([0.5, 2.5, 5.5, 7.5]) * factor
        taken = [
            select(
                image,
                BoundingBox(
                    target_coordinate_system="global", axes=("x",), min_coordinate=[low], max_coordinate=[high],
                    closed=closed,
                ),
            ).values.ravel()
            for low, high in (sorted(ends[i : i + 2]) for i in range(3))
        ]  # fmt: skip
        number = {"both": 10, "left": 7, "right": 7, "neither": 4}[closed]
        assert sum(map(len, taken)) == number
        missing = {"left": {-1: 1.0, 1: 8.0}, "right": {-1: 8.0, 1: 1.0}}.get(closed, {}).get(int(factor))
        if missing is not None:
            assert missing not in np.concatenate(taken)


@pytest.mark.parametrize("closed", ["both", "left", "right", "neither"])
@pytest.mark.parametrize(("scale", "offset"), [(0.2125, 0.3), (1 / 3, 1e7 + 0.1), (7.0, -5.5), (1e-6, 0.3)])
@pytest.mark.parametrize("turn", ["none", "mirrored", "quarter"])
def test_pixels_on_a_bound_are_those_whose_centres_are(closed: Any, scale: float, offset: float, turn: str) -> None:
    linear = {"none": np.eye(2), "mirrored": np.diag([-1.0, 1.0]), "quarter": np.array([[0.0, -1.0], [1.0, 0.0]])}[turn]
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = linear * scale, offset
    place = {"world": Affine(matrix, ("x", "y"), ("x", "y"))}
    centres = np.stack(np.meshgrid(np.arange(9) + 0.5, np.arange(9) + 0.5), axis=-1).reshape(-1, 2)
    labels = Labels2DModel.parse(np.arange(1, 82).reshape(9, 9), transformations=place)
    frame = pd.DataFrame({"x": centres[:, 0], "y": centres[:, 1], "id": np.arange(1, 82)})
    points = PointsModel.parse(frame, transformations=place)
    # The bounds are places of centres to the last bit.
    world = np.stack(
        [matrix[k, 2] + matrix[k, 0] * centres[:, 0] + matrix[k, 1] * centres[:, 1] for k in (0, 1)], axis=1
    )
    for lower, upper in ((world[20], world[60]), (world[3], world[77]), (world[40], world[40])):
        low, high = np.minimum(lower, upper), np.maximum(lower, upper)
        above = world >= low if closed in ("both", "left") else world > low
        below = world <= high if closed in ("both", "right") else world < high
        expected = np.flatnonzero((above & below).all(axis=1)) + 1
        pixels = bounding_box_query(labels, ("x", "y"), low, high, "world", closed=closed)
        found = bounding_box_query(points, ("x", "y"), low, high, "world", closed=closed)
        assert ([] if pixels is None else sorted(pixels.values.ravel().tolist())) == expected.tolist()
        assert ([] if found is None else found.compute()["id"].tolist()) == expected.tolist()

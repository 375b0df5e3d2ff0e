"""Aggregation against brute force with shapely, numpy and pandas."""

from __future__ import annotations

import itertools
from typing import Any

import anndata as ad
import dask.dataframe as dd
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, issparse

from spatialdata import SpatialData, aggregate
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.models.kind import Kind, kind_of
from spatialdata.ops import pairs
from spatialdata.ops.aggregate_pairs import AGGREGATE
from spatialdata.ops.circle_area import circle_circle_area, circle_polygon_area
from spatialdata.ops.figures import Figures
from spatialdata.testing import assert_elements_are_identical
from spatialdata.transformations import Affine, Identity, Scale, get_transformation

seeds = st.integers(0, 10_000)
TURN = Affine([[0.6, -0.8, 5], [0.8, 0.6, -2], [0, 0, 1]], ("x", "y"), ("x", "y"))


def star(rng: np.random.Generator, centre: np.ndarray, size: float) -> shapely.Polygon:
    angle = np.sort(rng.uniform(0, 2 * np.pi, 9))
    ring = centre + rng.uniform(0.3, 1, 9)[:, None] * size * np.c_[np.cos(angle), np.sin(angle)]
    return shapely.make_valid(shapely.Polygon(ring)).buffer(0)


def stars(seed: int, n: int = 15, size: float = 3.0) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    shapes = [star(rng, rng.uniform(0, 10, 2), size) for _ in range(n)]
    shapes = [s if s.area > 1e-3 else shapely.box(0, 0, 1, 1) for s in shapes]
    return gpd.GeoDataFrame(
        {"kind": pd.Categorical(rng.choice(["a", "b", "c"], n), ["c", "a", "b", "never"]), "v": rng.normal(size=n)},
        geometry=shapes,
        index=[f"s{i}" for i in range(n)],
    )


# areas


@given(seeds, st.floats(0.01, 8))
def test_area_of_circle_and_polygon(seed: int, radius: float) -> None:
    rng = np.random.default_rng(seed)
    hollow = shapely.box(-4, -3, 5, 4).difference(shapely.box(-1, -1, 2, 2))
    many = shapely.MultiPolygon([shapely.box(-5, -5, -1, -1), hollow.difference(shapely.box(-5, -5, -1, -1)).buffer(0)])
    figures = np.array(
        [star(rng, rng.normal(size=2), 4), hollow, shapely.box(-1, -1, 1, 1).reverse(), many.convex_hull], dtype=object
    )
    if isinstance(many, shapely.MultiPolygon) and many.is_valid:
        figures = np.append(figures, many)
    centres = rng.normal(size=(len(figures), 2)) * 3
    found = circle_polygon_area(centres, np.full(len(figures), radius), figures)
    discs = shapely.buffer(shapely.points(centres), radius, quad_segs=4096)
    np.testing.assert_allclose(
        found, shapely.area(shapely.intersection(discs, figures)), rtol=1e-6, atol=1e-6 * radius**2
    )


def test_special_positions_of_circle_and_polygon() -> None:
    square = shapely.box(-1, -1, 1, 1)
    cases = [
        ((0, 0), 1.0, np.pi),  # inscribed
        ((0, 0), np.sqrt(2), 4.0),  # circumscribed
        ((0, 0), 0.5, np.pi / 4),
        ((0, 0), 100.0, 4.0),
        ((1, 1), 1.0, np.pi / 4),  # centre on a corner
        ((1, 0), 0.5, np.pi / 8),  # centre on an edge
        ((2, 0), 1.0, 0.0),  # touching
        ((9, 9), 1.0, 0.0),
    ]
    for centre, radius, area in cases:
        found = circle_polygon_area(np.array([centre], dtype=float), np.array([radius]), np.array([square]))
        assert found[0] == pytest.approx(area, abs=1e-12)


def test_area_far_from_the_origin_keeps_its_digits() -> None:
    near = circle_polygon_area(np.array([[0.3, 0.2]]), np.array([1.0]), np.array([shapely.box(0, 0, 1, 1)]))
    far = circle_polygon_area(
        np.array([[1e6 + 0.3, 1e6 + 0.2]]), np.array([1.0]), np.array([shapely.box(1e6, 1e6, 1e6 + 1, 1e6 + 1)])
    )
    assert far[0] == pytest.approx(near[0], rel=1e-9)


@given(st.floats(0, 6), st.floats(0.01, 3), st.floats(0.01, 3))
def test_area_of_two_circles(distance: float, r: float, s: float) -> None:
    a, b = (shapely.Point(x, 0).buffer(radius, quad_segs=4096) for x, radius in ((0, r), (distance, s)))
    found = circle_circle_area(np.array([distance]), np.array([r]), np.array([s]))
    assert found[0] == pytest.approx(a.intersection(b).area, rel=1e-5, abs=1e-6)


# points by shapes


def molecules(seed: int, n: int = 300, partitions: int = 3) -> tuple[pd.DataFrame, Any]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "x": rng.uniform(-1, 11, n),
            "y": rng.uniform(-1, 11, n),
            "gene": pd.Categorical(rng.choice(list("abc"), n), ["c", "b", "a", "unseen"]),
            "qv": rng.normal(size=n).astype(np.float32),
            "n": rng.integers(0, 9, n),
        }
    )
    frame.loc[3, "qv"] = np.nan
    return frame, PointsModel.parse(dd.from_pandas(frame, npartitions=partitions), feature_key="gene")


def hits_of(frame: pd.DataFrame, shapes: gpd.GeoDataFrame) -> list[np.ndarray]:
    points = shapely.points(frame["x"], frame["y"])
    if "radius" in shapes:
        return [shapely.distance(points, g) <= r for g, r in zip(shapes.geometry, shapes.radius, strict=True)]
    return [shapely.intersects(points, g) for g in shapes.geometry]


def regions(seed: int, kind: str) -> gpd.GeoDataFrame:
    if kind == "polygons":
        return ShapesModel.parse(stars(seed))
    rng = np.random.default_rng(seed)
    return ShapesModel.parse(
        rng.uniform(0, 10, (15, 2)), geometry=0, radius=rng.uniform(0.2, 3, 15), index=range(5, 20)
    )


@pytest.mark.parametrize("kind", ["polygons", "circles"])
@pytest.mark.parametrize("func", ["count", "sum"])
def test_counts_of_categories(kind: str, func: str) -> None:
    frame, points = molecules(1)
    by = regions(2, kind)
    table = aggregate(points, by, agg_func=func)["table"]
    expected = [
        frame["gene"][hit].value_counts(sort=False).reindex(["c", "b", "a", "unseen"]).tolist()
        for hit in hits_of(frame, by)
    ]
    assert table.var_names.tolist() == ["c", "b", "a", "unseen"]
    assert isinstance(table.X, csr_matrix)
    assert np.issubdtype(table.X.dtype, np.integer)
    np.testing.assert_array_equal(table.X.toarray(), expected)
    assert (table.X.data != 0).all()
    assert table.obs_names.tolist() == [str(name) for name in by.index]
    assert table.obs["instance_id"].tolist() == by.index.tolist()
    assert table.obs["instance_id"].dtype == by.index.dtype
    assert table.uns["spatialdata_attrs"] == {"region": "by", "region_key": "region", "instance_key": "instance_id"}


@pytest.mark.parametrize("func", ["sum", "mean", "count", "min", "max", "std", "var", "median"])
def test_statistics_of_numbers(func: str) -> None:
    frame, points = molecules(3)
    by = regions(4, "polygons")
    table = aggregate(points, by, value_key=["qv", "n"], agg_func=func)["table"]
    expected = np.array([frame.loc[hit, ["qv", "n"]].astype(float).agg(func) for hit in hits_of(frame, by)])
    empty = np.array([not hit.any() for hit in hits_of(frame, by)])
    expected[empty] = 0
    np.testing.assert_allclose(table.X.toarray(), expected, rtol=1e-5, atol=1e-6)


@given(seeds, st.integers(1, 5))
def test_the_answer_does_not_depend_on_partitions(seed: int, partitions: int) -> None:
    by = regions(seed, "circles")
    _, one = molecules(seed, 100, 1)
    _, several = molecules(seed, 100, partitions)
    for arguments in ({}, {"value_key": "n", "agg_func": "std"}):
        a, b = (aggregate(points, by, **arguments)["table"].X.toarray() for points in (one, several))
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_points_on_the_border_and_on_several_regions_count_in_each() -> None:
    points = PointsModel.parse(np.array([[1.0, 0.5], [1.0, 1.0], [5.0, 5.0], [6.0, 5.0]]))
    squares = ShapesModel.parse(gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]))
    table = aggregate(points, squares)["table"]
    assert table.X.toarray().tolist() == [[2], [2]]
    assert table.var_names.tolist() == ["__ones_column_aggregate"]
    circles = ShapesModel.parse(np.array([[5.0, 5.0], [6.0, 5.0]]), geometry=0, radius=1.0)
    assert aggregate(points, circles)["table"].X.toarray().tolist() == [[2], [2]]


def test_holes_are_outside() -> None:
    ring = shapely.box(0, 0, 9, 9).difference(shapely.box(3, 3, 6, 6))
    points = PointsModel.parse(np.array([[1.0, 1.0], [4.0, 4.0]]))
    by = ShapesModel.parse(gpd.GeoDataFrame(geometry=[ring]))
    assert aggregate(points, by)["table"].X.toarray().tolist() == [[1]]


def test_strings_and_partitions_with_categories_of_their_own() -> None:
    parts = [pd.DataFrame({"x": [0.0, 0.1], "y": [0.0, 0.0], "g": g}) for g in (["b", "a"], ["c", "a"])]
    frame = dd.concat([dd.from_pandas(part.astype({"g": "category"}), npartitions=1) for part in parts])
    points = PointsModel.parse(frame)
    by = ShapesModel.parse(np.zeros((1, 2)), geometry=0, radius=1.0)
    table = aggregate(points, by, value_key="g", agg_func="count")["table"]
    assert dict(zip(table.var_names, table.X.toarray()[0].tolist(), strict=True)) == {"a": 2, "b": 1, "c": 1}
    plain = PointsModel.parse(pd.concat(parts, ignore_index=True))
    table = aggregate(plain, by, value_key="g", agg_func="count")["table"]
    assert table.var_names.tolist() == ["a", "b", "c"]
    assert table.X.toarray().tolist() == [[2, 1, 1]]


def test_different_coordinate_systems_are_brought_together() -> None:
    frame, _ = molecules(5)
    by = regions(6, "polygons")
    expected = aggregate(PointsModel.parse(frame, feature_key="gene"), by)["table"].X.toarray()
    systems = {"um": TURN, "global": Identity()}
    inverse = frame.copy()
    back = TURN.inverse().to_affine_matrix(("x", "y"), ("x", "y"))
    inverse[["x", "y"]] = frame[["x", "y"]].to_numpy() @ back[:2, :2].T + back[:2, 2]
    points = PointsModel.parse(inverse, feature_key="gene", transformations=systems)
    half = by.copy()
    half["geometry"] = by.geometry.affine_transform([0.5, 0, 0, 0.5, 0, 0])
    half.attrs = {}
    half = ShapesModel.parse(half, transformations={"um": Scale([2.0, 2.0], ("x", "y"))})
    result = aggregate(points, half, target_coordinate_system="um")
    np.testing.assert_array_equal(result["table"].X.toarray(), expected)
    assert get_transformation(result["by"], get_all=True) == {"um": Identity()}
    np.testing.assert_allclose(result["by"].geometry.area, by.geometry.area)


# shapes by shapes


def figures(shapes: gpd.GeoDataFrame) -> list[Any]:
    if "radius" in shapes:
        return [g.buffer(r, quad_segs=2048) for g, r in zip(shapes.geometry, shapes.radius, strict=True)]
    return list(shapes.geometry)


def fractions_of(values: gpd.GeoDataFrame, by: gpd.GeoDataFrame) -> np.ndarray:
    return np.array([[v.intersection(b).area / v.area for v in figures(values)] for b in figures(by)])


@pytest.mark.parametrize(("value", "region"), list(itertools.product(["polygons", "circles"], repeat=2)))
def test_fractions_of_areas(value: str, region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "_VALUES_AT_ONCE", 3)
    values, by = regions(7, value), regions(8, region)
    rng = np.random.default_rng(9)
    values["kind"] = pd.Categorical(rng.choice(["a", "b"], len(values)), ["b", "a"])
    values["v"] = rng.uniform(1, 2, len(values))
    weight = fractions_of(values, by)
    table = aggregate(values, by, value_key="kind", fractions=True)["table"]
    expected = np.stack([weight[:, values["kind"] == name].sum(axis=1) for name in ("b", "a")], axis=1)
    np.testing.assert_allclose(table.X.toarray(), expected, rtol=1e-5, atol=1e-6)
    assert table.var_names.tolist() == ["b", "a"]
    table = aggregate(values, by, value_key="v", fractions=True)["table"]
    np.testing.assert_allclose(table.X.toarray()[:, 0], weight @ values["v"], rtol=1e-5, atol=1e-6)
    table = aggregate(values, by, value_key="v", fractions=True, agg_func="max")["table"]
    np.testing.assert_allclose(
        table.X.toarray()[:, 0], (weight * values["v"].to_numpy()).max(axis=1), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_areas_that_few_and_many_share(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "_VALUES_AT_ONCE", 2)
    corners = np.random.default_rng(count).uniform(0, 4, (count + 3, 2))
    boxes = shapely.box(*corners.T, *(corners + 2).T)
    boxes[0] = shapely.Polygon([(0, 0), (3, 0), (3, 3), (0, 3)], holes=[[(1, 1), (2, 1), (2, 2), (1, 2)]])
    boxes[1] = shapely.MultiPolygon([shapely.box(0, 0, 1, 4), shapely.box(2, 0, 3, 4)])
    few, many = (Figures(part, np.zeros((0, 2)), None) for part in (boxes[:count], boxes))
    for values, by in ((few, many), (many, few)):
        value, region = pairs.pairs_of_shapes(values, by)
        meets = shapely.intersects(values.geometry[:, None], by.geometry)
        np.testing.assert_array_equal(np.stack([value, region]), np.nonzero(meets))
        order = np.random.default_rng(0).permutation(len(value))
        found = pairs.shared_areas(values, by, value[order], region[order])
        expected = shapely.area(shapely.intersection(values.geometry[:, None], by.geometry))[value, region]
        np.testing.assert_allclose(found, expected[order], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("value", "region"), list(itertools.product(["polygons", "circles"], repeat=2)))
def test_shapes_that_meet_count(value: str, region: str) -> None:
    values, by = regions(10, value), regions(11, region)
    meet = np.array([[v.intersects(b) for v in figures(values)] for b in figures(by)])
    table = aggregate(values, by)["table"]
    np.testing.assert_array_equal(table.X.toarray()[:, 0], meet.sum(axis=1))


def test_touching_circles_meet_and_share_no_area() -> None:
    values = ShapesModel.parse(np.array([[0.0, 0.0]]), geometry=0, radius=1.0)
    by = ShapesModel.parse(np.array([[2.0, 0.0], [5.0, 0.0]]), geometry=0, radius=1.0)
    assert aggregate(values, by)["table"].X.toarray().tolist() == [[1], [0]]
    assert aggregate(values, by, fractions=True)["table"].X.nnz == 0


def test_fractions_of_a_partition_add_up_to_one() -> None:
    values = regions(12, "circles")
    grid = [shapely.box(x, y, x + 5, y + 5) for x, y in itertools.product(range(-10, 20, 5), repeat=2)]
    table = aggregate(values, ShapesModel.parse(gpd.GeoDataFrame(geometry=grid)), fractions=True)["table"]
    assert table.X.sum() == pytest.approx(len(values), rel=1e-12)


def test_buffer_resolution_is_honoured() -> None:
    values = ShapesModel.parse(np.array([[0.0, 0.0]]), geometry=0, radius=1.0)
    by = ShapesModel.parse(gpd.GeoDataFrame(geometry=[shapely.box(0.5, -2, 2, 2)]))
    exact = aggregate(values, by, fractions=True)["table"].X[0, 0]
    segment = (np.arccos(0.5) - 0.5 * np.sqrt(0.75)) / np.pi
    assert exact == pytest.approx(segment, rel=1e-12)
    for resolution in (1, 4):
        disc = shapely.Point(0, 0).buffer(1, quad_segs=resolution)
        coarse = aggregate(values, by, fractions=True, buffer_resolution=resolution)["table"].X[0, 0]
        assert coarse == pytest.approx(disc.intersection(by.geometry[0]).area / disc.area)


# values from a table


def annotated() -> SpatialData:
    rng = np.random.default_rng(0)
    cells = ShapesModel.parse(rng.uniform(0, 10, (8, 2)), geometry=0, radius=1.0, index=range(100, 108))
    spots = ShapesModel.parse(rng.uniform(0, 10, (5, 2)), geometry=0, radius=3.0)
    order = rng.permutation(8)
    obs = pd.DataFrame(
        {
            "region": pd.Categorical(["cells"] * 8),
            "cell": 100 + order,
            "type": pd.Categorical(rng.choice(["T", "B"], 8)),
        },
        index=[f"r{i}" for i in range(8)],
    )
    table = ad.AnnData(csr_matrix(rng.poisson(2, (8, 3)).astype(np.float32)), obs=obs)
    table.var_names = ["g0", "g1", "g2"]
    table = TableModel.parse(table, "cells", "region", "cell")
    return SpatialData(shapes={"cells": cells, "spots": spots}, tables={"annotation": table})


def test_values_of_the_table_are_matched_by_id() -> None:
    sdata = annotated()
    weight = fractions_of(sdata["cells"], sdata["spots"])
    rows = sdata["annotation"].to_df().set_axis(sdata["annotation"].obs["cell"]).loc[sdata["cells"].index]
    result = sdata.aggregate(
        values="cells", by="spots", value_key=["g2", "g0"], fractions=True, table_name="annotation"
    )
    table = result["annotation"]
    np.testing.assert_allclose(table.X.toarray(), weight @ rows[["g2", "g0"]].to_numpy(), rtol=1e-5, atol=1e-5)
    assert table.var_names.tolist() == ["g2", "g0"]
    assert "spots" in result
    assert table.uns["spatialdata_attrs"]["region"] == "spots"
    types = sdata["annotation"].obs.set_index("cell")["type"].loc[sdata["cells"].index]
    table = sdata.aggregate(values="cells", by="spots", value_key="type", fractions=True, table_name="annotation")[
        "annotation"
    ]
    for name in table.var_names:
        np.testing.assert_allclose(
            table[:, name].X.toarray()[:, 0], weight[:, types == name].sum(axis=1), rtol=1e-5, atol=1e-6
        )


def test_a_table_that_annotates_something_else_is_not_searched() -> None:
    sdata = annotated()
    sdata["spots"]["type"] = 1.0
    counted = sdata.aggregate(values="spots", by="cells", value_key="type", table_name="annotation")["annotation"]
    plain = sdata.aggregate(values="spots", by="cells", value_key="type")["table"]
    np.testing.assert_array_equal(counted.X.toarray(), plain.X.toarray())
    with pytest.raises(ValueError, match="does not annotate 'spots'"):
        sdata.aggregate(values="spots", by="cells", value_key="g0", table_name="annotation")
    with pytest.raises(ValueError, match="'g0' not found"):
        sdata.aggregate(values="spots", by="cells", value_key="g0")


def test_values_without_a_row_are_counted_in_a_warning() -> None:
    sdata = annotated()
    sdata["annotation"] = sdata["annotation"][:5].copy()
    with pytest.warns(UserWarning, match="3 of 8 values have no row"):
        sdata.aggregate(values="cells", by="spots", value_key="g0", table_name="annotation")


# images by labels


@pytest.mark.parametrize("funcs", [["mean"], ["sum", "count", "min", "max", "var", "median"]])
@pytest.mark.parametrize("multiscale", [False, True])
def test_pixels_of_labels(funcs: list[str], multiscale: bool) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.normal(size=(2, 20, 24))
    ids = np.array([0, 3, 70_000, 5])[rng.integers(0, 4, (20, 24))]
    factors = [2] if multiscale else None
    image = Image2DModel.parse(
        pixels, c_coords=["r", "g"], chunks=(1, 7, 9) if not multiscale else None, scale_factors=factors
    )
    labels = Labels2DModel.parse(ids, chunks=(8, 24) if not multiscale else None, scale_factors=factors)
    table = aggregate(image, labels, agg_func=funcs)["table"]
    assert table.obs["instance_id"].tolist() == [3, 5, 70_000]
    assert table.var_names.tolist() == [f"channel_{c}_{f}" for c in "rg" for f in funcs]
    expected = np.array([pd.DataFrame(pixels[:, ids == i].T).agg(funcs).to_numpy().T.ravel() for i in (3, 5, 70_000)])
    np.testing.assert_allclose(table.X.toarray(), expected, rtol=1e-9)


def test_labels_without_background() -> None:
    table = aggregate(Image2DModel.parse(np.ones((1, 2, 2))), Labels2DModel.parse(np.array([[1, 1], [2, 2]])))["table"]
    assert table.X.toarray().tolist() == [[2], [2]]


# arguments


def test_every_pair_of_kinds_is_handled_or_refused() -> None:
    elements = [
        Image2DModel.parse(np.ones((1, 4, 4))),
        Labels2DModel.parse(np.ones((4, 4), dtype=int)),
        molecules(0)[1],
        ShapesModel.parse(np.zeros((1, 2)), geometry=0, radius=1.0),
    ]
    for values, by in itertools.product(elements, repeat=2):
        pair = (kind_of(values), kind_of(by))
        other = by.copy()
        if pair in AGGREGATE:
            table = aggregate(values, other)["table"]
            assert issparse(table.X)
        else:
            with pytest.raises(NotImplementedError, match="cannot be aggregated by"):
                aggregate(values, other)
    assert {kind for pair in AGGREGATE for kind in pair} <= set(Kind)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"value_key": "gen"}, ValueError, "'gen' not found"),
        ({"value_key": ["gene", "qv"]}, ValueError, "calls of their own"),
        ({"agg_func": "median"}, ValueError, "no order and no size.*not 'median'"),
        ({"agg_func": ["sum", "max"]}, ValueError, "'mode', 'nunique', not 'sum', 'max'"),
        ({"agg_func": "average"}, ValueError, "must be one of"),
        ({"agg_func": "quantile(1.5)"}, ValueError, "p from 0 to 1"),
        ({"value_key": "qv", "agg_func": []}, ValueError, "at least one"),
        ({"value_key": "qv", "agg_func": ["sum", "sum"]}, ValueError, "each once"),
        ({"value_key": "qv", "agg_func": np.ptp, "weights": "qv"}, ValueError, "of your own.*'ptp'"),
        ({"fractions": True}, ValueError, "no area"),
        ({"target_coordinate_system": "nowhere"}, ValueError, "'nowhere'"),
        ({"values": "points"}, ValueError, "values_sdata"),
        ({"banana": 1}, TypeError, "banana"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    points, by = molecules(0)[1], regions(0, "circles")
    with pytest.raises(error, match=message):
        aggregate(**{"values": points, "by": by, **arguments})


def test_bad_elements() -> None:
    circles = regions(0, "circles")
    twice = circles.set_axis([1] * len(circles))
    twice.attrs = circles.attrs
    with pytest.raises(ValueError, match="unique"):
        aggregate(molecules(0)[1], twice)
    flat = ShapesModel.parse(gpd.GeoDataFrame(geometry=[shapely.Polygon([(4, 4), (6, 6), (4, 4)])]))
    with pytest.raises(ValueError, match="1 shapes have no area"):
        aggregate(flat, ShapesModel.parse(gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 9, 9)])), fractions=True)
    sdata = SpatialData(shapes={"circles": circles})
    with pytest.raises(KeyError, match="'circle'"):
        sdata.aggregate(values="circle", by="circles")


def test_elements_may_be_given_with_their_object() -> None:
    sdata = annotated()
    ask = {"value_key": "g0", "values_sdata": sdata, "table_name": "annotation"}
    by_name = aggregate("cells", sdata["spots"], **ask)
    by_element = aggregate(sdata["cells"], sdata["spots"], **ask)
    np.testing.assert_array_equal(by_name["annotation"].X.toarray(), by_element["annotation"].X.toarray())
    with pytest.raises(ValueError, match="not in values_sdata"):
        aggregate(regions(0, "circles"), sdata["spots"], **ask)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"value_key": "c"}, ValueError, "no channel 'c'"),
        ({"weights": "c"}, ValueError, "no channel 'c'"),
        ({"agg_func": ["mean", "average"]}, ValueError, "'average'"),
    ],
)
def test_arguments_that_are_not_for_pixels(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        aggregate(Image2DModel.parse(np.ones((1, 4, 4))), Labels2DModel.parse(np.ones((4, 4), dtype=int)), **arguments)


def test_counts_are_merged_when_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    by, (_, points) = regions(2, "circles"), molecules(1)
    expected = aggregate(points, by)["table"].X.toarray()
    monkeypatch.setattr("spatialdata.ops.accumulate._PAIRS_AT_ONCE", 3)
    monkeypatch.setattr("spatialdata.ops.aggregate_vector._POINTS_AT_ONCE", 20)
    np.testing.assert_array_equal(aggregate(points, by)["table"].X.toarray(), expected)


@pytest.mark.parametrize("func", ["median", "mean", "std", "min"])
def test_without_a_hit_everything_is_zero(func: str) -> None:
    far = ShapesModel.parse(np.array([[900.0, 900.0]]), geometry=0, radius=1.0)
    assert aggregate(molecules(0)[1], far, value_key="qv", agg_func=func)["table"].X.toarray().tolist() == [[0]]


def test_one_value_has_no_deviation() -> None:
    points = PointsModel.parse(pd.DataFrame({"x": [0.0], "y": [0.0], "v": [3.0]}))
    by = ShapesModel.parse(np.zeros((1, 2)), geometry=0, radius=1.0)
    assert np.isnan(aggregate(points, by, value_key="v", agg_func="std")["table"].X.toarray()).all()


def test_nothing_of_the_input_changes() -> None:
    frame, points = molecules(0)
    by = regions(0, "circles")
    twin = by.copy()
    twin.attrs = {"transform": {"global": Identity()}}
    result = aggregate(points, by, deepcopy=False)
    assert result["by"] is by
    copied = aggregate(points, by)["by"]
    assert copied is not by
    assert_elements_are_identical(copied, by)
    assert_elements_are_identical(by, twin)
    pd.testing.assert_frame_equal(points.compute().reset_index(drop=True), frame.assign(gene=frame["gene"]))

"""Aggregation of every pair of kinds, on different grids, in 2D and 3D, against brute force with numpy and shapely."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from anndata import AnnData
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from spatialdata import SpatialData, aggregate
from spatialdata.models import (
    Image2DModel,
    Image3DModel,
    Labels2DModel,
    Labels3DModel,
    PointsModel,
    ShapesModel,
    TableModel,
)
from spatialdata.transformations import Affine, Scale, Sequence, Translation

seeds = st.integers(0, 10_000)
IDS = np.array([0, 3, 70_000, 5])


def labels_of(seed: int, shape: tuple[int, ...] = (12, 15)) -> np.ndarray:
    return IDS[np.random.default_rng(seed).integers(0, 4, shape)]


def turned(seed: int) -> Affine:
    rng = np.random.default_rng(seed)
    angle, size = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 2)
    c, s = size * np.cos(angle), size * np.sin(angle)
    return Affine([[c, -s, 7.1], [s, c, -3.3], [0, 0, 1]], ("x", "y"), ("x", "y"))


def centres(shape: tuple[int, int], matrix: np.ndarray) -> np.ndarray:
    """The centres of all pixels in the world, as rows x, y."""
    y, x = np.indices(shape)
    return (matrix @ np.stack([x.ravel() + 0.5, y.ravel() + 0.5, np.ones(x.size)]))[:2]


def under(points: np.ndarray, array: np.ndarray, matrix: np.ndarray, outside: float) -> np.ndarray:
    """The pixel under each point of the world."""
    x, y = np.floor((np.linalg.inv(matrix) @ np.vstack([points, np.ones(points.shape[1])]))[:2]).astype(int)
    inside = (x >= 0) & (y >= 0) & (x < array.shape[1]) & (y < array.shape[0])
    found = array[np.clip(y, 0, array.shape[0] - 1), np.clip(x, 0, array.shape[1] - 1)]
    return np.where(inside, found, outside)


def by_label(labels: np.ndarray, values: np.ndarray, func: Any) -> list[float]:
    """One function of the values of each label; 0 for labels without a value."""
    groups = [values[(labels == label) & ~np.isnan(values)] for label in np.unique(IDS[1:])]
    return [float(func(group)) if len(group) else 0.0 for group in groups]


# images by labels


@given(seeds, st.sampled_from([0.25, 0.5, 1.0, 1.7, 3.0]))
def test_the_pixels_of_the_finer_grid_count(seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    pixels, labels = rng.normal(size=(2, 9, 11)), labels_of(seed)
    labels[0, :3] = IDS[1:]
    placed = turned(seed)
    of_labels = Sequence([Scale([size, size], ("x", "y")), Translation([0.3137, -0.2291], ("x", "y")), placed])
    image = Image2DModel.parse(pixels, c_coords=["r", "g"], chunks=(1, 4, 5), transformations={"global": placed})
    by = Labels2DModel.parse(labels, chunks=(5, 7), transformations={"global": of_labels})
    table = aggregate(image, by, agg_func=["count", "sum"])["table"]
    to_image, to_labels = (t.to_affine_matrix(("x", "y"), ("x", "y")) for t in (placed, of_labels))
    if size < 1:
        points, label = centres(labels.shape, to_labels), labels.ravel()
        values = [under(points, channel, to_image, np.nan) for channel in pixels]
    else:
        points, values = centres(pixels.shape[1:], to_image), [channel.ravel() for channel in pixels]
        label = under(points, labels, to_labels, 0)
    expected = [by_label(label, one, func) for one in values for func in (len, np.sum)]
    np.testing.assert_allclose(table.X.toarray().T, expected, atol=1e-12)
    assert table.var_names.tolist() == ["channel_r_count", "channel_r_sum", "channel_g_count", "channel_g_sum"]


def test_labels_shifted_by_half_a_pixel_take_the_pixels_whose_centre_they_cover() -> None:
    image = Image2DModel.parse(np.arange(4.0).reshape(1, 1, 4))
    by = Labels2DModel.parse(np.array([[1, 2]]), transformations={"global": Translation([1.25], ("x",))})
    table = aggregate(image, by)["table"]
    assert table.X.toarray().tolist() == [[1.0], [2.0]]


@pytest.mark.parametrize("func", ["mean", "std", "median", "mode", "nunique", "quantile(0.3)", np.ptp])
def test_functions_of_pixels(func: Any) -> None:
    rng = np.random.default_rng(1)
    pixels, labels = rng.integers(0, 7, (3, 20, 24)).astype(np.uint16), labels_of(1, (20, 24))
    image = Image2DModel.parse(pixels, chunks=(2, 8, 24))
    table = aggregate(image, Labels2DModel.parse(labels), agg_func=func)["table"]
    oracle: dict[Any, Callable[[np.ndarray], float]] = {
        "mean": np.mean,
        "std": lambda v: np.std(v, ddof=1),
        "median": np.median,
        "mode": lambda v: pd.Series(v).mode()[0],
        "nunique": lambda v: len(np.unique(v)),
        "quantile(0.3)": lambda v: np.quantile(v, 0.3),
        np.ptp: np.ptp,
    }
    expected = [by_label(labels.ravel(), channel.ravel().astype(float), oracle[func]) for channel in pixels]
    np.testing.assert_allclose(table.X.toarray().T, expected)
    name = func if isinstance(func, str) else "ptp"
    assert table.var_names.tolist() == [f"channel_{c}_{name}" for c in range(3)]


@pytest.mark.parametrize("dtype", [">u2", "f2", "f4", "?", "i1", "f8"])
def test_pixels_of_any_dtype(dtype: str) -> None:
    rng = np.random.default_rng(1)
    pixels, labels = rng.integers(0, 2, (1, 8, 9)).astype(dtype), labels_of(1, (8, 9)) > 0
    table = aggregate(Image2DModel.parse(pixels), Labels2DModel.parse(labels), agg_func=["sum", "mode"])["table"]
    inside = pixels[0][labels].astype(float)
    assert table.X.toarray().tolist() == [[inside.sum(), float(inside.mean() > 0.5)]]
    assert table.obs["instance_id"].tolist() == [1]


def test_pixels_of_volumes() -> None:
    rng = np.random.default_rng(2)
    pixels, labels = rng.normal(size=(2, 3, 8, 9)), labels_of(2, (3, 8, 9))
    image = Image3DModel.parse(pixels, chunks=(2, 1, 4, 9))
    table = aggregate(image, Labels3DModel.parse(labels, chunks=(3, 8, 4)), agg_func="max")["table"]
    expected = [by_label(labels.ravel(), channel.ravel(), np.max) for channel in pixels]
    np.testing.assert_allclose(table.X.toarray().T, expected)


# images by shapes


@given(seeds)
def test_pixels_whose_centre_lies_in_a_shape(seed: int) -> None:
    rng = np.random.default_rng(seed)
    placed = turned(seed)
    pixels = rng.normal(size=(2, 14, 17))
    to_world = placed.to_affine_matrix(("x", "y"), ("x", "y"))
    points = centres(pixels.shape[1:], to_world)
    near = points[:, rng.integers(0, points.shape[1], 6)].T
    shapes = [shapely.Point(p).buffer(rng.uniform(0.1, 6), quad_segs=3) for p in near[:5]]
    shapes[0] = shapes[0].difference(shapely.Point(near[0]).buffer(0.05))
    shapes.append(shapely.box(900, 900, 901, 901))
    image = Image2DModel.parse(pixels, chunks=(2, 5, 6), transformations={"global": placed})
    table = aggregate(image, ShapesModel.parse(gpd.GeoDataFrame(geometry=shapes)), agg_func=["count", "mean"])["table"]
    inside = shapely.intersects_xy(np.array(shapes)[:, None], points[0], points[1])
    count = inside.sum(axis=1)
    assert (table[:, "channel_0_count"].X.toarray()[:, 0] == count).all()
    for number, channel in enumerate(pixels):
        mean = (inside * channel.ravel()).sum(axis=1) / np.maximum(count, 1)
        np.testing.assert_allclose(table[:, f"channel_{number}_mean"].X.toarray()[:, 0], mean, atol=1e-12)


def test_all_planes_of_a_volume_lie_on_a_shape() -> None:
    pixels = np.random.default_rng(0).normal(size=(1, 3, 5, 6))
    circle = ShapesModel.parse(np.array([[2.5, 2.5]]), geometry=0, radius=1.0)
    table = aggregate(Image3DModel.parse(pixels), circle, agg_func="sum")["table"]
    inside = [(2, 2), (1, 2), (3, 2), (2, 1), (2, 3)]
    assert table.X.toarray()[0, 0] == pytest.approx(sum(pixels[0, :, y, x].sum() for y, x in inside))


# points by labels


@given(seeds, st.integers(1, 4))
def test_points_in_pixels_of_labels(seed: int, partitions: int) -> None:
    rng = np.random.default_rng(seed)
    placed = turned(seed)
    labels = labels_of(seed)
    frame = pd.DataFrame({"x": rng.uniform(-2, 17, 300), "y": rng.uniform(-2, 14, 300)})
    frame["gene"] = pd.Categorical(rng.choice(["a", "b"], 300), ["b", "a", "c"])
    to_points = Sequence([placed, Scale([2.0, 2.0], ("x", "y"))])
    points = PointsModel.parse(frame, feature_key="gene", transformations={"global": placed}, npartitions=partitions)
    by = Labels2DModel.parse(labels, chunks=(5, 4), transformations={"global": placed})
    table = aggregate(points, by)["table"]
    under_points = under(frame[["x", "y"]].to_numpy().T, labels, np.eye(3), 0)
    ids = np.unique(labels[labels > 0])
    expected = [[((under_points == label) & (frame["gene"] == gene)).sum() for gene in "bac"] for label in ids]
    np.testing.assert_array_equal(table.X.toarray(), expected)
    assert table.obs["instance_id"].tolist() == ids.tolist()
    assert to_points != placed


def test_points_have_a_plane_or_take_all() -> None:
    labels = labels_of(4, (3, 6, 7))
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.uniform(0, 3, (200, 3)), columns=["x", "y", "z"])
    table = aggregate(PointsModel.parse(frame), Labels3DModel.parse(labels))["table"]
    z, y, x = np.floor(frame[["z", "y", "x"]].to_numpy()).astype(int).T
    assert table.X.toarray()[:, 0].tolist() == [(labels[z, y, x] == label).sum() for label in table.obs["instance_id"]]
    flat = aggregate(PointsModel.parse(frame), Labels2DModel.parse(labels[0]))["table"]
    assert flat.X.sum() == (labels[0][y, x] > 0).sum()


# labels as values, shapes by labels


def squares(labels: np.ndarray) -> dict[int, shapely.Geometry]:
    """The pixels of each label as one geometry."""
    return {
        int(label): shapely.union_all([shapely.box(x, y, x + 1, y + 1) for y, x in np.argwhere(labels == label)])
        for label in np.unique(labels[labels > 0])
    }


def blobs(seed: int) -> np.ndarray:
    labels = np.zeros((14, 16), dtype=np.int32)
    rng = np.random.default_rng(seed)
    for label in rng.permutation([2, 9, 4, 30]):
        y, x = rng.integers(0, 10, 2)
        labels[y : y + rng.integers(1, 6), x : x + rng.integers(1, 6)] = label
    return labels


@given(seeds, st.booleans())
def test_labels_by_labels_and_shapes(seed: int, fractions: bool) -> None:
    values, regions = blobs(seed), blobs(seed + 1)
    placed = {"global": Translation([0.5, 0.25], ("x", "y"))}
    by_labels = Labels2DModel.parse(regions, transformations=placed)
    by_shapes = gpd.GeoDataFrame(geometry=[*squares(regions).values()], index=[*squares(regions)])
    by_shapes = ShapesModel.parse(by_shapes, transformations=placed)
    values_in = Labels2DModel.parse(values)
    weights = dict(zip(squares(values), range(1, 9), strict=False))
    annotation = pd.DataFrame({"instance_id": [*weights], "region": "cells", "v": [*weights.values()]})
    annotation["region"] = annotation["region"].astype("category")
    annotation.index = annotation.index.astype(str)
    table = TableModel.parse(
        AnnData(csr_matrix((len(weights), 0)), obs=annotation),
        region="cells",
        region_key="region",
        instance_key="instance_id",
    )
    sdata = SpatialData(labels={"cells": values_in}, tables={"t": table})
    moved = {key: shapely.affinity.translate(shape, 0.5, 0.25) for key, shape in squares(regions).items()}
    expected = []
    for region in moved.values():
        areas = {key: shape.intersection(region).area / shape.area for key, shape in squares(values).items()}
        shares = {key: (area if fractions else float(area > 0)) for key, area in areas.items()}
        expected.append(sum(share * weights[key] for key, share in shares.items()))
    for by in (by_labels, by_shapes):
        found = aggregate("cells", by, values_sdata=sdata, value_key="v", table_name="t", fractions=fractions)
        np.testing.assert_allclose(found["t"].X.toarray()[:, 0], expected, atol=1e-9)
        assert found["t"].obs["instance_id"].tolist() == [*moved]


def test_shapes_by_labels() -> None:
    labels = blobs(3)
    circles = ShapesModel.parse(np.random.default_rng(0).uniform(0, 14, (20, 2)), geometry=0, radius=1.5)
    discs = [point.buffer(1.5, quad_segs=512) for point in circles.geometry]
    table = aggregate(circles, Labels2DModel.parse(labels), fractions=True)["table"]
    expected = [sum(d.intersection(s).area / d.area for d in discs) for s in squares(labels).values()]
    np.testing.assert_allclose(table.X.toarray()[:, 0], expected, atol=1e-4)


# functions, weights


def points_with(**columns: Any) -> Any:
    return PointsModel.parse(pd.DataFrame({"x": 0.0, "y": np.zeros(len(next(iter(columns.values())))), **columns}))


CIRCLE = ShapesModel.parse(np.zeros((1, 2)), geometry=0, radius=1.0)


def test_several_functions_are_named() -> None:
    points = points_with(v=[1.0, 2, 2, 7], w=[4, 5, 6, 7])
    table = aggregate(points, CIRCLE, value_key=["v", "w"], agg_func=["mode", np.ptp, "quantile(0.5)"])["table"]
    names = ["v_mode", "v_ptp", "v_quantile(0.5)", "w_mode", "w_ptp", "w_quantile(0.5)"]
    assert dict(zip(table.var_names, table.X.toarray()[0], strict=True)) == dict(
        zip(names, [2, 6, 2, 4, 3, 5.5], strict=True)
    )


def test_weighted_sums_and_means() -> None:
    v, w = np.array([1.0, 5, np.nan, 2]), np.array([2, 0.5, 9, np.nan])
    points = points_with(v=v, w=w, kind=pd.Categorical(list("abab")))
    found = aggregate(points, CIRCLE, value_key="v", agg_func=["sum", "mean"], weights="w")["table"]
    np.testing.assert_allclose(found.X.toarray()[0], [4.5, 4.5 / 2.5])
    counted = aggregate(points, CIRCLE, value_key="kind", weights="w")["table"]
    assert dict(zip(counted.var_names, counted.X.toarray()[0], strict=True)) == {"a": 11.0, "b": 0.5}
    alone = aggregate(points, CIRCLE, weights="w")["table"]
    assert alone.X.toarray().tolist() == [[11.5]]


def test_different_categories_are_counted() -> None:
    points = points_with(kind=pd.Categorical(["a", "b", "a", None], ["a", "b", "z"]))
    table = aggregate(points, CIRCLE, value_key="kind", agg_func="nunique")["table"]
    assert table.var_names.tolist() == ["kind"]
    assert table.X.toarray().tolist() == [[2]]


def test_no_zeros_are_stored() -> None:
    points = points_with(v=[1.0, -1.0])
    far = ShapesModel.parse(np.array([[0.0, 0], [50, 50]]), geometry=0, radius=1.0)
    for arguments in ({"value_key": "v"}, {"value_key": "v", "agg_func": "median"}, {}):
        matrix = aggregate(points, far, **arguments)["table"].X
        assert (matrix.data != 0).all()

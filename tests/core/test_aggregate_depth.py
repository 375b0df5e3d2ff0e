"""Flat values by labels with a depth, and the reverse; compared with numpy pixel by pixel and with shapely."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from anndata import AnnData
from geopandas import GeoDataFrame
from shapely import affinity

from spatialdata import SpatialData, aggregate
from spatialdata.errors import TransformationError
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

XY, XYZ = ("x", "y"), ("x", "y", "z")


def blocks(shape: tuple[int, ...], most: int, seed: int) -> np.ndarray:
    """Labels of blocks of 2 pixels to each side, the background among them."""
    found = np.random.default_rng(seed).integers(0, most, [side // 2 + 1 for side in shape])
    for axis in range(len(shape)):
        found = found.repeat(2, axis)
    return found[tuple(slice(side) for side in shape)]


def sized(labels: np.ndarray, model: Any, **kwargs: Any) -> SpatialData:
    ids = np.unique(labels[labels != 0])
    obs = pd.DataFrame({"of": pd.Categorical(["cells"] * len(ids)), "id": ids}, index=ids.astype(str))
    table = TableModel.parse(AnnData((ids * 10.0)[:, None], obs=obs), "cells", "of", "id")
    table.var_names = ["size"]
    return SpatialData(labels={"cells": model.parse(labels, **kwargs)}, tables={"table": table})


def overlaps(values: np.ndarray, by: np.ndarray) -> pd.DataFrame:
    """The numbers of shared pixels of labels with a depth, by value and region."""
    inside = (values != 0) & (by != 0)
    return pd.crosstab(pd.Series(values[inside], name="value"), pd.Series(by[inside], name="by"))


@pytest.mark.parametrize("fractions", [False, True])
@pytest.mark.parametrize("chunks", [(5, 9, 8), (2, 4, 5)])
def test_labels_with_a_depth_by_flat_labels(fractions: bool, chunks: tuple[int, ...]) -> None:
    values, by = blocks((5, 9, 8), 9, 0), blocks((9, 8), 5, 1)
    sdata = sized(values, Labels3DModel, chunks=chunks, transformations={"global": Scale([2, 2, 7], XYZ)})
    flat = Labels2DModel.parse(by, chunks=(5, 3), transformations={"global": Scale([2, 2], XY)})
    found = aggregate("cells", flat, sdata, value_key="size", table_name="table", fractions=fractions)["table"]
    shared = overlaps(values, np.broadcast_to(by, values.shape))
    part = shared.div(pd.Series(values.ravel()).value_counts(), axis=0) if fractions else shared > 0
    expected = (10 * part).mul(part.index, axis=0).sum(axis=0)
    assert found.obs["instance_id"].tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(found.X.toarray()[:, 0], expected)


@pytest.mark.parametrize("fractions", [False, True])
def test_flat_labels_by_labels_with_a_depth(fractions: bool) -> None:
    values, by = blocks((9, 8), 9, 2), blocks((5, 9, 8), 5, 3)
    sdata = sized(values, Labels2DModel, chunks=(4, 8))
    volume = Labels3DModel.parse(by, chunks=(2, 4, 5), transformations={"global": Scale([1, 1, 0.3], XYZ)})
    found = aggregate("cells", volume, sdata, value_key="size", table_name="table", fractions=fractions)["table"]
    shared = overlaps(np.broadcast_to(values, by.shape), by)
    part = shared.div(pd.Series(values.ravel()).value_counts() * 5, axis=0) if fractions else shared > 0
    np.testing.assert_allclose(found.X.toarray()[:, 0], (10 * part).mul(part.index, axis=0).sum(axis=0))


@pytest.mark.parametrize("scale", [2, 0.5])
def test_labels_with_a_depth_by_flat_labels_of_other_pixels(scale: float) -> None:
    """Those of the finer count."""
    values = blocks((3, 8, 8), 9, 4)
    by = blocks((4, 4), 4, 5) if scale == 2 else blocks((16, 16), 4, 5)
    flat = Labels2DModel.parse(by, transformations={"global": Scale([scale, scale], XY)})
    found = aggregate(Labels3DModel.parse(values), flat, fractions=True)["table"]
    large = by.repeat(2, 0).repeat(2, 1) if scale == 2 else by
    fine = values if scale == 2 else values.repeat(2, 1).repeat(2, 2)
    part = overlaps(fine, np.broadcast_to(large, fine.shape)).div(pd.Series(fine.ravel()).value_counts(), axis=0)
    np.testing.assert_allclose(found.X.toarray()[:, 0], part.sum(axis=0))


def figures(kind: str, rng: np.random.Generator) -> tuple[GeoDataFrame, np.ndarray]:
    """Shapes, some smaller than a pixel, and the polygons that they are; circles have many sides."""
    centres, radii = rng.uniform(0, 20, (25, 2)), rng.uniform(0.05, 4, 25)
    frame = pd.DataFrame({"weight": np.arange(25.0) + 1})
    discs = shapely.buffer(shapely.points(centres), radii, quad_segs=256)
    if kind == "circles":
        shapes = ShapesModel.parse(centres, geometry=0, radius=radii)
        return shapes.assign(weight=frame["weight"]), discs
    squares = shapely.box(*(centres - radii[:, None]).T, *(centres + radii[:, None]).T)
    turned = np.array([affinity.rotate(square, 10 * number) for number, square in enumerate(squares)])
    return ShapesModel.parse(GeoDataFrame(frame, geometry=turned)), turned


@pytest.mark.parametrize("fractions", [False, True])
@pytest.mark.parametrize("kind", ["polygons", "circles"])
def test_shapes_by_labels_with_a_depth(kind: str, fractions: bool) -> None:
    """A shape is a column that reaches through all planes."""
    rng = np.random.default_rng(6)
    shapes, polygons = figures(kind, rng)
    labels = blocks((3, 8, 10), 6, 7)
    placed = {"global": Sequence([Scale([2, 2, 5], XYZ), Translation([1, 0, 9], XYZ)])}
    volume = Labels3DModel.parse(labels, chunks=(1, 5, 5), transformations=placed)
    found = aggregate(shapes, volume, value_key="weight", fractions=fractions)["table"]
    for row, label in enumerate(found.obs["instance_id"]):
        area = np.zeros(len(polygons))
        for plane in labels == label:
            corners = np.argwhere(plane)[:, ::-1] * 2.0 + [1, 0]
            region = shapely.union_all(shapely.box(*corners.T, *(corners + 2).T))
            area += shapely.area(shapely.intersection(polygons, region))
        part = area / (shapely.area(polygons) * 3) if fractions else area > 0
        assert found.X[row].sum() == pytest.approx((part * np.arange(1, 26)).sum(), rel=1e-4)


def test_all_fractions_of_a_column_make_one() -> None:
    labels = np.ones((4, 6, 6), dtype=int)
    labels[1:, 2:4] = 2
    squares = ShapesModel.parse(GeoDataFrame(geometry=[shapely.box(0.5, 0.5, 5.5, 5.5)]))
    found = aggregate(squares, Labels3DModel.parse(labels), fractions=True)["table"].X
    np.testing.assert_allclose(found.toarray()[:, 0], [1 - 0.75 * 0.4, 0.75 * 0.4])


def test_points_without_a_depth_count_once_for_each_label_of_their_column() -> None:
    labels = blocks((5, 8, 10), 6, 8).astype(np.uint64)
    labels[labels == 5] += 2**60
    frame = pd.DataFrame(np.random.default_rng(8).uniform(-1, 11, (3000, 2)), columns=["x", "y"])
    frame["gene"] = pd.Categorical(np.random.default_rng(9).choice(list("ab"), 3000))
    points = PointsModel.parse(frame, feature_key="gene", transformations={"global": Scale([2, 2], XY)}, npartitions=3)
    volume = Labels3DModel.parse(labels, chunks=(2, 4, 5), transformations={"global": Scale([2, 2, 3], XYZ)})
    found = aggregate(points, volume)["table"]
    assert found.obs["instance_id"].tolist() == np.unique(labels)[1:].tolist()
    x, y = np.floor(frame[["x", "y"]].to_numpy()).astype(int).T
    inside = (x >= 0) & (x < 10) & (y >= 0) & (y < 8)
    columns = labels[:, y[inside], x[inside]]
    for row, label in enumerate(np.unique(labels)[1:]):
        hit = frame["gene"][inside][(columns == label).any(axis=0)]
        assert found[:, ["a", "b"]].X[row].toarray()[0].tolist() == [(hit == gene).sum() for gene in "ab"]


@pytest.mark.parametrize("func", ["sum", "mean", "std", "median"])
@pytest.mark.parametrize("scale", [1, 2, 0.5])
def test_a_flat_image_counts_once_for_each_label_of_a_column(func: str, scale: float) -> None:
    rng = np.random.default_rng(10)
    labels = blocks((4, 8, 12), 5, 11)
    pixels = rng.integers(0, 99, (2, int(8 / scale), int(12 / scale)))
    image = Image2DModel.parse(pixels, chunks=(1, 3, 5), transformations={"global": Scale([scale, scale], XY)})
    found = aggregate(image, Labels3DModel.parse(labels, chunks=(3, 4, 5)), agg_func=func)["table"]
    fine, mask = pixels, labels
    if scale == 2:
        fine = pixels.repeat(2, 1).repeat(2, 2)
    elif scale == 0.5:
        mask = labels.repeat(2, 1).repeat(2, 2)
    for row, label in enumerate([1, 2, 3, 4]):
        under = fine[:, (mask == label).any(axis=0)]
        expected = np.std(under, axis=1, ddof=1) if func == "std" else getattr(np, func)(under, axis=1)
        np.testing.assert_allclose(found.X[row].toarray()[0], expected)


def test_depths_that_a_map_mixes_with_the_plane_are_refused() -> None:
    matrix = [[1, 0, 0.5, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    volume = Labels3DModel.parse(np.ones((2, 4, 4), dtype=int), transformations={"global": Affine(matrix, XYZ, XYZ)})
    for values in (
        PointsModel.parse(np.ones((3, 2))),
        ShapesModel.parse(np.ones((1, 2)), geometry=0, radius=1.0),
        Image2DModel.parse(np.ones((1, 4, 4))),
    ):
        with pytest.raises(TransformationError, match="mixes z with x or y"):
            aggregate(values, volume)


def test_volumes_without_labels_and_values_beside_them() -> None:
    nothing = Labels3DModel.parse(np.zeros((2, 4, 4), dtype=int))
    circles = ShapesModel.parse(np.array([[90.0, 90.0]]), geometry=0, radius=1.0)
    image = Image2DModel.parse(np.ones((1, 4, 4)))
    for values in (circles, PointsModel.parse(np.ones((3, 2))), image, Image3DModel.parse(np.ones((1, 2, 4, 4)))):
        assert aggregate(values, nothing)["table"].n_obs == 0
    beside = aggregate(circles, Labels3DModel.parse(np.ones((2, 4, 4), dtype=int)), fractions=True)["table"]
    assert beside.X.toarray().tolist() == [[0]]


def test_shapes_by_themselves() -> None:
    squares = GeoDataFrame(geometry=[shapely.box(0, 0, 2, 2), shapely.box(1, 0, 3, 2), shapely.box(9, 9, 10, 10)])
    squares["size"] = [1.0, 10.0, 100.0]
    shapes = ShapesModel.parse(squares)
    met = aggregate(shapes, shapes, value_key="size")["table"].X.toarray()[:, 0]
    assert met.tolist() == [11, 11, 100]
    parts = aggregate(shapes, shapes, value_key="size", fractions=True)["table"].X.toarray()[:, 0]
    assert parts.tolist() == [6, 10.5, 100]
    labels = Labels2DModel.parse(np.array([[1, 1, 2], [0, 2, 2]]))
    assert aggregate(labels, labels, fractions=True)["table"].X.toarray()[:, 0].tolist() == [1, 1]


@pytest.mark.parametrize("fractions", [False, True])
def test_labels_that_are_all_background_count_nowhere(fractions: bool) -> None:
    flat, deep = Labels2DModel.parse(np.zeros((4, 4), dtype=int)), Labels3DModel.parse(np.zeros((2, 4, 4), dtype=int))
    some = Labels2DModel.parse(np.array([[1, 1, 0, 2]] * 4))
    squares = ShapesModel.parse(GeoDataFrame(geometry=[shapely.box(0, 0, 3, 3)]))
    for nothing in (flat, deep):
        assert aggregate(nothing, some, fractions=fractions)["table"].X.toarray().tolist() == [[0], [0]]
        assert aggregate(nothing, squares, fractions=fractions)["table"].X.toarray().tolist() == [[0]]
        for values in (some, squares):
            assert aggregate(values, nothing, fractions=fractions)["table"].shape == (0, 1)
    image = Image2DModel.parse(np.ones((1, 4, 4)))
    assert aggregate(image, flat, fractions=fractions)["table"].shape == (0, 1)

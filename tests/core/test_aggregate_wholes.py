"""Whole numbers too large for floating point numbers, aggregated, against plain Python."""

from __future__ import annotations

from collections import Counter
from typing import Any

import dask.dataframe as dd
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatialdata import aggregate
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel, PointsModel, ShapesModel
from spatialdata.transformations import Scale

RNG = np.random.default_rng(11)
BOXES = [shapely.box(x, 0, x + 1, 1) for x in range(4)] + [shapely.box(0, 0, 4, 1), shapely.box(9, 9, 10, 10)]
PLAIN = {
    "sum": sum,
    "min": min,
    "max": max,
    "count": len,
    "nunique": lambda values: len(set(values)),
    "mode": lambda values: min(Counter(values).items(), key=lambda pair: (-pair[1], pair[0]))[0],
}


def values_of(dtype: str) -> np.ndarray:
    # Neighbours that differ by one are one and the same as floating point numbers.
    near = np.array([2**60, 2**60 + 1, 2**60 + 2, 7], dtype=dtype)
    return near[RNG.integers(0, 4, 60)] * (-1 if dtype == "int64" else 1)


def expected(values: np.ndarray, places: np.ndarray, name: str) -> list[Any]:
    held = [[int(v) for v, p in zip(values, places, strict=True) if box.covers(shapely.Point(p))] for box in BOXES]
    return [PLAIN[name](one) if one else 0 for one in held]


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@pytest.mark.parametrize("name", PLAIN)
def test_points_by_shapes(dtype: str, name: str) -> None:
    values, places = values_of(dtype), RNG.uniform(0.01, 0.99, (60, 2)) * [4, 1]
    if name == "sum":  # the whole row of boxes would need more than 64 bits
        values = values // 64
    frame = pd.DataFrame({"x": places[:, 0], "y": places[:, 1], "v": values})
    points = PointsModel.parse(dd.from_pandas(frame, npartitions=3))
    regions = ShapesModel.parse(gpd.GeoDataFrame(geometry=BOXES))
    found = aggregate(points, regions, value_key="v", agg_func=name)["table"].X
    assert [int(value) for value in found.toarray()[:, 0]] == expected(values, places, name)
    assert (found.data != 0).all()


def test_several_functions_and_columns_by_labels() -> None:
    values = np.stack([values_of("int64"), np.arange(60)])
    places = RNG.uniform(0.01, 0.99, (60, 2)) * [4, 1]
    frame = pd.DataFrame({"x": places[:, 0], "y": places[:, 1], "v": values[0], "w": values[1].astype("int32")})
    points = PointsModel.parse(dd.from_pandas(frame, npartitions=2))
    labels = Labels2DModel.parse(np.array([[1, 2, 3, 4]]))
    table = aggregate(points, labels, value_key=["v", "w"], agg_func=["max", "nunique", "count"])["table"]
    assert table.var_names.tolist() == ["v_max", "v_nunique", "v_count", "w_max", "w_nunique", "w_count"]
    columns = [expected(column, places, name)[:4] for column in values for name in ("max", "nunique", "count")]
    assert table.X.toarray().T.tolist() == columns


def test_sums_that_need_more_bits_are_an_error() -> None:
    frame = pd.DataFrame({"x": [0.5, 0.6], "y": [0.5, 0.5], "v": [2**62, 2**62]})
    points, regions = PointsModel.parse(frame), ShapesModel.parse(gpd.GeoDataFrame(geometry=BOXES))
    with pytest.raises(ValueError, match="larger than that type can hold"):
        aggregate(points, regions, value_key="v")
    frame["v"] = frame["v"].astype("float64")
    assert aggregate(PointsModel.parse(frame), regions, value_key="v")["table"].X[0, 0] == 2.0**63


def test_a_function_of_ones_own_with_a_known_name() -> None:
    def count(values: np.ndarray) -> float:
        return float(values.sum()) / 2

    frame = pd.DataFrame({"x": [0.5, 0.6], "y": [0.5, 0.5], "v": [3, 4]})
    regions = ShapesModel.parse(gpd.GeoDataFrame(geometry=BOXES))
    assert aggregate(PointsModel.parse(frame), regions, value_key="v", agg_func=count)["table"].X[0, 0] == 3.5


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("kind", ["labels", "other labels", "shapes", "volumes", "flat labels"])
def test_images(dtype: str, name: str, kind: str) -> None:
    """Some chunks hold small numbers only, of which sums are exact as floating point numbers."""
    ids = RNG.integers(0, 4, (6, 8))
    values = values_of(dtype)[RNG.integers(0, 60, (1, 3, 6, 8))] // (512 if name == "sum" else 1)
    values[..., 4:] //= 2**50
    deep = kind in ("volumes", "flat labels")
    chunks = (1, 2, 3, 4) if deep else (1, 3, 4)
    image: Any = (Image3DModel if deep else Image2DModel).parse(values if deep else values[:, 0], chunks=chunks)
    regions: Any = Labels2DModel.parse(ids)
    if kind == "volumes":
        regions = Labels3DModel.parse(np.stack([ids] * 3))
    if kind == "other labels":
        half = {"global": Scale([0.5, 0.5], ("x", "y"))}
        regions = Labels2DModel.parse(ids.repeat(2, 0).repeat(2, 1), transformations=half)
    elif kind == "shapes":
        places = [np.nonzero(ids == label) for label in (1, 2, 3)]
        outlines = [shapely.union_all(shapely.box(x, y, x + 1, y + 1)) for y, x in places]
        regions = ShapesModel.parse(gpd.GeoDataFrame(geometry=outlines))
    found = aggregate(image, regions, agg_func=name)["table"].X
    times = 4 if kind == "other labels" else 1
    held = [image.to_numpy()[..., ids == label].ravel().tolist() * times for label in (1, 2, 3)]
    assert found.dtype == dtype
    assert [int(value) for value in found.toarray()[:, 0]] == [PLAIN[name](one) for one in held]


def test_other_functions_of_whole_images_are_those_of_floating_point_numbers() -> None:
    ids, values = RNG.integers(0, 4, (6, 8)), RNG.integers(0, 99, (2, 6, 8))
    found = aggregate(
        Image2DModel.parse(values, chunks=(1, 3, 4)), Labels2DModel.parse(ids), agg_func=["sum", "mean", "median"]
    )["table"].X
    for row, label in enumerate((1, 2, 3)):
        expected = [(one.sum(), one.mean(), np.median(one)) for one in values[:, ids == label]]
        np.testing.assert_allclose(found[row].toarray()[0], np.ravel(expected))


@pytest.mark.parametrize("name", PLAIN)
def test_missing_values_of_columns_that_may_miss_some(name: str) -> None:
    values = [values_of("int64") // (64 if name == "sum" else 1) for _ in range(2)]
    missing = [RNG.random(60) < 0.3, RNG.random(60) < 0.3]
    missing[1][30:] = False
    places = RNG.uniform(0.01, 0.99, (60, 2)) * [4, 1]
    frame = pd.DataFrame({"x": places[:, 0], "y": places[:, 1]})
    for key, one, gone in zip("vw", values, missing, strict=True):
        frame[key] = pd.arrays.IntegerArray(one, gone)
    points = PointsModel.parse(dd.from_pandas(frame, npartitions=3))
    regions = ShapesModel.parse(gpd.GeoDataFrame(geometry=BOXES))
    found = aggregate(points, regions, value_key=["v", "w"], agg_func=name)["table"].X
    for column, (one, gone) in enumerate(zip(values, missing, strict=True)):
        wanted = expected(one[~gone], places[~gone], name)
        assert [int(value) for value in found.toarray()[:, column]] == wanted

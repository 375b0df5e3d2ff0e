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
from spatialdata.models import Labels2DModel, PointsModel, ShapesModel

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

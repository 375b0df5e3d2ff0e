"""Values with weights: as if each were there as often as its weight says."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatialdata import aggregate
from spatialdata.kernels.quantiles import weighed_quantiles
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, PointsModel, ShapesModel

FUNCS = ["sum", "mean", "count", "min", "max", "std", "var", "nunique", "mode", "median", "quantile(0.9)"]
BOXES = shapely.box(np.arange(0, 40, 10), 0, np.arange(10, 50, 10), 10)


def mode(values: np.ndarray) -> float:
    found, count = np.unique(values, return_counts=True)
    return float(found[count.argmax()])


def expected(values: np.ndarray, weights: np.ndarray) -> list[float]:
    """What numpy says of values that are repeated; weighted quantiles are its own."""
    known = ~np.isnan(values) & ~np.isnan(weights)
    values, weights = values[known], weights[known]
    repeated = np.repeat(values, weights.astype(int))
    if not len(repeated):
        return [0.0] * len(FUNCS)
    spread = [np.nan, np.nan] if len(repeated) == 1 else [repeated.std(ddof=1), repeated.var(ddof=1)]
    quantiles = [np.quantile(values, p, weights=weights, method="inverted_cdf") for p in (0.5, 0.9)]
    return [
        repeated.sum(), repeated.mean(), len(repeated), repeated.min(), repeated.max(), *spread,
        len(np.unique(repeated)), mode(repeated), *quantiles,
    ]  # fmt: skip


def molecules() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.uniform(0, 30, 300), "y": rng.uniform(0, 10, 300)})
    frame["v"] = rng.integers(-4, 5, 300) + 100.5
    frame["w"] = rng.integers(0, 4, 300).astype(float)
    frame.loc[::17, "v"] = np.nan
    frame.loc[::23, "w"] = np.nan
    lone = pd.DataFrame({"x": [35.0, 36.0], "y": [5.0, 5.0], "v": [2.0, 7.0], "w": [1.0, 0.0]})
    return pd.concat([frame[frame.x % 10 > 0.001], lone], ignore_index=True)


def by_points(frame: pd.DataFrame) -> Any:
    return PointsModel.parse(frame, npartitions=3)


def by_shapes(frame: pd.DataFrame) -> Any:
    squares = shapely.box(frame.x - 0.0005, frame.y, frame.x + 0.0005, frame.y + 0.0001)
    return ShapesModel.parse(gpd.GeoDataFrame(frame[["v", "w"]], geometry=squares))


@pytest.mark.parametrize("values", [by_points, by_shapes])
def test_numbers_with_weights_are_numbers_that_repeat(values: Callable[[pd.DataFrame], Any]) -> None:
    frame = molecules()
    regions = ShapesModel.parse(gpd.GeoDataFrame(geometry=BOXES))
    table = aggregate(values(frame), regions, value_key="v", agg_func=FUNCS, weights="w")["table"]
    assert table.var_names.tolist() == [f"v_{name}" for name in FUNCS]
    for row in range(4):
        rows = frame[(frame.x // 10) == row]
        np.testing.assert_allclose(table.X[row].toarray()[0], expected(rows.v.to_numpy(), rows.w.to_numpy()))


def pixels(shape: tuple[int, ...]) -> np.ndarray:
    rng = np.random.default_rng(1)
    values, weights = rng.integers(0, 200, shape), rng.integers(0, 4, shape)
    return np.stack([values, values[..., ::-1], weights]).astype(np.uint16)


IDS = np.array([[1, 2], [0, 4]]).repeat(6, 0).repeat(8, 1)


@pytest.mark.parametrize("by", ["labels", "shapes", "volume"])
def test_channels_with_weights_are_pixels_that_repeat(by: str) -> None:
    data = pixels((3, *IDS.shape) if by == "volume" else IDS.shape)
    model, dims = (Image3DModel, "czyx") if by == "volume" else (Image2DModel, "cyx")
    image = model.parse(data, dims=tuple(dims), c_coords=["a", "b", "w"], chunks=(1, *[5] * (data.ndim - 1)))
    if by == "shapes":
        boxes = shapely.box([0, 8, 8], [0, 0, 6], [8, 16, 16], [6, 6, 12])
        regions = ShapesModel.parse(gpd.GeoDataFrame(geometry=boxes))
    else:
        regions = Labels2DModel.parse(IDS, chunks=(7, 7))
    table = aggregate(image, regions, weights="w", agg_func=FUNCS)["table"]
    assert table.var_names.tolist() == [f"channel_{channel}_{name}" for channel in "ab" for name in FUNCS]
    for row, label in enumerate([1, 2, 4]):
        a, b, w = (channel[..., label == IDS].ravel().astype(float) for channel in data)
        np.testing.assert_allclose(table.X[row].toarray()[0], expected(a, w) + expected(b, w))


def test_parts_of_areas_are_weights_of_their_own() -> None:
    strips = shapely.box([0, 1, 2], 0, [1, 2, 3], 4)
    frame = gpd.GeoDataFrame({"v": [3.0, 8.0, 5.0], "w": [4.0, 8.0, 2.0]}, geometry=strips)
    # A quarter, half and all of the strips, so that the weights are 1, 4 and 2.
    region = shapely.Polygon([(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 4), (3, 4), (3, 0)])
    regions = ShapesModel.parse(gpd.GeoDataFrame(geometry=[region]))
    table = aggregate(ShapesModel.parse(frame), regions, value_key="v", weights="w", agg_func=FUNCS, fractions=True)[
        "table"
    ]
    np.testing.assert_allclose(table.X.toarray()[0], expected(frame.v.to_numpy(), np.array([1.0, 4.0, 2.0])))


def test_categories_with_weights_count_these() -> None:
    frame = molecules().assign(
        kind=pd.Categorical(np.random.default_rng(2).choice(list("ab"), 302)[: len(molecules())])
    )
    regions = ShapesModel.parse(gpd.GeoDataFrame(geometry=BOXES))
    table = aggregate(by_points(frame), regions, value_key="kind", weights="w", agg_func=["count", "nunique"])["table"]
    for row in range(4):
        total = frame[(frame.x // 10) == row].groupby("kind", observed=False)["w"].sum()
        np.testing.assert_allclose(table.X[row].toarray()[0], [*total, (total > 0).sum()])


def test_weights_below_zero_are_for_sums() -> None:
    points = PointsModel.parse(pd.DataFrame({"x": [1.0, 2], "y": [1.0, 1], "v": [3.0, 1], "w": [1.0, -1]}))
    regions = ShapesModel.parse(gpd.GeoDataFrame(geometry=BOXES[:1]))
    found = aggregate(points, regions, value_key="v", weights="w", agg_func=["sum", "count"])["table"]
    assert found.X.toarray().tolist() == [[2.0, 0.0]]
    with pytest.raises(ValueError, match=r"not below 0 for 'var', 'median'. Found -1\.0"):
        aggregate(points, regions, value_key="v", weights="w", agg_func=["sum", "var", "median"])


def test_merged_moments_do_not_depend_on_partitions() -> None:
    frame = molecules()
    frame["v"] += 1e9
    regions = ShapesModel.parse(gpd.GeoDataFrame(geometry=BOXES))
    found = [
        aggregate(PointsModel.parse(frame, npartitions=n), regions, value_key="v", weights="w", agg_func="var")["table"]
        for n in (1, 7)
    ]
    rows = frame[frame.x < 10].dropna()
    wanted = np.repeat(rows.v.to_numpy(), rows.w.astype(int)).var(ddof=1)
    np.testing.assert_allclose([one.X[0, 0] for one in found], wanted)


@pytest.mark.parametrize("probability", [0.0, 0.3, 0.5, 0.75, 1.0])
def test_weighed_quantiles_are_those_of_numpy(probability: float) -> None:
    rng = np.random.default_rng(3)
    start = np.array([0, 1, 9, 40])
    values = np.concatenate([np.sort(rng.normal(size=size)) for size in np.diff(start)])
    weights = rng.uniform(0.1, 3, 40)
    wanted = [
        np.quantile(values[a:b], probability, weights=weights[a:b], method="inverted_cdf")
        for a, b in itertools.pairwise(start)
    ]
    np.testing.assert_array_equal(weighed_quantiles(start, values, weights, probability), wanted)


def test_several_columns_of_categories() -> None:
    rng = np.random.default_rng(4)
    frame = molecules()[["x", "y"]]
    frame["gene"] = pd.Categorical(rng.choice(["b", "a", "c"], len(frame)), ["c", "b", "a"])
    frame["kind"] = rng.choice(["q", "p"], len(frame))
    regions = ShapesModel.parse(gpd.GeoDataFrame(geometry=BOXES))
    funcs = ["count", "mean", "mode", "nunique"]
    both = aggregate(by_points(frame), regions, value_key=["gene", "kind"], agg_func=funcs)["table"]
    names = [[*(f"gene_{one}_{func}" for one in "cba"), *(f"kind_{one}_{func}" for one in "pq")] for func in funcs[:3]]
    wanted = [
        *(name for group in names for name in group if name.startswith("gene")), "gene_nunique",
        *(name for group in names for name in group if name.startswith("kind")), "kind_nunique",
    ]  # fmt: skip
    assert both.var_names.tolist() == wanted
    for row in range(4):
        rows = frame[(frame.x // 10) == row]
        for key, order in (("gene", "cba"), ("kind", "pq")):
            counts = rows[key].value_counts().reindex(list(order)).fillna(0).to_numpy()
            columns = [name for name in wanted if name.startswith(key)]
            found = both[row, columns].X.toarray()[0]
            most = (np.arange(len(order)) == counts.argmax()).astype(int)
            np.testing.assert_allclose(found, [*counts, *counts / len(rows), *most, (counts > 0).sum()])


def test_columns_of_several_types_or_named_twice_are_refused() -> None:
    frame = molecules().assign(gene="a")
    regions = ShapesModel.parse(gpd.GeoDataFrame(geometry=BOXES))
    with pytest.raises(ValueError, match="calls of their own"):
        aggregate(by_points(frame), regions, value_key=["gene", "v"])
    with pytest.raises(ValueError, match="names a column twice"):
        aggregate(by_points(frame), regions, value_key=["gene", "gene"])
    with pytest.raises(ValueError, match="'gene' hold categories, which have no order"):
        aggregate(by_points(frame), regions, value_key=["gene"], agg_func="median")


@pytest.mark.parametrize("function", [np.average, lambda v, w: (v * w).sum() / w.sum()])
def test_functions_of_your_own_get_the_weights(function: Any) -> None:
    rng = np.random.default_rng(11)
    frame = pd.DataFrame({"x": rng.uniform(0, 4, 50), "y": 0.5, "v": rng.normal(size=50)})
    frame["w"] = rng.integers(0, 3, 50).astype(float)
    points = PointsModel.parse(frame, npartitions=3)
    by = ShapesModel.parse(gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 2, 1), shapely.box(2, 0, 4, 1)]))
    found = aggregate(points, by, value_key="v", agg_func=function, weights="w")["table"].X.toarray()[:, 0]
    for row, side in enumerate((frame[frame.x < 2], frame[frame.x > 2])):
        assert found[row] == pytest.approx((side.v * side.w).sum() / side.w.sum())


def test_weights_that_are_values_too() -> None:
    frame = gpd.GeoDataFrame(
        {"v": [1.0, 2], "w": [1.0, 3]}, geometry=[shapely.box(0, 0, 4, 4), shapely.box(3, 3, 8, 8)]
    )
    by = ShapesModel.parse(gpd.GeoDataFrame(geometry=[shapely.box(-1, -1, 9, 9)]))
    found = aggregate(ShapesModel.parse(frame), by, value_key=["v", "w"], weights="w")["table"]
    assert found.X.toarray().tolist() == [[1 + 6, 1 + 9]]

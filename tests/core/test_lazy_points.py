"""Points of a store stay there until they are asked for, and then no more of them is read than that."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
import shapely
from dask.dataframe.dask_expr.io import FromPandas

from spatialdata import (
    SpatialData,
    bounding_box_query,
    get_dask_backing_files,
    get_extent,
    polygon_query,
    rasterize,
    read_zarr,
    transform,
)
from spatialdata.errors import StoreError
from spatialdata.models import PointsModel
from spatialdata.store import parquet, portions
from spatialdata.store import points as points_store
from spatialdata.transformations import Affine

ROWS = 3000
TURN = Affine([[0.6, -0.8, 5], [0.8, 0.6, -2], [0, 0, 1]], ("x", "y"), ("x", "y"))


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.uniform(0, 100, (ROWS, 2)), columns=["x", "y"])
    frame["gene"] = pd.Categorical(rng.choice(list("abc"), ROWS), categories=list("abcd"))
    frame["count"] = rng.integers(0, 9, ROWS)
    return frame.set_index(rng.permutation(ROWS) * 7)


@pytest.fixture
def store(tmp_path: Path, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (parquet, points_store):
        monkeypatch.setattr(module, "ROWS_PER_GROUP", 100)
        monkeypatch.setattr(module, "ROWS_PER_PART", 600)
    points = PointsModel.parse(frame, feature_key="gene", transformations={"global": TURN})
    SpatialData(points={"p": points}).write(tmp_path / "s.zarr")
    return tmp_path / "s.zarr"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, tuple[str, ...] | None]]:
    """What is read from now on: the number of rows, and the columns."""
    seen: list[tuple[int, tuple[str, ...] | None]] = []
    inner: Callable[..., Any] = portions._table

    def spied(file: Any, groups: Any, columns: Any, *, indexed: bool) -> Any:
        table = inner(file, groups, columns, indexed=indexed)
        seen.append((table.num_rows, None if columns is None else tuple(columns)))
        return table

    monkeypatch.setattr(portions, "_table", spied)
    return seen


def mapped(frame: pd.DataFrame) -> np.ndarray:
    return frame[["x", "y"]].to_numpy() @ np.array([[0.6, -0.8], [0.8, 0.6]]).T + [5, -2]


def in_box(frame: pd.DataFrame) -> np.ndarray:
    place = mapped(frame)
    return ((place > [0, 20]) & (place < [30, 60])).all(axis=1)


def box(points: Any) -> Any:
    return bounding_box_query(points, ("x", "y"), [0, 20], [30, 60], target_coordinate_system="global")


def test_a_query_looks_at_coordinates_only_and_leaves_the_rest_in_the_store(
    store: Path, frame: pd.DataFrame, reads: list[Any]
) -> None:
    found = box(read_zarr(store)["p"])
    assert reads == [(100, ("x", "y"))]
    assert not list(found.expr.find_operations(FromPandas))
    assert {Path(path).suffix for path in get_dask_backing_files(found)} == {".parquet"}
    assert len(pickle.dumps(dict(found.__dask_graph__()))) < 20_000
    reads.clear()
    rows = found.compute()
    expected = frame[in_box(frame)]
    pd.testing.assert_frame_equal(rows.sort_index(), expected.sort_index())
    assert len(expected) <= sum(number for number, columns in reads if columns == ("x", "y")) < ROWS / 2
    assert {columns for _, columns in reads} == {("x", "y"), ("gene", "count")}


def test_only_the_columns_that_are_wanted_are_read(store: Path, frame: pd.DataFrame, reads: list[Any]) -> None:
    found = box(read_zarr(store)["p"])[["count"]]
    reads.clear()
    pd.testing.assert_frame_equal(found.compute().sort_index(), frame.loc[in_box(frame), ["count"]].sort_index())
    assert {columns for _, columns in reads} == {("x", "y"), ("count",)}


def test_transformed_points_read_other_columns_only_when_wanted(
    store: Path, frame: pd.DataFrame, reads: list[Any]
) -> None:
    moved = transform(read_zarr(store)["p"], to_coordinate_system="global")
    np.testing.assert_allclose(moved[["x", "y"]].compute().sort_index(), mapped(frame.sort_index()), rtol=1e-12)
    assert {columns for _, columns in reads} == {("x", "y")}
    whole = moved.compute().sort_index()
    assert list(whole.columns) == list(frame.columns)
    pd.testing.assert_frame_equal(whole[["gene", "count"]], frame.sort_index()[["gene", "count"]])


def test_nothing_is_found_where_row_groups_are_but_no_points(store: Path, frame: pd.DataFrame) -> None:
    place = mapped(frame)
    hole = shapely.Point(place[0]).buffer(1e-9).difference(shapely.Point(place[0]).buffer(5e-10))
    assert polygon_query(read_zarr(store)["p"], hole, "global") is None
    assert polygon_query(read_zarr(store)["p"], shapely.Point(900, 900).buffer(1), "global") is None


def test_several_boxes_at_once(store: Path, frame: pd.DataFrame) -> None:
    low, high = np.array([[0, 20], [500, 500], [-20, 0]]), np.array([[30, 60], [501, 501], [0, 90]])
    found = bounding_box_query(read_zarr(store)["p"], ("x", "y"), low, high, target_coordinate_system="global")
    assert found[1] is None
    for one, lower, upper in ((found[0], low[0], high[0]), (found[2], low[2], high[2])):
        inside = ((mapped(frame) > lower) & (mapped(frame) < upper)).all(axis=1)
        assert sorted(one.compute().index) == sorted(frame.index[inside])


def test_derived_frames_stay_lazy_and_frames_in_memory_are_cut_at_once(store: Path, frame: pd.DataFrame) -> None:
    points = read_zarr(store)["p"]
    derived = box(points[points["count"] > 4])
    assert not list(derived.expr.find_operations(FromPandas))
    expected = frame[in_box(frame) & (frame["count"] > 4)]
    pd.testing.assert_frame_equal(derived.compute().sort_index(), expected.sort_index())
    assert derived.attrs["transform"] == points.attrs["transform"]
    assert box(points[points["count"] > 99]) is None
    held = PointsModel.parse(frame, feature_key="gene", transformations={"global": TURN}, npartitions=3, sort=False)
    cut = box(held)
    (leaf,) = cut.expr.find_operations(FromPandas)
    assert len(leaf.frame) == in_box(frame).sum()
    pd.testing.assert_frame_equal(cut.compute(), frame[in_box(frame)])


def test_a_store_that_was_rewritten_meanwhile_is_noticed(store: Path, frame: pd.DataFrame) -> None:
    found = box(read_zarr(store)["p"])
    for part in (store / "points" / "p" / "points.parquet").iterdir():
        pd.read_parquet(part).iloc[:300].to_parquet(part, row_group_size=100)
    with pytest.raises(StoreError, match="rewritten"):
        found.compute()
    again = read_zarr(store)["p"]
    assert len(again) < ROWS
    assert set(box(again).compute().index) < set(frame.index[in_box(frame)])


def test_a_store_that_was_removed_meanwhile_is_noticed(store: Path) -> None:
    found = box(read_zarr(store)["p"])
    shutil.rmtree(store)
    with pytest.raises(StoreError, match="removed"):
        found.compute()


def test_a_range_index_is_kept(store: Path, frame: pd.DataFrame) -> None:
    plain = frame.reset_index(drop=True)
    parts = sorted((store / "points" / "p" / "points.parquet").iterdir())
    for part in parts[1:]:
        part.unlink()
    plain.to_parquet(parts[0], row_group_size=250)
    found = box(read_zarr(store)["p"]).compute()
    pd.testing.assert_frame_equal(found, plain[in_box(plain)])


@pytest.mark.parametrize("columns", [["x", "y"], ["y"], ["gene", "x"], ["count"]])
def test_some_columns_of_rows_with_a_range_index(store: Path, frame: pd.DataFrame, columns: list[str]) -> None:
    plain = frame.reset_index(drop=True)
    parts = sorted((store / "points" / "p" / "points.parquet").iterdir())
    for part in parts[1:]:
        part.unlink()
    plain.to_parquet(parts[0], row_group_size=250)
    found = box(read_zarr(store)["p"])
    pd.testing.assert_frame_equal(found[columns].compute(), plain.loc[in_box(plain), columns])
    pd.testing.assert_index_equal(found.index.compute(), plain.index[in_box(plain)])


def test_row_groups_of_several_files_are_one_partition_and_those_without_a_row_are_left(
    store: Path, frame: pd.DataFrame, reads: list[Any]
) -> None:
    points = read_zarr(store)["p"]
    place = mapped(frame)
    triangle = shapely.Polygon([(-60, 40), (60, 40), (60, 90)])
    found = polygon_query(points, triangle, "global")
    files = set(get_dask_backing_files(found))
    reads.clear()
    rows = found.compute()
    assert len(files) > 1
    assert found.npartitions == 1
    inside = shapely.contains_xy(triangle, *place.T)
    ordered = points.compute()
    pd.testing.assert_frame_equal(rows, ordered.loc[ordered.index.isin(frame.index[inside])])
    looked, taken = (
        [number for number, columns in reads if columns == names] for names in (("x", "y"), ("gene", "count"))
    )
    assert 0 < len(taken) < len(looked)


@pytest.mark.parametrize(
    ("key", "agg_func"),
    [
        (None, "count"),
        *(("count", name) for name in ("count", "sum", "mean", "min", "max", "first")),
        ("gene", "first"),
    ],
)
def test_a_picture_of_stored_points_is_that_of_points_in_memory(
    key: str | None, agg_func: str, store: Path, frame: pd.DataFrame, reads: list[Any]
) -> None:
    stored = read_zarr(store)["p"]
    ordered = stored.compute()
    held = PointsModel.parse(ordered, npartitions=4, sort=False)
    reads.clear()
    asked: Any = {"value_key": key, "agg_func": agg_func} if key is not None else {}
    here, there = (
        rasterize(points, ("x", "y"), [-20, 10], [20, 50], "global", target_width=20, **asked)
        for points in (held, stored)
    )
    np.testing.assert_allclose(there.values, here.values, rtol=1e-12)
    assert sum(number for number, _ in reads) < ROWS
    assert all("quality" not in (columns or ()) for _, columns in reads)
    if key is None:
        place = mapped(frame)
        expected, _, _ = np.histogram2d(
            place[:, 1], place[:, 0], bins=(np.linspace(10, 50, 21), np.linspace(-20, 20, 21))
        )
        np.testing.assert_array_equal(there.values[0], expected)


def test_the_extent_of_turned_points_reads_coordinates_only(store: Path, frame: pd.DataFrame, reads: list[Any]) -> None:
    found = get_extent(read_zarr(store)["p"])
    place = mapped(frame)
    np.testing.assert_allclose([found["x"], found["y"]], np.c_[place.min(axis=0), place.max(axis=0)])
    assert {columns for _, columns in reads} == {("x", "y")}


def test_a_lazy_frame_of_other_origin_is_measured(frame: pd.DataFrame) -> None:
    lazy = dd.from_map(lambda part: frame.iloc[part::2], [0, 1], meta=frame.iloc[:0])
    points = PointsModel.parse(lazy, transformations={"global": TURN})
    found = box(points)
    pd.testing.assert_frame_equal(found.compute().sort_index(), frame[in_box(frame)].sort_index())


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_coordinates_of_any_type_are_counted_and_missing_ones_are_not(dtype: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    places = rng.uniform(0, 64, (900, 2)).astype(dtype)
    if dtype != "int64":
        places[::7, 0] = np.nan
    points = PointsModel.parse(pd.DataFrame(places, columns=["x", "y"]), npartitions=3)
    SpatialData(points={"p": points}).write(tmp_path / "s.zarr")
    stored = read_zarr(tmp_path / "s.zarr")["p"]
    found = rasterize(stored, ("x", "y"), [0, 0], [64, 64], "global", target_width=16)
    known = places[np.isfinite(places).all(axis=1)].astype("float64")
    expected, _, _ = np.histogram2d(known[:, 1], known[:, 0], bins=16, range=((0, 64), (0, 64)))
    np.testing.assert_array_equal(found.values[0], expected)
    empty = rasterize(stored, ("x", "y"), [100, 100], [164, 164], "global", target_width=16)
    assert not empty.values.any()

"""Stored points are joined with tables, and drawn by their ids, where they are read."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from dask.dataframe.dask_expr.io import FromPandas

from spatialdata import (
    SpatialData,
    get_dask_backing_files,
    get_element_instances,
    join_spatialelement_table,
    rasterize,
    read_zarr,
)
from spatialdata.errors import IdTypeError
from spatialdata.models import PointsModel, TableModel
from spatialdata.store import parquet, portions
from spatialdata.store import points as points_store

ROWS = 3000


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.uniform(0, 100, (ROWS, 2)), columns=["x", "y"])
    frame["gene"] = pd.Categorical(rng.choice(list("abc"), ROWS), categories=list("abcd"))
    return frame.set_index(rng.permutation(ROWS) * 7 + 1)


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[pd.DataFrame], Any]:
    """Points read from files of 600 rows."""
    for module in (parquet, points_store):
        monkeypatch.setattr(module, "ROWS_PER_GROUP", 100)
        monkeypatch.setattr(module, "ROWS_PER_PART", 600)

    def write(frame: pd.DataFrame) -> Any:
        points = PointsModel.parse(frame, feature_key="gene", sort=False)
        SpatialData(points={"p": points}).write(tmp_path / "s.zarr")
        return read_zarr(tmp_path / "s.zarr")["p"]

    return write


def table(ids: Any) -> ad.AnnData:
    obs = pd.DataFrame({"region": pd.Categorical(["p"] * len(ids)), "id": ids})
    obs.index = [f"row{number}" for number in range(len(ids))]
    return TableModel.parse(ad.AnnData(obs=obs), region="p", region_key="region", instance_key="id")


def joined(points: Any, ids: Any, how: Any, **asked: Any) -> tuple[Any, ad.AnnData | None]:
    found, rows = join_spatialelement_table(
        spatial_element_names="p", spatial_elements=points, table=table(ids), how=how, **asked
    )
    return found["p"], rows


def test_a_join_looks_at_ids_only_and_leaves_the_rows_in_the_store(
    frame: pd.DataFrame, stored: Callable[[pd.DataFrame], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    points, seen = stored(frame), []
    assert points.npartitions > 2
    inner = portions._table

    def spied(file: Any, groups: Any, columns: Any, *, indexed: bool) -> Any:
        seen.append(tuple(columns))
        return inner(file, groups, columns, indexed=indexed)

    monkeypatch.setattr(portions, "_table", spied)
    ids = np.random.default_rng(6).choice(frame.index.to_numpy(), 500, replace=False)
    found, rows = joined(points, ids, "inner")
    assert set(seen) == {()}
    assert not list(found.expr.find_operations(FromPandas))
    assert get_dask_backing_files(found) == get_dask_backing_files(points)
    assert found.attrs == points.attrs
    pd.testing.assert_frame_equal(found.compute(), frame.loc[ids])
    assert rows is not None
    assert rows.obs["id"].tolist() == ids.tolist()
    seen.clear()
    assert sorted(get_element_instances(points).compute()) == sorted(frame.index)
    assert set(seen) == {()}


@pytest.mark.parametrize("how", ["inner", "left_exclusive", "right"])
def test_joined_points_keep_their_order_or_take_that_of_the_table(
    how: str, frame: pd.DataFrame, stored: Callable[[pd.DataFrame], Any]
) -> None:
    points = stored(frame)
    order = points.compute()
    rng = np.random.default_rng(7)
    ids = rng.permutation(np.r_[rng.choice(frame.index.to_numpy(), 40, replace=False), 2, 3])
    known = ids[np.isin(ids, frame.index)]
    with pytest.warns(UserWarning, match="2 of the 42 rows") if how == "inner" else contextlib.nullcontext():
        found, _ = joined(points, ids, how, match_rows="no" if how == "right" else "left")
    in_order = order[order.index.isin(known) != (how == "left_exclusive")]
    pd.testing.assert_frame_equal(found.compute(), order.loc[known] if how == "right" else in_order)


def test_ids_that_no_point_has_give_nothing(frame: pd.DataFrame, stored: Callable[[pd.DataFrame], Any]) -> None:
    with pytest.warns(UserWarning, match="2 of the 2 rows"):
        found, rows = joined(stored(frame), [2, 3], "inner")
    assert found is None
    assert rows is None


def test_ids_of_another_type_or_that_occur_twice_are_refused(
    frame: pd.DataFrame, stored: Callable[[pd.DataFrame], Any]
) -> None:
    points = stored(frame.set_axis([*frame.index[:-1], frame.index[0]], axis=0))
    with pytest.raises(IdTypeError, match="with strings in obs"):
        joined(points, ["a"], "inner")
    with pytest.raises(ValueError, match=f"ids of 'p' must be unique. 1 occur more than once.*{frame.index[0]}"):
        joined(points, frame.index[:2], "inner")


def test_a_picture_has_the_id_of_the_first_point_on_each_pixel(
    frame: pd.DataFrame, stored: Callable[[pd.DataFrame], Any]
) -> None:
    points = stored(frame)
    found = rasterize(points, ("x", "y"), [0, 0], [100, 100], "global", target_width=25, return_regions_as_labels=True)
    expected = np.zeros((25, 25), dtype=np.int64)
    for row in points.compute()[::-1].itertuples():
        expected[int(row.y // 4), int(row.x // 4)] = row.Index
    np.testing.assert_array_equal(found.values, expected)

"""Categorical columns of points whose categories dask does not know yet."""

from __future__ import annotations

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest

from spatialdata import SpatialData, read_zarr
from spatialdata.models import PointsModel


def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "x": np.arange(6.0),
            "y": np.arange(6.0) * 2,
            "gene": ["d", "b", "a", "b", "c", "a"],
            "panel": ["q", "p", "p", None, "p", "q"],
        }
    )


def lazy(frame: pd.DataFrame) -> dd.DataFrame:
    return dd.from_pandas(frame, npartitions=3, sort=False)


def test_categories_are_sorted_and_columns_can_be_chosen_in_any_order() -> None:
    points = PointsModel.parse(lazy(rows()), feature_key="gene")
    assert points["gene"].cat.categories.tolist() == ["a", "b", "c", "d"]
    chosen = points[["gene", "x"]].compute()
    assert list(chosen.columns) == ["gene", "x"]
    assert chosen["gene"].tolist() == rows()["gene"].tolist()
    assert points["gene"].compute().tolist() == rows()["gene"].tolist()


@pytest.mark.parametrize("feature_key", [None, "gene"])
def test_columns_that_became_categories_after_parsing_are_stored(feature_key: str | None, tmp_path) -> None:
    points = PointsModel.parse(lazy(rows()), feature_key=feature_key)
    for column in ("gene", "panel"):
        points[column] = points[column].astype("category")
    SpatialData(points={"points": points}).write(tmp_path / "points.zarr")
    back = read_zarr(tmp_path / "points.zarr")["points"].compute()
    for column in ("gene", "panel"):
        wanted = rows()[column]
        assert back[column].cat.categories.tolist() == sorted(set(wanted.dropna()))
        assert back[column].isna().tolist() == wanted.isna().tolist()
        assert back[column].dropna().tolist() == wanted.dropna().tolist()


def test_known_categories_keep_their_order(tmp_path) -> None:
    frame = rows()
    frame["gene"] = pd.Categorical(frame["gene"], categories=["d", "c", "b", "a"])
    points = PointsModel.parse(lazy(frame), feature_key="gene")
    assert points["gene"].cat.categories.tolist() == ["d", "c", "b", "a"]
    SpatialData(points={"points": points}).write(tmp_path / "points.zarr")
    assert read_zarr(tmp_path / "points.zarr")["points"]["gene"].cat.categories.tolist() == ["d", "c", "b", "a"]

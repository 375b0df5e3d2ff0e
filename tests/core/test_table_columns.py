"""What the columns and members of a table are after a round trip; missing values stay missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from spatialdata import SpatialData, read_zarr
from spatialdata.errors import StoreError, ValidationError

GAP = None


def _table(column: Any = (1.0, 2.0, 3.0), **uns: Any) -> anndata.AnnData:
    obs = pd.DataFrame({"column": column}, index=["a", "b", "c"])
    return anndata.AnnData(np.ones((3, 1), dtype=np.float32), obs=obs, uns=uns)


def _again(table: anndata.AnnData, path: Path, container: Any = None) -> anndata.AnnData:
    SpatialData(tables={"table": table}).write(path / "s.zarr", sdata_formats=container)
    return read_zarr(path / "s.zarr")["table"]


COLUMNS: dict[str, tuple[Any, list[Any], str]] = {
    "strings with a gap": (np.array(["x", None, "nan"], dtype=object), ["x", GAP, "nan"], "string"),
    "strings with nan": (np.array(["x", np.nan, "None"], dtype=object), ["x", GAP, "None"], "string"),
    "nothing at all": (np.array([None, None, None], dtype=object), [GAP, GAP, GAP], "string"),
    "truth with a gap": (np.array([True, None, False], dtype=object), [True, GAP, False], "boolean"),
    "truth as objects": (np.array([True, True, False], dtype=object), [True, True, False], "bool"),
    "numbers with a gap": (np.array([2**60 + 1, None, 3], dtype=object), [2**60 + 1, GAP, 3], "Int64"),
    "numbers as objects": (np.array([2**60 + 1, 2, 3], dtype=object), [2**60 + 1, 2, 3], "int64"),
    "fractions with a gap": (np.array([0.5, None, 3], dtype=object), [0.5, GAP, 3.0], "float64"),
    "nullable fractions": (pd.array([0.5, None, 3.0], dtype="Float32"), [0.5, GAP, 3.0], "float32"),
    "nullable numbers": (pd.array([1, None, 3], dtype="UInt8"), [1, GAP, 3], "UInt8"),
    "text of arrow": (pd.array(["x", None, "z"], dtype=pd.ArrowDtype(pa.string())), ["x", GAP, "z"], "string"),
    "numbers of arrow": (pd.array([1, None, 3], dtype=pd.ArrowDtype(pa.int16())), [1, GAP, 3], "Int64"),
    "ordered categories": (
        pd.Categorical(["low", None, "high"], categories=["low", "high", "never"], ordered=True),
        ["low", GAP, "high"],
        "category",
    ),
}


@pytest.mark.parametrize(("column", "values", "dtype"), COLUMNS.values(), ids=COLUMNS.keys())
def test_a_column_keeps_its_values_and_its_gaps(tmp_path: Path, column: Any, values: list[Any], dtype: str) -> None:
    table = _table(column)
    before = table.obs["column"].copy()
    found = _again(table, tmp_path).obs["column"]
    assert [GAP if pd.isna(value) else value for value in found] == values
    # What strings with gaps are called depends on the version of pandas.
    assert pd.api.types.is_string_dtype(found.dtype) if dtype == "string" else str(found.dtype) == dtype
    pd.testing.assert_series_equal(table.obs["column"], before)


def test_objects_that_are_no_strings_are_stored_as_text_with_a_warning(tmp_path: Path) -> None:
    column = np.array(["x", 1, 2.5], dtype=object)
    with pytest.warns(UserWarning, match=r"obs/column holds Python objects that are no strings.*stored as text"):
        found = _again(_table(column), tmp_path)
    assert found.obs["column"].tolist() == ["x", "1", "2.5"]


@pytest.mark.parametrize(
    ("table", "where"),
    [
        (_table(pd.date_range("2026-01-01", periods=3)), "'column'.*/obs"),
        (_table(nested={"when": pd.Timestamp("2026-01-01")}), "'when'.*/uns/nested"),
        (_table(pair=(1, 2)), "'pair'.*/uns"),
        (_table(numbered={1: "one"}), "key 1 .*/uns/numbered"),
    ],
    ids=["dates", "a date", "a tuple", "a number as key"],
)
def test_what_cannot_be_stored_is_named(tmp_path: Path, table: anndata.AnnData, where: str) -> None:
    with pytest.raises(StoreError, match=rf"tables/table cannot be written.*anndata cannot store.*{where}"):
        _again(table, tmp_path)
    assert not (tmp_path / "s.zarr").exists()


def test_columns_of_the_same_name_are_refused(tmp_path: Path) -> None:
    table = _table()
    table.obs = pd.DataFrame([[1, 2]] * 3, columns=["size", "size"], index=table.obs_names)
    with pytest.raises(ValidationError, match="obs: the name 'size' is that of several columns"):
        _again(table, tmp_path)

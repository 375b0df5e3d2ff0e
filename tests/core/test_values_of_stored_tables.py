"""Values of a column are read from the table of a store without the rest of the table."""

from __future__ import annotations

import shutil
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import zarr
from spatialdata._io.format import SpatialDataContainerFormatV01

from spatialdata import SpatialData, get_values, read_zarr
from spatialdata.models import ShapesModel, TableModel
from spatialdata.store.lazy_table import read_lazily

ROWS = 40


def obs() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "region": pd.Categorical(["cells"] * ROWS),
            "id": rng.permutation(ROWS),
            "size": rng.normal(size=ROWS),
            "count": pd.array([None, *range(1, ROWS)], dtype="Int64"),
            "type": pd.Categorical.from_codes(rng.integers(-1, 2, ROWS), ["b", "a"], ordered=True),
            "word": [f"w{number % 3}" for number in range(ROWS)],
            "other": rng.normal(size=ROWS),
        },
        index=pd.Index([f"c{number}" for number in range(ROWS)], name="barcode"),
    )


@pytest.fixture(params=[None, SpatialDataContainerFormatV01()], ids=["0.2", "0.1"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    cells = ShapesModel.parse(np.arange(2.0 * ROWS).reshape(ROWS, 2), geometry=0, radius=1.0)
    table = ad.AnnData(sp.random(ROWS, 5, 0.5, format="csr", random_state=0), obs=obs())
    table.obsm["place"], table.uns["note"], table.raw = np.ones((ROWS, 2)), {"of": "all"}, table.copy()
    sdata = SpatialData(shapes={"cells": cells}, tables={"table": TableModel.parse(table, "cells", "region", "id")})
    sdata.write(tmp_path / "store.zarr", sdata_formats=request.param)
    return tmp_path / "store.zarr"


@pytest.mark.parametrize("keys", [["size"], ["count"], ["type"], ["word"], ["size", "count"]])
def test_only_the_columns_are_read(place: Path, keys: list[str]) -> None:
    for part in ("X", "raw", "uns/note", "obs/other"):
        shutil.rmtree(place / "tables/table" / part)
    sdata = read_zarr(place)
    found = get_values(keys, sdata=sdata, element_name="cells", table_name="table")
    assert not sdata.tables.is_loaded("table")
    wanted = obs().set_index("id").sort_index()[keys]
    assert found.index.tolist() == wanted.index.tolist() == list(range(ROWS))
    for name in keys:
        assert found[name].isna().tolist() == wanted[name].isna().tolist()
        assert found[name].dropna().tolist() == wanted[name].dropna().tolist()
    if keys == ["type"]:
        assert found["type"].cat.categories.tolist() == ["b", "a"]
        assert found["type"].cat.ordered


def test_what_is_in_no_column_is_looked_up_in_the_whole_table(place: Path) -> None:
    matrix = read_zarr(place)["table"].X.toarray()
    sdata = read_zarr(place)
    found = get_values("2", sdata=sdata, element_name="cells", table_name="table")
    assert found["2"].tolist() == matrix[np.argsort(obs()["id"]), 2].tolist()
    assert sdata.tables.is_loaded("table")
    with pytest.raises(ValueError, match=r"'nothing' not found.*obs \('region', 'id', 'size'"):
        get_values("nothing", sdata=read_zarr(place), element_name="cells", table_name="table")


def test_a_table_with_columns(place: Path) -> None:
    table = read_zarr(place).tables.source("table").load(columns=["word", "nothing"])
    assert table.obs.columns.tolist() == ["region", "id", "word"]
    assert table.obs_names.name == "barcode"
    assert table.obs_names.tolist() == obs().index.tolist()
    assert table.var_names.tolist() == [str(number) for number in range(5)]
    assert table.uns["spatialdata_attrs"] == {"region": "cells", "region_key": "region", "instance_key": "id"}
    assert list(table.uns) == ["spatialdata_attrs"]
    assert table.raw is None
    np.testing.assert_array_equal(table.X.compute().toarray(), read_zarr(place)["table"].X.toarray())


@pytest.mark.filterwarnings("ignore:Element .* was written without encoding metadata")
def test_frames_of_old_tables_keep_their_categories(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "table", mode="w", zarr_format=2)
    group.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
    for name, columns in (("obs", ["type", "size"]), ("var", [])):
        frame = group.create_group(name)
        frame.attrs.update(
            {
                "encoding-type": "dataframe",
                "encoding-version": "0.1.0",
                "_index": "_index",
                "column-order": columns,
            }
        )
        frame.create_array("_index", data=np.array(["a", "b", "c"]))
    obs_group = group["obs"]
    obs_group.create_array("size", data=np.arange(3.0))
    codes = obs_group.create_array("type", data=np.array([1, 0, 1], dtype=np.int8))
    codes.attrs["categories"] = "__categories/type"
    categories = obs_group.create_group("__categories").create_array("type", data=np.array([10, 20]))
    categories.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    table = read_lazily(tmp_path / "table", lambda _: None, ["type"])
    assert table.obs.columns.tolist() == ["type"]
    assert table.obs["type"].tolist() == [20, 10, 20]

"""Tables of many rows, whose annotation is put together column by column, are those of all batches at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from spatialdata import SpatialData, read_zarr
from spatialdata.errors import ValidationError
from spatialdata.models import TableModel
from spatialdata.store.builders import tables as builder_module
from spatialdata.store.formats import SpatialDataContainerFormatV01

COUNT = 60


def whole_obs() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    number = np.arange(COUNT)
    return pd.DataFrame(
        {
            "region": pd.Categorical(np.where(number < 25, "left", "right"), ["left", "right"]),
            "id": number,
            "score": rng.random(COUNT).astype(np.float32),
            "kind": pd.Categorical([None if n % 7 == 0 else "abc"[n // 25] for n in number], list("abc")),
            # Strings without gaps come back as objects, also where pandas has a type of its own for them.
            "name": pd.Series([f"cell ü {n}" for n in number], [f"row{n}" for n in number], dtype=object),
            "note": pd.array([None if n % 3 else f"n{n}" for n in number], dtype="string"),
            "count": pd.array([None if n % 4 else n for n in number], dtype="Int64"),
            "flag": number % 2 == 0,
        },
        index=[f"row{n}" for n in number],
    )


def build(sdata: SpatialData, obs: pd.DataFrame, **options: Any) -> None:
    matrix = scipy.sparse.csr_matrix(np.arange(COUNT * 2.0).reshape(COUNT, 2))
    with sdata.create_table("cells", var=pd.DataFrame(index=["g0", "g1"]), **options) as builder:
        for start, stop in ((0, 25), (25, 26), (26, COUNT)):
            part = obs.iloc[start:stop]
            builder.append(
                matrix[start:stop], part.assign(kind=lambda frame: frame["kind"].cat.remove_unused_categories())
            )


@pytest.mark.parametrize("at_once", [10, 10_000], ids=["by column", "at once"])
@pytest.mark.parametrize("formats", [None, SpatialDataContainerFormatV01()], ids=["0.2", "0.1"])
@pytest.mark.parametrize("annotates", [True, False])
def test_the_columns_are_those_of_all_batches(
    annotates: bool, formats: Any, at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder_module, "_ROWS_AT_ONCE", at_once)
    sdata = SpatialData()
    sdata.write(tmp_path / "study.zarr", sdata_formats=formats)
    keys: Any = {"region": ["left", "right"], "region_key": "region", "instance_key": "id"} if annotates else {}
    build(sdata, whole_obs(), **keys)
    found = read_zarr(tmp_path / "study.zarr")["cells"]
    pd.testing.assert_frame_equal(found.obs, whole_obs())
    assert found.X.toarray().ravel().tolist() == list(range(COUNT * 2))
    assert (found.uns.get("spatialdata_attrs", {}).get("region_key") == "region") is annotates
    TableModel.validate(found)
    # By anndata alone.
    alone = anndata.read_zarr(tmp_path / "study.zarr" / "tables" / "cells")
    pd.testing.assert_frame_equal(alone.obs, whole_obs())
    metadata = tmp_path / "study.zarr" / ("zarr.json" if formats is None else ".zmetadata")
    assert "column-order" in json.dumps(json.loads(metadata.read_bytes()))


def test_names_of_columns_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder_module, "_ROWS_AT_ONCE", 10)
    sdata = SpatialData()
    sdata.write(tmp_path / "study.zarr")
    with pytest.raises(ValidationError, match="a name"):
        build(sdata, whole_obs().rename(columns={"name": "a name"}))
    assert "cells" not in read_zarr(tmp_path / "study.zarr")

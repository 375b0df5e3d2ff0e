"""What is built batch by batch, and tables in shards, are read by the published wheels."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from spatialdata import SpatialData, read_zarr
from spatialdata.models import TableModel

pytestmark = pytest.mark.contract
DESCRIBE = Path(__file__).parent / "scripts" / "describe_object.py"


def described(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("contract_describe_object", DESCRIBE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return json.loads(json.dumps(module.describe(read_zarr(path))))


def rows(start: int, count: int) -> anndata.AnnData:
    obs = pd.DataFrame({"region": pd.Categorical(["cells"] * count), "id": np.arange(start + 1, start + count + 1)})
    obs.index = [f"cell{number}" for number in range(start, start + count)]
    matrix = scipy.sparse.random(count, 8, 0.5, format="csr", random_state=start, dtype=np.float32)
    table = anndata.AnnData(matrix, obs=obs, layers={"scaled": matrix.toarray() * 2}, obsm={"pca": np.ones((count, 3))})
    return TableModel.parse(table, "cells", "region", "id")


def test_published_wheels_read_what_is_built(peer: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "built.zarr"
    sdata = SpatialData()
    sdata.write(path)
    rng = np.random.default_rng(0)
    with sdata.create_labels("cells", (40, 30), "int32", chunks={"y": 16, "x": 16}, scale_factors=[2]) as labels:
        labels.append(rng.integers(0, 90, (25, 30), dtype=np.int32))
        labels[25:] = rng.integers(0, 90, (15, 30), dtype=np.int32)
    with sdata.create_image("image", (2, 40, 30), "uint8", chunks={"y": 16, "x": 16}) as image:
        image.append(rng.integers(0, 255, (2, 40, 30), dtype=np.uint8))
    with sdata.create_points("points", feature_key="gene", rows_in_memory=40_000) as points:
        for genes in ("ab", "bc"):
            xy = {axis: rng.random(50_000) * 30 for axis in "xy"}
            points.append(pd.DataFrame({**xy, "gene": rng.choice(list(genes), 50_000)}))
    with sdata.create_shapes("circles") as shapes:
        shapes.append(rng.random((5, 2)), geometry=0, radius=1.0)
        shapes.append(rng.random((4, 2)), geometry=0, radius=2.0)
    with sdata.create_table("table", table_chunks=50, table_shards=3) as table:
        table.append(rows(0, 60))
        table.append(rows(60, 30))
    assert peer(DESCRIBE, path) == described(path)

"""How the arrays of tables lie on disk: few files, explicit chunks, and any program of anndata reads them."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import anndata
import dask.array
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialdata import SpatialData, read_zarr
from spatialdata.store.formats import SpatialDataContainerFormatV01
from spatialdata.store.table_arrays import ArrayLayout, SparseWriter, write_blocks


def _table(rows: int = 3000, columns: int = 40) -> anndata.AnnData:
    rng = np.random.default_rng(0)
    matrix = scipy.sparse.random(rows, columns, 0.2, format="csr", random_state=0, dtype=np.float32)
    obs = pd.DataFrame({"size": rng.random(rows), "kind": pd.Categorical(rng.choice(list("abc"), rows))})
    obs.index = [f"cell{number}" for number in range(rows)]
    return anndata.AnnData(matrix, obs=obs, obsm={"pca": rng.random((rows, 5))}, layers={"csc": matrix.tocsc()})


def _document(path: Path, array: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((path / "tables" / "table" / array / "zarr.json").read_text())
    return found


def _files(path: Path, array: str) -> int:
    return sum(file.is_file() for file in (path / "tables" / "table" / array / "c").rglob("*"))


def _contents(root: Path) -> dict[Path, bytes]:
    return {file.relative_to(root): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_a_small_array_is_one_file_that_is_not_larger_than_the_array(tmp_path: Path) -> None:
    SpatialData(tables={"table": _table()}).write(tmp_path / "s.zarr")
    for array in ("X/data", "X/indices", "X/indptr", "obs/size", "obs/_index", "obs/kind/codes", "obsm/pca"):
        document = _document(tmp_path / "s.zarr", array)
        assert document["chunk_grid"]["configuration"]["chunk_shape"] == document["shape"]
        assert _files(tmp_path / "s.zarr", array) == 1


def test_long_arrays_are_cut_into_shards(tmp_path: Path) -> None:
    table = _table()
    SpatialData(tables={"table": table}).write(tmp_path / "s.zarr", table_chunks=500, table_shards=4)
    values = table.X.nnz
    assert _files(tmp_path / "s.zarr", "X/data") == -(-values // 2000)
    array = zarr.open_array(tmp_path / "s.zarr" / "tables" / "table" / "X" / "data", mode="r")
    assert (array.chunks, array.shards) == ((500,), (2000,))
    pca = zarr.open_array(tmp_path / "s.zarr" / "tables" / "table" / "obsm" / "pca", mode="r")
    assert (pca.chunks, pca.shards) == ((100, 5), (400, 5))
    assert zarr.open_array(tmp_path / "s.zarr/tables/table/obs/_index", mode="r").shards is None
    plain = anndata.io.read_zarr(str(tmp_path / "s.zarr" / "tables" / "table"))
    assert (plain.X != table.X).nnz == 0
    assert (plain.layers["csc"] != table.layers["csc"]).nnz == 0
    np.testing.assert_array_equal(plain.obsm["pca"], table.obsm["pca"])
    pd.testing.assert_frame_equal(plain.obs, table.obs)


def test_without_shards_each_chunk_is_a_file(tmp_path: Path) -> None:
    table = _table()
    SpatialData(tables={"table": table}).write(tmp_path / "s.zarr", table_chunks=1000, table_shards=1)
    assert _files(tmp_path / "s.zarr", "X/data") == -(-table.X.nnz // 1000)


def test_zarr_v2_has_chunks_but_no_shards(tmp_path: Path) -> None:
    table = _table()
    SpatialData(tables={"table": table}).write(
        tmp_path / "s.zarr", sdata_formats=SpatialDataContainerFormatV01(), table_chunks=500, table_shards=4
    )
    data = zarr.open_array(tmp_path / "s.zarr" / "tables" / "table" / "X" / "data", mode="r")
    assert (data.metadata.zarr_format, data.chunks, data.shards) == (2, (500,), None)
    assert (anndata.io.read_zarr(str(tmp_path / "s.zarr" / "tables" / "table")).X != table.X).nnz == 0


def test_same_table_same_bytes(tmp_path: Path) -> None:
    for name in ("a.zarr", "b.zarr"):
        SpatialData(tables={"table": _table()}).write(tmp_path / name, table_chunks=500, table_shards=4)
    first, second = (
        {
            file.relative_to(tmp_path / name): file.read_bytes()
            for file in (tmp_path / name).rglob("*")
            if file.is_file()
        }
        for name in ("a.zarr", "b.zarr")
    )
    assert first == second


def test_blocks_of_any_dask_array_are_written_as_the_array(tmp_path: Path) -> None:
    table = _table()
    lazy = table.copy()
    lazy.X = dask.array.from_array(table.X.toarray(), chunks=(700, 11))
    lazy.layers["csc"] = dask.array.from_array(table.X.toarray(), chunks=(300, 40)).map_blocks(scipy.sparse.csc_matrix)
    SpatialData(tables={"table": lazy}).write(tmp_path / "s.zarr", table_chunks=500, table_shards=4)
    found = read_zarr(tmp_path / "s.zarr")["table"]
    np.testing.assert_array_equal(found.X, table.X.toarray())
    np.testing.assert_array_equal(found.layers["csc"].toarray(), table.X.toarray())


@settings(max_examples=12, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 40), max_size=6),
    chunk=st.integers(1, 30),
    per_shard=st.integers(1, 4),
    by_rows=st.booleans(),
)
def test_a_sparse_matrix_written_in_pieces_is_the_matrix(
    cuts: list[int], chunk: int, per_shard: int, by_rows: bool
) -> None:
    matrix = scipy.sparse.random(40, 13, 0.3, format="csr", random_state=len(cuts))
    whole = matrix if by_rows else scipy.sparse.csc_matrix(matrix.T)
    encoding = "csr_matrix" if by_rows else "csc_matrix"
    group = zarr.group()
    writer = SparseWriter(group, "m", encoding, 13, matrix.dtype, ArrayLayout(chunk, per_shard))
    limits = [0, *sorted(cuts), 40]
    for start, stop in pairwise(limits):
        writer.append(whole[start:stop] if by_rows else whole[:, start:stop])
    writer.finish()
    found = anndata.io.read_elem(group["m"])
    assert found.shape == whole.shape
    np.testing.assert_array_equal(found.toarray(), whole.toarray())


@settings(max_examples=12, deadline=None)
@given(cuts=st.lists(st.integers(0, 30), max_size=6), chunk=st.integers(1, 40), per_shard=st.integers(1, 4))
def test_a_dense_array_written_in_pieces_is_the_array(cuts: list[int], chunk: int, per_shard: int) -> None:
    whole = np.arange(30 * 4).reshape(30, 4)
    limits = [0, *sorted(cuts), 30]
    pieces = [whole[start:stop] for start, stop in pairwise(limits)]
    group = zarr.group()
    write_blocks(group, "m", whole.shape, whole.dtype, pieces, ArrayLayout(chunk, per_shard))
    np.testing.assert_array_equal(anndata.io.read_elem(group["m"]), whole)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "many"])
def test_a_size_that_is_no_whole_number_is_refused(tmp_path: Path, wrong: Any) -> None:
    with pytest.raises(ValueError, match="table_chunks must be a whole number above 0"):
        SpatialData(tables={"table": _table(3)}).write(tmp_path / "s.zarr", table_chunks=wrong)
    assert not (tmp_path / "s.zarr").exists()

"""Tables that stay on disk: the same answers as from memory, and no matrix read that the answer does not need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import geopandas
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import shapely

from spatialdata import (
    SpatialData,
    SpatialDataCollection,
    aggregate,
    bounding_box_query,
    col,
    concatenate,
    deepcopy,
    get_dask_backing_files,
    get_element_annotators,
    get_values,
    join_spatialelement_table,
    match_element_to_table,
    match_table_to_element,
    polygon_query,
    rasterize_bins,
    read_zarr,
)
from spatialdata.errors import StoreError
from spatialdata.models import Labels2DModel, ShapesModel, TableModel
from spatialdata.testing import assert_elements_are_identical, assert_spatial_data_objects_are_identical

CELLS = 60
GENES = 7


def _counts() -> scipy.sparse.csr_matrix:
    rng = np.random.default_rng(3)
    return scipy.sparse.csr_matrix(rng.poisson(0.7, (CELLS, GENES)).astype(np.float32))


def _object() -> SpatialData:
    side = np.arange(10) + 0.5
    y, x = np.meshgrid(side[:6], side, indexing="ij")
    cells = ShapesModel.parse(np.column_stack([x.ravel(), y.ravel()]), geometry=0, radius=0.4)
    labels = Labels2DModel.parse(np.arange(1, CELLS + 1, dtype=np.int32).reshape(6, 10))
    counts = _counts()
    ids = np.random.default_rng(0).permutation(CELLS)
    obs = pd.DataFrame(
        {
            "region": pd.Categorical(["cells"] * CELLS),
            "id": ids,
            "size": np.linspace(0, 1, CELLS),
            "row": ids // 10,
            "column": ids % 10,
        },
        index=[f"cell{number}" for number in range(CELLS)],
    )
    table = anndata.AnnData(
        counts,
        obs=obs,
        var=pd.DataFrame({"long": np.arange(GENES) % 2 == 0}, index=[f"gene{number}" for number in range(GENES)]),
        layers={"by_column": counts.tocsc(), "dense": counts.toarray()},
        obsm={"pca": np.random.default_rng(1).random((CELLS, 3)), "frame": obs[["size"]].copy()},
        obsp={"near": scipy.sparse.eye(CELLS, format="csr")},
        varm={"loadings": np.arange(GENES * 2.0).reshape(GENES, 2)},
        uns={"palette": {"a": np.arange(3)}},
    )
    table.raw = table[:, :4].copy()
    return SpatialData(
        shapes={"cells": cells},
        labels={"mask": labels},
        tables={"table": TableModel.parse(table, region="cells", region_key="region", instance_key="id")},
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    _object().write(tmp_path / "cells.zarr", table_chunks=20, table_shards=1)
    return tmp_path / "cells.zarr"


def _whole() -> Any:
    return ShapesModel.parse(geopandas.GeoDataFrame(geometry=[shapely.box(-1, -1, 11, 7)]))


def _matrices(table: anndata.AnnData) -> dict[str, Any]:
    return {
        "X": table.X,
        "raw": table.raw.X,
        **{f"layers/{key}": value for key, value in table.layers.items()},
        **{f"obsm/{key}": table.obsm[key] for key in ("pca",)},
        **{f"obsp/{key}": value for key, value in table.obsp.items()},
        **{f"varm/{key}": value for key, value in table.varm.items()},
    }


def _spoil_matrices(path: Path) -> None:
    """Make every chunk of every matrix unreadable."""
    table = path / "tables" / "table"
    chunks = [
        file for name in ("X", "layers", "obsp", "varm", "raw/X", "obsm/pca") for file in (table / name).rglob("*")
    ]
    spoilt = [file for file in chunks if file.is_file() and file.name != "zarr.json"]
    assert len(spoilt) > 20
    for file in spoilt:
        file.write_bytes(b"spoilt")


def test_every_matrix_is_lazy_and_has_the_values_of_the_eager_table(path: Path) -> None:
    lazy, eager = (read_zarr(path, lazy=wanted)["table"] for wanted in (True, False))
    found = _matrices(lazy)
    assert all(hasattr(matrix, "dask") for matrix in found.values())
    assert not any(hasattr(matrix, "dask") for matrix in _matrices(eager).values())
    assert isinstance(lazy.obs, pd.DataFrame)
    assert isinstance(lazy.obsm["frame"], pd.DataFrame)
    assert type(found["X"].compute()) is type(eager.X)
    assert found["layers/by_column"].compute().format == "csc"
    np.testing.assert_array_equal(found["X"].compute().toarray(), _counts().toarray())
    assert_elements_are_identical(lazy, eager)
    assert_elements_are_identical(lazy.to_memory(), eager)


QUESTIONS: dict[str, Callable[[SpatialData], Any]] = {
    "repr": lambda sdata: repr(sdata).replace(", lazy", "") and None,
    "annotators": lambda sdata: get_element_annotators(sdata, "cells"),
    "values of obs": lambda sdata: get_values("size", sdata=sdata, element_name="cells", table_name="table"),
    "left join": lambda sdata: join_spatialelement_table(sdata, "cells", table_name="table", how="left")[1],
    "inner join": lambda sdata: join_spatialelement_table(
        sdata, "cells", table_name="table", how="inner", match_rows="left"
    )[1],
    "right join": lambda sdata: match_element_to_table(sdata, "cells", "table")[1],
    "match": lambda sdata: match_table_to_element(sdata, "cells", "table"),
    "filter": lambda sdata: sdata.filter(obs=col("size") > 0.5),
    "filter by names": lambda sdata: sdata.filter_by_table_query("table", var_names_expr=col("var_names") != "gene3"),
    "subset": lambda sdata: sdata.subset(["cells"]),
    "coordinate system": lambda sdata: sdata.filter_by_coordinate_system("global"),
    "box": lambda sdata: bounding_box_query(
        sdata, axes=("x", "y"), min_coordinate=[2, 2], max_coordinate=[7, 5], target_coordinate_system="global"
    ),
    "polygon": lambda sdata: polygon_query(sdata, shapely.box(1, 1, 4, 4), target_coordinate_system="global"),
    "transform": lambda sdata: sdata.transform_to_coordinate_system("global"),
    "concatenate": lambda sdata: concatenate({"a": sdata, "b": sdata}, concatenate_tables=True),
    "deepcopy": deepcopy,
    "aggregate a column": lambda sdata: aggregate(
        values_sdata=sdata, values="cells", by=_whole(), value_key="size", table_name="table"
    ),
    "bins": lambda sdata: rasterize_bins(sdata, "cells", "table", "column", "row", value_key="size"),
    "groups": lambda sdata: list(sdata.groupby("row"))[:1],
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_answer_is_that_of_the_eager_object_and_needs_no_matrix(path: Path, question: str) -> None:
    ask = QUESTIONS[question]
    expected = ask(read_zarr(path))
    lazy = ask(read_zarr(path, lazy=True))
    _assert_same(lazy, expected)
    _spoil_matrices(path)
    ask(read_zarr(path, lazy=True))
    with pytest.raises(StoreError, match=r"tables/table of .* cannot be read"):
        _ = read_zarr(path)["table"]


def _assert_same(found: Any, expected: Any) -> None:
    if isinstance(expected, SpatialData):
        assert_spatial_data_objects_are_identical(found, expected)
    elif isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected)
    elif isinstance(expected, anndata.AnnData):
        assert hasattr(found.X, "dask")
        assert_elements_are_identical(found, expected)
    elif hasattr(expected, "dims"):
        np.testing.assert_array_equal(found.values, expected.values)
    else:
        assert found == expected


def test_values_of_genes_are_those_of_the_matrix(path: Path) -> None:
    lazy = read_zarr(path, lazy=True)
    keys = ["gene5", "gene2"]
    found = get_values(keys, sdata=lazy, element_name="cells", table_name="table")
    ids = lazy["table"].obs["id"].to_numpy()
    np.testing.assert_array_equal(found.to_numpy(), _counts().toarray()[np.argsort(ids)][:, [5, 2]])
    layer = get_values("gene1", element=lazy["table"], table_layer="by_column")
    np.testing.assert_array_equal(layer["gene1"].to_numpy(), _counts().toarray()[:, 1])
    pca = get_values("pca", element=lazy["table"])
    np.testing.assert_array_equal(pca.to_numpy(), _object()["table"].obsm["pca"])


def test_filter_by_values_of_genes(path: Path) -> None:
    found = read_zarr(path, lazy=True).filter_by_table_query("table", x_expr=col("gene4") > 1)
    expected = _counts().toarray()
    np.testing.assert_array_equal(found["table"].X.compute().toarray(), expected[expected[:, 4] > 1])
    assert hasattr(found["table"].X, "dask")


def test_aggregate_a_gene(path: Path) -> None:
    lazy = read_zarr(path, lazy=True)
    found = aggregate(
        values_sdata=lazy, values="cells", by=_whole(), value_key=["gene0", "gene6"], agg_func="sum", table_name="table"
    )
    np.testing.assert_allclose(
        np.asarray(found["table"].to_df()).ravel(), _counts().toarray()[:, [0, 6]].sum(axis=0), rtol=1e-6
    )


def test_rasterize_bins_of_genes(path: Path) -> None:
    lazy = read_zarr(path, lazy=True)
    image = rasterize_bins(lazy, "cells", "table", "column", "row")
    of_cell = np.argsort(lazy["table"].obs["id"].to_numpy())
    np.testing.assert_array_equal(image.sel(c="gene3").values, _counts().toarray()[of_cell, 3].reshape(6, 10))


def test_repr_and_info_say_that_the_table_is_lazy(path: Path) -> None:
    lazy = read_zarr(path, lazy=True)
    line = "'table': AnnData (60, 7), lazy"
    assert line in repr(lazy)
    _ = lazy["table"]
    assert line in repr(lazy)
    assert "AnnData (60, 7), lazy" in lazy._repr_html_()
    assert "lazy" not in repr(read_zarr(path))


def test_written_lazily_the_files_are_the_same(path: Path, tmp_path: Path) -> None:
    read_zarr(path, lazy=True).write(tmp_path / "twin.zarr", table_chunks=20, table_shards=1)
    names = {file.relative_to(path) for file in path.rglob("*") if file.is_file()}
    twin = {file.relative_to(tmp_path / "twin.zarr") for file in (tmp_path / "twin.zarr").rglob("*") if file.is_file()}
    assert names == twin
    tables = [name for name in names if name.parts[0] == "tables"]
    assert all((path / name).read_bytes() == (tmp_path / "twin.zarr" / name).read_bytes() for name in tables)


def test_a_store_is_written_over_while_its_table_is_read_lazily(path: Path) -> None:
    lazy = read_zarr(path, lazy=True)
    lazy["table"] = lazy["table"][::3].copy()
    lazy.write_element("table", overwrite=True)
    expected = _counts().toarray()[::3]
    np.testing.assert_array_equal(lazy["table"].X.compute().toarray(), expected)
    np.testing.assert_array_equal(lazy["table"].raw.X.compute().toarray(), expected[:, :4])
    lazy["table"] = lazy["table"][:5]
    lazy.write(path, overwrite=True)
    np.testing.assert_array_equal(lazy["table"].X.compute().toarray(), expected[:5])
    np.testing.assert_array_equal(read_zarr(path)["table"].X.toarray(), expected[:5])
    assert lazy.is_self_contained()


def test_a_table_written_anew_by_another_object_is_an_error_not_wrong_numbers(path: Path) -> None:
    held = read_zarr(path, lazy=True)["table"]
    other = read_zarr(path)
    other["table"] = other["table"][:10].copy()
    other.write_element("table", overwrite=True)
    with pytest.raises(StoreError, match="written anew; read the table again"):
        held.X.compute()
    with pytest.raises(StoreError, match="written anew"):
        held.obsm["pca"].compute()


def test_backing_files_are_those_of_the_matrices(path: Path) -> None:
    files = get_dask_backing_files(read_zarr(path, lazy=True)["table"])
    place = path.resolve() / "tables" / "table"
    assert {Path(file).relative_to(place).as_posix() for file in files} >= {
        "X",
        "layers/by_column",
        "obsp/near",
        "raw/X",
    }
    assert get_dask_backing_files(read_zarr(path)["table"]) == []


def test_a_table_without_rows_or_values_is_read_and_written(tmp_path: Path) -> None:
    empty = anndata.AnnData(scipy.sparse.csr_matrix((0, 3), dtype=np.float32))
    blank = anndata.AnnData(scipy.sparse.csc_matrix((4, 3), dtype=np.int64))
    bare = anndata.AnnData(obs=pd.DataFrame({"a": [1, 2]}, index=["p", "q"]))
    SpatialData(tables={"empty": empty, "blank": blank, "bare": bare}).write(tmp_path / "s.zarr")
    lazy = read_zarr(tmp_path / "s.zarr", lazy=True)
    assert lazy["empty"].X.compute().shape == (0, 3)
    assert lazy["blank"].X.compute().nnz == 0
    assert lazy["bare"].X is None
    lazy.write(tmp_path / "t.zarr")
    assert_spatial_data_objects_are_identical(read_zarr(tmp_path / "t.zarr"), read_zarr(tmp_path / "s.zarr"))


def test_lazy_tables_of_every_stored_version(sample_data: Path) -> None:
    for folder in sorted((sample_data / "stores").glob("*/store.zarr")):
        eager, lazy = read_zarr(folder, "tables"), read_zarr(folder, "tables", lazy=True)
        for name in eager.tables:
            assert_elements_are_identical(lazy[name], eager[name])


def test_block_follows_the_size_of_the_matrix(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spatialdata.store import lazy_table

    monkeypatch.setattr(lazy_table, "_BLOCK_BYTES", 200)
    table = read_zarr(path, lazy=True)["table"]
    assert table.X.numblocks[0] > 5
    assert table.layers["by_column"].numblocks[1] > 1
    np.testing.assert_array_equal(table.X.compute().toarray(), _counts().toarray())
    np.testing.assert_array_equal(table.layers["by_column"].compute().toarray(), _counts().toarray())
    part = table[[41, 3, 17], ["gene6", "gene1"]].copy()
    np.testing.assert_array_equal(part.X.compute().toarray(), _counts().toarray()[[41, 3, 17]][:, [6, 1]])


def test_collection_of_lazy_tables(path: Path) -> None:
    collections = [SpatialDataCollection({"a": path, "b": path}, lazy=lazy) for lazy in (True, False)]
    lazy, eager = (found.select(found.cells.query("row == 2")) for found in collections)
    assert hasattr(lazy["table"].X, "dask")
    assert lazy["table"].n_obs == 20
    assert_spatial_data_objects_are_identical(lazy, eager)

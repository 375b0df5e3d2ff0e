"""Sums of sparse tables by shapes; compared with shapely and dense numpy."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from anndata import AnnData
from scipy.sparse import csc_matrix, csr_matrix

from spatialdata import SpatialData, aggregate
from spatialdata.kernels.sparse_sums import sums_of_rows
from spatialdata.models import ShapesModel, TableModel
from spatialdata.regions import HexagonGrid, SquareGrid

CELLS, GENES = 60, 7
NAMES = [f"g{k}" for k in range(GENES)]


def object_with(counts: Any, order: np.ndarray, annotated: int = CELLS) -> SpatialData:
    """Cells, and a table whose rows are in another order and of which some are missing."""
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 20, (CELLS, 2))
    cells = gpd.GeoDataFrame(geometry=shapely.box(*corner.T, *(corner + rng.uniform(1, 4, (CELLS, 2))).T))
    cells.index = cells.index + 100
    corner = rng.uniform(0, 15, (9, 2))
    spots = gpd.GeoDataFrame(geometry=shapely.box(*corner.T, *(corner + 6).T))
    spots.loc[9, "geometry"] = shapely.box(900, 900, 901, 901)
    ids = order[:annotated]
    obs = pd.DataFrame({"region": pd.Categorical(["cells"] * annotated), "id": ids + 100})
    table = AnnData(counts[ids], obs=obs.set_axis(obs.index.astype(str)), var=pd.DataFrame(index=NAMES))
    return SpatialData.init_from_elements(
        {
            "cells": ShapesModel.parse(cells),
            "spots": ShapesModel.parse(spots),
            "table": TableModel.parse(table, "cells", "region", "id"),
        }
    )


def some_counts(dtype: type, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(0.7, (CELLS, GENES)).astype(dtype)


def statistics(
    dense: np.ndarray, regions: Any, cells: Any, known: np.ndarray, *, fractions: bool, func: str
) -> np.ndarray:
    """By brute force: for each region the cells that meet it, or their parts on it."""
    result = np.zeros((len(regions), dense.shape[1]))
    for number, region in enumerate(regions):
        part = shapely.area(shapely.intersection(region, cells)) / shapely.area(cells)
        rows = known & (part > 0 if fractions else shapely.intersects(region, cells))
        values = dense[rows] * (part[rows, None] if fractions else 1)
        there = ~np.isnan(values)
        if func == "sum":
            result[number] = np.nansum(values, axis=0)
        elif func == "count":
            result[number] = there.sum(axis=0)
        elif rows.any():
            result[number] = np.nansum(values, axis=0) / np.maximum(there.sum(axis=0), 1)
    return result


@pytest.mark.parametrize("fractions", [False, True])
@pytest.mark.parametrize("func", ["sum", "mean", "count"])
@pytest.mark.parametrize("made", [csr_matrix, csc_matrix, np.asarray])
@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.int64])
def test_genes_of_cells_by_spots(made: Any, func: str, fractions: bool, dtype: type) -> None:
    counts = some_counts(dtype)
    order = np.random.default_rng(2).permutation(CELLS)
    sdata = object_with(made(counts), order, annotated=50)
    keys = [NAMES[k] for k in (4, 0, 6)]
    with pytest.warns(UserWarning, match="10 of 60 values have no row"):
        found = aggregate(
            "cells", sdata["spots"], values_sdata=sdata, value_key=keys, agg_func=func, table_name="table",
            fractions=fractions,
        )["table"]  # fmt: skip
    known = np.isin(np.arange(CELLS), order[:50])
    expected = statistics(
        counts[:, [4, 0, 6]].astype(float), sdata["spots"].geometry, sdata["cells"].geometry.to_numpy(), known,
        fractions=fractions, func=func,
    )  # fmt: skip
    assert found.var_names.tolist() == keys
    np.testing.assert_allclose(found.X.toarray(), expected, rtol=1e-5)
    assert (found.X.data != 0).all()
    assert found.X.has_sorted_indices


def test_several_functions_stand_side_by_side() -> None:
    sdata = object_with(csr_matrix(some_counts(np.float64)), np.arange(CELLS))
    names = ["sum", "count", "mean"]
    options: dict[str, Any] = {"values_sdata": sdata, "value_key": NAMES, "table_name": "table"}
    together = aggregate("cells", sdata["spots"], agg_func=names, **options)["table"]
    assert together.var_names.tolist() == [f"{gene}_{func}" for gene in NAMES for func in names]
    for func in names:
        alone = aggregate("cells", sdata["spots"], agg_func=func, **options)["table"]
        part = together[:, [f"{gene}_{func}" for gene in NAMES]].X
        np.testing.assert_array_equal(part.toarray(), alone.X.toarray())


@pytest.mark.parametrize("func", ["sum", "mean", "count", "max", "median"])
def test_missing_values_do_not_count(func: str) -> None:
    counts = some_counts(np.float64)
    counts[::7, 2] = np.nan
    sparse, dense = (object_with(made(counts), np.arange(CELLS)) for made in (csr_matrix, np.asarray))
    matrices = [
        aggregate(
            "cells", sdata["spots"], values_sdata=sdata, value_key=NAMES, agg_func=func, table_name="table"
        )["table"].X.toarray()
        for sdata in (sparse, dense)
    ]  # fmt: skip
    np.testing.assert_array_equal(*matrices)
    if func in ("sum", "count"):
        cells = sparse["cells"].geometry.to_numpy()
        known = np.ones(CELLS, dtype=bool)
        expected = statistics(counts, sparse["spots"].geometry, cells, known, fractions=False, func=func)
        np.testing.assert_allclose(matrices[0], expected)


def test_genes_by_a_grid_leave_the_table_alone() -> None:
    sdata = object_with(csr_matrix(some_counts(np.float32)), np.arange(CELLS))
    before = sdata["table"].copy()
    grid = SquareGrid.covering([0, 0], [24, 24], size=5)
    found = aggregate("cells", grid, values_sdata=sdata, value_key=NAMES, table_name="table")["table"].X.toarray()
    cells = sdata["cells"].geometry.to_numpy()
    share = shapely.area(shapely.intersection(grid.shapes().geometry.to_numpy()[:, None], cells[None])) > 0
    np.testing.assert_allclose(found, share @ before.X.toarray())
    np.testing.assert_array_equal(sdata["table"].X.toarray(), before.X.toarray())


@pytest.mark.parametrize("grid_type", [SquareGrid, HexagonGrid])
def test_cells_of_large_grids_are_those_of_small_ones(grid_type: type[SquareGrid | HexagonGrid]) -> None:
    large = grid_type.covering([0, 0], [40, 300], size=1.0).shapes()
    few = grid_type.covering([0, 0], [40, 3], size=1.0).shapes().geometry
    assert len(large) > 10_000 > len(few)
    assert large.geometry.is_valid.all()
    assert shapely.equals(large.geometry.to_numpy()[: len(few)], few.to_numpy()).all()


@pytest.mark.parametrize("columns", [5, 2000])
@pytest.mark.parametrize("weighted", [False, True])
def test_sums_of_rows_are_those_of_a_product(columns: int, weighted: bool) -> None:
    rng = np.random.default_rng(4)
    matrix = csr_matrix(rng.integers(-3, 4, (50, columns)) * (rng.random((50, columns)) < 0.02))
    sizes = np.array([0, 3, 1, 40, 0])
    start, rows = np.concatenate([[0], np.cumsum(sizes)]), rng.integers(0, 50, sizes.sum())
    weight = rng.random(len(rows)) if weighted else np.zeros(0)
    indptr, indices, data, missing = sums_of_rows(
        (matrix.indptr, matrix.indices, matrix.data), columns, start, rows, weight
    )
    pairs = csr_matrix((weight if weighted else np.ones(len(rows)), rows, start), shape=(5, 50))
    found = csr_matrix((data, indices, indptr), shape=(5, columns))
    np.testing.assert_allclose(found.toarray(), (pairs @ matrix).toarray())
    assert found.has_canonical_format
    assert not missing
    assert (data != 0).all()

"""Where the values of a color come from, and how they are matched to instances."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csc_matrix, csr_matrix

from spatialdata_plot.resolve.column import fetch, locate
from spatialdata_plot.spec import ShapesSpec

from .conftest import GENES, TYPES, make_table

INDEX = pd.Index([40, 10, 30, 20])
ORDER = [3, 0, 2, 1]


def spec(**kwargs) -> ShapesSpec:
    return ShapesSpec(element="squares", **kwargs)


@pytest.mark.parametrize("kind", [np.asarray, csr_matrix, csc_matrix, da.from_array])
def test_genes_of_every_kind_of_matrix(unchanged, kind) -> None:
    table = unchanged.tables["table"]
    before = table.X
    table.X = kind(GENES.astype(np.float32))
    column = fetch(unchanged, spec(), "ENSG2", INDEX)
    np.testing.assert_array_equal(column.values.to_numpy(), GENES[ORDER, 1])
    table.X = before


def test_rows_of_other_elements_do_not_count(sdata) -> None:
    table = make_table("squares", [10, 20, 30, 40, 0, 1], [*TYPES, "X", "X"], np.vstack([GENES, GENES[:2] + 100]))
    table.obs["instance_id"] = [10, 20, 30, 40, 10, 20]
    table.obs["region"] = pd.Categorical(["squares"] * 4 + ["circles"] * 2)
    table.uns["spatialdata_attrs"]["region"] = ["squares", "circles"]
    sdata.tables["table"] = table
    column = fetch(sdata, spec(), "ENSG1", INDEX)
    np.testing.assert_array_equal(column.values.to_numpy(), GENES[ORDER, 0])


def test_instances_without_a_row_and_rows_without_an_instance(sdata) -> None:
    column = fetch(sdata, spec(), "cell_type", pd.Index([10, 99, 40]))
    assert column.values.tolist()[0] == "T"
    assert column.values.isna().tolist() == [False, True, False]
    assert column.unmatched_rows == 2


def test_no_common_instance_says_what_the_names_look_like(sdata) -> None:
    with pytest.raises(ValueError, match=r"None of the 4 rows.*10 \(int64\).*'a' \(object\)"):
        fetch(sdata, spec(), "cell_type", pd.Index(["a", "b"], dtype=object))


def test_a_repeated_index_is_refused(sdata) -> None:
    with pytest.raises(ValueError, match="repeats 1 values"):
        fetch(sdata, spec(), "cell_type", pd.Index([10, 10, 20]))


def test_several_tables_take_the_first_and_say_so(sdata, said) -> None:
    sdata.tables["another"] = make_table("squares", [10, 20, 30, 40], TYPES, GENES)
    assert locate(sdata, spec(), "cell_type").table == "table"
    assert "'table', 'another'" in said()
    assert locate(sdata, spec(table_name="another"), "cell_type").table == "another"


def test_a_gene_named_like_a_column_is_ambiguous(sdata) -> None:
    sdata.tables["table"].obs["ENSG1"] = 1.0
    with pytest.raises(ValueError, match="both a column of obs and a gene"):
        locate(sdata, spec(), "ENSG1")


def test_unknown_keys_list_what_there_is(sdata) -> None:
    with pytest.raises(KeyError, match=r"'kind'.*'cell_type'.*'ENSG1'.*Did you mean 'ENSG1'"):
        locate(sdata, spec(), "ENSG11")
    with pytest.raises(KeyError, match="Did you mean 'symbol'"):
        locate(sdata, spec(gene_symbols="symbols"), "Epcam")


def test_an_element_without_a_table(sdata) -> None:
    with pytest.raises(KeyError, match="No table annotates 'circles'"):
        locate(sdata, ShapesSpec(element="circles"), "cell_type")


def test_a_table_without_x_points_at_its_layers(sdata) -> None:
    sdata.tables["table"].X = None
    with pytest.raises(ValueError, match=r"has no X.*'log'"):
        fetch(sdata, spec(), "ENSG1", INDEX)
    column = fetch(sdata, spec(table_layer="log"), "ENSG1", INDEX)
    np.testing.assert_allclose(column.values.to_numpy(), np.log1p(GENES[ORDER, 0]), rtol=1e-6)


@pytest.mark.parametrize("stored", [["#111111", "#222222", "#333333"], {"B": "#111111", "T": "#222222"}])
def test_stored_colors_by_category(sdata, stored) -> None:
    sdata.tables["table"].uns["cell_type_colors"] = stored
    column = fetch(sdata, spec(), "cell_type", INDEX)
    assert column.stored_colors is not None
    assert column.stored_colors["B"] == "#111111"
    assert column.stored_colors["T"] == "#222222"

"""Values of instances, from elements and tables."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from spatialdata import SpatialData, get_values
from spatialdata.models import Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.ops.aggregate_values import ValueSource


def study() -> SpatialData:
    cells = ShapesModel.parse(np.zeros((4, 2)), geometry=0, radius=[1.0, 2, 3, 4], index=[10, 11, 12, 13])
    cells["kind"] = pd.Categorical(["a", "b", "a", "b"])
    obs = pd.DataFrame(
        {
            "region": pd.Categorical(["cells"] * 3 + ["labels"] * 2),
            "id": [13, 10, 99, 2, 1],
            "type": pd.Categorical(list("TBTBT")),
            "size": [1.5, 2.5, 3.5, 4.5, 5.5],
            "radius": 0.0,
        },
        index=list("pqrst"),
    )
    table = ad.AnnData(csr_matrix(np.arange(10.0).reshape(5, 2)), obs=obs)
    table.var_names = ["g0", "g1"]
    table.layers["raw"] = table.X * 10
    table.obsm["pca"] = np.arange(15.0).reshape(5, 3)
    table.obsm["frame"] = pd.DataFrame({"u": range(5)}, index=table.obs_names)
    points = PointsModel.parse(pd.DataFrame({"x": [0.0, 1], "y": [0.0, 1], "qv": [7, 8]}, index=[5, 3]))
    return SpatialData(
        labels={"labels": Labels2DModel.parse(np.array([[0, 1], [2, 3]]))},
        points={"points": points},
        shapes={"cells": cells},
        tables={"table": TableModel.parse(table, ["cells", "labels"], "region", "id")},
    )


def ask(key: Any, name: str = "cells", **arguments: Any) -> Any:
    return get_values(key, sdata=study(), element_name=name, table_name="table", **arguments)


def test_columns_of_elements() -> None:
    sdata = study()
    assert get_values("radius", element=sdata["cells"])["radius"].tolist() == [1, 2, 3, 4]
    assert get_values("kind", sdata=sdata, element_name="cells")["kind"].tolist() == list("abab")
    frame = get_values(["qv", "x"], element=sdata["points"])
    assert type(frame) is pd.DataFrame
    assert frame.loc[3].tolist() == [8, 1]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("size", [[2.5], [1.5]]),
        ("g1", [[3.0], [1.0]]),
        (["g1", "g0"], [[3.0, 2.0], [1.0, 0.0]]),
        ("pca", [[3.0, 4.0, 5.0], [0.0, 1.0, 2.0]]),
        ("frame", [[1], [0]]),
    ],
)
def test_values_of_the_table_in_the_order_of_the_element(key: Any, expected: list[list[float]]) -> None:
    frame = ask(key)
    assert frame.index.tolist() == [10, 13]
    assert frame.index.name == "id"
    assert frame.to_numpy().tolist() == expected


def test_names_of_columns_of_obsm() -> None:
    assert ask("pca").columns.tolist() == ["pca_0", "pca_1", "pca_2"]
    assert ask("pca", return_obsm_as_is=True).tolist() == [[3, 4, 5], [0, 1, 2]]


def test_layers_labels_and_bare_tables() -> None:
    assert ask("g1", table_layer="raw")["g1"].tolist() == [30, 10]
    assert ask("size", name="labels").to_dict()["size"] == {1: 5.5, 2: 4.5}
    whole = get_values("size", element=study()["table"])
    assert whole.index.tolist() == [13, 10, 99, 2, 1]
    assert get_values("a", element=ad.AnnData(pd.DataFrame({"a": [1.0]}, index=["i"]))).loc["i", "a"] == 1.0


@pytest.mark.parametrize(
    ("key", "arguments", "message"),
    [
        ("nothing", {}, "'nothing' not found. Searched: columns of the element.*obs.*var.*obsm"),
        ("radius", {}, "several places: 'radius' in element and obs"),
        (["g0", "size"], {}, "different places"),
        (["type", "size"], {}, "mix numbers with categories"),
        ([], {}, "empty"),
        (["pca", "frame"], {"return_obsm_as_is": True}, "one array"),
    ],
)
def test_what_cannot_be_found(key: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ask(key, **arguments)


def test_names_that_do_not_exist() -> None:
    sdata = study()
    with pytest.raises(KeyError, match="'cell'"):
        get_values("size", sdata=sdata, element_name="cell", table_name="table")
    with pytest.raises(KeyError, match="'tabl'"):
        get_values("size", sdata=sdata, element_name="cells", table_name="tabl")
    with pytest.raises(KeyError, match="'raws'"):
        ask("g0", table_layer="raws")
    with pytest.raises(ValueError, match="does not annotate 'points'"):
        ask("size", name="points")
    with pytest.raises(ValueError, match="table_name"):
        get_values("size", sdata=sdata, element_name="cells")
    with pytest.raises(ValueError, match="not both"):
        get_values("size")
    with pytest.raises(ValueError, match="element_name"):
        get_values("size", sdata=sdata)


def test_threads_that_look_up_in_a_table_at_once_find_all_of_it() -> None:
    """pandas fills an index in the first look-up, and another thread would take it as one of repeated ids meanwhile."""
    rng = np.random.default_rng(0)
    for _ in range(5):
        table = pd.DataFrame({"v": np.arange(100_000.0)}, index=rng.permutation(100_000))
        source = ValueSource(["v"], table)
        frame = pd.DataFrame(index=np.arange(1000))
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(source.rows, [frame] * 8))
        assert all(present.all() for _, present in found)

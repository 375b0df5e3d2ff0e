"""Several objects in one."""

from __future__ import annotations

import warnings
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from spatialdata import SpatialData, concatenate, deepcopy
from spatialdata.datasets import blobs
from spatialdata.models import Labels2DModel, ShapesModel, TableModel
from spatialdata.testing import assert_spatial_data_objects_are_identical
from spatialdata.transformations import get_transformation


def one(name: str, ids: list[int], instance_key: str = "id", attrs: dict | None = None) -> SpatialData:
    pixels = np.zeros((4, 4), dtype=int)
    pixels.ravel()[: len(ids)] = ids
    obs = pd.DataFrame({"region": pd.Categorical([name] * len(ids)), instance_key: ids}, index=[f"c{k}" for k in ids])
    table = TableModel.parse(ad.AnnData(np.array([ids], dtype=float).T, obs=obs), name, "region", instance_key)
    return SpatialData(labels={name: Labels2DModel.parse(pixels)}, tables={"table": table}, attrs=attrs)


def test_objects_with_different_names() -> None:
    first, second = one("a", [1, 2]), one("b", [3])
    with pytest.warns(UserWarning, match="get a number behind their name"):
        both = concatenate([first, second])
    assert sorted(both.labels) == ["a", "b"]
    assert sorted(both.tables) == ["table_0", "table_1"]
    assert both["table_0"].obs["id"].tolist() == [1, 2]


def test_a_generator_counts_too() -> None:
    both = concatenate((item for item in (one("a", [1]), one("b", [2]))), concatenate_tables=True)
    assert sorted(both.labels) == ["a", "b"]


def test_tables_become_one() -> None:
    both = concatenate([one("a", [1, 2]), one("b", [3])], concatenate_tables=True)
    table = both["table"]
    assert table.obs["id"].tolist() == [1, 2, 3]
    assert table.obs["region"].astype(str).tolist() == ["a", "a", "b"]
    assert table.uns["spatialdata_attrs"] == {"region": ["a", "b"], "region_key": "region", "instance_key": "id"}
    np.testing.assert_array_equal(table.X.ravel(), [1, 2, 3])


def test_a_mapping_renames_and_leaves_the_inputs_alone() -> None:
    inputs = {"p": blobs(length=32), "q": blobs(length=32)}
    before = {key: deepcopy(value) for key, value in inputs.items()}
    both = concatenate(inputs, concatenate_tables=True)
    for key, value in inputs.items():
        assert_spatial_data_objects_are_identical(value, before[key])
    assert both.coordinate_systems == ["global-p", "global-q"]
    table = both["table"]
    assert sorted(table.obs["region"].cat.categories) == ["blobs_labels-p", "blobs_labels-q"]
    assert table.obs_names.is_unique
    assert all(name.endswith(("-p", "-q")) for name in table.obs_names)
    assert get_transformation(both["blobs_points-p"], get_all=True).keys() == {"global-p"}


def test_coordinate_systems_may_be_merged() -> None:
    both = concatenate({"p": blobs(length=32), "q": blobs(length=32)}, merge_coordinate_systems_on_name=True)
    assert both.coordinate_systems == ["global"]
    assert sorted(both.tables) == ["table-p", "table-q"]


def test_keys_that_differ_need_to_be_said() -> None:
    objects = [one("a", [1]), one("b", [2], instance_key="cell")]
    with pytest.raises(ValueError, match="call their instance_key 'cell', 'id'"):
        concatenate(objects, concatenate_tables=True)
    both = concatenate(objects, concatenate_tables=True, instance_key="id")
    assert both["table"].obs["id"].tolist() == [1, 2]
    assert list(objects[1]["table"].obs.columns) == ["region", "cell"]


def test_clashing_names_and_regions_are_errors() -> None:
    with pytest.raises(KeyError, match="have the elements 'a'"):
        concatenate([one("a", [1]), one("a", [2])])
    with pytest.raises(TypeError, match="not int"):
        concatenate([1])  # type: ignore[list-item]


def test_attributes_are_merged_as_asked() -> None:
    objects = [one("a", [1], attrs={"k": 1, "s": 2}), one("b", [2], attrs={"k": 3, "s": 2})]
    assert concatenate(objects, concatenate_tables=True).attrs == {}
    assert concatenate(objects, concatenate_tables=True, attrs_merge="same").attrs == {"s": 2}
    assert concatenate(objects, concatenate_tables=True, attrs_merge=lambda all_: all_[1]).attrs == {"k": 3, "s": 2}


def test_names_of_rows_are_made_unique_unless_that_is_not_wanted() -> None:
    objects = [one("a", [1, 2]), one("b", [2])]
    assert concatenate(objects, concatenate_tables=True)["table"].obs_names.tolist() == ["c1", "c2", "c2-1"]
    with pytest.warns(UserWarning, match="Observation names are not unique"):
        kept = concatenate(objects, concatenate_tables=True, obs_names_make_unique=False)
    assert kept["table"].obs_names.tolist() == ["c1", "c2", "c2"]


def test_a_single_object_is_no_list_of_objects() -> None:
    for wrong in (one("a", [1]), 3, None):
        with pytest.raises(TypeError, match="a list or a dict of SpatialData objects"):
            concatenate(wrong)


def assert_tables_equal(first: ad.AnnData, second: ad.AnnData) -> None:
    for sides in ((first.X, second.X), (first.layers["raw"], second.layers["raw"]), (first.raw.X, second.raw.X)):
        dense = [side if isinstance(side, np.ndarray) else side.toarray() for side in sides]
        np.testing.assert_array_equal(*dense)
    np.testing.assert_array_equal(first.obsm["place"], second.obsm["place"])
    pd.testing.assert_frame_equal(first.obs, second.obs)
    assert first.uns == second.uns


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("matrix", [np.ones, lambda shape: csr_matrix(np.ones(shape))])
@pytest.mark.parametrize("is_view", [False, True])
def test_tables_of_the_result_share_nothing_with_the_inputs(together: bool, matrix: Any, is_view: bool) -> None:
    objects = {}
    for name in "ab":
        obs = pd.DataFrame({"region": pd.Categorical(["cells"] * 4), "id": range(4)}, index=list("wxyz"))
        whole = ad.AnnData(matrix((4, 3)), obs=obs, obsm={"place": np.zeros((4, 2))}, layers={"raw": matrix((4, 3))})
        whole.raw = whole.copy()
        table = TableModel.parse(whole, region="cells", region_key="region", instance_key="id")
        cells = ShapesModel.parse(np.zeros((4, 2)), geometry=0, radius=1.0)
        objects[name] = SpatialData.init_from_elements({"cells": cells, "table": table[:3] if is_view else table})
    before = {name: sdata["table"].copy() for name, sdata in objects.items()}
    merged = concatenate(objects, concatenate_tables=together)
    for table in merged.tables.values():
        table.X[0, 0], table.layers["raw"][0, 0], table.obsm["place"][0, 0] = 7, 7, 7
        table.obs.loc[table.obs_names[0], "id"] = 3
        table.uns["new"] = 1
    for name, sdata in objects.items():
        assert_tables_equal(sdata["table"], before[name])
    if together:
        rows = merged["table"]
        assert rows.obs_names.tolist() == [
            f"{row}-{name}" for name in "ab" for row in list("wxyz")[: 3 if is_view else 4]
        ]
        assert list(rows.obs["region"].cat.categories) == ["cells-a", "cells-b"]


def rich_table(name: str, seed: int) -> ad.AnnData:
    rng = np.random.default_rng(seed)
    names = pd.Index([f"r{k}" for k in range(5)], name="cell")
    obs = pd.DataFrame({"region": pd.Categorical([name] * 5), "id": range(5)}, index=names)
    obs["kind"] = pd.Categorical(rng.choice(["x", "y", name], 5))
    obs[f"only_{name}"] = rng.random(5)
    genes = [f"g{k}" for k in range(seed, seed + 4)]
    table = ad.AnnData(csr_matrix(rng.poisson(1.0, (5, 4)).astype(np.float32)), obs=obs, var=pd.DataFrame(index=genes))
    table.layers["dense"] = rng.random((5, 4))
    table.obsm["frame"] = pd.DataFrame({"u": rng.random(5), "v": rng.random(5)}, index=names)
    table.obsp["near"] = csr_matrix(rng.random((5, 5)))
    table.varm["loading"] = np.ones((4, 2))
    table.uns["note"] = {"list": np.arange(3)}
    return TableModel.parse(table, name, "region", "id")


def plain(matrix: Any) -> np.ndarray:
    return matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"join": "outer"},
        {"join": "outer", "fill_value": 0},
        {"merge": "same", "uns_merge": "same", "pairwise": True},
        {"merge": "first", "label": "sample", "index_unique": "_", "keys": ["one", "two"]},
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_tables_are_put_together_as_anndata_does_it(options: dict[str, Any], named: bool) -> None:
    tables = {"a": rich_table("cells", 0), "b": rich_table("cells" if named else "others", 1)}
    objects = {}
    for key, table in tables.items():
        cells = ShapesModel.parse(np.zeros((5, 2)), geometry=0, radius=1.0)
        objects[key] = SpatialData.init_from_elements({table.uns["spatialdata_attrs"]["region"]: cells, "table": table})
    expected_parts = []
    for key, table in tables.items():
        twin = table.copy()
        if named:
            twin.obs_names = pd.Index([f"{row}-{key}" for row in twin.obs_names], name="cell")
            twin.obs["region"] = pd.Categorical([f"cells-{key}"] * 5)
        expected_parts.append(twin)
    expected = ad.concat(expected_parts, **options) if named else unique_rows(expected_parts, options)
    found = concatenate(objects if named else list(objects.values()), concatenate_tables=True, **options)["table"]
    pd.testing.assert_frame_equal(found.obs, expected.obs)
    pd.testing.assert_frame_equal(found.var, expected.var)
    np.testing.assert_array_equal(plain(found.X), plain(expected.X))
    for name in ("layers", "varm", "obsp"):
        one_side, other = getattr(found, name), getattr(expected, name)
        assert one_side.keys() == other.keys()
        for key in one_side:
            np.testing.assert_array_equal(plain(one_side[key]), plain(other[key]))
    pd.testing.assert_frame_equal(found.obsm["frame"], expected.obsm["frame"])
    assert found.uns.keys() - {"spatialdata_attrs"} == expected.uns.keys() - {"spatialdata_attrs"}
    for table in tables.values():
        assert not any(np.shares_memory(found.varm[key], table.varm[key]) for key in found.varm)
        if "note" in found.uns:
            assert not np.shares_memory(found.uns["note"]["list"], table.uns["note"]["list"])


def unique_rows(tables: list[ad.AnnData], options: dict[str, Any]) -> ad.AnnData:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        merged = ad.concat(tables, **options)
    merged.obs_names_make_unique()
    return merged


def test_one_object_gives_a_table_of_its_own() -> None:
    table = rich_table("cells", 0)
    cells = ShapesModel.parse(np.zeros((5, 2)), geometry=0, radius=1.0)
    sdata = SpatialData.init_from_elements({"cells": cells, "table": table})
    found = concatenate([sdata], concatenate_tables=True)["table"]
    assert not np.shares_memory(found.X.data, table.X.data)
    assert not np.shares_memory(found.layers["dense"], table.layers["dense"])
    assert not np.shares_memory(found.obsm["frame"]["u"].to_numpy(), table.obsm["frame"]["u"].to_numpy())

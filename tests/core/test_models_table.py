"""The model of tables."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialdata.errors import ValidationError
from spatialdata.models import TableModel, check_target_region_column_symmetry, get_table_keys
from spatialdata.models.table_names import sanitize_table


def table(**columns) -> ad.AnnData:
    obs = pd.DataFrame({"region": pd.Categorical(["a", "a", "b"]), "id": [1, 2, 1], **columns}, index=list("pqr"))
    return ad.AnnData(np.eye(3), obs=obs)


def test_a_table_that_annotates_elements() -> None:
    given = table()
    parsed = TableModel.parse(given, region=["a", "b"], region_key="region", instance_key="id")
    assert get_table_keys(parsed) == (["a", "b"], "region", "id")
    assert given.uns == {}
    assert parsed.X is given.X
    assert TableModel.parse(parsed) is parsed


def test_a_table_that_annotates_nothing() -> None:
    given = table()
    assert TableModel.parse(given) is given
    with pytest.raises(ValueError, match="annotates no element"):
        get_table_keys(given)


@pytest.mark.parametrize("ids", [["u", "v", "u"], np.array([1, 2, 1], dtype="uint16"), pd.Categorical(["u", "v", "u"])])
def test_ids_may_be_whole_numbers_or_strings(ids) -> None:
    TableModel.parse(table(id=ids), region=["a", "b"], region_key="region", instance_key="id")


@pytest.mark.parametrize(
    ("adata", "keys", "error", "message"),
    [
        (table(), {"region": "a"}, ValueError, "needs region, region_key and instance_key"),
        (table(), {"region": "a", "region_key": "region", "instance_key": "id"}, ValueError, "they differ in 'b'"),
        (
            table(),
            {"region": ["a", "b", "c"], "region_key": "region", "instance_key": "id"},
            ValueError,
            "differ in 'c'",
        ),
        (table(), {"region": "a", "region_key": "regoin", "instance_key": "id"}, ValueError, "Did you mean 'region'"),
        (
            table(id=[1, 1, 1]),
            {"region": ["a", "b"], "region_key": "region", "instance_key": "id"},
            ValueError,
            "unique",
        ),
        (
            table(id=[1.0, 2, 1]),
            {"region": ["a", "b"], "region_key": "region", "instance_key": "id"},
            TypeError,
            "float64",
        ),
        (table(**{"bad column": 1}), {}, ValueError, "'bad column' contains ' '"),
        (table(ID=[1, 2, 3]), {}, ValueError, "differ only in upper and lower case"),
    ],
)
def test_bad_tables(adata: ad.AnnData, keys: dict, error, message: str) -> None:
    with pytest.raises(error, match=message):
        TableModel.parse(adata, **keys)
    assert adata.uns == {}


def test_metadata_are_replaced_only_on_request() -> None:
    parsed = TableModel.parse(table(), region=["a", "b"], region_key="region", instance_key="id")
    parsed.obs["other"] = [1, 2, 3]
    with pytest.raises(ValueError, match="overwrite_metadata=True"):
        TableModel.parse(parsed, region=["a", "b"], region_key="region", instance_key="other")
    again = TableModel.parse(parsed, ["a", "b"], "region", "other", overwrite_metadata=True)
    assert get_table_keys(again)[2] == "other"
    assert get_table_keys(parsed)[2] == "id"


def test_validation_reports_every_fault() -> None:
    parsed = TableModel.parse(table(), region=["a", "b"], region_key="region", instance_key="id")
    parsed.obs["region"] = parsed.obs["region"].astype(str)
    parsed.obs["id"] = parsed.obs["id"].astype(float)
    with pytest.raises(ValidationError) as error:
        TableModel.validate(parsed)
    assert [fault.path for fault in error.value.faults] == [("obs", "region"), ("obs", "id")]


def test_a_region_column_of_strings_becomes_categorical_with_a_warning() -> None:
    given = table(region=["a", "a", "b"])
    with pytest.warns(UserWarning, match="made categorical"):
        parsed = TableModel.parse(given, region=["a", "b"], region_key="region", instance_key="id")
    assert parsed.obs["region"].dtype == "category"
    assert given.obs["region"].dtype != "category"


def test_symmetry_and_names() -> None:
    check_target_region_column_symmetry(table(), "region", pd.Series(["a", "b"]))
    with pytest.raises(ValueError, match="differ in 'b'"):
        check_target_region_column_symmetry(table(), "region", "a")
    clean = sanitize_table(table(**{"my col": 1}), inplace=False)
    assert clean is not None
    assert "my_col" in clean.obs


def test_names_that_would_be_the_same_get_a_number() -> None:
    obs = pd.DataFrame({"a b": [1], "a_b": [2], "A B": [3], "__x": [4], "_index": [5]}, index=["c"])
    dirty = ad.AnnData(np.ones((1, 2)), obs=obs, uns={"x y": 1, "ok": 2})
    dirty.obsm["p q"], dirty.obsm["p_q"] = np.full((1, 2), 1.0), np.full((1, 2), 2.0)
    assert sanitize_table(dirty) is None
    assert dirty.obs.iloc[0].to_dict() == {"a_b": 1, "a_b_1": 2, "A_B_2": 3, "_x": 4, "index": 5}
    assert {key: float(value[0, 0]) for key, value in dirty.obsm.items()} == {"p_q": 1.0, "p_q_1": 2.0}
    assert dict(dirty.uns) == {"x_y": 1, "ok": 2}

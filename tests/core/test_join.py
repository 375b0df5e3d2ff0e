"""Joins of elements and tables, against sets and dicts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from typing import Any

import anndata as ad
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialdata import (
    SpatialData,
    get_element_annotators,
    get_element_instances,
    join_spatialelement_table,
    match_element_to_table,
    match_sdata_to_table,
    match_table_to_element,
)
from spatialdata._core.elements import levels_of
from spatialdata.errors import IdTypeError, UnsupportedElementError
from spatialdata.models import Image2DModel, Labels2DModel, Labels3DModel, PointsModel, ShapesModel, TableModel
from spatialdata.relations.filter import tables_of
from spatialdata.testing import assert_spatial_data_objects_are_identical
from spatialdata.transformations import Scale, get_transformation

HOW = ("left", "inner", "right", "left_exclusive", "right_exclusive")
ORDER = ("no", "left", "right")


def circles(ids: Any) -> gpd.GeoDataFrame:
    return ShapesModel.parse(
        np.c_[np.arange(len(ids)), np.arange(len(ids))].astype(float), geometry=0, radius=1.0, index=list(ids)
    )


def points(ids: Any) -> Any:
    frame = pd.DataFrame({"x": np.arange(len(ids), dtype=float), "y": 0.0}, index=list(ids))
    return PointsModel.parse(frame, npartitions=2)


def table_of(rows: list[tuple[str, Any]]) -> ad.AnnData:
    regions, ids = zip(*rows, strict=True)
    obs = pd.DataFrame(
        {"region": pd.Categorical(regions), "id": list(ids)}, index=[f"row{i}" for i in range(len(rows))]
    )
    return TableModel.parse(
        ad.AnnData(np.arange(len(rows), dtype=float)[:, None], obs=obs), sorted(set(regions)), "region", "id"
    )


ids = st.lists(st.integers(0, 12), min_size=1, max_size=9, unique=True)


@given(ids, ids, ids, st.sampled_from(HOW), st.sampled_from(ORDER), st.sampled_from([circles, points]), st.booleans())
def test_all_joins(
    a: list[int], b: list[int], other: list[int], how: str, order: str, make: Callable[[Any], Any], text: bool
) -> None:
    if text:
        a, b, other = ([f"c{i}" for i in ids] for ids in (a, b, other))
    element = make(a)
    table = table_of([("cells", i) for i in b] + [("elsewhere", i) for i in other])
    arguments: dict[str, Any] = {"how": how, "match_rows": order}
    unmatched = [i for i in b if i not in a]
    announced: Any = nullcontext()
    if how == "right" and order == "left":
        announced = pytest.warns(UserWarning, match="keeps the table")
    elif how in ("left", "inner") and unmatched:
        announced = pytest.warns(UserWarning, match=f"^{len(unmatched)} of the {len(b)} rows that annotate 'cells'")
    with announced:
        found, rows = join_spatialelement_table(
            spatial_element_names="cells", spatial_elements=element, table=table, **arguments
        )
    by_table, by_element = [i for i in b if i in a], [i for i in a if i in b]
    matching = by_element if order == "left" else by_table
    expected_instances = {
        "left": a,
        "inner": matching,
        "right": matching,
        "left_exclusive": [i for i in a if i not in b],
        "right_exclusive": [],
    }[how]
    expected_rows = {
        "left": matching,
        "inner": matching,
        "right": b + other,
        "left_exclusive": [],
        "right_exclusive": [i for i in b if i not in a],
    }[how]
    got = found["cells"]
    assert ([] if got is None else list(got.index)) == expected_instances
    assert (got is None) == (not expected_instances)
    assert ([] if rows is None else rows.obs["id"].tolist()) == expected_rows
    if rows is not None and how != "right":
        assert rows.uns["spatialdata_attrs"]["region"] == "cells"
        TableModel.validate(rows)
    if how == "right":
        assert rows is table
    if how == "left":
        assert got is element
    elif got is not None:
        assert got.attrs["transform"] == element.attrs["transform"]


def test_left_exclusive_goes_by_id_and_not_by_position() -> None:
    element = circles([13, 10, 99])
    found, table = join_spatialelement_table(
        spatial_element_names="c", spatial_elements=element, table=table_of([("c", 10)]), how="left_exclusive"
    )
    assert found["c"].index.tolist() == [13, 99]
    assert table is None


def study() -> SpatialData:
    labels = Labels2DModel.parse(np.array([[0, 1], [2, 3]]))
    rows = [("lab", 2), ("circ", 13), ("circ", 10), ("circ", 99), ("lab", 1)]
    return SpatialData(
        images={"image": Image2DModel.parse(np.zeros((1, 2, 2)))},
        labels={"lab": labels},
        shapes={"circ": circles([10, 11, 12, 13]), "circ2": circles([10])},
        tables={"table": table_of(rows), "orphan": ad.AnnData(np.zeros((1, 1)))},
        attrs={"k": 1},
    )


def test_several_elements() -> None:
    sdata = study()
    with pytest.warns(UserWarning, match="^1 of the 3 rows that annotate 'circ'"):
        found, table = join_spatialelement_table(
            sdata=sdata, spatial_element_names=["circ", "lab"], table_name="table", how="left", match_rows="left"
        )
    assert list(found) == ["circ", "lab"]
    assert table.obs["id"].tolist() == [10, 13, 1, 2]
    with pytest.warns(UserWarning, match="are left out"):
        _, table = join_spatialelement_table(sdata=sdata, spatial_element_names=["circ", "lab"], table_name="table")
    assert table.obs["id"].tolist() == [2, 13, 10, 1]


def test_labels_are_not_cut() -> None:
    sdata = study()
    for how, rows, left in (
        ("inner", [13, 10], True),
        ("right", [2, 13, 10, 99, 1], True),
        ("left_exclusive", None, False),
    ):
        with ExitStack() as announced:
            announced.enter_context(pytest.warns(UserWarning, match="labels cannot be selected"))
            if how == "inner":
                announced.enter_context(pytest.warns(UserWarning, match="1 of the 3 rows"))
            found, table = join_spatialelement_table(
                sdata=sdata, spatial_element_names=["circ", "lab"], table_name="table", how=how
            )
        assert (found["lab"] is sdata["lab"]) == left
        assert (None if table is None else table.obs["id"].tolist()) == rows


@pytest.mark.parametrize("scale_factors", [None, [2]])
@pytest.mark.parametrize(
    ("how", "kept", "rows"), [("inner", [1, 2], [2, 1]), ("right", [1, 2], [2, 8, 1]), ("left_exclusive", [3, 5], None)]
)
def test_labels_are_cut_where_that_is_asked_for(
    how: str, kept: list[int], rows: list[int] | None, scale_factors: list[int] | None
) -> None:
    pixels = np.random.default_rng(0).choice([0, 1, 2, 3, 5], size=(3, 6, 4))
    labels = Labels3DModel.parse(
        pixels, scale_factors=scale_factors, transformations={"um": Scale([2.0], ("x",))}, chunks=(1, 3, 4)
    )
    table = table_of([("lab", 2), ("lab", 8), ("lab", 1)])
    with pytest.warns(UserWarning, match="1 of the 3 rows") if how == "inner" else nullcontext():
        found, joined = join_spatialelement_table(
            spatial_element_names="lab", spatial_elements=labels, table=table, how=how, filter_label_pixels=True
        )
    got = found["lab"]
    assert get_transformation(got, get_all=True) == get_transformation(labels, get_all=True)
    for level, before in zip(levels_of(got), levels_of(labels), strict=True):
        expected = np.where(np.isin(before, kept), before, 0)
        np.testing.assert_array_equal(level, expected)
        assert level.chunks == before.chunks
        assert level.dtype == before.dtype
    assert (None if joined is None else joined.obs["id"].tolist()) == rows
    np.testing.assert_array_equal(levels_of(labels)[0], pixels)


def test_labels_stay_whole_without_a_warning_where_that_is_asked_for() -> None:
    sdata = study()
    found, table = join_spatialelement_table(
        sdata=sdata, spatial_element_names="lab", table_name="table", how="right", filter_label_pixels=False
    )
    assert found["lab"] is sdata["lab"]
    assert table is sdata["table"]
    matched = match_sdata_to_table(sdata, "table", filter_label_pixels=True)
    assert np.unique(matched["lab"]).tolist() == [0, 1, 2]


@pytest.mark.parametrize("how", ["left", "left_exclusive", "right", "inner", "right_exclusive"])
def test_elements_that_the_table_does_not_annotate_take_no_part(how: str) -> None:
    sdata = study()
    with pytest.warns(UserWarning, match="does not annotate 'circ2'"):
        found, table = join_spatialelement_table(
            sdata=sdata, spatial_element_names="circ2", table_name="table", how=how
        )
    assert list(found) == ["circ2"]
    assert found["circ2"] is (None if how in ("inner", "right_exclusive") else sdata["circ2"])
    assert table is (sdata["table"] if how == "right" else None)


def test_matches() -> None:
    sdata, twin = study(), study()
    with pytest.warns(UserWarning, match="1 of the 3 rows"):
        assert match_table_to_element(sdata, "circ").obs["id"].tolist() == [10, 13]
    found, table = match_element_to_table(sdata, "circ", "table")
    assert found["circ"].index.tolist() == [13, 10]
    assert table is sdata["table"]
    with pytest.warns(UserWarning, match="labels cannot"):
        matched = match_sdata_to_table(sdata, "table")
    assert {name for _, name, _ in matched.gen_elements()} == {"lab", "circ", "table"}
    assert matched["circ"].index.tolist() == [13, 10]
    assert matched.attrs == {"k": 1}
    part = sdata["table"][1:2].copy()
    part.uns["spatialdata_attrs"]["region"] = "circ"
    matched = match_sdata_to_table(sdata, "table", table=part)
    assert matched["circ"].index.tolist() == [13]
    assert_spatial_data_objects_are_identical(sdata, twin)


def test_ids_of_another_type_are_an_error_and_not_an_empty_join() -> None:
    with pytest.raises(IdTypeError, match=r"strings.*whole numbers.*none of the 2 rows"):
        join_spatialelement_table(
            spatial_element_names="c", spatial_elements=circles([1, 2]), table=table_of([("c", "1"), ("c", "2")])
        )


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int64", "category", "string", object])
def test_ids_of_any_width_or_container_match(dtype: Any) -> None:
    text = dtype in ("string", object)
    values = ["1", "2"] if text else [1, 2]
    table = table_of([("c", i) for i in values])
    table.obs["id"] = pd.Series(values, index=table.obs_names).astype(dtype)
    _, rows = join_spatialelement_table(
        spatial_element_names="c", spatial_elements=circles(values[::-1]), table=table, how="inner", match_rows="left"
    )
    assert rows.obs["id"].astype(str).tolist() == ["2", "1"]


def test_repeated_ids_are_refused() -> None:
    with pytest.raises(ValueError, match="ids of 'c' must be unique"):
        join_spatialelement_table(
            spatial_element_names="c", spatial_elements=circles([1, 1]), table=table_of([("c", 1)])
        )
    table = table_of([("c", 1), ("c", 2)])
    table.obs["id"] = [1, 1]
    with pytest.raises(ValueError, match=r"obs\['id'\].*must be unique"):
        join_spatialelement_table(spatial_element_names="c", spatial_elements=circles([1, 2]), table=table)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"spatial_element_names": "circ"}, ValueError, "either table or table_name"),
        ({"spatial_element_names": "circ", "table_name": "tabel"}, ValueError, "Did you mean 'table'"),
        ({"spatial_element_names": "circ", "table_name": "orphan"}, ValueError, "annotates no element"),
        ({"table_name": "table"}, ValueError, "spatial_element_names"),
        ({"spatial_element_names": "circle", "table_name": "table"}, KeyError, "'circle'"),
        ({"spatial_element_names": "image", "table_name": "table"}, ValueError, "images"),
        ({"spatial_element_names": "orphan", "table_name": "table"}, ValueError, "tables"),
        ({"spatial_element_names": "circ", "table_name": "table", "how": "outer"}, TypeError, "'left'"),
        ({"spatial_element_names": "circ", "table_name": "table", "match_rows": "up"}, TypeError, "'left'"),
        (
            {"spatial_element_names": "circ", "table_name": "table", "spatial_elements": circles([1])},
            ValueError,
            "either by sdata",
        ),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        join_spatialelement_table(sdata=study(), **arguments)


def test_elements_without_names_that_fit() -> None:
    table = table_of([("c", 1)])
    with pytest.raises(ValueError, match="one name for each"):
        join_spatialelement_table(spatial_element_names=["c", "d"], spatial_elements=[circles([1])], table=table)
    with pytest.raises(ValueError, match="without sdata"):
        join_spatialelement_table(spatial_element_names="c", spatial_elements=circles([1]), table_name="table")


def test_annotators_are_found_by_the_whole_name() -> None:
    sdata = study()
    assert get_element_annotators(sdata, "circ") == {"table"}
    assert get_element_annotators(sdata, "circ2") == set()
    with pytest.raises(KeyError, match="'cir'"):
        get_element_annotators(sdata, "cir")


def test_instances() -> None:
    sdata = study()
    assert get_element_instances(sdata["lab"]).tolist() == [1, 2, 3]
    assert get_element_instances(sdata["lab"], return_background=True).tolist() == [0, 1, 2, 3]
    assert get_element_instances(sdata["circ"]).tolist() == [10, 11, 12, 13]
    assert get_element_instances(points([4, 5])).compute().tolist() == [4, 5]
    with pytest.raises(UnsupportedElementError, match="image"):
        get_element_instances(sdata["image"])


def test_tables_of_elements() -> None:
    sdata = study()
    tables = dict(sdata.tables)
    kept = tables_of({"circ": sdata["circ"].iloc[:1]}, tables)
    assert kept["table"].obs["id"].tolist() == [10]
    assert kept["table"].uns["spatialdata_attrs"]["region"] == "circ"
    assert set(tables_of({}, tables, include_orphans=True)) == {"orphan"}
    assert sdata["table"].n_obs == 5

"""Filters by expressions over tables, against pandas and numpy."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from spatialdata import SpatialData, col, deepcopy, filter_by_table_query
from spatialdata.errors import UnsupportedElementError
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.models.kind import Kind
from spatialdata.relations.filter_object import DROP
from spatialdata.testing import assert_spatial_data_objects_are_identical


def table_of(region: dict[str, list[int]], **columns: list) -> ad.AnnData:
    names = [name for name, ids in region.items() for _ in ids]
    ids = [number for numbers in region.values() for number in numbers]
    index = [f"row_{number}" for number in range(len(ids))]
    obs = pd.DataFrame({"region": pd.Categorical(names), "id": ids, **columns}, index=index)
    values = np.arange(2.0 * len(ids)).reshape(-1, 2)
    table = ad.AnnData(csr_matrix(values), obs=obs, var=pd.DataFrame({"marker": [True, False]}, index=["CD3", "CD8"]))
    table.layers["log"] = np.log1p(values)
    return TableModel.parse(table, list(region) if len(region) > 1 else next(iter(region)), "region", "id")


@pytest.fixture
def sdata() -> SpatialData:
    ids = np.kron(np.arange(6).reshape(2, 3), np.ones((4, 4), dtype=int))
    circles = ShapesModel.parse(np.arange(8.0).reshape(4, 2), geometry=0, radius=1.0, index=[10, 11, 12, 13])
    points = PointsModel.parse(pd.DataFrame({"x": np.arange(5.0), "y": 0.0}), npartitions=2)
    cells = table_of(
        {"nuclei": [1, 2, 3, 4], "spots": [12, 10, 11]},
        size=[5, 6, 7, 8, 9, 1, 2],
        kind=pd.Categorical(["T", "B", "T", None, "B", "T", "B"]),
    )
    return SpatialData(
        images={"image": Image2DModel.parse(np.zeros((1, 8, 12)))},
        labels={"nuclei": Labels2DModel.parse(ids, chunks=5, scale_factors=[2])},
        points={"dots": points},
        shapes={"spots": circles, "free": circles.copy()},
        tables={
            "table": cells,
            "other": table_of({"spots": [10, 11, 12, 13]}),
            "of_dots": table_of({"dots": [0, 1, 2]}),
            "loose": ad.AnnData(np.zeros((2, 2))),
        },
        attrs={"made": "here"},
    )


def test_filter_keeps_what_nothing_annotates(sdata: SpatialData) -> None:
    before = deepcopy(sdata)
    found = sdata.filter(obs=col("size") > 5)
    assert found["table"].obs["size"].tolist() == [6, 7, 8, 9]
    assert found["spots"].index.tolist() == [12, 13]
    assert found["other"].obs["id"].tolist() == [12, 13]
    ids = found["nuclei"]["scale0"].image.values
    assert set(np.unique(ids)) == {0, 2, 3, 4, 5}
    np.testing.assert_array_equal(
        ids, np.where(before["nuclei"]["scale0"].image.values == 1, 0, before["nuclei"]["scale0"].image.values)
    )
    assert set(np.unique(found["nuclei"]["scale1"].image.values)) == {0, 2, 3, 4, 5}
    assert found["free"] is sdata["free"]
    assert found["image"] is sdata["image"]
    assert found["loose"] is sdata["loose"]
    assert list(found.tables) == list(sdata.tables)
    assert found.attrs == {"made": "here"}
    assert_spatial_data_objects_are_identical(sdata, before)


def test_filter_points_and_whole_elements(sdata: SpatialData) -> None:
    found = sdata.filter("of_dots", obs="id != 1")
    assert found["dots"].compute().index.tolist() == [0, 2, 3, 4]
    assert found["dots"].attrs["transform"] == sdata["dots"].attrs["transform"]
    assert DROP.keys() == set(Kind)
    gone = sdata.filter(obs=col("region") == "nuclei")
    assert gone["spots"].index.tolist() == [13]
    assert gone["table"].uns["spatialdata_attrs"]["region"] == "nuclei"
    none = sdata.filter("other", obs=lambda obs: np.zeros(len(obs), dtype=bool))
    assert "spots" not in none
    assert "other" not in none
    assert none["table"].obs["id"].tolist() == [1, 2, 3, 4]


EXPRESSIONS = {
    "comparison": (col("size") > 5, lambda o: o["size"] > 5),
    "arithmetic": (2 * col("size") - 1 >= 10 - col("id") / 4, lambda o: 2 * o["size"] - 1 >= 10 - o["id"] / 4),
    "category": (col("kind") == "T", lambda o: o["kind"] == "T"),
    "not": (~(col("kind") == "T"), lambda o: ~(o["kind"] == "T")),
    "different": (col("kind") != "T", lambda o: o["kind"] != "T"),
    "either": ((col("kind") == "T") | (col("size") < 7), lambda o: (o["kind"] == "T") | (o["size"] < 7)),
    "both": ([col("kind") == "T", "size < 7"], lambda o: (o["kind"] == "T") & (o["size"] < 7)),
    "in": (col("kind").is_in(["B", "x"]), lambda o: o["kind"].isin(["B", "x"])),
    "between": (col("size").is_between(5, 8), lambda o: o["size"].between(5, 8)),
    "null": (col("kind").is_null(), lambda o: o["kind"].isna()),
    "text": (col("kind").str.starts_with("T"), lambda o: o["kind"] == "T"),
    "ends": (col("region").str.ends_with("ei"), lambda o: o["region"] == "nuclei"),
    "contains": (col("region").str.contains("^n.c"), lambda o: o["region"] == "nuclei"),
    "literal": (col("region").str.contains("n.c", literal=True), lambda o: o["size"] < 0),
    "absolute": ((col("size") - 6).abs() <= 1, lambda o: (o["size"] - 6).abs() <= 1),
    "string": ("size > 5 and kind == 'B'", lambda o: (o["size"] > 5) & (o["kind"] == "B")),
    "function": (lambda o: o["size"] > 5, lambda o: o["size"] > 5),
    "mask": ([True, False, True, False, True, False, True], lambda o: np.arange(len(o)) % 2 == 0),
}


@pytest.mark.parametrize("name", list(EXPRESSIONS))
def test_expressions_over_obs(sdata: SpatialData, name: str) -> None:
    expression, oracle = EXPRESSIONS[name]
    expected = sdata["table"].obs_names[np.asarray(oracle(sdata["table"].obs))]
    found = sdata.filter(obs=expression)
    assert (found["table"].obs_names.tolist() if "table" in found else []) == expected.tolist()


def test_expressions_over_values_and_names(sdata: SpatialData) -> None:
    values = sdata["table"].X.toarray()
    found = sdata.filter(x=(col("CD3") + col("CD8") > 9), var=col("marker"))
    np.testing.assert_array_equal(found["table"].X.toarray(), values[values.sum(axis=1) > 9][:, :1])
    found = sdata.filter(x="CD3 < 1.2", layer="log")
    assert found["table"].n_obs == (np.log1p(values[:, 0]) < 1.2).sum()
    found = sdata.filter(obs_names=col("obs_names").is_in(["row_0", "row_6"]), var_names=col("var_names") == "CD8")
    assert found["table"].obs_names.tolist() == ["row_0", "row_6"]
    assert found["table"].var_names.tolist() == ["CD8"]


def test_table_query_keeps_the_table_and_what_it_annotates(sdata: SpatialData) -> None:
    with pytest.warns(UserWarning, match="returned whole"):
        found = filter_by_table_query(sdata, "table", obs_expr=col("size") > 5)
    assert sorted(name for _, name, _ in found.gen_elements()) == ["nuclei", "spots", "table"]
    assert found["spots"].index.tolist() == [12]
    assert found.attrs == {"made": "here"}
    only = sdata.filter_by_table_query("table", element_names=["spots"], obs_expr=col("size") < 9)
    assert only["spots"].index.tolist() == [10, 11]
    assert only["table"].obs["id"].tolist() == [10, 11]
    masked = filter_by_table_query(sdata, "table", obs_expr=col("size") > 5, how="inner", filter_label_pixels=True)
    assert set(np.unique(masked["nuclei"]["scale0"].image.values)) == {0, 2, 3, 4}


def test_narwhals_and_annsel(sdata: SpatialData) -> None:
    annsel = pytest.importorskip("annsel")
    found = sdata.filter(obs=(annsel.col("size") > 5, annsel.col("kind") == "B"), x=annsel.col("CD3") > 3)
    assert found["table"].obs["size"].tolist() == [9]
    found = sdata.filter(obs_names=annsel.obs_names.is_in(["row_1"]), var_names=annsel.var_names.str.starts_with("CD8"))
    assert found["table"].shape == (1, 1)


def test_errors_name_what_exists(sdata: SpatialData) -> None:
    with pytest.raises(ValueError, match=r"'sise'.*Did you mean 'size'"):
        sdata.filter(obs=col("sise") > 5)
    with pytest.raises(ValueError, match="one boolean for each of 7 rows"):
        sdata.filter(obs=col("size"))
    with pytest.raises(ValueError, match="one boolean for each of 7 rows"):
        sdata.filter(obs=np.array([True]))
    with pytest.raises(UnsupportedElementError, match="no expression"):
        sdata.filter(obs=3)
    with pytest.raises(KeyError, match="Known: 'table'"):
        sdata.filter("tables", obs=col("size") > 1)
    with pytest.raises(KeyError, match="no layer 'raw'"):
        sdata.filter(x=col("CD3") > 1, layer="raw")
    with pytest.raises(TypeError, match="no truth value"):
        bool(col("a") > 1)
    with pytest.raises(KeyError, match="There is no table"):
        filter_by_table_query(sdata, "nothing")
    assert repr((col("a") > 1) & ~col("b").is_null()) == "((col('a') > 1) & ~col('b').is_null())"


def test_a_query_says_how_many_rows_remain(caplog: pytest.LogCaptureFixture) -> None:
    shapes = ShapesModel.parse(np.array([[0.0, 0.0], [5.0, 5.0], [9.0, 9.0]]), geometry=0, radius=1.0)
    tables = {}
    for name, ids in (("near", [0, 1]), ("far", [1, 2])):
        obs = pd.DataFrame({"of": pd.Categorical(["circles"] * 2), "id": ids}, index=["a", "b"])
        tables[name] = TableModel.parse(ad.AnnData(np.ones((2, 1)), obs=obs), "circles", "of", "id")
    tables["plain"] = TableModel.parse(ad.AnnData(np.ones((4, 1))))
    sdata = SpatialData(shapes={"circles": shapes}, tables=tables)
    with caplog.at_level("INFO", logger="spatialdata"):
        kept = sdata.query.bounding_box(("x", "y"), [-2, -2], [2, 2], target_coordinate_system="global")
    assert list(kept.tables) == ["near"]
    assert caplog.messages == [
        "Of the table 'near', 1 of 2 rows annotate what is kept.",
        "Of the table 'far', 0 of 2 rows annotate what is kept.",
        "The table 'plain' annotates no element: its 4 rows are left out.",
    ]


def test_numbers_are_no_answer_even_where_the_first_is_missing(sdata: SpatialData) -> None:
    sdata["table"].obs["share"] = [np.nan, 0.0, 1.0, 0.5, 0.0, 1.0, 0.2]
    for given in (col("share"), "share", lambda frame: frame["share"], col("kind")):
        with pytest.raises(ValueError, match="must give one boolean for each of 7 rows"):
            sdata.filter("table", obs=given)


def test_missing_truth_values_are_false(sdata: SpatialData) -> None:
    sdata["table"].obs["known"] = pd.array([True, None, False, None, True, False, True], dtype="boolean")
    assert sdata.filter("table", obs=col("known"))["table"].obs["size"].tolist() == [5, 9, 2]
    mixed = sdata["table"].obs["known"].astype(object)
    assert sdata.filter("table", obs=mixed)["table"].obs["size"].tolist() == [5, 9, 2]


@pytest.mark.parametrize("text", ["nope > 1", "size >", "size + 'a' > 1"])
def test_text_that_cannot_be_computed_is_named(sdata: SpatialData, text: str) -> None:
    with pytest.raises(ValueError, match=r"over obs cannot be computed: .*Columns: 'region', 'id', 'size'"):
        sdata.filter("table", obs=text)


def test_unknown_variables_are_answered_with_those_there_are(sdata: SpatialData) -> None:
    with pytest.raises(ValueError, match=r"no column 'CD4'. .*'CD3', 'CD8'"):
        sdata.filter("table", x=col("CD4") > 1)

"""Objects grouped by a column of a table, and collections of many stores."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialdata import SpatialData, SpatialDataCollection, read_zarr
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.testing import assert_spatial_data_objects_are_identical
from spatialdata.transformations import Identity

LABELS = np.array([[0, 1, 1, 2], [3, 3, 0, 2], [4, 4, 5, 5]])


def table(rows: list[tuple[str, int, str | None, float]], names: list[str] | None = None) -> ad.AnnData:
    regions, ids, types, values = zip(*rows, strict=True)
    obs = pd.DataFrame(
        {"region": pd.Categorical(regions), "id": ids, "type": types}, index=names or [f"c{i}" for i in ids]
    )
    return TableModel.parse(
        ad.AnnData(np.array(values)[:, None], obs=obs, var=pd.DataFrame(index=["gene"])),
        sorted(set(regions)),
        "region",
        "id",
    )


def slide(offset: float = 0.0) -> SpatialData:
    cells = [("labels", 1, "T", 1.0), ("labels", 3, "B", 2.0), ("spots", 7, "T", 3.0), ("labels", 5, "T", 4.0)]
    return SpatialData(
        images={
            "image": Image2DModel.parse(np.ones((1, 3, 4))),
            "elsewhere": Image2DModel.parse(np.ones((1, 3, 4)), transformations={"other": Identity()}),
        },
        labels={"labels": Labels2DModel.parse(LABELS)},
        points={"molecules": PointsModel.parse(np.zeros((2, 2)))},
        shapes={"spots": ShapesModel.parse(np.zeros((3, 2)), geometry=0, radius=1.0, index=[7, 8, 9])},
        tables={
            "table": table([(*row[:3], row[3] + offset) for row in cells]),
            "other": table([("labels", 1, None, 9.0), ("labels", 4, None, 8.0)]),
        },
        attrs={"donor": 1},
    )


def test_groups_by_a_column() -> None:
    sdata, twin = slide(), slide()
    groups = sdata.groupby("type", "table")
    assert list(groups) == ["B", "T"]
    assert groups.sizes().to_dict() == {"B": 1, "T": 3}
    b, t = groups["B"], groups["T"]
    assert t["table"].obs_names.tolist() == ["c1", "c7", "c5"]
    assert t["table"].X.ravel().tolist() == [1.0, 3.0, 4.0]
    np.testing.assert_array_equal(t["labels"], np.where(np.isin(LABELS, [1, 5]), LABELS, 0))
    np.testing.assert_array_equal(b["labels"], np.where(LABELS == 3, 3, 0))
    assert t["spots"].index.tolist() == [7]
    assert "spots" not in b
    assert b["table"].uns["spatialdata_attrs"]["region"] == "labels"
    assert "molecules" in b
    assert "image" in b
    assert "elsewhere" not in b
    assert t["other"].obs["id"].tolist() == [1]
    assert "other" not in b
    assert b.attrs == {"donor": 1}
    assert_spatial_data_objects_are_identical(sdata, twin)


def test_groups_without_context() -> None:
    group = slide().groupby("type", "table", context=False)["B"]
    assert {name for _, name, _ in group.gen_elements()} == {"labels", "table"}


def test_rows_without_a_value_are_counted() -> None:
    sdata = slide()
    sdata["table"].obs["type"] = ["T", None, "B", None]
    with pytest.warns(UserWarning, match="2 of 4 rows have no value in 'type'"):
        assert dict(sdata.groupby("type", "table").sizes()) == {"B": 1, "T": 1}


def test_what_cannot_be_grouped() -> None:
    sdata = slide()
    with pytest.raises(ValueError, match=r"several tables: .*'other'"):
        sdata.groupby("type")
    with pytest.raises(KeyError, match=r"'typ'.*Did you mean 'type'"):
        sdata.groupby("typ")
    with pytest.raises(KeyError, match="'tables'"):
        sdata.groupby("type", "tables")
    with pytest.raises(KeyError, match="'NK'"):
        sdata.groupby("type", "table")["NK"]
    orphan = SpatialData(tables={"t": ad.AnnData(np.ones((1, 1)), obs=pd.DataFrame({"a": [1]}, index=["x"]))})
    with pytest.raises(ValueError, match="annotates no element"):
        orphan.groupby("a")


def test_match() -> None:
    matched = slide().match("table", filter_label_pixels=True)
    np.testing.assert_array_equal(matched["labels"], np.where(np.isin(LABELS, [1, 3, 5]), LABELS, 0))
    assert matched["spots"].index.tolist() == [7]


@pytest.fixture
def stores(tmp_path: Path) -> Path:
    for number, name in enumerate("ab"):
        slide(offset=10.0 * number).write(tmp_path / f"{name}.zarr")
    return tmp_path


def test_cells_are_listed_without_loading(stores: Path) -> None:
    collection = SpatialDataCollection.open(stores)
    assert list(collection) == ["a", "b"]
    cells = collection.cells
    assert cells.index.tolist() == [(d, c) for d in "ab" for c in ("c1", "c3", "c7", "c5")]
    assert cells["type"].astype(str).tolist() == ["T", "B", "T", "T"] * 2
    assert not any(sdata.tables.is_loaded("table") for sdata in collection.values())
    assert not any(sdata.shapes.is_loaded("spots") for sdata in collection.values())
    assert repr(collection) == "SpatialDataCollection of 2 datasets\n  a: 4 cells\n  b: 4 cells"


def test_new_datasets_by_a_factor(stores: Path, tmp_path: Path) -> None:
    groups = SpatialDataCollection.open(stores).groupby("type")
    assert list(groups) == ["B", "T"]
    t = groups["T"]
    assert sorted(t["table"].X.ravel().tolist()) == [1, 3, 4, 11, 13, 14]
    assert sorted(t["table"].obs["region"].unique()) == ["labels-a", "labels-b", "spots-a", "spots-b"]
    np.testing.assert_array_equal(t["labels-b"], np.where(np.isin(LABELS, [1, 5]), LABELS, 0))
    t.write(tmp_path / "t.zarr")
    assert read_zarr(tmp_path / "t.zarr")["table"].n_obs == 6


def test_cells_that_a_query_chooses(stores: Path) -> None:
    collection = SpatialDataCollection({"a": slide(), "b": stores / "b.zarr"})
    chosen = collection.cells.query("dataset == 'b' and id == 7")
    found = collection.select(chosen, context=False)
    assert {name for _, name, _ in found.gen_elements()} == {"spots-b", "table"}
    assert found["spots-b"].index.tolist() == [7]
    assert found["table"].X.ravel().tolist() == [13.0]


def test_bad_collections(stores: Path) -> None:
    with pytest.raises(KeyError, match=r"Dataset 'a': .*'cells'"):
        SpatialDataCollection({"a": slide()}, table_name="cells")
    with pytest.raises(FileNotFoundError, match=r"no \*\.zarr"):
        SpatialDataCollection.open(stores / "a.zarr")
    collection = SpatialDataCollection.open(stores)
    with pytest.raises(KeyError, match="'c'"):
        collection["c"]
    with pytest.raises(KeyError, match="'typ'"):
        collection.groupby("typ")
    with pytest.raises(KeyError, match="1 cells are not in the collection"):
        collection.select(pd.MultiIndex.from_tuples([("a", "c99")]))
    doubled = slide()
    doubled["table"].obs_names = ["c1"] * 4
    with pytest.raises(ValueError, match="'d' are not unique"):
        _ = SpatialDataCollection({"d": doubled}).cells

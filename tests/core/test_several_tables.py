"""Objects whose elements have several tables, in memory and lazy: what groups, filters and queries keep; by pandas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spatialdata import SpatialData, col, match_sdata_to_table, match_table_to_element, read_zarr
from spatialdata.models import Labels2DModel, PointsModel, ShapesModel, TableModel


def table(regions: list[str], ids: list[int], columns: int, **obs: object) -> AnnData:
    frame = pd.DataFrame(
        {"region": pd.Categorical(regions), "id": ids, **obs}, index=[f"r{i}" for i in range(len(ids))]
    )
    matrix = np.arange(len(ids) * columns, dtype=float).reshape(-1, columns)
    return TableModel.parse(AnnData(matrix, obs=frame), sorted(set(regions)), "region", "id")


@pytest.fixture(params=["memory", "lazy"])
def sdata(request: pytest.FixtureRequest, tmp_path: Path) -> SpatialData:
    ids = np.arange(1, 17).reshape(4, 4).repeat(2, 0).repeat(2, 1)
    rng = np.random.default_rng(0)
    made = SpatialData(
        labels={"cells": Labels2DModel.parse(ids)},
        shapes={"circles": ShapesModel.parse(rng.uniform(0, 8, (6, 2)), geometry=0, radius=0.5)},
        points={"points": PointsModel.parse(rng.uniform(0, 8, (30, 2)))},
        tables={
            "kinds": table(
                ["cells"] * 16, list(range(1, 17)), 3, kind=pd.Categorical(list("abcd") * 4), size=np.arange(16.0)
            ),
            "grades": table(["cells"] * 16, list(range(16, 0, -1)), 2, grade=pd.Categorical(list("xxyy") * 4)),
            "both": table(
                ["cells"] * 4 + ["circles"] * 6, [1, 2, 3, 4, *range(6)], 2, batch=pd.Categorical(list("pq") * 5)
            ),
        },
    )
    if request.param == "memory":
        return made
    made.write(tmp_path / "several.zarr")
    return read_zarr(tmp_path / "several.zarr", lazy=True)


def kept(found: SpatialData, name: str) -> list[tuple[str, int]]:
    """The instances that the rows of a table annotate, with what the rows hold checked against their names."""
    obs = found[name].obs
    matrix = np.asarray(found[name].X)
    rows = obs.index.str[1:].astype(int).to_numpy()
    np.testing.assert_array_equal(matrix, rows[:, None] * matrix.shape[1] + np.arange(matrix.shape[1]))
    return list(zip(obs["region"].astype(str), obs["id"], strict=True))


def rows_of(sdata: SpatialData, name: str, instances: set[int]) -> list[tuple[str, int]]:
    """The rows of a table without those of cells that are gone."""
    obs = sdata[name].obs
    pairs = list(zip(obs["region"].astype(str), obs["id"], strict=True))
    return [(region, instance) for region, instance in pairs if region != "cells" or instance in instances]


def test_groups_cut_all_tables_to_the_instances_of_the_group(sdata: SpatialData) -> None:
    groups = dict(sdata.groupby("kind", table_name="kinds"))
    assert list(groups) == list("abcd")
    for number, group in enumerate(groups.values()):
        cells = set(range(1 + number, 17, 4))
        assert set(np.unique(group["cells"].values)) - {0} == cells
        for name in ("kinds", "grades", "both"):
            assert kept(group, name) == rows_of(sdata, name, cells)
        assert len(group["points"]) == 30


def test_groups_of_a_table_of_several_elements(sdata: SpatialData) -> None:
    for batch, group in sdata.groupby("batch", table_name="both").items():
        own = sdata["both"].obs[sdata["both"].obs["batch"] == batch]
        cells = set(own.loc[own["region"] == "cells", "id"])
        circles = own.loc[own["region"] == "circles", "id"].tolist()
        assert set(np.unique(group["cells"].values)) - {0} == cells
        assert group["circles"].index.tolist() == circles
        assert kept(group, "both") == list(zip(own["region"].astype(str), own["id"], strict=True))
        for name in ("kinds", "grades"):
            assert kept(group, name) == rows_of(sdata, name, cells)


def test_filters_drop_the_rows_of_other_tables_for_what_is_dropped(sdata: SpatialData) -> None:
    found = sdata.filter("kinds", obs=[col("size") > 2, col("kind") != "d"])
    cells = {i for i in range(1, 17) if i - 1 > 2 and (i - 1) % 4 != 3}
    assert set(np.unique(found["cells"].values)) - {0} == cells
    for name in ("kinds", "grades", "both"):
        assert kept(found, name) == rows_of(sdata, name, cells)
    assert found["circles"].index.tolist() == list(range(6))


def test_queries_and_matches_follow_each_table(sdata: SpatialData) -> None:
    quarter = sdata.query.bounding_box(
        axes=("x", "y"), min_coordinate=[0, 0], max_coordinate=[4, 4], target_coordinate_system="global"
    )
    cells, circles = {1, 2, 5, 6}, set(quarter["circles"].index) if "circles" in quarter else set()
    for name in ("kinds", "grades", "both"):
        expected = [
            (region, instance)
            for region, instance in rows_of(sdata, name, cells)
            if region == "cells" or instance in circles
        ]
        assert kept(quarter, name) == expected
    assert match_table_to_element(sdata, "circles", "both").obs["id"].tolist() == list(range(6))
    with pytest.warns(UserWarning, match="returned whole"):
        matched = match_sdata_to_table(sdata, "both")
    np.testing.assert_array_equal(matched["cells"].values, sdata["cells"].values)
    assert kept(matched, "both") == kept(sdata, "both")

"""Categories aggregated by more than their numbers; compared with pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas import GeoDataFrame

from spatialdata import aggregate
from spatialdata.models import PointsModel, ShapesModel

BOXES = [shapely.box(0, 0, 5, 10), shapely.box(4, 0, 10, 10), shapely.box(20, 20, 21, 21)]


def molecules(categories: bool, partitions: int = 3) -> tuple[pd.DataFrame, object]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.uniform(0, 10, (400, 2)), columns=["x", "y"])
    frame["gene"] = rng.choice(["b", "a", "d"], 400, p=[0.4, 0.3, 0.3])
    frame.loc[rng.choice(400, 30, replace=False), "gene"] = None
    frame["quality"] = rng.uniform(0, 2, 400)
    if categories:
        frame["gene"] = pd.Categorical(frame["gene"], categories=["d", "b", "c", "a"])
    return frame, PointsModel.parse(frame, npartitions=partitions)


def by_box(frame: pd.DataFrame) -> list[pd.DataFrame]:
    inside = [shapely.intersects_xy(box, frame["x"], frame["y"]) for box in BOXES]
    return [frame[mask & frame["gene"].notna()] for mask in inside]


@pytest.mark.parametrize("categories", [True, False])
def test_shares_modes_and_numbers_of_categories(categories: bool) -> None:
    frame, points = molecules(categories)
    boxes = ShapesModel.parse(GeoDataFrame(geometry=BOXES))
    names = ["d", "b", "c", "a"] if categories else ["a", "b", "d"]
    for func in ("sum", "count", "mean", "mode"):
        table = aggregate(points, boxes, value_key="gene", agg_func=func)["table"]
        assert table.var_names.tolist() == names
        for row, rows in enumerate(by_box(frame)):
            number = rows["gene"].astype(str).value_counts().reindex(names, fill_value=0).to_numpy()
            share = number / max(len(rows), 1)
            mode = (np.arange(len(names)) == number.argmax()) & (number > 0)
            expected = {"sum": number, "count": number, "mean": share, "mode": mode}[func]
            np.testing.assert_allclose(table.X[row].toarray()[0], expected)
        assert table.X.nnz == (table.X.toarray() != 0).sum()


def test_several_functions_of_categories() -> None:
    frame, points = molecules(categories=True)
    boxes = ShapesModel.parse(GeoDataFrame(geometry=BOXES))
    funcs = ["count", "mode", "nunique"]
    table = aggregate(points, boxes, value_key="gene", agg_func=funcs)["table"]
    names = [f"{gene}_{func}" for func in ("count", "mode") for gene in "dbca"]
    assert table.var_names.tolist() == [*names, "gene_nunique"]
    for func in ("count", "mode"):
        alone = aggregate(points, boxes, value_key="gene", agg_func=func)["table"].X.toarray()
        np.testing.assert_array_equal(table[:, [f"{gene}_{func}" for gene in "dbca"]].X.toarray(), alone)
    expected = [rows["gene"].nunique() for rows in by_box(frame)]
    assert table[:, "gene_nunique"].X.toarray()[:, 0].tolist() == expected


def test_of_equally_frequent_categories_the_first_is_the_mode() -> None:
    frame = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [1.0] * 4, "gene": pd.Categorical(list("zaza"), ["z", "a"])})
    table = aggregate(
        PointsModel.parse(frame), ShapesModel.parse(GeoDataFrame(geometry=BOXES)), None, None, "gene", "mode"
    )
    assert table["table"].X.toarray()[0].tolist() == [1, 0]


def test_weighted_categories() -> None:
    frame, points = molecules(categories=True)
    boxes = ShapesModel.parse(GeoDataFrame(geometry=BOXES))
    funcs = ["sum", "mean", "mode"]
    table = aggregate(points, boxes, value_key="gene", agg_func=funcs, weights="quality")["table"]
    for row, rows in enumerate(by_box(frame)):
        total = rows.groupby("gene", observed=False)["quality"].sum().reindex(list("dbca")).to_numpy()
        found = table.X[row].toarray()[0].reshape(3, 4)
        np.testing.assert_allclose(found[0], total)
        np.testing.assert_allclose(found[1], total / max(total.sum(), 1e-300))
        assert found[2].tolist() == ((np.arange(4) == total.argmax()) & (total > 0)).tolist()


def test_parts_of_areas_by_category() -> None:
    """The mode is the category with the largest area, and numbers of values stay whole."""
    strips = [shapely.box(0, y, 10, y + height) for y, height in [(0, 4), (4, 1), (5, 1), (6, 4)]]
    frame = GeoDataFrame({"kind": pd.Categorical(list("ummw"), list("muw"))}, geometry=strips)
    by = ShapesModel.parse(GeoDataFrame(geometry=[shapely.box(0, 1, 5, 7)]))
    funcs = ["sum", "count", "mean", "mode", "nunique"]
    table = aggregate(ShapesModel.parse(frame), by, value_key="kind", agg_func=funcs, fractions=True)["table"]
    found = table.X.toarray()[0]
    np.testing.assert_allclose(found[:3], [1.0, 3 / 8, 1 / 8])
    assert found[3:6].tolist() == [2, 1, 1]
    np.testing.assert_allclose(found[6:9], [1 / 4, 3 / 32, 1 / 32])
    assert found[9:].tolist() == [1, 0, 0, 3]

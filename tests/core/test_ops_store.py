"""Operations give the same answer before and after a round trip through a store, and change neither."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import dask.dataframe as dd
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatialdata import (
    SpatialData,
    aggregate,
    bounding_box_query,
    get_centroids,
    get_extent,
    get_values,
    join_spatialelement_table,
    match_table_to_element,
    polygon_query,
    read_zarr,
    to_polygons,
    transform,
)
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.testing import assert_elements_are_identical, assert_spatial_data_objects_are_identical
from spatialdata.transformations import Affine, Identity, Scale

TURN = Affine([[0.6, -0.8, 5], [0.8, 0.6, -2], [0, 0, 1]], ("x", "y"), ("x", "y"))
REGION = shapely.Polygon([(-10, 5), (40, 0), (20, 45)])


@pytest.fixture(scope="module")
def study() -> SpatialData:
    rng = np.random.default_rng(0)
    systems = {"global": Identity(), "um": Scale([0.5, 0.5], ("x", "y")), "turned": TURN}
    ids = np.kron(np.arange(1, 26).reshape(5, 5), np.ones((8, 8), dtype=np.int32))
    molecules = pd.DataFrame(
        {
            "x": rng.uniform(0, 40, 900),
            "y": rng.uniform(0, 40, 900),
            "gene": pd.Categorical(rng.choice(list("abc"), 900)),
            "qv": rng.normal(size=900).astype(np.float32),
        }
    )
    cells = gpd.GeoDataFrame(
        {"v": rng.normal(size=20)},
        geometry=[shapely.Point(*c).buffer(3, quad_segs=3) for c in rng.uniform(0, 40, (20, 2))],
        index=[f"c{i}" for i in range(20)],
    )
    obs = pd.DataFrame(
        {
            "region": pd.Categorical(["cells"] * 18 + ["labels"] * 25),
            "id": [f"c{i}" for i in range(17, -1, -1)] + [str(i) for i in range(25)],
            "kind": pd.Categorical(rng.choice(["T", "B"], 43)),
        },
        index=[f"r{i}" for i in range(43)],
    ).iloc[:18]
    obs["region"] = obs["region"].cat.remove_unused_categories()
    table = ad.AnnData(rng.poisson(2, (18, 2)).astype(np.float32), obs=obs)
    table.var_names = ["g0", "g1"]
    return SpatialData(
        images={"image": Image2DModel.parse(rng.random((2, 40, 40)), c_coords=["r", "g"], transformations=systems)},
        labels={"labels": Labels2DModel.parse(ids, transformations=systems, scale_factors=[2])},
        points={
            "points": PointsModel.parse(
                dd.from_pandas(molecules, npartitions=3), feature_key="gene", transformations=systems
            )
        },
        shapes={
            "cells": ShapesModel.parse(cells, transformations=systems),
            "spots": ShapesModel.parse(rng.uniform(0, 40, (9, 2)), geometry=0, radius=5.0, transformations=systems),
        },
        tables={"table": TableModel.parse(table, "cells", "region", "id")},
    )


@pytest.fixture(scope="module")
def stored(study: SpatialData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stores") / "study.zarr"
    study.write(path, update_sdata_path=False)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


BOX = {"axes": ("x", "y"), "min_coordinate": [5, 7], "max_coordinate": [30, 22.5]}
OPERATIONS: dict[str, Callable[[SpatialData], Any]] = {
    "box": lambda s: bounding_box_query(s, **BOX, target_coordinate_system="global"),
    "turned box": lambda s: bounding_box_query(s, **BOX, target_coordinate_system="turned"),
    "boxes": lambda s: bounding_box_query(s, ("x", "y"), [[0, 0], [9, 9]], [[5, 5], [12, 12]], "um")[1],
    "polygon": lambda s: polygon_query(s, REGION, "turned", clip=True),
    "points by shapes": lambda s: s.aggregate(values="points", by="cells", target_coordinate_system="um"),
    "points by circles": lambda s: s.aggregate(values="points", by="spots", value_key="qv", agg_func="mean"),
    "fractions": lambda s: s.aggregate(
        values="cells", by="spots", value_key="v", fractions=True, target_coordinate_system="um"
    ),
    "pixels": lambda s: s.aggregate(values="image", by="labels", agg_func=["mean", "max"]),
    "transform": lambda s: transform(s, to_coordinate_system="turned"),
    "in place": lambda s: transform(s, to_coordinate_system="turned", maintain_positioning=True),
    "subset": lambda s: s.subset(["cells"]),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_objects(name: str, study: SpatialData, stored: Path) -> None:
    ask = OPERATIONS[name]
    before = contents(stored)
    assert_spatial_data_objects_are_identical(ask(study), ask(read_zarr(stored)))
    assert contents(stored) == before
    assert_spatial_data_objects_are_identical(study, read_zarr(stored))


def test_elements(study: SpatialData, stored: Path) -> None:
    back = read_zarr(stored)
    for _, name, element in study.gen_spatial_elements():
        for system in ("global", "um", "turned"):
            assert get_extent(element, system) == get_extent(back[name], system)
    for name in ("labels", "points", "cells", "spots"):
        assert_elements_are_identical(get_centroids(study[name], "turned"), get_centroids(back[name], "turned"))
    assert get_extent(study, "turned") == get_extent(back, "turned")
    assert_elements_are_identical(to_polygons(study["spots"]), to_polygons(back["spots"]))
    assert_elements_are_identical(match_table_to_element(study, "cells"), match_table_to_element(back, "cells"))
    ask = {"value_key": ["g0", "g1"], "element_name": "cells", "table_name": "table"}
    for a, b in ((get_values(sdata=s, **ask) for s in (study, back)),):
        assert a.index.tolist() == b.index.tolist()
        np.testing.assert_array_equal(a, b)
    join = {"spatial_element_names": "cells", "table_name": "table", "how": "inner"}
    for a, b in zip(
        join_spatialelement_table(sdata=study, **join)[0].values(),
        join_spatialelement_table(sdata=back, **join)[0].values(),
        strict=True,
    ):
        assert_elements_are_identical(a, b)


def test_results_can_be_stored(study: SpatialData, tmp_path: Path) -> None:
    for number, name in enumerate(("turned box", "polygon", "points by circles", "transform")):
        result = OPERATIONS[name](study)
        path = tmp_path / f"{number}.zarr"
        result.write(path)
        assert_spatial_data_objects_are_identical(result, read_zarr(path))


def test_points_of_a_store_know_their_source(stored: Path) -> None:
    points = read_zarr(stored)["points"]
    assert points.source is not None
    assert aggregate(points, ShapesModel.parse(np.zeros((1, 2)), geometry=0, radius=99.0))["table"].X.sum() == 900

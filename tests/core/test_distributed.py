"""The same calls on threads here and on a cluster of two processes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import dask
import dask.array as da
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from dask.dataframe.dask_expr.io import FromPandas

from spatialdata import (
    SpatialData,
    aggregate,
    bounding_box_query,
    get_centroids,
    get_element_instances,
    get_extent,
    join_spatialelement_table,
    nearest,
    polygon_query,
    rasterize,
    read_zarr,
    to_circles,
    transform,
    within_distance,
)
from spatialdata.errors import StoreError
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.store import portions
from spatialdata.transformations import Affine

pytestmark = [
    # Processes that end leave sockets and loops behind, and graphs of tests are large beside their data.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Sending large graph:UserWarning"),
    pytest.mark.filterwarnings("ignore:Port .* is already in use:UserWarning"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    placed = {"global": Affine([[0.6, -0.8, 5], [0.8, 0.6, -2], [0, 0, 1]], ("x", "y"), ("x", "y"))}
    frame = pd.DataFrame(rng.uniform(0, 60, (4000, 2)), columns=["x", "y"])
    frame["gene"] = pd.Categorical(rng.choice(list("abc"), 4000))
    frame["v"] = rng.normal(size=4000)
    discs = shapely.buffer(shapely.points(rng.uniform(0, 60, (50, 2))), 4.0)
    labels = rng.integers(0, 9, (6, 6)).repeat(10, axis=0).repeat(10, axis=1)
    sdata = SpatialData(
        images={"image": Image2DModel.parse(rng.normal(size=(2, 60, 60)), chunks=(1, 25, 25), transformations=placed)},
        labels={"labels": Labels2DModel.parse(labels, chunks=(20, 20), transformations=placed)},
        points={"points": PointsModel.parse(frame, feature_key="gene", npartitions=3, transformations=placed)},
        shapes={"shapes": ShapesModel.parse(gpd.GeoDataFrame(geometry=discs), transformations=placed)},
    )
    path = tmp_path_factory.mktemp("cluster") / "s.zarr"
    sdata.write(path)
    return path


def matrix(found: Any) -> np.ndarray:
    return np.asarray(found["table"].X.toarray())


def numbers(points: Any) -> np.ndarray:
    return np.asarray(points.compute()[["x", "y"]].sort_index().to_numpy())


def pairs(found: pd.DataFrame) -> np.ndarray:
    return np.asarray(found[["instance", "neighbour", "distance"]].to_numpy())


def spots(ids: np.ndarray) -> ad.AnnData:
    """A table that annotates molecules."""
    obs = pd.DataFrame({"region": pd.Categorical(["points"] * len(ids)), "id": ids})
    obs.index = obs.index.astype(str)
    return TableModel.parse(ad.AnnData(obs=obs), region="points", region_key="region", instance_key="id")


def annotated(sdata: SpatialData, by: str) -> np.ndarray:
    """The regions of molecules, in the column of a table that annotates them."""
    sdata["spots"] = spots(np.arange(900) * 4 + 1)
    with pytest.warns(UserWarning, match="lie in several regions") if by == "shapes" else contextlib.nullcontext():
        found = sdata.annotate("points", by=by, table_name="spots")["spots"].obs[by]
    return np.asarray(found.cat.codes)


def joined(sdata: SpatialData, how: Any, **asked: Any) -> np.ndarray:
    """The ids and places of joined molecules, and the rows of the table that came along."""
    table = spots(np.random.default_rng(1).permutation(4000)[:300])
    found, rows = join_spatialelement_table(
        spatial_element_names="points", spatial_elements=sdata["points"], table=table, how=how, **asked
    )
    assert not list(found["points"].expr.find_operations(FromPandas))
    frame = found["points"].compute()
    names = np.zeros(0) if rows is None else rows.obs_names.to_numpy(dtype=np.float64)
    return np.concatenate([frame.index.to_numpy(), frame["x"], frame["gene"].cat.codes, frame["v"], names])


def drawn(points: Any, **asked: Any) -> np.ndarray:
    return np.asarray(rasterize(points, ("x", "y"), [-40, 0], [40, 80], "global", target_width=16, **asked).values)


BOX: Any = (("x", "y"), [-20, 0], [10, 40], "global")
CALLS: dict[str, Callable[[SpatialData], np.ndarray]] = {
    "counts": lambda s: matrix(aggregate(s["points"], s["shapes"])),
    "means": lambda s: matrix(aggregate(s["points"], s["shapes"], value_key="v", agg_func=["mean", "std", "median"])),
    "points by labels": lambda s: matrix(aggregate(s["points"], s["labels"])),
    "pixels of labels": lambda s: matrix(aggregate(s["image"], s["labels"], agg_func=["mean", "quantile(0.2)"])),
    "pixels of shapes": lambda s: matrix(aggregate(s["image"], s["shapes"], agg_func="max")),
    "box": lambda s: numbers(bounding_box_query(s["points"], *BOX)),
    "polygon": lambda s: numbers(polygon_query(s["points"], shapely.Point(0, 20).buffer(15), "global")),
    "pixels": lambda s: polygon_query(s["image"], shapely.Point(0, 20).buffer(15), "global").values,
    "centroids": lambda s: numbers(get_centroids(s["labels"])),
    "moved molecules": lambda s: numbers(transform(s["points"], to_coordinate_system="global")),
    "extent": lambda s: np.array([*get_extent(s["points"]).values()]),
    "nearest points": lambda s: pairs(nearest(s["points"], s["points"], k=3)),
    "nearest shapes": lambda s: pairs(nearest(s["points"], s["shapes"])),
    "nearest of shapes": lambda s: pairs(nearest(s["shapes"], s["points"], k=2)),
    "points within a distance": lambda s: pairs(within_distance(s["shapes"], s["points"], 0.5)),
    "regions of points": lambda s: annotated(s, "shapes"),
    "labels of points": lambda s: annotated(s, "labels"),
    "picture": lambda s: drawn(s["points"]),
    "inner join": lambda s: joined(s, "inner"),
    "inner join in the order of molecules": lambda s: joined(s, "inner", match_rows="left"),
    "right join": lambda s: joined(s, "right"),
    "molecules without a row": lambda s: joined(s, "left_exclusive"),
    "instances": lambda s: np.asarray(get_element_instances(s["points"]).compute()),
    "circles": lambda s: to_circles(s["points"], radius=1.0).get_coordinates().to_numpy(),
    "picture of ids": lambda s: drawn(s["points"], return_regions_as_labels=True),
    "picture of genes": lambda s: drawn(s["points"], value_key="gene", agg_func="count_cat"),
}
OF_PIXELS = ("pixels of labels", "pixels of shapes", "pixels", "centroids")


@pytest.mark.parametrize("name", CALLS)
def test_a_cluster_gives_what_threads_give(name: str, store: Path, client: Any) -> None:
    here = CALLS[name](read_zarr(store))
    with client.as_current():
        (worker,) = dask.compute(dask.delayed(os.getpid)())
        there = CALLS[name](read_zarr(store))
    assert worker != os.getpid()
    np.testing.assert_array_equal(there, here)
    assert here.size


@pytest.mark.parametrize("name", [name for name in CALLS if name not in OF_PIXELS])
def test_workers_read_their_own_pieces_of_points(
    name: str, store: Path, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = CALLS[name](read_zarr(store))

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise StoreError(f"rows of points were read by the process that asked: {args}, {kwargs}")

    # The workers are other processes, which have the function as it is.
    monkeypatch.setattr(portions, "_table", refuse)
    with client.as_current():
        there = CALLS[name](read_zarr(store))
    np.testing.assert_array_equal(there, here)


def test_labels_that_a_cluster_holds_are_asked_for(store: Path, client: Any) -> None:
    here = CALLS["points by labels"](read_zarr(store))
    with client.as_current():
        sdata = read_zarr(store)
        sdata["labels"] = sdata["labels"].persist()
        np.testing.assert_array_equal(CALLS["points by labels"](sdata), here)


def test_workers_write_pyramids_and_statistics_that_threads_write(client: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 9, (9, 7)).repeat(10, axis=0).repeat(10, axis=1)
    image = Image2DModel.parse(
        da.from_array(rng.integers(0, 99, (2, 90, 70)).astype("u2"), chunks=(1, 13, 70)), scale_factors=[2, 3]
    )
    labels = Labels2DModel.parse(da.from_array(ids, chunks=(25, 30)), scale_factors=[2], method="mode")
    sdata = SpatialData(images={"image": image}, labels={"labels": labels})
    sdata.write(tmp_path / "here.zarr", label_statistics=True, update_sdata_path=False)
    with client.as_current():
        sdata.write(tmp_path / "there.zarr", label_statistics=True, update_sdata_path=False)
    files = [
        {
            str(path.relative_to(root)): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file() and path.name != "zarr.json"
        }
        for root in (tmp_path / "here.zarr", tmp_path / "there.zarr")
    ]
    assert files[0] == files[1]
    assert any(name.endswith("instances.parquet") for name in files[0])

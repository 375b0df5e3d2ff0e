"""Bins of a grid as images and labels, against numpy."""

from __future__ import annotations

import pickle

import anndata as ad
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse import csc_matrix, csr_matrix

from spatialdata import (
    SpatialData,
    deepcopy,
    get_centroids,
    get_values,
    rasterize_bins,
    rasterize_bins_link_table_to_labels,
)
from spatialdata.errors import UnsupportedElementError
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.testing import assert_spatial_data_objects_are_identical
from spatialdata.transformations import Affine

COS, SIN = np.cos(0.3), np.sin(0.3)
TURN = Affine([[COS, -SIN, 5.03], [SIN, COS, -2.01], [0, 0, 1]], ("x", "y"), ("x", "y"))
HEIGHT, WIDTH = 6, 9


def binned(kind: str = "shapes", layout: object = csc_matrix, start: int = 1, text: bool = False) -> SpatialData:
    """Some bins of a turned grid, in random order; the id of the bin in row r and column c is 9 r + c + start."""
    rng = np.random.default_rng(0)
    place = rng.permutation(HEIGHT * WIDTH)[:40]
    place = np.unique(np.r_[place, 0, HEIGHT * WIDTH - 1])
    place = rng.permutation(place)
    row, column = np.divmod(place, WIDTH)
    grid = np.stack([column, row], axis=1) + 0.5
    ids = [f"bin_{i}" for i in place] if text else place + start
    matrix = np.array([[3 * COS, -3 * SIN], [3 * SIN, 3 * COS]])
    centres = grid @ matrix.T + (100, 50)
    if kind == "labels":
        pixels = np.zeros((HEIGHT, WIDTH), dtype=int)
        pixels[row, column] = ids
        element = {"labels": {"bins": Labels2DModel.parse(pixels, transformations={"cs": TURN})}}
    elif kind == "points":
        element = {
            "points": {
                "bins": PointsModel.parse(
                    pd.DataFrame(centres, columns=["x", "y"], index=ids), transformations={"cs": TURN}, sort=False
                )
            }
        }
    else:
        frame = gpd.GeoDataFrame(geometry=shapely.buffer(shapely.points(centres), 1.4, cap_style="square"), index=ids)
        element = {"shapes": {"bins": ShapesModel.parse(frame, transformations={"cs": TURN})}}
    obs = pd.DataFrame({"region": pd.Categorical(["bins"] * len(place)), "id": ids, "r": row + 20, "c": column - 3})
    obs["share"], obs["kind"] = place / 7, pd.Categorical(np.where(place % 2, "odd", "even"))
    obs.index = [str(number) for number in range(len(obs))]
    counts = rng.poisson(1.0, (len(place), 4)).astype(np.float32)
    table = ad.AnnData(layout(counts), obs=obs, var=pd.DataFrame(index=list("abcd")))
    return SpatialData(**element, tables={"table": TableModel.parse(table, "bins", "region", "id")})


def picture(sdata: SpatialData, values: np.ndarray) -> np.ndarray:
    obs = sdata["table"].obs
    pixels = np.zeros((HEIGHT, WIDTH), dtype=np.asarray(values).dtype)
    pixels[obs["r"] - 20, obs["c"] + 3] = values
    return pixels


@pytest.mark.parametrize("kind", ["shapes", "points", "labels"])
@pytest.mark.parametrize("layout", [csc_matrix, csr_matrix, np.asarray])
def test_genes(kind: str, layout: object) -> None:
    sdata = binned(kind, layout)
    before = deepcopy(sdata)
    image = rasterize_bins(sdata, "bins", "table", "c", "r")
    counts = sdata["table"].X if layout is np.asarray else sdata["table"].X.toarray()
    assert image.dtype == np.float32
    assert image.c.values.tolist() == list("abcd")
    assert image.data.chunks == ((1, 1, 1, 1), (HEIGHT,), (WIDTH,))
    for number in range(4):
        np.testing.assert_array_equal(image.sel(c="abcd"[number]).values, picture(sdata, counts[:, number]))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(image)).values, image.values)
    assert_spatial_data_objects_are_identical(sdata, before)


@pytest.mark.parametrize("kind", ["shapes", "points", "labels"])
def test_each_pixel_lies_on_its_bin(kind: str) -> None:
    sdata = binned(kind)
    labels = rasterize_bins(sdata, "bins", "table", "c", "r", return_region_as_labels=True)
    found = get_centroids(labels, "cs").compute()
    expected = get_centroids(sdata["bins"], "cs").compute().loc[found.index]
    np.testing.assert_allclose(found[["x", "y"]], expected[["x", "y"]], atol=1e-9)
    assert set(labels.attrs["transform"]) == {"cs"}


def test_values() -> None:
    sdata = binned()
    obs = sdata["table"].obs
    image = rasterize_bins(sdata, "bins", "table", "c", "r", value_key=["share", "b"])
    assert image.dtype == np.float64
    np.testing.assert_array_equal(image.values[0], picture(sdata, obs["share"].to_numpy()))
    np.testing.assert_array_equal(image.values[1], picture(sdata, sdata["table"].X.toarray()[:, 1]))
    coded = rasterize_bins(sdata, "bins", "table", "c", "r", value_key="kind")
    np.testing.assert_array_equal(coded.values[0], picture(sdata, np.where(obs["kind"] == "odd", 2, 1)))
    assert coded.attrs["label_index_to_category"] == {1: "even", 2: "odd"}


@pytest.mark.parametrize(("start", "text"), [(1, False), (0, False), (1, True)])
def test_labels_linked_to_the_table(start: int, text: bool) -> None:
    sdata = binned(start=start, text=text)
    before = deepcopy(sdata)
    labels = rasterize_bins(sdata, "bins", "table", "c", "r", return_region_as_labels=True)
    assert_spatial_data_objects_are_identical(sdata, before)
    own = start == 1 and not text
    codes = before["table"].obs["id"] if own else np.arange(1, sdata["table"].n_obs + 1)
    np.testing.assert_array_equal(labels.values, picture(before, np.asarray(codes)))
    sdata["pixels"] = labels
    rasterize_bins_link_table_to_labels(sdata, "table", "pixels")
    key = "id" if own else "relabeled_id"
    assert sdata["table"].uns["spatialdata_attrs"] == {"region": "pixels", "region_key": "region", "instance_key": key}
    assert list(sdata["table"].obs[key]) == list(codes)
    values = get_values("share", sdata=sdata, element_name="pixels", table_name="table")["share"]
    ids = np.sort(np.asarray(codes))
    assert values.index.tolist() == ids.tolist()
    np.testing.assert_array_equal(labels.values > 0, picture(before, np.ones(len(ids))) > 0)


def test_arguments_are_checked() -> None:
    sdata = binned()
    with pytest.raises(KeyError, match="'squares'"):
        rasterize_bins(sdata, "squares", "table", "c", "r")
    with pytest.raises(KeyError, match="'tables'"):
        rasterize_bins(sdata, "bins", "tables", "c", "r")
    with pytest.raises(ValueError, match="'col'"):
        rasterize_bins(sdata, "bins", "table", "col", "r")
    with pytest.raises(ValueError, match="whole numbers"):
        rasterize_bins(sdata, "bins", "table", "share", "r")
    with pytest.raises(ValueError, match="neither in obs nor in var"):
        rasterize_bins(sdata, "bins", "table", "c", "r", value_key="shares")
    with pytest.raises(ValueError, match="have no value"):
        rasterize_bins(sdata, "bins", "table", "c", "r", value_key="share", return_region_as_labels=True)
    sdata["image"] = Image2DModel.parse(np.zeros((1, 2, 2)))
    with pytest.raises(UnsupportedElementError, match="Bins are"):
        rasterize_bins(sdata, "image", "table", "c", "r")
    sdata["others"] = sdata["bins"].copy()
    with pytest.raises(ValueError, match="does not annotate 'others'"):
        rasterize_bins(sdata, "others", "table", "c", "r")
    sdata["table"].obs["same"] = 1
    with pytest.raises(ValueError, match="needs a place of its own"):
        rasterize_bins(sdata, "bins", "table", "same", "r")
    sdata["table"].obs["random"] = np.random.default_rng(0).permutation(sdata["table"].n_obs)
    with pytest.raises(ValueError, match="do not lie on a grid"):
        rasterize_bins(sdata, "bins", "table", "random", "r")
    with pytest.raises(ValueError, match="is no labels"):
        rasterize_bins_link_table_to_labels(sdata, "table", "image")
    with pytest.raises(KeyError, match="'nothing'"):
        rasterize_bins_link_table_to_labels(sdata, "table", "nothing")
    sdata["wrong"] = Labels2DModel.parse(np.ones((2, 2), dtype=int))
    with pytest.raises(ValueError, match="does not hold the bins"):
        rasterize_bins_link_table_to_labels(sdata, "table", "wrong")

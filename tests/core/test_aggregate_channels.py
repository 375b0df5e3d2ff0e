"""Chosen channels of images, and channels that weigh others; compared with numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from geopandas import GeoDataFrame

from spatialdata import aggregate
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, ShapesModel
from spatialdata.regions import SquareGrid
from spatialdata.transformations import Scale


def pixels(shape: tuple[int, ...] = (3, 12, 16)) -> np.ndarray:
    found = np.random.default_rng(0).uniform(0, 9, shape)
    found[0][found[0] < 1] = np.nan
    return found


def image(data: np.ndarray, **kwargs: Any) -> Any:
    model = Image2DModel if data.ndim == 3 else Image3DModel
    return model.parse(data, c_coords=["DAPI", "CD3", "mask"], chunks=(1, *(5,) * (data.ndim - 1)), **kwargs)


IDS = np.random.default_rng(1).integers(0, 4, (12, 16))
REGIONS = {
    "labels": (Labels2DModel.parse(IDS), [label == IDS for label in (1, 2, 3)]),
    "shapes": (
        ShapesModel.parse(GeoDataFrame(geometry=[shapely.box(0, 0, 5, 9), shapely.box(3, 2, 16, 12)])),
        [np.s_[0:9, 0:5], np.s_[2:12, 3:16]],
    ),
    "grid": (
        SquareGrid.covering([0, 0], [15, 11], 8),
        [np.s_[0:8, 0:8], np.s_[0:8, 8:16], np.s_[8:12, 0:8], np.s_[8:12, 8:16]],
    ),
}


@pytest.mark.parametrize("by", REGIONS)
@pytest.mark.parametrize("deep", [False, True])
def test_chosen_channels(by: str, deep: bool) -> None:
    data = pixels((3, 2, 12, 16) if deep else (3, 12, 16))
    regions, places = REGIONS[by]
    found = aggregate(image(data), regions, value_key=["mask", "DAPI"], agg_func=["sum", "max"])["table"]
    names = [f"channel_{name}_{func}" for name in ("mask", "DAPI") for func in ("sum", "max")]
    assert found.var_names.tolist() == names
    for row, place in enumerate(places):
        chosen = [
            data[number][..., *np.index_exp[place]] if by != "labels" else data[number][..., place] for number in (2, 0)
        ]
        expected = [func(channel) for channel in chosen for func in (np.nansum, np.nanmax)]
        np.testing.assert_allclose(found.X[row].toarray()[0], expected)
    alone = aggregate(image(data), regions, value_key="CD3", agg_func="mean")["table"]
    assert alone.var_names.tolist() == ["channel_CD3_mean"]


@pytest.mark.parametrize("by", REGIONS)
def test_channels_weighed_by_another(by: str) -> None:
    data = pixels()
    regions, places = REGIONS[by]
    found = aggregate(image(data), regions, weights="mask", agg_func=["sum", "mean"])["table"]
    assert found.var_names.tolist() == [f"channel_{n}_{f}" for n in ("DAPI", "CD3") for f in ("sum", "mean")]
    for row, place in enumerate(places):
        dapi, cd3, weight = (channel[place] for channel in data)
        known = ~np.isnan(dapi)
        expected = [
            (dapi * weight)[known].sum(),
            np.average(dapi[known], weights=weight[known]),
            (cd3 * weight).sum(),
            np.average(cd3, weights=weight),
        ]
        np.testing.assert_allclose(found.X[row].toarray()[0], expected)


def test_a_pyramid_weighed_on_other_pixels() -> None:
    data = np.random.default_rng(3).integers(0, 255, (3, 12, 16)).astype(np.uint8)
    pyramid = image(data, scale_factors=[2], transformations={"global": Scale([0.5, 0.5], ("x", "y"))})
    ids = np.arange(1, 13).reshape(3, 4)
    labels = Labels2DModel.parse(ids, transformations={"global": Scale([2, 2], ("x", "y"))})
    found = aggregate(pyramid, labels, value_key="CD3", weights="DAPI", agg_func="mean")["table"]
    fine = ids.repeat(4, 0).repeat(4, 1)
    expected = [np.average(data[1][fine == one], weights=data[0][fine == one].astype(float)) for one in range(1, 13)]
    np.testing.assert_allclose(found.X.toarray()[:, 0], expected)


def test_channels_that_are_not_there_are_refused() -> None:
    regions, _ = REGIONS["labels"]
    with pytest.raises(ValueError, match=r"no channel 'DAPY'.*Did you mean 'DAPI'"):
        aggregate(image(pixels()), regions, value_key="DAPY")
    with pytest.raises(ValueError, match="no channel 'weight'"):
        aggregate(image(pixels()), regions, weights="weight")
    with pytest.raises(ValueError, match="a channel twice"):
        aggregate(image(pixels()), regions, value_key=["CD3", "CD3"])
    with pytest.raises(ValueError, match=r"of your own.*'ptp'"):
        aggregate(image(pixels()), regions, weights="mask", agg_func=np.ptp)

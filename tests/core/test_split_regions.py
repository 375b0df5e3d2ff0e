"""Statistics that need all values of a region, where regions lie in one block of pixels or in several."""

from __future__ import annotations

from typing import Any

import dask.array as da
import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialdata import aggregate, get_region_properties
from spatialdata.models import Image2DModel, Labels2DModel, ShapesModel
from spatialdata.ops.accumulate_samples import Samples
from spatialdata.ops.split_regions import in_several, labels_in_several_blocks

FUNCS: list[Any] = ["median", "quantile(0.3)", "nunique", "mode", "mean", np.ptp]
SIZE = 12


def mode(values: np.ndarray) -> float:
    found, count = np.unique(values, return_counts=True)
    return float(found[np.argmax(count)])


def expected(values: np.ndarray) -> list[float]:
    """The statistics of FUNCS by numpy; 0 without a value."""
    if not len(values):
        return [0.0] * len(FUNCS)
    return [
        float(np.median(values)), float(np.quantile(values, 0.3)), float(len(np.unique(values))), mode(values),
        float(values.mean()), float(np.ptp(values)),
    ]  # fmt: skip


def pictures(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two channels of few different values, and labels of which some lie all over the picture."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 6, (4, 4)).repeat(3, axis=0).repeat(3, axis=1) * 100
    scattered = rng.random((SIZE, SIZE)) < 0.1
    return rng.integers(0, 7, (2, SIZE, SIZE)).astype(np.float32), np.where(scattered, 77, ids)


@settings(max_examples=8)
@given(st.integers(0, 10_000), st.integers(3, SIZE), st.integers(3, SIZE), st.booleans())
def test_statistics_do_not_depend_on_where_labels_are_cut(seed: int, height: int, width: int, gaps: bool) -> None:
    values, ids = pictures(seed)
    if gaps:
        values[0, ::2, 1] = np.nan
    image = Image2DModel.parse(da.from_array(values, chunks=(1, height, width)), c_coords=["a", "b"])
    labels = Labels2DModel.parse(da.from_array(ids, chunks=(5, 12)))
    found = aggregate(image, labels, agg_func=FUNCS)["table"]
    numbers = [one for one in np.unique(ids) if one]
    assert found.obs["instance_id"].tolist() == numbers
    want = []
    for one in numbers:
        channels = [channel[ids == one] for channel in values]
        want.append([number for channel in channels for number in expected(channel[~np.isnan(channel)])])
    np.testing.assert_allclose(found.X.toarray(), np.array(want).reshape(len(numbers), -1), rtol=1e-6)


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.integers(3, SIZE), st.integers(3, SIZE))
def test_quantiles_of_properties_do_not_depend_on_where_labels_are_cut(seed: int, height: int, width: int) -> None:
    values, ids = pictures(seed)
    image = Image2DModel.parse(da.from_array(values, chunks=(2, 5, 7)), c_coords=["a", "b"])
    labels = Labels2DModel.parse(da.from_array(ids, chunks=(height, width)))
    found = get_region_properties(labels, image, statistics=[], quantiles=[0.3, 1.0])
    for one in found.index:
        want = [np.quantile(channel[ids == one], share) for channel in values for share in (0.3, 1.0)]
        np.testing.assert_allclose(found.loc[one].to_numpy(dtype=float)[-4:], want, rtol=1e-6)


@pytest.mark.parametrize("fractions", [False, True])
def test_shapes_in_one_block_and_in_several(fractions: bool) -> None:
    values, _ = pictures(3)
    boxes = [shapely.box(0, 0, 3, 3), shapely.box(1, 1, 11, 11), shapely.box(6, 0, 9, 6), shapely.box(2, 7, 12, 8)]
    shapes = ShapesModel.parse(gpd.GeoDataFrame(geometry=boxes))
    image = Image2DModel.parse(da.from_array(values, chunks=(1, 4, 6)), c_coords=["a", "b"])
    funcs = ["median", "mode", "sum"]
    found = aggregate(image, shapes, agg_func=funcs, fractions=fractions)["table"].X.toarray()
    quantiles = get_region_properties(shapes, image, statistics=[], quantiles=[0.5]).to_numpy(dtype=float)[:, -2:]
    for row, box in enumerate(boxes):
        left, bottom, right, top = (int(edge) for edge in box.bounds)
        pixels = values[:, bottom:top, left:right].reshape(2, -1)
        want = [number for one in pixels for number in (np.median(one), mode(one), one.sum())]
        np.testing.assert_allclose(found[row], want)
        np.testing.assert_allclose(quantiles[row], np.median(pixels, axis=1))


def test_weighed_medians_of_labels_in_one_block_and_in_several() -> None:
    values, ids = pictures(5)
    weights = np.random.default_rng(0).integers(0, 3, ids.shape).astype(np.float32)
    image = Image2DModel.parse(da.from_array(np.stack([values[0], weights]), chunks=(2, 4, 5)), c_coords=["a", "w"])
    found = aggregate(image, Labels2DModel.parse(ids), agg_func="quantile(0.5)", weights="w")["table"]
    for row, one in enumerate(found.obs["instance_id"]):
        inside = ids == one
        repeated = np.sort(values[0][inside].repeat(weights[inside].astype(int)))
        # The least value at which half of the weights are reached.
        want = repeated[(len(repeated) + 1) // 2 - 1] if len(repeated) else 0.0
        assert found.X.toarray()[row, 0] == want


@pytest.mark.parametrize("func", ["mode", "nunique", "max"])
def test_whole_numbers_of_64_bits_are_not_rounded_in_one_block_or_several(func: str) -> None:
    values, ids = pictures(7)
    wholes = values[:1].astype(np.int64) + 2**60
    image = Image2DModel.parse(da.from_array(wholes, chunks=(1, 4, 5)))
    found = aggregate(image, Labels2DModel.parse(ids), agg_func=func)["table"]
    for row, one in enumerate(found.obs["instance_id"]):
        numbers, count = np.unique(wholes[0][ids == one], return_counts=True)
        want = {"mode": numbers[np.argmax(count)], "nunique": len(numbers), "max": numbers.max()}[func]
        assert int(found.X.toarray()[row, 0]) == want


def test_values_are_kept_of_labels_in_several_blocks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = np.zeros((8, 8), dtype=np.int32)
    ids[1:3, 1:3], ids[2:6, 5:7] = 4, 9
    kept: list[int] = []
    whole = Samples.merged

    def merged(parts: Any) -> Samples:
        kept.extend(number for part in parts for number in part.region.tolist())
        return whole(parts)

    monkeypatch.setattr(Samples, "merged", merged)
    image = Image2DModel.parse(da.from_array(np.ones((1, 8, 8)), chunks=(1, 4, 8)))
    found = aggregate(image, Labels2DModel.parse(da.from_array(ids, chunks=(4, 8))), agg_func="median")["table"]
    assert found.X.toarray().tolist() == [[1.0], [1.0]]
    # A block itself looks at its one plane.
    assert set(kept[-8:]) == {9}


def test_labels_that_several_blocks_have() -> None:
    ids = np.array([[1, 1, 2, 3], [0, 5, 5, 3], [0, 7, 7, 2]])
    assert labels_in_several_blocks(da.from_array(ids, chunks=(2, 2))).tolist() == [2, 5, 7]
    assert labels_in_several_blocks(da.from_array(ids, chunks=(3, 4))).tolist() == []
    assert labels_in_several_blocks(da.zeros((0, 4), chunks=(2, 2), dtype=np.int32)).tolist() == []
    assert in_several([]).tolist() == []

"""Pyramids written in one pass, against blocks of pixels averaged, picked or counted one by one."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialdata import SpatialData, read_zarr
from spatialdata._core.elements import levels_of
from spatialdata.kernels.coarsen import mean_of_blocks, mode_of_blocks
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel
from spatialdata.models.pyramid import coarsening_of
from spatialdata.store.levels import LevelWriter


def block_by_block(pixels: np.ndarray, factors: tuple[int, ...], use: Any) -> np.ndarray:
    """Each whole block of pixels, given to a function of its values."""
    shape = tuple(n // f for n, f in zip(pixels.shape, factors, strict=True))
    coarse = np.empty(shape, dtype=pixels.dtype)
    for place in np.ndindex(shape):
        block = pixels[tuple(slice(i * f, i * f + f) for i, f in zip(place, factors, strict=True))]
        coarse[place] = use(block)
    return coarse


def rounded_mean(block: np.ndarray) -> Any:
    return round(sum(int(value) for value in block.ravel()) / block.size)


def middle(block: np.ndarray) -> Any:
    return block[tuple((n - 1) // 2 for n in block.shape)]


def most_common(block: np.ndarray) -> Any:
    counts = Counter(block.ravel().tolist())
    return min(value for value, count in counts.items() if count == max(counts.values()))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["u1", "i1", "u2", "i2", "u4", "i4", "?"]),
    st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4)),
    st.integers(0, 2**32 - 1),
)
def test_whole_numbers_round_half_to_even(dtype: str, factors: tuple[int, ...], seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(2 * factor for factor in factors)
    if dtype == "?":
        pixels = rng.random(shape) < 0.5
    else:
        info = np.iinfo(dtype)
        small = rng.integers(max(info.min, -3), 4, shape)
        pixels = np.where(rng.random() < 0.5, small, rng.integers(info.min, info.max, shape, endpoint=True)).astype(
            dtype
        )
    found = mean_of_blocks(pixels, factors)
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(found, block_by_block(pixels, factors, rounded_mean))


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_large_planes_are_averaged_as_small_ones(dtype: str) -> None:
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (1, 1024, 1026), dtype=dtype, endpoint=True)
    squares = pixels.reshape(512, 2, 513, 2).sum(axis=(1, 3), dtype=np.int64)
    np.testing.assert_array_equal(mean_of_blocks(pixels, (1, 2, 2))[0], np.rint(squares / 4))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8"])
def test_broken_numbers_are_averaged(dtype: str) -> None:
    pixels = np.random.default_rng(0).normal(size=(2, 6, 8)).astype(dtype)
    expected = pixels.reshape(2, 3, 2, 2, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(mean_of_blocks(pixels, (1, 2, 4)), expected, rtol=1e-3 if dtype == "f2" else 1e-6)


def test_the_mode_is_the_commonest_id_and_of_several_the_least() -> None:
    pixels = np.random.default_rng(0).integers(0, 4, (9, 12)).astype("u2")
    np.testing.assert_array_equal(mode_of_blocks(pixels, (3, 4)), block_by_block(pixels, (3, 4), most_common))


CASES = [
    (Image2DModel, (2, 61, 47), "u2", None, [2, 2], rounded_mean),
    (Image2DModel, (1, 61, 47), "u1", None, [{"y": 3, "x": 1}, 2], rounded_mean),
    (Image3DModel, (2, 7, 31, 23), "i4", None, [{"y": 2, "x": 2}, {"z": 2, "y": 2, "x": 3}], rounded_mean),
    (Labels2DModel, (61, 47), "i4", None, [2, 3], middle),
    (Labels2DModel, (61, 47), "u2", "mode", [2, 3], most_common),
    (Labels3DModel, (7, 31, 23), "i8", "dask_image_MODE", [2, 2], most_common),
]
CHUNKS = [(16, 16), (1, -1), (-1, -1), (13, 9)]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"raster_chunks": {"y": 15, "x": 10}},
    {"raster_chunks": {"y": 8, "x": 8}, "raster_shards": {"y": 16, "x": 24}},
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_every_level_is_what_its_blocks_say(case: int, tmp_path: Path) -> None:
    model, shape, dtype, method, factors, use = CASES[case]
    pixels = np.random.default_rng(case).integers(0, 50, shape).astype(dtype)
    expected = [pixels]
    for factor in factors:
        by_axis = factor if isinstance(factor, dict) else dict.fromkeys("zyx", factor)
        expected.append(block_by_block(expected[-1], tuple(by_axis.get(dim, 1) for dim in model.dims), use))
    for number, (chunks, options) in enumerate(zip(CHUNKS, itertools.cycle(OPTIONS), strict=False)):
        lazy = da.from_array(pixels, chunks=(*(1,) * (len(shape) - 2), *chunks))
        element = model.parse(lazy, scale_factors=factors, method=method)
        for level, known in zip(levels_of(element), expected, strict=True):
            np.testing.assert_array_equal(level.values, known)
        path = tmp_path / f"{number}.zarr"
        SpatialData.init_from_elements({"raster": element}).write(path, **options)
        for level, known in zip(levels_of(read_zarr(path)["raster"]), expected, strict=True):
            assert level.dtype == pixels.dtype
            np.testing.assert_array_equal(level.values, known)


class Counted:
    """Pixels that count how often each is read."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels, self.reads = pixels, np.zeros(pixels.shape, dtype=int)
        self.shape, self.dtype, self.ndim = pixels.shape, pixels.dtype, pixels.ndim

    def __getitem__(self, key: Any) -> np.ndarray:
        self.reads[key] += 1
        return self.pixels[key]


@pytest.mark.parametrize("chunks", [(1, 16, 16), (1, 1, 50), (1, 13, 17)])
def test_each_pixel_is_read_once(chunks: tuple[int, ...], tmp_path: Path) -> None:
    source = Counted(np.random.default_rng(0).integers(0, 99, (2, 70, 50)).astype("u1"))
    element = Image2DModel.parse(da.from_array(source, chunks=chunks), scale_factors=[2, 2, 2])
    source.reads[:] = 0
    SpatialData.init_from_elements({"image": element}).write(tmp_path / "s.zarr")
    assert set(source.reads.ravel()) == {1}


def test_levels_that_were_changed_are_written_as_they_are(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 99, (1, 40, 40)).astype("u2")
    element = Image2DModel.parse(pixels, scale_factors=[2, 2])
    element["scale1"]["image"].data = element["scale1"]["image"].data + 1
    fine, middle_level, coarse = levels_of(element)
    assert coarsening_of(middle_level, fine) is None
    assert coarsening_of(coarse, middle_level) is None
    known = [level.values for level in (fine, middle_level, coarse)]
    sdata = SpatialData.init_from_elements({"image": element})
    for name in ("first", "second"):  # the second time they come from the store
        sdata.write(tmp_path / f"{name}.zarr")
        for level, expected in zip(levels_of(read_zarr(tmp_path / f"{name}.zarr")["image"]), known, strict=True):
            np.testing.assert_array_equal(level.values, expected)


def elsewhere(graph: Any, keys: Any, **options: Any) -> Any:
    """A scheduler that could run anywhere, for all that the writer knows."""
    return dask.get(graph, keys, **options)


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", elsewhere])
def test_schedulers_agree(scheduler: Any, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 99, (40, 40)).astype("u2")
    element = Labels2DModel.parse(da.from_array(pixels, chunks=(13, 9)), scale_factors=[2])
    with dask.config.set(scheduler=scheduler):
        SpatialData.init_from_elements({"cells": element}).write(tmp_path / "s.zarr")
    fine, coarse = levels_of(read_zarr(tmp_path / "s.zarr")["cells"])
    np.testing.assert_array_equal(fine.values, pixels)
    np.testing.assert_array_equal(coarse.values, pixels[::2, ::2])


def test_strips_are_stored_as_squares_and_all_levels_have_chunks_of_one_size(tmp_path: Path) -> None:
    element = Image2DModel.parse(da.zeros((1, 3000, 2500), chunks=(1, 4, 2500), dtype="u1") + 1, scale_factors=[2])
    SpatialData.init_from_elements({"image": element}).write(tmp_path / "s.zarr")
    arrays = [zarr.open_array(tmp_path / "s.zarr" / "images" / "image" / f"s{k}") for k in range(2)]
    assert [array.chunks for array in arrays] == [(1, 1024, 1024)] * 2


def test_what_never_comes_is_background() -> None:
    target, coarse = np.full((5, 6), 9), np.full((2, 3), 9)
    level = levels_of(Labels2DModel.parse(np.zeros((5, 6), dtype=int), scale_factors=[2]))
    step = coarsening_of(level[1], level[0])
    assert step is not None
    below = LevelWriter((2, 3), target.dtype, target=coarse, block=(2, 3))
    writer = LevelWriter((5, 6), target.dtype, target=target, block=(3, 3), coarser=(step, below))
    writer[0:2, 1:6] = np.arange(10).reshape(2, 5)
    assert writer.waiting > 0
    writer.finish()
    assert writer.waiting == 0
    assert target[:3].tolist() == [[0, 0, 1, 2, 3, 4], [0, 5, 6, 7, 8, 9], [0] * 6]
    assert coarse.tolist() == [[0, 1, 3], [0, 0, 0]]


def test_no_more_waits_than_a_row_of_blocks() -> None:
    element = Labels2DModel.parse(np.zeros((512, 512), dtype="u1"), scale_factors=[2, 2, 2])
    levels = levels_of(element)
    writer: LevelWriter | None = None
    for number in reversed(range(4)):
        step = coarsening_of(levels[number + 1], levels[number]) if number < 3 else None
        writer = LevelWriter(
            levels[number].shape,
            levels[number].dtype,
            target=np.zeros(levels[number].shape, dtype="u1"),
            block=(64, 64),
            coarser=(step, writer) if step and writer else None,
        )
    assert writer is not None
    waiting = []
    for row in range(0, 512, 4):
        writer[row : row + 4, 0:512] = np.ones((4, 512), dtype="u1")
        waiting.append(writer.waiting)
    assert max(waiting) <= 64 * 512 * (1 + 1 / 2 + 1 / 4 + 1 / 8)
    assert waiting[-1] == 0

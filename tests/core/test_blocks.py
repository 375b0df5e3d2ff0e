"""Blocks read without a graph, against the same blocks of arrays in memory."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np
import pytest
import zarr
from dask.callbacks import Callback
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from spatialdata._core.direct import DirectArray
from spatialdata.kernels.label_sums import row_runs_of_labels
from spatialdata.models.label_ids import united_ids
from spatialdata.ops.accumulate import Moments
from spatialdata.relations.blocks import by_block
from spatialdata.store.lazy_pixels import lazy_pixels
from spatialdata.store.stored_array import StoredArray

SHAPE, CHUNKS = (41, 33), (16, 10)


def stored(folder: Path, pixels: NDArray[Any], chunks: tuple[int, ...], **options: Any) -> Any:
    array = zarr.create_array(store=folder, shape=pixels.shape, chunks=chunks, dtype=pixels.dtype, **options)
    array[...] = pixels
    return lazy_pixels(StoredArray(folder))


def noted(start: tuple[int, ...], *blocks: NDArray[Any]) -> tuple[Any, ...]:
    return start, *[block.copy() for block in blocks]


def check(found: list[Any], arrays: list[NDArray[Any]], chunks: tuple[int, ...]) -> None:
    corners = [tuple(a * b for a, b in zip(place, chunks, strict=True)) for place in grid(arrays[-1].shape, chunks)]
    assert [start for start, *_ in found] == corners
    for start, *blocks in found:
        inside = tuple(slice(first, first + size) for first, size in zip(start, chunks, strict=True))
        for block, array in zip(blocks, arrays, strict=True):
            np.testing.assert_array_equal(block, array[(..., *inside)])


def grid(shape: tuple[int, ...], chunks: tuple[int, ...]) -> list[tuple[int, ...]]:
    return list(np.ndindex(*[-(-size // chunk) for size, chunk in zip(shape, chunks, strict=True)]))


@pytest.mark.parametrize("scheduler", ["threads", "synchronous"])
@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
@pytest.mark.parametrize("cuts", [CHUNKS, (8, 5), (20, 33)])
def test_blocks_of_stored_arrays(scheduler: str, dtype: str, cuts: tuple[int, int], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 99, (3, *SHAPE)).astype(dtype)
    labels = rng.integers(0, 9, SHAPE).astype("i4")
    lazy = stored(tmp_path / "image", image, (1, *cuts)), stored(tmp_path / "labels", labels, CHUNKS)
    assert all(isinstance(one, DirectArray) for one in lazy)
    cut = lazy[0].rechunk(((3,), *lazy[1].chunks))
    assert (cut.direct_reader() is None) == (cuts == (20, 33))
    assert lazy[1].direct_reader() is not None
    with dask.config.set(scheduler=scheduler, num_workers=3):
        check(by_block(noted, [cut, lazy[1]], "blocks"), [image, labels], CHUNKS)
        check(by_block(noted, [lazy[1]], "blocks"), [labels], CHUNKS)


def test_blocks_of_windows_and_of_some_places(tmp_path: Path) -> None:
    pixels = np.arange(41 * 33, dtype=np.int32).reshape(SHAPE)
    part = stored(tmp_path / "a", pixels, CHUNKS)[7:39, 3:]
    found = by_block(noted, [part], "blocks", [(2, 1), (0, 0)])
    assert [start for start, _ in found] == [(25, 7), (0, 0)]
    np.testing.assert_array_equal(found[0][1], pixels[32:39, 10:20])
    np.testing.assert_array_equal(found[1][1], pixels[7:16, 3:10])
    assert by_block(noted, [part], "blocks", []) == []


@pytest.mark.parametrize("how", ["memory", "watched", "elsewhere", "derived", "sharded"])
def test_what_only_dask_can_read_gives_the_same(how: str, tmp_path: Path) -> None:
    pixels = np.arange(41 * 33, dtype=np.int32).reshape(SHAPE)
    options: dict[str, Any] = {"shards": (32, 40)} if how == "sharded" else {}
    lazy = (
        da.from_array(pixels, chunks=CHUNKS) if how == "memory" else stored(tmp_path / "a", pixels, CHUNKS, **options)
    )
    chunks = CHUNKS if how != "sharded" else (32, 40)
    if how == "derived":
        lazy, pixels = lazy * 2, pixels * 2
    if how == "watched":
        with Callback():
            found = by_block(noted, [lazy], "blocks")
    elif how == "elsewhere":
        with dask.config.set(scheduler=lambda graph, keys, **options: dask.get(graph, keys, **options)):
            found = by_block(noted, [lazy], "blocks")
    else:
        found = by_block(noted, [lazy], "blocks")
    check(found, [pixels], chunks)


def test_one_that_fails_ends_the_others(tmp_path: Path) -> None:
    lazy = stored(tmp_path / "a", np.zeros((64, 64), dtype=np.uint8), (1, 64))
    seen: list[Any] = []
    lock = threading.Lock()

    def work(start: tuple[int, ...], block: NDArray[Any]) -> None:
        with lock:
            seen.append(start)
        raise ArithmeticError(f"block of {block.shape}")

    with dask.config.set(num_workers=2), pytest.raises(ArithmeticError, match=r"block of \(1, 64\)"):
        by_block(work, [lazy], "blocks")
    assert len(seen) <= 64


def test_files_that_changed_are_noticed(tmp_path: Path) -> None:
    lazy = stored(tmp_path / "a", np.ones(SHAPE, dtype=np.int32), CHUNKS)
    stored(tmp_path / "b", np.full(SHAPE, 7, dtype=np.int32), (41, 8))
    (tmp_path / "a").rename(tmp_path / "old")
    (tmp_path / "b").rename(tmp_path / "a")
    assert all((block == 7).all() for _, block in by_block(noted, [lazy], "blocks"))


@given(st.lists(st.lists(st.integers(-5, 40) | st.integers(2**40, 2**62), max_size=9), min_size=1, max_size=4))
def test_ids_of_several_parts(parts: list[list[int]]) -> None:
    arrays = [np.array(part, dtype=np.int64) for part in parts]
    ids, place = united_ids(arrays)
    every = np.concatenate(arrays)
    assert ids.tolist() == sorted(set(every.tolist()))
    assert ids[place].tolist() == every.tolist()
    assert ids.dtype == every.dtype


@pytest.mark.parametrize(("ids", "dtype"), [("i4", "u2"), ("i4", "f4"), ("i4", "i4"), ("i4", "?")])
def test_sums_are_those_of_scipy(ids: str, dtype: str) -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 250, (9, 12)).repeat(4, axis=0).repeat(5, axis=1).astype(ids)
    pixels = rng.integers(0, 2 if dtype == "?" else 2**15, (3, *labels.shape)).astype(dtype)
    known = np.ones(pixels.shape, dtype=bool)
    if pixels.dtype.kind == "f":
        known = rng.random(pixels.shape) > 0.1
        pixels[~known] = np.nan
    found, index = Moments.of_labels(labels, pixels), np.unique(labels[labels > 0])
    np.testing.assert_array_equal(found.regions, index)
    for channel, plane in enumerate(pixels):
        values = np.where(known[channel], plane, 0).astype(np.float64)
        np.testing.assert_array_equal(found.count[:, channel], ndimage.sum_labels(known[channel], labels, index))
        np.testing.assert_allclose(found.total[:, channel], ndimage.sum_labels(values, labels, index))


def test_bright_pixels_in_long_rows_do_not_overflow() -> None:
    for width in (2**16, 2**16 + 5):
        labels, pixels = np.ones((2, width), np.int32), np.full((1, 2, width), 2**16 - 1, np.uint16)
        found = Moments.of_labels(labels, pixels)
        assert found.count.tolist() == [[2 * width]]
        assert found.total.tolist() == [[2.0 * width * (2**16 - 1)]]


@pytest.mark.parametrize("dtype", ["u2", "i4", "f4"])
def test_rows_that_repeat_are_summed_up_like_others(dtype: str) -> None:
    rng = np.random.default_rng(4)
    rows = rng.integers(0, 3, (12, 300))
    rows[6, 299] = rows[5, 299] + 1
    labels = np.concatenate([rows[[row]].repeat(1 + 3 * (row % 3), axis=0) for row in [0, 1, 5, 6, 7, 7, 2, 11, 0]])
    labels = labels.astype(np.int32)
    limits = np.iinfo(dtype if dtype[0] != "f" else "i2")
    pixels = rng.integers(limits.min, limits.max, (1, *labels.shape), endpoint=True).astype(dtype)
    found = Moments.of_labels(labels, pixels)
    for label, count, total in zip(found.regions, found.count[:, 0], found.total[:, 0], strict=True):
        assert count == (labels == label).sum()
        assert total == sum(int(value) for value in pixels[0][labels == label])


def test_bright_pixels_in_many_equal_rows_do_not_overflow() -> None:
    labels, pixels = np.ones((2**16 + 5, 3), np.int32), np.full((1, 2**16 + 5, 3), 2**16 - 1, np.uint16)
    found = Moments.of_labels(labels, pixels)
    assert found.count.tolist() == [[3 * (2**16 + 5)]]
    assert found.total.tolist() == [[3.0 * (2**16 + 5) * (2**16 - 1)]]
    assert row_runs_of_labels(labels)[1][2].tolist() == [0, 2**16, 2**16 + 5]


@pytest.mark.parametrize("shape", [(40, 50), (3, 3000), (0, 7), (7, 0)])
def test_runs_of_pixels_that_are_all_different(shape: tuple[int, int]) -> None:
    labels = np.arange(shape[0] * shape[1], dtype=np.int32).reshape(shape)
    ids, (start, slot, band, offset) = row_runs_of_labels(labels)
    assert band.tolist() == (list(range(shape[0] + 1)) if shape[1] else [0, shape[0]])
    assert ids.tolist() == labels[labels > 0].tolist()
    assert offset.tolist() == [row * shape[1] for row in range(len(band))]
    assert start.tolist() == np.tile(np.arange(shape[1]), shape[0]).tolist()
    assert [ids[number] if number >= 0 else 0 for number in slot] == labels.ravel().tolist()

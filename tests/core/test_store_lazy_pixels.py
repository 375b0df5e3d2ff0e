"""Windows of stored arrays, against arrays of dask over the same files and against numpy."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numcodecs
import numpy as np
import pytest
import zarr
from dask.diagnostics import Callback
from hypothesis import given, settings
from hypothesis import strategies as st
from zarr.codecs import BloscCodec

from spatialdata.errors import StoreError
from spatialdata.store.compressed import blocks_between, plain_size
from spatialdata.store.lazy_pixels import lazy_pixels
from spatialdata.store.stored_array import StoredArray

SHAPE, CHUNKS = (3, 70, 90), (1, 32, 40)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    folder = tmp_path_factory.mktemp("pixels") / "a"
    pixels = np.random.default_rng(0).integers(0, 60_000, SHAPE).astype("u2")
    pixels[1, 32:64, 40:80] = 0
    codec = BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle")
    zarr.create_array(folder, data=pixels, chunks=CHUNKS, compressors=codec, config={"write_empty_chunks": False})
    return folder, pixels


def bounds(size: int) -> Any:
    """Slices with at least one value."""
    return st.tuples(st.integers(0, size - 1), st.integers(1, size)).map(lambda pair: slice(pair[0], pair[0] + pair[1]))


windows = st.tuples(*map(bounds, SHAPE))


def has_no_graph(lazy: Any) -> bool:
    return lazy._stored is not None and lazy._graph is None


@settings(max_examples=60, deadline=None)
@given(windows, windows, st.booleans())
def test_windows_of_windows_are_those_of_dask(made: Any, first: Any, second: Any, by_graph: bool) -> None:
    folder, pixels = made
    ours, theirs = lazy_pixels(StoredArray(folder))[first][second], da.from_array(pixels, chunks=CHUNKS)[first][second]
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    if theirs.size:
        assert ours.chunks == theirs.chunks
        assert has_no_graph(ours)
    found = dask.compute(ours)[0] if by_graph else ours.compute()
    np.testing.assert_array_equal(found, pixels[first][second])


@settings(max_examples=30, deadline=None)
@given(windows, st.tuples(st.integers(1, 3), st.integers(1, 70), st.integers(1, 90)), st.booleans())
def test_other_chunks_hold_the_same(made: Any, window: Any, chunks: Any, by_graph: bool) -> None:
    folder, pixels = made
    ours = lazy_pixels(StoredArray(folder))[window].rechunk(chunks)
    assert ours.chunks == da.from_array(pixels, chunks=CHUNKS)[window].rechunk(chunks).chunks
    assert has_no_graph(ours)
    found = dask.compute(ours)[0] if by_graph else ours.compute()
    np.testing.assert_array_equal(found, pixels[window])
    np.testing.assert_array_equal(ours[:, 1:].compute(), pixels[window][:, 1:])


INDICES: list[Any] = [
    0,
    (0, slice(None, None, 3)),
    (slice(None), slice(60, 3, -7), 5),
    (slice(None), [4, 60, 2]),
    (Ellipsis, slice(80, 90)),
    (slice(1, 1),),
    (slice(None), np.arange(62) % 2 == 0),
    (None, slice(0, 2)),
    slice(-2, None),
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_other_indices_are_left_to_dask(made: Any, index: Any) -> None:
    folder, pixels = made
    for first in (0, 7):
        # The same number of rows, from another place on.
        lazy, plain = lazy_pixels(StoredArray(folder))[:, first : first + 62], pixels[:, first : first + 62]
        np.testing.assert_array_equal(lazy[index].compute(), plain[index])


def test_operations_of_dask(made: Any) -> None:
    folder, pixels = made
    lazy = lazy_pixels(StoredArray(folder))
    part = lazy[:, 5:66, 11:81]
    plain = pixels[:, 5:66, 11:81].astype(np.int64)
    np.testing.assert_array_equal((part + part.rechunk((3, 61, 70))).compute(), (2 * plain).astype("u2"))
    twice = da.concatenate([part, part]).mean(axis=0)
    np.testing.assert_array_equal(twice.compute(), np.concatenate([plain] * 2).mean(0))
    np.testing.assert_array_equal(np.asarray(part), plain)
    np.testing.assert_array_equal(part.persist().compute(), plain)
    np.testing.assert_array_equal(part.rechunk("auto").compute(), plain)
    np.testing.assert_array_equal(part.rechunk({1: -1}).compute(), plain)
    np.testing.assert_array_equal(part.blocks[0, 0, 1].compute(), plain[:1, :27, 29:69])
    np.testing.assert_array_equal(part.copy().compute(), plain)


def test_values_may_be_assigned(made: Any) -> None:
    folder, pixels = made
    lazy = lazy_pixels(StoredArray(folder))
    lazy[:, 3:9] = 7
    expected = pixels.copy()
    expected[:, 3:9] = 7
    np.testing.assert_array_equal(lazy.compute(), expected)
    np.testing.assert_array_equal(lazy[:, 2:5].compute(), expected[:, 2:5])
    np.testing.assert_array_equal(lazy_pixels(StoredArray(folder)).compute(), pixels)


def test_copies_need_no_graph_and_are_others(made: Any) -> None:
    folder, pixels = made
    lazy = lazy_pixels(StoredArray(folder))[1:]
    for copied in (lazy.copy(), copy.deepcopy(lazy)):
        assert has_no_graph(lazy)
        assert has_no_graph(copied)
        assert (copied.name, copied.chunks, copied.dtype) == (lazy.name, lazy.chunks, lazy.dtype)
        copied[0, 0] = 7
        np.testing.assert_array_equal(lazy.compute(), pixels[1:])
        assert (copied.copy().compute()[0, 0] == 7).all()


def test_names_tell_windows_apart(made: Any) -> None:
    folder, _ = made
    lazy, again = lazy_pixels(StoredArray(folder)), lazy_pixels(StoredArray(folder))
    assert lazy.name == again.name
    assert lazy[:, :9].name == again[:, :9].name
    assert len({lazy.name, lazy[:1].name, lazy[1:2].name, lazy[1:2].rechunk((1, 70, 90)).name}) == 4
    assert lazy[:] is lazy


def test_it_can_be_pickled(made: Any) -> None:
    folder, pixels = made
    part = lazy_pixels(StoredArray(folder))[1:, 5:50]
    copied = pickle.loads(pickle.dumps(part))
    np.testing.assert_array_equal(copied.compute(), pixels[1:, 5:50])
    assert copied.name == part.name


def test_whoever_watches_tasks_sees_them(made: Any) -> None:
    folder, pixels = made
    seen: list[Any] = []
    with Callback(pretask=lambda key, *_: seen.append(key)):
        found = lazy_pixels(StoredArray(folder)).compute()
    assert len(seen) >= 3 * 3 * 3
    np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
@pytest.mark.parametrize("workers", [1, 3])
def test_schedulers(made: Any, scheduler: str, workers: int) -> None:
    folder, pixels = made
    with dask.config.set(scheduler=scheduler):
        np.testing.assert_array_equal(lazy_pixels(StoredArray(folder)).compute(num_workers=workers), pixels)


def test_shards_are_left_to_zarr(tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 99, (64, 64)).astype("u1")
    zarr.create_array(tmp_path / "a", data=pixels, chunks=(8, 8), shards=(32, 32))
    lazy = lazy_pixels(StoredArray(tmp_path / "a"))
    assert lazy.chunks == ((32, 32), (32, 32))
    np.testing.assert_array_equal(lazy[5:60, 2:40].compute(), pixels[5:60, 2:40])


@pytest.mark.parametrize("codec", [numcodecs.Zstd(1), numcodecs.Blosc("zstd", 1), numcodecs.GZip(1), None], ids=str)
def test_a_chunk_that_is_too_short_is_an_error_even_after_whole_ones(codec: Any, tmp_path: Path) -> None:
    array = zarr.create_array(
        tmp_path / "a", shape=(64, 64), chunks=(32, 32), dtype="u2", compressors=codec, zarr_format=2
    )
    array[...] = np.random.default_rng(2).integers(0, 9, (64, 64))
    short = np.zeros(100, dtype="u2")
    (tmp_path / "a" / "1.1").write_bytes(short.tobytes() if codec is None else codec.encode(short))
    lazy = lazy_pixels(StoredArray(tmp_path / "a"))
    assert lazy[:32].compute().shape == (32, 64)
    for window in (slice(None), slice(40, 64)):
        with pytest.raises(StoreError, match=r"1\.1 is damaged"):
            lazy[window].compute()


@pytest.mark.parametrize("name", ["lz4", "zstd", "blosclz", "zlib"])
@pytest.mark.parametrize("shuffle", [0, 1, 2])
@pytest.mark.parametrize("kind", ["u1", "u2", "i4", "f8"])
def test_parts_of_blosc_hold_what_the_whole_holds(name: str, shuffle: int, kind: str) -> None:
    rng = np.random.default_rng(3)
    values = np.repeat(rng.integers(0, 50, 3001), 100)[:300_007].astype(kind)
    for size in (2**15, 2**16, 0):
        codec = numcodecs.Blosc(name, 3, shuffle, blocksize=size)
        stored, plain = bytes(codec.encode(values)), values.tobytes()
        assert plain_size("blosc", stored) == len(plain)
        pairs = np.sort(rng.integers(0, len(plain), (20, 2))).tolist()
        taken = 0
        for start, last in [(0, 0), (len(plain) - 1, len(plain) - 1), *pairs]:
            stop = last + 1
            found = blocks_between(stored, start, stop, len(plain))
            if found is not None:
                part, first, count = found
                assert first <= start < stop <= first + count
                assert bytes(codec.decode(part)) == plain[first : first + count]
                taken += 1
        assert taken or size == 0


def test_what_is_no_part_is_refused() -> None:
    stored = bytes(numcodecs.Blosc("zstd", 5, 0, blocksize=512).encode(np.arange(5000)))
    assert blocks_between(stored, 0, 100, 40_000) is not None
    assert blocks_between(stored, 0, 40_000, 40_000) is None
    assert blocks_between(stored, 0, 100, 39_000) is None
    assert blocks_between(stored[:-1], 0, 100, 40_000) is None
    assert blocks_between(stored[:9], 0, 100, 40_000) is None
    noise = np.random.default_rng(0).integers(0, 255, 5000).astype("u1")
    assert blocks_between(bytes(numcodecs.Blosc("lz4", 5, 0, blocksize=512).encode(noise)), 0, 100, 5000) is None


@pytest.mark.parametrize("size", [0, 1, 200, 255, 256, 300, 65_791, 65_792, 70_000, 2**20])
@pytest.mark.parametrize("codec", [numcodecs.Zstd(0), numcodecs.Zstd(3, checksum=True)], ids=str)
def test_frames_of_zstd_say_their_size(size: int, codec: Any) -> None:
    assert plain_size("zstd", bytes(codec.encode(np.zeros(size, dtype="u1")))) == size


def test_what_says_no_size() -> None:
    assert plain_size("gzip", numcodecs.GZip(1).encode(b"abc")) is None
    assert plain_size("zstd", b"") is None
    assert plain_size("zstd", b"\x28\xb5\x2f\xfd") is None
    assert plain_size("blosc", b"abc") is None

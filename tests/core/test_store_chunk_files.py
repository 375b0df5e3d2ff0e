"""Chunks read and written as files, against zarr."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec, BytesCodec, GzipCodec, ZstdCodec

from spatialdata import SpatialData, read_zarr
from spatialdata.errors import StoreError
from spatialdata.models import Image2DModel
from spatialdata.store.chunk_files import ChunkFiles
from spatialdata.store.stored_array import StoredArray

SHAPE, CHUNKS = (3, 37, 50), (2, 16, 20)
WINDOWS = [
    (slice(0, 3), slice(0, 37), slice(0, 50)),
    (slice(0, 2), slice(16, 32), slice(20, 40)),
    (slice(1, 2), slice(5, 33), slice(19, 41)),
    (slice(2, 2), slice(0, 37), slice(3, 3)),
]
V3: dict[str, dict[str, Any]] = {
    "blosc": {"compressors": BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle")},
    "blosc of bytes": {"compressors": BloscCodec(cname="zstd", clevel=1, shuffle="shuffle")},
    "zstd": {"compressors": ZstdCodec(level=0)},
    "zstd with checksum": {"compressors": ZstdCodec(level=3, checksum=True)},
    "gzip": {"compressors": GzipCodec(level=1)},
    "plain": {"compressors": None},
    "big endian": {"compressors": None, "serializer": BytesCodec(endian="big")},
    "dots": {"compressors": None, "chunk_key_encoding": {"name": "default", "separator": "."}},
    "old keys": {"compressors": None, "chunk_key_encoding": {"name": "v2", "separator": "/"}},
}
V2: dict[str, dict[str, Any]] = {
    "blosc 2": {"compressors": numcodecs.Blosc("lz4", 5, numcodecs.Blosc.SHUFFLE)},
    "zstd 2": {"compressors": numcodecs.Zstd(1)},
    "zlib 2": {"compressors": numcodecs.Zlib(1), "chunk_key_encoding": {"name": "v2", "separator": "/"}},
    "plain 2": {"compressors": None},
    "big endian 2": {"compressors": None, "dtype": ">u2"},
}


def random_array(folder: Path, given: dict[str, Any], zarr_format: Any, fill: Any = 0) -> tuple[Any, np.ndarray]:
    """An array in which one chunk was never written."""
    options = {"dtype": "u2", "fill_value": fill, **given}
    array = zarr.create_array(folder, shape=SHAPE, chunks=CHUNKS, zarr_format=zarr_format, **options)
    pixels = np.random.default_rng(0).integers(1, 60000, SHAPE).astype("u2")
    pixels[:2, 16:32, 20:40] = fill
    array[:] = pixels
    return array, pixels


@pytest.mark.parametrize("name", [*V3, *V2])
@pytest.mark.parametrize("fill", [0, 7])
def test_windows_are_read_as_zarr_reads_them(name: str, fill: int, tmp_path: Path) -> None:
    given, zarr_format = (V3[name], 3) if name in V3 else (V2[name], 2)
    _, pixels = random_array(tmp_path / "a", given, zarr_format, fill)
    files = ChunkFiles.of(tmp_path / "a")
    assert files is not None
    for window in WINDOWS:
        found = files.read(window)
        assert found.dtype == np.dtype("u2")
        np.testing.assert_array_equal(found, pixels[window])


@pytest.mark.parametrize("name", [*V3, *V2])
def test_zarr_reads_what_is_written(name: str, tmp_path: Path) -> None:
    given, zarr_format = (V3[name], 3) if name in V3 else (V2[name], 2)
    _, pixels = random_array(tmp_path / "known", given, zarr_format)
    zarr.create_array(
        tmp_path / "a", shape=SHAPE, chunks=CHUNKS, zarr_format=zarr_format,
        **{"dtype": "u2", "fill_value": 0, **given},
    )  # fmt: skip
    files = ChunkFiles.of(tmp_path / "a")
    assert files is not None
    files[slice(0, 2), slice(0, 37), slice(0, 20)] = pixels[:2, :, :20]  # several chunks at once
    files[slice(0, 2), slice(0, 37), slice(20, 50)] = pixels[:2, :, 20:]
    files[slice(2, 3), slice(0, 37), slice(0, 50)] = pixels[2:]
    np.testing.assert_array_equal(zarr.open_array(tmp_path / "a")[:], pixels)
    names = [
        {str(p.relative_to(tmp_path / f)) for p in (tmp_path / f).rglob("*") if p.is_file()} for f in ("a", "known")
    ]
    assert names[0] == names[1]


@pytest.mark.parametrize("dtype", ["?", "i1", "i8", "f2", "f4", "f8"])
def test_types_and_minus_zero(dtype: str, tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a", shape=(4, 6), chunks=(2, 3), dtype=dtype, fill_value=0)
    files = ChunkFiles.of(tmp_path / "a")
    assert files is not None
    pixels = np.random.default_rng(0).integers(0, 2, (4, 6)).astype(dtype)
    pixels[:2, :3] = -0.0 if np.dtype(dtype).kind == "f" else 0
    files[slice(0, 4), slice(0, 6)] = pixels
    found = zarr.open_array(tmp_path / "a")[:]
    np.testing.assert_array_equal(found, pixels)
    np.testing.assert_array_equal(np.signbit(found.astype(float)), np.signbit(pixels.astype(float)))
    np.testing.assert_array_equal(files.read((slice(0, 4), slice(1, 6))), pixels[:, 1:])


@pytest.mark.parametrize(
    "given",
    [
        {"shards": (2, 32, 40)},
        {"compressors": [ZstdCodec(), GzipCodec()]},
        {"filters": zarr.codecs.TransposeCodec(order=(2, 1, 0))},
        {"dtype": "c8"},
        {"zarr_format": 2, "order": "F"},
        {"zarr_format": 2, "filters": [numcodecs.Delta("u2")]},
        {"dtype": "f4", "fill_value": np.nan},
    ],
    ids=str,
)
def test_other_arrays_are_left_to_zarr(given: dict[str, Any], tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path / "a", shape=SHAPE, chunks=CHUNKS, **{"dtype": "u2", "fill_value": 0, **given})
    assert ChunkFiles.of(tmp_path / "a") is None
    pixels = np.random.default_rng(0).integers(0, 9, SHAPE).astype(array.dtype)
    array[:] = pixels
    stored = StoredArray(tmp_path / "a")
    for window in WINDOWS:
        np.testing.assert_array_equal(stored[window], pixels[window])


def test_keys_that_are_no_window(tmp_path: Path) -> None:
    _, pixels = random_array(tmp_path / "a", V3["zstd"], 3)
    stored = StoredArray(tmp_path / "a")
    for key in [
        ...,
        1,
        (0, slice(None), 3),
        (slice(None), slice(None, None, 2), slice(5, None)),
        (slice(-2, None),) * 3,
    ]:
        np.testing.assert_array_equal(stored[key], pixels[key])


def test_an_array_is_opened_by_zarr_only_when_that_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, pixels = random_array(tmp_path / "a", V3["zstd"], 3)
    calls: list[Any] = []
    by_zarr = zarr.open_array
    monkeypatch.setattr(zarr, "open_array", lambda *args, **kwargs: calls.append(args) or by_zarr(*args, **kwargs))
    stored = StoredArray(tmp_path / "a")
    assert (stored.shape, stored.chunks, stored.dtype) == (SHAPE, CHUNKS, pixels.dtype)
    for window in WINDOWS:
        np.testing.assert_array_equal(stored[window], pixels[window])
    assert not calls
    for _ in range(3):
        np.testing.assert_array_equal(stored[1], pixels[1])
    assert len(calls) == 1


def test_the_type_of_a_stored_array_is_that_of_its_pixels(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path / "a", shape=SHAPE, chunks=CHUNKS, dtype=">i4", fill_value=7, zarr_format=2)
    array[:2] = 70_000
    stored = StoredArray(tmp_path / "a")
    found = stored[(slice(None),) * 3]
    assert stored.dtype == found.dtype == np.dtype("i4")
    np.testing.assert_array_equal(found, array[:])


@pytest.mark.parametrize("damage", [lambda stored: stored[:30], lambda _stored: b"", lambda _stored: b"\0" * 64])
def test_damaged_chunks_are_named(damage: Any, tmp_path: Path) -> None:
    image = Image2DModel.parse(np.random.default_rng(0).integers(1, 99, (1, 40, 40)).astype("u1"), chunks=(1, 20, 20))
    SpatialData.init_from_elements({"image": image}).write(tmp_path / "s.zarr")
    chunk = tmp_path / "s.zarr" / "images" / "image" / "s0" / "c" / "0" / "1" / "0"
    chunk.write_bytes(damage(chunk.read_bytes()))
    lazy = read_zarr(tmp_path / "s.zarr")["image"]
    assert lazy[:, :20].compute().shape == (1, 20, 40)
    with pytest.raises(StoreError, match=r"0.1.0 is damaged"):
        lazy.compute()


def test_an_array_that_was_removed_does_not_come_back(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a", shape=(4, 4), chunks=(2, 2), dtype="u1", fill_value=0)
    files = ChunkFiles.of(tmp_path / "a")
    assert files is not None
    shutil.rmtree(tmp_path / "a")
    with pytest.raises(FileNotFoundError):
        files[slice(0, 2), slice(0, 2)] = np.ones((2, 2), dtype="u1")
    assert not (tmp_path / "a").exists()

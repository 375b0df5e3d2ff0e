"""Arrays of images and labels on disk: their chunks, their shards and how these are compressed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from spatialdata.models.kind import Kind
from spatialdata.store.chunk_files import ChunkFiles

if TYPE_CHECKING:
    import dask.array as da
    import zarr

    from spatialdata.store.options import WriteOptions

__all__ = ["ChunkGrid", "grid_of", "new_array", "storage_chunks"]

_MAX_CHUNK_BYTES = 2**24
_CHUNK_SIDE = 1024
_MAX_ASPECT = 16


@dataclass(frozen=True, slots=True)
class ChunkGrid:
    """How an array is cut.

    Attributes
    ----------
    chunks
        The sizes of a chunk, which is compressed as a whole.
    shards
        The sizes of a file of several chunks; None if each chunk has its own.
    """

    chunks: tuple[int, ...]
    shards: tuple[int, ...] | None

    @property
    def block(self) -> tuple[int, ...]:
        """What is written in one piece."""
        return self.shards or self.chunks


def storage_chunks(data: da.Array, axes: Sequence[str]) -> tuple[int, ...]:
    """The chunks of an array on disk: those of the dask array, made regular and of at most 16 MiB.

    Where these are long strips of a plane, which no query could use, squares take their place.

    Examples
    --------
    >>> import dask.array as da
    >>> storage_chunks(da.zeros((3, 100, 100), chunks=(1, 40, 64)), ("c", "y", "x"))
    (1, 40, 64)
    """
    sizes = [max(*blocks, 1) for blocks in data.chunks]
    sides = [size for axis, size in zip(axes, sizes, strict=True) if axis in ("y", "x")]
    if max(sides) > _MAX_ASPECT * min(sides):
        full = dict(zip(axes, data.shape, strict=True))
        sizes = [min(full[axis], _CHUNK_SIDE) if axis in ("y", "x") else n for axis, n in zip(axes, sizes, strict=True)]
    for group, limit in ((("t", "c", "z"), 1), (("y", "x"), _CHUNK_SIDE)):
        if math.prod(sizes) * data.dtype.itemsize > _MAX_CHUNK_BYTES:
            sizes = [min(size, limit) if axis in group else size for axis, size in zip(axes, sizes, strict=True)]
    return tuple(sizes)


def grid_of(data: da.Array, axes: Sequence[str], options: WriteOptions, finer: ChunkGrid | None = None) -> ChunkGrid:
    """How an array is cut: as the options say, and otherwise as the level that it is made of, or as it is in memory.

    Raises
    ------
    ValueError
        Shards are asked for in Zarr v2.
    """
    if finer is None:
        chunks = storage_chunks(data, axes)
    else:
        chunks = tuple(min(chunk, max(size, 1)) for chunk, size in zip(finer.chunks, data.shape, strict=True))
    if options.raster_chunks:
        asked = options.raster_chunks
        chunks = tuple(
            min(asked.get(axis, chunk), max(size, 1))
            for axis, chunk, size in zip(axes, chunks, data.shape, strict=True)
        )
    if not options.raster_shards:
        return ChunkGrid(chunks, None)
    if options.formats.container.zarr_format == 2:
        raise ValueError("raster_shards need Zarr v3; leave them out for a container of version 0.1.")
    shards = []
    for axis, chunk, size in zip(axes, chunks, data.shape, strict=True):
        # A shard holds whole chunks, and no more than the array has.
        wanted = min(options.raster_shards.get(axis, chunk), max(size, 1))
        shards.append(-(-wanted // chunk) * chunk)
    return ChunkGrid(chunks, tuple(shards))


def new_array(
    path: Path, data: da.Array, grid: ChunkGrid, axes: Sequence[str], kind: Kind, options: WriteOptions
) -> zarr.Array[Any] | ChunkFiles:
    """Make the array on disk, without data yet; what is given takes whole blocks."""
    import zarr

    shared: dict[str, Any] = {
        "store": path,
        "shape": data.shape,
        "chunks": grid.chunks,
        "dtype": data.dtype,
        "fill_value": 0,
    }
    if options.formats.container.zarr_format == 2:
        array = zarr.create_array(
            **shared,
            compressors=_codec_v2(options.raster_codec),
            chunk_key_encoding={"name": "v2", "separator": "/"},
            zarr_format=2,
        )
    else:
        array = zarr.create_array(
            **shared,
            shards=grid.shards,
            compressors=_codec_v3(data, kind, options.raster_codec),
            dimension_names=list(axes),
            zarr_format=3,
        )
    return ChunkFiles.of(path) or array


def _codec_v2(asked: tuple[str, int] | None) -> Any:
    from numcodecs import Blosc  # type: ignore[import-untyped]

    name, level = asked or ("zstd", 5)
    return Blosc(cname=name, clevel=min(level, 9), shuffle=Blosc.SHUFFLE)


def _codec_v3(data: da.Array, kind: Kind, asked: tuple[str, int] | None) -> Any:
    from zarr.codecs import BloscCodec, ZstdCodec

    # The high bytes of neighbouring pixels of an image are alike, and the high bits where there is but one byte; ids in
    # labels repeat as a whole.
    is_image = kind is Kind.IMAGE
    if asked is None:
        asked = ("zstd", 0) if is_image and data.dtype.kind not in "iu" else ("lz4", 5)
    name, level = asked
    if name == "zstd":
        return ZstdCodec(level=level)
    of_image: Literal["shuffle", "bitshuffle"] = "bitshuffle" if data.dtype.itemsize == 1 else "shuffle"
    return BloscCodec(cname="lz4", clevel=level, shuffle=of_image if is_image else "noshuffle")

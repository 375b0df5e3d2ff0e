"""Chunks of an array on disk, each a file, read and written without a detour.

An array whose chunks are compressed as a whole, by one common codec, needs no more than its document to be read: where
each chunk lies follows from the specification of Zarr. Everything else (shards, filters, other places than folders) is
left to zarr.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import StoreError
from spatialdata.store.compressed import blocks_between, plain_size
from spatialdata.store.documents import array_document, known_array
from spatialdata.store.files import is_local
from spatialdata.store.objects.objects import objects_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["ChunkFiles"]

_SHUFFLES = {"noshuffle": 0, "shuffle": 1, "bitshuffle": 2}
_COMPRESSORS_V2 = ("blosc", "zstd", "zlib", "gzip", "lz4")


@dataclass(frozen=True, slots=True)
class ChunkFiles:
    """The files of an array.

    Attributes
    ----------
    folder
        The folder of the array.
    shape, chunks
        The sizes of the array and of a chunk.
    dtype
        The type on disk, with its order of bytes.
    fill
        The value of pixels in chunks that have no file.
    codec
        How a chunk is compressed, as numcodecs has it; None if it is not.
    prefix, separator
        How the names of the files are made of the numbers of a chunk.
    """

    folder: Path
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]
    fill: Any
    codec: Any
    prefix: tuple[str, ...]
    separator: str

    @classmethod
    def of(cls, folder: Path, documents: Mapping[str, Mapping[str, Any]] | None = None) -> ChunkFiles | None:
        """The files of an array that is there; None if only zarr can read it.

        Parameters
        ----------
        folder
            The folder of the array.
        documents
            Its documents by their names, if they were read before.
        """
        document = array_document(folder) if documents is None else known_array(documents, folder)
        layout = _layout_v3(document) if document.get("zarr_format") == 3 else _layout_v2(document)
        if layout is None or not document["shape"]:
            return None
        return cls(folder, tuple(document["shape"]), **layout)

    def read(self, key: Sequence[slice], threads: int = 1, into: NDArray[Any] | None = None) -> NDArray[Any]:
        """The pixels of a window.

        Parameters
        ----------
        key
            A slice for each dimension, with a start and a stop inside of the array and no step.
        threads
            How many threads decode chunks.
        into
            An array for the pixels, of the shape of the window and the type of the array; a new one if not given.
        """
        if into is None or into.dtype != self.dtype:
            into = np.empty([part.stop - part.start for part in key], dtype=self.dtype)
        pixels = into
        spans = [
            range(part.start // size, -(-part.stop // size)) if part.stop > part.start else range(0)
            for part, size in zip(key, self.chunks, strict=True)
        ]
        numbers = list(itertools.product(*spans))
        threads = min(threads, len(numbers))
        if threads > 1:
            with ThreadPoolExecutor(threads) as pool:
                parts = [
                    pool.submit(self._read_chunks, numbers[first::threads], key, pixels) for first in range(threads)
                ]
                for part in parts:
                    part.result()
        else:
            self._read_chunks(numbers, key, pixels)
        return pixels.astype(self.dtype.newbyteorder("="), copy=False)

    def _read_chunks(self, chunks: Sequence[tuple[int, ...]], key: Sequence[slice], pixels: NDArray[Any]) -> None:
        """Put what some chunks have of a window into its pixels."""
        scratch = np.empty(math.prod(self.chunks) if chunks and self.codec is not None else 0, dtype=self.dtype)
        for numbers in chunks:
            first = [number * size for number, size in zip(numbers, self.chunks, strict=True)]
            low = [max(part.start, start) for part, start in zip(key, first, strict=True)]
            high = [min(part.stop, start + size) for part, start, size in zip(key, first, self.chunks, strict=True)]
            into = pixels[_between(low, high, [part.start for part in key])]
            self._read_chunk(numbers, _between(low, high, first), into, scratch)

    def _read_chunk(
        self, numbers: Sequence[int], inside: tuple[slice, ...], into: NDArray[Any], scratch: NDArray[Any]
    ) -> None:
        """Put a part of one chunk into an array, by way of an array of the size of a chunk."""
        path = self._path(numbers)
        try:
            stored = path.read_bytes() if is_local(path) else objects_of(path).read(path)
        except FileNotFoundError:
            into[...] = self.fill
            return
        if into.shape == self.chunks and into.flags.c_contiguous and self.codec is not None:
            self._decode(path, stored, into.reshape(-1))
            return
        if self.codec is None:
            self._check_size(path, len(stored), scratch.itemsize * math.prod(self.chunks))
            scratch = np.frombuffer(stored, dtype=self.dtype)
        elif not self._decode_part(path, stored, inside, scratch):
            self._decode(path, stored, scratch)
        into[...] = scratch.reshape(self.chunks)[inside]

    def _decode(self, path: Path, stored: bytes, into: NDArray[Any]) -> None:
        """Fill an array with what is stored."""
        with _damage_named(path):
            size = plain_size(self.codec.codec_id, stored)
            # What is too short would leave the rest of the array as it was.
            into_place = into.view(np.uint8) if size == into.nbytes else None
            plain = self.codec.decode(stored, into_place)
        self._check_size(path, memoryview(plain).nbytes, into.nbytes)
        if into_place is None:
            into[...] = np.frombuffer(plain, dtype=self.dtype)

    def _decode_part(self, path: Path, stored: bytes, inside: tuple[slice, ...], into: NDArray[Any]) -> bool:
        """Fill those blocks of an array that a window meets; False where that saves nothing."""
        if self.codec.codec_id != "blosc":
            return False
        corners = ([part.start for part in inside], [part.stop - 1 for part in inside])
        start, last = (int(np.ravel_multi_index(corner, self.chunks)) for corner in corners)
        found = blocks_between(stored, start * into.itemsize, (last + 1) * into.itemsize, into.nbytes)
        if found is None:
            return False
        part, first, size = found
        with _damage_named(path):
            self.codec.decode(part, into.view(np.uint8)[first : first + size])
        return True

    def _check_size(self, path: Path, found: int, expected: int) -> None:
        if found != expected:
            raise StoreError(f"The chunk {path} is damaged: it holds {found} bytes, but its array needs {expected}.")

    def __getitem__(self, key: tuple[slice, ...]) -> NDArray[Any]:
        """The pixels of a window; see :meth:`read`."""
        return self.read(key)

    def __setitem__(self, key: Sequence[slice], pixels: NDArray[Any]) -> None:
        """Write whole chunks; those at the far border may be cut.

        Where 0 fills what has no file, a chunk of zeros gets none.
        """
        spans = [range(part.start // size, -(-part.stop // size)) for part, size in zip(key, self.chunks, strict=True)]
        for numbers in itertools.product(*spans):
            inside = tuple(
                slice(number * size - part.start, (number + 1) * size - part.start)
                for number, size, part in zip(numbers, self.chunks, key, strict=True)
            )
            self._write_chunk(numbers, pixels[inside])

    def _write_chunk(self, numbers: Sequence[int], pixels: NDArray[Any]) -> None:
        chunk = np.ascontiguousarray(pixels, dtype=self.dtype)
        if chunk.shape != self.chunks:
            chunk = np.zeros(self.chunks, dtype=self.dtype)
            chunk[tuple(slice(0, size) for size in pixels.shape)] = pixels
        if not self.fill and _is_zero(chunk):
            return
        path = self._path(numbers)
        stored = chunk.tobytes() if self.codec is None else self.codec.encode(chunk)
        try:
            path.write_bytes(stored)
        except FileNotFoundError:
            if not self.folder.is_dir():
                raise  # the array was removed, as a write that is interrupted does while threads still run
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(stored)

    def _path(self, numbers: Sequence[int]) -> Path:
        names = [str(number) for number in numbers]
        return self.folder / self.separator.join([*self.prefix, *names])


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    """Say which file cannot be decoded."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        raise StoreError(f"The chunk {path} is damaged: {error}.") from error


def _between(low: Sequence[int], high: Sequence[int], origin: Sequence[int]) -> tuple[slice, ...]:
    """What lies between two corners, counted from an origin."""
    return tuple(slice(a - o, b - o) for a, b, o in zip(low, high, origin, strict=True))


def _is_zero(chunk: NDArray[Any]) -> bool:
    """Whether all bytes are 0, which minus zero is not."""
    plain = chunk.reshape(-1).view(np.uint8)
    whole = len(plain) // 8 * 8
    return not plain[0] and not plain[whole:].any() and not plain[:whole].view(np.uint64).max(initial=0)


def _layout_v3(document: Mapping[str, Any]) -> dict[str, Any] | None:
    grid, key = document.get("chunk_grid", {}), document.get("chunk_key_encoding", {})
    first, *others = document.get("codecs") or [{}]
    fill = document.get("fill_value")
    is_plain = (
        grid.get("name") == "regular"
        and key.get("name") in ("default", "v2")
        and first.get("name") == "bytes"
        and len(others) <= 1
        and not document.get("storage_transformers")
        and isinstance(fill, bool | int | float)
    )
    dtype = _numeric(document.get("data_type"))
    if not is_plain or dtype is None:
        return None
    endian = first.get("configuration", {}).get("endian", "little")
    codec = _codec_v3(others[0]) if others else None
    if others and codec is None:
        return None
    is_default = key["name"] == "default"
    return {
        "chunks": tuple(grid["configuration"]["chunk_shape"]),
        "dtype": dtype.newbyteorder("<" if endian == "little" else ">"),
        "fill": fill,
        "codec": codec,
        "prefix": ("c",) if is_default else (),
        "separator": key.get("configuration", {}).get("separator", "/" if is_default else "."),
    }


def _numeric(name: Any) -> np.dtype[Any] | None:
    try:
        dtype = np.dtype(name) if isinstance(name, str) else None
    except TypeError:
        return None
    return dtype if dtype is not None and dtype.kind in "buif" else None


def _codec_v3(described: Mapping[str, Any]) -> Any:
    from numcodecs import Blosc, GZip, Zstd  # type: ignore[import-untyped]

    name, settings = described.get("name"), described.get("configuration", {})
    if name == "zstd":
        return Zstd(level=settings.get("level", 0), checksum=settings.get("checksum", False))
    if name == "gzip":
        return GZip(level=settings.get("level", 5))
    if name == "blosc" and settings.get("shuffle") in _SHUFFLES:
        return Blosc(
            cname=settings["cname"],
            clevel=settings["clevel"],
            shuffle=_SHUFFLES[settings["shuffle"]],
            blocksize=settings.get("blocksize", 0),
        )
    return None


def _layout_v2(document: Mapping[str, Any]) -> dict[str, Any] | None:
    from numcodecs import get_codec

    compressor, fill, dtype = document.get("compressor"), document.get("fill_value"), _numeric(document.get("dtype"))
    is_plain = (
        not document.get("filters")
        and document.get("order") == "C"
        and isinstance(fill, bool | int | float)
        and (compressor is None or compressor.get("id") in _COMPRESSORS_V2)
    )
    if not is_plain or dtype is None:
        return None
    return {
        "chunks": tuple(document["chunks"]),
        "dtype": dtype,
        "fill": fill,
        "codec": None if compressor is None else get_codec(compressor),
        "prefix": (),
        "separator": document.get("dimension_separator", "."),
    }

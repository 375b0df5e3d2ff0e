"""An array on disk, as dask reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata.errors import StoreError
from spatialdata.store.chunk_files import ChunkFiles
from spatialdata.store.documents import opened_stamp
from spatialdata.store.files import connection_errors, is_local, said, zarr_location

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from spatialdata._core.direct import WindowReader

__all__ = ["StoredArray"]

# So many chunks are fetched at once from behind an address, where most of the time is waiting.
_REQUESTS = 8


@dataclass(frozen=True, slots=True)
class _Opened:
    """An array as it was at some time.

    Attributes
    ----------
    stamp
        What changes when its document is replaced.
    files
        Its files, if they can be read without zarr.
    array
        The same as zarr opens it, which takes longer; None as long as nobody needs it.
    """

    stamp: object
    files: ChunkFiles | None
    array: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each dimension."""
        return self.array.shape if self.files is None else self.files.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of what is read, in the order of bytes of this machine if it is read from the files."""
        return self.array.dtype if self.files is None else self.files.dtype.newbyteorder("=")

    @property
    def chunks(self) -> tuple[int, ...]:
        """The sizes of a file."""
        return (self.array.shards or self.array.chunks) if self.files is None else self.files.chunks


class StoredArray:
    """A Zarr array that notices when its files were replaced.

    A lazy array may be computed long after the element that it comes from was written anew, with other chunks or
    another compression. Then the array is opened again; if it has become another one, that is an error.

    Parameters
    ----------
    path
        The folder of the array.
    documents
        Its documents by their names, if they are known; only of an array behind an address, where they are not looked
        at again.
    """

    def __init__(self, path: Path, documents: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.path = path
        self._documents = documents
        self._opened = self._open()
        self.shape: tuple[int, ...] = self._opened.shape
        self.dtype: np.dtype[Any] = self._opened.dtype

    def _open(self, *, by_zarr: bool = False) -> _Opened:
        """The array, and the stamp of its document; in this order of reading, a replaced document is never missed."""
        stamp = opened_stamp(self.path)
        files = ChunkFiles.of(self.path, self._documents)
        if files is not None and not by_zarr:
            return _Opened(stamp, files, None)
        import zarr

        return _Opened(stamp, files, zarr.open_array(zarr_location(self.path, self._documents), mode="r"))

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def chunks(self) -> tuple[int, ...]:
        """The pieces in which the array is best read: its shards, or else its chunks."""
        return tuple(max(size, 1) for size in self._opened.chunks)

    def _current(self, *, by_zarr: bool) -> _Opened:
        """The array as it is on disk now. Several threads may come here at once: stamp and array change together."""
        opened = self._opened
        if opened_stamp(self.path) == opened.stamp and not (by_zarr and opened.array is None):
            return opened
        fresh = self._open(by_zarr=by_zarr)
        if (fresh.shape, fresh.dtype) != (self.shape, self.dtype):
            raise StoreError(
                f"{self.path} was opened as an array of shape {self.shape} and type {self.dtype}, but now has shape "
                f"{fresh.shape} and type {fresh.dtype}. It was written anew; read the element again."
            )
        self._opened = fresh
        return fresh

    def __getitem__(self, key: Any) -> Any:
        with self._named():
            return self._values_at(key)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Name the array where a file cannot be read, or a connection fails."""
        try:
            yield
        except StoreError:
            raise
        except connection_errors(OSError) as error:
            why = f"{type(error).__name__}: {error}." if is_local(self.path) else said(error)
            raise StoreError(f"{self.path} cannot be read: {why}") from error

    def _values_at(self, key: Any) -> Any:
        window = _window(key, self.shape)
        opened = self._current(by_zarr=window is None)
        if window is not None and opened.files is not None:
            return opened.files.read(window, 1 if is_local(self.path) else _REQUESTS)
        return opened.array[key]

    def loaded(self, window: Sequence[slice], threads: int) -> NDArray[Any] | None:
        """The pixels of a window, read by several threads; None where only zarr can read them.

        Parameters
        ----------
        window
            A slice for each dimension, with a start and a stop inside of the array and no step.
        threads
            How many threads decode chunks.
        """
        files = self._current(by_zarr=False).files
        if files is None:
            return None
        with self._named():
            return files.read(window, threads if is_local(self.path) else max(threads, _REQUESTS))

    def reader(self) -> WindowReader | None:
        """Who reads windows of the array as it is now; None where only zarr can.

        That the files are still those of the array is looked at once, here.
        """
        files = self._current(by_zarr=False).files
        if files is None:
            return None
        threads = 1 if is_local(self.path) else _REQUESTS

        def read(window: Sequence[slice], into: NDArray[Any]) -> NDArray[Any]:
            with self._named():
                return files.read(window, threads, into)

        return read

    def __dask_tokenize__(self) -> object:
        return str(self.path), self._opened.stamp if is_local(self.path) else None


def _window(key: Any, shape: tuple[int, ...]) -> list[slice] | None:
    """The key as slices with a start and a stop; None if it is more than a window."""
    parts = key if isinstance(key, tuple) else (key,)
    if len(parts) != len(shape) or any(not isinstance(part, slice) or part.step not in (None, 1) for part in parts):
        return None
    bounds = [part.indices(size) for part, size in zip(parts, shape, strict=True)]
    return [slice(start, max(start, stop)) for start, stop, _ in bounds]

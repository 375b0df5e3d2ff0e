"""An array on disk, as dask reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata.errors import StoreError
from spatialdata.store.chunk_files import ChunkFiles
from spatialdata.store.documents import document_stamp
from spatialdata.store.files import connection_errors, is_local, zarr_location

if TYPE_CHECKING:
    import numpy as np
    import zarr

__all__ = ["StoredArray"]


class StoredArray:
    """A Zarr array that notices when its files were replaced.

    A lazy array may be computed long after the element that it comes from was written anew, with other chunks or
    another compression. Then the array is opened again; if it has become another one, that is an error.

    Parameters
    ----------
    path
        The folder of the array.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened = self._open()
        self._files: tuple[object, ChunkFiles | None] | None = None
        self.shape: tuple[int, ...] = self._opened[1].shape
        self.dtype: np.dtype[Any] = self._opened[1].dtype

    def _open(self) -> tuple[object, zarr.Array[Any]]:
        """The array, and the stamp of its document; in this order of reading, a replaced document is never missed."""
        import zarr

        stamp = document_stamp(self.path)
        return stamp, zarr.open_array(zarr_location(self.path), mode="r")

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def chunks(self) -> tuple[int, ...]:
        """The pieces in which the array is best read: its shards, or else its chunks."""
        array = self._opened[1]
        sizes = array.shards or array.chunks
        return tuple(max(size, 1) for size in sizes)

    def _current(self) -> zarr.Array[Any]:
        """The array as it is on disk now. Several threads may come here at once: stamp and array change together."""
        stamp, array = self._opened
        if document_stamp(self.path) == stamp:
            return array
        fresh = self._open()
        array = fresh[1]
        if (array.shape, array.dtype) != (self.shape, self.dtype):
            raise StoreError(
                f"{self.path} was opened as an array of shape {self.shape} and type {self.dtype}, but now has shape "
                f"{array.shape} and type {array.dtype}. It was written anew; read the element again."
            )
        self._opened = fresh
        return array

    def __getitem__(self, key: Any) -> Any:
        if is_local(self.path):
            return self._values_at(key)
        try:
            return self._values_at(key)
        except connection_errors(OSError) as error:
            raise StoreError(f"{self.path} cannot be read: {type(error).__name__}: {error}.") from error

    def _values_at(self, key: Any) -> Any:
        array = self._current()
        window = _window(key, self.shape)
        files = self._chunk_files() if window else None
        return array[key] if window is None or files is None else files.read(window)

    def _chunk_files(self) -> ChunkFiles | None:
        """The files of the array as it is now, if they can be read without zarr."""
        stamp = self._opened[0]
        if self._files is None or self._files[0] != stamp:
            self._files = (stamp, ChunkFiles.of(self.path))
        return self._files[1]

    def __dask_tokenize__(self) -> object:
        return str(self.path), self._opened[0]


def _window(key: Any, shape: tuple[int, ...]) -> list[slice] | None:
    """The key as slices with a start and a stop; None if it is more than a window."""
    parts = key if isinstance(key, tuple) else (key,)
    if len(parts) != len(shape) or any(not isinstance(part, slice) or part.step not in (None, 1) for part in parts):
        return None
    bounds = [part.indices(size) for part, size in zip(parts, shape, strict=True)]
    return [slice(start, max(start, stop)) for start, stop, _ in bounds]

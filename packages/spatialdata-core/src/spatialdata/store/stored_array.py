"""An array on disk, as dask reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata.errors import StoreError
from spatialdata.store.documents import document_stamp
from spatialdata.store.files import zarr_location

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
        return self._current()[key]

    def __dask_tokenize__(self) -> object:
        return str(self.path), self._opened[0]

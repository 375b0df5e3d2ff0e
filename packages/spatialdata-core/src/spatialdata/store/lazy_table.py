"""Tables whose matrices stay on disk until they are computed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata._core.matrices import MAPPINGS
from spatialdata.errors import StoreError
from spatialdata.models.base import ATTRS_KEY
from spatialdata.store.documents import opened_stamp
from spatialdata.store.files import is_local, zarr_location
from spatialdata.store.stored_array import StoredArray

if TYPE_CHECKING:
    import dask.array as da
    import pandas as pd
    import zarr
    from anndata import AnnData

__all__ = ["StoredSparse", "read_lazily"]

_BLOCK_BYTES = 2**25
_SPARSE = ("csr_matrix", "csc_matrix")
_NUMERIC = "biufc"
_FRAME_VERSION = "0.2.0"


class StoredSparse:
    """A compressed sparse matrix on disk, read by ranges of its rows (CSR) or columns (CSC).

    Like a :class:`StoredArray`, it notices when it was written anew.

    Parameters
    ----------
    path
        The folder of the matrix.
    documents
        The documents of the matrix and its arrays, if they are known; see :class:`StoredArray`.
    """

    def __init__(self, path: Path, documents: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.path = path
        self._documents = documents
        self._opened = self._open()
        attributes: dict[str, Any] = dict(self._opened[1].attrs)
        rows, columns = (int(size) for size in attributes["shape"])
        self.shape: tuple[int, int] = (rows, columns)
        self.encoding: str = str(attributes["encoding-type"])
        self.dtype: Any = self._array("data").dtype

    def _open(self) -> tuple[object, zarr.Group, dict[str, Any]]:
        import zarr

        stamp = opened_stamp(self.path)
        group = zarr.open_group(zarr_location(self.path, self._documents), mode="r", use_consolidated=False)
        arrays: dict[str, Any] = {name: group[name] for name in ("data", "indices", "indptr")}
        return stamp, group, arrays

    def _array(self, name: str) -> Any:
        return self._opened[2][name]

    @property
    def is_by_rows(self) -> bool:
        """Whether the rows are compressed (CSR), not the columns (CSC)."""
        return self.encoding == "csr_matrix"

    @property
    def meta(self) -> Any:
        """An empty matrix of the type that blocks have, which is the one that anndata reads."""
        import anndata
        import scipy.sparse

        as_array = getattr(anndata.settings, "use_sparse_array_on_read", False)
        kind = getattr(scipy.sparse, self.encoding.replace("matrix", "array") if as_array else self.encoding)
        return kind((0, 0), dtype=self.dtype)

    def _current(self) -> dict[str, Any]:
        if opened_stamp(self.path) != self._opened[0]:
            fresh = self._open()
            attributes: dict[str, Any] = dict(fresh[1].attrs)
            found = (tuple(attributes["shape"]), attributes["encoding-type"], fresh[2]["data"].dtype)
            if found != (self.shape, self.encoding, self.dtype):
                raise StoreError(
                    f"{self.path} was opened as {self.encoding} of shape {self.shape} and type {self.dtype}, but now "
                    f"is {found[1]} of shape {found[0]} and type {found[2]}. It was written anew; read the table again."
                )
            self._opened = fresh
        return self._opened[2]

    def block(self, start: int, stop: int) -> Any:
        """The rows, or columns, of a range."""
        arrays = self._current()
        indptr = arrays["indptr"][start : stop + 1]
        first, last = int(indptr[0]), int(indptr[-1])
        values, indices = arrays["data"][first:last], arrays["indices"][first:last]
        count = stop - start
        shape = (count, self.shape[1]) if self.is_by_rows else (self.shape[0], count)
        return type(self.meta)((values, indices, indptr - indptr[0]), shape=shape)

    def lazy(self) -> da.Array:
        """The matrix as a dask array, in blocks of whole rows or columns."""
        import dask.array as da

        axis = 0 if self.is_by_rows else 1
        size, other = self.shape[axis], self.shape[1 - axis]
        length = self._array("data").shape[0] * (self.dtype.itemsize + self._array("indices").dtype.itemsize)
        step = max(1, int(_BLOCK_BYTES * size / max(length, 1)))
        blocks = _blocks(size, min(step, max(size, 1)))
        chunks = (blocks, (other,)) if self.is_by_rows else ((other,), blocks)
        return da.map_blocks(
            _block,
            stored=self,
            axis=axis,
            chunks=chunks,
            dtype=self.dtype,
            meta=self.meta,
            name=f"sparse-{_token(self)}",
        )

    def __dask_tokenize__(self) -> object:
        return str(self.path), self._opened[0] if is_local(self.path) else None


def _token(stored: Any) -> str:
    from dask.tokenize import tokenize

    return str(tokenize(stored))


def _blocks(size: int, step: int) -> tuple[int, ...]:
    """Equal sizes, the last one smaller."""
    return tuple(min(step, size - start) for start in range(0, size, step)) or (0,)


def _block(stored: StoredSparse, axis: int, block_info: Any = None) -> Any:
    start, stop = block_info[None]["array-location"][axis]
    return stored.block(start, stop)


def _lazy_array(path: Path, documents: Mapping[str, Mapping[str, Any]] | None) -> da.Array:
    """A dense array in blocks of whole rows, several chunks in each if they are small."""
    import math

    import dask.array as da

    stored = StoredArray(path, documents)
    rows = stored.chunks[0]
    row_bytes = math.prod(stored.shape[1:]) * stored.dtype.itemsize
    factor = max(1, _BLOCK_BYTES // max(rows * row_bytes, 1))
    return da.from_array(stored, chunks=(rows * factor, *stored.shape[1:]))


def read_lazily(
    folder: Path,
    documents: Callable[[str], Mapping[str, Mapping[str, Any]] | None],
    columns: Collection[str] | None = None,
) -> AnnData:
    """A table with ``obs``, ``var`` and ``uns`` in memory, and lazy matrices.

    Parameters
    ----------
    folder
        The folder of the table.
    documents
        Gives the documents of a node of the table and of those in it, if they are known.
    columns
        The columns of ``obs`` that are read; all of them if not given. With them ``var`` has no columns, there is no
        ``raw``, and ``uns`` says only what the table annotates.

    Returns
    -------
    The table. ``X``, ``raw.X`` and the matrices in ``layers``, ``obsm``, ``varm``, ``obsp`` and ``varp`` are dask
    arrays, with blocks of scipy's sparse matrices where these are sparse. Frames in ``obsm`` and ``varm`` are read.
    """
    import zarr
    from anndata.experimental import read_dispatched

    def read(function: Any, name: str, stored: Any, iospec: Any) -> Any:
        # A bucket names what is in it from its own root on.
        place = name.strip("/").removeprefix(group.path).strip("/")
        if columns is not None and place in _PARTS:
            return _PARTS[place](stored, columns)
        if not _is_place(place):
            return function(stored)
        path, known = folder / place, documents(place)
        if iospec.encoding_type in _SPARSE:
            return StoredSparse(path, known).lazy()
        is_array = iospec.encoding_type in ("array", "") and hasattr(stored, "dtype")
        if is_array and stored.ndim and stored.dtype.kind in _NUMERIC and not stored.dtype.names:
            return _lazy_array(path, known)
        return function(stored)

    group = zarr.open_group(zarr_location(folder, documents("")), mode="r", use_consolidated=False)
    table: AnnData = read_dispatched(group, read)
    return table


def _is_place(place: str) -> bool:
    """Whether a matrix lies at a place of a table."""
    parts = place.split("/")
    return parts == ["X"] or parts == ["raw", "X"] or (len(parts) == 2 and parts[0] in MAPPINGS)


def _frame(stored: Any, columns: Collection[str]) -> pd.DataFrame:
    """A frame with its index and some of its columns, as far as there are such."""
    import pandas as pd
    from anndata.io import read_elem

    if stored.attrs.get("encoding-version") != _FRAME_VERSION:
        # Older frames keep the categories of a column elsewhere.
        whole: pd.DataFrame = read_elem(stored)
        return whole[[name for name in whole.columns if name in columns]]
    index = str(stored.attrs["_index"])
    kept = [str(name) for name in stored.attrs["column-order"] if name in columns]
    frame = pd.DataFrame({name: read_elem(stored[name]) for name in kept}, index=pd.Index(read_elem(stored[index])))
    frame.index.name = None if index == "_index" else index
    return frame


def _annotation(stored: Any, _: Collection[str]) -> dict[str, Any]:
    """What ``uns`` says of the elements that a table annotates."""
    from anndata.io import read_elem

    return {ATTRS_KEY: read_elem(stored[ATTRS_KEY])} if ATTRS_KEY in stored else {}


# What is read of the parts of a table of which only some columns are.
_PARTS: Mapping[str, Callable[[Any, Collection[str]], Any]] = {
    "obs": _frame,
    "var": lambda stored, _: _frame(stored, ()),
    "uns": _annotation,
    "raw": lambda _stored, _columns: None,
}

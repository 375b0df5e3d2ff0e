"""The arrays of tables on disk: how they are cut, and how long ones are written piece by piece."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import zarr
    from numpy.typing import NDArray

__all__ = ["ArrayLayout", "SparseWriter", "write_blocks"]

_LONGEST_SIDE = 1024
_LARGEST_INT32 = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class ArrayLayout:
    """How the arrays of a table are cut.

    Attributes
    ----------
    chunk
        The number of values in a chunk.
    chunks_per_shard
        The number of chunks in a shard; 1 for none. An array that fits into one shard has none.
    """

    chunk: int
    chunks_per_shard: int

    @property
    def shard(self) -> int:
        """The number of values in a shard."""
        return self.chunk * self.chunks_per_shard

    def sizes(self, shape: Sequence[int], *, shards: bool = True) -> dict[str, Any]:
        """The chunks and the shards of an array, as zarr takes them.

        Examples
        --------
        >>> ArrayLayout(100, 4).sizes((1000,))
        {'chunks': (100,), 'shards': (400,)}
        >>> ArrayLayout(100, 4).sizes((300, 5))
        {'chunks': (20, 5), 'shards': (80, 5)}
        """
        if not shape:
            return {}
        inner = [max(1, min(size, _LONGEST_SIDE)) for size in shape[1:]]
        rows = max(1, min(shape[0], self.chunk // math.prod(inner)))
        found: dict[str, Any] = {"chunks": (rows, *inner)}
        per_shard = self.chunks_per_shard
        if shards and per_shard > 1 and shape[0] > rows * per_shard:
            found["shards"] = (rows * per_shard, *inner)
        return found


class _Growing:
    """A one-dimensional array that values are put behind each other in; it is made when its chunks can be chosen."""

    def __init__(self, group: zarr.Group, name: str, dtype: Any, layout: ArrayLayout) -> None:
        self._group = group
        self._name = name
        self._dtype = np.dtype(dtype)
        self._layout = layout
        self._waiting: list[NDArray[Any]] = []
        self._count = 0
        self._array: Any = None
        self.written = 0

    def append(self, values: NDArray[Any]) -> None:
        if not len(values):
            return
        self._waiting.append(values.astype(self._dtype, copy=False))
        self._count += len(values)
        piece = self._layout.shard
        if self._count > piece:
            joined = np.concatenate(self._waiting)
            whole = self._count // piece * piece
            self._write(joined[:whole])
            # A copy: a view would keep all that was joined.
            self._waiting = [joined[whole:].copy()]
            self._count -= whole

    def _write(self, values: NDArray[Any]) -> None:
        if self._array is None:
            sizes: dict[str, Any] = {"chunks": (self._layout.chunk,)}
            if self._layout.chunks_per_shard > 1:
                sizes["shards"] = (self._layout.shard,)
            self._array = self._group.create_array(self._name, shape=(0,), dtype=self._dtype, **sizes)
        self._array.resize((self.written + len(values),))
        self._array[self.written :] = values
        self.written += len(values)

    def finish(self) -> None:
        rest = np.concatenate([np.empty(0, self._dtype), *self._waiting])
        if self._array is None:
            self.written = len(rest)
            write_array(self._group, self._name, rest, self._layout)
        elif len(rest):
            self._write(rest)
        self._waiting = []


def write_array(group: zarr.Group, name: str, values: NDArray[Any], layout: ArrayLayout) -> None:
    """Write an array that is in memory."""
    group.create_array(name, shape=values.shape, dtype=values.dtype, **layout.sizes(values.shape))[...] = values


class SparseWriter:
    """Write a compressed sparse matrix by ranges of its rows (CSR) or columns (CSC), in the layout of anndata.

    Parameters
    ----------
    parent, name
        The group that gets the matrix, and the name of the matrix.
    encoding
        ``"csr_matrix"`` or ``"csc_matrix"``.
    minor
        The number of columns of a CSR matrix, of rows of a CSC matrix.
    dtype
        The type of the values.
    layout
        How the arrays are cut. At most one shard of values is kept in memory.
    """

    def __init__(
        self, parent: zarr.Group, name: str, encoding: str, minor: int, dtype: Any, layout: ArrayLayout
    ) -> None:
        self._group = parent.create_group(name)
        self._encoding = encoding
        self._minor = minor
        self._layout = layout
        index_type = np.int32 if minor <= _LARGEST_INT32 else np.int64
        self._data = _Growing(self._group, "data", dtype, layout)
        self._indices = _Growing(self._group, "indices", index_type, layout)
        self._ends = [np.zeros(1, dtype=np.int64)]
        self._count = 0

    def append(self, block: Any) -> None:
        """Put further rows, or columns, behind the ones before.

        Parameters
        ----------
        block
            A matrix of scipy of the same encoding.
        """
        count = int(block.indptr[-1])
        for start in range(0, count, self._layout.shard):
            stop = min(start + self._layout.shard, count)
            self._data.append(block.data[start:stop])
            self._indices.append(block.indices[start:stop])
        self._ends.append(self._count + block.indptr[1:].astype(np.int64))
        self._count += count

    def finish(self) -> None:
        """Write what is left, and the description."""
        self._data.finish()
        self._indices.finish()
        indptr = np.concatenate(self._ends)
        if indptr[-1] <= _LARGEST_INT32:
            indptr = indptr.astype(np.int32)
        write_array(self._group, "indptr", indptr, self._layout)
        major = len(indptr) - 1
        is_by_rows = self._encoding == "csr_matrix"
        shape = [major, self._minor] if is_by_rows else [self._minor, major]
        self._group.attrs.update({"shape": shape, "encoding-type": self._encoding, "encoding-version": "0.1.0"})


def write_blocks(
    parent: zarr.Group, name: str, shape: Sequence[int], dtype: Any, blocks: Iterable[Any], layout: ArrayLayout
) -> None:
    """Write a dense array by blocks of whole rows, in the layout of anndata.

    Parameters
    ----------
    parent, name
        The group that gets the array, and the name of the array.
    shape, dtype
        Of the whole array.
    blocks
        Its rows, in any number of pieces.
    layout
        How it is cut. Pieces are joined so that each file is written once.
    """
    sizes = layout.sizes(shape)
    array = parent.create_array(name, shape=tuple(shape), dtype=np.dtype(dtype), **sizes)
    step = (sizes.get("shards") or sizes["chunks"])[0]
    waiting: list[NDArray[Any]] = []
    start = count = 0
    for block in blocks:
        waiting.append(np.asarray(block))
        count += len(waiting[-1])
        if count >= step:
            joined = np.concatenate(waiting)
            whole = count // step * step
            array[start : start + whole] = joined[:whole]
            waiting = [joined[whole:].copy()]
            start, count = start + whole, count - whole
    if count:
        array[start:] = np.concatenate(waiting)
    array.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})

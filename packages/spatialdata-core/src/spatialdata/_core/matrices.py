"""The matrices of tables: dense or sparse, in memory or lazy."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

__all__ = ["MAPPINGS", "dense_part", "in_memory", "is_lazy", "is_lazy_table", "matrices_of"]

MAPPINGS = ("layers", "obsm", "varm", "obsp", "varp")


def is_lazy(matrix: object) -> bool:
    """Whether a matrix is a dask array, so that computing with it reads it piece by piece."""
    dask_array = sys.modules.get("dask.array")
    return dask_array is not None and isinstance(matrix, dask_array.Array)


def matrices_of(table: AnnData) -> Iterator[tuple[str, Any]]:
    """The matrices of a table with their places, such as ``"X"``, ``"layers/counts"`` and ``"raw/X"``."""
    yield "X", table.X
    for name in MAPPINGS:
        mapping = getattr(table, name)
        for key in mapping:
            if key is not None:
                yield f"{name}/{key}", mapping[key]
    if table.raw is not None:
        yield "raw/X", table.raw.X


def is_lazy_table(table: AnnData) -> bool:
    """Whether some matrix of a table is lazy."""
    return any(is_lazy(matrix) for _, matrix in matrices_of(table))


def in_memory(matrix: Any) -> Any:
    """The matrix itself, computed if it is lazy."""
    return matrix.compute() if is_lazy(matrix) else matrix


def dense_part(matrix: Any, rows: NDArray[np.intp] | None, columns: NDArray[np.intp]) -> NDArray[Any]:
    """Some rows, or all, of some columns of a matrix; of a lazy one, no more than these is kept in memory.

    Examples
    --------
    >>> dense_part(np.arange(6).reshape(2, 3), np.array([1]), np.array([2, 0])).tolist()
    [[5, 3]]
    """
    part = matrix[:, columns]
    part = in_memory(part if rows is None else part[rows])
    return np.asarray(part.toarray() if hasattr(part, "toarray") else part)

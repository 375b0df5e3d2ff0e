"""Labels numbered without gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import is_dask_array, type_name
from spatialdata.errors import UnsupportedElementError
from spatialdata.models.label_ids import united_ids
from spatialdata.models.label_runs import ids_of_block, native, rows_of
from spatialdata.models.label_statistics import statistics_of_array
from spatialdata.relations.blocks import by_block

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dask.array as da
    from numpy.typing import NDArray

__all__ = ["relabel_sequential"]


def relabel_sequential(arr: da.Array) -> da.Array:
    """Number labels without gaps, in the order of their ids; the background stays 0.

    Parameters
    ----------
    arr
        Whole numbers from 0 on. They are looked at once, chunk by chunk, to find the ids, unless a store knows them;
        the result is lazy.

    Returns
    -------
    Array of the same shape, chunks and dtype, with ids from 1 on.

    Raises
    ------
    ValueError
        The array does not hold whole numbers, or negative ones.

    Examples
    --------
    >>> import dask.array as da, numpy as np
    >>> relabel_sequential(da.from_array(np.array([0, 9, 5, 9]))).compute().tolist()
    [0, 2, 1, 2]
    """
    if not is_dask_array(arr):
        raise UnsupportedElementError(
            f"relabel_sequential takes a dask array, not {type_name(arr)}. For labels, give their data and use "
            "map_raster or assign the result."
        )
    if not np.issubdtype(arr.dtype, np.integer):
        raise ValueError(f"Labels are whole numbers, but the array holds {arr.dtype}.")
    ids, _ = united_ids([*_ids_in(arr), np.zeros(1, dtype=arr.dtype)])
    if ids[0] < 0:
        raise ValueError(f"Labels are whole numbers from 0 on, but the array holds {int(ids[0])}.")
    return arr.map_blocks(_positions, ids, dtype=arr.dtype)


def _ids_in(arr: da.Array) -> Sequence[NDArray[Any]]:
    """The ids of an array in one or several parts, of which some may hold the same."""
    known = statistics_of_array(arr)
    if known is not None:
        return [known.ids.astype(arr.dtype)]
    return by_block(_own_ids, [arr], "ids of labels") if arr.size else ()


def _own_ids(start: tuple[int, ...], block: NDArray[Any]) -> NDArray[Any]:  # noqa: ARG001
    return ids_of_block(block)


def _positions(block: NDArray[Any], ids: NDArray[Any]) -> NDArray[Any]:
    from spatialdata.kernels.labels import renumbered

    found = renumbered(rows_of(block), native(ids))
    return found.reshape(block.shape).astype(block.dtype, copy=False)

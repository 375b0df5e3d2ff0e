"""Sums of the rows of a sparse matrix by region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["sums_of_rows"]

# With this part of the columns or more, it is quicker to look at all than to sort those that occur.
_SHARE = 8


@compiled
def sums_of_rows(
    matrix: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
    columns: int,
    start: NDArray[np.int64],
    rows: NDArray[np.intp],
    weight: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64], bool]:
    """The sums of rows, each times its weight, as the arrays of a CSR matrix with sorted columns and without zeros.

    Parameters
    ----------
    matrix
        The arrays ``indptr``, ``indices`` and ``data`` of a CSR matrix.
    columns
        The number of its columns.
    start
        Where the rows of each region start; array of shape ``(regions + 1,)``.
    rows
        The rows of the regions, one region after another.
    weight
        What each of these counts; of length 0 if each counts 1.

    Returns
    -------
    ``indptr``, ``indices`` and ``data``, and whether a value is nan.
    """
    indptr, indices, data = matrix
    regions = len(start) - 1
    room = np.zeros(regions + 1, dtype=np.int64)
    for region in range(regions):
        size = 0
        for place in range(start[region], start[region + 1]):
            size += indptr[rows[place] + 1] - indptr[rows[place]]
        room[region + 1] = room[region] + min(size, columns)
    found_columns, found = np.empty(room[-1], dtype=np.int32), np.empty(room[-1])
    found_start = np.zeros(regions + 1, dtype=np.int64)
    total, seen, touched = np.zeros(columns), np.zeros(columns, dtype=np.uint8), np.empty(columns, dtype=np.int32)
    missing, at = False, 0
    for region in range(regions):
        count = 0
        for place in range(start[region], start[region + 1]):
            part = weight[place] if len(weight) else 1.0
            for entry in range(indptr[rows[place]], indptr[rows[place] + 1]):
                column = indices[entry]
                value = np.float64(data[entry])
                missing |= np.isnan(value)
                if not seen[column]:
                    seen[column] = 1
                    touched[count] = column
                    count += 1
                total[column] += value * part
        if count * _SHARE < columns:
            touched[:count] = np.sort(touched[:count])
        else:
            count = 0
            for column in range(columns):
                touched[count] = column
                count += seen[column]
        for number in range(count):
            column = touched[number]
            if total[column] != 0:
                found_columns[at], found[at] = column, total[column]
                at += 1
            total[column], seen[column] = 0.0, 0
        found_start[region + 1] = at
    return found_start, found_columns[:at].copy(), found[:at].copy(), missing

"""The pixels of an image summed up by the labels that they lie on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.compiled import compiled
from spatialdata.kernels.label_rows import grown, marks_for, new_table, numbered_runs, runs_of_row

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    from spatialdata.kernels.label_rows import Table

    # Where runs start, the number of the label of each, and with which of them each row begins.
    RowRuns: TypeAlias = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]

__all__ = ["row_runs_of_labels", "sums_of_row_runs"]

# How a run is summed up: whole numbers of up to 16 and 32 bits exactly, and as fast as the processor can.
_NARROW, _WHOLE, _ANY = 0, 1, 2


@compiled
def _write_row_runs(
    rows: NDArray[Any], first: int, table: Table, found: int, runs: RowRuns, filled: int
) -> tuple[int, int, int]:
    """Write down rows from one on until there is no room for another; tell the next, and what is filled."""
    height, width = rows.shape
    marks = marks_for(width)
    own = np.empty(width + 1, np.int32), np.empty(width, np.int32)
    above = np.empty(width + 1, np.int32), np.empty(width, np.int32)
    before = 0
    start, slot, offset = runs
    for row in range(first, height):
        count = runs_of_row(rows[row], marks, own[0])
        if found + count > len(table[0]) or filled + count > len(start):
            return row, found, filled
        found = numbered_runs(rows[row], own, count, above, before, False, table, found)
        start[filled : filled + count] = own[0][:count]
        slot[filled : filled + count] = own[1][:count]
        filled += count
        offset[row + 1] = filled
        own, above, before = above, own, count
    return height, found, filled


@compiled
def row_runs_of_labels(
    rows: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """The labels of a block in the order in which they first occur, without the background, and all runs of pixels.

    Parameters
    ----------
    rows
        Array of integers of shape ``(rows, width)``, of which neighbours are mostly equal.

    Returns
    -------
    The labels; where each run starts, as far as the next one or the end of its row; the number of its label, or -1 for
    the background; and the number of the first run of each row, and their end.
    """
    height, width = rows.shape
    table = new_table(rows)
    offset = np.zeros(height + 1, np.int64)
    room = max(height * width // 8, width)
    start, slot = np.empty(room, np.int32), np.empty(room, np.int32)
    row, found, filled = _write_row_runs(rows, 0, table, 0, (start, slot, offset), 0)
    while row < height:
        if found + width > len(table[0]):
            table = grown(table)
        if filled + width > len(start):
            start, slot = np.append(start, start), np.append(slot, slot)
        row, found, filled = _write_row_runs(rows, row, table, found, (start, slot, offset), filled)
    return table[0][:found].copy(), start[:filled], slot[:filled], offset


@compiled
def _narrow_sum(values: NDArray[Any], start: Any, stop: Any) -> float:
    together = np.uint32(0)
    for pixel in range(np.uint64(start), np.uint64(stop)):
        together = np.uint32(together + np.uint32(values[pixel]))
    return np.float64(together)


@compiled
def _whole_sum(values: NDArray[Any], start: Any, stop: Any) -> float:
    together = np.int64(0)
    for pixel in range(np.uint64(start), np.uint64(stop)):
        together += np.int64(values[pixel])
    return np.float64(together)


@compiled
def _known_sum(values: NDArray[Any], start: Any, stop: Any) -> tuple[int, float]:
    """The number and the sum of values that are not nan, one after the other."""
    number, together = 0, 0.0
    for value in values[start:stop]:
        if not np.isnan(value):
            number += 1
            together += np.float64(value)
    return number, together


@compiled
def _add_sums(
    values: NDArray[Any], runs: RowRuns, how: int, count: NDArray[np.int64], total: NDArray[np.float64]
) -> None:
    start, slot, offset = runs
    width = values.shape[1]
    for row in range(len(values)):
        pixels = values[row]
        for run in range(offset[row], offset[row + 1]):
            own = slot[run]
            if own < 0:
                continue
            first, last = start[run], width
            if run + 1 < offset[row + 1]:
                last = start[run + 1]
            if how == _NARROW:
                count[own] += last - first
                total[own] += _narrow_sum(pixels, first, last)
            elif how == _WHOLE:
                count[own] += last - first
                total[own] += _whole_sum(pixels, first, last)
            else:
                known, together = _known_sum(pixels, first, last)
                count[own] += known
                total[own] += together


def sums_of_row_runs(values: NDArray[Any], runs: RowRuns, size: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Count and sum of the values under the runs of each label; nan does not count.

    Parameters
    ----------
    values
        Array of shape ``(rows, width)``.
    runs
        What :func:`row_runs_of_labels` says of the runs.
    size
        The number of labels.

    Examples
    --------
    >>> ids, *runs = row_runs_of_labels(np.array([[7, 7, 0, 3]]))
    >>> count, total = sums_of_row_runs(np.array([[1.0, 2.0, 3.0, np.nan]]), tuple(runs), len(ids))
    >>> ids.tolist(), count.tolist(), total.tolist()
    ([7, 3], [2, 0], [3.0, 0.0])
    """
    count, total = np.zeros(size, np.int64), np.zeros(size)
    # A row of so many pixels cannot sum up to more than the narrow numbers hold.
    is_narrow = values.dtype.kind == "u" and values.dtype.itemsize <= 2 and values.shape[1] <= 2**16
    is_whole = values.dtype.kind in "iu" and values.dtype.itemsize <= 4
    _add_sums(values, runs, _NARROW if is_narrow else _WHOLE if is_whole else _ANY, count, total)
    return count, total

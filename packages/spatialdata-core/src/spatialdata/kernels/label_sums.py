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

    # Where runs start, the number of the label of each, the first row of each band, and with which run it begins.
    RowRuns: TypeAlias = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]

__all__ = ["row_runs_of_labels", "sums_of_row_runs"]

# How a run is summed up: whole numbers of up to 16 and 32 bits exactly, and as fast as the processor can.
_NARROW, _WHOLE, _ANY = 0, 1, 2
_COMPARED_AT_ONCE = 128
# So many rows of narrow numbers can be added up in 32 bits.
_ROWS_AT_ONCE = 2**16


@compiled
def _are_equal(row: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether two rows are; told as soon as some pixels are not."""
    for start in range(0, len(row), _COMPARED_AT_ONCE):
        stop = min(start + _COMPARED_AT_ONCE, len(row))
        differs = False
        for pixel in range(np.uint64(start), np.uint64(stop)):
            differs |= row[pixel] != other[pixel]
        if differs:
            return False
    return True


@compiled
def _end_of_band(rows: NDArray[Any], first: int) -> int:
    """The first row below one that differs from it, or is too far away to be summed up with it."""
    row, last = first + 1, min(first + _ROWS_AT_ONCE, len(rows))
    while row < last and _are_equal(rows[row], rows[first]):
        row += 1
    return row


@compiled
def _write_row_runs(
    rows: NDArray[Any], first: int, table: Table, found: int, runs: RowRuns, bands: int, filled: int
) -> tuple[int, int, int, int]:
    """Write down bands from a row on until there is no room for another; tell the next row, and what is filled."""
    height, width = rows.shape
    marks = marks_for(width)
    own = np.empty(width + 1, np.int32), np.empty(width, np.int32)
    above = np.empty(width + 1, np.int32), np.empty(width, np.int32)
    before = 0
    start, slot, band, offset = runs
    row = first
    while row < height:
        count = runs_of_row(rows[row], marks, own[0])
        if found + count > len(table[0]) or filled + count > len(start):
            break
        found = numbered_runs(rows[row], own, count, above, before, False, table, found)
        start[filled : filled + count] = own[0][:count]
        slot[filled : filled + count] = own[1][:count]
        filled += count
        row = _end_of_band(rows, row)
        bands += 1
        band[bands], offset[bands] = row, filled
        own, above, before = above, own, count
    return row, found, bands, filled


@compiled
def row_runs_of_labels(rows: NDArray[Any]) -> tuple[NDArray[Any], RowRuns]:
    """The labels of a block in the order in which they first occur, without the background, and all runs of pixels.

    Parameters
    ----------
    rows
        Array of integers of shape ``(rows, width)``, of which neighbours are mostly equal.

    Returns
    -------
    The labels; and of the runs where each starts, as far as the next one or the end of its row; the number of its
    label, or -1 for the background; the first row of each band of equal rows, which have their runs together, and the
    end of the last; and the number of the first run of each band, and their end.
    """
    height, width = rows.shape
    table = new_table(rows)
    band, offset = np.zeros(height + 1, np.int64), np.zeros(height + 1, np.int64)
    room = max(height * width // 8, width)
    start, slot = np.empty(room, np.int32), np.empty(room, np.int32)
    row, found, bands, filled = _write_row_runs(rows, 0, table, 0, (start, slot, band, offset), 0, 0)
    while row < height:
        if found + width > len(table[0]):
            table = grown(table)
        if filled + width > len(start):
            start, slot = np.append(start, start), np.append(slot, slot)
        runs = start, slot, band, offset
        row, found, bands, filled = _write_row_runs(rows, row, table, found, runs, bands, filled)
    return table[0][:found].copy(), (start[:filled], slot[:filled], band[: bands + 1], offset[: bands + 1])


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
def _add_pixels(row: NDArray[Any], into: NDArray[Any]) -> None:
    for pixel in range(len(row)):
        into[pixel] += row[pixel]


@compiled
def _add_up(rows: NDArray[Any], into: NDArray[Any]) -> None:
    """The sums of rows, pixel by pixel."""
    into[:] = 0
    for row in range(len(rows)):
        _add_pixels(rows[row], into)


@compiled
def _add_row(
    values: NDArray[Any],
    runs: tuple[NDArray[np.int32], NDArray[np.int32]],
    how: int,
    times: int,
    count: NDArray[np.int64],
    total: NDArray[np.float64],
) -> None:
    """Add the runs of one row of pixels, each of which is the sum of so many."""
    start, slot = runs
    for run in range(len(start)):
        own = slot[run]
        if own < 0:
            continue
        first, last = start[run], len(values)
        if run + 1 < len(start):
            last = start[run + 1]
        if how == _NARROW:
            count[own] += times * (last - first)
            total[own] += _narrow_sum(values, first, last)
        elif how == _WHOLE:
            count[own] += times * (last - first)
            total[own] += _whole_sum(values, first, last)
        else:
            known, together = _known_sum(values, first, last)
            count[own] += known
            total[own] += together


@compiled
def _add_sums(
    values: NDArray[Any],
    runs: RowRuns,
    how: int,
    together: NDArray[Any],
    count: NDArray[np.int64],
    total: NDArray[np.float64],
) -> None:
    start, slot, band, offset = runs
    for number in range(len(band) - 1):
        top, bottom = band[number], band[number + 1]
        own = start[offset[number] : offset[number + 1]], slot[offset[number] : offset[number + 1]]
        if how == _ANY or bottom - top == 1:
            for row in range(top, bottom):
                _add_row(values[row], own, how, 1, count, total)
        else:
            _add_up(values[top:bottom], together)
            _add_row(together, own, _WHOLE, bottom - top, count, total)


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
    >>> ids, runs = row_runs_of_labels(np.array([[7, 7, 0, 3]]))
    >>> count, total = sums_of_row_runs(np.array([[1.0, 2.0, 3.0, np.nan]]), runs, len(ids))
    >>> ids.tolist(), count.tolist(), total.tolist()
    ([7, 3], [2, 0], [3.0, 0.0])
    """
    count, total = np.zeros(size, np.int64), np.zeros(size)
    # A row of so many pixels cannot sum up to more than the narrow numbers hold.
    is_narrow = values.dtype.kind == "u" and values.dtype.itemsize <= 2 and values.shape[1] <= 2**16
    is_whole = values.dtype.kind in "iu" and values.dtype.itemsize <= 4
    together = np.empty(values.shape[1], np.uint32 if is_narrow else np.int64)
    _add_sums(values, runs, _NARROW if is_narrow else _WHOLE if is_whole else _ANY, together, count, total)
    return count, total

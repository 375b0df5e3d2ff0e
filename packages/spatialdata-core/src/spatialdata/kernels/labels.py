"""The ids of labels: which there are, where their pixels lie, and other ones in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.compiled import compiled
from spatialdata.kernels.label_rows import grown, marks_for, new_table, numbered_runs, runs_of_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.kernels.label_rows import Table

__all__ = ["label_moments", "labels_in", "renumbered", "replaced", "runs_of_labels"]

# A table of so many numbers is made in no time.
_FEW = 65_536


@compiled
def _find_labels(rows: NDArray[Any], first: int, background: bool, table: Table, found: int) -> tuple[int, int]:
    """Number labels from a row on until there is no room for another row; tell the next row and how many there are."""
    height, width = rows.shape
    marks = marks_for(width)
    runs = np.empty(width + 1, np.int32), np.empty(width, np.int32)
    above = np.empty(width + 1, np.int32), np.empty(width, np.int32)
    before = 0
    for row in range(first, height):
        count = runs_of_row(rows[row], marks, runs[0])
        if found + count > len(table[0]):
            return row, found
        found = numbered_runs(rows[row], runs, count, above, before, background, table, found)
        runs, above, before = above, runs, count
    return height, found


@compiled
def labels_in(rows: NDArray[Any], background: bool) -> NDArray[Any]:
    """Which labels occur, in the order in which they first do.

    Parameters
    ----------
    rows
        Array of integers of shape ``(rows, width)``, of which neighbours are mostly equal.
    background
        Whether 0 counts as a label.
    """
    table = new_table(rows)
    # Arrays that the loop itself would replace are slow, so it stops where it needs larger ones.
    row, found = _find_labels(rows, 0, background, table, 0)
    while row < len(rows):
        table = grown(table)
        row, found = _find_labels(rows, row, background, table, found)
    return table[0][:found].copy()


def renumbered(rows: NDArray[Any], ids: NDArray[Any]) -> NDArray[Any]:
    """The position of each label in sorted ids that hold all of them.

    Parameters
    ----------
    rows, ids
        See :func:`replaced`.

    Examples
    --------
    >>> renumbered(np.array([[7, 7, 3]]), np.array([0, 3, 7])).tolist()
    [[2, 2, 1]]
    """
    return replaced(rows, ids, np.arange(len(ids)).astype(ids.dtype))


def replaced(rows: NDArray[Any], ids: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    """Give the pixels of each label a value; those of labels without one get 0.

    Parameters
    ----------
    rows
        Array of integers of shape ``(rows, width)``, of which neighbours are mostly equal.
    ids
        The sorted ids of the labels that have a value, of the same dtype.
    values
        The value of each, of the same dtype.

    Examples
    --------
    >>> replaced(np.array([[7, 7, 3, 9]]), np.array([3, 7]), np.array([1, 5])).tolist()
    [[5, 5, 1, 0]]
    """
    # Memory of numpy comes in larger pages than that of compiled code, which is half of the time.
    result = np.empty_like(rows)
    if not len(ids):
        result[...] = 0
    elif int(ids[0]) >= 0 and int(ids[-1]) < max(rows.size, _FEW):
        _look_up(rows, _table_of(ids, values), result)
    else:
        _search(rows, ids, values, result)
    return result


@compiled
def _table_of(ids: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    """The value of each number from 0 to one more than the last id."""
    table = np.zeros(np.int64(ids[-1]) + 2, dtype=values.dtype)
    for place in range(len(ids)):
        table[np.int64(ids[place])] = values[place]
    return table


@compiled
def _look_up(rows: NDArray[Any], table: NDArray[Any], result: NDArray[Any]) -> None:
    last = np.uint64(len(table) - 1)
    for row in range(rows.shape[0]):
        for pixel in range(rows.shape[1]):
            # Negative numbers and those beyond the table have no value, as the last one of it.
            result[row, pixel] = table[min(np.uint64(rows[row, pixel]), last)]


@compiled
def _search(rows: NDArray[Any], ids: NDArray[Any], values: NDArray[Any], result: NDArray[Any]) -> None:
    height, width = rows.shape
    marks, start = marks_for(width), np.empty(width + 1, np.int32)
    for row in range(height):
        pixels, found = rows[row], result[row]
        for run in range(runs_of_row(pixels, marks, start)):
            label = pixels[start[run]]
            middle = (start[run] + start[run + 1]) // 2
            if row > 0 and rows[row - 1, middle] == label:
                value = result[row - 1, middle]
            else:
                value = _value_of(label, ids, values)
            for pixel in range(start[run], start[run + 1]):
                found[pixel] = value


@compiled
def _value_of(label: Any, ids: NDArray[Any], values: NDArray[Any]) -> Any:
    low, high = 0, len(ids) - 1
    while low < high:
        middle = (low + high) // 2
        if ids[middle] < label:
            low = middle + 1
        else:
            high = middle
    return values[low] if ids[low] == label else values.dtype.type(0)


@compiled
def _number_of_runs(rows: NDArray[Any]) -> int:
    """How many runs rows have, the background included."""
    height, width = rows.shape
    found = height if width else 0
    for row in range(height):
        for pixel in range(1, width):
            found += rows[row, pixel] != rows[row, pixel - 1]
    return found


@compiled
def _write_runs(
    rows: NDArray[Any],
    first: int,
    background: bool,
    table: Table,
    found: int,
    filled: int,
    into: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
) -> tuple[int, int, int]:
    """Write down runs from a row on until there is no room for the labels of another row."""
    height, width = rows.shape
    marks = marks_for(width)
    runs = np.empty(width + 1, np.int32), np.empty(width, np.int32)
    above = np.empty(width + 1, np.int32), np.empty(width, np.int32)
    before = 0
    slot, place, start, stop = into
    for row in range(first, height):
        count = runs_of_row(rows[row], marks, runs[0])
        if found + count > len(table[0]):
            return row, found, filled
        found = numbered_runs(rows[row], runs, count, above, before, background, table, found)
        for run in range(count):
            if runs[1][run] >= 0:
                slot[filled], place[filled] = runs[1][run], row
                start[filled], stop[filled] = runs[0][run], runs[0][run + 1]
                filled += 1
        runs, above, before = above, runs, count
    return height, found, filled


@compiled
def runs_of_labels(
    rows: NDArray[Any], background: bool
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The labels of a block in the order in which they first occur, and the runs of pixels that have them.

    Parameters
    ----------
    rows
        Array of integers of shape ``(rows, width)``, of which neighbours are mostly equal.
    background
        Whether 0 counts as a label.

    Returns
    -------
    The labels; and for each run the number of its label, its row, its first pixel, and the one after its last.
    """
    size = _number_of_runs(rows)
    into = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    table = new_table(rows)
    row, found, filled = _write_runs(rows, 0, background, table, 0, 0, into)
    while row < len(rows):
        table = grown(table)
        row, found, filled = _write_runs(rows, row, background, table, found, filled, into)
    slot, place, start, stop = into
    return table[0][:found].copy(), slot[:filled], place[:filled], start[:filled], stop[:filled]


@compiled
def _add_moments(
    rows: NDArray[Any],
    lead: NDArray[np.int64],
    background: bool,
    first: int,
    table: Table,
    found: int,
    sums: NDArray[np.float64],
) -> tuple[int, int]:
    """Add rows from one on until there is no room for the labels of another; tell the next and how many there are.

    Each row of ``sums`` holds the number of pixels; by axis the first of them, from which the others are counted so
    that sums are exact, the bounds and the sum; and the sums of products.
    """
    height, width = rows.shape
    last = lead.shape[0]
    axes = last + 1
    away = np.empty(axes)
    marks = marks_for(width)
    runs = np.empty(width + 1, np.int32), np.empty(width, np.int32)
    above = np.empty(width + 1, np.int32), np.empty(width, np.int32)
    before = 0
    for row in range(first, height):
        count = runs_of_row(rows[row], marks, runs[0])
        if found + count > len(table[0]):
            return row, found
        known = found
        found = numbered_runs(rows[row], runs, count, above, before, background, table, found)
        for run in range(count):
            if runs[1][run] < 0:
                continue
            start, stop = runs[0][run], runs[0][run + 1]
            own = sums[runs[1][run]]
            if runs[1][run] == known:
                known += 1
                own[:] = 0
                for axis in range(axes):
                    begin = start if axis == last else lead[axis, row]
                    own[1 + axis] = own[1 + axes + axis] = begin
            length = float(stop - start)
            own[0] += length
            for axis in range(axes):
                begin = start if axis == last else lead[axis, row]
                end = stop if axis == last else begin + 1
                away[axis] = (begin + end - 1) / 2 - own[1 + axis]
                own[1 + axes + axis] = min(own[1 + axes + axis], begin)
                own[1 + 2 * axes + axis] = max(own[1 + 2 * axes + axis], end)
                own[1 + 3 * axes + axis] += length * away[axis]
                for other in range(axis + 1):
                    own[1 + 4 * axes + axis * axes + other] += length * away[axis] * away[other]
            own[4 * axes + axes * axes] += (length**3 - length) / 12
        runs, above, before = above, runs, count
    return height, found


@compiled
def label_moments(
    rows: NDArray[Any], lead: NDArray[np.int64], background: bool
) -> tuple[
    NDArray[Any],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
]:
    """The labels of a block in the order in which they first occur, and where their pixels lie.

    Parameters
    ----------
    rows
        Array of shape ``(rows, width)``, without gaps.
    lead
        Array of shape ``(axes - 1, rows)``: the pixel of each row along all axes but the last.
    background
        Whether 0 counts as a label.

    Returns
    -------
    The labels, and the fields of ``spatialdata.models.label_runs.BlockShapes``.
    """
    axes = lead.shape[0] + 1
    table = new_table(rows)
    sums = np.empty((len(table[0]), 1 + 4 * axes + axes * axes))
    row, found = _add_moments(rows, lead, background, 0, table, 0, sums)
    while row < len(rows):
        table, sums = grown(table), np.concatenate((sums, sums))
        row, found = _add_moments(rows, lead, background, row, table, found, sums)
    mean, scatter = np.empty((found, axes)), np.empty((found, axes, axes))
    for slot in range(found):
        own = sums[slot]
        for axis in range(axes):
            total = own[1 + 3 * axes + axis]
            mean[slot, axis] = own[1 + axis] + total / own[0] + 0.5
            for other in range(axis + 1):
                products = own[1 + 4 * axes + axis * axes + other]
                scatter[slot, axis, other] = products - total * (own[1 + 3 * axes + other] / own[0])
                scatter[slot, other, axis] = scatter[slot, axis, other]
    lower, upper = sums[:found, 1 + axes : 1 + 2 * axes].copy(), sums[:found, 1 + 2 * axes : 1 + 3 * axes].copy()
    return table[0][:found].copy(), sums[:found, 0].copy(), mean, scatter, lower, upper

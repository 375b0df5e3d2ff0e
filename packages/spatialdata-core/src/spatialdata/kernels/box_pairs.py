"""Pairs of boxes that overlap or touch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.cells import cell_of, cells_of_boxes
from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["pairs_of_boxes"]


def pairs_of_boxes(
    first: NDArray[np.float64], second: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs of boxes that have a point in common, sorted by both.

    Parameters
    ----------
    first, second
        Arrays of shape ``(n, 4)``: x_min, y_min, x_max, y_max; rows of nan meet nothing.

    Examples
    --------
    >>> pairs_of_boxes(np.array([[0.0, 0.0, 1.0, 1.0]]), np.array([[5.0, 5.0, 6.0, 6.0], [1.0, 1.0, 2.0, 2.0]]))
    (array([0]), array([1]))
    """
    first, second = (np.ascontiguousarray(boxes, dtype=np.float64) for boxes in (first, second))
    cells = tuple(cells_of_boxes(second))
    room = len(first) + 1024
    while True:
        one, other = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
        found = _pairs(first, second, cells, one, other)
        if found <= room:
            return one[:found], other[:found]
        room = found


@compiled
def _pairs(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    cells: tuple[Any, ...],
    one: NDArray[np.int64],
    other: NDArray[np.int64],
) -> int:
    """Write the pairs; returned is their number, and if that exceeds the room, the rest was not written."""
    left, bottom, right, top, per_cell, columns, rows, start, items = cells
    found = 0
    for number in range(len(first)):
        x0, y0, x1, y1 = first[number, 0], first[number, 1], first[number, 2], first[number, 3]
        if not (x0 <= right and x1 >= left and y0 <= top and y1 >= bottom):
            continue
        begin = found
        for row in range(cell_of(y0, bottom, per_cell, rows), cell_of(y1, bottom, per_cell, rows) + 1):
            for column in range(cell_of(x0, left, per_cell, columns), cell_of(x1, left, per_cell, columns) + 1):
                cell = row * columns + column
                for place in range(start[cell], start[cell + 1]):
                    item = items[place]
                    low_x, low_y = max(x0, second[item, 0]), max(y0, second[item, 1])
                    if low_x > min(x1, second[item, 2]) or low_y > min(y1, second[item, 3]):
                        continue
                    # The pair counts in the cell where what both share begins, and in no other.
                    at_row, at_column = cell_of(low_y, bottom, per_cell, rows), cell_of(low_x, left, per_cell, columns)
                    if at_row != row or at_column != column:
                        continue
                    if found < len(one):
                        one[found], other[found] = number, item
                    found += 1
        if found <= len(one):
            other[begin:found].sort()
    return found

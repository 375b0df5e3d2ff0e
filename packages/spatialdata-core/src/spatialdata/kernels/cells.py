"""Boxes sorted into the cells of a regular grid, for kernels that look up what lies near a point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Cells", "are_gathered", "cell_of", "cells_of_boxes", "gathered"]

_ENTRIES_PER_BOX = 16
_CELLS_PER_BOX = 8
_MOST_CELLS_ALONG = 2**15
_CELLS_PER_TILE = 32
_SAMPLED = 16


class Cells(NamedTuple):
    """A regular grid, and for each of its cells the boxes that meet it.

    Attributes
    ----------
    x, y
        The lower corner.
    right, top
        The upper corner of all boxes.
    per_cell
        Cells for each unit of length.
    columns, rows
        The number of cells.
    start
        Array of shape ``(columns * rows + 1,)``: where the boxes of each cell start.
    items
        The numbers of the boxes, ascending within a cell.
    """

    x: float
    y: float
    right: float
    top: float
    per_cell: float
    columns: int
    rows: int
    start: NDArray[np.int64]
    items: NDArray[np.int32]


def cells_of_boxes(bounds: NDArray[np.float64]) -> Cells:
    """Sort boxes into a grid whose cells have about half their size.

    Parameters
    ----------
    bounds
        Array of shape ``(n, 4)``: x_min, y_min, x_max, y_max; rows of nan are in no cell.

    Examples
    --------
    >>> cells = cells_of_boxes(np.array([[0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 2.0, 2.0]]))
    >>> cells.columns, cells.rows
    (5, 5)
    """
    bounds = np.ascontiguousarray(bounds, dtype=np.float64)
    boxes = bounds[~np.isnan(bounds).any(axis=1)]
    if not len(boxes):
        return Cells(0.0, 0.0, -1.0, -1.0, 1.0, 1, 1, np.zeros(2, dtype=np.int64), np.zeros(0, dtype=np.int32))
    lower, upper = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    per_cell = 1.0 / _side(boxes, upper - lower)
    columns, rows = (((upper - lower) * per_cell).astype(np.int64) + 1).tolist()
    x, y = lower.tolist()
    right, top = upper.tolist()
    start = _count(bounds, x, y, per_cell, columns, rows)
    return Cells(x, y, right, top, per_cell, columns, rows, start, _fill(bounds, x, y, per_cell, columns, rows, start))


def _side(boxes: NDArray[np.float64], span: NDArray[np.float64]) -> float:
    """A side near half the median size of the boxes, such that neither cells nor entries are many times the boxes."""
    sides = boxes[:, 2:] - boxes[:, :2]
    smallest = max(float(span.max()) / _MOST_CELLS_ALONG, float(np.finfo(float).tiny) * 2**20)
    side = max(float(np.median(sides)) / 2, smallest)
    most_cells = len(boxes) * _CELLS_PER_BOX + 1024
    most_entries = len(boxes) * _ENTRIES_PER_BOX + 1024
    while True:
        cells = float(np.prod(np.floor(span / side) + 1))
        entries = float(np.prod(np.floor(sides / side) + 2, axis=1).sum())
        if cells <= 1 or (cells <= most_cells and entries <= most_entries):
            return side
        side *= 1.5


@compiled
def cell_of(value: float, lower: float, per_cell: float, cells: int) -> int:
    """The cell of a coordinate along one axis; it never decreases with the coordinate."""
    return min(max(int((value - lower) * per_cell), 0), cells - 1)


@compiled
def _count(
    bounds: NDArray[np.float64], x: float, y: float, per_cell: float, columns: int, rows: int
) -> NDArray[np.int64]:
    start = np.zeros(columns * rows + 1, dtype=np.int64)
    for box in range(len(bounds)):
        if np.isnan(bounds[box, 0]):
            continue
        for row in range(cell_of(bounds[box, 1], y, per_cell, rows), cell_of(bounds[box, 3], y, per_cell, rows) + 1):
            first = cell_of(bounds[box, 0], x, per_cell, columns)
            for column in range(first, cell_of(bounds[box, 2], x, per_cell, columns) + 1):
                start[row * columns + column + 1] += 1
    for cell in range(columns * rows):
        start[cell + 1] += start[cell]
    return start


@compiled
def _fill(
    bounds: NDArray[np.float64],
    x: float,
    y: float,
    per_cell: float,
    columns: int,
    rows: int,
    start: NDArray[np.int64],
) -> NDArray[np.int32]:
    items = np.empty(start[-1], dtype=np.int32)
    place = start[:-1].copy()
    for box in range(len(bounds)):
        if np.isnan(bounds[box, 0]):
            continue
        for row in range(cell_of(bounds[box, 1], y, per_cell, rows), cell_of(bounds[box, 3], y, per_cell, rows) + 1):
            first = cell_of(bounds[box, 0], x, per_cell, columns)
            for column in range(first, cell_of(bounds[box, 2], x, per_cell, columns) + 1):
                cell = row * columns + column
                items[place[cell]] = box
                place[cell] += 1
    return items


@compiled
def are_gathered(x: NDArray[np.float64], y: NDArray[np.float64], cells: tuple[Any, ...]) -> bool:
    """Whether points that follow each other mostly lie in one neighbourhood already, by a sample of them."""
    left, bottom, _, _, per_cell, columns, rows, _, _ = cells
    together, seen = 0, 0
    for number in range(0, len(x) - 1, _SAMPLED):
        row = cell_of(y[number], bottom, per_cell, rows) // _CELLS_PER_TILE
        column = cell_of(x[number], left, per_cell, columns) // _CELLS_PER_TILE
        same_row = cell_of(y[number + 1], bottom, per_cell, rows) // _CELLS_PER_TILE == row
        together += same_row and cell_of(x[number + 1], left, per_cell, columns) // _CELLS_PER_TILE == column
        seen += 1
    return 4 * together >= 3 * seen


@compiled
def gathered(x: NDArray[np.float64], y: NDArray[np.float64], cells: tuple[Any, ...]) -> NDArray[np.int32]:
    """The points inside the grid, those of a neighbourhood after each other.

    What lies near them then stays in the cache while they are looked up.

    Parameters
    ----------
    x, y
        The points.
    cells
        The fields of :class:`Cells` as a plain tuple.

    Returns
    -------
    The numbers of the points; within a neighbourhood they ascend.
    """
    left, bottom, right, top, per_cell, columns, rows, _, _ = cells
    wide = (columns - 1) // _CELLS_PER_TILE + 1
    tile = np.empty(len(x), dtype=np.int32)
    start = np.zeros(wide * ((rows - 1) // _CELLS_PER_TILE + 1) + 1, dtype=np.int64)
    for number in range(len(x)):
        px, py = x[number], y[number]
        if px >= left and px <= right and py >= bottom and py <= top:
            row = cell_of(py, bottom, per_cell, rows) // _CELLS_PER_TILE
            tile[number] = row * wide + cell_of(px, left, per_cell, columns) // _CELLS_PER_TILE
            start[tile[number] + 1] += 1
        else:
            tile[number] = -1
    for number in range(len(start) - 1):
        start[number + 1] += start[number]
    order = np.empty(start[-1], dtype=np.int32)
    for number in range(len(x)):
        if tile[number] >= 0:
            order[start[tile[number]]] = number
            start[tile[number]] += 1
    return order

"""An index of many boxes that tells, for many points at once, in which boxes each may lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["BoxIndex"]

_ENTRIES_PER_BOX = 16
_CELLS_PER_BOX = 4


class BoxIndex:
    """Boxes sorted into the cells of a regular grid.

    Parameters
    ----------
    bounds
        Array of shape ``(n, 4)``: x_min, y_min, x_max, y_max; rows of nan hold nothing.

    Examples
    --------
    >>> index = BoxIndex(np.array([[0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 3.0]]))
    >>> points, boxes = index.candidates(np.array([1.5, 9.0]), np.array([1.5, 9.0]))
    >>> points.tolist(), boxes.tolist()
    ([0, 0], [0, 1])
    """

    def __init__(self, bounds: FloatArray) -> None:
        self._bounds = bounds
        present = np.flatnonzero(~np.isnan(bounds).any(axis=1))
        boxes = bounds[present]
        if not len(present):
            self._origin, self._cell, self._size = np.zeros(2), 1.0, np.ones(2, dtype=np.int64)
            self._start, self._boxes = np.zeros(2, dtype=np.int64), present
            return
        self._origin = boxes[:, :2].min(axis=0)
        self._span = boxes[:, 2:].max(axis=0) - self._origin
        self._cell = self._choose_cell(boxes)
        self._size = (self._span / self._cell).astype(np.int64) + 1
        self._start, self._boxes = self._fill(boxes, present)

    def _choose_cell(self, boxes: FloatArray) -> float:
        """A side of cells near the size of the boxes, such that neither cells nor entries are many times the boxes."""
        sides = boxes[:, 2:] - boxes[:, :2]
        cell = max(float(np.median(sides)), float(self._span.max()) / 2**15, np.finfo(float).tiny)
        most = len(boxes) * _ENTRIES_PER_BOX + 1024
        while True:
            cells = np.prod(np.floor(self._span / cell) + 1)
            entries = np.prod(np.floor(sides / cell) + 2, axis=1).sum()
            if cells <= len(boxes) * _CELLS_PER_BOX + 1024 and entries <= most:
                return cell
            if cells <= 1:
                return cell
            cell *= 1.5

    def _cells_of(self, coordinates: FloatArray) -> NDArray[np.int64]:
        cells = ((coordinates - self._origin) / self._cell).astype(np.int64)
        return np.asarray(np.clip(cells, 0, self._size - 1))

    def _fill(self, boxes: FloatArray, numbers: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        """For each cell, the boxes that meet it, as one array with the start of each cell's part."""
        first, last = self._cells_of(boxes[:, :2]), self._cells_of(boxes[:, 2:])
        wide, high = (last - first + 1).T
        count = wide * high
        box = np.repeat(np.arange(len(boxes)), count)
        step = np.arange(len(box)) - np.repeat(np.cumsum(count) - count, count)
        column = first[box, 0] + step % wide[box]
        row = first[box, 1] + step // wide[box]
        cell = row * self._size[0] + column
        order = np.argsort(cell, kind="stable")
        start = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=int(self._size.prod())))])
        return start, numbers[box[order]]

    def candidates(self, x: FloatArray, y: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The pairs (number of the point, number of the box) where the point lies in the box, its border included."""
        inside = np.flatnonzero(self._within(x, y))
        column, row = self._cells_of(np.column_stack([x[inside], y[inside]])).T
        cell = row * self._size[0] + column
        # Points of one cell follow each other, so that the boxes they are compared with stay in the cache.
        order = np.argsort(cell, kind="stable")
        inside, cell = inside[order], cell[order]
        count = self._start[cell + 1] - self._start[cell]
        point = np.repeat(inside, count)
        first = self._start[cell] - (np.cumsum(count) - count)
        box = self._boxes[np.arange(len(point)) + np.repeat(first, count)]
        for values, low, high in ((x, 0, 2), (y, 1, 3)):
            coordinate = values[point]
            hit = (coordinate >= self._bounds[box, low]) & (coordinate <= self._bounds[box, high])
            point, box = point[hit], box[hit]
        return point, box

    def _within(self, x: FloatArray, y: FloatArray) -> NDArray[np.bool_]:
        low, high = self._origin, self._origin + self._size * self._cell
        return np.asarray((x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1]))

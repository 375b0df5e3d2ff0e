"""The pixels under polygons, row by row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["mapped", "paint_runs", "polygon_runs"]

_HALF = 0.5
_FEW = 64


@compiled
def mapped(
    coordinates: NDArray[np.float64], linear: NDArray[np.float64], offset: NDArray[np.float64]
) -> NDArray[np.float64]:
    """An affine map applied to each coordinate by itself, so that equal ones stay equal.

    Parameters
    ----------
    coordinates
        Array of shape ``(n, 2)``.
    linear, offset
        The map, of shapes ``(2, 2)`` and ``(2,)``.
    """
    result = np.empty((len(coordinates), 2))
    for number in range(len(coordinates)):
        first, second = coordinates[number, 0], coordinates[number, 1]
        for axis in range(2):
            result[number, axis] = linear[axis, 0] * first + linear[axis, 1] * second + offset[axis]
    return result


@compiled
def _rows(y0: float, y1: float, height: int) -> tuple[int, int]:
    """The rows whose centres lie from the lower of two places on and below the upper one."""
    low, high = min(y0, y1), max(y0, y1)
    if not math.isfinite(low + high):
        return 0, 0
    first = int(min(max(math.ceil(low - _HALF), 0.0), float(height)))
    return first, int(min(max(math.ceil(high - _HALF), 0.0), float(height)))


@compiled
def _count_crossings(
    yx: NDArray[np.float64], start: NDArray[np.int64], height: int, first: int, last: int, count: NDArray[np.int64]
) -> tuple[int, int]:
    """Count the edges of some rings that cross the centre of each row; tell the first row and the end."""
    top, bottom = height, 0
    for ring in range(first, last):
        for edge in range(start[ring], start[ring + 1] - 1):
            begin, end = _rows(yx[edge, 0], yx[edge + 1, 0], height)
            if end > begin:
                top, bottom = min(top, begin), max(bottom, end)
                for row in range(begin, end):
                    count[row] += 1
    return top, bottom


@compiled
def _crossings(
    yx: NDArray[np.float64],
    start: NDArray[np.int64],
    height: int,
    first: int,
    last: int,
    place: NDArray[np.int64],
    found: NDArray[np.float64],
) -> None:
    """Write where edges cross the centre of each row, at the places of the row and after them."""
    for ring in range(first, last):
        for edge in range(start[ring], start[ring + 1] - 1):
            # An edge that two polygons share is followed in the same direction for both, so that both cross alike.
            low, high = (edge, edge + 1) if yx[edge, 0] <= yx[edge + 1, 0] else (edge + 1, edge)
            y, x = yx[low, 0], yx[low, 1]
            begin, end = _rows(y, yx[high, 0], height)
            if end > begin:
                slope = (yx[high, 1] - x) / (yx[high, 0] - y)
                for row in range(begin, end):
                    found[place[row]] = x + (row + _HALF - y) * slope
                    place[row] += 1


@compiled
def _sort(values: NDArray[np.float64], first: int, last: int) -> None:
    if last - first > _FEW:
        values[first:last] = np.sort(values[first:last])
        return
    for number in range(first + 1, last):
        value, place = values[number], number
        while place > first and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value


@compiled
def _column(crossing: float, width: int) -> int:
    """The first column whose centre lies at a crossing or beyond."""
    return int(min(max(math.ceil(crossing - _HALF), 0.0), float(width)))


@compiled
def polygon_runs(
    yx: NDArray[np.float64], start: NDArray[np.int64], first_ring: NDArray[np.int64], height: int, width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The runs of pixels whose centre lies in each polygon, or on its border towards lower coordinates.

    Parameters
    ----------
    yx
        Array of shape ``(n, 2)``: the corners of closed rings, in pixels.
    start, first_ring
        Where rings and polygons begin; see :class:`~spatialdata.kernels.polygons.Polygons`.
    height, width
        The number of pixels.

    Returns
    -------
    For each run the polygon, the row, the first pixel and the end; sorted by polygon, row and first pixel.
    """
    total = 0
    for ring in range(len(start) - 1):
        for edge in range(start[ring], start[ring + 1] - 1):
            first_row, last_row = _rows(yx[edge, 0], yx[edge + 1, 0], height)
            total += last_row - first_row
    owner, rows = np.empty(total // 2, dtype=np.int64), np.empty(total // 2, dtype=np.int64)
    begin, end = np.empty(total // 2, dtype=np.int64), np.empty(total // 2, dtype=np.int64)
    count, place, found = np.zeros(height, dtype=np.int64), np.zeros(height, dtype=np.int64), np.empty(1024)
    runs = 0
    for polygon in range(len(first_ring) - 1):
        first, last = first_ring[polygon], first_ring[polygon + 1]
        top, bottom = _count_crossings(yx, start, height, first, last, count)
        room = 0
        for row in range(top, bottom):
            place[row] = room
            room += count[row]
        if room > len(found):
            found = np.empty(2 * room)
        _crossings(yx, start, height, first, last, place, found)
        for row in range(top, bottom):
            _sort(found, place[row] - count[row], place[row])
            for number in range(place[row] - count[row], place[row] - 1, 2):
                left, right = _column(found[number], width), _column(found[number + 1], width)
                if right > left:
                    owner[runs], rows[runs], begin[runs], end[runs] = polygon, row, left, right
                    runs += 1
            count[row] = 0
    return owner[:runs], rows[:runs], begin[:runs], end[:runs]


@compiled
def paint_runs(
    slots: NDArray[np.int32],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    codes: NDArray[Any],
    picture: NDArray[Any],
) -> None:
    """Give the pixels of runs the code of their figure; where several lie, that of the first run with a code above 0.

    Parameters
    ----------
    slots
        The figure of each run.
    start, stop
        The pixels of the run, among all of them.
    codes
        The code of each figure.
    picture
        Flat array, filled with 0.
    """
    for run in range(len(slots) - 1, -1, -1):
        code = codes[slots[run]]
        if code > 0:
            for pixel in range(start[run], stop[run]):
                picture[pixel] = code

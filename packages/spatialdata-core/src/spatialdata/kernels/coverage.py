"""The part of each pixel that polygons cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["coverage_of_polygons"]

_NOTHING = 1e-12


@compiled
def coverage_of_polygons(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    rings: NDArray[np.int64],
    figures: NDArray[np.int64],
    height: int,
    width: int,
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]:
    """The pixels that polygons cover, and the part of the area of each.

    Each edge adds, row by row, what it covers to its right; where rings run the other way, it is taken away again.

    Parameters
    ----------
    x, y
        The corners of all rings in pixels; those around area run the other way than those around holes.
    rings
        Where the corners of each ring begin, and where the last one ends.
    figures
        Where the rings of each polygon begin, and where the last one ends.
    height, width
        The size of the raster.

    Returns
    -------
    Three arrays: the number of the polygon, the pixel, numbered along the rows, and its part from 0 to 1.
    """
    room, count = 1024, 0
    figure, pixel, part = np.empty(room, np.int32), np.empty(room, np.int64), np.empty(room, np.float64)
    for number in range(len(figures) - 1):
        first, last = rings[figures[number]], rings[figures[number + 1]]
        if first == last:
            continue
        top, bottom = max(int(np.floor(y[first:last].min())), 0), min(int(np.ceil(y[first:last].max())), height)
        left, right = max(int(np.floor(x[first:last].min())), 0), min(int(np.ceil(x[first:last].max())), width)
        if top >= bottom or left >= right:
            continue
        lines = np.zeros((bottom - top, right - left + 1))
        for ring in range(figures[number], figures[number + 1]):
            for corner in range(rings[ring], rings[ring + 1] - 1):
                _add_edge(lines, x[corner] - left, y[corner] - top, x[corner + 1] - left, y[corner + 1] - top)
        if count + lines.size > room:
            room = max(2 * room, count + lines.size)
            wider_figure, wider_pixel, wider_part = np.empty(room, np.int32), np.empty(room, np.int64), np.empty(room)
            wider_figure[:count], wider_pixel[:count], wider_part[:count] = figure[:count], pixel[:count], part[:count]
            figure, pixel, part = wider_figure, wider_pixel, wider_part
        for row in range(bottom - top):
            covered = 0.0
            for column in range(right - left):
                covered += lines[row, column]
                found = abs(covered)
                if found > _NOTHING:
                    figure[count], pixel[count] = number, (top + row) * width + left + column
                    part[count] = 1.0 if found > 1.0 - _NOTHING else found
                    count += 1
    return figure[:count].copy(), pixel[:count].copy(), part[:count].copy()


@compiled
def _add_edge(lines: NDArray[np.float64], x0: float, y0: float, x1: float, y1: float) -> None:
    """What an edge covers to its right, as differences between the columns of each row."""
    if y0 == y1:
        return
    direction = 1.0
    if y0 > y1:
        x0, y0, x1, y1, direction = x1, y1, x0, y0, -1.0
    slope = (x1 - x0) / (y1 - y0)
    begin, end = max(y0, 0.0), min(y1, float(len(lines)))
    row = int(begin)
    while row < end:
        start, stop = max(begin, float(row)), min(end, row + 1.0)
        if stop > start:
            _add_piece(lines[row], x0 + (start - y0) * slope, x0 + (stop - y0) * slope, (stop - start) * direction)
        row += 1


@compiled
def _add_piece(line: NDArray[np.float64], x0: float, x1: float, height: float) -> None:
    """What a piece of an edge within one row covers to its right."""
    width = len(line) - 1
    if x0 > x1:
        x0, x1 = x1, x0
    if x1 <= 0:
        line[0] += height
        return
    if x0 >= width:
        return
    if x0 == x1:
        column = int(x0)
        line[column] += height * (column + 1 - x0)
        line[column + 1] += height * (x0 - column)
        return
    span = x1 - x0
    if x0 < 0:
        line[0] += height * -x0 / span
    begin, end = max(x0, 0.0), min(x1, float(width))
    column = int(begin)
    while begin < end:
        stop = min(column + 1.0, end)
        share = height * (stop - begin) / span
        middle = (begin + stop) / 2 - column
        line[column] += share * (1 - middle)
        line[column + 1] += share * middle
        begin = stop
        column += 1

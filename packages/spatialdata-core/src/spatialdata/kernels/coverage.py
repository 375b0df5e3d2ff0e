"""The part of each pixel that polygons and discs cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["coverage_of_discs", "coverage_of_polygons"]

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


@compiled
def coverage_of_discs(
    centres: NDArray[np.float64],
    radii: NDArray[np.float64],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    linear: NDArray[np.float64],
    offset: NDArray[np.float64],
    width: int,
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]:
    """The pixels that discs cover, and the part of the area of each; see :func:`coverage_of_polygons`.

    Parameters
    ----------
    centres, radii
        The discs.
    low, high
        The first row and column around each disc, and those behind the last, of shape ``(n, 2)``.
    linear, offset
        The map from pixels, as row and column, to the coordinates of the discs.
    width
        The number of columns.
    """
    room, count = 1024, 0
    figure, pixel, part = np.empty(room, np.int32), np.empty(room, np.int64), np.empty(room, np.float64)
    area = abs(linear[0, 0] * linear[1, 1] - linear[0, 1] * linear[1, 0])
    half = max(
        np.hypot(linear[0, 0] + linear[0, 1], linear[1, 0] + linear[1, 1]),
        np.hypot(linear[0, 0] - linear[0, 1], linear[1, 0] - linear[1, 1]),
    )
    half /= 2
    for number in range(len(radii)):
        rows, columns = high[number, 0] - low[number, 0], high[number, 1] - low[number, 1]
        if count + rows * columns > room:
            room = max(2 * room, count + rows * columns)
            wider_figure, wider_pixel, wider_part = np.empty(room, np.int32), np.empty(room, np.int64), np.empty(room)
            wider_figure[:count], wider_pixel[:count], wider_part[:count] = figure[:count], pixel[:count], part[:count]
            figure, pixel, part = wider_figure, wider_pixel, wider_part
        radius = radii[number]
        for row in range(low[number, 0], high[number, 0]):
            for column in range(low[number, 1], high[number, 1]):
                x = linear[0, 0] * row + linear[0, 1] * column + offset[0] - centres[number, 0]
                y = linear[1, 0] * row + linear[1, 1] * column + offset[1] - centres[number, 1]
                distance = np.hypot(x + (linear[0, 0] + linear[0, 1]) / 2, y + (linear[1, 0] + linear[1, 1]) / 2)
                if distance - half >= radius:
                    continue
                found = 1.0
                if distance + half > radius:
                    found = _shared_with_cell(x, y, linear, radius) / area
                if found > _NOTHING:
                    figure[count], pixel[count] = number, row * width + column
                    part[count] = 1.0 if found > 1.0 - _NOTHING else found
                    count += 1
    return figure[:count].copy(), pixel[:count].copy(), part[:count].copy()


@compiled
def _shared_with_cell(x: float, y: float, linear: NDArray[np.float64], radius: float) -> float:
    """The area that a disc around the origin shares with the parallelogram from x, y along the columns of a matrix."""
    x1, y1 = x + linear[0, 0], y + linear[1, 0]
    x2, y2 = x1 + linear[0, 1], y1 + linear[1, 1]
    x3, y3 = x + linear[0, 1], y + linear[1, 1]
    total = _under_edge(x, y, x1, y1, radius) + _under_edge(x1, y1, x2, y2, radius)
    return abs(total + _under_edge(x2, y2, x3, y3, radius) + _under_edge(x3, y3, x, y, radius))


@compiled
def _under_edge(ax: float, ay: float, bx: float, by: float, radius: float) -> float:
    """The signed area between the origin and an edge from a to b, cut at the circle around the origin."""
    dx, dy = bx - ax, by - ay
    square, half = dx * dx + dy * dy, ax * dx + ay * dy
    discriminant = half * half - square * (ax * ax + ay * ay - radius * radius)
    enter, leave = 0.0, 0.0
    if discriminant > 0 and square > 0:
        root = np.sqrt(discriminant)
        enter = min(max((-half - root) / square, 0.0), 1.0)
        leave = min(max((-half + root) / square, 0.0), 1.0)
    px, py, qx, qy = ax + enter * dx, ay + enter * dy, ax + leave * dx, ay + leave * dy
    arcs = 0.0
    if enter > 0:
        arcs += np.arctan2(ax * py - ay * px, ax * px + ay * py)
    if leave < 1:
        arcs += np.arctan2(qx * by - qy * bx, qx * bx + qy * by)
    return 0.5 * (radius * radius * arcs + px * qy - py * qx)

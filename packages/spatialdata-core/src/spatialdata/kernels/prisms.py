"""The parts of cubes that labels fill, where one axis of the cubes is one of the labels and stays apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled
from spatialdata.kernels.label_shares import place_of_label, put_shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["parts_of_prisms"]

# How far a side may reach into the next pixel and not count as reaching it.
_SAME = 1e-9
# A triangle is cut in the middle, so that this many wait even where it spans 2**30 pixels along each axis.
_WAITING = 256


@compiled
def parts_of_prisms(
    nodes: NDArray[np.float64],
    layers: NDArray[np.int64],
    planes: NDArray[np.int64],
    overlaps: NDArray[np.float64],
    mask: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The labels that fill prisms, and the part of each: parts of squares times parts of heights.

    Parameters
    ----------
    nodes
        Where the corners of the squares lie in a plane of the labels: array of shape ``(rows + 1, columns + 1, 2)``.
    layers
        Where the planes of each layer of prisms begin, and where those of the last one end.
    planes, overlaps
        The planes, and the part of the height of the layer that each has.
    mask
        Numbers from 1 on of the labels, of shape ``(depth, height, width)``; 0 for the background.

    Returns
    -------
    Three arrays: the prism, numbered along the rows and then the layers, the number of the label, and the part from
    0 to 1.
    """
    rows, columns = nodes.shape[0] - 1, nodes.shape[1] - 1
    prism, label, part, count = np.empty(1024, np.int64), np.empty(1024, np.int64), np.empty(1024), 0
    corners, waiting, scratch = np.empty((4, 2)), np.empty((_WAITING, 3, 2)), np.empty((5, 2))
    low, high = np.empty(2, np.int64), np.empty(2, np.int64)
    names, shares = np.empty(64, np.int64), np.empty(64)
    areas = np.zeros((4, 4))
    for row in range(rows):
        for column in range(columns):
            for corner in range(4):
                corners[corner] = nodes[row + (corner >> 1), column + (corner & 1)]
            _pixels_around(corners, mask.shape[1:], low, high)
            height, width = high[0] - low[0], high[1] - low[1]
            if height <= 0 or width <= 0:
                continue
            if height > areas.shape[0] or width > areas.shape[1]:
                areas = np.zeros((max(height, areas.shape[0]), max(width, areas.shape[1])))
            areas[:height, :width] = 0
            _shares_of(corners, low, height, width, areas, waiting, scratch)
            for layer in range(len(layers) - 1):
                here = slice(layers[layer], layers[layer + 1])
                names, shares, known = _labels_over(
                    mask, planes[here], overlaps[here], low, areas[:height, :width], names, shares
                )
                number = (layer * rows + row) * columns + column
                prism, label, part, count = put_shares(prism, label, part, count, number, names, shares, known)
    return prism[:count].copy(), label[:count].copy(), part[:count].copy()


@compiled
def _labels_over(
    mask: NDArray[np.int64],
    planes: NDArray[np.int64],
    overlaps: NDArray[np.float64],
    low: NDArray[np.int64],
    areas: NDArray[np.float64],
    names: NDArray[np.int64],
    shares: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """The labels in a prism, and what part of it each has; the arrays may be replaced by larger ones."""
    known = 0
    for at in range(len(planes)):
        for y in range(areas.shape[0]):
            for x in range(areas.shape[1]):
                found = mask[planes[at], low[0] + y, low[1] + x]
                if found == 0 or areas[y, x] == 0:
                    continue
                place = place_of_label(names, known, found)
                if place == known:
                    if known == len(names):
                        names, shares = np.append(names, names), np.append(shares, shares)
                    names[place], shares[place] = found, 0.0
                    known += 1
                shares[place] += areas[y, x] * overlaps[at]
    return names, shares, known


@compiled
def _pixels_around(
    corners: NDArray[np.float64], limit: tuple[int, int], low: NDArray[np.int64], high: NDArray[np.int64]
) -> None:
    """The pixels that a square reaches, as the first and the one behind the last along each axis."""
    for axis in range(2):
        least, most = corners[:, axis].min(), corners[:, axis].max()
        low[axis] = int(min(max(np.floor(least + _SAME), 0.0), limit[axis]))
        high[axis] = int(min(max(np.ceil(most - _SAME), 0.0), limit[axis]))


@compiled
def _shares_of(
    corners: NDArray[np.float64],
    low: NDArray[np.int64],
    height: int,
    width: int,
    areas: NDArray[np.float64],
    waiting: NDArray[np.float64],
    scratch: NDArray[np.float64],
) -> None:
    """The part of a square that each pixel around it has; the square is two triangles, which are cut between pixels."""
    for number in range(2):
        waiting[0, 0], waiting[0, 1], waiting[0, 2] = corners[0], corners[1 + number], corners[3]
        whole = _area(waiting[0])
        left = 1 if whole > 0 else 0
        while left:
            left -= 1
            axis, line = _line_through(waiting[left])
            if axis >= 0:
                left = _cut(waiting, left, axis, line, scratch)
                continue
            y = int(np.floor((waiting[left, 0, 0] + waiting[left, 1, 0] + waiting[left, 2, 0]) / 3)) - low[0]
            x = int(np.floor((waiting[left, 0, 1] + waiting[left, 1, 1] + waiting[left, 2, 1]) / 3)) - low[1]
            if 0 <= y < height and 0 <= x < width:
                areas[y, x] += _area(waiting[left]) / whole / 2


@compiled
def _area(corners: NDArray[np.float64]) -> float:
    """Twice the area of a triangle."""
    ay, ax = corners[1, 0] - corners[0, 0], corners[1, 1] - corners[0, 1]
    by, bx = corners[2, 0] - corners[0, 0], corners[2, 1] - corners[0, 1]
    return float(abs(ax * by - ay * bx))


@compiled
def _line_through(corners: NDArray[np.float64]) -> tuple[int, float]:
    """The axis, and the border of pixels nearest to the middle, where a triangle lies to both sides; -1 if none."""
    for axis in range(2):
        low, high = corners[:, axis].min(), corners[:, axis].max()
        line = np.rint((low + high) / 2)
        if low < line < high:
            return axis, line
    return -1, 0.0


@compiled
def _cut(waiting: NDArray[np.float64], first: int, axis: int, line: float, scratch: NDArray[np.float64]) -> int:
    """Replace a triangle by the three that a line cuts it into; returns where the next one goes."""
    corners, one, other = scratch[:3], scratch[3], scratch[4]
    for number in range(3):
        place = number
        while place and corners[place - 1, axis] > waiting[first, number, axis]:
            corners[place] = corners[place - 1]
            place -= 1
        corners[place] = waiting[first, number]
    tip, base = (0, 1) if corners[1, axis] >= line else (2, 0)
    for number in range(2):
        start, end, into = corners[tip], corners[base + number], scratch[3 + number]
        share = (line - start[axis]) / (end[axis] - start[axis])
        into[1 - axis], into[axis] = start[1 - axis] + share * (end[1 - axis] - start[1 - axis]), line
    waiting[first, 0], waiting[first, 1], waiting[first, 2] = corners[tip], one, other
    waiting[first + 1, 0], waiting[first + 1, 1], waiting[first + 1, 2] = one, other, corners[base + 1]
    waiting[first + 2, 0], waiting[first + 2, 1], waiting[first + 2, 2] = one, corners[base], corners[base + 1]
    return first + 3

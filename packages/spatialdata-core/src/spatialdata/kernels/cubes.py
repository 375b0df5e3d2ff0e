"""The parts of cubes, moved to the pixels of labels with a depth, that each label fills."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled
from spatialdata.kernels.label_shares import place_of_label, put_shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["parts_of_cubes"]

# How far a side may reach into the next pixel and not count as reaching it.
_SAME = 1e-9
# A tetrahedron is cut in the middle, so that this many wait even where it spans 2**30 pixels along each axis.
_WAITING = 512

# A cube as six tetrahedra around the diagonal from 0 to 7; corner 4z + 2y + x. Neighbours share the cut of their faces.
_CORNERS = np.array([[0, 1, 3, 7], [0, 1, 5, 7], [0, 2, 3, 7], [0, 2, 6, 7], [0, 4, 5, 7], [0, 4, 6, 7]])


@compiled
def parts_of_cubes(
    nodes: NDArray[np.float64], mask: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The labels that fill cubes, and the part of each; exact where the map of each tetrahedron is linear.

    Each cube is six tetrahedra, which are cut between pixels until each piece lies in one.

    Parameters
    ----------
    nodes
        Where the corners of one layer of cubes lie in the labels: array of shape ``(2, rows + 1, columns + 1, 3)``, in
        the order z, y, x; nan where nowhere.
    mask
        Numbers from 1 on of the labels, of shape ``(depth, height, width)``; 0 for the background.

    Returns
    -------
    Three arrays: the cube, numbered along the rows, the number of the label, and the part from 0 to 1.
    """
    rows, columns = nodes.shape[1] - 1, nodes.shape[2] - 1
    limit = np.array(mask.shape)
    cube, label, part, count = np.empty(1024, np.int64), np.empty(1024, np.int64), np.empty(1024), 0
    corners, waiting = np.empty((8, 3)), np.empty((_WAITING, 4, 3))
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    names, shares = np.empty(64, np.int64), np.empty(64)
    for row in range(rows):
        for column in range(columns):
            _corners_of(nodes, row, column, corners)
            if np.isnan(corners).any():
                continue
            _pixels_around(corners, limit, low, high)
            if (low >= high).any():
                continue
            only = _only_label(mask, low, high, corners, limit)
            if only == 0:
                continue
            if only > 0:
                names[0], shares[0], known = only, 1.0, 1
            else:
                names, shares, known = _shares_of(corners, mask, waiting, names, shares)
            cube, label, part, count = put_shares(
                cube, label, part, count, row * columns + column, names, shares, known
            )
    return cube[:count].copy(), label[:count].copy(), part[:count].copy()


@compiled
def _corners_of(nodes: NDArray[np.float64], row: int, column: int, corners: NDArray[np.float64]) -> None:
    for corner in range(8):
        for axis in range(3):
            corners[corner, axis] = nodes[corner >> 2, row + ((corner >> 1) & 1), column + (corner & 1), axis]


@compiled
def _pixels_around(
    corners: NDArray[np.float64], limit: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64]
) -> None:
    """The pixels that a cube reaches, as the first and the one behind the last along each axis."""
    for axis in range(3):
        least, most = corners[:, axis].min(), corners[:, axis].max()
        low[axis] = int(min(max(np.floor(least + _SAME), 0.0), limit[axis]))
        high[axis] = int(min(max(np.ceil(most - _SAME), 0.0), limit[axis]))


@compiled
def _only_label(
    mask: NDArray[np.int64],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    corners: NDArray[np.float64],
    limit: NDArray[np.int64],
) -> int:
    """The label of all pixels that a cube reaches; -1 where there are several, or some lie beyond the labels."""
    first = mask[low[0], low[1], low[2]]
    for z in range(low[0], high[0]):
        for y in range(low[1], high[1]):
            for x in range(low[2], high[2]):
                if mask[z, y, x] != first:
                    return -1
    for axis in range(3):
        if first and (corners[:, axis].min() < -_SAME or corners[:, axis].max() > limit[axis] + _SAME):
            return -1
    return int(first)


@compiled
def _shares_of(
    corners: NDArray[np.float64],
    mask: NDArray[np.int64],
    waiting: NDArray[np.float64],
    names: NDArray[np.int64],
    shares: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """The labels in a cube, and what part of it each has; the arrays may be replaced by larger ones."""
    known = 0
    for number in range(6):
        for corner in range(4):
            waiting[0, corner] = corners[_CORNERS[number, corner]]
        whole = _volume(waiting[0])
        if whole == 0:
            continue
        left = 1
        while left:
            left -= 1
            axis, plane = _plane_through(waiting[left])
            if axis >= 0:
                left = _cut(waiting, left, axis, plane)
                continue
            found = _label_at(mask, waiting[left])
            if found == 0:
                continue
            place = place_of_label(names, known, found)
            if place == known:
                if known == len(names):
                    names, shares = np.append(names, names), np.append(shares, shares)
                names[place], shares[place] = found, 0.0
                known += 1
            shares[place] += _volume(waiting[left]) / whole / 6
    return names, shares, known


@compiled
def _volume(corners: NDArray[np.float64]) -> float:
    """Six times the volume of a tetrahedron."""
    ax, ay, az = corners[1, 0] - corners[0, 0], corners[1, 1] - corners[0, 1], corners[1, 2] - corners[0, 2]
    bx, by, bz = corners[2, 0] - corners[0, 0], corners[2, 1] - corners[0, 1], corners[2, 2] - corners[0, 2]
    cx, cy, cz = corners[3, 0] - corners[0, 0], corners[3, 1] - corners[0, 1], corners[3, 2] - corners[0, 2]
    return float(abs(ax * (by * cz - bz * cy) - ay * (bx * cz - bz * cx) + az * (bx * cy - by * cx)))


@compiled
def _plane_through(corners: NDArray[np.float64]) -> tuple[int, float]:
    """The axis, and the border of pixels nearest to the middle, where a tetrahedron lies to both sides; -1 if none."""
    for axis in range(3):
        low, high = corners[0, axis], corners[0, axis]
        for corner in range(1, 4):
            low, high = min(low, corners[corner, axis]), max(high, corners[corner, axis])
        plane = np.rint((low + high) / 2)
        if low < plane < high:
            return axis, plane
    return -1, 0.0


@compiled
def _label_at(mask: NDArray[np.int64], corners: NDArray[np.float64]) -> int:
    """The label of the pixel that a tetrahedron lies in; 0 beyond the labels."""
    place = np.empty(3, np.int64)
    for axis in range(3):
        middle = corners[:, axis].sum() / 4
        if not 0 <= middle < mask.shape[axis]:
            return 0
        place[axis] = int(middle)
    return int(mask[place[0], place[1], place[2]])


@compiled
def _cut(waiting: NDArray[np.float64], first: int, axis: int, plane: float) -> int:
    """Replace a tetrahedron by those that a plane cuts it into; returns where the next one goes.

    The last places of those that wait hold the corners meanwhile, and where the edges meet the plane.
    """
    corners, cuts = waiting[-1], waiting[-2]
    for number in range(4):
        place = number
        while place and corners[place - 1, axis] > waiting[first, number, axis]:
            corners[place] = corners[place - 1]
            place -= 1
        corners[place] = waiting[first, number]
    below = 0
    while below < 4 and corners[below, axis] < plane:
        below += 1
    if below == 2:
        for number in range(4):
            _between(corners[number >> 1], corners[2 + (number & 1)], axis, plane, cuts[number])
        _put_wedge(waiting, first, corners[0], cuts[0], cuts[1], corners[1], cuts[2], cuts[3])
        _put_wedge(waiting, first + 3, corners[2], cuts[0], cuts[2], corners[3], cuts[1], cuts[3])
        return first + 6
    tip, base = (0, 1) if below == 1 else (3, 0)
    for number in range(3):
        _between(corners[tip], corners[base + number], axis, plane, cuts[number])
    waiting[first, 0], waiting[first, 1:] = corners[tip], cuts[:3]
    _put_wedge(waiting, first + 1, cuts[0], cuts[1], cuts[2], corners[base], corners[base + 1], corners[base + 2])
    return first + 4


@compiled
def _between(
    one: NDArray[np.float64], other: NDArray[np.float64], axis: int, plane: float, into: NDArray[np.float64]
) -> None:
    """Where an edge meets a plane."""
    share = (plane - one[axis]) / (other[axis] - one[axis])
    for along in range(3):
        into[along] = one[along] + share * (other[along] - one[along])
    into[axis] = plane


@compiled
def _put_wedge(
    waiting: NDArray[np.float64],
    first: int,
    a0: NDArray[np.float64],
    a1: NDArray[np.float64],
    a2: NDArray[np.float64],
    b0: NDArray[np.float64],
    b1: NDArray[np.float64],
    b2: NDArray[np.float64],
) -> None:
    """A wedge between two triangles as three tetrahedra."""
    _put(waiting[first], a0, a1, a2, b2)
    _put(waiting[first + 1], a0, a1, b1, b2)
    _put(waiting[first + 2], a0, b0, b1, b2)


@compiled
def _put(
    into: NDArray[np.float64],
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    c: NDArray[np.float64],
    d: NDArray[np.float64],
) -> None:
    for along in range(3):
        into[0, along], into[1, along], into[2, along], into[3, along] = a[along], b[along], c[along], d[along]

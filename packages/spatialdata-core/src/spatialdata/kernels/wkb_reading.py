"""Well-known binary, the form of geometries in files, read into arrays without a geometry object for each row.

Read are flat points, polygons and multipolygons with the least byte first, as nearly all files hold them. Whatever else
a file may hold, or whatever is damaged, is left to GEOS.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled
from spatialdata.kernels.polygons import Polygons

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MULTIPOLYGON", "POINT", "POLYGON", "points_of_wkb", "polygons_of_wkb"]

# The numbers of shapely; well-known binary has 1, 3 and 6.
POINT, POLYGON, MULTIPOLYGON = 0, 3, 6
_BYTES_OF_POINT = 21
_LEAST_CORNERS = 4


def points_of_wkb(
    data: NDArray[np.uint8], begin: NDArray[np.int64], end: NDArray[np.int64]
) -> NDArray[np.float64] | None:
    """The coordinates of points, of shape ``(n, 2)``; None if a row is none, or one without finite coordinates.

    Parameters
    ----------
    data
        The bytes of all rows.
    begin, end
        Arrays of shape ``(n,)``: where the bytes of each row start and end.

    Examples
    --------
    >>> import shapely
    >>> data = np.frombuffer(shapely.to_wkb(shapely.Point(1, 2)), dtype=np.uint8)
    >>> points_of_wkb(data, np.array([0]), np.array([len(data)])).tolist()
    [[1.0, 2.0]]
    """
    if sys.byteorder != "little" or (end - begin != _BYTES_OF_POINT).any():
        return None
    coordinates = np.empty((len(begin), 2))
    are_points = _points(data, np.ascontiguousarray(begin), coordinates.reshape(-1).view(np.uint8))
    return coordinates if are_points and np.isfinite(coordinates).all() else None


def polygons_of_wkb(
    data: NDArray[np.uint8], begin: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[Polygons, NDArray[np.int8]] | None:
    """Polygons and multipolygons, and which row is which.

    Parameters
    ----------
    data
        The bytes of all rows.
    begin, end
        Arrays of shape ``(n,)``: where the bytes of each row start and end.

    Returns
    -------
    The polygons, and for each ``POLYGON`` or ``MULTIPOLYGON``. None if a row is neither, has a depth, the highest byte
    first, a ring that is not closed, of fewer than four corners or without finite coordinates, an empty part, or ends
    too early or too late.

    Examples
    --------
    >>> import shapely
    >>> data = np.frombuffer(shapely.to_wkb(shapely.box(0, 0, 2, 1)), dtype=np.uint8)
    >>> polygons, kinds = polygons_of_wkb(data, np.array([0]), np.array([len(data)]))
    >>> polygons.start.tolist(), kinds.tolist()
    ([0, 5], [3])
    """
    if sys.byteorder != "little":
        return None
    begin, end = np.ascontiguousarray(begin), np.ascontiguousarray(end)
    kinds, first_ring, corners = _counted(data, begin, end)
    if corners < 0:
        return None
    coordinates = np.empty((corners, 2))
    start, is_hole = np.zeros(first_ring[-1] + 1, dtype=np.int64), np.empty(first_ring[-1], dtype=np.bool_)
    _copied(data, begin, kinds, start, is_hole, coordinates.reshape(-1).view(np.uint8))
    polygons = Polygons(coordinates, start, first_ring, is_hole)
    return (polygons, kinds) if _are_rings(coordinates, start) else None


@compiled
def _number(data: NDArray[np.uint8], at: int) -> int:
    """The whole number in four bytes."""
    value = 0
    for byte in range(4):
        value += int(data[at + byte]) << (8 * byte)
    return value


@compiled
def _points(data: NDArray[np.uint8], begin: NDArray[np.int64], target: NDArray[np.uint8]) -> bool:
    """Copy the coordinates of points to the bytes ``target``; whether all rows are points."""
    for row in range(len(begin)):
        at = begin[row]
        if data[at] != 1 or _number(data, at + 1) != 1:
            return False
        target[16 * row : 16 * row + 16] = data[at + 5 : at + 21]
    return True


@compiled
def _counted_rings(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int]:
    """How many rings and corners a polygon has, and where its bytes end; -1 there if it is not read here.

    ``at`` is where the number of its rings stands.
    """
    if at + 4 > end:
        return 0, 0, -1
    rings, corners = _number(data, at), 0
    at += 4
    for _ in range(rings):
        if at + 4 > end:
            return 0, 0, -1
        count = _number(data, at)
        at += 4 + 16 * count
        if count < _LEAST_CORNERS or at > end:
            return 0, 0, -1
        corners += count
    return rings, corners, at


@compiled
def _counted(
    data: NDArray[np.uint8], begin: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int8], NDArray[np.int64], int]:
    """The kind of each row, where its rings start, and the number of all corners; that is -1 if one is not read."""
    kinds, first_ring = np.zeros(len(begin), dtype=np.int8), np.zeros(len(begin) + 1, dtype=np.int64)
    corners = 0
    for row in range(len(kinds)):
        at, end = begin[row], ends[row]
        if at + 9 > end or data[at] != 1:
            return kinds, first_ring, -1
        kinds[row] = _number(data, at + 1)
        if _number(data, at + 1) == POLYGON:
            rings, found, at = _counted_rings(data, at + 5, end)
        elif _number(data, at + 1) == MULTIPOLYGON:
            parts, rings, found = _number(data, at + 5), 0, 0
            at += 9
            for _ in range(parts):
                if at + 9 > end or data[at] != 1 or _number(data, at + 1) != POLYGON or _number(data, at + 5) == 0:
                    return kinds, first_ring, -1
                of_part, corners_of_part, at = _counted_rings(data, at + 5, end)
                if at < 0:
                    return kinds, first_ring, -1
                rings += of_part
                found += corners_of_part
        else:
            return kinds, first_ring, -1
        if at != end:
            return kinds, first_ring, -1
        first_ring[row + 1] = first_ring[row] + rings
        corners += found
    return kinds, first_ring, corners


@compiled
def _copied(
    data: NDArray[np.uint8],
    begin: NDArray[np.int64],
    kinds: NDArray[np.int8],
    start: NDArray[np.int64],
    is_hole: NDArray[np.bool_],
    target: NDArray[np.uint8],
) -> None:
    """Copy the corners of rows that were counted; ``target`` are the bytes of their coordinates."""
    ring, place = 0, 0
    for row in range(len(kinds)):
        at = begin[row] + 5
        parts = 1
        if kinds[row] == MULTIPOLYGON:
            parts = _number(data, at)
            at += 4
        for _ in range(parts):
            if kinds[row] == MULTIPOLYGON:
                at += 5
            rings = _number(data, at)
            at += 4
            for number in range(rings):
                length = 16 * _number(data, at)
                at += 4
                target[place : place + length] = data[at : at + length]
                at += length
                place += length
                is_hole[ring] = number > 0
                ring += 1
                start[ring] = place // 16


@compiled
def _are_rings(coordinates: NDArray[np.float64], start: NDArray[np.int64]) -> bool:
    """Whether each ring ends where it starts, and all coordinates are finite."""
    for ring in range(len(start) - 1):
        first, last = start[ring], start[ring + 1] - 1
        if coordinates[first, 0] != coordinates[last, 0] or coordinates[first, 1] != coordinates[last, 1]:
            return False
        # What is not finite times nothing is nan, and so is the sum.
        nothing = 0.0
        for at in range(first, last + 1):
            nothing += coordinates[at, 0] * 0.0 + coordinates[at, 1] * 0.0
        if nothing != 0.0:
            return False
    return True

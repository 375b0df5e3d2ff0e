"""Well-known binary, the form of geometries in files, read into arrays without a geometry object for each row.

Read are flat polygons and multipolygons with the least byte first, as nearly all files hold them. Whatever else
a file may hold, or whatever is damaged, is left to GEOS.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled
from spatialdata.kernels.polygons import Polygons

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.kernels.wkb_rows import Rows

__all__ = ["MULTIPOLYGON", "POLYGON", "polygons_of_wkb"]

POLYGON, MULTIPOLYGON = 3, 6
_LEAST_CORNERS = 4


def polygons_of_wkb(
    pieces: Sequence[Rows], order: NDArray[np.intp] | None = None
) -> tuple[Polygons, NDArray[np.int8]] | None:
    """Polygons and multipolygons, and which row is which.

    Parameters
    ----------
    pieces
        The rows.
    order
        The numbers of the rows, counted through all pieces, in the order that is wanted; as they are if None.

    Returns
    -------
    The polygons, and for each ``POLYGON`` or ``MULTIPOLYGON``. None if a row is neither, has a depth, the highest byte
    first, a ring that is not closed, of fewer than four corners or without finite coordinates, an empty part, or ends
    too early or too late.

    Examples
    --------
    >>> import shapely
    >>> from spatialdata.kernels.wkb_rows import Rows
    >>> data = np.frombuffer(shapely.to_wkb(shapely.box(0, 0, 2, 1)), dtype=np.uint8)
    >>> polygons, kinds = polygons_of_wkb([Rows(data, np.array([0]), np.array([len(data)]))])
    >>> polygons.start.tolist(), kinds.tolist()
    ([0, 5], [3])
    """
    if sys.byteorder != "little":
        return None
    counted = []
    for data, begin, end in pieces:
        counted.append(_counted(data, np.ascontiguousarray(begin), np.ascontiguousarray(end)))
        if not counted[-1][-1]:
            return None
    kinds, rings, corners = (np.concatenate(parts) for parts in list(zip(*counted, strict=True))[:3])
    first_ring, ring_of_row = _starts(rings, order)
    first_corner, corner_of_row = _starts(corners, order)
    coordinates = np.empty((first_corner[-1], 2))
    start, is_hole = np.zeros(first_ring[-1] + 1, dtype=np.int64), np.empty(first_ring[-1], dtype=np.bool_)
    target, first = coordinates.reshape(-1).view(np.uint8), 0
    for data, begin, _ in pieces:
        some = slice(first, first + len(begin))
        places = ring_of_row[some], corner_of_row[some]
        _copied(data, np.ascontiguousarray(begin), kinds[some], *places, start, is_hole, target)
        first += len(begin)
    polygons = Polygons(coordinates, start, first_ring, is_hole)
    ordered = kinds if order is None else kinds[order]
    return (polygons, ordered) if _are_rings(coordinates, start) else None


def _starts(counts: NDArray[np.int64], order: NDArray[np.intp] | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where what the rows have many of starts: in their new order, with the end of the last; and in the old one."""
    start = np.concatenate([[0], np.cumsum(counts if order is None else counts[order])])
    if order is None:
        return start, start[:-1]
    of_row = np.empty_like(start[:-1])
    of_row[order] = start[:-1]
    return start, of_row


@compiled
def _number(data: NDArray[np.uint8], at: int) -> int:
    """The whole number in four bytes."""
    value = 0
    for byte in range(4):
        value += int(data[at + byte]) << (8 * byte)
    return value


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
) -> tuple[NDArray[np.int8], NDArray[np.int64], NDArray[np.int64], bool]:
    """The kind of each row, the number of its rings and of its corners; and whether all are read here."""
    kinds = np.zeros(len(begin), dtype=np.int8)
    rings_of, corners_of = np.zeros(len(begin), dtype=np.int64), np.zeros(len(begin), dtype=np.int64)
    for row in range(len(kinds)):
        at, end = begin[row], ends[row]
        if at + 9 > end or data[at] != 1:
            return kinds, rings_of, corners_of, False
        kinds[row] = _number(data, at + 1)
        if _number(data, at + 1) == POLYGON:
            rings, found, at = _counted_rings(data, at + 5, end)
        elif _number(data, at + 1) == MULTIPOLYGON:
            parts, rings, found = _number(data, at + 5), 0, 0
            at += 9
            for _ in range(parts):
                if at + 9 > end or data[at] != 1 or _number(data, at + 1) != POLYGON or _number(data, at + 5) == 0:
                    return kinds, rings_of, corners_of, False
                of_part, corners_of_part, at = _counted_rings(data, at + 5, end)
                if at < 0:
                    return kinds, rings_of, corners_of, False
                rings += of_part
                found += corners_of_part
        else:
            return kinds, rings_of, corners_of, False
        if at != end:
            return kinds, rings_of, corners_of, False
        rings_of[row], corners_of[row] = rings, found
    return kinds, rings_of, corners_of, True


@compiled
def _copied(
    data: NDArray[np.uint8],
    begin: NDArray[np.int64],
    kinds: NDArray[np.int8],
    ring_of_row: NDArray[np.int64],
    corner_of_row: NDArray[np.int64],
    start: NDArray[np.int64],
    is_hole: NDArray[np.bool_],
    target: NDArray[np.uint8],
) -> None:
    """Copy the corners of rows that were counted to their places; ``target`` are the bytes of their coordinates."""
    for row in range(len(kinds)):
        ring, place = ring_of_row[row], 16 * corner_of_row[row]
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

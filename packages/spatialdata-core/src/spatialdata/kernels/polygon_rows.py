"""Polygons as arrays, gone through one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["bounds", "taken"]


@compiled
def taken(
    coordinates: NDArray[np.float64],
    start: NDArray[np.int64],
    first_ring: NDArray[np.int64],
    is_hole: NDArray[np.bool_],
    rows: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Some of the polygons; see :func:`spatialdata.kernels.polygons.taken_polygons`."""
    first_taken = np.zeros(len(rows) + 1, dtype=np.int64)
    corners = 0
    for number in range(len(rows)):
        first, last = first_ring[rows[number]], first_ring[rows[number] + 1]
        first_taken[number + 1] = first_taken[number] + last - first
        corners += start[last] - start[first]
    taken = np.empty((corners, 2))
    start_taken, holes = np.zeros(first_taken[-1] + 1, dtype=np.int64), np.empty(first_taken[-1], dtype=np.bool_)
    ring_taken, corner = 0, 0
    for number in range(len(rows)):
        for ring in range(first_ring[rows[number]], first_ring[rows[number] + 1]):
            for at in range(start[ring], start[ring + 1]):
                taken[corner, 0], taken[corner, 1] = coordinates[at, 0], coordinates[at, 1]
                corner += 1
            holes[ring_taken] = is_hole[ring]
            ring_taken += 1
            start_taken[ring_taken] = corner
    return taken, start_taken, first_taken, holes


@compiled
def bounds(
    coordinates: NDArray[np.float64], start: NDArray[np.int64], first_ring: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The bounding boxes; see :func:`spatialdata.kernels.polygons.bounds_of_polygons`."""
    found = np.full((len(first_ring) - 1, 4), np.nan)
    for number in range(len(found)):
        first, last = start[first_ring[number]], start[first_ring[number + 1]]
        if first == last:
            continue
        left, bottom, right, top = np.inf, np.inf, -np.inf, -np.inf
        for at in range(first, last):
            x, y = coordinates[at, 0], coordinates[at, 1]
            left, right = min(left, x), max(right, x)
            bottom, top = min(bottom, y), max(top, y)
        found[number, 0], found[number, 1] = left, bottom
        found[number, 2], found[number, 3] = right, top
    return found

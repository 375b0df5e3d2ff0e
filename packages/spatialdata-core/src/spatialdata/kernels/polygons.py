"""Polygons as arrays: their corners one after another, and where rings and polygons begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Polygons", "bounds_of_polygons", "polygons_of", "taken_polygons"]


class Polygons(NamedTuple):
    """Polygons and multipolygons, with holes or without.

    Attributes
    ----------
    coordinates
        Array of shape ``(corners, 2)``; the last corner of a ring is its first one again.
    start
        Array of shape ``(rings + 1,)``: where the corners of each ring start.
    first_ring
        Array of shape ``(polygons + 1,)``: where the rings of each polygon start.
    is_hole
        For each ring whether it is a hole; a ring that is none begins a part of its polygon.
    """

    coordinates: NDArray[np.float64]
    start: NDArray[np.int64]
    first_ring: NDArray[np.int64]
    is_hole: NDArray[np.bool_]


def polygons_of(geometry: NDArray[Any]) -> Polygons:
    """The arrays of shapely Polygons and MultiPolygons.

    Examples
    --------
    >>> import shapely
    >>> polygons_of(np.array([shapely.Polygon(), shapely.box(0, 0, 2, 1)])).start.tolist()
    [0, 0, 5]
    """
    import shapely

    if (shapely.get_num_interior_rings(geometry) == 0).all() and (shapely.get_num_geometries(geometry) == 1).all():
        rings, first_ring = geometry, np.arange(len(geometry) + 1)
        is_hole = np.zeros(len(geometry), dtype=bool)
    else:
        parts, polygon_of_part = shapely.get_parts(geometry, return_index=True)
        rings, part_of_ring = shapely.get_rings(parts, return_index=True)
        polygon = polygon_of_part[part_of_ring] if len(rings) else np.zeros(0, dtype=np.int64)
        first_ring = np.searchsorted(polygon, np.arange(len(geometry) + 1))
        is_hole = np.zeros(len(rings), dtype=bool)
        is_hole[1:] = part_of_ring[1:] == part_of_ring[:-1]
    start = np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(rings))]).astype(np.int64)
    return Polygons(shapely.get_coordinates(rings), start, first_ring.astype(np.int64), is_hole)


def taken_polygons(polygons: Polygons, rows: NDArray[np.int64]) -> Polygons:
    """Some of the polygons, by their numbers, which may repeat.

    Examples
    --------
    >>> import shapely
    >>> both = polygons_of(np.array([shapely.box(0, 0, 2, 1), shapely.box(5, 5, 6, 6)]))
    >>> bounds_of_polygons(taken_polygons(both, np.array([1]))).tolist()
    [[5.0, 5.0, 6.0, 6.0]]
    """
    return Polygons(*_taken(*polygons, np.ascontiguousarray(rows, dtype=np.int64)))


def bounds_of_polygons(polygons: Polygons) -> NDArray[np.float64]:
    """The bounding boxes, of shape ``(polygons, 4)``: x_min, y_min, x_max, y_max; nan for empty ones."""
    return _bounds(polygons.coordinates, polygons.start, polygons.first_ring)


@compiled
def _taken(
    coordinates: NDArray[np.float64],
    start: NDArray[np.int64],
    first_ring: NDArray[np.int64],
    is_hole: NDArray[np.bool_],
    rows: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
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
def _bounds(
    coordinates: NDArray[np.float64], start: NDArray[np.int64], first_ring: NDArray[np.int64]
) -> NDArray[np.float64]:
    bounds = np.full((len(first_ring) - 1, 4), np.nan)
    for number in range(len(bounds)):
        first, last = start[first_ring[number]], start[first_ring[number + 1]]
        if first == last:
            continue
        left, bottom, right, top = np.inf, np.inf, -np.inf, -np.inf
        for at in range(first, last):
            x, y = coordinates[at, 0], coordinates[at, 1]
            left, right = min(left, x), max(right, x)
            bottom, top = min(bottom, y), max(top, y)
        bounds[number, 0], bounds[number, 1] = left, bottom
        bounds[number, 2], bounds[number, 3] = right, top
    return bounds

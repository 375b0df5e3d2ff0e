"""Polygons as arrays: their corners one after another, and where rings and polygons begin."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Polygons", "bounds_of_polygons", "polygons_of", "taken_polygons"]

# For fewer corners, loading compiled code takes longer than doing without it.
_MANY = 2**22


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
    rows = np.ascontiguousarray(rows, dtype=np.int64)
    if _is_quick(polygons):
        from spatialdata.kernels.polygon_rows import taken

        return Polygons(*taken(*polygons, rows))
    coordinates, start, first_ring, is_hole = polygons
    rings, first_taken = _members(first_ring, rows)
    corners, start_taken = _members(start, rings)
    return Polygons(coordinates[corners], start_taken, first_taken, is_hole[rings])


def bounds_of_polygons(polygons: Polygons) -> NDArray[np.float64]:
    """The bounding boxes, of shape ``(polygons, 4)``: x_min, y_min, x_max, y_max; nan for empty ones."""
    coordinates, start, first_ring, _ = polygons
    if _is_quick(polygons):
        from spatialdata.kernels.polygon_rows import bounds

        return bounds(coordinates, start, first_ring)
    found, first = np.full((len(first_ring) - 1, 4), np.nan), start[first_ring]
    filled = np.flatnonzero(np.diff(first))
    for axis in range(2) if len(filled) else ():
        found[filled, axis] = np.minimum.reduceat(coordinates[:, axis], first[filled])
        found[filled, 2 + axis] = np.maximum.reduceat(coordinates[:, axis], first[filled])
    return found


def _is_quick(polygons: Polygons) -> bool:
    """Whether compiled code is there, or worth loading."""
    return "numba" in sys.modules or len(polygons.coordinates) > _MANY


def _members(first: NDArray[np.int64], groups: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers of all members of some groups, and where those of each begin; ``first`` says it of all groups."""
    counts = first[groups + 1] - first[groups]
    start = np.concatenate([[0], np.cumsum(counts)])
    return np.arange(start[-1]) + np.repeat(first[groups] - start[:-1], counts), start

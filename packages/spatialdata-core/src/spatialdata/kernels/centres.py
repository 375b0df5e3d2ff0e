"""Centres of gravity of polygons, and their areas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.compiled import compiled
from spatialdata.kernels.polygons import Polygons, polygons_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MANY", "centres_and_areas_of", "centres_of", "weighed"]

# For fewer, loading compiled code takes longer than GEOS.
MANY = 5_000
_POLYGONAL = (3, 6)
# So many geometries, and their coordinates, stay in the cache of the processor.
_AT_ONCE = 4096


def centres_of(geometry: NDArray[Any]) -> NDArray[np.float64]:
    """The centres of gravity of shapely geometries, of shape ``(n, 2)``; nan for empty ones.

    Examples
    --------
    >>> import shapely
    >>> centres_of(np.array([shapely.box(0, 0, 2, 4)])).tolist()
    [[1.0, 2.0]]
    """
    return centres_and_areas_of(geometry)[0]


def centres_and_areas_of(geometry: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The centres of gravity of shapely geometries, of shape ``(n, 2)``, nan for empty ones; and their areas.

    Examples
    --------
    >>> import shapely
    >>> centres_and_areas_of(np.array([shapely.box(0, 0, 2, 4)]))[1].tolist()
    [8.0]
    """
    centres, areas = np.full((len(geometry), 2), np.nan), np.zeros(len(geometry))
    many = len(geometry) >= MANY
    for first in range(0, len(geometry), _AT_ONCE):
        rows = slice(first, first + _AT_ONCE)
        _fill(geometry[rows], centres[rows], areas[rows], many=many)
    return centres, areas


def weighed(polygons: Polygons) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The centres of gravity of polygons, of shape ``(n, 2)``, nan for those without an area; and their areas.

    Examples
    --------
    >>> import shapely
    >>> weighed(polygons_of(np.array([shapely.box(0, 0, 2, 4)])))[0].tolist()
    [[1.0, 2.0]]
    """
    size = len(polygons.first_ring) - 1
    centres, areas = np.full((size, 2), np.nan), np.zeros(size)
    _weigh(*polygons, centres, areas)
    return centres, areas


def _fill(geometry: NDArray[Any], centres: NDArray[np.float64], areas: NDArray[np.float64], *, many: bool) -> None:
    import shapely

    if many and np.isin(shapely.get_type_id(geometry), _POLYGONAL).all():
        _weigh(*polygons_of(geometry), centres, areas)
        left = np.flatnonzero(np.isnan(centres[:, 0]))
    else:
        areas[:] = shapely.area(geometry)
        left = np.arange(len(geometry))
    # Those without an area are weighed by the length of their edges, or by their points.
    filled = left[~shapely.is_empty(geometry[left])]
    centres[filled] = shapely.get_coordinates(shapely.centroid(geometry[filled]))


@compiled
def _weigh(
    coordinates: NDArray[np.float64],
    start: NDArray[np.int64],
    first_ring: NDArray[np.int64],
    is_hole: NDArray[np.bool_],
    centres: NDArray[np.float64],
    areas: NDArray[np.float64],
) -> None:
    """Write the areas of polygons, and the centres of those with one."""
    for number in range(len(first_ring) - 1):
        if start[first_ring[number]] == start[first_ring[number + 1]]:
            continue
        # All is relative to the first corner, which keeps the digits of small polygons far from the origin.
        corner = start[first_ring[number]]
        base_x, base_y = coordinates[corner, 0], coordinates[corner, 1]
        area, moment_x, moment_y = 0.0, 0.0, 0.0
        for ring in range(first_ring[number], first_ring[number + 1]):
            twice, about_x, about_y = 0.0, 0.0, 0.0
            for at in range(start[ring], start[ring + 1] - 1):
                x1, y1 = coordinates[at, 0] - base_x, coordinates[at, 1] - base_y
                x2, y2 = coordinates[at + 1, 0] - base_x, coordinates[at + 1, 1] - base_y
                cross = x1 * y2 - x2 * y1
                twice += cross
                about_x += cross * (x1 + x2)
                about_y += cross * (y1 + y2)
            sign = 1.0 if (twice > 0) != is_hole[ring] else -1.0
            area += sign * twice
            moment_x += sign * about_x
            moment_y += sign * about_y
        areas[number] = 0.5 * area
        if area > 0:
            centres[number, 0] = base_x + moment_x / (3 * area)
            centres[number, 1] = base_y + moment_y / (3 * area)

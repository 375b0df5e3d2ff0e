"""Centres of gravity of polygons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.compiled import compiled
from spatialdata.kernels.edges import rings_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["centres_of"]

# For so few, loading compiled code takes longer than GEOS.
_FEW = 5_000
_POLYGONAL = (3, 6)


def centres_of(geometry: NDArray[Any]) -> NDArray[np.float64]:
    """The centres of gravity of shapely geometries, of shape ``(n, 2)``; nan for empty ones.

    Examples
    --------
    >>> import shapely
    >>> centres_of(np.array([shapely.box(0, 0, 2, 4)])).tolist()
    [[1.0, 2.0]]
    """
    import shapely

    centres = np.full((len(geometry), 2), np.nan)
    kinds = shapely.get_type_id(geometry)
    left = np.ones(len(geometry), dtype=bool)
    if len(geometry) > _FEW and np.isin(kinds, _POLYGONAL).all():
        coordinates, ring, polygon, is_hole = rings_of(geometry)
        starts = np.flatnonzero(np.diff(ring, prepend=-1))
        ends = np.append(starts[1:], len(ring))
        _weigh(coordinates, starts, ends, polygon[starts], is_hole[ring[starts]], centres)
        left = np.isnan(centres[:, 0])
    filled = np.flatnonzero(left & ~shapely.is_empty(geometry))
    # Those without an area are weighed by the length of their edges, or by their points.
    centres[filled] = shapely.get_coordinates(shapely.centroid(geometry[filled]))
    return centres


@compiled
def _weigh(
    coordinates: NDArray[np.float64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    polygon: NDArray[np.int64],
    is_hole: NDArray[np.bool_],
    centres: NDArray[np.float64],
) -> None:
    """Write the centres of polygons with an area, from their rings in the order of the polygons."""
    ring = 0
    while ring < len(starts):
        number = polygon[ring]
        # All is relative to the first corner, which keeps the digits of small polygons far from the origin.
        base_x, base_y = coordinates[starts[ring], 0], coordinates[starts[ring], 1]
        area, moment_x, moment_y = 0.0, 0.0, 0.0
        while ring < len(starts) and polygon[ring] == number:
            twice, about_x, about_y = 0.0, 0.0, 0.0
            for at in range(starts[ring], ends[ring] - 1):
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
            ring += 1
        if area > 0:
            centres[number, 0] = base_x + moment_x / (3 * area)
            centres[number, 1] = base_y + moment_y / (3 * area)

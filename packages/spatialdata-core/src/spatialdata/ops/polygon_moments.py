"""Areas, centroids and second moments of polygons, exact up to rounding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.ops.circles import places_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["moments_of_polygons", "oriented_rings"]


def moments_of_polygons(polygons: NDArray[Any]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The areas, centroids and central second moments of polygons, which may have parts and holes.

    Parameters
    ----------
    polygons
        Array of n polygons or multipolygons.

    Returns
    -------
    Arrays of shape ``(n,)``, ``(n, 2)`` and ``(n, 2, 2)``; the moments are divided by the area, and nan without one.
    """
    import shapely

    rings, owner = oriented_rings(polygons)
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    origin = places_of(shapely.centroid(polygons))
    coordinates = coordinates - origin[owner[ring]]
    inner = ring[1:] == ring[:-1]
    (x0, y0), (x1, y1) = coordinates[:-1][inner].T, coordinates[1:][inner].T
    cross, of = x0 * y1 - x1 * y0, owner[ring[1:][inner]]

    def total(terms: FloatArray) -> FloatArray:
        return np.bincount(of, weights=terms, minlength=len(polygons)).astype(np.float64)

    area = total(cross) / 2
    has_area = area > 0
    whole = np.where(has_area, area, 1.0)
    shift = np.stack([total(cross * (x0 + x1)), total(cross * (y0 + y1))], axis=1) / (6 * whole[:, None])
    xx, yy = total(cross * (x0 * x0 + x0 * x1 + x1 * x1)) / 12, total(cross * (y0 * y0 + y0 * y1 + y1 * y1)) / 12
    xy = total(cross * (x0 * y1 + 2 * x0 * y0 + 2 * x1 * y1 + x1 * y0)) / 24
    second = np.stack([xx, xy, xy, yy], axis=1).reshape(-1, 2, 2) / whole[:, None, None]
    second = np.where(has_area[:, None, None], second - shift[:, :, None] * shift[:, None, :], np.nan)
    return area, origin + shift, second


def oriented_rings(polygons: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The rings, those around area against the clock and those around holes with it, and the polygon of each."""
    import shapely

    parts, whole = shapely.get_parts(polygons, return_index=True)
    outer = shapely.get_exterior_ring(parts)
    holes, part = shapely.get_rings(parts, return_index=True)
    first = np.ones(len(part), dtype=bool)
    first[1:] = part[1:] != part[:-1]
    holes, part = holes[~first], part[~first]
    outer = np.where(shapely.is_ccw(outer), outer, shapely.reverse(outer))
    holes = np.where(shapely.is_ccw(holes), shapely.reverse(holes), holes)
    return np.concatenate([outer, holes]), np.concatenate([whole, whole[part]])

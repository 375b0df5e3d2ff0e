"""Rings of polygons that run one way around area, and the other way around holes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["oriented_rings"]


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

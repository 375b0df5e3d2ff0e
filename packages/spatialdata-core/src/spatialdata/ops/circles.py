"""Circles: points with a radius."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["RADIUS_KEY", "are_circles", "places_of"]

RADIUS_KEY = "radius"


def are_circles(shapes: GeoDataFrame) -> bool:
    """Whether shapes are circles, which are points with a radius."""
    import shapely

    geometry = shapes.geometry.to_numpy()
    # The first of many polygons tells already.
    return bool(len(geometry)) and all((shapely.get_type_id(part) == 0).all() for part in (geometry[:1], geometry))


def places_of(points: NDArray[Any]) -> FloatArray:
    """The coordinates x, y of shapely points, of shape ``(n, 2)``; nan for empty ones."""
    import shapely

    places = np.full((len(points), 2), np.nan)
    present = ~shapely.is_empty(points)
    places[present] = shapely.get_coordinates(points[present])
    return places

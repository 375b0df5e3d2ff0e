"""Circles: points with a radius."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.models.packed import PackedPoints, PackedPolygons, packed_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from spatialdata.regions.project import Projection
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["RADIUS_KEY", "are_circles", "centres_and_areas", "keeps_discs", "places_of"]

RADIUS_KEY = "radius"


def are_circles(shapes: GeoDataFrame) -> bool:
    """Whether shapes are circles, which are points with a radius."""
    import shapely

    packed = packed_of(shapes)
    if packed is not None:
        return isinstance(packed, PackedPoints) and len(packed) > 0
    geometry = shapes.geometry.to_numpy()
    # The first of many polygons tells already.
    return bool(len(geometry)) and all((shapely.get_type_id(part) == 0).all() for part in (geometry[:1], geometry))


def keeps_discs(projection: Projection) -> bool:
    """Whether circles stay circles, because the map stretches all directions of the x-y plane alike."""
    stretches = np.linalg.svd(projection.plane().linear, compute_uv=False)
    return bool(np.isclose(stretches.max(), stretches.min(), rtol=1e-9))


def centres_and_areas(shapes: GeoDataFrame) -> tuple[FloatArray, FloatArray]:
    """The centres of gravity of polygons, of shape ``(n, 2)``, nan for empty ones; and their areas."""
    from spatialdata.kernels.centres import MANY, centres_and_areas_of, weighed

    packed = packed_of(shapes)
    if not isinstance(packed, PackedPolygons):
        return centres_and_areas_of(shapes.geometry.to_numpy())
    if len(packed) < MANY:
        return centres_and_areas_of(packed.geometries())
    centres, areas = weighed(packed.polygons)
    flat = np.flatnonzero(np.isnan(centres[:, 0]))
    centres[flat] = centres_and_areas_of(packed.take(flat).geometries())[0]
    return centres, areas


def places_of(points: NDArray[Any]) -> FloatArray:
    """The coordinates x, y of shapely points, of shape ``(n, 2)``; nan for empty ones."""
    import shapely

    places = np.full((len(points), 2), np.nan)
    present = ~shapely.is_empty(points)
    places[present] = shapely.get_coordinates(points[present])
    return places

"""Circles: points with a radius."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

__all__ = ["RADIUS_KEY", "are_circles"]

RADIUS_KEY = "radius"


def are_circles(shapes: GeoDataFrame) -> bool:
    """Whether shapes are circles, which are points with a radius."""
    import shapely

    return bool(len(shapes)) and bool((shapely.get_type_id(shapes.geometry.to_numpy()) == 0).all())

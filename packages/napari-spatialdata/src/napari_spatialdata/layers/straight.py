"""Elements that a transformation without a matrix puts into a coordinate system; layers have matrices only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["leads_straight", "straightened"]


def leads_straight(transformations: Mapping[str, Any], coordinate_system: str) -> bool:
    """Whether a transformation to a coordinate system has a matrix."""
    return bool(transformations[coordinate_system].is_linear)


def straightened(element: Any, coordinate_system: str) -> Any:
    """An element as it lies in a coordinate system: itself, or drawn anew there if no matrix leads to it.

    Pixels are drawn lazily, and circles become polygons.

    Parameters
    ----------
    element
        Image, labels, points or shapes.
    coordinate_system
        The coordinate system; the element must have a transformation to it.
    """
    from spatialdata import to_polygons, transform
    from spatialdata.transformations import get_transformation

    found: Any = get_transformation(element, get_all=True)
    if leads_straight(found, coordinate_system):
        return element
    shapes = "geometry" in getattr(element, "columns", ())
    return transform(to_polygons(element) if shapes else element, to_coordinate_system=coordinate_system)

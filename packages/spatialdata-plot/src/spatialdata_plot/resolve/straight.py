"""Elements whose place has no matrix, moved so that it has one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata_plot.resolve.element import levels_of

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["straight_levels", "straight_vectors"]


def straight_vectors(element: Any, coordinate_system: str) -> Any:
    """Points or shapes whose place in a coordinate system has a matrix: themselves, or moved vertex by vertex.

    Circles become polygons of 64 corners before they are bent.
    """
    from spatialdata import to_polygons, transform
    from spatialdata.transformations import get_transformation

    if get_transformation(element, coordinate_system).is_linear:
        return element
    return transform(
        to_polygons(element) if "geometry" in element.columns else element, to_coordinate_system=coordinate_system
    )


def straight_levels(element: Any, coordinate_system: str) -> list[DataArray]:
    """The levels of a raster whose place in a coordinate system has a matrix: its own, or lazily drawn anew.

    The new pixels are square, and as many as the raster has.
    """
    from spatialdata import get_extent, rasterize
    from spatialdata.transformations import get_transformation

    levels = levels_of(element)
    if get_transformation(element, coordinate_system).is_linear:
        return levels
    extent = get_extent(element, coordinate_system)
    lower, upper = ([extent[axis][side] for axis in ("x", "y")] for side in (0, 1))
    area = (upper[0] - lower[0]) * (upper[1] - lower[1])
    drawn = []
    for level in levels:
        fineness = float(np.sqrt(level.sizes["y"] * level.sizes["x"] / area))
        drawn.append(
            rasterize(
                level,
                ("x", "y"),
                lower,
                upper,
                coordinate_system,
                target_unit_to_pixels=fineness,
                return_regions_as_labels="c" not in level.dims,
            )
        )
    return drawn

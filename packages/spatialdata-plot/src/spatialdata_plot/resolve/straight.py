"""Elements whose place has no matrix, moved so that it has one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata_plot.resolve.element import levels_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from xarray import DataArray

__all__ = ["bent_outline", "straight_levels", "straight_vectors"]

_PIECES = 256


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


def bent_outline(element: Any, coordinate_system: str) -> NDArray[np.float64] | None:
    """The border of a raster in a coordinate system, from whose pixels a non-linear map leads there.

    The new pixels of :func:`straight_levels` cover the box around it, and those outside of the border show nothing.

    Returns
    -------
    x and y of a closed line, shape (n, 2); None if the place has a matrix.
    """
    from spatialdata.transformations import get_transformation

    transformation = get_transformation(element, coordinate_system)
    if transformation.is_linear:
        return None
    level = levels_of(element)[0]
    along = np.linspace(0, 1, _PIECES, endpoint=False)
    still = np.zeros_like(along)
    sides = [(along, still), (still + 1, along), (1 - along, still + 1), (still, 1 - along), (still[:1], still[:1])]
    corners = np.concatenate([np.column_stack(side) for side in sides])
    border = corners * [level.sizes["x"], level.sizes["y"]]
    return np.asarray(transformation.transform_coordinates(border, ("x", "y")))

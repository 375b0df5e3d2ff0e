"""The depths of shapes with z, by which boxes with bounds along z choose; otherwise shapes are flat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatialdata.errors import TransformationError
from spatialdata.ops.circles import are_circles
from spatialdata.regions.placed import PlacedBox
from spatialdata.regions.project import Projection, projection_over
from spatialdata.regions.region import BoundingBox
from spatialdata.transformations.attach import get_transformation

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from spatialdata.regions.kinds import Region
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["rows_at_depths"]


def rows_at_depths(shapes: GeoDataFrame, region: Region, rule: str) -> NDArray[np.bool_]:
    """Which shapes lie at the depths of a region: all, unless it is a box with bounds along z and they have z.

    Parameters
    ----------
    shapes
        The shapes. Those without z lie at all depths.
    region
        The region.
    rule
        ``"meets"``: polygons some part of which lies between the bounds, circles whose centre does. ``"within"``:
        those that lie there wholly. ``"centroid"``: those of which the middle between the least and the greatest z
        does.

    Raises
    ------
    TransformationError
        The transformation is not linear, or mixes z with x or y.
    """
    if not isinstance(region, BoundingBox) or "z" not in region.axes or not bool(shapes.geometry.array.has_z.any()):
        return np.ones(len(shapes), dtype=bool)
    low, high = region.bounds("z")
    lower, upper = _depths(shapes, region.target_coordinate_system)
    if rule == "within":
        inside = (lower >= low) & (upper <= high)
    elif rule == "meets" and not are_circles(shapes):
        inside = (lower <= high) & (upper >= low)
    else:
        box = PlacedBox(Projection.identity(("z",)), np.array([low]), np.array([high]), region.closed)
        inside = box.contains(((lower + upper) / 2)[:, None], border=True)
    return np.asarray(inside | np.isnan(lower))


def _depths(shapes: GeoDataFrame, system: str) -> tuple[FloatArray, FloatArray]:
    """The least and the greatest z of each shape in a coordinate system; nan for those without z."""
    import shapely

    transformation = get_transformation(shapes, system)
    if not transformation.is_linear:
        raise TransformationError(
            f"The box is bounded along z, and the shapes have z and lie in {system!r} by a transformation that is not "
            "linear. Leave z out of the box, or drop it from the shapes with spatialdata.models.force_2d."
        )
    space = projection_over(transformation, ("x", "y", "z"))
    space.plane()
    z = space.axes.index("z")
    coordinates, owner = shapely.get_coordinates(shapes.geometry.to_numpy(), include_z=True, return_index=True)
    depths = coordinates[:, 2] * space.linear[z, z] + space.offset[z]
    filled, starts = np.unique(owner, return_index=True)
    lower, upper = np.full((2, len(shapes)), np.nan)
    if len(filled):
        lower[filled], upper[filled] = np.fmin.reduceat(depths, starts), np.fmax.reduceat(depths, starts)
    return lower, upper

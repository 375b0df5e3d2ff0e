"""Elements that lie alike in a coordinate system, so that neither need be moved to bring them together."""

from __future__ import annotations

from typing import Any

import numpy as np

from spatialdata._core.elements import is_raster, is_shapes, spatial_axes_of
from spatialdata.models.shallow import with_transformations
from spatialdata.ops.circles import are_circles
from spatialdata.regions.between import Between
from spatialdata.regions.project import plane_of, projection_of
from spatialdata.transformations.attach import get_transformation
from spatialdata.transformations.linear import Identity, Translation

__all__ = ["unmoved"]


def unmoved(first: Any, second: Any, system: str) -> tuple[Any, Any] | None:
    """Two elements as they are, as if they lay there, where the same linear map takes both to a coordinate system.

    What touches or shares a border then still does, which rounding may end where it is moved. The first is shifted
    where one was cut out of the other. None where the maps differ otherwise, where nothing is gained, or where it is
    not the same: for circles, whose radius does not follow each map, for rasters with a depth, and where z is mixed
    with x or y.
    """
    maps = [get_transformation(element, system) for element in (first, second)]
    if not all(one.is_linear for one in maps) or any(map(_is_bound, (first, second))):
        return None
    if any(projection_of(element, system).mixes_depth for element in (first, second)):
        return None
    one, other = (plane_of(element, found) for element, found in zip((first, second), maps, strict=True))
    if other.is_identity or np.linalg.matrix_rank(other.linear) < len(other.axes):
        return None
    between = Between.of(one, other)
    if not np.array_equal(between.linear, np.eye(len(between.axes))):
        return None
    shift = Translation(between.offset, between.axes) if between.offset.any() else Identity()
    return with_transformations(first, {system: shift}), with_transformations(second, {system: Identity()})


def _is_bound(element: Any) -> bool:
    return are_circles(element) if is_shapes(element) else is_raster(element) and "z" in spatial_axes_of(element)

"""The centres of instances."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from spatialdata._core.elements import spatial_axes_of
from spatialdata.errors import UnsupportedElementError
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.packed import PackedPoints, packed_of
from spatialdata.models.points import PointsModel
from spatialdata.ops.circles import are_circles, centres_and_areas
from spatialdata.ops.region_pixels import gather_labels
from spatialdata.ops.transform_vector import moved_points
from spatialdata.regions.project import motion_of
from spatialdata.transformations.attach import attach_transformations, get_transformation
from spatialdata.transformations.linear import Identity

if TYPE_CHECKING:
    import pandas as pd

    from spatialdata.models.label_runs import BlockShapes
    from spatialdata.models.points_frame import PointsFrame
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["centres_of_shapes", "get_centroids"]


def get_centroids(e: Any, coordinate_system: str = "global", return_background: bool = False) -> PointsFrame:
    """The centres of the instances of an element, in a coordinate system.

    Parameters
    ----------
    e
        Labels, shapes or points.
    coordinate_system
        The coordinate system of the result.
    return_background
        For labels, treat the background (0) as an instance.

    Returns
    -------
    Points with the columns x, y(, z), in that coordinate system only; the index holds the ids of the instances.
    The centre of labels is the mean of their pixel centres; that of polygons is weighted by area. Where the place of
    the element is not linear, the centres are those before the map, moved by it.

    Raises
    ------
    UnsupportedElementError
        The element is an image or a table.
    UnknownCoordinateSystemError
        The element is not in the coordinate system.
    ValueError
        ``return_background`` was given for something other than labels.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> labels = Labels2DModel.parse(np.array([[0, 3, 3], [0, 3, 3]]))
    >>> get_centroids(labels).compute().loc[3].tolist()
    [2.0, 1.0]
    """
    kind = kind_of(e)
    if return_background and kind is not Kind.LABELS:
        raise ValueError(f"return_background is for labels; {kind.value} have no background.")
    find = CENTROIDS[kind]
    if find is None:
        what = "An image" if kind is Kind.IMAGE else "A table"
        raise UnsupportedElementCentroidsError(
            f"{what} has no instances and no centroids. Labels, shapes and points have."
        )
    return find(e, coordinate_system, return_background)


class UnsupportedElementCentroidsError(UnsupportedElementError, ValueError):
    """Centroids were asked of an element that has none."""


def _of_labels(labels: Any, system: str, background: bool) -> PointsFrame:
    move = motion_of(labels, system)
    found = gather_labels(labels, background=background)
    shapes = cast("BlockShapes", found.shapes)
    return _points(move(shapes.centre), move.axes, found.ids, system)


def _of_shapes(shapes: Any, system: str, background: bool) -> PointsFrame:  # noqa: ARG001
    move = motion_of(shapes, system)
    return _points(move(centres_of_shapes(shapes)), move.axes, shapes.index, system)


def centres_of_shapes(shapes: Any) -> FloatArray:
    """The centres of shapes, of shape ``(n, 2)``; nan for empty ones."""
    import shapely

    packed = packed_of(shapes)
    if isinstance(packed, PackedPoints):
        return packed.coordinates
    if are_circles(shapes):
        geometry = shapes.geometry.to_numpy()
        return np.stack([shapely.get_x(geometry), shapely.get_y(geometry)], axis=1)
    return centres_and_areas(shapes)[0]


def _of_points(points: Any, system: str, background: bool) -> PointsFrame:  # noqa: ARG001
    moved = moved_points(points[list(spatial_axes_of(points))], get_transformation(points, system))
    moved.attrs = {}
    attach_transformations(moved, {system: Identity()})
    return moved


def _points(centres: FloatArray, axes: tuple[str, ...], index: Any, system: str) -> PointsFrame:
    import pandas as pd

    ordered = [axis for axis in ("x", "y", "z") if axis in axes]
    frame: pd.DataFrame = pd.DataFrame({axis: centres[:, axes.index(axis)] for axis in ordered}, index=index)
    return PointsModel.parse(frame, transformations={system: Identity()})


CENTROIDS: dict[Kind, Callable[[Any, str, bool], PointsFrame] | None] = {
    Kind.IMAGE: None,
    Kind.LABELS: _of_labels,
    Kind.POINTS: _of_points,
    Kind.SHAPES: _of_shapes,
    Kind.TABLE: None,
}

"""The centres of instances."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import levels_of, spatial_axes_of
from spatialdata.errors import UnsupportedElementError
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.points import PointsModel
from spatialdata.ops.transform_vector import moved_points
from spatialdata.regions.project import projection_of
from spatialdata.relations.blocks import computed
from spatialdata.transformations.attach import attach_transformations, get_transformation
from spatialdata.transformations.linear import Identity

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from spatialdata.models.points_frame import PointsFrame
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["get_centroids"]


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
    The centre of labels is the mean of their pixel centres; that of polygons is weighted by area.

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
    projection = projection_of(labels, system)
    ids, centres = _mean_positions(levels_of(labels)[0].data)
    if not background:
        keep = ids != 0
        ids, centres = ids[keep], centres[keep]
    return _points(projection(centres), projection.axes, ids, system)


def _mean_positions(data: Any) -> tuple[NDArray[Any], FloatArray]:
    """The ids in an array and the mean of the centres of their pixels, found block by block."""
    import dask

    starts = [np.concatenate([[0], np.cumsum(sizes)])[:-1] for sizes in data.chunks]
    blocks = data.to_delayed()
    count = dask.delayed(_block_sums)
    parts = [
        count(blocks[position], [int(starts[axis][index]) for axis, index in enumerate(position)])
        for position in np.ndindex(blocks.shape)
    ]
    found = computed(parts, "centres of labels")
    ids, inverse = np.unique(np.concatenate([part[0] for part in found]), return_inverse=True)
    sums = np.concatenate([part[1] for part in found])
    total = np.stack([np.bincount(inverse, weights=column, minlength=len(ids)) for column in sums.T], axis=1)
    return ids, total[:, 1:] / total[:, :1]


def _block_sums(block: NDArray[Any], start: list[int]) -> tuple[NDArray[Any], FloatArray]:
    """The ids in a block; for each the number of pixels and the sums of their centres along the axes."""
    block = np.asarray(block)
    ids, inverse = np.unique(block, return_inverse=True)
    flat = inverse.ravel()
    columns = [np.bincount(flat, minlength=len(ids)).astype(np.float64)]
    for axis, first in enumerate(start):
        centre = first + np.arange(block.shape[axis]) + 0.5
        shape = [-1 if other == axis else 1 for other in range(block.ndim)]
        weights = np.broadcast_to(centre.reshape(shape), block.shape).ravel()
        columns.append(np.bincount(flat, weights=weights, minlength=len(ids)).astype(np.float64))
    return ids.astype(np.int64) if ids.dtype == bool else ids, np.stack(columns, axis=1)


def _of_shapes(shapes: Any, system: str, background: bool) -> PointsFrame:  # noqa: ARG001
    import shapely

    projection = projection_of(shapes, system)
    centres = shapely.get_coordinates(shapely.force_2d(shapely.centroid(shapes.geometry.to_numpy())))
    return _points(projection(centres), projection.axes, shapes.index, system)


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

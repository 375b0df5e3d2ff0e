"""Points aggregated by labels: each point counts for the label of the pixel that it lies in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import levels_of, spatial_axes_of
from spatialdata.ops.aggregate_plan import Plan
from spatialdata.ops.frames import coordinates_of, partitions_of, windowed
from spatialdata.regions.project import Projection, projection_of
from spatialdata.regions.region import BoundingBox
from spatialdata.relations.instances import instance_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from spatialdata._core.sources import Window
    from spatialdata.ops.aggregate_funcs import AggFunc
    from spatialdata.ops.aggregate_values import ValueSource
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["aggregate_points_by_labels"]


def aggregate_points_by_labels(
    points: Any, labels: Any, values: ValueSource, funcs: tuple[AggFunc, ...], system: str
) -> tuple[csr_matrix, list[str], NDArray[Any]]:
    """Values of the points in the pixels of each label.

    Parameters
    ----------
    points
        The points; one partition, and the chunks of labels under it, are in memory at a time.
    labels
        The labels, 2D or 3D; 2D labels take points at any depth. Their finest level counts.
    values
        The values of the points.
    funcs
        The functions.
    system
        The coordinate system in which the two are brought together.

    Returns
    -------
    Sparse matrix of shape ``(labels, variables)``; the names of the variables; the ids of the labels, sorted,
    without the background.
    """
    there, back = projection_of(points, system), projection_of(labels, system).inverse()
    if not set(back.axes) <= set(there.axes):
        raise NotImplementedError(
            f"Points with the axes {there.axes} cannot be aggregated by labels with the axes {back.axes}: "
            "they have no depth. Select a plane of the labels first."
        )
    mask, ids = levels_of(labels)[0].data, instance_ids(labels).to_numpy()
    columns = list(dict.fromkeys([*there.axes, *values.columns]))
    meta, _ = values.rows(points._meta[columns])  # noqa: SLF001
    template = meta if values.table is None else values.table
    plan = Plan.of(funcs, len(ids), template, fractions=False, weighted=values.weighted)
    parts = []
    near = windowed(points, _window(points, labels, system))
    for rows in partitions_of(near, columns, "aggregation of points"):
        found, present = values.rows(rows)
        label = _labels_at(mask, _pixels(rows, there, back))
        row = np.flatnonzero((label != 0) & present)
        region = np.searchsorted(ids, label[row]).astype(np.int32)
        parts.append(plan.part(region, row, found))
    return (*plan.result(plan.merged(parts)), ids)


def _window(points: Any, labels: Any, system: str) -> Window:
    """The box around the labels in the coordinates of the points."""
    from spatialdata.regions.project import place

    projection = projection_of(labels, system)
    sizes = np.array([levels_of(labels)[0].sizes[axis] for axis in spatial_axes_of(labels)], dtype=np.float64)
    lower, upper = projection.box(np.zeros_like(sizes), sizes)
    box = BoundingBox(target_coordinate_system=system, axes=projection.axes, min_coordinate=lower, max_coordinate=upper)
    return place(box, points).window()


def _pixels(rows: Any, there: Projection, back: Projection) -> FloatArray:
    """The pixel coordinates of points, in the order of the axes of the labels."""
    world = there(coordinates_of(rows, there.axes))
    return back(world[:, [there.axes.index(axis) for axis in back.axes]])


def _labels_at(mask: Any, pixels: FloatArray) -> NDArray[Any]:
    """The label under each point, 0 outside; only chunks with points are read."""
    import dask

    with np.errstate(invalid="ignore"):
        inside = ((pixels >= 0) & (pixels < np.array(mask.shape))).all(axis=1)
    points = np.flatnonzero(inside)
    index = np.floor(pixels[points]).astype(np.int64)
    edges = [np.concatenate([[0], np.cumsum(sizes)]) for sizes in mask.chunks]
    chunk = [np.searchsorted(edge, index[:, axis], side="right") - 1 for axis, edge in enumerate(edges)]
    number = np.ravel_multi_index(chunk, mask.numblocks)
    order = np.argsort(number, kind="stable")
    wanted, start = np.unique(number[order], return_index=True)
    blocks = mask.to_delayed().ravel()
    take = dask.delayed(_taken, pure=False)
    pieces, tasks = np.split(order, start[1:]) if len(wanted) else [], []
    for one, piece in zip(wanted.tolist(), pieces, strict=True):
        position = np.unravel_index(one, mask.numblocks)
        corner = [edge[at] for edge, at in zip(edges, position, strict=True)]
        tasks.append(take(blocks[one], index[piece] - corner))
    label = np.zeros(len(pixels), dtype=np.int64 if mask.dtype == bool else mask.dtype)
    for piece, found in zip(pieces, dask.compute(*tasks), strict=True):
        label[points[piece]] = found
    return label


def _taken(block: NDArray[Any], index: NDArray[np.int64]) -> NDArray[Any]:
    return np.asarray(block[tuple(index.T)])

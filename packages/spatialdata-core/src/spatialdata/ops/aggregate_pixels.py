"""Points aggregated by labels: each point counts for the label of the pixel that it lies in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import lazy_levels_of, spatial_axes_of
from spatialdata.ops.aggregate_plan import Part, Plan
from spatialdata.ops.frames import coordinates_of, over_partitions, partitions_of, plain_rows, windowed
from spatialdata.ops.label_pixels import LabelPixels
from spatialdata.regions.between import Between
from spatialdata.regions.project import projection_of
from spatialdata.regions.region import BoundingBox
from spatialdata.relations.instances import instance_ids

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from spatialdata._core.axes import ValidAxis
    from spatialdata._core.sources import Window
    from spatialdata.ops.aggregate_funcs import AggFunc
    from spatialdata.ops.aggregate_values import ValueSource
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["aggregate_points_by_labels"]

_DESCRIPTION = "aggregation of points"


def aggregate_points_by_labels(
    points: Any, labels: Any, values: ValueSource, funcs: tuple[AggFunc, ...], system: str
) -> tuple[csr_matrix, list[str], NDArray[Any]]:
    """Values of the points in the pixels of each label.

    Parameters
    ----------
    points
        The points. Each partition, and the chunks of labels under it, is read where dask works on it.
    labels
        The labels, 2D or 3D; 2D labels take points at any depth, and points without a depth lie at all depths of 3D
        labels. Their finest level counts.
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
    there, of_labels = projection_of(points, system), projection_of(labels, system)
    flat = "z" in of_labels.axes and "z" not in there.axes
    to_pixels = Between.of(there, of_labels.plane().over(("y", "x")) if flat else of_labels)
    ids = instance_ids(labels).to_numpy()
    columns = list(dict.fromkeys([*there.axes, *values.columns]))
    template = values.template(points._meta[columns])  # noqa: SLF001
    plan = Plan.of(funcs, len(ids), template, fractions=False, weighted=values.weighted)
    mask = LabelPixels.of(lazy_levels_of(labels)[0].data)
    work = _LabelsWork(there.axes, to_pixels, mask, ids, values, plan)
    window = _window(points, labels, system)
    near = plain_rows(points, columns, window) if values.table is None else windowed(points, window)
    if mask.scattered:
        found = _result(plan, [work(rows) for rows in partitions_of(near, columns, _DESCRIPTION)])
    else:
        found = over_partitions(near, columns, work, partial(_result, plan), _DESCRIPTION)
    return (*found, ids)


@dataclass(frozen=True, slots=True)
class _LabelsWork:
    """What is done with each partition of points, where the partition is.

    Attributes
    ----------
    axes
        The axes of the points.
    to_pixels
        The map from their coordinates to pixels.
    mask
        The labels.
    ids
        Their ids, sorted.
    source, plan
        The values, and what becomes of them.
    """

    axes: tuple[ValidAxis, ...]
    to_pixels: Between
    mask: LabelPixels
    ids: NDArray[Any]
    source: ValueSource
    plan: Plan

    def __call__(self, rows: pd.DataFrame) -> Part:
        found, present = self.source.rows(rows)
        where = self.to_pixels(coordinates_of(rows, self.axes))
        row, label = self.mask.under(where) if where.shape[1] < self.mask.pixels.ndim else self._in_pixels(where)
        keep = present[row]
        region = np.searchsorted(self.ids, label[keep]).astype(np.int32)
        return self.plan.part(region, row[keep], found)

    def _in_pixels(self, where: FloatArray) -> tuple[NDArray[np.intp], NDArray[Any]]:
        label = self.mask.at(where)
        row = np.flatnonzero(label)
        return row, label[row]


def _result(plan: Plan, parts: list[Part]) -> tuple[csr_matrix, list[str]]:
    return plan.result(plan.merged(parts))


def _window(points: Any, labels: Any, system: str) -> Window:
    """The box around the labels in the coordinates of the points."""
    from spatialdata.regions.place import place

    projection = projection_of(labels, system)
    sizes = np.array([lazy_levels_of(labels)[0].sizes[axis] for axis in spatial_axes_of(labels)], dtype=np.float64)
    lower, upper = projection.box(np.zeros_like(sizes), sizes)
    box = BoundingBox(target_coordinate_system=system, axes=projection.axes, min_coordinate=lower, max_coordinate=upper)
    return place(box, points).window()

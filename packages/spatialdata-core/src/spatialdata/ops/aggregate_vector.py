"""Points and shapes aggregated by shapes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import listing
from spatialdata.ops.aggregate_plan import Part, Plan
from spatialdata.ops.aggregate_sparse import SparseTable, sums_of_sparse
from spatialdata.ops.figures import Figures
from spatialdata.ops.frames import over_partitions, plain_rows, plane_coordinates, windowed
from spatialdata.ops.pairs import pairs_of_shapes, shared_areas
from spatialdata.regions.project import window_around

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from spatialdata.ops.aggregate_funcs import AggFunc
    from spatialdata.ops.aggregate_values import ValueSource
    from spatialdata.ops.pairs import Locator
    from spatialdata.regions.project import Projection
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["aggregate_points", "aggregate_shapes", "areas_of"]

_POINTS_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True)
class _PointsWork:
    """What is done with each partition of points."""

    plane: Projection
    locate: Locator
    source: ValueSource
    plan: Plan

    def __call__(self, rows: pd.DataFrame) -> list[Part]:
        parts = []
        for start in range(0, max(len(rows), 1), _POINTS_AT_ONCE):
            batch = rows.iloc[start : start + _POINTS_AT_ONCE]
            point, region = self.locate(*plane_coordinates(batch, self.plane))
            values, present = self.source.rows(batch)
            if not present.all():
                keep = present[point]
                point, region = point[keep], region[keep]
            parts.append(self.plan.part(region, point, values))
        return parts


def _result(plan: Plan, found: list[list[Part]]) -> tuple[csr_matrix, list[str]]:
    return plan.result(plan.merged([part for parts in found for part in parts]))


def aggregate_points(
    points: Any,
    projection: Projection,
    locate: Locator,
    values: ValueSource,
    funcs: tuple[AggFunc, ...],
) -> tuple[csr_matrix, list[str]]:
    """Values of the points that lie on each region.

    Parameters
    ----------
    points
        The points. Of those that come from a store, only the row groups near regions are read. As many partitions
        are in memory at a time as are worked on.
    projection
        The map from their coordinates to those of the regions.
    locate
        Finds the regions of points.
    values
        The values of the points.
    funcs
        The functions.

    Returns
    -------
    Sparse matrix of shape ``(regions, variables)``, and the names of the variables.
    """
    plane = projection.plane()
    columns = list(dict.fromkeys([*plane.axes, *values.columns]))
    template = values.template(points._meta[columns])  # noqa: SLF001
    plan = Plan.of(funcs, len(locate), template, fractions=False, weighted=values.weighted)
    work = _PointsWork(plane, locate, values, plan)
    window = window_around(plane, *locate.bounds())
    near = plain_rows(points, columns, window) if values.table is None else windowed(points, window)
    result: tuple[csr_matrix, list[str]] = over_partitions(
        near, columns, work, partial(_result, plan), "aggregation of points"
    )
    return result


def aggregate_shapes(
    shapes: GeoDataFrame,
    by: GeoDataFrame,
    values: ValueSource,
    funcs: tuple[AggFunc, ...],
    buffer_resolution: int | None,
    *,
    fractions: bool,
    overlapping: bool = False,
) -> tuple[csr_matrix, list[str]]:
    """Values of the shapes that meet each region.

    Parameters
    ----------
    shapes
        The shapes with values.
    by
        The regions, in the same coordinates.
    values
        The values of the shapes.
    funcs
        The functions.
    buffer_resolution
        Take circles as polygons with that many segments in a quarter of a circle; exactly as circles if None.
    fractions
        Weight each value by the part of its shape's area that lies on the region; shapes that only touch it do not
        count.
    overlapping
        Leave out shapes that only touch a region, without weights as well.

    Returns
    -------
    Sparse matrix of shape ``(regions, variables)``, and the names of the variables.
    """
    figures, regions = Figures.of(shapes, buffer_resolution), Figures.of(by, buffer_resolution)
    if fractions or overlapping:
        figures, regions = figures.repaired(), regions.repaired()
    plan = Plan.of(funcs, len(by), values.template(shapes.iloc[:0]), fractions=fractions, weighted=values.weighted)
    position, present = values.positions(shapes)
    value, region = pairs_of_shapes(figures, regions, sharing=fractions or overlapping)
    keep = present[value]
    value, region = value[keep], region[keep]
    weight = None
    if fractions:
        weight = _fractions(figures, regions, value, region)
        keep = weight > 0
        value, region, weight = value[keep], region[keep], weight[keep]
    elif overlapping:
        keep = shared_areas(figures, regions, value, region) > 0
        value, region = value[keep], region[keep]
    of_region = region.astype(np.int32)
    if isinstance(values.table, SparseTable):
        found = sums_of_sparse(plan, values.table, of_region, position[value], weight)
        if found is not None:
            return found
    return plan.result(plan.merged([plan.part(of_region, value, values.rows(shapes)[0], weight)]))


def _fractions(figures: Figures, regions: Figures, value: NDArray[np.intp], region: NDArray[np.intp]) -> FloatArray:
    return shared_areas(figures, regions, value, region) / areas_of(figures, value)


def areas_of(figures: Figures, value: NDArray[np.intp]) -> FloatArray:
    """The areas of some figures, of which parts are to be taken.

    Raises
    ------
    ValueError
        One has no area.
    """
    areas = figures.areas[value]
    flat = np.unique(value[areas == 0])
    if len(flat):
        raise ValueError(
            f"{len(flat)} shapes have no area, so that no fraction of it can be taken; "
            f"for example those at the positions {listing(flat[:5])}. Drop them, or aggregate with fractions=False."
        )
    return areas

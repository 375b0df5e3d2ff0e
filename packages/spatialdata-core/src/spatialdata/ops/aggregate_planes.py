"""Flat values aggregated by labels with a depth, plane by plane: a flat value lies at all depths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import lazy_levels_of
from spatialdata.ops.aggregate_plan import Plan
from spatialdata.ops.aggregate_vector import areas_of
from spatialdata.ops.figures import Figures
from spatialdata.ops.label_polygons import label_polygons
from spatialdata.ops.pairs import pairs_of_shapes, shared_areas
from spatialdata.regions.project import projection_of
from spatialdata.relations.instances import instance_ids

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from spatialdata.ops.aggregate_funcs import AggFunc
    from spatialdata.ops.aggregate_values import ValueSource
    from spatialdata.regions.project import Projection
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["shapes_by_volumes"]


def shapes_by_volumes(
    shapes: GeoDataFrame,
    labels: Any,
    values: ValueSource,
    funcs: tuple[AggFunc, ...],
    system: str,
    buffer_resolution: int | None,
    *,
    fractions: bool,
) -> tuple[csr_matrix, list[str], NDArray[Any]]:
    """Values of the shapes that share an area with a label on any plane.

    Parameters
    ----------
    shapes
        The shapes with values, in the coordinate system.
    labels
        The labels with a depth; their pixels are taken as squares.
    values
        The values of the shapes.
    funcs
        The functions.
    system
        The coordinate system, in which planes of the labels stay planes.
    buffer_resolution
        As for :func:`spatialdata.aggregate`.
    fractions
        Weight each value by the part of the column over its shape, as high as the labels, that lies in the region.

    Returns
    -------
    Sparse matrix of shape ``(labels, variables)``; the names of the variables; the ids of the regions, sorted.
    """
    figures = Figures.of(shapes, buffer_resolution).repaired()
    planes, ids = lazy_levels_of(labels)[0].data, instance_ids(labels).to_numpy()
    value, region, area = _shared_columns(figures, planes, projection_of(labels, system).plane(), ids)
    table, present = values.rows(shapes)
    plan = Plan.of(funcs, len(ids), table, fractions=fractions, weighted=values.weighted)
    keep = present[value]
    value, region, area = value[keep], region[keep], area[keep]
    weight = area / (areas_of(figures, value) * len(planes)) if fractions else None
    return *plan.result(plan.merged([plan.part(region.astype(np.int32), value, table, weight)])), ids


def _shared_columns(
    figures: Figures, planes: Any, projection: Projection, ids: NDArray[Any]
) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
    """The pairs (number of the figure, number of the label) that share an area, and the sum of it over all planes."""
    import shapely
    from tqdm import tqdm

    pairs = [np.zeros(0, dtype=np.intp)]
    areas = [np.zeros(0)]
    for plane in tqdm(planes, desc="planes of labels", unit="plane", disable=None, leave=False, delay=0.5):
        found, outlines = label_polygons(plane)
        outlines = shapely.transform(outlines, projection)
        regions = Figures(outlines, np.zeros((0, 2)), None)
        value, region = pairs_of_shapes(figures, regions, sharing=True)
        area = shared_areas(figures, regions, value, region)
        shared = area > 0
        pairs.append(value[shared] * max(len(ids), 1) + np.searchsorted(ids, found)[region[shared]])
        areas.append(area[shared])
    pair, place = np.unique(np.concatenate(pairs), return_inverse=True)
    value, region = np.divmod(pair, max(len(ids), 1))
    total = np.bincount(place.ravel(), weights=np.concatenate(areas), minlength=len(pair))
    return value, region, total.astype(np.float64)

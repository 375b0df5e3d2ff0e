"""Outlines of labels with a depth as they are seen along z."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.ops.label_polygons import label_polygons

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["shadow_polygons"]


def shadow_polygons(planes: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """The outline of what each label covers on any plane.

    Parameters
    ----------
    planes
        Dask array of shape ``(depth, height, width)``.

    Returns
    -------
    ids
        The labels, sorted, without the background.
    polygons
        For each a polygon or a multipolygon in pixels; they may overlap.
    """
    import shapely
    from tqdm import tqdm

    bar = tqdm(planes, desc="planes of labels", unit="plane", disable=None, leave=False, delay=0.5)
    found = [(np.zeros(0, dtype=planes.dtype), np.zeros(0, dtype=object)), *map(label_polygons, bar)]
    ids, polygons = (np.concatenate(parts) for parts in zip(*found[1:] or found, strict=True))
    order = np.argsort(ids, kind="stable")
    unique, first, count = np.unique(ids[order], return_index=True, return_counts=True)
    polygons = polygons[order]
    shadows = polygons[first]
    for number in np.flatnonzero(count > 1):
        shadows[number] = shapely.union_all(polygons[first[number] : first[number] + count[number]])
    return unique, shadows

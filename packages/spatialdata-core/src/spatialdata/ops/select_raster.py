"""Queries of images and labels: the pixels whose centre lies inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.axes import SPATIAL_AXES
from spatialdata._core.elements import is_tree, levels_of
from spatialdata.grids.grid import pixels_between
from spatialdata.models.pyramid import level_coordinates, tree_of
from spatialdata.regions.project import place
from spatialdata.regions.region import BoundingBox
from spatialdata.transformations.attach import TRANSFORM_KEY, attach_transformations, transformations_of
from spatialdata.transformations.linear import Sequence as Chain
from spatialdata.transformations.linear import Translation

if TYPE_CHECKING:
    from dask.array import Array
    from xarray import DataArray, DataTree

    from spatialdata._core.sources import Window
    from spatialdata.regions.region import Region

__all__ = ["raster_request", "select_raster"]


def select_raster(raster: Any, regions: Sequence[Region]) -> list[DataArray | DataTree | None]:
    """The part of a raster inside each of several regions.

    Parameters
    ----------
    raster
        An image or labels, of one or several scales.
    regions
        The regions. Of a polygon its bounding box is taken; of a box that is turned against the pixels, the rectangle
        of pixels around it.

    Returns
    -------
    For each region a lazy raster, or None where no pixel centre lies inside. Its pixels are where they were: every
    transformation starts with the Translation by the first pixel taken. Each level is cut by the same bounds;
    levels that become empty are left out.
    """
    return [_cut(raster, place(_rectangle(region), raster).window()) for region in regions]


def _rectangle(region: Region) -> BoundingBox:
    """The box around a region in its coordinate system."""
    if isinstance(region, BoundingBox):
        return region
    x_min, y_min, x_max, y_max = region.polygon.bounds
    return BoundingBox(
        target_coordinate_system=region.target_coordinate_system,
        axes=("x", "y"),
        min_coordinate=np.array([x_min, y_min]),
        max_coordinate=np.array([x_max, y_max]),
    )


def raster_request(raster: Any, region: Region) -> dict[str, slice]:
    """The bounds of a region in the pixel coordinates of a raster, by axis, for xarray's ``sel``."""
    window = place(_rectangle(region), raster).window()
    return {axis: slice(*window.bounds(axis)) for axis in levels_of(raster)[0].dims if axis in window.axes}


def _cut(raster: Any, window: Window) -> DataArray | DataTree | None:
    full, *coarser = levels_of(raster)
    slices = _slices(full, full, window)
    if _is_empty(slices):
        return None
    finest = _level(full, slices, {})
    levels = [finest]
    for level in coarser:
        slices_here = _slices(level, full, window)
        if _is_empty(slices_here):
            break
        levels.append(_level(level, slices_here, dict(finest.sizes)))
    result = tree_of(levels) if is_tree(raster) else finest
    start = {str(axis): part.start for axis, part in slices.items() if axis in SPATIAL_AXES}
    attach_transformations(result, _moved(raster, start))
    return result


def _slices(level: DataArray, full: DataArray, window: Window) -> dict[str, slice]:
    return {
        str(axis): pixels_between(*window.bounds(str(axis)), level.sizes[axis], full.sizes[axis] / level.sizes[axis])
        for axis in level.dims
        if axis in SPATIAL_AXES
    }


def _is_empty(slices: dict[str, slice]) -> bool:
    return any(part.start >= part.stop for part in slices.values())


def _moved(raster: Any, start: dict[str, int]) -> dict[str, Any]:
    transformations = transformations_of(raster)
    if not any(start.values()):
        return dict(transformations)
    shift = Translation([float(value) for value in start.values()], tuple(start))
    return {name: Chain([shift, transformation]) for name, transformation in transformations.items()}


def _level(level: DataArray, slices: dict[str, slice], finest: dict[Any, int]) -> DataArray:
    """One level cut; its coordinates are counted anew, in pixels of the finest level."""
    from xarray import DataArray

    data = _regular(level.data[tuple(slices.get(str(dim), slice(None)) for dim in level.dims)])
    coords: dict[str, Any] = {}
    for dim, size in zip(level.dims, data.shape, strict=True):
        if dim in SPATIAL_AXES:
            coords[str(dim)] = level_coordinates(finest.get(dim, size), size)
        elif dim in level.coords:
            coords[str(dim)] = level.coords[dim].values
    attrs = {key: value for key, value in level.attrs.items() if key != TRANSFORM_KEY}
    return DataArray(data, dims=level.dims, coords=coords, name=level.name, attrs=attrs)


def _regular(data: Array) -> Array:
    """Rechunk an array whose chunks a store could not hold: of one size, but for a smaller last one."""
    chunks = tuple(
        sizes if len(set(sizes[:-1])) <= 1 and sizes[-1] <= sizes[0] else max(sizes) for sizes in data.chunks
    )
    return data if chunks == data.chunks else data.rechunk(chunks)

"""Images and labels resampled onto a grid of another coordinate system, level by level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.axes import SPATIAL_AXES, get_spatial_axes
from spatialdata._core.elements import axes_of, is_tree, levels_of
from spatialdata.grids.grid import Grid
from spatialdata.models.pyramid import kept_coordinates, level_coordinates, tree_of
from spatialdata.ops.resample import resample
from spatialdata.ops.warp import Warp, enclosing_box
from spatialdata.regions.project import Projection, projection_over
from spatialdata.transformations.attach import TRANSFORM_KEY
from spatialdata.transformations.linear import Identity, Translation

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dask.array as da
    from numpy.typing import NDArray
    from xarray import DataArray, DataTree

    from spatialdata._core.axes import ValidAxis
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["moved_raster", "resample"]


def moved_raster(
    raster: Any, transformation: BaseTransformation, order: int = 0
) -> tuple[DataArray | DataTree, Translation | Identity]:
    """A raster in other coordinates.

    Parameters
    ----------
    raster
        An image or labels, of one or several scales.
    transformation
        From its pixels to the new coordinates. A pure shift leaves the data as they are; otherwise they are
        resampled onto square pixels of size 1 that cover the whole raster, with 0 where there was nothing.
    order
        0 for the nearest pixel, 1 for linear and 3 for cubic interpolation.

    Returns
    -------
    raster
        The lazy raster, without transformations.
    position
        The transformation from its pixels to the new coordinates.
    """
    levels = levels_of(raster)
    axes = get_spatial_axes(axes_of(raster))
    full = np.array([levels[0].sizes[axis] for axis in axes], dtype=np.float64)
    if transformation.is_linear:
        projection = projection_over(transformation, axes_of(raster))
        if np.array_equal(projection.linear, np.eye(len(axes))):
            return _assembled(raster, [level.data for level in levels]), _position(axes, projection.offset)
        lower, upper = projection.box(np.zeros_like(full), full)
        back: Projection | BaseTransformation = projection.inverse()
    else:
        lower, upper = enclosing_box(transformation, full, axes)
        back = transformation.inverse()
    grid = Grid.enclosing(lower.tolist(), upper.tolist(), axes)
    data = [_moved_level(level, grid, back, full, lower, order) for level in levels]
    return _assembled(raster, data), _position(axes, lower)


def _position(axes: tuple[ValidAxis, ...], offset: NDArray[np.float64]) -> Translation | Identity:
    return Translation(offset, axes) if offset.any() else Identity()


def _moved_level(
    level: DataArray,
    grid: Grid,
    back: Projection | BaseTransformation,
    full: NDArray[np.float64],
    lower: NDArray[np.float64],
    order: int,
) -> da.Array:
    """One level resampled; a level that is coarser than the finest by some factor stays so."""
    sizes = np.array([level.sizes[axis] for axis in grid.axes], dtype=np.float64)
    coarse = grid.coarsen(dict(zip(grid.axes, full / sizes, strict=True)))
    step = np.array(grid.shape) / np.array(coarse.shape)
    shrink = sizes / full
    if not isinstance(back, Projection):
        return resample(level.data, Warp(back, grid.axes, lower, step, shrink), coarse.shape, order)
    linear = shrink[:, None] * back.linear * step
    offset = shrink * (back.linear @ lower + back.offset)
    return resample(level.data, Projection(back.axes, linear, offset), coarse.shape, order)


def _assembled(raster: Any, data: Sequence[da.Array]) -> DataArray | DataTree:
    """A raster like another one, of the data of its levels, with new coordinates and no transformations."""
    from xarray import DataArray

    made = []
    for level, array in zip(levels_of(raster), data, strict=True):
        coords = kept_coordinates(level)
        for index, dim in enumerate(level.dims):
            if dim in SPATIAL_AXES:
                coords[str(dim)] = level_coordinates(data[0].shape[index], array.shape[index])
        attrs = {key: value for key, value in level.attrs.items() if key != TRANSFORM_KEY}
        made.append(DataArray(array, dims=level.dims, coords=coords, name=level.name, attrs=attrs))
    return tree_of(made) if is_tree(raster) else made[0]

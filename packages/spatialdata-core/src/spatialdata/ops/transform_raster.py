"""Images and labels resampled onto a grid of another coordinate system, level by level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.axes import get_spatial_axes
from spatialdata._core.elements import axes_of, is_tree, lazy_levels_of
from spatialdata._core.levels import Along, level_coordinates, place_of
from spatialdata.grids.grid import Grid
from spatialdata.models.pyramid import kept_coordinates, tree_of
from spatialdata.ops.rasterize_raster import bounds_of_finest
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
    from spatialdata._core.levels import LevelPlace
    from spatialdata.ops.resample import Bounds
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["moved_raster", "resample"]

_WHOLE = 1e-9


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
    levels = lazy_levels_of(raster)
    axes = get_spatial_axes(axes_of(raster))
    places = [place_of(levels[0], level) for level in levels]
    full = np.array([levels[0].sizes[axis] for axis in axes], dtype=np.float64)
    if transformation.is_linear:
        projection = projection_over(transformation, axes_of(raster))
        if np.array_equal(projection.linear, np.eye(len(axes))):
            data = [level.data for level in levels]
            return _assembled(raster, data, places), _position(axes, projection.offset)
        lower, upper = projection.box(np.zeros_like(full), full)
        back: Projection | BaseTransformation = projection.inverse()
    else:
        lower, upper = enclosing_box(transformation, full, axes)
        back = transformation.inverse()
    grid = Grid.enclosing(lower.tolist(), upper.tolist(), axes)
    made = [_new_place(grid, place) for place in places]
    data = [
        _moved_level(level, grid, old, new, back, bounds_of_finest(levels[0], old), order)
        for level, old, new in zip(levels, places, made, strict=True)
    ]
    return _assembled(raster, data, made), _position(axes, lower)


def _position(axes: tuple[ValidAxis, ...], offset: NDArray[np.float64]) -> Translation | Identity:
    return Translation(offset, axes) if offset.any() else Identity()


def _new_place(grid: Grid, place: LevelPlace) -> LevelPlace:
    """How a level lies in a new grid: with pixels as large as before, whole ones only, but for at least one."""
    return {axis: Along(0.0, min(along.step, float(grid.size(axis)))) for axis, along in place.items()}


def _moved_level(
    level: DataArray,
    grid: Grid,
    old: LevelPlace,
    new: LevelPlace,
    back: Projection | BaseTransformation,
    bounds: Bounds,
    order: int,
) -> da.Array:
    """One level resampled; a level that is coarser than the finest by some factor stays so."""
    step = np.array([along.step for along in new.values()])
    shape = tuple(int(size) for size in np.floor(np.array(grid.shape) / step + _WHOLE))
    lower = grid.matrix()[:-1, -1]
    shrink = 1 / np.array([along.step for along in old.values()])
    first = -np.array([along.start for along in old.values()]) * shrink
    if not isinstance(back, Projection):
        return resample(level.data, Warp(back, tuple(new), lower, step, shrink, first), shape, order, bounds)
    linear = shrink[:, None] * back.linear * step
    offset = shrink * (back.linear @ lower + back.offset) + first
    return resample(level.data, Projection(back.axes, linear, offset), shape, order, bounds)


def _assembled(raster: Any, data: Sequence[da.Array], places: Sequence[LevelPlace]) -> DataArray | DataTree:
    """A raster like another one, of the data of its levels, with new coordinates and no transformations."""
    from xarray import DataArray

    made = []
    for level, array, place in zip(lazy_levels_of(raster), data, places, strict=True):
        coords = {**kept_coordinates(level), **level_coordinates(level.dims, data[0].shape, array.shape, place)}
        attrs = {key: value for key, value in level.attrs.items() if key != TRANSFORM_KEY}
        made.append(DataArray(array, dims=level.dims, coords=coords, name=level.name, attrs=attrs))
    return tree_of(made) if is_tree(raster) else made[0]

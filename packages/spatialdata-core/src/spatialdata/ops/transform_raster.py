"""Images and labels resampled onto a grid of another coordinate system.

Each block of the result pulls the pixels that it needs: the centres of its pixels are mapped back into the source,
and the pixel that covers such a point gives the value. No value is ever mixed from several, so that labels keep
their ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.axes import SPATIAL_AXES
from spatialdata._core.elements import axes_of, is_tree, levels_of
from spatialdata.grids.grid import Grid
from spatialdata.models.pyramid import level_coordinates, tree_of
from spatialdata.regions.project import Projection, projection_over
from spatialdata.transformations.attach import TRANSFORM_KEY
from spatialdata.transformations.linear import Identity, Translation

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dask.array as da
    from numpy.typing import NDArray
    from xarray import DataArray, DataTree

    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["moved_raster", "resample"]

_LARGEST_SIDE = 2048


def moved_raster(
    raster: Any, transformation: BaseTransformation
) -> tuple[DataArray | DataTree, Translation | Identity]:
    """A raster in other coordinates.

    Parameters
    ----------
    raster
        An image or labels, of one or several scales.
    transformation
        From its pixels to the new coordinates. A pure shift leaves the data as they are; otherwise they are
        resampled by nearest pixel onto square pixels of size 1 that cover the whole raster, with 0 where there was
        nothing.

    Returns
    -------
    raster
        The lazy raster, without transformations.
    position
        The transformation from its pixels to the new coordinates.
    """
    levels = levels_of(raster)
    projection = projection_over(transformation, axes_of(raster))
    if np.array_equal(projection.linear, np.eye(len(projection.axes))):
        return _assembled(raster, [level.data for level in levels]), _position(projection, projection.offset)
    full = np.array([levels[0].sizes[axis] for axis in projection.axes], dtype=np.float64)
    lower, upper = projection.box(np.zeros_like(full), full)
    grid = Grid.enclosing(lower.tolist(), upper.tolist(), projection.axes)
    back = projection.inverse()
    data = [_moved_level(level, grid, back, full, lower) for level in levels]
    return _assembled(raster, data), _position(projection, lower)


def _position(projection: Projection, offset: NDArray[np.float64]) -> Translation | Identity:
    return Translation(offset, projection.axes) if offset.any() else Identity()


def _moved_level(
    level: DataArray, grid: Grid, back: Projection, full: NDArray[np.float64], lower: NDArray[np.float64]
) -> da.Array:
    """One level resampled; a level that is coarser than the finest by some factor stays so."""
    sizes = np.array([level.sizes[axis] for axis in back.axes], dtype=np.float64)
    coarse = grid.coarsen(dict(zip(back.axes, full / sizes, strict=True)))
    step = np.array(grid.shape) / np.array(coarse.shape)
    shrink = sizes / full
    linear = shrink[:, None] * back.linear * step
    offset = shrink * (back.linear @ lower + back.offset)
    return resample(level.data, Projection(back.axes, linear, offset), coarse.shape)


def resample(data: da.Array, to_source: Projection, shape: Sequence[int]) -> da.Array:
    """Pull an array onto other pixels, block by block.

    Parameters
    ----------
    data
        The source; its last axes are those of ``to_source``, in the same order.
    to_source
        From pixel coordinates of the result to pixel coordinates of the source.
    shape
        The shape of the result along these axes.

    Returns
    -------
    The lazy result, of the dtype of the source; 0 where it reaches beyond the source.
    """
    import dask.array as da

    depth = len(shape)
    leading = data.chunks[: data.ndim - depth]
    sides = [min(max(sizes), _LARGEST_SIDE) for sizes in data.chunks[data.ndim - depth :]]
    chunks = da.core.normalize_chunks(tuple(sides), tuple(shape))
    starts = [np.concatenate([[0], np.cumsum(sizes)])[:-1].astype(int) for sizes in chunks]
    blocks = np.empty([len(sizes) for sizes in (*leading, *chunks)], dtype=object)
    first = [np.concatenate([[0], np.cumsum(sizes)])[:-1].astype(int) for sizes in leading]
    for lead in np.ndindex(*blocks.shape[: len(leading)]):
        part = data[tuple(slice(first[a][i], first[a][i] + leading[a][i]) for a, i in enumerate(lead))]
        for rest in np.ndindex(*blocks.shape[len(leading) :]):
            corner = tuple(int(starts[a][i]) for a, i in enumerate(rest))
            size = tuple(int(chunks[a][i]) for a, i in enumerate(rest))
            blocks[lead + rest] = _block(part, to_source, corner, size)
    return da.block(blocks.tolist())


def _block(part: da.Array, to_source: Projection, corner: tuple[int, ...], size: tuple[int, ...]) -> da.Array:
    """One block of the result, which depends only on the pixels of the source that lie under it."""
    import dask
    import dask.array as da

    depth = len(size)
    lower = np.array(corner, dtype=np.float64)
    low, high = to_source.box(lower, lower + np.array(size))
    limits = np.array(part.shape[part.ndim - depth :])
    start = np.clip(np.floor(low).astype(np.int64) - 1, 0, limits)
    stop = np.clip(np.ceil(high).astype(np.int64) + 1, start, limits)
    shape = part.shape[: part.ndim - depth] + size
    if (stop <= start).any():
        return da.zeros(shape, dtype=part.dtype, chunks=shape)
    window = part[(..., *(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True)))]
    pulled = dask.delayed(_pull, pure=True)(window, to_source, corner, size, tuple(int(a) for a in start))
    return da.from_delayed(pulled, shape=shape, dtype=part.dtype)


def _pull(
    window: NDArray[Any], to_source: Projection, corner: tuple[int, ...], size: tuple[int, ...], start: tuple[int, ...]
) -> NDArray[Any]:
    depth = len(size)
    window = np.asarray(window)
    indices, inside = [], np.ones((1,) * depth, dtype=bool)
    for row, offset, first, limit in zip(
        to_source.linear, to_source.offset, start, window.shape[window.ndim - depth :], strict=True
    ):
        centre = np.full((1,) * depth, offset, dtype=np.float64)
        for axis in np.flatnonzero(row):
            steps = (corner[axis] + np.arange(size[axis]) + 0.5) * row[axis]
            centre = centre + steps.reshape([-1 if other == axis else 1 for other in range(depth)])
        index = np.floor(centre).astype(np.int64) - first
        inside = inside & (index >= 0) & (index < limit)
        indices.append(np.clip(index, 0, limit - 1))
    lead: tuple[Any, ...] = (...,)
    pulled = window[(*lead, *np.broadcast_arrays(*indices))]
    pulled = np.broadcast_to(pulled, window.shape[: window.ndim - depth] + size)
    return np.where(inside, pulled, np.zeros((), dtype=window.dtype))


def _assembled(raster: Any, data: Sequence[da.Array]) -> DataArray | DataTree:
    """A raster like another one, of the data of its levels, with new coordinates and no transformations."""
    from xarray import DataArray

    made = []
    for level, array in zip(levels_of(raster), data, strict=True):
        coords: dict[str, Any] = {}
        for index, dim in enumerate(level.dims):
            if dim in SPATIAL_AXES:
                coords[str(dim)] = level_coordinates(data[0].shape[index], array.shape[index])
            elif dim in level.coords:
                coords[str(dim)] = level.coords[dim].values
        attrs = {key: value for key, value in level.attrs.items() if key != TRANSFORM_KEY}
        made.append(DataArray(array, dims=level.dims, coords=coords, name=level.name, attrs=attrs))
    return tree_of(made) if is_tree(raster) else made[0]

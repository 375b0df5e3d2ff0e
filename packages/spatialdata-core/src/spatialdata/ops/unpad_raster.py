"""Rasters without the zeros around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import is_raster, lazy_levels_of, spatial_axes_of, type_name
from spatialdata.errors import UnsupportedElementError
from spatialdata.models.shallow import with_transformations
from spatialdata.ops.select_raster import select_raster
from spatialdata.regions.region import BoundingBox
from spatialdata.relations.blocks import computed
from spatialdata.transformations.attach import attach_transformations, transformations_of
from spatialdata.transformations.linear import Identity

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from xarray import DataArray, DataTree

__all__ = ["unpad_raster"]

_PIXELS = "pixels of the raster"


def unpad_raster(raster: DataArray | DataTree) -> DataArray | DataTree:
    """Cut off the rows, columns and planes at the borders that hold nothing but zeros.

    Parameters
    ----------
    raster
        An image or labels. Its finest level is looked at once, chunk by chunk.

    Returns
    -------
    A lazy raster that stays where it is. A raster of zeros only has nothing to cut to and is returned as it is.

    Raises
    ------
    UnsupportedElementError
        The object is no raster.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata import get_extent
    >>> from spatialdata.models import Labels2DModel
    >>> ids = np.zeros((6, 8), dtype=int)
    >>> ids[2:4, 3:5] = 7
    >>> get_extent(unpad_raster(Labels2DModel.parse(ids)))
    {'y': (2.0, 4.0), 'x': (3.0, 5.0)}
    """
    if not is_raster(raster):
        raise UnsupportedElementError(f"Images and labels have pixels to cut off, {type_name(raster)} has none.")
    axes = spatial_axes_of(raster)
    data = lazy_levels_of(raster)[0].data
    bounds = _bounds(data, len(axes))
    if bounds is None:
        return raster
    lower, upper = bounds
    if not lower.any() and (upper == data.shape[-len(axes) :]).all():
        return raster
    own = transformations_of(raster)
    placed = with_transformations(raster, {**own, _PIXELS: Identity()})
    box = BoundingBox(
        target_coordinate_system=_PIXELS,
        axes=axes,
        min_coordinate=lower.astype(np.float64),
        max_coordinate=upper.astype(np.float64),
    )
    cut: Any = select_raster(placed, [box])[0]
    kept = {name: transformation for name, transformation in transformations_of(cut).items() if name != _PIXELS}
    attach_transformations(cut, kept)
    result: DataArray | DataTree = cut
    return result


def _bounds(data: Any, depth: int) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """The first and the end of the pixels that are not 0, along the last axes; None if there are none."""
    import dask

    blocks = data.to_delayed()
    starts = [np.concatenate([[0], np.cumsum(sizes)])[:-1] for sizes in data.chunks]
    look = dask.delayed(_block_bounds, pure=False)
    tasks = [
        look(blocks[position], [int(starts[axis][index]) for axis, index in enumerate(position)][-depth:])
        for position in np.ndindex(blocks.shape)
    ]
    found = [bounds for bounds in computed(tasks, "borders of the raster") if bounds is not None]
    if not found:
        return None
    return np.min([lower for lower, _ in found], axis=0), np.max([upper for _, upper in found], axis=0)


def _block_bounds(block: NDArray[Any], start: list[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    filled = np.asarray(block) != 0
    depth = len(start)
    if not filled.any():
        return None
    lower, upper = [], []
    for axis in range(block.ndim - depth, block.ndim):
        others = tuple(other for other in range(block.ndim) if other != axis)
        places = np.flatnonzero(filled.any(axis=others))
        lower.append(int(places[0]))
        upper.append(int(places[-1]) + 1)
    return np.add(lower, start), np.add(upper, start)

"""The levels of a raster as napari takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xarray import DataArray, DataTree

__all__ = ["levels_of", "pyramid"]


def levels_of(raster: DataArray | DataTree) -> list[Any]:
    """The arrays of all levels as DataArrays, the finest first, without levels that repeat the size of the previous."""
    from xarray import DataArray

    from spatialdata import get_pyramid_levels

    if isinstance(raster, DataArray):
        return [raster]
    levels: list[Any] = []
    for level in get_pyramid_levels(raster):
        array = level if isinstance(level, DataArray) else next(iter(level.values()))
        if not levels or array.shape != levels[-1].shape:
            levels.append(array)
    return levels


def pyramid(arrays: list[Any]) -> tuple[Any, bool]:
    """Give the data and the value of ``multiscale`` for a raster layer."""
    return (arrays, True) if len(arrays) > 1 else (arrays[0], False)

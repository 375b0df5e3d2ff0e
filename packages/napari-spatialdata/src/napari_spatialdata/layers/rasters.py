"""The levels of a raster as napari takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xarray import DataArray, DataTree

__all__ = ["levels_of", "pyramid"]


def levels_of(raster: DataArray | DataTree) -> list[DataArray]:
    """The arrays of all levels, the finest first, without levels that repeat the size of the previous."""
    from xarray import DataArray

    if isinstance(raster, DataArray):
        return [raster]
    levels: list[DataArray] = []
    for name in sorted(raster.children, key=lambda child: int(child.removeprefix("scale"))):
        (level,) = raster[name].data_vars.values()
        if not levels or level.shape != levels[-1].shape:
            levels.append(level)
    return levels


def pyramid(arrays: list[Any]) -> tuple[Any, bool]:
    """Give the data and the value of ``multiscale`` for a raster layer."""
    return (arrays, True) if len(arrays) > 1 else (arrays[0], False)

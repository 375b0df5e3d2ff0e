"""Pyramids: the coarser levels of a multiscale raster.

A level halves (or divides by any factor) the level before it. Images are averaged; labels take one pixel of each
block, or the id that most pixels have, so that no id is ever invented. Pixels at the far border that fill no whole
block are left out of the coarser level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from weakref import WeakValueDictionary

import numpy as np

from spatialdata._core.axes import SPATIAL_AXES
from spatialdata._core.elements import is_dask_array, is_tree, lazy_levels_of, levels_of
from spatialdata._core.levels import Along, level_coordinates
from spatialdata.kernels.coarsen import mean_of_blocks, mode_of_blocks, picked_of_blocks
from spatialdata.models.msi import offer_msi

if TYPE_CHECKING:
    import dask.array as da
    from xarray import DataArray, DataTree

    from spatialdata._core.elements import Raster

__all__ = [
    "Coarsening",
    "Downsampling",
    "ScaleFactors",
    "automatic_factors",
    "build_pyramid",
    "coarsening_of",
    "kept_coordinates",
    "lazy_raster",
    "tree_of",
]

ScaleFactors: TypeAlias = Sequence[int | Mapping[str, int]]
Downsampling: TypeAlias = Literal["mean", "nearest", "mode"]

VARIABLE = "image"

_COARSEST_SIDE = 1024


def kept_coordinates(level: DataArray) -> dict[str, Any]:
    """The coordinates that stay when the pixels of a raster change: the names of its channels and its times."""
    return {
        str(dim): level.coords[dim].variable for dim in level.dims if dim not in SPATIAL_AXES and dim in level.coords
    }


def automatic_factors(array: DataArray) -> list[dict[str, int]]:
    """Halvings of y and x until both have at most 1024 pixels; an empty list if they have no more from the start.

    Examples
    --------
    >>> import numpy as np, xarray
    >>> automatic_factors(xarray.DataArray(np.zeros((1, 3000, 500), bool), dims=("c", "y", "x")))
    [{'y': 2, 'x': 2}, {'y': 2, 'x': 2}]
    """
    longest = max(array.sizes["y"], array.sizes["x"])
    shortest = min(array.sizes["y"], array.sizes["x"])
    factors = []
    while longest > _COARSEST_SIDE and shortest > 1:
        factors.append({"y": 2, "x": 2})
        longest, shortest = longest // 2, shortest // 2
    return factors


def _factors(given: int | Mapping[str, int], level: int, array: DataArray) -> dict[str, int]:
    spatial = [str(dim) for dim in array.dims if dim in SPATIAL_AXES]
    factors: dict[str, Any] = dict(given) if isinstance(given, Mapping) else dict.fromkeys(spatial, given)
    for axis, factor in factors.items():
        if axis not in spatial:
            raise ValueError(
                f"Scale factor {level} names the axis {axis!r}. The raster has the spatial axes {spatial}."
            )
        if not isinstance(factor, int | np.integer) or factor < 1:
            raise ValueError(
                f"Scale factor {level} along {axis} is {factor!r}. Scale factors are whole numbers from 1 on."
            )
        if factor > array.sizes[axis] and "c" in array.dims:
            raise ValueError(
                f"Scale factor {level} along {axis} is {factor}, but the level before it has only {array.sizes[axis]} "
                "pixels there. Leave it out, or give one factor for each axis."
            )
    return {axis: int(factors.get(axis, 1)) for axis in spatial if factors.get(axis, 1) <= array.sizes[axis]}


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Coarsening:
    """How the data of a level follow from those of the level before it.

    Attributes
    ----------
    parent
        The name of the dask array of the level before.
    factors
        The size of a block of pixels that becomes one, for each dimension.
    method
        How.
    """

    parent: str
    factors: tuple[int, ...]
    method: Downsampling

    def __call__(self, pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The pixels of the coarser level; those that fill no whole block are left out."""
        whole = tuple(
            slice(0, size // factor * factor) for size, factor in zip(pixels.shape, self.factors, strict=True)
        )
        return _METHODS[self.method](pixels[whole], self.factors)


_METHODS: dict[Downsampling, Callable[..., np.ndarray[Any, Any]]] = {
    "mean": mean_of_blocks,
    "nearest": picked_of_blocks,
    "mode": mode_of_blocks,
}

# Kept alive by the graphs that they are part of.
_coarsenings: WeakValueDictionary[str, Coarsening] = WeakValueDictionary()


def coarsening_of(level: DataArray, before: DataArray) -> Coarsening | None:
    """How a lazy level follows from the level before it; None if it is no longer what :func:`build_pyramid` made."""
    found = _coarsenings.get(level.data.name)
    return found if found is not None and found.parent == before.data.name else None


def _coarsened(data: da.Array, factors: tuple[int, ...], method: Downsampling) -> da.Array:
    from dask.base import tokenize

    coarsening = Coarsening(data.name, factors, method)
    whole = tuple(slice(0, n // f * f) for n, f in zip(data.shape, factors, strict=True))
    source = _aligned(data[whole], factors)
    chunks = tuple(tuple(n // f for n in sizes) for sizes, f in zip(source.chunks, factors, strict=True))
    name = f"coarser-{tokenize(source.name, coarsening.factors, method)}"
    coarse = source.map_blocks(coarsening, dtype=data.dtype, chunks=chunks, name=name, meta=source._meta)  # noqa: SLF001
    _coarsenings[coarse.name] = coarsening
    return coarse


def _aligned(data: da.Array, factors: Sequence[int]) -> da.Array:
    """Rechunk so that no block of pixels lies in two chunks."""
    chunks = []
    for sizes, factor in zip(data.chunks, factors, strict=True):
        whole = max(sizes[0] // factor, 1) * factor
        chunks.append(sizes if all(size % factor == 0 for size in sizes[:-1]) else whole)
    return data.rechunk(tuple(chunks))


def build_pyramid(array: DataArray, scale_factors: ScaleFactors, method: Downsampling | None = None) -> DataTree:
    """Build a multiscale raster.

    Parameters
    ----------
    array
        The finest level, with dask data.
    scale_factors
        One factor per further level, relative to the level before it: a whole number for all spatial axes, or one per
        axis. Labels keep an axis that is shorter than its factor as it is.
    method
        How a block of pixels becomes one: by their ``"mean"``, by the ``"nearest"`` to its middle, or by the value
        that most of them have, their ``"mode"``. The mean of images and the nearest of labels if not given.

    Returns
    -------
    Tree with the children ``scale0``, ``scale1``, …; all levels are lazy.

    Raises
    ------
    ValueError
        A factor is no whole number from 1 on, names no spatial axis, or exceeds the size of the axis of an image.
    """
    levels = [array]
    chosen: Downsampling = method or ("mean" if "c" in array.dims else "nearest")
    steps = [1] * array.ndim
    for number, given in enumerate(scale_factors, start=1):
        before = levels[-1]
        by_axis = _factors(given, number, before)
        factors = tuple(by_axis.get(str(dim), 1) for dim in before.dims)
        steps = [step * factor for step, factor in zip(steps, factors, strict=True)]
        levels.append(_level_like(array, _coarsened(before.data, factors, chosen), steps))
    return tree_of(levels)


def _level_like(full: DataArray, data: Any, steps: Sequence[int]) -> DataArray:
    from xarray import DataArray

    place: Any = {dim: Along(0.0, float(step)) for dim, step in zip(full.dims, steps, strict=True)}
    coords = {**kept_coordinates(full), **level_coordinates(full.dims, full.shape, data.shape, place)}
    return DataArray(data, dims=full.dims, coords=coords, name=VARIABLE)


def tree_of(levels: Sequence[DataArray]) -> DataTree:
    """Make a multiscale raster of its levels, the finest first."""
    from xarray import DataTree

    offer_msi()
    tree = DataTree()
    # To put nodes in their place takes half the time of from_dict, which copies them.
    tree.children = {f"scale{k}": DataTree(level.to_dataset(name=VARIABLE)) for k, level in enumerate(levels)}
    return tree


def lazy_raster(raster: Raster) -> Raster:
    """A raster whose pixels are lazy: itself, or one around its pixels, which are not copied."""
    levels = levels_of(raster)
    if all(is_dask_array(level.data) for level in levels):
        return raster
    lazy = lazy_levels_of(raster)
    return tree_of(lazy) if is_tree(raster) else lazy[0]

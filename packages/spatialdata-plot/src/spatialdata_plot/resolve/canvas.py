"""Which level, which window and which pixels of a raster are read for the pixels of an axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata_plot.resolve.level_places import LevelPlace

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from xarray import DataArray

__all__ = ["Extent", "Pyramid", "ReadPlan", "extent_of", "plan", "pyramid_of", "read"]

Extent = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pyramid:
    """The levels of a raster and its place.

    Attributes
    ----------
    arrays
        Dask arrays, the finest level first; the last two axes are y and x.
    matrix
        From x and y of the finest level, in pixels, to the coordinate system; shape (3, 3).
    places
        Where each level lies in the finest one; empty if all cover it.
    fixed
        The only level that may be read, None to choose.
    whole
        Whether every pixel of the level is kept, rather than as many as the axes can show.
    """

    arrays: tuple[Any, ...]
    matrix: NDArray[np.float64]
    places: tuple[LevelPlace, ...] = ()
    fixed: int | None = None
    whole: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the finest level."""
        return self.arrays[0].shape[-2], self.arrays[0].shape[-1]

    def factors(self, level: int) -> tuple[float, float]:
        """How many pixels of the finest level a pixel of this one covers, along y and x."""
        return self.place(level).step

    def place(self, level: int) -> LevelPlace:
        """Where a level lies in the finest one."""
        if self.places:
            return self.places[level]
        shape = self.arrays[level].shape
        return LevelPlace(start=(0.0, 0.0), step=(self.shape[0] / shape[-2], self.shape[1] / shape[-1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPlan:
    """What is read of a pyramid: rows and columns of one level, every so many."""

    level: int
    rows: tuple[int, int]
    columns: tuple[int, int]
    step: tuple[int, int]


def pyramid_of(
    levels: Sequence[DataArray],
    matrix: NDArray[np.float64],
    scale: str | None,
    name: str,
    places: Sequence[LevelPlace] = (),
) -> Pyramid:
    """The levels that ``scale`` allows.

    Parameters
    ----------
    levels
        The levels of the raster, the finest first.
    matrix
        Its place, shape (3, 3).
    scale
        None to choose by the axes, ``"full"`` for all pixels, or the name of a level such as ``"scale1"``.
    name
        The name of the element, for messages.
    places
        Where the levels lie in the finest one; they cover it if this is not given.

    Raises
    ------
    ValueError
        There is no such level.
    """
    import dask.array as da

    from spatialdata.errors import unknown_name

    arrays = tuple(da.asarray(level.data) for level in levels)
    if scale is None:
        return Pyramid(arrays=arrays, matrix=matrix, places=tuple(places))
    names = [f"scale{number}" for number in range(len(arrays))]
    if scale == "full":
        return Pyramid(arrays=arrays, matrix=matrix, places=tuple(places), fixed=0, whole=True)
    if scale not in names:
        raise ValueError(unknown_name(f"scale of {name!r} named", scale, [*names, "full"]))
    return Pyramid(arrays=arrays, matrix=matrix, places=tuple(places), fixed=names.index(scale), whole=True)


def plan(pyramid: Pyramid, window: Extent, density: tuple[float, float]) -> ReadPlan | None:
    """Choose the coarsest level that still has a pixel for every pixel of the axes, and the part that is seen.

    Parameters
    ----------
    pyramid
        The raster.
    window
        The part that is seen: xmin, xmax, ymin, ymax in pixels of the finest level.
    density
        Pixels of the axes per pixel of the finest level, along y and x.

    Returns
    -------
    The plan, or None where nothing of the raster is seen.
    """
    level = pyramid.fixed if pyramid.fixed is not None else _level(pyramid, density)
    place, factors = pyramid.place(level), pyramid.factors(level)
    shape = pyramid.arrays[level].shape[-2:]
    step = (1, 1)
    if not pyramid.whole:
        step = (_step(factors[0] * density[0]), _step(factors[1] * density[1]))
    top, bottom = ((side - place.start[0]) / factors[0] for side in window[2:])
    left, right = ((side - place.start[1]) / factors[1] for side in window[:2])
    rows = _span(top, bottom, step[0], shape[0])
    columns = _span(left, right, step[1], shape[1])
    if rows[0] >= rows[1] or columns[0] >= columns[1]:
        return None
    return ReadPlan(level=level, rows=rows, columns=columns, step=step)


def _level(pyramid: Pyramid, density: tuple[float, float]) -> int:
    for level in range(len(pyramid.arrays) - 1, 0, -1):
        factors = pyramid.factors(level)
        if factors[0] * density[0] <= 1 and factors[1] * density[1] <= 1:
            return level
    return 0


def _step(pixels: float) -> int:
    return max(1, int(1 / pixels)) if pixels > 0 else 1


def _span(start: float, stop: float, step: int, size: int) -> tuple[int, int]:
    first = max(0, int(np.floor(start)) // step * step)
    last = min(size, -(-int(np.ceil(stop)) // step) * step)
    return first, last


def extent_of(pyramid: Pyramid, what: ReadPlan) -> Extent:
    """What a plan covers: xmin, xmax, ymin, ymax in pixels of the finest level, in whole steps."""
    start, factors = pyramid.place(what.level).start, pyramid.factors(what.level)
    height = -(-(what.rows[1] - what.rows[0]) // what.step[0]) * what.step[0]
    width = -(-(what.columns[1] - what.columns[0]) // what.step[1]) * what.step[1]
    return (
        start[1] + what.columns[0] * factors[1],
        start[1] + (what.columns[0] + width) * factors[1],
        start[0] + what.rows[0] * factors[0],
        start[0] + (what.rows[0] + height) * factors[0],
    )


def read(pyramid: Pyramid, what: ReadPlan, *, average: bool) -> NDArray[Any]:
    """Read the pixels of a plan.

    Parameters
    ----------
    pyramid
        The raster.
    what
        The plan.
    average
        Whether the pixels of a step are averaged, as for images; otherwise the middle one is taken, as for labels.
    """
    array = pyramid.arrays[what.level][..., slice(*what.rows), slice(*what.columns)]
    if what.step == (1, 1):
        return np.asarray(array.compute())
    if average:
        return np.asarray(_averaged(array, what.step).compute())
    rows = _middles(array.shape[-2], what.step[0])
    columns = _middles(array.shape[-1], what.step[1])
    return np.asarray(array[..., rows, :][..., columns].compute())


def _middles(size: int, step: int) -> NDArray[np.intp]:
    return np.minimum(np.arange(0, size, step) + step // 2, size - 1)


def _averaged(array: Any, step: tuple[int, int]) -> Any:
    axes = (array.ndim - 2, array.ndim - 1)
    chunks = {axis: -(-max(array.chunks[axis]) // every) * every for axis, every in zip(axes, step, strict=True)}
    aligned = array.rechunk(chunks)
    sizes = tuple(
        tuple(-(-size // step[axis - axes[0]]) for size in aligned.chunks[axis])
        if axis in axes
        else aligned.chunks[axis]
        for axis in range(array.ndim)
    )
    kind = np.float64 if array.dtype == np.float64 else np.float32
    return aligned.map_blocks(_mean_of_steps, step=step, dtype=kind, chunks=sizes)


def _mean_of_steps(block: NDArray[Any], step: tuple[int, int]) -> NDArray[Any]:
    kind = np.float64 if block.dtype == np.float64 else np.float32
    rows, columns = (np.arange(0, size, every) for size, every in zip(block.shape[-2:], step, strict=True))
    sums = np.add.reduceat(np.add.reduceat(block.astype(kind), rows, axis=-2), columns, axis=-1)
    counts = np.outer(np.diff([*rows, block.shape[-2]]), np.diff([*columns, block.shape[-1]]))
    mean: NDArray[Any] = sums / counts.astype(kind)
    return mean

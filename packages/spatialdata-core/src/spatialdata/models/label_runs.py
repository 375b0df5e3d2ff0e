"""Labels as runs of equal ids along the rows of a block, of which there are far fewer than pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.models.scanlines import Scanlines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["BlockShapes", "ids_and_runs", "ids_and_shapes", "ids_of_block", "native", "rows_of", "shapes_of_runs"]


def ids_of_block(block: NDArray[Any], *, background: bool = False) -> NDArray[Any]:
    """The ids in a block, in the order in which they first occur.

    Parameters
    ----------
    block
        Labels.
    background
        Whether 0 counts as an id.

    Examples
    --------
    >>> ids_of_block(np.array([[0, 7, 7], [0, 3, 7]])).tolist()
    [7, 3]
    """
    from spatialdata.kernels.labels import labels_in

    return labels_in(rows_of(np.asarray(block)), background)


def ids_and_runs(block: NDArray[Any], *, background: bool = False) -> tuple[NDArray[Any], Scanlines]:
    """The ids in a block, sorted, and the runs of pixels that have them.

    Parameters
    ----------
    block
        Labels of two or more axes.
    background
        Whether 0 counts as an id.

    Returns
    -------
    ids
        The ids.
    runs
        The runs; ``figure`` is the position in ``ids``, and rows are numbered over all axes but the last.
    """
    from spatialdata.kernels.labels import runs_of_labels

    ids, slot, row, start, stop = runs_of_labels(rows_of(block), background)
    order = np.argsort(ids)
    place = np.empty(len(ids), dtype=np.int64)
    place[order] = np.arange(len(ids))
    return ids[order], Scanlines(place[slot], row, start, stop)


def rows_of(block: NDArray[Any]) -> NDArray[Any]:
    """A block of a dtype that kernels know, of shape ``(rows, width)``."""
    width = block.shape[-1] if block.ndim else 1
    return native(block).reshape(math.prod(block.shape[:-1]), width)


def native(array: NDArray[Any]) -> NDArray[Any]:
    """An array without gaps, of a dtype that kernels know."""
    dtype = array.dtype
    if dtype.kind == "b":
        dtype = np.dtype(np.uint8)
    elif dtype.kind == "f" and dtype.itemsize not in (4, 8):
        dtype = np.dtype(np.float64)
    return np.ascontiguousarray(array, dtype=dtype.newbyteorder("="))


@dataclass(frozen=True, slots=True)
class BlockShapes:
    """Where the pixels of instances lie, as far as they are in one block or in all.

    Attributes
    ----------
    count
        The number of pixels, of shape ``(n,)``.
    centre
        The mean of their centres, of shape ``(n, axes)``.
    scatter
        The sums of the products of their deviations from it, of shape ``(n, axes, axes)``.
    lower, upper
        The bounds of the pixels, their whole area included, of shape ``(n, axes)``.
    """

    count: FloatArray
    centre: FloatArray
    scatter: FloatArray
    lower: FloatArray
    upper: FloatArray

    def part(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> BlockShapes:
        """The shapes of some instances."""
        return BlockShapes(self.count[rows], self.centre[rows], self.scatter[rows], self.lower[rows], self.upper[rows])

    @classmethod
    def merged(cls, parts: list[BlockShapes], owner: NDArray[np.intp], size: int) -> BlockShapes:
        """The shapes of instances of which there are several parts.

        Parameters
        ----------
        parts
            The parts.
        owner
            The instance of each row of the concatenated parts.
        size
            The number of instances.
        """
        count, centre, scatter, lower, upper = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("count", "centre", "scatter", "lower", "upper")
        )
        total = np.bincount(owner, weights=count, minlength=size)
        mean = _summed(owner, centre * count[:, None], size) / total[:, None]
        away = centre - mean[owner]
        spread = _summed(owner, scatter + count[:, None, None] * away[:, :, None] * away[:, None, :], size)
        low, high = np.full(mean.shape, np.inf), np.full(mean.shape, -np.inf)
        np.minimum.at(low, owner, lower)
        np.maximum.at(high, owner, upper)
        return cls(total.astype(np.float64), mean, spread, low, high)


def _summed(owner: NDArray[np.intp], values: FloatArray, size: int) -> FloatArray:
    flat = values.reshape(len(values), int(np.prod(values.shape[1:])))
    sums = [np.bincount(owner, weights=column, minlength=size) for column in flat.T]
    return np.stack(sums, axis=1).reshape(size, *values.shape[1:]).astype(np.float64)


def shapes_of_runs(runs: Scanlines, size: int, shape: tuple[int, ...], start: tuple[int, ...]) -> BlockShapes:
    """Where the pixels of the instances of a block lie.

    Parameters
    ----------
    runs
        The runs, whose figures are numbered from 0 to ``size``.
    size
        The number of instances.
    shape
        The shape of the block.
    start
        The position of its first pixel.
    """
    from spatialdata.kernels.runs import run_moments

    lead = np.stack(np.unravel_index(runs.row, shape[:-1])).astype(np.int64)
    count, mean, scatter, lower, upper = run_moments(runs.figure, lead, runs.start, runs.stop, size)
    corner = np.asarray(start, dtype=np.float64)
    return BlockShapes(count, mean + corner, scatter, lower + corner, upper + corner)


def ids_and_shapes(
    block: NDArray[Any], start: tuple[int, ...], *, background: bool = False
) -> tuple[NDArray[Any], BlockShapes]:
    """The ids in a block, sorted, and where their pixels lie, without keeping runs.

    Parameters
    ----------
    block
        Labels of two or more axes.
    start
        The position of its first pixel.
    background
        Whether 0 counts as an id.
    """
    from spatialdata.kernels.labels import label_moments

    rows = rows_of(block)
    lead = np.stack(np.unravel_index(np.arange(len(rows)), block.shape[:-1])).astype(np.int64)
    ids, count, centre, scatter, lower, upper = label_moments(rows, lead, background)
    order, corner = np.argsort(ids), np.asarray(start, dtype=np.float64)
    shapes = BlockShapes(count, centre + corner, scatter, lower + corner, upper + corner)
    return ids[order], shapes.part(order)

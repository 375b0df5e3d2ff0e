"""Statistics of the pixels of instances, gathered block by block."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import listing
from spatialdata.models.label_runs import native
from spatialdata.ops.aggregate_funcs import probability_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatialdata.models.scanlines import Scanlines
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["PIXEL_STATISTICS", "BlockPixels", "check_statistics", "pixels_of_runs", "probabilities_of"]

PIXEL_STATISTICS = ("mean", "sum", "min", "max", "std", "var", "count")


def check_statistics(statistics: str | Sequence[str]) -> list[str]:
    """The names of statistics as a list.

    Raises
    ------
    ValueError
        One is unknown.
    """
    names = [statistics] if isinstance(statistics, str) else list(statistics)
    sampled = probabilities_of(names)
    unknown = [name for name in names if name not in PIXEL_STATISTICS and name not in sampled]
    if unknown:
        raise ValueError(
            f"Unknown statistics: {listing(unknown)}. Known: {listing((*PIXEL_STATISTICS, 'median'))}, and "
            "'quantile(p)' with p from 0 to 1."
        )
    return names


def probabilities_of(names: Sequence[str]) -> dict[str, float]:
    """The quantiles among statistics, and the share of the values that lie below each.

    Examples
    --------
    >>> probabilities_of(["mean", "median", "quantile(0.9)"])
    {'median': 0.5, 'quantile(0.9)': 0.9}
    """
    found = {name: probability_of(name) for name in names}
    return {name: share for name, share in found.items() if share is not None}


@dataclass(frozen=True, slots=True)
class BlockPixels:
    """Statistics of the pixels of instances, as far as they are in one block or in all; nan does not count.

    Attributes
    ----------
    count, mean, squares, least, greatest
        Of shape ``(instances, channels)``: the number of values, their mean, the sum of their squared deviations from
        it, and their bounds.
    """

    count: FloatArray
    mean: FloatArray
    squares: FloatArray
    least: FloatArray
    greatest: FloatArray

    @classmethod
    def merged(cls, parts: list[BlockPixels], owner: NDArray[np.intp], size: int) -> BlockPixels:
        """The statistics of instances of which there are several parts; see ``BlockShapes.merged``."""
        count, mean, squares, least, greatest = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("count", "mean", "squares", "least", "greatest")
        )
        total = _summed(owner, count, size)
        middle = _summed(owner, count * mean, size) / np.maximum(total, 1)
        spread = _summed(owner, squares + count * (mean - middle[owner]) ** 2, size)
        low, high = np.full(total.shape, np.inf), np.full(total.shape, -np.inf)
        np.minimum.at(low, owner, least)
        np.maximum.at(high, owner, greatest)
        return cls(total, middle, spread, low, high)

    def statistic(self, name: str) -> FloatArray:
        """One of ``PIXEL_STATISTICS``, of shape ``(instances, channels)``; nan where there is no value.

        Deviations are those of a sample, divided by n - 1.
        """
        empty = self.count == 0
        if name == "count":
            return self.count
        if name == "sum":
            return self.mean * self.count
        if name in ("var", "std"):
            with np.errstate(divide="ignore", invalid="ignore"):
                var = np.where(self.count > 1, self.squares / (self.count - 1), np.nan)
            return np.asarray(var if name == "var" else np.sqrt(var))
        found = {"mean": self.mean, "min": self.least, "max": self.greatest}[name]
        return np.where(empty, np.nan, found)


def _summed(owner: NDArray[np.intp], values: FloatArray, size: int) -> FloatArray:
    columns = [np.bincount(owner, weights=column, minlength=size) for column in values.T]
    return np.stack(columns, axis=1).astype(np.float64)


def pixels_of_runs(runs: Scanlines, size: int, values: NDArray[Any], *, spread: bool = True) -> BlockPixels:
    """Statistics of the pixels of the instances of a block.

    Parameters
    ----------
    runs
        The runs of pixels, whose figures are numbered from 0 to ``size``.
    size
        The number of instances.
    values
        Array of shape ``(channels, …, width)``.
    spread
        Whether deviations are wanted; they need a second look at the values.
    """
    from spatialdata.kernels.moments import bounds_of_runs, squares_of_runs, sums_of_runs

    columns: list[list[NDArray[Any]]] = []
    pixels = native(values)
    for channel in pixels.reshape(len(values), math.prod(values.shape[1:-1]), values.shape[-1]):
        count, total = sums_of_runs(*runs.fields, channel, size)
        mean = total / np.maximum(count, 1)
        squares = squares_of_runs(*runs.fields, channel, mean) if spread else np.zeros(size)
        columns.append([count.astype(np.float64), mean, squares, *bounds_of_runs(*runs.fields, channel, size)])
    return BlockPixels(*(np.stack(column, axis=1) for column in zip(*columns, strict=True)))

"""Statistics of values with weights: as if each value were there as often as its weight says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.ops.accumulate import Moments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["weighed_moments"]


def weighed_moments(
    region: NDArray[Any], columns: Sequence[NDArray[Any]], weights: FloatArray, *, spread: bool
) -> Moments:
    """The moments of values with weights; a value that is nan, or whose weight is, does not count.

    Parameters
    ----------
    region
        The region of each row.
    columns
        For each column its values.
    weights
        The weight of each row. Values of weight 0 are neither the least nor the greatest.
    spread
        Whether deviations are wanted.

    Returns
    -------
    Moments whose counts are sums of weights.
    """
    regions, inverse = np.unique(region, return_inverse=True)
    slots = inverse.astype(np.int32)
    found = [
        _of_column(slots, values.astype(np.float64, copy=False), weights, len(regions), spread) for values in columns
    ]
    shape = (len(regions), 0)
    count, total, mean, squares, least, greatest = (
        np.stack(parts, axis=1) for parts in (zip(*found, strict=True) if found else [[np.zeros(shape)]] * 6)
    )
    return Moments(regions, count, total, mean, squares, least, greatest)


def _of_column(
    slots: NDArray[np.int32], values: FloatArray, weights: FloatArray, size: int, spread: bool
) -> tuple[FloatArray, ...]:
    from spatialdata.kernels.moments import totals_by_slot

    products = values * weights
    shares = np.where(np.isnan(products), np.nan, weights)
    _, total, _, _ = totals_by_slot(slots, products, size)
    _, count, _, _ = totals_by_slot(slots, shares, size)
    _, _, least, greatest = totals_by_slot(slots, np.where(shares > 0, values, np.nan), size)
    mean = total / np.where(count == 0, 1.0, count)
    squares = np.zeros(size)
    if spread:
        _, squares, _, _ = totals_by_slot(slots, shares * (values - mean[slots]) ** 2, size)
    return count, total, mean, squares, least, greatest

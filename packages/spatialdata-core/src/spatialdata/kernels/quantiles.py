"""Quantiles of values with weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["weighed_quantiles"]


@compiled
def weighed_quantiles(
    start: NDArray[np.int64], values: NDArray[Any], weights: NDArray[np.float64], probability: float
) -> NDArray[np.float64]:
    """The least value of each group at which that share of the weights of the group is reached.

    Parameters
    ----------
    start
        Array of shape ``(groups + 1,)``: where the values of each group start; no group is empty.
    values
        The values, ascending in each group.
    weights
        Their weights, all above 0.
    probability
        The share, from 0 to 1.

    Returns
    -------
    Array of length ``groups``.
    """
    found = np.zeros(len(start) - 1)
    for group in range(len(found)):
        total = 0.0
        for number in range(start[group], start[group + 1]):
            total += weights[number]
        reached, number = weights[start[group]], start[group]
        while reached / total < probability and number + 1 < start[group + 1]:
            number += 1
            reached += weights[number]
        found[group] = values[number]
    return found

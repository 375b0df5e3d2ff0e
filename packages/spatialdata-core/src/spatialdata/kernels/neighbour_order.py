"""Pairs of neighbours in order: by instance, then by distance, then by neighbour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["order_of_neighbours"]

# So few pairs are sorted soonest by putting each in its place among those before.
_FEW = 48


@compiled
def order_of_neighbours(
    first: NDArray[np.intp], second: NDArray[np.intp], distance: NDArray[np.float64], instances: int
) -> NDArray[np.int64]:
    """The order of pairs that :func:`numpy.lexsort` of ``(second, distance, first)`` gives.

    Parameters
    ----------
    first, second
        The pairs.
    distance
        Their distances, none of which is nan.
    instances
        The number of instances; those of ``first`` are below it.
    """
    start = np.zeros(instances + 1, dtype=np.int64)
    for pair in range(len(first)):
        start[first[pair] + 1] += 1
    for number in range(instances):
        start[number + 1] += start[number]
    order = np.empty(len(first), dtype=np.int64)
    place = start[:-1].copy()
    for pair in range(len(first)):
        order[place[first[pair]]] = pair
        place[first[pair]] += 1
    for number in range(instances):
        low, high = start[number], start[number + 1]
        if high - low > _FEW:
            own = order[low:high]
            own = own[np.argsort(second[own], kind="mergesort")]
            order[low:high] = own[np.argsort(distance[own], kind="mergesort")]
            continue
        for here in range(low + 1, high):
            pair = order[here]
            to = here
            while to > low:
                before = order[to - 1]
                if distance[before] < distance[pair]:
                    break
                if distance[before] == distance[pair] and second[before] < second[pair]:
                    break
                order[to] = before
                to -= 1
            order[to] = pair
    return order

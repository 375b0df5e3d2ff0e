"""Distances between sets of boxes in space."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["distances_of_box_sets"]


@compiled
def distances_of_box_sets(
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    centres: NDArray[np.float64],
    starts: NDArray[np.int64],
    others: NDArray[np.float64],
    starts_of_others: NDArray[np.int64],
    half: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The distance of each pair of sets: that of the two boxes, one of each, that are nearest to each other.

    Parameters
    ----------
    first, second
        The pairs: the numbers of a set and of one of the others.
    centres, starts
        The centres of all boxes, of shape ``(n, 3)``, and where those of each set begin; the last one ends at the end.
    others, starts_of_others
        Those of the other sets.
    half
        Half the sides of a box of the sets and of one of the others together, along each axis.
    """
    found = np.empty(len(first))
    for pair in range(len(first)):
        begin, end = starts[first[pair]], starts[first[pair] + 1]
        begin_other, end_other = starts_of_others[second[pair]], starts_of_others[second[pair] + 1]
        low, high = np.full(3, np.inf), np.full(3, -np.inf)
        for number in range(begin_other, end_other):
            for axis in range(3):
                low[axis] = min(low[axis], others[number, axis])
                high[axis] = max(high[axis], others[number, axis])
        best = np.inf
        for number in range(begin, end):
            least = 0.0
            for axis in range(3):
                place = centres[number, axis]
                gap = max(low[axis] - place, place - high[axis]) - half[axis]
                if gap > 0:
                    least += gap * gap
            if least >= best:
                continue
            for other in range(begin_other, end_other):
                square = 0.0
                for axis in range(3):
                    gap = abs(centres[number, axis] - others[other, axis]) - half[axis]
                    if gap > 0:
                        square += gap * gap
                best = min(best, square)
            if best == 0:
                break
        found[pair] = np.sqrt(best)
    return found

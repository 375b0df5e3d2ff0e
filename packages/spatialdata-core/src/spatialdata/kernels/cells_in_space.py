"""Distances between sets of cells of lattices in space, which may be turned against each other and sheared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["distances_of_cell_sets"]

_NOTHING = 1e-12
# Steps that do not bring two cells nearer to each other are those of rounding.
_STEPS = 100


@compiled
def distances_of_cell_sets(
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    centres: NDArray[np.float64],
    starts: NDArray[np.int64],
    others: NDArray[np.float64],
    starts_of_others: NDArray[np.int64],
    half: NDArray[np.float64],
    sides: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The distance of each pair of sets: that of the two cells, one of each, that are nearest to each other.

    Parameters
    ----------
    first, second
        The pairs: the numbers of a set and of one of the others.
    centres, starts
        The centres of all cells, of shape ``(n, 3)``, and where those of each set begin; the last one ends at the end.
    others, starts_of_others
        Those of the other sets.
    half
        Half the sides of the box around a cell of the sets and of that around one of the others together.
    sides
        The sides of a cell of the sets and of one of the others, of shape ``(k, 3)``; a cell without sides is a point.
    """
    found = np.empty(len(first))
    gap, low, high, scratch = np.empty(3), np.empty(3), np.empty(3), np.empty((4, len(sides)))
    for pair in range(len(first)):
        best = np.inf
        begin, end = starts_of_others[second[pair]], starts_of_others[second[pair] + 1]
        for axis in range(3):
            low[axis], high[axis] = others[begin:end, axis].min(), others[begin:end, axis].max()
        for number in range(starts[first[pair]], starts[first[pair] + 1]):
            least = 0.0
            for axis in range(3):
                place = centres[number, axis]
                least += max(max(low[axis] - place, place - high[axis]) - half[axis], 0.0) ** 2
            if least >= best:
                continue
            for other in range(begin, end):
                least = 0.0
                for axis in range(3):
                    gap[axis] = others[other, axis] - centres[number, axis]
                    least += max(abs(gap[axis]) - half[axis], 0.0) ** 2
                if least < best:
                    best = min(best, _square_of_distance(gap, sides, scratch))
            if best == 0:
                break
        found[pair] = np.sqrt(best)
    return found


@compiled
def _square_of_distance(gap: NDArray[np.float64], sides: NDArray[np.float64], scratch: NDArray[np.float64]) -> float:
    """The least square of ``gap + w @ sides`` with each w from -1/2 to 1/2.

    The sides are let go one by one, those along which it falls, and held again where they reach a bound.
    """
    weight, free, wanted, held = scratch[0], scratch[1], scratch[2], scratch[3]
    rest = gap.copy()
    size = np.abs(gap).sum() + np.abs(sides).sum()
    for side in range(len(sides)):
        weight[side] = -0.5 if np.dot(gap, sides[side]) > 0 else 0.5
        free[side], held[side] = 0.0, 0.0
    for _ in range(_STEPS):
        rest[:] = gap
        for side in range(len(sides)):
            rest += weight[side] * sides[side]
        length = np.sqrt(np.dot(rest, rest))
        if length <= _NOTHING * size:
            return 0.0
        chosen = _falling(rest, length, sides, weight, free, held)
        if chosen < 0:
            break
        free[chosen] = 1.0
        before = weight[chosen]
        _settle(gap, sides, weight, free, wanted)
        held[:] = 0.0
        if free[chosen] == 0 and weight[chosen] == before:
            held[chosen] = 1.0
    return float(np.dot(rest, rest))


@compiled
def _falling(
    rest: NDArray[np.float64],
    length: float,
    sides: NDArray[np.float64],
    weight: NDArray[np.float64],
    free: NDArray[np.float64],
    held: NDArray[np.float64],
) -> int:
    """The side at a bound along which the distance falls most on the way inside; -1 if it falls along none."""
    chosen, most = -1, _NOTHING
    for side in range(len(sides)):
        long = np.sqrt(np.dot(sides[side], sides[side]))
        if free[side] or held[side] or long == 0:
            continue
        slope = np.dot(rest, sides[side]) / (long * length)
        if weight[side] < 0:
            slope = -slope
        if slope > most:
            chosen, most = side, slope
    return chosen


@compiled
def _settle(
    gap: NDArray[np.float64],
    sides: NDArray[np.float64],
    weight: NDArray[np.float64],
    free: NDArray[np.float64],
    wanted: NDArray[np.float64],
) -> None:
    """Move the weights of the free sides to where the distance is least, and hold those that reach a bound before."""
    for _ in range(len(sides)):
        count = int(free.sum())
        if count == 0:
            return
        members = np.flatnonzero(free)
        rest = gap.copy()
        for side in range(len(sides)):
            if free[side] == 0:
                rest += weight[side] * sides[side]
        chosen = sides[members]
        solution = np.linalg.lstsq(chosen.T, -rest)[0]
        wanted[members] = solution
        share, stopped = 1.0, -1
        for at in range(count):
            side = int(members[at])
            move = wanted[side] - weight[side]
            if abs(wanted[side]) > 0.5 and move != 0:
                bound = 0.5 if move > 0 else -0.5
                part = (bound - weight[side]) / move
                if part < share:
                    share, stopped = part, side
        for side in range(len(sides)):
            if free[side] == 0:
                continue
            weight[side] += max(share, 0.0) * (wanted[side] - weight[side])
        if stopped < 0:
            return
        weight[stopped] = 0.5 if wanted[stopped] > 0 else -0.5
        free[stopped] = 0.0

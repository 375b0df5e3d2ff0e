"""Numbers summed up by the region that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    # Count, sum, mean, squared deviations, least and greatest.
    Fields: TypeAlias = tuple[
        NDArray[Any],
        NDArray[np.float64],
        NDArray[np.float64],
        NDArray[np.float64],
        NDArray[np.float64],
        NDArray[np.float64],
    ]

__all__ = ["bounds_of_runs", "merge_moments", "squares_by_slot", "squares_of_runs", "sums_of_runs", "totals_by_slot"]


@compiled
def totals_by_slot(
    slots: NDArray[np.int32], values: NDArray[Any], size: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Count, sum, least and greatest of the values of each slot; those that are nan, or have no slot, do not count.

    Parameters
    ----------
    slots
        The slot of each value; -1 for none.
    values
        The values, in an array of the same length.
    size
        The number of slots.

    Returns
    -------
    Four arrays of length ``size``. Where nothing counts, the least is inf and the greatest -inf.
    """
    count, total = np.zeros(size, dtype=np.int64), np.zeros(size)
    least, greatest = np.full(size, np.inf), np.full(size, -np.inf)
    for number in range(len(slots)):
        slot = slots[number]
        value = np.float64(values[number])
        if slot < 0 or np.isnan(value):
            continue
        count[slot] += 1
        total[slot] += value
        least[slot] = min(least[slot], value)
        greatest[slot] = max(greatest[slot], value)
    return count, total, least, greatest


@compiled
def squares_by_slot(slots: NDArray[np.int32], values: NDArray[Any], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of squared deviations from the mean of each slot; see :func:`totals_by_slot`."""
    squares = np.zeros(len(mean))
    for number in range(len(slots)):
        slot = slots[number]
        value = np.float64(values[number])
        if slot >= 0 and not np.isnan(value):
            squares[slot] += (value - mean[slot]) ** 2
    return squares


@compiled
def sums_of_runs(
    figure: NDArray[np.int64],
    row: NDArray[np.int64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    values: NDArray[Any],
    size: int,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Count and sum of the values under the runs of each figure; nan does not count.

    Parameters
    ----------
    figure
        The figure of each run, from 0 on.
    row, start, stop
        The values from ``start`` to ``stop`` of a row are under the run.
    values
        Array of shape ``(rows, width)``.
    size
        The number of figures.
    """
    count, total = np.zeros(size, dtype=np.int64), np.zeros(size)
    for run in range(len(figure)):
        number, together = 0, 0.0
        for value in values[row[run], start[run] : stop[run]]:
            if not np.isnan(value):
                number += 1
                together += np.float64(value)
        count[figure[run]] += number
        total[figure[run]] += together
    return count, total


@compiled
def bounds_of_runs(
    figure: NDArray[np.int64],
    row: NDArray[np.int64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    values: NDArray[Any],
    size: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest of the values under the runs of each figure, inf and -inf where there is none.

    The parameters are those of :func:`sums_of_runs`.
    """
    least, greatest = np.full(size, np.inf), np.full(size, -np.inf)
    for run in range(len(figure)):
        low, high = np.inf, -np.inf
        for value in values[row[run], start[run] : stop[run]]:
            if not np.isnan(value):
                low, high = min(low, np.float64(value)), max(high, np.float64(value))
        own = figure[run]
        least[own], greatest[own] = min(least[own], low), max(greatest[own], high)
    return least, greatest


@compiled
def squares_of_runs(
    figure: NDArray[np.int64],
    row: NDArray[np.int64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    values: NDArray[Any],
    mean: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The sum of squared deviations from the mean of each figure; see :func:`sums_of_runs`."""
    squares = np.zeros(len(mean))
    for run in range(len(figure)):
        middle, together = mean[figure[run]], 0.0
        for value in values[row[run], start[run] : stop[run]]:
            if not np.isnan(value):
                together += (np.float64(value) - middle) ** 2
        squares[figure[run]] += together
    return squares


@compiled
def merge_moments(into: Fields, part: Fields, place: NDArray[np.intp]) -> None:
    """Take what is known of some of the values into what is known of the others; deviations without cancellation.

    Parameters
    ----------
    into
        Count, sum, mean, squared deviations from it, least and greatest, of shape ``(size, columns)``; changed.
    part
        The same of other values, of shape ``(rows, columns)``.
    place
        Where each row of the part belongs.
    """
    count, total, mean, squares, least, greatest = into
    counts, totals, means, spread, low, high = part
    for row in range(len(place)):
        own = place[row]
        for column in range(counts.shape[1]):
            before, more = count[own, column], counts[row, column]
            both = before + more
            if both == 0:
                both = before + more + 1
            away = means[row, column] - mean[own, column]
            squares[own, column] += spread[row, column] + away * away * before * more / both
            mean[own, column] += away * more / both
            count[own, column] += more
            total[own, column] += totals[row, column]
            least[own, column] = min(least[own, column], low[row, column])
            greatest[own, column] = max(greatest[own, column], high[row, column])

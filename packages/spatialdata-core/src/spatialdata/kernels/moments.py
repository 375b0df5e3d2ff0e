"""Numbers summed up by the region that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.compiled import compiled
from spatialdata.kernels.labels import grown, place_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["slots_of_runs", "squares_by_slot", "squares_of_runs", "totals_by_slot", "totals_of_runs"]

_ROOM = 2048


@compiled
def _number_runs(
    labels: NDArray[Any],
    start: NDArray[np.int64],
    width: int,
    background: bool,
    at: tuple[int, int, int],
    slots: NDArray[np.int32],
    ids: NDArray[Any],
    table: tuple[NDArray[Any], NDArray[np.int32]],
) -> tuple[int, int, int]:
    """Number runs until there is room for no other label; tell the next run, the one above, and how many it has."""
    run, above, found = at
    while run < len(start):
        label = labels[start[run]]
        slots[run] = -1
        if label != 0 or background:
            while start[above + 1] <= start[run] - width:
                above += 1
            slot = slots[above] if start[run] >= width else np.int32(-1)
            if slot < 0 or ids[slot] != label:
                place = place_of(label, table[0], table[1])
                slot = table[1][place]
                if slot < 0:
                    if found == len(ids):
                        return run, above, found
                    slot = np.int32(found)
                    table[0][place], table[1][place], ids[found] = label, slot, label
                    found += 1
            slots[run] = slot
        run += 1
    return run, above, found


@compiled
def slots_of_runs(labels: NDArray[Any], start: NDArray[np.int64], width: int, background: bool) -> tuple[Any, Any]:
    """Number the labels of runs of equal pixels from 0 on, in the order in which they first occur.

    Parameters
    ----------
    labels
        Flat array of integers, row after row.
    start
        Where each run starts; runs end with their row at the latest, and cover all pixels.
    width
        The length of a row. The run above a run mostly has the same label, which then need not be looked up.
    background
        Whether 0 is numbered, too.

    Returns
    -------
    slots
        The number of the label of each run; -1 for the background.
    ids
        The label of each number.
    """
    table = np.zeros(2 * _ROOM, dtype=labels.dtype), np.full(2 * _ROOM, -1, dtype=np.int32)
    slots, ids = np.empty(len(start), dtype=np.int32), np.empty(_ROOM, dtype=labels.dtype)
    at = _number_runs(labels, start, width, background, (0, 0, 0), slots, ids, table)
    while at[0] < len(start):
        table, ids = grown(table[0], table[1]), np.append(ids, ids)
        at = _number_runs(labels, start, width, background, at, slots, ids, table)
    return slots, ids[: at[2]].copy()


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
def totals_of_runs(
    slots: NDArray[np.int32], start: NDArray[np.int64], stop: NDArray[np.int64], values: NDArray[Any], size: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Count, sum, least and greatest of the values under the runs of each slot; nan does not count.

    Parameters
    ----------
    slots
        The slot of each run, from 0 on.
    start, stop
        The values from ``start`` to ``stop`` are under the run.
    values
        Flat array.
    size
        The number of slots.

    Returns
    -------
    Four arrays of length ``size``. Where nothing counts, the least is inf and the greatest -inf.
    """
    count, total = np.zeros(size, dtype=np.int64), np.zeros(size)
    least, greatest = np.full(size, np.inf), np.full(size, -np.inf)
    for run in range(len(slots)):
        number, together, low, high = 0, 0.0, np.inf, -np.inf
        for place in range(start[run], stop[run]):
            value = np.float64(values[place])
            if not np.isnan(value):
                number += 1
                together += value
                low, high = min(low, value), max(high, value)
        slot = slots[run]
        count[slot] += number
        total[slot] += together
        least[slot], greatest[slot] = min(least[slot], low), max(greatest[slot], high)
    return count, total, least, greatest


@compiled
def squares_of_runs(
    slots: NDArray[np.int32],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    values: NDArray[Any],
    mean: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The sum of squared deviations from the mean of each slot; see :func:`totals_of_runs`."""
    squares = np.zeros(len(mean))
    for run in range(len(slots)):
        for place in range(start[run], stop[run]):
            value = np.float64(values[place])
            if not np.isnan(value):
                squares[slots[run]] += (value - mean[slots[run]]) ** 2
    return squares

"""Numbers summed up by the region that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["slots_of_runs", "squares_by_slot", "squares_of_runs", "totals_by_slot", "totals_of_runs"]

_GOLDEN = 0x9E3779B97F4A7C15


@compiled
def _place_of(label: Any, ids: NDArray[Any], slots: NDArray[np.int32]) -> Any:
    """Where a label is in a hash table, or where there is room for it."""
    mask = np.uint64(len(slots) - 1)
    place = (np.uint64(label) * np.uint64(_GOLDEN) >> np.uint64(20)) & mask
    while slots[place] >= 0 and ids[place] != label:
        place = (place + np.uint64(1)) & mask
    return place


@compiled
def _grown(ids: NDArray[Any], slots: NDArray[np.int32]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """The hash table with twice the room."""
    more_ids, more_slots = np.zeros(2 * len(ids), dtype=ids.dtype), np.full(2 * len(ids), -1, dtype=np.int32)
    for old in range(len(slots)):
        if slots[old] >= 0:
            place = _place_of(ids[old], more_ids, more_slots)
            more_ids[place], more_slots[place] = ids[old], slots[old]
    return more_ids, more_slots


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
    table_ids, table_slots = np.zeros(1024, dtype=labels.dtype), np.full(1024, -1, dtype=np.int32)
    slots = np.empty(len(start), dtype=np.int32)
    ids = np.empty(512, dtype=labels.dtype)
    found, above = 0, 0
    for run in range(len(start)):
        label = labels[start[run]]
        if label == 0 and not background:
            slots[run] = -1
            continue
        while start[above + 1] <= start[run] - width:
            above += 1
        slot = slots[above] if start[run] >= width else np.int32(-1)
        if slot < 0 or ids[slot] != label:
            place = _place_of(label, table_ids, table_slots)
            slot = table_slots[place]
            if slot < 0:
                slot = np.int32(found)
                table_ids[place], table_slots[place], ids[found] = label, slot, label
                found += 1
                if 2 * found == len(table_slots):
                    table_ids, table_slots = _grown(table_ids, table_slots)
                    ids = np.append(ids, np.zeros(len(ids), dtype=labels.dtype))
        slots[run] = slot
    return slots, ids[:found].copy()


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

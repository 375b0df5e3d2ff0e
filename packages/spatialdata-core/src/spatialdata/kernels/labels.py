"""The ids of labels: which there are, where their pixels lie, and other ones in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["grown", "label_moments", "labels_in", "place_of", "renumbered"]

_GOLDEN = 0x9E3779B97F4A7C15
_ROOM = 2048


@compiled
def place_of(label: Any, ids: NDArray[Any], slots: NDArray[np.int32]) -> Any:
    """Where a label is in a hash table, or where there is room for it."""
    mask = np.uint64(len(slots) - 1)
    place = (np.uint64(label) * np.uint64(_GOLDEN) >> np.uint64(20)) & mask
    while slots[place] >= 0 and ids[place] != label:
        place = (place + np.uint64(1)) & mask
    return place


@compiled
def grown(ids: NDArray[Any], slots: NDArray[np.int32]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """The hash table with twice the room."""
    more_ids, more_slots = np.zeros(2 * len(ids), dtype=ids.dtype), np.full(2 * len(ids), -1, dtype=np.int32)
    for old in range(len(slots)):
        if slots[old] >= 0:
            place = place_of(ids[old], more_ids, more_slots)
            more_ids[place], more_slots[place] = ids[old], slots[old]
    return more_ids, more_slots


@compiled
def _find_labels(
    labels: NDArray[Any],
    width: int,
    at: tuple[int, int],
    ids: NDArray[Any],
    table: tuple[NDArray[Any], NDArray[np.int32]],
) -> tuple[int, int]:
    """Look for labels from a pixel on until there is room for no other; tell the next pixel and how many there are."""
    size = len(labels)
    pixel, found = at
    while pixel < size:
        label = labels[pixel]
        if label != 0 and (pixel < width or labels[pixel - width] != label):
            place = place_of(label, table[0], table[1])
            if table[1][place] < 0:
                if found == len(ids):
                    return pixel, found
                table[0][place], table[1][place], ids[found] = label, found, label
                found += 1
        pixel += 1
        while pixel < size and labels[pixel] == label:
            pixel += 1
    return pixel, found


@compiled
def labels_in(labels: NDArray[Any], width: int) -> NDArray[Any]:
    """Which labels other than 0 occur, in the order in which they first do.

    Parameters
    ----------
    labels
        Flat array of integers, of which neighbours are mostly equal.
    width
        The length of its rows. The label above is mostly the same, which then need not be looked up.
    """
    table = np.zeros(2 * _ROOM, dtype=labels.dtype), np.full(2 * _ROOM, -1, dtype=np.int32)
    ids = np.empty(_ROOM, dtype=labels.dtype)
    # Arrays that the loop itself would replace are slow, so it stops where it needs larger ones.
    pixel, found = _find_labels(labels, width, (0, 0), ids, table)
    while pixel < len(labels):
        table, ids = grown(table[0], table[1]), np.append(ids, ids)
        pixel, found = _find_labels(labels, width, (pixel, found), ids, table)
    return ids[:found].copy()


@compiled
def renumbered(labels: NDArray[Any], width: int, ids: NDArray[Any]) -> NDArray[Any]:
    """The position of each label in sorted ids that hold all of them.

    Parameters
    ----------
    labels
        Flat array of integers, of which neighbours are mostly equal.
    width
        The length of its rows. The label above is mostly the same, which then need not be looked up.
    ids
        The ids, of the same dtype.
    """
    result = np.empty_like(labels)
    pixel, size = 0, len(labels)
    while pixel < size:
        label = labels[pixel]
        low, high = np.int64(0), np.int64(len(ids) - 1)
        if pixel >= width and labels[pixel - width] == label:
            low = high = np.int64(result[pixel - width])
        while low < high:
            middle = (low + high) // 2
            if ids[middle] < label:
                low = middle + 1
            else:
                high = middle
        while pixel < size and labels[pixel] == label:
            result[pixel] = low
            pixel += 1
    return result


@compiled
def _add_moments(
    rows: NDArray[Any],
    lead: NDArray[np.int64],
    background: bool,
    first: tuple[int, int],
    found: int,
    ids: NDArray[Any],
    table: tuple[NDArray[Any], NDArray[np.int32]],
    sums: NDArray[np.float64],
) -> tuple[int, int, int]:
    """Add pixels from a row and column on until there is room for no other label; tell the next and how many it has.

    Each row of ``sums`` holds the number of pixels; by axis the first of them, from which the others are counted so
    that sums are exact, the bounds and the sum; and the sums of products.
    """
    height, width = rows.shape
    last = lead.shape[0]
    axes = last + 1
    away = np.empty(axes)
    stop = first[1]
    for row in range(first[0], height):
        while stop < width:
            start, label = stop, rows[row, stop]
            stop += 1
            while stop < width and rows[row, stop] == label:
                stop += 1
            if label == 0 and not background:
                continue
            place = place_of(label, table[0], table[1])
            if table[1][place] < 0:
                if found == len(ids):
                    return row, start, found
                table[0][place], table[1][place], ids[found] = label, found, label
                sums[found] = 0
                for axis in range(axes):
                    begin = start if axis == last else lead[axis, row]
                    sums[found, 1 + axis] = begin
                    sums[found, 1 + axes + axis] = begin
                found += 1
            own = sums[table[1][place]]
            length = float(stop - start)
            own[0] += length
            for axis in range(axes):
                begin = start if axis == last else lead[axis, row]
                end = stop if axis == last else begin + 1
                away[axis] = (begin + end - 1) / 2 - own[1 + axis]
                own[1 + axes + axis] = min(own[1 + axes + axis], begin)
                own[1 + 2 * axes + axis] = max(own[1 + 2 * axes + axis], end)
                own[1 + 3 * axes + axis] += length * away[axis]
                for other in range(axis + 1):
                    own[1 + 4 * axes + axis * axes + other] += length * away[axis] * away[other]
            own[4 * axes + axes * axes] += (length**3 - length) / 12
        stop = 0
    return height, 0, found


@compiled
def label_moments(
    rows: NDArray[Any], lead: NDArray[np.int64], background: bool
) -> tuple[
    NDArray[Any],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
]:
    """The labels of a block in the order in which they first occur, and where their pixels lie.

    Parameters
    ----------
    rows
        Array of shape ``(rows, width)``, without gaps.
    lead
        Array of shape ``(axes - 1, rows)``: the pixel of each row along all axes but the last.
    background
        Whether 0 counts as a label.

    Returns
    -------
    The labels, and the fields of ``spatialdata.models.label_runs.BlockShapes``.
    """
    axes = lead.shape[0] + 1
    table = np.zeros(2 * _ROOM, dtype=rows.dtype), np.full(2 * _ROOM, -1, dtype=np.int32)
    ids, sums = np.empty(_ROOM, dtype=rows.dtype), np.empty((_ROOM, 1 + 4 * axes + axes * axes))
    row, column, found = _add_moments(rows, lead, background, (0, 0), 0, ids, table, sums)
    while row < len(rows):
        table, ids, sums = grown(table[0], table[1]), np.append(ids, ids), np.concatenate((sums, sums))
        row, column, found = _add_moments(rows, lead, background, (row, column), found, ids, table, sums)
    mean, scatter = np.empty((found, axes)), np.empty((found, axes, axes))
    for slot in range(found):
        own = sums[slot]
        for axis in range(axes):
            total = own[1 + 3 * axes + axis]
            mean[slot, axis] = own[1 + axis] + total / own[0] + 0.5
            for other in range(axis + 1):
                products = own[1 + 4 * axes + axis * axes + other]
                scatter[slot, axis, other] = products - total * (own[1 + 3 * axes + other] / own[0])
                scatter[slot, other, axis] = scatter[slot, axis, other]
    lower, upper = sums[:found, 1 + axes : 1 + 2 * axes].copy(), sums[:found, 1 + 2 * axes : 1 + 3 * axes].copy()
    return ids[:found].copy(), sums[:found, 0].copy(), mean, scatter, lower, upper

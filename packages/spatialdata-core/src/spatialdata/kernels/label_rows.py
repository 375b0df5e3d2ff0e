"""Rows of labels as runs of equal pixels, numbered by the labels that they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Table: TypeAlias = tuple[NDArray[Any], NDArray[Any], NDArray[np.int32]]

__all__ = ["grown", "marks_for", "new_table", "numbered_runs", "places_of_marks", "runs_of_row", "words_of"]

_GOLDEN = 0x9E3779B97F4A7C15
_BYTES = 0x0001020304050607
_ROOM = 2048


@compiled
def marks_for(width: int) -> NDArray[np.uint8]:
    """Room for a mark at each pixel of a row, in whole words."""
    return np.zeros((width + 7) // 8 * 8, dtype=np.uint8)


@compiled
def words_of(marks: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The same marks, eight at a time."""
    return marks.view(np.uint64)


@compiled
def places_of_marks(words: NDArray[np.uint64], places: NDArray[np.int32]) -> int:
    """Write down where marks are 1, in their order; tell how many there are."""
    found = 0
    for word in range(len(words)):
        left = words[word]
        while left != 0:
            # The lowest mark of the word is 256 to the power of its byte; the product has that byte on top.
            lowest = left & (~left + np.uint64(1))
            places[found] = 8 * word + np.int64((lowest * np.uint64(_BYTES)) >> np.uint64(56))
            found += 1
            left ^= lowest
    return found


@compiled
def runs_of_row(row: NDArray[Any], marks: NDArray[np.uint8], start: NDArray[np.int32]) -> int:
    """Where runs of equal pixels start, and behind them the end of the row; tell how many runs there are.

    Parameters
    ----------
    row
        The pixels.
    marks
        Room for marks, from :func:`marks_for`.
    start
        Room for one number more than the row has pixels.
    """
    width = len(row)
    if width == 0:
        start[0] = 0
        return 0
    # Two loops without a decision are several times as fast as one that looks at each pixel.
    marks[0] = 1
    for pixel in range(1, width):
        marks[pixel] = row[pixel] != row[pixel - 1]
    runs = places_of_marks(words_of(marks), start)
    start[runs] = width
    return runs


@compiled
def _place_of(label: Any, ids: NDArray[Any], slots: NDArray[np.int32]) -> Any:
    """Where a label is in a hash table, or where there is room for it."""
    mask = np.uint64(len(slots) - 1)
    place = (np.uint64(label) * np.uint64(_GOLDEN) >> np.uint64(20)) & mask
    while slots[place] >= 0 and ids[place] != label:
        place = (place + np.uint64(1)) & mask
    return place


@compiled
def new_table(labels: NDArray[Any]) -> Table:
    """Room for the labels of a few rows: the label of each number, and a hash table of labels and their numbers.

    Parameters
    ----------
    labels
        Array of shape ``(rows, width)``.
    """
    room = _ROOM
    while room < labels.shape[1]:
        room *= 2
    ids, keys = np.empty(room, dtype=labels.dtype), np.zeros(2 * room, dtype=labels.dtype)
    return ids, keys, np.full(2 * room, -1, dtype=np.int32)


@compiled
def grown(table: Table) -> Table:
    """The table with twice the room."""
    ids, keys, slots = table
    more_keys, more_slots = np.zeros(2 * len(keys), dtype=keys.dtype), np.full(2 * len(keys), -1, dtype=np.int32)
    for old in range(len(slots)):
        if slots[old] >= 0:
            place = _place_of(keys[old], more_keys, more_slots)
            more_keys[place], more_slots[place] = keys[old], slots[old]
    return np.append(ids, ids), more_keys, more_slots


@compiled
def numbered_runs(
    row: NDArray[Any],
    runs: tuple[NDArray[np.int32], NDArray[np.int32]],
    count: int,
    above: tuple[NDArray[np.int32], NDArray[np.int32]],
    count_above: int,
    background: bool,
    table: Table,
    found: int,
) -> int:
    """Number the labels of the runs of a row in the order in which they first occur; tell how many have a number.

    Parameters
    ----------
    row
        The pixels.
    runs
        Where runs start, and room for their numbers; -1 is the background.
    count
        How many there are.
    above, count_above
        The same of the row before, of which labels are mostly the same and need not be looked up.
    background
        Whether 0 is numbered, too.
    table
        See :func:`new_table`; with room for as many labels as there are runs.
    found
        How many labels have a number.
    """
    start, slot = runs
    ids, keys, slots = table
    other = 0
    for run in range(count):
        label = row[start[run]]
        slot[run] = -1
        if label == 0 and not background:
            continue
        number = np.int32(-1)
        if count_above > 0:
            middle = (start[run] + start[run + 1]) // 2
            while above[0][other + 1] <= middle:
                other += 1
            number = above[1][other]
        if number < 0 or ids[number] != label:
            place = _place_of(label, keys, slots)
            number = slots[place]
            if number < 0:
                number = np.int32(found)
                keys[place], slots[place], ids[found] = label, number, label
                found += 1
        slot[run] = number
    return found

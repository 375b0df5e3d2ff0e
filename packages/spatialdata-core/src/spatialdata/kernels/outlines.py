"""Outlines of labels along the edges of pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.compiled import compiled
from spatialdata.kernels.label_rows import marks_for, places_of_marks, words_of

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Rings: TypeAlias = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[Any], NDArray[np.int64]]

__all__ = ["filled", "gathered_rings", "trace"]


_ROOM = 4096


@compiled
def _mark_tops(row: NDArray[Any], above: NDArray[Any], marks: NDArray[np.uint8]) -> None:
    """Mark in a row where edges at the tops of labels start, from left to right."""
    # Two simple loops are faster than one with all decisions.
    for x in range(len(row)):
        marks[x] = (row[x] != above[x]) & (row[x] != 0)
    before = marks[0]
    for x in range(1, len(row)):
        own = marks[x]
        marks[x] = own & ~(before & np.uint8(row[x - 1] == row[x]))
        before = own


@compiled
def _follow(
    rows: NDArray[Any],
    first_x: int,
    first_y: int,
    seen: NDArray[np.bool_],
    corners: NDArray[np.int32],
    pinched: NDArray[np.bool_],
) -> tuple[int, bool]:
    """Write the corners of the outline that starts to the right along the top of a pixel; tell how many there are.

    The label is always on the right hand as seen with y downwards. A corner is pinched if the label is on both sides
    of it; whether there is one is told, too. Without room for them all, the number is 0 and nothing has happened.
    """
    height, width = rows.shape
    label = rows[first_y, first_x]
    x, y, step_x, step_y = first_x, first_y, 1, 0
    corners[0, 0], corners[0, 1], pinched[0], seen[y, x] = x, y, False, True
    count, is_pinched = 1, False
    while True:
        x += step_x
        y += step_y
        # The pixels ahead of the corner on the right and on the left hand.
        right_x, right_y = x + ((step_x - step_y - 1) >> 1), y + ((step_x + step_y - 1) >> 1)
        left_x, left_y = x + ((step_x + step_y - 1) >> 1), y + ((step_y - step_x - 1) >> 1)
        right = 0 <= right_x < width and 0 <= right_y < height and rows[right_y, right_x] == label
        left = 0 <= left_x < width and 0 <= left_y < height and rows[left_y, left_x] == label
        if right and not left:
            continue
        if right:
            step_x, step_y = step_y, -step_x
        else:
            step_x, step_y = -step_y, step_x
        is_pinch = left and not right
        is_pinched = is_pinched or is_pinch
        if x == first_x and y == first_y and step_x == 1:
            pinched[0] = is_pinch
            return count, is_pinched
        if count == len(corners):
            seen[first_y, first_x] = False
            return 0, False
        corners[count, 0], corners[count, 1], pinched[count] = x, y, is_pinch
        count += 1
        if step_x == 1:
            seen[y, x] = True


@compiled
def _put(
    corners: NDArray[np.int32],
    first: int,
    last: int,
    label: Any,
    origin: tuple[int, int],
    rings: Rings,
    at: tuple[int, int],
) -> tuple[int, int]:
    """Write an outline the other way round, from its corner with the least x and y on, and that corner once more.

    This is how GEOS normalises rings. The next free corner and ring are told.
    """
    coordinates, offsets, labels, areas = rings
    end, ring = at
    least, before, twice = first, last - 1, np.int64(0)
    for place in range(first, last):
        x, y = corners[place, 0], corners[place, 1]
        twice += np.int64(corners[before, 0]) * y - np.int64(x) * corners[before, 1]
        before = place
        if x < corners[least, 0] or (x == corners[least, 0] and y < corners[least, 1]):
            least = place
    for place in range(least, first - 1, -1):
        coordinates[end, 0], coordinates[end, 1] = corners[place, 0] + origin[1], corners[place, 1] + origin[0]
        end += 1
    for place in range(last - 1, least - 1, -1):
        coordinates[end, 0], coordinates[end, 1] = corners[place, 0] + origin[1], corners[place, 1] + origin[0]
        end += 1
    offsets[ring + 1], labels[ring], areas[ring] = end, label, twice // 2
    return end, ring + 1


@compiled
def _met_before(corners: NDArray[np.int32], pinched: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each corner of an outline the earlier one at the same place; -1 if there is none."""
    before = np.full(len(corners), -1, np.int64)
    pinches = np.flatnonzero(pinched)
    keys = np.empty(len(pinches), np.int64)
    for number, place in enumerate(pinches):
        keys[number] = (np.int64(corners[place, 0]) << 32) + corners[place, 1]
    order = np.argsort(keys)
    for number in range(1, len(order)):
        if keys[order[number]] == keys[order[number - 1]]:
            one, other = pinches[order[number]], pinches[order[number - 1]]
            before[max(one, other)] = min(one, other)
    return before


@compiled
def _put_loops(
    corners: NDArray[np.int32],
    pinched: NDArray[np.bool_],
    label: Any,
    origin: tuple[int, int],
    rings: Rings,
    at: tuple[int, int],
) -> tuple[int, int]:
    """Write an outline that touches itself as several that do not: what lies between two visits of a corner is one."""
    before = _met_before(corners, pinched)
    path, numbers = np.empty_like(corners), np.empty(len(corners), np.int64)
    place = np.full(len(corners), -1, np.int64)
    length = 0
    for number in range(len(corners)):
        first = int(place[before[number]]) if before[number] >= 0 else -1
        if first >= 0:
            at = _put(path, first, length, label, origin, rings, at)
            for passed in range(first + 1, length):
                place[numbers[passed]] = -1
            length = first + 1
        else:
            path[length], numbers[length], place[number] = corners[number], number, length
            length += 1
    return _put(path, 0, length, label, origin, rings, at)


def trace(
    rows: NDArray[Any], origin: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[Any], NDArray[np.int64]]:
    """Follow the outlines of all labels.

    Pixels of a label that share only a corner are apart, and no outline touches itself. Outlines are normalised as GEOS
    does it: they start at the corner with the least x and y, clockwise as seen with y upwards, those of holes the other
    way round.

    Parameters
    ----------
    rows
        Labels of shape ``(height, width)``.
    origin
        The position y, x of the first pixel.

    Returns
    -------
    coordinates
        Array of shape ``(n, 2)`` of x, y of corners; each outline ends with its first one. Pixel i covers i to i + 1.
    offsets
        Where the outlines start in it, and its end.
    labels
        The label of each outline.
    areas
        The number of pixels inside of each outline, negative for holes.
    """
    rings = _room_for(rows.dtype, rows.size // 12 + _ROOM, rows.size // 96 + _ROOM)
    corners, pinched = np.empty((_ROOM, 2), np.int32), np.empty(_ROOM, np.bool_)
    seen = np.zeros(rows.shape, np.bool_)
    row, at = 0, (0, 0)
    while True:
        row, at, count = _trace_rows(rows, row, origin, seen, corners, pinched, rings, at)
        if row == len(rows):
            break
        if count == 0:
            corners, pinched = np.empty((2 * len(corners), 2), np.int32), np.empty(2 * len(corners), np.bool_)
        else:
            rings = _larger(rings, at[0] + 2 * count, at[1] + count)
    end, ring = at
    return rings[0][:end], rings[1][: ring + 1], rings[2][:ring], rings[3][:ring]


def _larger(rings: Rings, corners: int, count: int) -> Rings:
    """The same rings, with room for a number of corners and of rings, and for twice as many as there was."""
    more = _room_for(rings[2].dtype, max(corners, 2 * len(rings[0])), max(count, 2 * len(rings[2])))
    for old, new in zip(rings, more, strict=True):
        new[: len(old)] = old
    return more


def _room_for(dtype: Any, corners: int, count: int) -> Rings:
    return np.empty((corners, 2)), np.zeros(count + 1, np.int64), np.empty(count, dtype), np.empty(count, np.int64)


@compiled
def _trace_rows(
    rows: NDArray[Any],
    first: int,
    origin: tuple[int, int],
    seen: NDArray[np.bool_],
    corners: NDArray[np.int32],
    pinched: NDArray[np.bool_],
    rings: Rings,
    at: tuple[int, int],
) -> tuple[int, tuple[int, int], int]:
    """Follow the outlines that start in a row and those below, until there is no room.

    Returns
    -------
    The row to go on with, the next free corner and ring, and the number of corners that there is no room for; 0 if
    there were even more than can be followed.
    """
    height, width = rows.shape
    marks, starts, nothing = marks_for(width), np.empty(width, np.int32), np.zeros(width, rows.dtype)
    for y in range(first, height if width else first):
        if y > 0:
            _mark_tops(rows[y], rows[y - 1], marks)
        else:
            _mark_tops(rows[y], nothing, marks)
        for start in range(places_of_marks(words_of(marks), starts)):
            x = starts[start]
            if seen[y, x]:
                continue
            count, is_pinched = _follow(rows, x, y, seen, corners, pinched)
            # Loops of an outline have four corners or more, and each ends with its first one.
            if count == 0 or at[0] + 2 * count > len(rings[0]) or at[1] + count > len(rings[2]):
                seen[y, x] = False
                return y, at, count
            if is_pinched:
                at = _put_loops(corners[:count], pinched[:count], rows[y, x], origin, rings, at)
            else:
                at = _put(corners, 0, count, rows[y, x], origin, rings, at)
    return height, at, 0


@compiled
def gathered_rings(
    coordinates: NDArray[np.float64], offsets: NDArray[np.int64], rings: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Some rings, in another order: their coordinates and offsets."""
    ends = np.zeros(len(rings) + 1, np.int64)
    for number, ring in enumerate(rings):
        ends[number + 1] = ends[number] + offsets[ring + 1] - offsets[ring]
    found = np.empty((ends[-1], 2))
    for number, ring in enumerate(rings):
        shift = ends[number] - offsets[ring]
        for place in range(offsets[ring], offsets[ring + 1]):
            found[place + shift, 0], found[place + shift, 1] = coordinates[place, 0], coordinates[place, 1]
    return found, ends


@compiled
def filled(
    coordinates: NDArray[np.float64],
    offsets: NDArray[np.int64],
    figure: NDArray[np.int64],
    shift: NDArray[np.int64],
    shape: tuple[int, int],
) -> NDArray[np.int32]:
    """Draw figures between rings along the edges of pixels, each with its number, counted from 1.

    Parameters
    ----------
    coordinates, offsets
        The rings.
    figure
        The figure of each ring, counted from 0; figures cover no pixel together.
    shift
        Array of shape ``(figures, 2)`` of x, y: what is taken off the coordinates of each.
    shape
        Height and width of the picture.
    """
    picture = np.zeros(shape, np.int32)
    for ring in range(len(figure)):
        number = figure[ring]
        for place in range(offsets[ring], offsets[ring + 1] - 1):
            column = np.int64(coordinates[place, 0]) - shift[number, 0]
            if coordinates[place, 0] != coordinates[place + 1, 0] or column >= shape[1]:
                continue
            one, other = np.int64(coordinates[place, 1]), np.int64(coordinates[place + 1, 1])
            for row in range(min(one, other) - shift[number, 1], max(one, other) - shift[number, 1]):
                picture[row, column] ^= np.int32(number + 1)
    for row in range(shape[0]):
        inside = np.int32(0)
        for column in range(shape[1]):
            inside ^= picture[row, column]
            picture[row, column] = inside
    return picture

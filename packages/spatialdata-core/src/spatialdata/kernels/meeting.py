"""Which polygons meet, and which are valid for sure; what rounding could decide is left open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.compiled import compiled
from spatialdata.kernels.edges import CROSSES, ROUNDING, TOUCHES, UNKNOWN, crossing_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["APART", "MEETING", "UNSURE", "pairs_meeting", "surely_simple"]

APART, MEETING, UNSURE = 0, 1, 2
_MOST_EDGES = 128


@compiled
def _turn(x1: float, y1: float, x2: float, y2: float, x: float, y: float) -> int:
    """On which side of a line a point lies: 1 or -1, and 0 where rounding could decide."""
    left, right = (x2 - x1) * (y - y1), (y2 - y1) * (x - x1)
    turn = left - right
    if abs(turn) <= ROUNDING * (abs(left) + abs(right)):
        return 0
    return 1 if turn > 0 else -1


@compiled
def _edges_meeting(a: NDArray[np.float64], first: int, b: NDArray[np.float64], second: int) -> int:
    """Whether the edge from corner ``first`` of a meets that from corner ``second`` of b."""
    ax, ay, bx, by = a[first, 0], a[first, 1], a[first + 1, 0], a[first + 1, 1]
    cx, cy, dx, dy = b[second, 0], b[second, 1], b[second + 1, 0], b[second + 1, 1]
    if max(ax, bx) < min(cx, dx) or max(cx, dx) < min(ax, bx) or max(ay, by) < min(cy, dy) or max(cy, dy) < min(ay, by):
        return APART
    to_c, to_d = _turn(ax, ay, bx, by, cx, cy), _turn(ax, ay, bx, by, dx, dy)
    if to_c * to_d > 0:
        return APART
    to_a, to_b = _turn(cx, cy, dx, dy, ax, ay), _turn(cx, cy, dx, dy, bx, by)
    if to_a * to_b > 0:
        return APART
    if to_c * to_d < 0 and to_a * to_b < 0:
        return MEETING
    same = (ax == cx and ay == cy) or (ax == dx and ay == dy) or (bx == cx and by == cy) or (bx == dx and by == dy)
    return MEETING if same else UNSURE


@compiled
def _place(
    coordinates: NDArray[np.float64], start: NDArray[np.int64], first: int, last: int, x: float, y: float
) -> int:
    """Whether a point lies in a polygon, given its rings."""
    odd = False
    for ring in range(first, last):
        for edge in range(start[ring], start[ring + 1] - 1):
            found = crossing_of(
                x, y, coordinates[edge, 0], coordinates[edge, 1], coordinates[edge + 1, 0], coordinates[edge + 1, 1]
            )
            if found == TOUCHES:
                return MEETING
            if found == UNKNOWN:
                return UNSURE
            if found == CROSSES:
                odd = not odd
    return MEETING if odd else APART


@compiled
def _parts_within(a: tuple[Any, ...], first: int, b: tuple[Any, ...], second: int) -> int:
    """Whether a part of a polygon has its first corner in another one."""
    corners_a, start_a, rings_a, is_hole_a, _ = a
    corners_b, start_b, rings_b, _, bounds_b = b
    found = APART
    for ring in range(rings_a[first], rings_a[first + 1]):
        if is_hole_a[ring] or start_a[ring] == start_a[ring + 1]:
            continue
        x, y = corners_a[start_a[ring], 0], corners_a[start_a[ring], 1]
        if x < bounds_b[second, 0] or x > bounds_b[second, 2] or y < bounds_b[second, 1] or y > bounds_b[second, 3]:
            continue
        place = _place(corners_b, start_b, rings_b[second], rings_b[second + 1], x, y)
        if place == MEETING:
            return MEETING
        found = max(found, place)
    return found


@compiled
def _meeting(a: tuple[Any, ...], b: tuple[Any, ...], first: int, second: int) -> int:
    corners_a, start_a, rings_a, _, bounds_a = a
    corners_b, start_b, rings_b, _, bounds_b = b
    left, right = max(bounds_a[first, 0], bounds_b[second, 0]), min(bounds_a[first, 2], bounds_b[second, 2])
    bottom, top = max(bounds_a[first, 1], bounds_b[second, 1]), min(bounds_a[first, 3], bounds_b[second, 3])
    if not (left <= right and bottom <= top):
        return APART
    # Most polygons that meet have a corner of the first in the second, which is soonest seen.
    within = _parts_within(a, first, b, second)
    if within == MEETING:
        return MEETING
    found = APART
    for ring in range(rings_a[first], rings_a[first + 1]):
        for edge in range(start_a[ring], start_a[ring + 1] - 1):
            x1, y1, x2, y2 = corners_a[edge, 0], corners_a[edge, 1], corners_a[edge + 1, 0], corners_a[edge + 1, 1]
            if max(x1, x2) < left or min(x1, x2) > right or max(y1, y2) < bottom or min(y1, y2) > top:
                continue
            for other in range(rings_b[second], rings_b[second + 1]):
                for edge_b in range(start_b[other], start_b[other + 1] - 1):
                    met = _edges_meeting(corners_a, edge, corners_b, edge_b)
                    if met == MEETING:
                        return MEETING
                    found = max(found, met)
    if found == UNSURE:
        return UNSURE
    # No edges meet: one lies in the other as a whole, or in a hole of it, or outside.
    other_way = _parts_within(b, second, a, first)
    return MEETING if other_way == MEETING else max(within, other_way)


@compiled
def pairs_meeting(
    a: tuple[Any, ...], b: tuple[Any, ...], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Whether the polygons of each pair have a point in common: ``APART``, ``MEETING`` or ``UNSURE``.

    Parameters
    ----------
    a, b
        The fields of :class:`~spatialdata.kernels.polygons.Polygons` and the bounding boxes, as plain tuples.
    first, second
        The numbers of the polygons of each pair.
    """
    found = np.empty(len(first), dtype=np.uint8)
    for pair in range(len(first)):
        found[pair] = _meeting(a, b, first[pair], second[pair])
    return found


@compiled
def _goes_on(corners: NDArray[np.float64], edge: int, following: int) -> bool:
    """Whether an edge and the one that follows it surely have nothing in common but the corner between them."""
    x1, y1, x2, y2 = corners[edge, 0], corners[edge, 1], corners[edge + 1, 0], corners[edge + 1, 1]
    x3, y3 = corners[following + 1, 0], corners[following + 1, 1]
    along, across = (x2 - x1) * (x3 - x2), (y2 - y1) * (y3 - y2)
    if along + across > ROUNDING * (abs(along) + abs(across)):
        return True
    return _turn(x1, y1, x2, y2, x3, y3) != 0


@compiled
def _is_simple(corners: NDArray[np.float64], first: int, last: int, boxes: NDArray[np.float64]) -> bool:
    """Whether no two edges, of those from corners ``first`` to before ``last``, meet but where they follow another.

    ``boxes`` has room for the boxes around the edges.
    """
    size = last - first
    for edge in range(size):
        x1, y1 = corners[first + edge, 0], corners[first + edge, 1]
        x2, y2 = corners[first + edge + 1, 0], corners[first + edge + 1, 1]
        boxes[0, edge], boxes[1, edge] = min(x1, x2), min(y1, y2)
        boxes[2, edge], boxes[3, edge] = max(x1, x2), max(y1, y2)
    for edge in range(size):
        if not _goes_on(corners, first + edge, first + edge + 1 if edge + 1 < size else first):
            return False
        left, bottom, right, top = boxes[0, edge], boxes[1, edge], boxes[2, edge], boxes[3, edge]
        end = size - 1 if edge == 0 else size
        # Nothing branches here, so that several edges are looked at in each step.
        near = 0
        for other in range(edge + 2, end):
            near += (
                (boxes[0, other] <= right)
                & (boxes[2, other] >= left)
                & (boxes[1, other] <= top)
                & (boxes[3, other] >= bottom)
            )
        if near:
            for other in range(edge + 2, end):
                if _edges_meeting(corners, first + edge, corners, first + other) != APART:
                    return False
    return True


@compiled
def _goes_round(corners: NDArray[np.float64], first: int, last: int) -> bool:
    """Whether the edges surely go once around the mean of the corners, all in one direction, and so do not meet."""
    x, y = 0.0, 0.0
    for corner in range(first, last):
        x += corners[corner, 0] - corners[first, 0]
        y += corners[corner, 1] - corners[first, 1]
    x, y = corners[first, 0] + x / (last - first), corners[first, 1] + y / (last - first)
    least, most, upwards = 1, -1, 0
    for edge in range(first, last):
        turn = _turn(corners[edge, 0], corners[edge, 1], corners[edge + 1, 0], corners[edge + 1, 1], x, y)
        least, most = min(least, turn), max(most, turn)
        upwards += (corners[edge, 1] <= y) & (corners[edge + 1, 1] > y)
    return least == most and least != 0 and upwards == 1


@compiled
def surely_simple(
    coordinates: NDArray[np.float64], start: NDArray[np.int64], first_ring: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which polygons have one ring of not too many edges that surely does not meet itself, and so are valid.

    Parameters
    ----------
    coordinates, start, first_ring
        The polygons; see :class:`~spatialdata.kernels.polygons.Polygons`.
    """
    simple = np.zeros(len(first_ring) - 1, dtype=np.bool_)
    boxes = np.empty((4, _MOST_EDGES))
    for number in range(len(simple)):
        ring = first_ring[number]
        if first_ring[number + 1] == ring + 1 and 3 < start[ring + 1] - start[ring] <= _MOST_EDGES:
            first, last = start[ring], start[ring + 1] - 1
            simple[number] = _goes_round(coordinates, first, last) or _is_simple(coordinates, first, last, boxes)
    return simple

"""Polygons as arrays: small ones as they are, with the edges of others sorted into slabs to look at few of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spatialdata.kernels.compiled import compiled
from spatialdata.kernels.polygons import Polygons, bounds_of_polygons, polygons_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "CROSSES",
    "INSIDE",
    "OUTSIDE",
    "ROUNDING",
    "TOUCHES",
    "UNCERTAIN",
    "UNKNOWN",
    "Outlines",
    "crossing_of",
    "in_row",
    "outlines_of",
    "outlines_of_polygons",
    "where_in",
]

OUTSIDE, INSIDE, UNCERTAIN = 0, 1, 2
_EDGES_PER_SLAB = 8
# So many edges in a row are looked at sooner than a few that have to be found.
_MOST_EDGES_IN_A_ROW = 96
# Shewchuk's bound: below it, the sign of the determinant of three points may be wrong.
ROUNDING = 3.3306690738754716e-16


class Outlines(NamedTuple):
    """The edges of polygons.

    Attributes
    ----------
    x, y
        The coordinates of all rings; edge k runs from coordinate k to k + 1.
    bounds
        Array of shape ``(polygons, 4)``: x_min, y_min, x_max, y_max; nan for empty ones.
    first_slab
        Array of shape ``(polygons + 1,)``: the first of the horizontal slabs that a polygon is cut into.
    per_slab
        Array of shape ``(polygons,)``: slabs for each unit of height.
    start
        Array of shape ``(slabs + 1,)``: where the edges of each slab start.
    edges
        The edges that meet each slab.
    first, last
        Arrays of shape ``(polygons,)``: the edges of a polygon of one ring with few corners are those from the first
        to before the last, and it has no slabs; both are 0 for other polygons.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    bounds: NDArray[np.float64]
    first_slab: NDArray[np.int64]
    per_slab: NDArray[np.float64]
    start: NDArray[np.int64]
    edges: NDArray[np.int32]
    first: NDArray[np.int64]
    last: NDArray[np.int64]


def outlines_of(polygons: Sequence[Any] | NDArray[Any], edges_per_slab: int = _EDGES_PER_SLAB) -> Outlines:
    """The outlines of shapely Polygons and MultiPolygons, with holes or without.

    Parameters
    ----------
    polygons
        The polygons.
    edges_per_slab
        How many edges a polygon has for each of its slabs: fewer cost memory and spare time.

    Examples
    --------
    >>> import shapely
    >>> outlines = outlines_of([shapely.box(0, 0, 2, 1)])
    >>> where_in(tuple(outlines), 0, 2.0, 0.5), where_in(tuple(outlines), 0, 2.1, 0.5)
    (1, 0)
    """
    return outlines_of_polygons(polygons_of(np.asarray(polygons, dtype=object)), edges_per_slab)


def outlines_of_polygons(polygons: Polygons, edges_per_slab: int = _EDGES_PER_SLAB) -> Outlines:
    """The outlines of polygons that are arrays already; see :func:`outlines_of`."""
    bounds = bounds_of_polygons(polygons)
    begin = polygons.start[polygons.first_ring]
    corners = np.diff(begin)
    few = (np.diff(polygons.first_ring) == 1) & (corners > 1) & (corners <= _MOST_EDGES_IN_A_ROW + 1)
    edges = owner = np.zeros(0, dtype=np.int64)
    if not few.all():
        polygon = np.repeat(np.arange(len(few)), corners)
        wanted = ~few[polygon]
        wanted[polygons.start[1:][np.diff(polygons.start) > 0] - 1] = False
        edges = np.flatnonzero(wanted)
        owner = polygon[edges]
    x, y = (np.ascontiguousarray(column) for column in polygons.coordinates.T)
    slabs, per_slab = _slabs(y, edges, owner, bounds, edges_per_slab)
    first_slab = np.concatenate([[0], np.cumsum(slabs)]).astype(np.int64)
    start = _count(y, edges, owner, bounds, first_slab, per_slab)
    filled = _fill(y, edges, owner, bounds, first_slab, per_slab, start)
    first, last = np.where(few, begin[:-1], 0), np.where(few, begin[1:] - 1, 0)
    return Outlines(x, y, bounds, first_slab, per_slab, start, filled, first, last)


def _slabs(
    y: NDArray[np.float64],
    edges: NDArray[np.intp],
    owner: NDArray[np.intp],
    bounds: NDArray[np.float64],
    edges_per_slab: int,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """How many slabs each polygon gets, so that all slabs together hold at most three times its edges."""
    count = np.bincount(owner, minlength=len(bounds))
    rise = np.bincount(owner, weights=np.abs(y[edges + 1] - y[edges]), minlength=len(bounds))
    height = np.nan_to_num(bounds[:, 3] - bounds[:, 1])
    flat = (height <= 0) | (rise <= 0)
    most = np.where(flat, 1.0, 2.0 * count * np.where(flat, 1.0, height) / np.where(flat, 1.0, rise))
    slabs = np.maximum(np.minimum(count // edges_per_slab, most.astype(np.int64)), 1)
    return slabs, np.where(flat, 0.0, slabs / np.where(flat, 1.0, height))


@compiled
def _slab_of(y: float, lower: float, per_slab: float, slabs: int) -> int:
    return min(max(int((y - lower) * per_slab), 0), slabs - 1)


@compiled
def _count(
    y: NDArray[np.float64],
    edges: NDArray[np.int64],
    owner: NDArray[np.int64],
    bounds: NDArray[np.float64],
    first_slab: NDArray[np.int64],
    per_slab: NDArray[np.float64],
) -> NDArray[np.int64]:
    start = np.zeros(first_slab[-1] + 1, dtype=np.int64)
    for number in range(len(edges)):
        edge, polygon = edges[number], owner[number]
        low, high = min(y[edge], y[edge + 1]), max(y[edge], y[edge + 1])
        slabs = first_slab[polygon + 1] - first_slab[polygon]
        first = _slab_of(low, bounds[polygon, 1], per_slab[polygon], slabs)
        for slab in range(first, _slab_of(high, bounds[polygon, 1], per_slab[polygon], slabs) + 1):
            start[first_slab[polygon] + slab + 1] += 1
    for slab in range(first_slab[-1]):
        start[slab + 1] += start[slab]
    return start


@compiled
def _fill(
    y: NDArray[np.float64],
    edges: NDArray[np.int64],
    owner: NDArray[np.int64],
    bounds: NDArray[np.float64],
    first_slab: NDArray[np.int64],
    per_slab: NDArray[np.float64],
    start: NDArray[np.int64],
) -> NDArray[np.int32]:
    filled = np.empty(start[-1], dtype=np.int32)
    place = start[:-1].copy()
    for number in range(len(edges)):
        edge, polygon = edges[number], owner[number]
        low, high = min(y[edge], y[edge + 1]), max(y[edge], y[edge + 1])
        slabs = first_slab[polygon + 1] - first_slab[polygon]
        first = _slab_of(low, bounds[polygon, 1], per_slab[polygon], slabs)
        for slab in range(first, _slab_of(high, bounds[polygon, 1], per_slab[polygon], slabs) + 1):
            filled[place[first_slab[polygon] + slab]] = edge
            place[first_slab[polygon] + slab] += 1
    return filled


MISSES, CROSSES, TOUCHES, UNKNOWN = 0, 1, 2, 3


@compiled
def crossing_of(x: float, y: float, x1: float, y1: float, x2: float, y2: float) -> int:
    """Whether the ray from a point to the right crosses an edge, or the point lies on it."""
    if (x1 == x and y1 == y) or (x2 == x and y2 == y):
        return TOUCHES
    if (y1 > y) == (y2 > y):
        level = y1 == y and y2 == y
        return TOUCHES if level and min(x1, x2) <= x <= max(x1, x2) else MISSES
    if x1 < x and x2 < x:
        return MISSES
    if x1 > x and x2 > x:
        return CROSSES
    if x1 == x2:
        return TOUCHES
    left, right = (x1 - x) * (y2 - y), (x2 - x) * (y1 - y)
    turn = left - right
    if abs(turn) <= ROUNDING * (abs(left) + abs(right)):
        return UNKNOWN
    return CROSSES if (turn > 0) == (y2 > y1) else MISSES


@compiled
def in_row(
    corner_x: NDArray[np.float64], corner_y: NDArray[np.float64], first: int, last: int, x: float, y: float
) -> int:
    """Where a point lies by edges in a row; ``UNCERTAIN`` if it may lie on one of them, which :func:`where_in` tells.

    Nothing branches and nothing ends early, so that several edges are looked at in each step.
    """
    crossed, doubts = 0, 0
    for edge in range(first, last):
        x1, y1, x2, y2 = corner_x[edge], corner_y[edge], corner_x[edge + 1], corner_y[edge + 1]
        left, right = (x1 - x) * (y2 - y), (x2 - x) * (y1 - y)
        turn = left - right
        rises = y2 > y
        crossed += ((y1 > y) != rises) & ((turn > 0) == rises)
        level = ((y1 >= y) | (y2 >= y)) & ((y1 <= y) | (y2 <= y))
        doubts += (abs(turn) <= ROUNDING * (abs(left) + abs(right))) & level
    if doubts:
        return UNCERTAIN
    return INSIDE if crossed & 1 else OUTSIDE


@compiled
def where_in(outlines: tuple[Any, ...], polygon: int, x: float, y: float) -> int:
    """Whether a point lies in a polygon, its border included: ``INSIDE``, ``OUTSIDE``, or ``UNCERTAIN``.

    ``outlines`` holds the fields of :class:`Outlines` as a plain tuple. Uncertain are points so near to an edge that
    only exact arithmetic tells on which side they lie.
    """
    corner_x, corner_y, bounds, first_slab, per_slab, start, edges, first_edge, last_edge = outlines
    if not (
        x >= bounds[polygon, 0] and x <= bounds[polygon, 2] and y >= bounds[polygon, 1] and y <= bounds[polygon, 3]
    ):
        return OUTSIDE
    in_a_row = last_edge[polygon] > first_edge[polygon]
    if in_a_row:
        begin, end = first_edge[polygon], last_edge[polygon]
    else:
        first = first_slab[polygon]
        slab = first + _slab_of(y, bounds[polygon, 1], per_slab[polygon], first_slab[polygon + 1] - first)
        begin, end = start[slab], start[slab + 1]
    odd, unsure = False, False
    for place in range(begin, end):
        edge = place if in_a_row else edges[place]
        found = crossing_of(x, y, corner_x[edge], corner_y[edge], corner_x[edge + 1], corner_y[edge + 1])
        if found == TOUCHES:
            return INSIDE
        if found == UNKNOWN:
            unsure = True
        elif found == CROSSES:
            odd = not odd
    if unsure:
        return UNCERTAIN
    return INSIDE if odd else OUTSIDE
